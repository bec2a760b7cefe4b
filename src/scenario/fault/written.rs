//! The keys of a fault whose values are maps or lists, as they are written.
//!
//! What they may say is checked in `parse`.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::Shape;
use crate::units::{self, Share};

/// `burst` of a fault.
#[derive(Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Burst {
    /// So long it is on, on average.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "cli", schemars(with = "units::schema::Length"))]
    pub(in crate::scenario) on: Duration,
    /// So long it is off, on average.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "cli", schemars(with = "units::schema::Length"))]
    pub(in crate::scenario) off: Duration,
    /// Its rate while off; nothing by default.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(with = "Share"))]
    pub(in crate::scenario) rate_off: Option<Share>,
}

/// `when` of a fault.
#[derive(Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "cli", schemars(extend("minProperties" = 1)))]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct When {
    /// They ask for this model.
    pub(in crate::scenario) model: Option<String>,
    /// They show this key.
    pub(in crate::scenario) key: Option<String>,
    /// Their prompt is larger, or smaller: `"> 8k tok"`.
    #[cfg_attr(
        feature = "cli",
        schemars(with = "Option<units::schema::TokensCompared>")
    )]
    pub(in crate::scenario) prompt: Option<String>,
    /// Their answer is streamed, or is not.
    pub(in crate::scenario) streamed: Option<bool>,
    /// They are of this client, counted from 0.
    #[cfg_attr(feature = "cli", schemars(with = "Option<units::schema::Whole>"))]
    pub(in crate::scenario) client: Option<u32>,
}

/// `target`: a name, or a list of names.
pub(in crate::scenario) enum Targets {
    One(String),
    Many(Vec<String>),
}

/// A map, or one length of time, which stands for the map's first key.
pub(in crate::scenario) struct Short<T>(pub(in crate::scenario) T);

/// `ramp` of a fault.
#[derive(Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Ramp {
    /// From nothing to full, as a window begins.
    #[serde(default, with = "units::duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "units::schema::Length"))]
    pub(in crate::scenario) up: Option<Duration>,
    /// From full to nothing, before it ends.
    #[serde(default, with = "units::duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "units::schema::Length"))]
    pub(in crate::scenario) down: Option<Duration>,
    /// Along which curve; `linear` by default.
    pub(in crate::scenario) shape: Option<Shape>,
}

/// `recover` of a fault.
#[derive(Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Recover {
    /// From full to nothing, after a window.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "cli", schemars(with = "units::schema::Length"))]
    pub(in crate::scenario) over: Duration,
    /// Along which curve; `linear` by default.
    pub(in crate::scenario) shape: Option<Shape>,
}

impl From<Duration> for Ramp {
    fn from(up: Duration) -> Self {
        Self {
            up: Some(up),
            down: None,
            shape: None,
        }
    }
}

impl From<Duration> for Recover {
    fn from(over: Duration) -> Self {
        Self { over, shape: None }
    }
}

impl<'de, T: Deserialize<'de> + From<Duration>> Deserialize<'de> for Short<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShortVisitor(PhantomData))
    }
}

struct ShortVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + From<Duration>> Visitor<'de> for ShortVisitor<T> {
    type Value = Short<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a length of time such as `30s`, or a map")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Short<T>, E> {
        let length = units::duration::parse(text).map_err(E::custom)?;
        Ok(Short(T::from(length)))
    }

    /// A number without a unit: the unit's own parser says what is missing.
    fn visit_u64<E: Error>(self, number: u64) -> Result<Short<T>, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Short<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Short)
    }
}

impl<'de> Deserialize<'de> for Targets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TargetsVisitor)
    }
}

struct TargetsVisitor;

impl<'de> Visitor<'de> for TargetsVisitor {
    type Value = Targets;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a provider, a group, or a list of these")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Targets, E> {
        Ok(Targets::One(name.to_owned()))
    }

    /// A name may be a number.
    fn visit_u64<E: Error>(self, number: u64) -> Result<Targets, E> {
        self.visit_str(&number.to_string())
    }

    /// Or look like an answer.
    fn visit_bool<E: Error>(self, answer: bool) -> Result<Targets, E> {
        self.visit_str(&answer.to_string())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Targets, A::Error> {
        let mut many = Vec::new();
        while let Some(name) = names.next_element()? {
            many.push(name);
        }
        Ok(Targets::Many(many))
    }
}

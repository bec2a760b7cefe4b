//! The scenario file as it is written: keys and units, before anything is understood.
//!
//! These types are the schema; what may be left out is an `Option`, and its default is filled in
//! where the file is understood (`understand`). What a value may be is checked there as well.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, de};

use super::fault::Cut;
use super::{Arrivals, Dialect, Quantiles};
use crate::money::Money;
use crate::text::units::{self, PerTime};

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) about: String,
    #[serde(default)]
    pub(super) run: Run,
    #[serde(default)]
    pub(super) network: Network,
    #[serde(default)]
    pub(super) providers: BTreeMap<String, Provider>,
    pub(super) load: Load,
    #[serde(default)]
    pub(super) faults: BTreeMap<String, Fault>,
    #[serde(default)]
    pub(super) policies: Vec<String>,
    #[serde(default)]
    pub(super) expect: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(super) uptime: Uptime,
}

/// `run`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    #[serde(default, with = "units::duration::option")]
    pub(super) duration: Option<Duration>,
    pub(super) seeds: Option<String>,
    #[serde(default, with = "units::duration::option")]
    pub(super) drain: Option<Duration>,
}

/// `network`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Network {
    #[serde(default, with = "units::duration::option")]
    pub(super) one_way: Option<Duration>,
}

/// One of `providers`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Provider {
    pub(super) dialect: Dialect,
    pub(super) model: String,
    pub(super) ttft: Spread<Duration>,
    #[serde(with = "units::speed")]
    pub(super) speed: u64,
    #[serde(default)]
    pub(super) limits: Limits,
    #[serde(default, with = "units::duration::option")]
    pub(super) one_way: Option<Duration>,
    pub(super) price: Option<Price>,
}

/// `limits` of a provider.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    #[serde(default, with = "units::count::option")]
    pub(super) rpm: Option<u64>,
}

/// `price` of a provider, per million tokens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Price {
    #[serde(with = "units::money")]
    pub(super) input: Money,
    #[serde(with = "units::money")]
    pub(super) output: Money,
}

/// `load`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Load {
    pub(super) arrivals: Option<Arrivals>,
    #[serde(default, with = "units::rate::option")]
    pub(super) rate: Option<PerTime>,
    pub(super) prompt: Option<Spread<u64>>,
    pub(super) output: Option<Spread<u64>>,
    #[serde(default, with = "units::share::option")]
    pub(super) stream: Option<u64>,
    #[serde(default, with = "units::duration::option")]
    pub(super) deadline: Option<Duration>,
    pub(super) clients: Option<u32>,
    pub(super) trace: Option<String>,
}

/// One of `faults`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    pub(super) target: String,
    pub(super) inject: String,
    #[serde(default, with = "units::duration::option")]
    pub(super) at: Option<Duration>,
    #[serde(default, rename = "for", with = "units::duration::option")]
    pub(super) length: Option<Duration>,
    #[serde(default, with = "units::duration::option")]
    pub(super) every: Option<Duration>,
    #[serde(default, with = "units::share::option")]
    pub(super) rate: Option<u64>,
    pub(super) sticky: Option<String>,
    #[serde(default, with = "units::duration::option")]
    pub(super) retry_after: Option<Duration>,
    #[serde(default, with = "units::factor::option")]
    pub(super) factor: Option<u64>,
    #[serde(default, with = "units::tokens::option")]
    pub(super) after: Option<u64>,
    pub(super) with: Option<Cut>,
    #[serde(default, with = "units::duration::option")]
    pub(super) silence: Option<Duration>,
}

/// `uptime`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Uptime {
    #[serde(default, with = "units::duration::option")]
    pub(super) window: Option<Duration>,
    #[serde(default, with = "units::share::option")]
    pub(super) down_above: Option<u64>,
}

/// Two quantiles, `{ p50: 600ms, p99: 3s }`, or one value for both.
pub(super) struct Spread<T>(pub(super) Quantiles<T>);

/// What a [`Spread`] is made of.
pub(super) trait Quantity: Copy {
    /// What to write.
    const WANTED: &'static str;

    /// Reads one value with its unit.
    fn parse(text: &str) -> Result<Self, String>;
}

impl Quantity for Duration {
    const WANTED: &'static str = "`{ p50: 600ms, p99: 3s }` or one length of time";

    fn parse(text: &str) -> Result<Self, String> {
        units::duration::parse(text)
    }
}

impl Quantity for u64 {
    const WANTED: &'static str = "`{ p50: 900 tok, p99: 8k tok }` or one number of tokens";

    fn parse(text: &str) -> Result<Self, String> {
        units::tokens::parse(text)
    }
}

impl<'de, T: Quantity> Deserialize<'de> for Spread<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpreadVisitor(PhantomData))
    }
}

struct SpreadVisitor<T>(PhantomData<T>);

impl<'de, T: Quantity> Visitor<'de> for SpreadVisitor<T> {
    type Value = Spread<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::WANTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Spread<T>, E> {
        let both = T::parse(text).map_err(E::custom)?;
        Ok(Spread(Quantiles {
            p50: both,
            p99: both,
        }))
    }

    /// A number without a unit: the unit's own parser says what is missing.
    fn visit_u64<E: Error>(self, number: u64) -> Result<Spread<T>, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Spread<T>, A::Error> {
        let two = Two::<T>::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Spread(Quantiles {
            p50: two.p50.0,
            p99: two.p99.0,
        }))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Quantity")]
struct Two<T> {
    p50: Written<T>,
    p99: Written<T>,
}

struct Written<T>(T);

impl<'de, T: Quantity> Deserialize<'de> for Written<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        T::parse(&text).map(Self).map_err(de::Error::custom)
    }
}

//! The load, as it is written.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, de};

use super::Spread;
use crate::text::units::{self, PerTime, rate};

/// `load`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Load {
    pub(in crate::scenario) arrivals: Option<Gaps>,
    #[serde(default, with = "units::factor::option")]
    pub(in crate::scenario) cv: Option<u64>,
    pub(in crate::scenario) rate: Option<Rate>,
    pub(in crate::scenario) users: Option<Users>,
    pub(in crate::scenario) prompt: Option<Spread<u64>>,
    pub(in crate::scenario) output: Option<Spread<u64>>,
    #[serde(default, with = "units::share::option")]
    pub(in crate::scenario) stream: Option<u64>,
    #[serde(default, with = "units::duration::option")]
    pub(in crate::scenario) deadline: Option<Duration>,
    #[serde(default, with = "units::tokens::option")]
    pub(in crate::scenario) max_tokens: Option<u64>,
    pub(in crate::scenario) prefix: Option<Prefix>,
    #[serde(default)]
    pub(in crate::scenario) tasks: BTreeMap<String, Task>,
    #[serde(default, with = "units::duration::option")]
    pub(in crate::scenario) patience: Option<Duration>,
    pub(in crate::scenario) reclick: Option<Reclick>,
    pub(in crate::scenario) clients: Option<u32>,
    pub(in crate::scenario) trace: Option<String>,
}

/// `arrivals`.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::scenario) enum Gaps {
    Constant,
    Poisson,
    Gamma,
}

/// `users`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Users {
    pub(in crate::scenario) count: u64,
    pub(in crate::scenario) think: Spread<Duration>,
    #[serde(default, with = "units::duration::option")]
    pub(in crate::scenario) patience: Option<Duration>,
    pub(in crate::scenario) reclick: Option<Reclick>,
}

/// `reclick`.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Reclick {
    #[serde(default, with = "units::share::option")]
    pub(in crate::scenario) chance: Option<u64>,
    pub(in crate::scenario) at_most: Option<u32>,
    pub(in crate::scenario) abandons: Option<bool>,
}

/// One of `tasks`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Task {
    #[serde(with = "units::share")]
    pub(in crate::scenario) share: u64,
    pub(in crate::scenario) prompt: Option<Spread<u64>>,
    pub(in crate::scenario) output: Option<Spread<u64>>,
    #[serde(default, with = "units::share::option")]
    pub(in crate::scenario) stream: Option<u64>,
    #[serde(default, with = "units::duration::option")]
    pub(in crate::scenario) deadline: Option<Duration>,
    #[serde(default, with = "units::tokens::option")]
    pub(in crate::scenario) max_tokens: Option<u64>,
    pub(in crate::scenario) prefix: Option<Prefix>,
}

/// `prefix`.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Prefix {
    #[serde(with = "units::tokens")]
    pub(in crate::scenario) tokens: u64,
    #[serde(default, with = "units::count::option")]
    pub(in crate::scenario) distinct: Option<u64>,
    #[serde(default, with = "units::share::option")]
    pub(in crate::scenario) share: Option<u64>,
}

/// `rate`: one for the whole run, or a curve.
pub(in crate::scenario) enum Rate {
    Always(PerTime),
    Curve(Box<Curve>),
}

/// `rate`, as a map. Which keys a curve has is judged where it is understood.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Curve {
    pub(in crate::scenario) curve: String,
    pub(in crate::scenario) mean: Option<Level>,
    pub(in crate::scenario) peak: Option<Level>,
    #[serde(default, with = "units::duration::option")]
    pub(in crate::scenario) peak_at: Option<Duration>,
    #[serde(default, with = "units::duration::option")]
    pub(in crate::scenario) period: Option<Duration>,
    pub(in crate::scenario) from: Option<Level>,
    pub(in crate::scenario) to: Option<Level>,
    #[serde(default, with = "units::duration::option")]
    pub(in crate::scenario) over: Option<Duration>,
    pub(in crate::scenario) base: Option<Level>,
    #[serde(default, with = "units::duration::option")]
    pub(in crate::scenario) at: Option<Duration>,
    #[serde(default, rename = "for", with = "units::duration::option")]
    pub(in crate::scenario) length: Option<Duration>,
    pub(in crate::scenario) steps: Option<Vec<Step>>,
}

/// One of a curve's `steps`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Step {
    #[serde(with = "units::duration")]
    pub(in crate::scenario) at: Duration,
    pub(in crate::scenario) rate: Level,
}

/// A rate that may also be nothing at all: `0/s`.
#[derive(Clone, Copy)]
pub(in crate::scenario) struct Level(pub(in crate::scenario) PerTime);

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        level(&text).map(Self).map_err(de::Error::custom)
    }
}

fn level(text: &str) -> Result<PerTime, String> {
    let nothing = text.trim().strip_prefix('0').map(str::trim_start);
    if let Some(unit) = nothing.filter(|rest| rest.starts_with('/')) {
        let per = rate::parse(&format!("1{unit}"))?.per;
        return Ok(PerTime { count_nano: 0, per });
    }
    rate::parse(text)
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RateVisitor)
    }
}

struct RateVisitor;

impl<'de> Visitor<'de> for RateVisitor {
    type Value = Rate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a rate such as `8/s`, or a curve such as `{ curve: ramp, … }`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Rate, E> {
        rate::parse(text).map(Rate::Always).map_err(E::custom)
    }

    /// A number without a unit: the unit's own parser says what is missing.
    fn visit_u64<E: Error>(self, number: u64) -> Result<Rate, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Rate, A::Error> {
        let curve = Curve::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Rate::Curve(Box::new(curve)))
    }
}

//! The load, as it is written.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, de};

#[cfg(feature = "cli")]
use super::schema;
use crate::scenario::Quantiles;
#[cfg(feature = "cli")]
use crate::text::units::written;
use crate::text::units::{self, PerTime, rate};

/// `load`.
#[derive(Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "cli", schemars(transform = schema::load))]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Load {
    /// How gaps between calls vary; `poisson` by default.
    pub(in crate::scenario) arrivals: Option<ArrivalProcess>,
    /// How much the gaps of `gamma` vary: 1 is as `poisson`, more comes in bursts.
    #[serde(default, with = "units::factor::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Factor"))]
    pub(in crate::scenario) cv: Option<u64>,
    /// All users together: one rate, or a curve.
    pub(in crate::scenario) rate: Option<Rate>,
    /// People who wait for an answer before they ask again, instead of a `rate`.
    pub(in crate::scenario) users: Option<Users>,
    /// Prompt tokens.
    pub(in crate::scenario) prompt: Option<Quantiles<u64>>,
    /// Output tokens.
    pub(in crate::scenario) output: Option<Quantiles<u64>>,
    /// So many calls want their answer token by token; none by default.
    #[serde(default, with = "units::share::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Share"))]
    pub(in crate::scenario) stream: Option<u64>,
    /// So many of these can do without: their callers get the answer whole; none by default.
    #[serde(default, with = "units::share::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Share"))]
    pub(in crate::scenario) whole: Option<u64>,
    /// So long a user waits; for ever by default.
    #[serde(default, with = "units::duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub(in crate::scenario) deadline: Option<Duration>,
    /// The bound on output tokens that calls ask for.
    #[serde(default, with = "units::tokens::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Tokens"))]
    pub(in crate::scenario) max_tokens: Option<u64>,
    /// Beginnings that prompts share, for caches.
    pub(in crate::scenario) prefix: Option<Prefix>,
    /// Kinds of calls, by names of your own: what they leave out is as here.
    #[serde(default)]
    pub(in crate::scenario) tasks: BTreeMap<String, Task>,
    /// After so long without an answer, a user may click again.
    #[serde(default, with = "units::duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub(in crate::scenario) patience: Option<Duration>,
    /// How users click again.
    pub(in crate::scenario) user_retry: Option<UserRetry>,
    /// So many client processes, each with its own breakers; 1 by default.
    #[cfg_attr(feature = "cli", schemars(with = "Option<written::Whole>"))]
    pub(in crate::scenario) clients: Option<u32>,
    /// A CSV file of calls to replay, relative to this one.
    pub(in crate::scenario) trace: Option<String>,
}

/// `arrivals`.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(in crate::scenario) enum ArrivalProcess {
    /// All the same.
    Constant,
    /// As of many users who know nothing of each other.
    Poisson,
    /// With the variation that `cv` says.
    Gamma,
}

/// `users`.
#[derive(Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Users {
    /// How many.
    #[cfg_attr(feature = "cli", schemars(with = "written::Whole"))]
    pub(in crate::scenario) count: u64,
    /// How long each thinks before a call.
    pub(in crate::scenario) think: Quantiles<Duration>,
    /// After so long without an answer, a user may click again.
    #[serde(default, with = "units::duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub(in crate::scenario) patience: Option<Duration>,
    /// How they click again.
    pub(in crate::scenario) user_retry: Option<UserRetry>,
}

/// `user_retry`.
#[derive(Clone, Copy, Default, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct UserRetry {
    /// How likely they click again, else they wait on; always by default.
    #[serde(default, with = "units::share::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Share"))]
    pub(in crate::scenario) chance: Option<u64>,
    /// How often at most, for one answer; once by default.
    #[cfg_attr(feature = "cli", schemars(with = "Option<written::Whole>"))]
    pub(in crate::scenario) at_most: Option<u32>,
    /// The call before is abandoned, as by loading a page again; `true` by default.
    pub(in crate::scenario) abandons: Option<bool>,
}

/// One of `tasks`.
#[derive(Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Task {
    /// Its share of all calls; all shares together are 100 %.
    #[serde(with = "units::share")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Share"))]
    pub(in crate::scenario) share: u64,
    /// Prompt tokens.
    pub(in crate::scenario) prompt: Option<Quantiles<u64>>,
    /// Output tokens.
    pub(in crate::scenario) output: Option<Quantiles<u64>>,
    /// So many of its calls want their answer token by token.
    #[serde(default, with = "units::share::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Share"))]
    pub(in crate::scenario) stream: Option<u64>,
    /// So many of these can do without: their callers get the answer whole.
    #[serde(default, with = "units::share::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Share"))]
    pub(in crate::scenario) whole: Option<u64>,
    /// How important its calls are when there is not room for all; `normal` by default.
    pub(in crate::scenario) priority: Option<Priority>,
    /// So long its users wait.
    #[serde(default, with = "units::duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub(in crate::scenario) deadline: Option<Duration>,
    /// The bound on output tokens that its calls ask for.
    #[serde(default, with = "units::tokens::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Tokens"))]
    pub(in crate::scenario) max_tokens: Option<u64>,
    /// Beginnings that its prompts share.
    pub(in crate::scenario) prefix: Option<Prefix>,
}

/// `priority` of a task.
#[derive(Clone, Copy, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum Priority {
    /// They may wait: a batch.
    Low,
    /// As any other.
    Normal,
    /// Somebody is looking at them.
    High,
}

/// `prefix`.
#[derive(Clone, Copy, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Prefix {
    /// How long each is.
    #[serde(with = "units::tokens")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Tokens"))]
    pub(in crate::scenario) tokens: u64,
    /// How many there are; 1 by default.
    #[serde(default, with = "units::count::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Count"))]
    pub(in crate::scenario) distinct: Option<u64>,
    /// So many calls begin with one of them; all by default.
    #[serde(default, with = "units::share::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Share"))]
    pub(in crate::scenario) share: Option<u64>,
}

/// `rate`: one for the whole run, or a curve.
pub(in crate::scenario) enum Rate {
    Always(PerTime),
    Curve(Box<Curve>),
}

/// `rate`, as a map. Which keys a curve has is judged where it is understood.
#[derive(Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "cli", schemars(transform = schema::curve))]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Curve {
    /// Which.
    #[cfg_attr(feature = "cli", schemars(with = "schema::CurveName"))]
    pub(in crate::scenario) curve: String,
    /// Of the wave, and of the whole.
    pub(in crate::scenario) mean: Option<Level>,
    /// At the highest.
    pub(in crate::scenario) peak: Option<Level>,
    /// When it is highest; at the start by default.
    #[serde(default, with = "units::duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub(in crate::scenario) peak_at: Option<Duration>,
    /// From peak to peak.
    #[serde(default, with = "units::duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub(in crate::scenario) period: Option<Duration>,
    /// At first.
    pub(in crate::scenario) from: Option<Level>,
    /// At last.
    pub(in crate::scenario) to: Option<Level>,
    /// How long the way takes.
    #[serde(default, with = "units::duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub(in crate::scenario) over: Option<Duration>,
    /// Before and after.
    pub(in crate::scenario) base: Option<Level>,
    /// When it begins to change; at the start by default.
    #[serde(default, with = "units::duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub(in crate::scenario) at: Option<Duration>,
    /// How long it is at its peak.
    #[serde(default, rename = "for", with = "units::duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub(in crate::scenario) length: Option<Duration>,
    /// Each holds until the next.
    pub(in crate::scenario) steps: Option<Vec<Step>>,
}

/// One of a curve's `steps`.
#[derive(Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Step {
    /// From when on.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub(in crate::scenario) at: Duration,
    /// How many.
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

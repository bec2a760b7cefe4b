//! The network and the providers, as they are written.

use std::time::Duration;

use serde::Deserialize;

use super::{Pace, Spread};
use crate::money::Money;
use crate::scenario::{Charge, Span};
use crate::text::units;
use crate::wire::Dialect;

/// `network`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Network {
    #[serde(default, with = "units::duration::option")]
    pub(in crate::scenario) one_way: Option<Duration>,
}

/// One of `providers`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Provider {
    pub(in crate::scenario) profile: Option<String>,
    pub(in crate::scenario) dialect: Option<Dialect>,
    pub(in crate::scenario) model: Option<String>,
    pub(in crate::scenario) ttft: Option<Spread<Duration>>,
    pub(in crate::scenario) speed: Option<Spread<Pace>>,
    #[serde(default)]
    pub(in crate::scenario) limits: Limits,
    #[serde(default, with = "units::duration::option")]
    pub(in crate::scenario) one_way: Option<Duration>,
    pub(in crate::scenario) price: Option<Price>,
    pub(in crate::scenario) capacity: Option<Capacity>,
    pub(in crate::scenario) cache: Option<Cache>,
}

/// `limits` of a provider.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Limits {
    #[serde(default, with = "units::count::option")]
    pub(in crate::scenario) rpm: Option<u64>,
    #[serde(default, with = "units::count::option")]
    pub(in crate::scenario) tpm: Option<u64>,
    #[serde(default, with = "units::count::option")]
    pub(in crate::scenario) itpm: Option<u64>,
    #[serde(default, with = "units::count::option")]
    pub(in crate::scenario) otpm: Option<u64>,
    #[serde(default, with = "units::count::option")]
    pub(in crate::scenario) rpd: Option<u64>,
    #[serde(default, with = "units::count::option")]
    pub(in crate::scenario) tpd: Option<u64>,
    #[serde(default, with = "units::count::option")]
    pub(in crate::scenario) concurrency: Option<u64>,
    pub(in crate::scenario) window: Option<Span>,
    #[serde(default, with = "units::duration::option")]
    pub(in crate::scenario) rpm_over: Option<Duration>,
    pub(in crate::scenario) charge: Option<Charge>,
    pub(in crate::scenario) count_refused: Option<bool>,
    #[serde(default, with = "units::share::option")]
    pub(in crate::scenario) shrinks_to: Option<u64>,
    pub(in crate::scenario) account: Option<String>,
}

/// `capacity` of a provider.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Capacity {
    #[serde(with = "units::count")]
    pub(in crate::scenario) slots: u64,
    #[serde(default, with = "units::count::option")]
    pub(in crate::scenario) queue: Option<u64>,
    #[serde(default, with = "units::factor::option")]
    pub(in crate::scenario) slowdown: Option<u64>,
    pub(in crate::scenario) degrade: Option<Degrade>,
}

/// `degrade` of a capacity.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Degrade {
    #[serde(with = "units::share")]
    pub(in crate::scenario) to: u64,
    #[serde(with = "units::duration")]
    pub(in crate::scenario) within: Duration,
    #[serde(with = "units::duration")]
    pub(in crate::scenario) recover: Duration,
}

/// `cache` of a provider.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Cache {
    #[serde(with = "units::duration")]
    pub(in crate::scenario) ttl: Duration,
}

/// `price` of a provider, per million tokens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Price {
    #[serde(with = "units::money")]
    pub(in crate::scenario) input: Money,
    #[serde(with = "units::money")]
    pub(in crate::scenario) output: Money,
    #[serde(default, with = "units::money::option")]
    pub(in crate::scenario) cached: Option<Money>,
}

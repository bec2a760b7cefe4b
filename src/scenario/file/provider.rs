//! The network and the providers, as they are written.

use std::time::Duration;

use serde::Deserialize;

use super::Spread;
use crate::money::Money;
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
    pub(in crate::scenario) dialect: Dialect,
    pub(in crate::scenario) model: String,
    pub(in crate::scenario) ttft: Spread<Duration>,
    #[serde(with = "units::speed")]
    pub(in crate::scenario) speed: u64,
    #[serde(default)]
    pub(in crate::scenario) limits: Limits,
    #[serde(default, with = "units::duration::option")]
    pub(in crate::scenario) one_way: Option<Duration>,
    pub(in crate::scenario) price: Option<Price>,
}

/// `limits` of a provider.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Limits {
    #[serde(default, with = "units::count::option")]
    pub(in crate::scenario) rpm: Option<u64>,
}

/// `price` of a provider, per million tokens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Price {
    #[serde(with = "units::money")]
    pub(in crate::scenario) input: Money,
    #[serde(with = "units::money")]
    pub(in crate::scenario) output: Money,
}

//! The load, as it is written.

use std::time::Duration;

use serde::Deserialize;

use super::Spread;
use crate::scenario::Arrivals;
use crate::text::units::{self, PerTime};

/// `load`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Load {
    pub(in crate::scenario) arrivals: Option<Arrivals>,
    #[serde(default, with = "units::rate::option")]
    pub(in crate::scenario) rate: Option<PerTime>,
    pub(in crate::scenario) prompt: Option<Spread<u64>>,
    pub(in crate::scenario) output: Option<Spread<u64>>,
    #[serde(default, with = "units::share::option")]
    pub(in crate::scenario) stream: Option<u64>,
    #[serde(default, with = "units::duration::option")]
    pub(in crate::scenario) deadline: Option<Duration>,
    pub(in crate::scenario) clients: Option<u32>,
    pub(in crate::scenario) trace: Option<String>,
}

//! A fault, as it is written.

use std::time::Duration;

use serde::Deserialize;

use crate::scenario::fault::Cut;
use crate::text::units;

/// One of `faults`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Fault {
    pub(in crate::scenario) target: String,
    pub(in crate::scenario) inject: String,
    #[serde(default, with = "units::duration::option")]
    pub(in crate::scenario) at: Option<Duration>,
    #[serde(default, rename = "for", with = "units::duration::option")]
    pub(in crate::scenario) length: Option<Duration>,
    #[serde(default, with = "units::duration::option")]
    pub(in crate::scenario) every: Option<Duration>,
    #[serde(default, with = "units::share::option")]
    pub(in crate::scenario) rate: Option<u64>,
    pub(in crate::scenario) sticky: Option<String>,
    #[serde(default, with = "units::duration::option")]
    pub(in crate::scenario) retry_after: Option<Duration>,
    #[serde(default, with = "units::factor::option")]
    pub(in crate::scenario) factor: Option<u64>,
    #[serde(default, with = "units::tokens::option")]
    pub(in crate::scenario) after: Option<u64>,
    pub(in crate::scenario) with: Option<Cut>,
    #[serde(default, with = "units::duration::option")]
    pub(in crate::scenario) silence: Option<Duration>,
}

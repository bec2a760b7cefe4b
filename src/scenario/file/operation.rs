//! What people do while it runs, as it is written.

use std::time::Duration;

use serde::Deserialize;

#[cfg(feature = "cli")]
use super::schema;
use crate::text::units;
#[cfg(feature = "cli")]
use crate::text::units::written;

/// One of `operations`.
#[derive(Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "cli", schemars(transform = schema::operation))]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Operation {
    /// When it begins; at the start by default.
    #[serde(default, with = "units::duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub(in crate::scenario) at: Option<Duration>,
    /// How long it lasts; to the end by default.
    #[serde(default, rename = "for", with = "units::duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub(in crate::scenario) length: Option<Duration>,
    /// This provider is asked nothing.
    #[cfg_attr(feature = "cli", schemars(with = "Option<written::Name>"))]
    pub(in crate::scenario) isolate: Option<String>,
    /// This provider is asked, and no other.
    #[cfg_attr(feature = "cli", schemars(with = "Option<written::Name>"))]
    pub(in crate::scenario) pin: Option<String>,
}

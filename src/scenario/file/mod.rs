//! The whole scenario file, as it is written; each part says what stands in it.
//!
//! The parts of the file are read by their own modules.
//!
//! - `schema`: what editors are told of it, where types alone do not say.

#[cfg(feature = "cli")]
mod schema;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::fault::{self, keys};
use super::provider::{Network, WrittenProvider};
use super::run::{Run, Uptime};
use super::{demand, operations};
#[cfg(feature = "cli")]
use crate::units::schema::Name;
#[cfg(feature = "cli")]
pub(super) use schema::schema;

/// The whole file.
#[derive(Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "cli", schemars(transform = schema::file))]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct File {
    /// Equals the stem of the file.
    pub(in crate::scenario) name: Option<String>,
    /// The question that it asks.
    #[serde(default)]
    pub(in crate::scenario) about: String,
    /// How long, and with which seeds.
    #[serde(default)]
    pub(in crate::scenario) run: Run,
    /// The network between clients and providers.
    #[serde(default)]
    pub(in crate::scenario) network: Network,
    /// The fleet: who is asked first stands first.
    #[serde(default)]
    pub(in crate::scenario) providers: BTreeMap<String, WrittenProvider>,
    /// What the users ask for.
    pub(in crate::scenario) load: demand::Written,
    /// Providers with a shared cause: a cloud, a region, an account. Faults can name them.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(with = "BTreeMap<String, Vec<Name>>"))]
    pub(in crate::scenario) groups: BTreeMap<String, Vec<String>>,
    /// What goes wrong, by names of your own; they stack.
    #[serde(default)]
    #[cfg_attr(
        feature = "cli",
        schemars(with = "BTreeMap<String, fault::schema::Fault>")
    )]
    pub(in crate::scenario) faults: BTreeMap<String, keys::Written>,
    /// What people do to the client while it runs, by names of your own.
    #[serde(default)]
    pub(in crate::scenario) operations: BTreeMap<String, operations::Written>,
    /// Who is rehearsed: `policies/NAME.yaml`, else a preset of this name.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(with = "Vec<schema::Policy>"))]
    pub(in crate::scenario) policies: Vec<String>,
    /// What has to hold, by policy: a measure, a comparison, a value.
    #[serde(default)]
    pub(in crate::scenario) expect: BTreeMap<String, Vec<String>>,
    /// How uptime is judged.
    #[serde(default)]
    pub(in crate::scenario) uptime: Uptime,
}

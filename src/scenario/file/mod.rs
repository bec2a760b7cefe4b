//! The whole scenario file as written; each part is declared in its own module.
//!
//! The parts of the file are read by their own modules.
//!
//! - `schema`: the parts of its JSON Schema that do not follow from the types.

#[cfg(feature = "cli")]
mod schema;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::fault::forms::WrittenGroup;
use super::fault::{self, keys};
use super::provider::{Network, WrittenProvider};
use super::run::{Run, Uptime};
use super::{alerts, demand, operations};
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
    /// The question that the scenario answers.
    #[serde(default)]
    pub(in crate::scenario) about: String,
    /// The duration and the seeds.
    #[serde(default)]
    pub(in crate::scenario) run: Run,
    /// The network between clients and providers.
    #[serde(default)]
    pub(in crate::scenario) network: Network,
    /// The fleet, in the order in which providers are tried.
    #[serde(default)]
    pub(in crate::scenario) providers: BTreeMap<String, WrittenProvider>,
    /// What calls ask for, and when they arrive.
    #[cfg_attr(feature = "cli", schemars(with = "demand::Written"))]
    pub(in crate::scenario) load: Option<demand::Written>,
    /// Providers with a shared cause: a cloud, a region, an account. Faults can name them. With
    /// `{ providers: [ … ], shared_fate: true }` a fault draws once for all of them.
    #[serde(default)]
    pub(in crate::scenario) groups: BTreeMap<String, WrittenGroup>,
    /// Faults, by names of your choice; they stack.
    #[serde(default)]
    #[cfg_attr(
        feature = "cli",
        schemars(with = "BTreeMap<String, fault::schema::Fault>")
    )]
    pub(in crate::scenario) faults: BTreeMap<String, keys::Written>,
    /// Operations on the client while it runs, by names of your choice.
    #[serde(default)]
    pub(in crate::scenario) operations: BTreeMap<String, operations::Written>,
    /// What a monitor would watch, by names of your choice.
    #[serde(default)]
    pub(in crate::scenario) alerts: BTreeMap<String, alerts::Written>,
    /// The policies under test: `policies/NAME.yaml`, else the preset of this name.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(with = "Vec<schema::Policy>"))]
    pub(in crate::scenario) policies: Vec<String>,
    /// The expectations by policy: `MEASURE[(NAME)] [of TASK | of client N] [during FAULT | after
    /// FAULT] OP VALUE`. NAME is a provider, one of its keys (`openai/2`) or a fault. VALUE is a
    /// quantity, or relative to another policy: `other`, `1.15 * other`, `other + 5%`.
    #[serde(default)]
    pub(in crate::scenario) expect: BTreeMap<String, Vec<String>>,
    /// How much worse a measure may be than in the result of `run --baseline`, by measure: in its
    /// unit, or as a share of the baseline's value. `--margin` overrides it.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(with = "BTreeMap<String, schema::Margin>"))]
    pub(in crate::scenario) margins: BTreeMap<String, String>,
    /// How uptime is measured.
    #[serde(default)]
    pub(in crate::scenario) uptime: Uptime,
}

//! The whole scenario file as written; each part is declared and read in its own module.
//!
//! - `schema`: the parts of its JSON Schema that do not follow from the types.

#[cfg(feature = "cli")]
mod schema;

use std::collections::BTreeMap;

use super::fault::forms::WrittenGroup;
use super::fault::keys;
use super::provider::{Network, WrittenProvider};
use super::run::{Run, Uptime};
use super::{alerts, demand, operations};
use crate::text::section::section;
#[cfg(feature = "cli")]
pub(super) use schema::schema;
#[cfg(feature = "cli")]
use schema::{Margin, Policy, required};

section! {
    /// The whole file.
    #[derive()]
    pub(in crate::scenario) struct File [] ("File", transform required) {
        /// Equals the stem of the file.
        optional pub(super) name: String;
        /// The question that the scenario answers.
        default pub(super) about: String = String::new();
        /// The duration and the seeds.
        default pub(super) run: Run = Run::default();
        /// The network between clients and providers.
        default pub(super) network: Network = Network::default();
        /// The fleet, in the order in which providers are tried.
        default pub(super) providers: BTreeMap<String, WrittenProvider> = BTreeMap::new();
        /// What calls ask for, and when they arrive.
        optional pub(super) load: demand::Written;
        /// Providers with a shared cause: a cloud, a region, an account. Faults can name them. With
        /// `{ providers: [ … ], shared_fate: true }` a fault draws once for all of them.
        default pub(super) groups: BTreeMap<String, WrittenGroup> = BTreeMap::new();
        /// Faults, by names of your choice; they stack.
        default pub(super) faults: BTreeMap<String, keys::Written> = BTreeMap::new();
        /// Operations on the client while it runs, by names of your choice.
        default pub(super) operations: BTreeMap<String, operations::Written> = BTreeMap::new();
        /// What a monitor would watch, by names of your choice.
        default pub(super) alerts: BTreeMap<String, alerts::Written> = BTreeMap::new();
        /// The policies under test: `policies/NAME.yaml`, else the preset of this name.
        default pub(super) policies: Vec<String> = Vec::new(), schema Vec<Policy>;
        /// The expectations by policy: `MEASURE[(NAME)] [of TASK | of client N] [during FAULT |
        /// after FAULT] OP VALUE`. NAME is a provider, one of its keys (`openai/2`) or a fault.
        /// VALUE is a quantity, or relative to another policy: `other`, `1.15 * other`, `other +
        /// 5%`.
        default pub(super) expect: BTreeMap<String, Vec<String>> = BTreeMap::new();
        /// How much worse a measure may be than in the result of `run --baseline`, by measure: in
        /// its unit, or as a share of the baseline's value. `--margin` overrides it.
        default pub(super) margins: BTreeMap<String, String> = BTreeMap::new(),
            schema BTreeMap<String, Margin>;
        /// How uptime is measured.
        default pub(super) uptime: Uptime = Uptime::default();
    }
}

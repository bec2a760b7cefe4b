//! The scenario file as it is written: keys and units, before anything is understood.
//!
//! These types are the schema; what may be left out is an `Option`, and its default is filled in
//! where the file is understood (`understand`). What a value may be is checked there as well.
//!
//! - `provider`, `load`, `fault`, `operation`: the parts of the file; here are the whole and what
//!   parts share.
//! - `schema`: what editors are told of it, where these types alone do not say.

mod load;
mod operation;
mod provider;
#[cfg(feature = "cli")]
mod schema;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::fault::keys;
use crate::text::units;
#[cfg(feature = "cli")]
use crate::text::units::written;
pub(super) use load::{ArrivalProcess, Curve, Level, Load, Prefix, Priority, Rate, Task, Users};
pub(super) use operation::Operation;
pub(super) use provider::{Cache, Capacity, Degrade, Limits, Network, Price, Provider};

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
    pub(in crate::scenario) providers: BTreeMap<String, Provider>,
    /// What the users ask for.
    pub(in crate::scenario) load: Load,
    /// Providers with a shared cause: a cloud, a region, an account. Faults can name them.
    #[serde(default)]
    #[cfg_attr(
        feature = "cli",
        schemars(with = "BTreeMap<String, Vec<written::Name>>")
    )]
    pub(in crate::scenario) groups: BTreeMap<String, Vec<String>>,
    /// What goes wrong, by names of your own; they stack.
    #[serde(default)]
    pub(in crate::scenario) faults: BTreeMap<String, keys::Written>,
    /// What people do to the client while it runs, by names of your own.
    #[serde(default)]
    pub(in crate::scenario) operations: BTreeMap<String, Operation>,
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

/// `run`.
#[derive(Default, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Run {
    /// Calls arrive for so long; a trace says it itself.
    #[serde(default, with = "units::duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub(in crate::scenario) duration: Option<Duration>,
    /// A number, or both ends, as in `1..5`: each seed is another day of the same kind.
    #[cfg_attr(feature = "cli", schemars(with = "Option<schema::Seeds>"))]
    pub(in crate::scenario) seeds: Option<String>,
    /// How long after the last arrival calls may still end; 1 h by default.
    #[serde(default, with = "units::duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub(in crate::scenario) drain: Option<Duration>,
}

/// `uptime`.
#[derive(Default, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Uptime {
    /// The length of a window of arrival time; 10 s by default.
    #[serde(default, with = "units::duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub(in crate::scenario) window: Option<Duration>,
    /// A window is down when more than this share of its calls failed; 5 % by default.
    #[serde(default, with = "units::share::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Share"))]
    pub(in crate::scenario) down_above: Option<u64>,
}

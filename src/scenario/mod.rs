//! The scenario file as types, resolved and checked.
//!
//! - [`load()`]: from a path to a [`Loaded`] scenario, or to a diagnostic with a caret.
//! - [`fault`]: what a fault does and when.
//! - `run`, `provider`, `demand`, `operations`, `alerts`: parts that read, check and write
//!   themselves, each a `section!` of `text`: one row per key.
//! - `file`: the whole file; `resolve`: from there to these types.
//! - `resolved`: the resolved scenario, for the result document.
//!
//! It only describes: `seeded` draws from it, `provider` and `world` act on these types.

mod alerts;
pub(crate) mod demand;
pub mod fault;
mod file;
pub(crate) mod load;
mod operations;
mod provider;
mod resolve;
mod resolved;
mod run;

use crate::expect::alert::AlertRule;
use crate::expect::{Expectation, Margin};
pub use crate::text::quantiles::Quantiles;
pub use crate::wire::Dialect;
pub use demand::{
    Arrivals, Calls, Deadline, Load, Prefixes, Priority, RateCurve, Step, Task, UserRetry, Users,
};
use fault::Fault;
pub use fault::catalogue;
pub use load::{Loaded, load, load_with_prices};
pub use operations::{Operation, Work};
pub use provider::{
    Cache, Capacity, Charge, CountRefused, Degrade, Limit, Limits, Network, Per, Provider, Span,
};
pub use run::{Run, Uptime, seeds};

/// A scenario: providers, load and faults, the policies to run, and what is expected of each.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Scenario {
    /// Equals the stem of its file.
    pub name: String,
    /// The question that it answers.
    pub about: String,
    /// The duration and the seeds.
    pub run: Run,
    /// The network between clients and providers.
    pub network: Network,
    /// The fleet, in order; names are unique.
    pub providers: Vec<Provider>,
    /// What calls ask for, and when they arrive.
    pub load: Load,
    /// The faults, in order; names are unique.
    pub faults: Vec<Fault>,
    /// Operations on the client while it runs, in order; names are unique.
    pub operations: Vec<Operation>,
    /// The alert rules, in the file's order.
    pub alerts: Vec<AlertRule>,
    /// The policies to run, as the file (or the command line) names them.
    pub policies: Vec<String>,
    /// What is expected, by policy name or under `every`, in the file's order.
    pub expect: Vec<(String, Vec<Expectation>)>,
    /// How much worse than a baseline a measure may be, in the file's order.
    pub margins: Vec<Margin>,
    /// How uptime is measured.
    pub uptime: Uptime,
}

/// The JSON Schema of scenario files.
#[cfg(feature = "cli")]
pub fn schema() -> serde_json::Value {
    file::schema()
}

/// The keys of a scenario file.
#[cfg(feature = "cli")]
pub(crate) fn keys() -> &'static [&'static str] {
    crate::text::fields::of::<file::File>()
}

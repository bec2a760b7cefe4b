//! Firedrill tests an LLM failover policy before it meets real outages.
//!
//! ```text
//! Scenario + Policy + Seed  ->  Trace  ->  Report
//! ```
//!
//! To start: [`drill::Drill`] tests a policy in a `#[test]`, and [`client::Client`] runs it in
//! production. `docs/policy.md` has every key of a policy file. Features: `client` < `sim` < `cli`,
//! and `tls` beside them; `cli` and `tls` are the default.
//!
//! The modules, from the bottom up:
//!
//! - [`time`], [`units`], [`rng`]: instants, quantities as integers, keyed random streams.
//! - [`text`]: reads files, with spans, units, and diagnostics.
//! - [`policy`]: decides. Pure state machines; `now` and draws are passed in. [`policy::config`]
//!   holds their settings.
//! - [`policy_file`]: reads and checks policy files; [`policy_file::presets`] ship.
//! - [`wire`]: converts between bytes and types.
//! - [`trace`], [`prices`]: the events that a report reads, and [`trace::lines`], which stores them
//!   in production; the price of tokens.
//! - [`client`]: the production client: asks the core, executes the step, reports to the core.
//! - [`expect`]: reads the expectations of a policy. (feature `sim`, as all below)
//! - [`scenario`]: describes providers, load and faults.
//! - [`provider`]: the fake provider as a pure state machine.
//! - `host`: runs a provider behind sockets, simulated or real.
//! - [`world`]: the simulated network and the load.
//! - [`serve`]: runs providers on real sockets, for clients in any language.
//! - [`report`]: computes measures from a trace.
//! - [`drill`]: a whole drill, for a `#[test]` and for the command line.
//! - [`cli`]: one file per verb. (feature `cli`)

pub mod rng;
pub mod time;
pub mod units;

pub mod policy;
pub mod policy_file;
pub mod text;
pub mod wire;

pub mod prices;
pub mod trace;

pub mod client;

#[cfg(feature = "sim")]
pub mod drill;
#[cfg(feature = "sim")]
pub mod expect;
#[cfg(feature = "sim")]
mod host;
#[cfg(feature = "sim")]
pub mod provider;
#[cfg(feature = "sim")]
pub mod report;
#[cfg(feature = "sim")]
pub mod scenario;
#[cfg(feature = "sim")]
pub mod serve;
#[cfg(feature = "sim")]
pub mod world;

#[cfg(feature = "cli")]
pub mod cli;

pub use text::Diagnostic;

/// What a run is made of, for tests that put it together otherwise: behind another simulator, with
/// a recorder of their own, or piece by piece.
///
/// It is there for the tests of this crate, and may change in any release. To run a scenario and
/// judge what came of it, use [`drill`].
#[cfg(feature = "sim")]
pub mod engine {
    pub use crate::provider::{Action, Provider, Request};
    pub use crate::scenario::fault::SeededFault;
    pub use crate::scenario::workload::{Prefix, Row, Tokens, Workload};
    pub use crate::text::Document;
    pub use crate::world::{Simulated, run};
}

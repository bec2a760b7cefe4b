//! Firedrill proves an LLM failover policy before the providers test it.
//!
//! ```text
//! Scenario + Policy + Seed  ->  Trace  ->  Report
//! ```
//!
//! To start: [`drill::Drill`] rehearses a policy in a `#[test]`, and
//! [`client::Client`] runs it in production. `docs/policy.md` has every key of a policy file.
//! Features: `client` < `sim` < `cli`, and `tls` beside them; `cli` and `tls` are the default.
//!
//! A map, from the bottom up:
//!
//! - [`time`], [`units`], [`rng`]: values. Instants, quantities as integers, keyed random streams.
//! - [`text`]: reads files, with spans, units, and errors one can act on.
//! - [`policy`]: decides. Pure state machines; `now` and draws are passed in. [`policy::config`] is
//!   what they can be told.
//! - [`policy_file`]: reads and checks policies' files; [`policy_file::presets`] ship.
//! - [`wire`]: speaks. Bytes to types and back.
//! - [`trace`], [`prices`]: remembers. The events that a report reads, and [`trace::lines`], which
//!   keeps them in production; what tokens cost.
//! - [`client`]: acts. The production client: asks the core, does the step, tells the core.
//! - [`expect`]: reads what is expected of a policy. (feature `sim`, as all below)
//! - [`scenario`]: describes what the world does.
//! - [`provider`]: pretends. The fake provider as a pure state machine.
//! - `host`: puts it behind sockets, whoever owns these.
//! - [`world`]: hosts. The simulated network and the load.
//! - [`serve`]: hosts on real sockets, for clients in any language.
//! - [`report`]: measures. A trace in, numbers out.
//! - [`drill`]: a whole drill, for a `#[test]` and for the command line alike.
//! - [`cli`]: tells. One file per verb. (feature `cli`)

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

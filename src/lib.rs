//! Firedrill tests an LLM failover policy before it meets real outages.
//!
//! A scenario says what the world does, a policy how the client decides. A drill runs the real
//! client through fake providers in a simulated network, and reports what the users would have
//! felt. As a test of yours:
//!
//! ```
//! use firedrill::drill::Drill;
//!
//! # /*
//! #[test]
//! # */
//! fn resilient_survives_an_outage_of_the_primary() -> Result<(), firedrill::Diagnostic> {
//!     Drill::load("scenarios/primary-outage.yaml")?
//!         .policy("resilient")?
//!         .seeds(1..=1)
//!         .run()
//!         .assert(); // panics with the report
//!     Ok(())
//! }
//! # resilient_survives_an_outage_of_the_primary().expect("the files that ship are right");
//! ```
//!
//! `firedrill init` writes a scenario and a policy to start from; `resilient` is one of the
//! [presets](policy_file::presets). The policy file that passed runs in production, beside a file
//! that says which providers there are and where their keys are:
//!
//! ```no_run
//! # #[cfg(feature = "tls")]
//! # async fn ask() -> Result<(), Box<dyn std::error::Error>> {
//! use firedrill::client::{Client, Request};
//!
//! let client = Client::over_tls("policies/resilient.yaml", "fleet.yaml")?;
//! let answer = client.call(&Request::user("Are you there?")).await?;
//! println!("{} says: {}", answer.provider, answer.text);
//! # Ok(())
//! # }
//! ```
//!
//! # Map
//!
//! - [`drill`]: a whole drill, for a `#[test]`: scenario, policies and seeds in, a report out.
//! - [`client`]: the production client, and the fleet files that it reads.
//! - [`policy`]: the decision core, pure state machines; [`policy::config`] has every setting of a
//!   policy as a type.
//! - [`policy_file`]: policies as files, read and checked; [`policy_file::presets`] ship.
//! - [`scenario`]: what the world does, as types; [`expect`]: what a policy must achieve in it.
//! - [`trace`]: the events of a run, or of a client in production ([`trace::lines`] keeps them).
//! - [`report`]: measures events, judges expectations, and renders both.
//! - [`search`]: policies that do better, and worlds that a policy does not survive.
//! - [`prices`], [`units`], [`time`]: what tokens cost, quantities as integers, instants.
//! - [`engine`]: the parts of a run, for tests that put them together otherwise.
//! - [`Document`]: a file as a tree; [`Diagnostic`]: what is wrong in it, where, and what to write
//!   instead.
//!
//! # Features
//!
//! - `client`: the production client alone, with the policies and the traces.
//! - `tls`: the client over TLS, and HTTP/2 where the provider offers it.
//! - `sim`: drills, reports and scenarios.
//! - `cli`: the command line, the default.
//!
//! # What may change
//!
//! Enums and structs that can grow are `non_exhaustive`. The settings of a policy are not, so that
//! code can write them down: end each with `..Default::default()`, since versions add settings.

#![cfg_attr(
    not(feature = "cli"),
    allow(dead_code, unused_imports, reason = "the larger features use the rest")
)]

mod rng;
mod text;
mod wire;

pub mod time;
pub mod units;

pub mod policy;
pub mod policy_file;

pub mod prices;
pub mod trace;

pub mod client;

#[cfg(feature = "sim")]
pub mod drill;
#[cfg(feature = "sim")]
pub mod expect;
#[cfg(feature = "cli")]
mod foreign;
#[cfg(feature = "sim")]
mod host;
#[cfg(feature = "sim")]
mod model;
#[cfg(feature = "sim")]
mod profiles;
#[cfg(feature = "sim")]
mod provider;
#[cfg(feature = "cli")]
mod readers;
#[cfg(feature = "sim")]
mod replay;
#[cfg(feature = "sim")]
pub mod report;
#[cfg(feature = "cli")]
mod roi;
#[cfg(feature = "sim")]
pub mod scenario;
#[cfg(feature = "sim")]
pub mod search;
#[cfg(feature = "sim")]
mod seeded;
#[cfg(feature = "cli")]
mod serve;
#[cfg(feature = "sim")]
mod world;

#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;

pub use text::{Diagnostic, Document};

/// The parts of a run, for tests that put them together otherwise: behind another simulator, with a
/// recorder of their own, or one by one.
///
/// The tests of this crate need them. They may change in any release: to run a scenario and judge
/// what came of it, use [`drill`].
#[cfg(feature = "sim")]
pub mod engine {
    pub use crate::provider::{Action, Exchange, Provider, Request};
    #[cfg(feature = "cli")]
    pub use crate::readers::{READERS, Reader};
    pub use crate::replay::Row;
    pub use crate::seeded::{Prefix, SeededFault, Tokens, Workload};
    pub use crate::world::{Listener, Simulated, SimulatedStream, TestNetwork, connections, run};
}

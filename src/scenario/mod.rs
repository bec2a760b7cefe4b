//! Describes what the world does, as types: the scenario file, understood and checked.
//!
//! - [`load`]: from a path to a [`Loaded`](load::Loaded) scenario, or to a problem with a caret.
//! - [`fault`]: what a fault does and when.
//! - [`workload`]: which call arrives when, with how many tokens, for one seed.
//! - `file`: the file as it is written; `resolve`, `profile`, `physics`, `demand` and `operations`:
//!   from there to these types.
//! - `replay`: trace files. `resolved`: the scenario as understood, for the result document.
//!
//! It makes nothing happen: providers and world read these types.

mod check;
mod demand;
pub mod fault;
mod file;
pub mod load;
mod operations;
mod physics;
mod profile;
pub mod profiles;
mod quantiles;
pub mod rates;
mod replay;
mod resolve;
mod resolved;
pub mod workload;

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use crate::expect::Expectation;
use crate::text::Diagnostic;
use crate::units;
pub use crate::wire::Dialect;
pub use demand::{Arrivals, Calls, Load, Prefixes, Rate, Step, Task, UserRetry, Users};
use fault::Fault;
pub use fault::catalogue;
pub use operations::{Operation, Work};
pub use profile::{Cache, Capacity, Charge, Degrade, Limit, Limits, Network, Per, Provider, Span};
pub use quantiles::Quantiles;

/// A scenario: what the world does, and what is expected of whom.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Equals the stem of its file.
    pub name: String,
    /// The question that it asks.
    pub about: String,
    /// How long, and with which seeds.
    pub run: Run,
    /// The network between clients and providers.
    pub network: Network,
    /// The fleet, in order; names are unique.
    pub providers: Vec<Provider>,
    /// What the users ask for.
    pub load: Load,
    /// What goes wrong, in order; names are unique.
    pub faults: Vec<Fault>,
    /// What people do to the client while it runs, in order; names are unique.
    pub operations: Vec<Operation>,
    /// The policies to run, as the file (or the command line) names them.
    pub policies: Vec<String>,
    /// What is expected, by policy name or under `every`, in the file's order.
    pub expect: Vec<(String, Vec<Expectation>)>,
    /// How uptime is judged.
    pub uptime: Uptime,
}

/// How long, and with which seeds.
#[derive(Clone, Debug)]
pub struct Run {
    /// Arrivals end here; for a trace, the arrival of its last row.
    pub duration: Duration,
    /// Both ends are run.
    pub seeds: RangeInclusive<u64>,
    /// How long after the last arrival calls may still end; 1 h by default.
    pub drain: Duration,
}

/// How uptime is judged.
#[derive(Clone, Copy, Debug)]
pub struct Uptime {
    /// The length of a window of arrival time; 10 s by default.
    pub window: Duration,
    /// A window is down when more than this share of its calls failed, in parts per 10^9; 5 % by
    /// default.
    pub down_above: u64,
}

/// Reads the seeds of a run: `1..5` with both ends, or `3` for 1 to 3; at most 10,000 of them.
pub fn seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    units::seeds::parse(text, MOST_SEEDS).map_err(String::from)
}

/// The JSON Schema of scenario files.
#[cfg(feature = "cli")]
pub fn schema() -> serde_json::Value {
    crate::text::schema::of::<file::File>("A scenario: what the world does, and what has to hold")
}

/// Makes a problem of a place in a text that a pure reader reads.
type Point<'a> = &'a dyn Fn(Range<usize>, String) -> Diagnostic;

/// No run is longer, and neither is anything in it.
const LONGEST_RUN: Duration = Duration::from_secs(366 * 86_400);
const MOST_SEEDS: u64 = 10_000;

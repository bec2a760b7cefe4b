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
use crate::policy::ProviderId;
pub use crate::text::quantiles::Quantiles;
use crate::time::Instant;
pub use crate::wire::Dialect;
pub use demand::{
    Arrivals, Calls, Deadline, Load, Prefixes, Priority, RateCurve, Step, Task, UserRetry, Users,
};
pub use fault::catalogue;
use fault::{Fault, Windows};
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

impl Scenario {
    /// The moments at which an operation begins or ends, in order, each once.
    pub fn turns(&self) -> Vec<Instant> {
        let turns = self.operations.iter().flat_map(|operation| {
            let Windows { at, length, .. } = operation.windows;
            let end = length.map(|length| at.saturating_add(length));
            [Some(at), end].into_iter().flatten()
        });
        let mut turns: Vec<Instant> = turns.map(|turn| Instant::START + turn).collect();
        turns.sort_unstable();
        turns.dedup();
        turns
    }

    /// Whether an operation takes this provider out at `now`.
    pub fn is_isolated(&self, provider: ProviderId, now: Instant) -> bool {
        let mut works = self.operations.iter();
        works.any(|one| one.work == Work::Isolate(provider) && one.windows.covers(now))
    }

    /// The provider to which calls are pinned at `now`, if any; the latest pin counts.
    pub fn pinned(&self, now: Instant) -> Option<ProviderId> {
        let at_work = self.operations.iter().filter(|one| one.windows.covers(now));
        let pins = at_work.filter_map(|one| match one.work {
            Work::Pin(provider) => Some((one.windows.at, provider)),
            Work::Isolate(_) => None,
        });
        let last = pins.max_by_key(|(at, _)| *at);
        last.map(|(_, provider)| provider)
    }
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

//! The subject of a report: names, prices, faults, windows and expectations of a run.
//!
//! A subject holds the context of a trace, and no more. `drill` makes one from a scenario,
//! [`super::production`] makes one from the header of a recorded trace.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::expect::Expectation;
use crate::expect::alert::AlertRule;
use crate::policy::ProviderId;
use crate::prices::Price;
use crate::time::{Instant, Windows};
use crate::units::Share;

/// The subject of a report.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The name of the scenario, or of the recorded trace.
    pub name: String,
    /// The question that it asks.
    pub about: String,
    /// Calls arrive within this length of time.
    pub duration: Duration,
    /// Client processes; a call belongs to client (number mod `clients`).
    pub clients: u32,
    /// The fleet, in order; events refer to providers by position.
    pub providers: Vec<MeasuredProvider>,
    /// The tasks of the calls, in order; none when all calls are of one kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<String>,
    /// The faults, in order; events refer to them by position.
    pub faults: Vec<MeasuredFault>,
    /// The alert rules, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<AlertRule>,
    /// The policies that run unless the user names others, as they were listed.
    pub policies: Vec<String>,
    /// The expectations, by policy name or under `every`, in the order of the file.
    pub expect: Vec<(String, Vec<Expectation>)>,
    /// How uptime is judged.
    pub uptime: UptimeRule,
    /// Whether the trace says when a provider has written a whole answer. Fake providers do; for
    /// real ones the client's result counts.
    pub answers_are_traced: bool,
    /// Notes for the reader, one sentence each, without the full stop.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The files of the recorded traces; none for a simulated run.
    pub traces: Vec<String>,
    /// The whole measured configuration, for the result document, which has a key of its own for
    /// it.
    #[serde(skip)]
    pub resolved: Value,
}

/// A measured provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredProvider {
    /// Its name.
    pub name: String,
    /// The model that answers.
    pub model: String,
    /// How many keys the client has for it.
    #[serde(default = "one_key", skip_serializing_if = "is_one")]
    pub keys: u16,
    /// What its tokens cost.
    pub price: Price,
}

/// A measured fault.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredFault {
    /// Its name.
    pub name: String,
    /// When it is active.
    pub windows: Windows,
    /// The providers that it strikes.
    pub targets: Vec<ProviderId>,
    /// Why it can never strike, if it is certain that it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_never: Option<String>,
}

/// How uptime is judged.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UptimeRule {
    /// The length of a window of arrival time.
    pub window: Duration,
    /// A window is down when more than this share of its calls failed, and at least two did; or
    /// all of them.
    pub down_above: Share,
}

impl Subject {
    /// What the tokens of each provider cost.
    pub(crate) fn prices(&self) -> Vec<Price> {
        let providers = self.providers.iter();
        providers.map(|provider| provider.price.clone()).collect()
    }

    /// When arrivals end.
    pub(super) fn end(&self) -> Instant {
        Instant::START + self.duration
    }
}

impl MeasuredFault {
    /// Marks that the fault does not happen in this run: it has no windows. No call arrives during
    /// or after it, and the whole run is before it.
    pub const fn never_happens(&mut self) {
        self.windows.at = NEVER;
    }
}

const fn one_key() -> u16 {
    1
}

/// By reference, as serde passes it.
const fn is_one(keys: &u16) -> bool {
    *keys == 1
}

/// Later than any run.
const NEVER: Duration = Duration::from_nanos(u64::MAX / 4);

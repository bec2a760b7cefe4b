//! What a report is about: the names, prices, faults, windows and expectations of a run.
//!
//! A subject holds what a report must know beside the trace, and no more. `drill` makes one of a
//! scenario, [`super::production`] makes one of the header of a recorded trace.

use std::time::Duration;

use serde_json::Value;

use crate::expect::Expectation;
use crate::policy::ProviderId;
use crate::prices::Price;
use crate::time::{Instant, Windows};
use crate::units::Share;

/// What a report is about.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The name of the scenario, or of the recorded trace.
    pub name: String,
    /// The question that it asks.
    pub about: String,
    /// Calls arrive within this length of time.
    pub duration: Duration,
    /// Client processes; a call belongs to client (number mod `clients`).
    pub clients: u32,
    /// The fleet, in order; events name its members by their places.
    pub providers: Vec<MeasuredProvider>,
    /// The faults, in order; events name them by their places.
    pub faults: Vec<MeasuredFault>,
    /// The policies that run unless the user names others, as they were listed.
    pub policies: Vec<String>,
    /// What is expected, by policy name or under `every`, in the order in which it was written.
    pub expect: Vec<(String, Vec<Expectation>)>,
    /// How uptime is judged.
    pub uptime: UptimeRule,
    /// Whether the trace says when a provider has written a whole answer. Fake providers say it;
    /// of real ones only the client's word is known, and taken.
    pub answers_are_traced: bool,
    /// What a reader must know beside the numbers, one sentence each, without the full stop.
    pub notes: Vec<String>,
    /// The files of the recorded traces; none for a simulated run.
    pub traces: Vec<String>,
    /// The whole of what was measured, for the result document.
    pub resolved: Value,
}

/// A provider that is measured.
#[derive(Clone, Debug)]
pub struct MeasuredProvider {
    /// Its name.
    pub name: String,
    /// The model that answers.
    pub model: String,
    /// What its tokens cost.
    pub price: Price,
}

/// A fault whose effects are measured.
#[derive(Clone, Debug)]
pub struct MeasuredFault {
    /// Its name.
    pub name: String,
    /// When it is at work.
    pub windows: Windows,
    /// The providers that it strikes.
    pub targets: Vec<ProviderId>,
}

/// How uptime is judged.
#[derive(Clone, Copy, Debug)]
pub struct UptimeRule {
    /// The length of a base window of arrival time.
    pub window: Duration,
    /// A window is down when more than this share of its calls failed.
    pub down_above: Share,
}

impl Subject {
    /// What the tokens of each provider cost.
    pub(super) fn prices(&self) -> Vec<Price> {
        let providers = self.providers.iter();
        providers.map(|provider| provider.price.clone()).collect()
    }

    /// When the last call may arrive.
    pub(super) fn end(&self) -> Instant {
        Instant::START + self.duration
    }
}

impl MeasuredFault {
    /// The fault does not happen in this run: it has no windows in it. No call arrives during it
    /// or after it, and the whole run is before it.
    pub const fn never_happens(&mut self) {
        self.windows.at = NEVER;
    }
}

/// Long after any run.
const NEVER: Duration = Duration::from_nanos(u64::MAX / 4);

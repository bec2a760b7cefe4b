//! The integer counters and sparse histograms from which every value is derived.
//!
//! A [`RunStats`] is plain data: the counts of one run, or of several merged. Counts are sums and
//! the longest outage is a maximum, so runs merge exactly and in any order. [`super::collector`]
//! fills it, [`super::measures`] reads it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::alerts::AlertTally;
use super::breakdown::{KeyTally, Slice};
use super::client_rules::Conduct;
use super::fault_impact::{Aftermath, Longest};
use super::histogram::Times;
use super::ledger::Ledger;
use super::merge::{Merge, merges};
use super::timeline::Timeline;
use super::windows::UptimeTally;
use crate::policy::breaker;
use crate::policy::call::FailureReason;
use crate::policy::classify::FailureClass;
use crate::policy::keys::KeyId;

/// The counts of one policy, over any number of runs of one scenario.
///
/// Lists "by provider" follow the fleet, lists "by fault" the scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RunStats {
    /// Runs that were merged.
    pub runs: u64,
    /// The fleet, by name.
    pub providers: Vec<String>,
    /// The faults, by name.
    pub faults: Vec<String>,
    /// The length of a window of uptime, in nanoseconds.
    pub window_ns: u64,
    /// How many times each fault struck, by fault.
    pub fired: Vec<u64>,
    /// All calls.
    pub run: Scope,
    /// The calls that arrived while a fault was active, by fault.
    pub during: Vec<Scope>,
    /// The calls that arrived after a fault, for each such interval in an expectation.
    pub after: Vec<After>,
    /// The calls of each task, and of other parts for which an expectation asks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<Slice>,
    /// The impact of each fault, by fault.
    pub aftermath: Vec<Aftermath>,
    /// The alert rules, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<String>,
    /// What each alert rule did, by rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerting: Vec<AlertTally>,
    /// The recovery time of each provider, by provider.
    pub comebacks: Vec<Longest>,
    /// The counts over time.
    pub timeline: Timeline,
}

/// The calls that arrived within an interval after a fault's end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct After {
    /// The fault, by position.
    pub fault: usize,
    /// The start of the interval, from the fault's end.
    pub from_ns: u64,
    /// The end of the interval, from the fault's end; none = until it is active again.
    pub to_ns: Option<u64>,
    /// The calls.
    pub calls: Scope,
}

/// Counts of a set of calls: all of a run, or those that arrived while a fault was active.
///
/// A breaker's transitions, ejections and health checks belong to no call: they count by their own
/// time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Scope {
    /// The length of time in which they may arrive, in nanoseconds.
    pub length_ns: u64,
    /// Calls.
    pub calls: u64,
    /// Calls that ended with a whole answer.
    pub succeeded: u64,
    /// Calls with at least one fallback.
    pub fell_back: u64,
    /// Attempts beside another that was slow.
    #[serde(default, skip_serializing_if = "is_none")]
    pub hedges: u64,
    /// How the other calls ended.
    pub endings: Endings,
    /// From the arrival to the last byte, of calls that succeeded.
    pub latency: Times,
    /// From the arrival to the error, of calls that failed; calls that never ended are left out.
    pub latency_failed: Times,
    /// From the arrival to the first token, of streamed calls that succeeded.
    pub ttft: Times,
    /// Attempts, by provider.
    pub providers: Vec<ProviderTally>,
    /// Windows that were up, and outages.
    pub uptime: UptimeTally,
    /// Violations of conduct.
    pub conduct: Conduct,
}

/// How calls failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Endings {
    /// A failure that the policy does not retry.
    pub stopped: u64,
    /// Out of attempts or of providers.
    pub exhausted: u64,
    /// After the first token.
    pub interrupted: u64,
    /// By the deadline.
    pub deadline: u64,
    /// By breakers that refused every provider.
    pub unavailable: u64,
    /// Refused for lack of capacity.
    #[serde(default, skip_serializing_if = "is_none")]
    pub shed: u64,
    /// Dropped before they ended.
    pub unfinished: u64,
    /// The client took for an answer what its provider had not written whole.
    #[serde(default, skip_serializing_if = "is_none")]
    pub wrong_answer: u64,
}

/// Counts of one provider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ProviderTally {
    /// Attempts started.
    pub attempts: u64,
    /// The most attempts started within one second of the run.
    pub peak: u64,
    /// Attempts with a whole answer.
    pub answered: u64,
    /// Attempts that failed, by class.
    pub failures: BTreeMap<FailureClass, u64>,
    /// The tokens that it billed, and what became of them.
    pub ledger: Ledger,
    /// Its attempts by key; empty unless it has several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyTally>,
    /// The transitions of its breakers, of all clients.
    pub breaker: Transitions,
    /// How many times it was ejected as an outlier.
    #[serde(default, skip_serializing_if = "is_none")]
    pub ejections: u64,
    /// Health checks that ended.
    #[serde(default, skip_serializing_if = "is_none")]
    pub checks: u64,
    /// Of these, those that got an answer in time.
    #[serde(default, skip_serializing_if = "is_none")]
    pub checks_passed: u64,
}

/// The number of a breaker's transitions into each state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Transitions {
    /// Into open.
    pub opened: u64,
    /// Into half-open.
    pub half_opened: u64,
    /// Into closed.
    pub closed: u64,
}

impl RunStats {
    /// Adds another run of the same subject, in any order. A default value is neutral.
    pub fn merge(&mut self, other: &Self) {
        Merge::merge(self, other);
    }
}

merges!(RunStats {
    runs: sum,
    providers: same,
    faults: same,
    window_ns: max,
    fired: sum,
    run: sum,
    during: sum,
    after: sum,
    slices: sum,
    aftermath: sum,
    alerts: same,
    alerting: sum,
    comebacks: sum,
    timeline: sum,
});

merges!(After {
    fault: same,
    from_ns: same,
    to_ns: same,
    calls: sum,
});

merges!(Scope {
    length_ns: sum,
    calls: sum,
    succeeded: sum,
    fell_back: sum,
    hedges: sum,
    endings: sum,
    latency: sum,
    latency_failed: sum,
    ttft: sum,
    providers: sum,
    uptime: sum,
    conduct: sum,
});

merges!(Endings {
    stopped: sum,
    exhausted: sum,
    interrupted: sum,
    deadline: sum,
    unavailable: sum,
    shed: sum,
    unfinished: sum,
    wrong_answer: sum,
});

merges!(ProviderTally {
    attempts: sum,
    peak: max,
    answered: sum,
    failures: sum,
    ledger: sum,
    keys: sum,
    breaker: sum,
    ejections: sum,
    checks: sum,
    checks_passed: sum,
});

merges!(Transitions {
    opened: sum,
    half_opened: sum,
    closed: sum,
});

impl Scope {
    /// For a fleet of `providers`, and a length of time in nanoseconds.
    pub(crate) fn new(providers: usize, length_ns: u64) -> Self {
        Self {
            length_ns,
            providers: vec![ProviderTally::default(); providers],
            ..Self::default()
        }
    }

    /// Attempts, at all providers.
    pub fn attempts(&self) -> u64 {
        let attempts = self.providers.iter().map(|tally| tally.attempts);
        attempts.fold(0, u64::saturating_add)
    }

    /// Attempts that failed, at all providers: of one class, or of any.
    pub fn failures(&self, class: Option<FailureClass>) -> u64 {
        let all = self.providers.iter().flat_map(|tally| &tally.failures);
        all.filter(|(found, _)| class.is_none_or(|class| class == **found))
            .map(|(_, count)| *count)
            .fold(0, u64::saturating_add)
    }

    /// Transitions of all breakers.
    pub fn transitions(&self) -> Transitions {
        let mut all = Transitions::default();
        for tally in &self.providers {
            all.merge(&tally.breaker);
        }
        all
    }
}

/// Counts the calls that ended for one reason.
type Count = fn(&Endings) -> u64;

impl Endings {
    /// Every reason for which calls fail, by name, with the number of calls that it ended.
    pub const REASONS: [(&'static str, Count); 8] = [
        ("exhausted", |endings| endings.exhausted),
        ("deadline", |endings| endings.deadline),
        ("stopped", |endings| endings.stopped),
        ("unavailable", |endings| endings.unavailable),
        ("interrupted", |endings| endings.interrupted),
        ("shed", |endings| endings.shed),
        ("unfinished", |endings| endings.unfinished),
        ("wrong_answer", |endings| endings.wrong_answer),
    ];

    /// Counts a call that ended so.
    pub fn count(&mut self, ending: FailureReason) {
        *match ending {
            FailureReason::Stopped(_) => &mut self.stopped,
            FailureReason::Exhausted(_) => &mut self.exhausted,
            FailureReason::Interrupted(_) => &mut self.interrupted,
            FailureReason::Deadline => &mut self.deadline,
            FailureReason::Unavailable => &mut self.unavailable,
            FailureReason::Shed => &mut self.shed,
            FailureReason::Unfinished => &mut self.unfinished,
        } += 1;
    }
}

impl ProviderTally {
    /// The counts of one of its keys, if it counts by key.
    pub(super) fn key_mut(&mut self, key: KeyId) -> Option<&mut KeyTally> {
        self.keys.get_mut(usize::from(key.0))
    }
}

impl Transitions {
    /// Counts a transition into `to`.
    pub fn count(&mut self, to: breaker::State) {
        *match to {
            breaker::State::Open => &mut self.opened,
            breaker::State::HalfOpen => &mut self.half_opened,
            breaker::State::Closed => &mut self.closed,
        } += 1;
    }
}

/// Whether it is the default: then it is left out.
fn is_none<T: Default + PartialEq>(amount: &T) -> bool {
    *amount == T::default()
}

//! Alert rules, evaluated in simulated time: when each fires, and which faults it detects.
//!
//! A rule is evaluated every few seconds on what ended within its windows of time, as a monitor
//! does. It detects a fault when it begins to fire while the fault is active, or within the longest
//! of its windows afterwards, since it looks back that far. A rule that was firing already tells
//! nothing new. A firing that begins at any other time is a false alarm.
//!
//! Counts are kept in buckets of one evaluation each, so memory depends on the rule only.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cost::Tokens;
use super::fault_impact::Longest;
use super::merge::merges;
use super::open_calls::OpenCalls;
use super::subject::Subject;
use crate::expect::alert::{AlertRule, Signal};
use crate::expect::{Bound, Op};
use crate::policy::ProviderId;
use crate::policy::call::Outcome;
use crate::prices::Price;
use crate::time::{Instant, Windows, nanos};
use crate::trace::{Event, EventKind, FaultId};

/// What an alert rule did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AlertTally {
    /// How often it fired.
    pub fired: u64,
    /// Of these, how often no fault that it is meant to detect was the reason.
    pub false_alarms: u64,
    /// Windows of faults that it is meant to detect.
    pub faults: u64,
    /// Of these, those during which it did not begin to fire.
    pub missed: u64,
    /// From the start of a fault until it fired.
    pub detection: Longest,
}

merges!(AlertTally {
    fired: sum,
    false_alarms: sum,
    faults: sum,
    missed: sum,
    detection: sum,
});

/// Something that a monitor sees.
#[derive(Clone, Copy, Debug)]
enum Observation {
    /// A call ended; with its latency when it succeeded.
    Call {
        latency: Option<Duration>,
        fell_back: bool,
    },
    /// An attempt ended.
    Attempt { provider: ProviderId, failed: bool },
    /// A provider billed so many nano-dollars.
    Billed(u64),
}

/// Evaluates every rule of a subject over one run.
#[derive(Debug, Default)]
pub(super) struct Alerts {
    rules: Vec<RuleFold>,
    prices: Vec<Price>,
}

impl Alerts {
    pub(super) fn new(subject: &Subject) -> Self {
        let windows = |fault: &FaultId| {
            let fault = subject.faults.get(fault.index());
            fault.map(|fault| fault.windows)
        };
        let rules = subject.alerts.iter().map(|rule| {
            let faults = rule.detects.iter().filter_map(windows);
            RuleFold::new(rule.clone(), faults.collect())
        });
        Self {
            rules: rules.collect(),
            prices: subject.prices(),
        }
    }

    /// Adds one event; `open` are the calls that have not ended before it.
    #[inline]
    pub(super) fn on_event(&mut self, event: &Event, open: &OpenCalls) {
        if !self.rules.is_empty() {
            self.look_at(event, open);
        }
    }

    #[inline(never)]
    fn look_at(&mut self, event: &Event, open: &OpenCalls) {
        let seen = match &event.kind {
            EventKind::Ended { call, outcome } => open.get(call).map(|call| {
                let succeeded = matches!(outcome, Outcome::Succeeded { .. });
                let latency = succeeded.then(|| event.at.since(call.arrived));
                let fell_back = call.fell_back();
                Observation::Call { latency, fell_back }
            }),
            EventKind::Replied {
                provider, failure, ..
            } => Some(Observation::Attempt {
                provider: *provider,
                failed: failure.is_some(),
            }),
            EventKind::Billed { provider, bill, .. } => {
                let price = self.prices.get(provider.index());
                let cost = price.map(|price| Tokens::of(*bill).cost(price));
                cost.map(|cost| Observation::Billed(cost.as_nanos()))
            }
            _ => None,
        };
        for rule in &mut self.rules {
            rule.advance(event.at);
            if let Some(seen) = seen {
                rule.current.count(&rule.rule, seen);
            }
        }
    }

    /// The run ends at `end`.
    pub(super) fn finish(self, end: Instant) -> Vec<AlertTally> {
        let rules = self.rules.into_iter();
        rules.map(|rule| rule.finish(end)).collect()
    }
}

/// One rule over one run.
#[derive(Debug)]
struct RuleFold {
    rule: AlertRule,
    /// Counts since the last evaluation.
    current: Counts,
    /// Counts between earlier evaluations, as many as the longest window needs, latest last.
    buckets: VecDeque<Counts>,
    /// For each window of time: its number of buckets, and their sum.
    sums: Vec<(usize, Counts)>,
    next: Instant,
    /// Since when the comparison holds.
    holds_since: Option<Instant>,
    is_firing: bool,
    faults: Vec<Watched>,
    tally: AlertTally,
}

/// A fault that a rule is meant to detect.
#[derive(Debug)]
struct Watched {
    /// Its windows, each with the time that the rule looks back on.
    windows: Windows,
    /// The start of the latest window, and whether the rule fired since.
    latest: Option<(Instant, bool)>,
}

impl RuleFold {
    fn new(rule: AlertRule, faults: Vec<Windows>) -> Self {
        let every = nanos(rule.every).max(1);
        let buckets = |window: &Duration| usize::try_from(nanos(*window) / every).unwrap_or(1);
        let sums = rule
            .over
            .iter()
            .map(|window| (buckets(window).max(1), Counts::default()));
        let longest = rule.over.iter().max().copied().unwrap_or_default();
        let faults = faults.into_iter().map(|windows| Watched {
            windows: windows.extended(longest),
            latest: None,
        });
        Self {
            sums: sums.collect(),
            faults: faults.collect(),
            next: Instant::START + rule.every,
            rule,
            current: Counts::default(),
            buckets: VecDeque::new(),
            holds_since: None,
            is_firing: false,
            tally: AlertTally::default(),
        }
    }

    /// Evaluates the rule at every moment that has come by `now`.
    fn advance(&mut self, now: Instant) {
        while self.next <= now {
            let at = self.next;
            self.close_bucket();
            self.evaluate(at);
            self.next = at + self.rule.every;
        }
    }

    fn close_bucket(&mut self) {
        let counts = std::mem::take(&mut self.current);
        self.buckets.push_back(counts);
        let held = self.buckets.len();
        for (length, sum) in &mut self.sums {
            sum.add(&counts);
            if let Some(oldest) = held.checked_sub(*length + 1).map(|at| self.buckets[at]) {
                sum.take(&oldest);
            }
        }
        let longest = self.sums.iter().map(|(length, _)| *length).max();
        if held > longest.unwrap_or(0) {
            self.buckets.pop_front();
        }
    }

    fn evaluate(&mut self, at: Instant) {
        let holds = self.sums.iter().all(|(_, counts)| counts.meets(&self.rule));
        self.holds_since = holds.then(|| self.holds_since.unwrap_or(at));
        let since = self.holds_since;
        let fires = since.is_some_and(|since| at.since(since) >= self.rule.pending);
        let begins = fires && !self.is_firing;
        let mut has_cause = false;
        for fault in &mut self.faults {
            has_cause |= fault.advance(at, begins, &mut self.tally);
        }
        if begins {
            self.tally.fired += 1;
            self.tally.false_alarms += u64::from(!has_cause);
        }
        self.is_firing = fires;
    }

    fn finish(mut self, end: Instant) -> AlertTally {
        self.advance(end);
        for fault in &mut self.faults {
            fault.close(&mut self.tally);
        }
        self.tally
    }
}

impl Watched {
    /// Whether the fault can be why a rule fires at `at`; counts a detection if it begins to.
    fn advance(&mut self, at: Instant, begins: bool, tally: &mut AlertTally) -> bool {
        if !self.windows.covers(at) {
            return false;
        }
        let offset = self.windows.offset(at).unwrap_or_default();
        let start = Instant::from_nanos(at.as_nanos().saturating_sub(offset));
        if self.latest.is_none_or(|(latest, _)| latest != start) {
            self.close(tally);
            self.latest = Some((start, false));
            tally.faults += 1;
        }
        if let Some((_, detected)) = self.latest.as_mut().filter(|_| begins)
            && !std::mem::replace(detected, true)
        {
            tally.detection.take(offset, true);
        }
        true
    }

    /// The latest window is over.
    fn close(&mut self, tally: &mut AlertTally) {
        let missed = self.latest.take().is_some_and(|(_, detected)| !detected);
        tally.missed += u64::from(missed);
    }
}

/// What ended, as far as the rule needs it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    /// Calls or attempts; nano-dollars for a cost.
    all: u64,
    /// Of these, those that the signal is about.
    part: u64,
}

impl Counts {
    fn count(&mut self, rule: &AlertRule, seen: Observation) {
        let (all, part) = match (rule.signal, seen) {
            (Signal::SuccessRate, Observation::Call { latency, .. }) => (1, latency.is_some()),
            (Signal::BurnRate { .. }, Observation::Call { latency, .. }) => (1, latency.is_none()),
            (Signal::FallbackRate, Observation::Call { fell_back, .. }) => (1, fell_back),
            (
                Signal::Latency(_),
                Observation::Call {
                    latency: Some(latency),
                    ..
                },
            ) => (1, is_beyond(rule, latency)),
            (Signal::Cost, Observation::Billed(nanos)) => (nanos, false),
            (Signal::FailureRate(own), Observation::Attempt { provider, failed })
                if own == provider =>
            {
                (1, failed)
            }
            _ => return,
        };
        self.all = self.all.saturating_add(all);
        self.part += u64::from(part);
    }

    fn add(&mut self, more: &Self) {
        self.all = self.all.saturating_add(more.all);
        self.part += more.part;
    }

    fn take(&mut self, less: &Self) {
        self.all -= less.all;
        self.part -= less.part;
    }

    /// Whether the comparison holds. Without a call or an attempt there is nothing to compare.
    fn meets(&self, rule: &AlertRule) -> bool {
        let (all, part) = (u128::from(self.all), u128::from(self.part));
        let is = |value: u128, bound: u128| match rule.op {
            Op::AtLeast => value >= bound,
            Op::AtMost => value <= bound,
            Op::Above => value > bound,
            Op::Below => value < bound,
        };
        match (rule.signal, rule.bound) {
            (Signal::Cost, Bound::Money(nanos)) => is(all, u128::from(nanos)),
            _ if all == 0 => false,
            (Signal::Latency(percent), _) => {
                // The percentile lies beyond when more than the rest of the calls do.
                let lies_beyond = part * 100 > all * u128::from(100 - percent.min(100));
                lies_beyond == matches!(rule.op, Op::Above | Op::AtLeast)
            }
            (Signal::BurnRate { budget }, Bound::Number(parts)) => is(
                part * BILLION * BILLION,
                all * u128::from(budget.as_parts()) * u128::from(parts),
            ),
            (_, Bound::Share(parts)) => is(part * BILLION, all * u128::from(parts)),
            _ => false,
        }
    }
}

/// Whether a latency lies above the threshold, or at it where that counts as above.
fn is_beyond(rule: &AlertRule, latency: Duration) -> bool {
    let Bound::Time(bound) = rule.bound else {
        return false;
    };
    match rule.op {
        Op::Above | Op::AtMost => nanos(latency) > bound,
        Op::AtLeast | Op::Below => nanos(latency) >= bound,
    }
}

const BILLION: u128 = 1_000_000_000;

#[cfg(test)]
mod tests;

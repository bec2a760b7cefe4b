//! Uptime: whether an interval was up, by its calls, and which intervals were outages.
//!
//! Arrival time is cut into base windows (10 s by default). Each is merged with the next until
//! together they hold 20 calls; the merged window is down when more than a share of its calls (5 %
//! by default), and at least two, failed. The rest at the end is judged as it is. Calls arrive
//! until the very end of a run: a call at the end belongs to the last window, not to one more.
//! Uptime is weighted by time: a merged window counts as many base windows as it spans. In the
//! scope of a fault only base windows that the fault touches count; time between them is left out.
//! A maximal run of down windows is an outage.
//!
//! Windows fold as a stream: only those that may still change are kept. [`super::collector`] says
//! which calls failed.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::failover::Failover;
use super::fault_impact::Longest;
use super::merge::merges;
use super::subject::Subject;
use crate::time::{Instant, Windows as FaultWindows, nanos};
use crate::units::Share;

/// Windows and outages, counted; lengths are numbers of base windows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct UptimeTally {
    /// Base windows that were judged.
    pub windows: u64,
    /// Those of them that were down.
    pub down: u64,
    /// Outages.
    pub outages: u64,
    /// The longest outage.
    pub longest: u64,
    /// Outages that overlapped with each fault, by fault.
    pub overlapping: Vec<u64>,
}

merges!(UptimeTally {
    windows: sum,
    down: sum,
    outages: sum,
    longest: max,
    overlapping: sum,
});

/// How windows are judged; shared by all scopes of a run.
#[derive(Clone, Debug)]
pub(super) struct WindowConfig {
    /// The length of a base window, in nanoseconds; not zero.
    length: u64,
    /// Down above this share of failed calls.
    down_above: Share,
    /// When arrivals end.
    end: Instant,
    /// The intervals that have a scope: when each fault is active, then others.
    pub(super) stretches: Vec<FaultWindows>,
    /// How many of them are of faults.
    pub(super) faults: usize,
}

impl WindowConfig {
    /// From the subject, with `others` as further intervals.
    pub(super) fn new(subject: &Subject, others: impl Iterator<Item = FaultWindows>) -> Self {
        let uptime = subject.uptime;
        let faults = subject.faults.iter().map(|fault| fault.windows);
        Self {
            length: nanos(uptime.window).max(1),
            down_above: uptime.down_above,
            end: subject.end(),
            stretches: faults.chain(others).collect(),
            faults: subject.faults.len(),
        }
    }

    /// When each fault is active.
    fn faults(&self) -> &[FaultWindows] {
        self.stretches.get(..self.faults).unwrap_or_default()
    }

    /// The length of a base window, in nanoseconds.
    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    const fn index(&self, at: Instant) -> u64 {
        let last = at
            .as_nanos()
            .saturating_sub((at.as_nanos() == self.end.as_nanos()) as u64);
        last / self.length
    }

    const fn start(&self, index: u64) -> Instant {
        Instant::from_nanos(index.saturating_mul(self.length))
    }

    fn is_down(&self, calls: u64, failed: u64) -> bool {
        failed >= MIN_FAILED && self.down_above.is_below(failed, calls)
    }

    /// How many base windows from `from` to `to` (both included) the fault touches, and the first.
    fn touched(&self, fault: &FaultWindows, from: u64, to: u64) -> (u64, Option<u64>) {
        let (mut count, mut first, mut next) = (0, None, from);
        while next <= to {
            let Some((start, end)) = fault.at_or_after(self.start(next)) else {
                break;
            };
            let begin = next.max(self.index(start));
            if begin > to {
                break;
            }
            // `end` itself is no longer covered.
            let last = end.map_or(to, |end| end.as_nanos().saturating_sub(1) / self.length);
            let last = last.clamp(begin, to);
            first = first.or(Some(begin));
            count += last - begin + 1;
            if last == to {
                break;
            }
            next = last + 1;
        }
        (count, first)
    }
}

/// Folds the calls of one scope into its windows.
#[derive(Debug)]
pub(super) struct WindowFold {
    /// The interval of its scope, by position; none = all calls.
    stretch: Option<usize>,
    /// Base windows with calls that are not yet closed, in order.
    open: VecDeque<Window>,
    /// The first base window that is not yet closed.
    next: u64,
    merged: Merged,
    outage: Option<Outage>,
    tally: UptimeTally,
    /// The failover of each fault, by fault; empty in the scope of an interval.
    failovers: Vec<Failover>,
}

/// A base window that holds calls.
#[derive(Debug)]
struct Window {
    index: u64,
    calls: u64,
    failed: u64,
    in_flight: u64,
}

/// Base windows merged so far, not yet judged.
#[derive(Debug, Default)]
struct Merged {
    first: Option<u64>,
    span: u64,
    calls: u64,
    failed: u64,
}

/// A run of down windows that may go on: first and last base window, and their number.
#[derive(Debug)]
struct Outage {
    first: u64,
    last: u64,
    span: u64,
}

impl WindowFold {
    /// For the calls of an interval's scope, or for all.
    pub(super) fn new(stretch: Option<usize>, rules: &WindowConfig) -> Self {
        let watched = if stretch.is_none() { rules.faults } else { 0 };
        Self {
            stretch,
            open: VecDeque::new(),
            next: 0,
            merged: Merged::default(),
            outage: None,
            tally: UptimeTally {
                overlapping: vec![0; rules.faults],
                ..UptimeTally::default()
            },
            failovers: vec![Failover::default(); watched],
        }
    }

    /// Base windows that are currently in memory.
    pub(super) fn held(&self) -> usize {
        self.open.len()
    }

    /// A call of this scope arrived.
    pub(super) fn on_arrival(&mut self, rules: &WindowConfig, at: Instant) {
        // A call that arrives when its window is closed already counts in the next one.
        let index = rules.index(at).max(self.next);
        let place = self.place(index);
        if self
            .open
            .get(place)
            .is_none_or(|found| found.index != index)
        {
            let window = Window {
                index,
                calls: 0,
                failed: 0,
                in_flight: 0,
            };
            self.open.insert(place, window);
        }
        if let Some(window) = self.open.get_mut(place) {
            window.calls += 1;
            window.in_flight += 1;
        }
        self.close_settled(rules);
    }

    /// The call that arrived at `arrived` ended.
    pub(super) fn on_end(&mut self, rules: &WindowConfig, arrived: Instant, failed: bool) {
        // `on_arrival` counted it in the first window from there on: its call keeps it open.
        let place = self.place(rules.index(arrived));
        if let Some(window) = self.open.get_mut(place) {
            window.in_flight = window.in_flight.saturating_sub(1);
            window.failed += u64::from(failed);
        }
        self.close_settled(rules);
    }

    /// Ends the run and every call. Failovers are by fault.
    pub(super) fn finish(mut self, rules: &WindowConfig) -> (UptimeTally, Vec<Longest>) {
        while let Some(window) = self.open.pop_front() {
            self.close(rules, &window);
        }
        if self.merged.calls > 0 {
            self.judge(rules);
        }
        self.end_outage(rules);
        let failovers = self.failovers.into_iter();
        let failovers = failovers.map(|failover| failover.finish(rules.end));
        (self.tally, failovers.collect())
    }

    fn place(&self, index: u64) -> usize {
        self.open.partition_point(|window| window.index < index)
    }

    /// Closes windows from the front whose calls have ended and that no new arrival can reach. One
    /// window of grace lets arrivals come slightly out of order.
    fn close_settled(&mut self, rules: &WindowConfig) {
        let newest = self.open.back().map_or(0, |window| window.index);
        while let Some(window) = self.open.pop_front() {
            if window.in_flight > 0 || window.index.saturating_add(1) >= newest {
                self.open.push_front(window);
                break;
            }
            self.close(rules, &window);
        }
    }

    fn close(&mut self, rules: &WindowConfig, window: &Window) {
        let stretch = self.stretch.and_then(|place| rules.stretches.get(place));
        let (span, first) = match stretch {
            Some(stretch) => rules.touched(stretch, self.next, window.index),
            None => (window.index - self.next + 1, Some(self.next)),
        };
        self.next = window.index.saturating_add(1);
        self.merged.first = self.merged.first.or(first);
        self.merged.span += span;
        self.merged.calls += window.calls;
        self.merged.failed += window.failed;
        if self.merged.calls >= MIN_CALLS {
            self.judge(rules);
        }
    }

    fn judge(&mut self, rules: &WindowConfig) {
        let merged = std::mem::take(&mut self.merged);
        let is_down = rules.is_down(merged.calls, merged.failed);
        self.tally.windows += merged.span;
        let last = self.next.saturating_sub(1);
        let (from, to) = (merged.first.unwrap_or(last), self.next);
        for (failover, fault) in self.failovers.iter_mut().zip(rules.faults()) {
            failover.on_window(fault, rules.start(from), rules.start(to), is_down);
        }
        if !is_down {
            self.end_outage(rules);
            return;
        }
        self.tally.down += merged.span;
        let outage = self.outage.get_or_insert(Outage {
            first: merged.first.unwrap_or(last),
            last,
            span: 0,
        });
        outage.last = last;
        outage.span += merged.span;
    }

    fn end_outage(&mut self, rules: &WindowConfig) {
        let Some(outage) = self.outage.take() else {
            return;
        };
        self.tally.outages += 1;
        self.tally.longest = self.tally.longest.max(outage.span);
        let (start, end) = (
            rules.start(outage.first),
            rules.start(outage.last.saturating_add(1)),
        );
        for (count, fault) in self.tally.overlapping.iter_mut().zip(rules.faults()) {
            let overlaps = fault.at_or_after(start).is_some_and(|(at, _)| at < end);
            *count += u64::from(overlaps);
        }
    }
}

/// The minimum of calls for a judgement.
const MIN_CALLS: u64 = 20;

/// A single failed call is not an outage.
const MIN_FAILED: u64 = 2;

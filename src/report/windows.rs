//! Uptime: whether an interval was up, by its calls, and which intervals were outages.
//!
//! Arrival time is cut into windows of one length (10 s by default), none of them merged. A window
//! is down when all of its calls failed, or when at least two of them did and more than a share of
//! them (5 % by default): one failed call among several is an incident, not an outage. A window
//! without calls keeps the state of the last one that had some, because nothing has changed since
//! then as far as users know; windows before the first call are not judged, because nothing is
//! known of them. Calls arrive until the very end of a run: a call at the end belongs to the last
//! window, not to one more. In the scope of a fault only windows that the fault touches count; time
//! between them is left out. A maximal run of down windows is an outage.
//!
//! That time counts beside calls, and that a state lasts until the next call shows another, follows
//! "Meaningful Availability" (Hauer et al., NSDI 2020): a share of calls is dominated by the most
//! active clients, and does not tell for how long users were without service.
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

/// Windows and outages, counted; lengths are numbers of windows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct UptimeTally {
    /// Windows that were judged.
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
    /// The length of a window, in nanoseconds; not zero.
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

    /// The length of a window, in nanoseconds.
    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    const fn index(&self, at: Instant) -> u64 {
        let last = at
            .as_nanos()
            .saturating_sub((at.as_nanos() == self.end.as_nanos()) as u64);
        last / self.length
    }

    /// The number of windows of the run.
    const fn windows(&self) -> u64 {
        self.end.as_nanos().div_ceil(self.length)
    }

    const fn start(&self, index: u64) -> Instant {
        Instant::from_nanos(index.saturating_mul(self.length))
    }

    /// Whether a window with this many calls, of which so many failed, is down.
    fn is_down(&self, calls: u64, failed: u64) -> bool {
        failed >= calls || failed >= MIN_FAILED && self.down_above.is_below(failed, calls)
    }

    /// The windows of `[from, until)` that `fault` touches; none when it touches none.
    fn touched(&self, fault: &FaultWindows, from: u64, until: u64) -> Option<Span> {
        let mut touched: Option<Span> = None;
        let mut next = from;
        while next < until {
            let Some((start, end)) = fault.at_or_after(self.start(next)) else {
                break;
            };
            let begin = next.max(self.index(start));
            if begin >= until {
                break;
            }
            // `end` itself is no longer covered.
            let over = end.map_or(until, |end| end.as_nanos().div_ceil(self.length));
            next = over.clamp(begin + 1, until);
            let first = touched.map_or(begin, |touched| touched.first);
            touched = Some(Span {
                first,
                until: next,
                windows: touched.map_or(0, |touched| touched.windows) + next - begin,
            });
        }
        touched
    }
}

/// Windows in a row, with or without those between them that do not count.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: u64,
    /// The window after the last.
    until: u64,
    /// How many of them count.
    windows: u64,
}

/// Folds the calls of one scope into its windows.
#[derive(Debug)]
pub(super) struct WindowFold {
    /// The interval of its scope, by position; none = all calls.
    stretch: Option<usize>,
    /// Windows with calls that are not yet closed, in order.
    open: VecDeque<Window>,
    /// The first window that is not yet closed.
    next: u64,
    /// Whether the last window with calls was down; none before the first.
    is_down: Option<bool>,
    /// Down windows in a row that may go on.
    outage: Option<Span>,
    /// The outages so far, as their first window and the first one after; at most [`MOST_KEPT`].
    outages: Vec<(u64, u64)>,
    tally: UptimeTally,
    /// The failover of each fault, by fault; empty in the scope of an interval.
    failovers: Vec<Failover>,
}

/// What the windows of one scope came to.
#[derive(Debug)]
pub(super) struct FinishedWindows {
    pub(super) uptime: UptimeTally,
    /// The failover of each fault, by fault.
    pub(super) failovers: Vec<Longest>,
    /// The first window of each outage, and the first one after it.
    pub(super) outages: Vec<(u64, u64)>,
}

/// A window that holds calls.
#[derive(Debug)]
struct Window {
    index: u64,
    calls: u64,
    failed: u64,
    in_flight: u64,
}

impl WindowFold {
    /// For the calls of an interval's scope, or for all.
    pub(super) fn new(stretch: Option<usize>, rules: &WindowConfig) -> Self {
        let watched = if stretch.is_none() { rules.faults } else { 0 };
        Self {
            stretch,
            open: VecDeque::new(),
            next: 0,
            is_down: None,
            outage: None,
            outages: Vec::new(),
            tally: UptimeTally {
                overlapping: vec![0; rules.faults],
                ..UptimeTally::default()
            },
            failovers: vec![Failover::default(); watched],
        }
    }

    /// Windows that are currently in memory.
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

    /// Ends the run and every call.
    pub(super) fn finish(mut self, rules: &WindowConfig) -> FinishedWindows {
        while let Some(window) = self.open.pop_front() {
            self.close(rules, &window);
        }
        self.keep_state(rules, rules.windows());
        self.end_outage(rules);
        let failovers = self.failovers.into_iter();
        let failovers = failovers.map(|failover| failover.finish(rules.end));
        FinishedWindows {
            uptime: self.tally,
            failovers: failovers.collect(),
            outages: self.outages,
        }
    }

    fn place(&self, index: u64) -> usize {
        // Most calls belong to the last one.
        if self.open.back().is_some_and(|last| last.index == index) {
            return self.open.len() - 1;
        }
        self.open.partition_point(|window| window.index < index)
    }

    /// Closes windows from the front whose calls have ended and that no new arrival can reach. One
    /// window of grace lets arrivals come slightly out of order.
    fn close_settled(&mut self, rules: &WindowConfig) {
        let newest = self.open.back().map_or(0, |window| window.index);
        let is_settled =
            |window: &mut Window| window.in_flight == 0 && window.index.saturating_add(1) < newest;
        while let Some(window) = self.open.pop_front_if(is_settled) {
            self.close(rules, &window);
        }
    }

    fn close(&mut self, rules: &WindowConfig, window: &Window) {
        self.keep_state(rules, window.index);
        let is_down = rules.is_down(window.calls, window.failed);
        self.is_down = Some(is_down);
        self.judge(rules, window.index.saturating_add(1), is_down);
    }

    /// Judges the windows without calls from the next one up to `until`.
    fn keep_state(&mut self, rules: &WindowConfig, until: u64) {
        match self.is_down {
            Some(is_down) if self.next < until => self.judge(rules, until, is_down),
            _ => self.next = self.next.max(until),
        }
    }

    /// The windows from the next one up to `until` were all down, or all up.
    fn judge(&mut self, rules: &WindowConfig, until: u64, is_down: bool) {
        let all = Span {
            first: self.next,
            until,
            windows: until.saturating_sub(self.next),
        };
        self.next = until;
        let stretch = self.stretch.and_then(|place| rules.stretches.get(place));
        let judged = stretch.map_or(Some(all), |stretch| {
            rules.touched(stretch, all.first, until)
        });
        let Some(judged) = judged else {
            return;
        };
        let (from, to) = (rules.start(judged.first), rules.start(judged.until));
        for (failover, fault) in self.failovers.iter_mut().zip(rules.faults()) {
            failover.on_window(fault, from, to, is_down);
        }
        self.tally.windows += judged.windows;
        if !is_down {
            self.end_outage(rules);
            return;
        }
        self.tally.down += judged.windows;
        let outage = self.outage.get_or_insert(Span {
            windows: 0,
            ..judged
        });
        outage.until = judged.until;
        outage.windows += judged.windows;
    }

    fn end_outage(&mut self, rules: &WindowConfig) {
        let Some(outage) = self.outage.take() else {
            return;
        };
        self.tally.outages += 1;
        if self.outages.len() < MOST_KEPT {
            self.outages.push((outage.first, outage.until));
        }
        self.tally.longest = self.tally.longest.max(outage.windows);
        let (start, end) = (rules.start(outage.first), rules.start(outage.until));
        for (count, fault) in self.tally.overlapping.iter_mut().zip(rules.faults()) {
            let overlaps = fault.at_or_after(start).is_some_and(|(at, _)| at < end);
            *count += u64::from(overlaps);
        }
    }
}

/// A single failed call among others is not an outage.
const MIN_FAILED: u64 = 2;

/// Bounds the memory of one run.
const MOST_KEPT: usize = 10_000;

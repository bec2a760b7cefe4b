//! A run over time: at most sixty equal intervals, each with the calls that arrived, how many of
//! them failed, and its attempts and answers.
//!
//! It is for display only: no measure and no verdict reads it. Its memory is fixed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::merge::merges;
use crate::time::{Instant, nanos};

/// Calls and failed calls by time of arrival.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timeline {
    /// The length of an interval, in nanoseconds.
    pub stretch_ns: u64,
    /// Calls that arrived, by interval.
    pub calls: Vec<u64>,
    /// Those of them that failed.
    pub failed: Vec<u64>,
    /// Attempts that began, by interval.
    pub attempts: Vec<u64>,
    /// Calls that succeeded, by the interval in which they ended.
    pub answers: Vec<u64>,
}

impl Timeline {
    /// For a run whose calls arrive within `length`.
    pub(crate) fn new(length: Duration) -> Self {
        let length = nanos(length).max(1);
        let stretch_ns = length.div_ceil(STRETCHES);
        let stretches = usize::try_from(length.div_ceil(stretch_ns)).unwrap_or(1);
        Self {
            stretch_ns,
            calls: vec![0; stretches],
            failed: vec![0; stretches],
            attempts: vec![0; stretches],
            answers: vec![0; stretches],
        }
    }

    /// Adds a call that arrived at `arrived`; one after the end counts at the end.
    pub(crate) fn add(&mut self, arrived: Instant, failed: bool) {
        let place = arrived.as_nanos() / self.stretch_ns.max(1);
        let last = self.calls.len().saturating_sub(1);
        let place = usize::try_from(place).unwrap_or(last).min(last);
        if let (Some(calls), Some(failures)) =
            (self.calls.get_mut(place), self.failed.get_mut(place))
        {
            *calls += 1;
            *failures += u64::from(failed);
        }
    }

    /// Adds an attempt that began at `at`; one after the end of arrivals is not shown.
    pub(crate) fn add_attempt(&mut self, at: Instant) {
        let stretch_ns = self.stretch_ns;
        count(&mut self.attempts, at, stretch_ns);
    }

    /// Adds a call that succeeded at `at`.
    pub(crate) fn add_answer(&mut self, at: Instant) {
        let stretch_ns = self.stretch_ns;
        count(&mut self.answers, at, stretch_ns);
    }
}

merges!(Timeline {
    stretch_ns: max,
    calls: sum,
    failed: sum,
    attempts: sum,
    answers: sum,
});

fn count(counts: &mut [u64], at: Instant, stretch_ns: u64) {
    let place = usize::try_from(at.as_nanos() / stretch_ns.max(1));
    if let Some(count) = place.ok().and_then(|place| counts.get_mut(place)) {
        *count += 1;
    }
}

/// The number of intervals that fit on a line of 80 columns.
const STRETCHES: u64 = 60;

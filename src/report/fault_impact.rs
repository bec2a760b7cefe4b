//! The impact of a fault: the load on its targets while it was active and after it, and the
//! failover time of calls.
//!
//! Attempts count by the time they began, at all of the fault's targets together. "Before" is the
//! time before the fault was first active. `recovery` measures how long a provider took to get its
//! share back, [`super::windows`] which windows were up.

use serde::{Deserialize, Serialize};

use super::merge::merges;
use crate::time::{Instant, Windows, nanos};

/// The impact of one fault.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Aftermath {
    /// Before the fault.
    pub before: Interval,
    /// While it was active.
    pub during: Interval,
    /// The number of its ends within the run.
    pub ends: u64,
    /// The most attempts within one second of the ten seconds after an end.
    pub surge: u64,
    /// From its start to the first window that was up again.
    pub failover: Longest,
}

/// Attempts within an interval.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Interval {
    /// Attempts that began.
    pub attempts: u64,
    /// The length, in nanoseconds.
    pub length_ns: u64,
}

/// The longest of several lengths of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Longest {
    /// How many there were.
    pub count: u64,
    /// The longest, in nanoseconds.
    pub ns: u64,
    /// How many of them were not over at the end of the run.
    pub unended: u64,
}

merges!(Aftermath {
    before: sum,
    during: sum,
    ends: sum,
    surge: max,
    failover: sum,
});

merges!(Interval {
    attempts: sum,
    length_ns: sum,
});

merges!(Longest {
    count: sum,
    ns: max,
    unended: sum,
});

impl Longest {
    /// Takes one more.
    pub(super) fn take(&mut self, ns: u64, has_ended: bool) {
        self.count += 1;
        self.ns = self.ns.max(ns);
        self.unended += u64::from(!has_ended);
    }
}

/// Counts the attempts at the targets of one fault.
#[derive(Debug)]
pub(super) struct Pressure {
    windows: Windows,
    /// The second after an end that is being counted, and its attempts.
    second: (Instant, u64),
}

impl Pressure {
    /// For a fault that is active in `windows`, in a run of length `end`; writes its lengths to
    /// `aftermath`.
    pub(super) fn new(windows: Windows, end: u64, aftermath: &mut Aftermath) -> Self {
        aftermath.before.length_ns = nanos(windows.at).min(end);
        aftermath.during.length_ns = length_within(&windows, end);
        aftermath.ends = ends_within(&windows, end);
        Self {
            windows,
            second: (Instant::START, 0),
        }
    }

    /// An attempt at one of the targets begins.
    pub(super) fn on_start(&mut self, at: Instant, aftermath: &mut Aftermath) {
        if at < Instant::START + self.windows.at {
            aftermath.before.attempts += 1;
        } else if self.windows.covers(at) {
            aftermath.during.attempts += 1;
        } else if let Some(since) = since_end(&self.windows, at).filter(|&since| since < AFTER) {
            let second = Instant::from_nanos(at.as_nanos() - since % SECOND);
            if second != self.second.0 {
                self.second = (second, 0);
            }
            self.second.1 += 1;
            aftermath.surge = aftermath.surge.max(self.second.1);
        }
    }
}

/// How long the fault has been over at `at`, when it is not active; none before its first end.
pub(super) fn since_end(windows: &Windows, at: Instant) -> Option<u64> {
    let end = Instant::START + windows.at + windows.length?;
    let passed = at.as_nanos().checked_sub(end.as_nanos())?;
    Some(match windows.every {
        Some(every) => passed % nanos(every).max(1),
        None => passed,
    })
}

/// The time within the first `end` nanoseconds in which the fault is active.
pub(super) fn length_within(windows: &Windows, end: u64) -> u64 {
    let Some(rest) = end.checked_sub(nanos(windows.at)) else {
        return 0;
    };
    match (windows.length.map(nanos), windows.every.map(nanos)) {
        (None, _) => rest,
        (Some(length), None) => length.min(rest),
        (Some(length), Some(every)) => {
            let every = every.max(1);
            (rest / every).saturating_mul(length) + (rest % every).min(length)
        }
    }
}

/// The number of ends of the fault within the first `end` nanoseconds.
fn ends_within(windows: &Windows, end: u64) -> u64 {
    let first = windows.length.map(|length| nanos(windows.at + length));
    match first.and_then(|first| end.checked_sub(first)) {
        None | Some(0) => 0,
        Some(rest) => match windows.every {
            None => 1,
            Some(every) => rest.div_ceil(nanos(every).max(1)),
        },
    }
}

/// How long after a fault's end attempts at its targets are counted.
const AFTER: u64 = 10 * SECOND;
const SECOND: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn windows(at: u64, length: Option<u64>, every: Option<u64>) -> Windows {
        Windows {
            at: Duration::from_secs(at),
            length: length.map(Duration::from_secs),
            every: every.map(Duration::from_secs),
        }
    }

    #[test]
    fn lengths_and_ends_are_those_of_the_windows() {
        for windows in [
            windows(7, Some(5), Some(20)),
            windows(7, Some(5), None),
            windows(7, None, None),
            windows(0, Some(19), Some(20)),
        ] {
            let (mut covered, mut end, mut ends) = (0, None, 0);
            for second in 0..100 {
                assert_eq!(length_within(&windows, second * SECOND), covered * SECOND);
                assert_eq!(ends_within(&windows, second * SECOND), ends);
                let at = Instant::from_nanos(second * SECOND);
                if windows.covers(at) {
                    covered += 1;
                    end = windows.length.is_some().then_some(second + 1);
                } else {
                    let since = end.map(|end| (second - end) * SECOND);
                    assert_eq!(since_end(&windows, at), since, "{windows:?} {second}");
                    ends += u64::from(since == Some(0));
                }
            }
        }
    }

    #[test]
    fn the_worst_second_after_an_end_counts() {
        let mut aftermath = Aftermath::default();
        let mut pressure = Pressure::new(windows(10, Some(5), None), 100 * SECOND, &mut aftermath);
        for ms in [
            0, 9_999, 10_000, 14_999, 15_000, 15_999, 16_000, 16_500, 16_999, 17_000,
        ] {
            pressure.on_start(Instant::from_nanos(ms * 1_000_000), &mut aftermath);
        }
        for ms in [25_000, 25_001, 25_002, 25_003] {
            pressure.on_start(Instant::from_nanos(ms * 1_000_000), &mut aftermath);
        }
        assert_eq!(
            (aftermath.before.attempts, aftermath.during.attempts),
            (2, 2)
        );
        assert_eq!(aftermath.surge, 3);
    }
}

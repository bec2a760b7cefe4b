//! The impact of a fault: the load on its targets while it was active and after it, and the
//! failover time of calls.
//!
//! Attempts count by the time they began, at all of the fault's targets together. "Before" is the
//! time before the fault was first active. `recovery` measures how long a provider took to get its
//! share back, [`super::windows`] which windows were up.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::merge::merges;
use super::subject::Subject;
use crate::policy::ProviderId;
use crate::time::{Active, Instant, Windows, nanos};

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

/// Counts the attempts at the targets of each fault. An attempt costs as much with a thousand
/// faults as with one: a fault is looked at while it is active, and shortly after.
#[derive(Debug)]
pub(super) struct Pressures {
    all: Vec<Pressure>,
    /// Those to look at.
    awake: Active,
    /// The attempts at each provider so far.
    attempts: Vec<u64>,
    /// When each fault is active for the first time, if it has not been: the next one last.
    to_come: Vec<(Instant, usize)>,
}

/// The same for one fault, once it has been active.
#[derive(Debug)]
struct Pressure {
    targets: Vec<ProviderId>,
    windows: Windows,
    /// The second after an end that is being counted, and its attempts.
    second: (Instant, u64),
}

impl Pressures {
    /// For the faults of `subject`; writes their lengths to `aftermath`.
    pub(super) fn new(subject: &Subject, aftermath: &mut [Aftermath]) -> Self {
        let end = nanos(subject.duration);
        for (fault, aftermath) in subject.faults.iter().zip(aftermath) {
            aftermath.before.length_ns = nanos(fault.windows.at).min(end);
            aftermath.during.length_ns = length_within(&fault.windows, end);
            aftermath.ends = ends_within(&fault.windows, end);
        }
        let faults = subject.faults.iter();
        let faults = faults.map(|fault| (fault.targets.clone(), fault.windows));
        Self::of(faults.collect(), subject.providers.len())
    }

    /// For faults of these targets and windows, and so many providers.
    fn of(faults: Vec<(Vec<ProviderId>, Windows)>, providers: usize) -> Self {
        let all = faults.into_iter().map(|(targets, windows)| Pressure {
            targets,
            windows,
            second: (Instant::START, 0),
        });
        let all: Vec<Pressure> = all.collect();
        let starts = all.iter().map(|one| Instant::START + one.windows.at);
        let mut to_come: Vec<_> = starts.zip(0..).collect();
        to_come.sort_unstable_by(|a, b| b.cmp(a));
        let after = Duration::from_nanos(AFTER);
        let awake = all.iter().map(|one| one.windows.extended(after));
        Self {
            awake: Active::new(awake.collect()),
            attempts: vec![0; providers],
            to_come,
            all,
        }
    }

    /// An attempt at `provider` begins.
    pub(super) fn on_start(
        &mut self,
        provider: ProviderId,
        at: Instant,
        aftermath: &mut [Aftermath],
    ) {
        self.begin(at, aftermath);
        if let Some(count) = self.attempts.get_mut(provider.index()) {
            *count += 1;
        }
        for &place in self.awake.at(at) {
            let one = &mut self.all[place];
            if one.targets.contains(&provider) {
                one.on_start(at, &mut aftermath[place]);
            }
        }
    }

    /// Counts the attempts before each fault that has begun by `at`.
    fn begin(&mut self, at: Instant, aftermath: &mut [Aftermath]) {
        while let Some((_, place)) = self.to_come.pop_if(|(first, _)| *first <= at) {
            let targets = self.attempts.iter().zip((0..).map(ProviderId));
            let own = targets.filter(|(_, id)| self.all[place].targets.contains(id));
            aftermath[place].before.attempts = own.map(|(count, _)| count).sum();
        }
    }

    /// Ends the run.
    pub(super) fn finish(mut self, aftermath: &mut [Aftermath]) {
        self.begin(Instant::from_nanos(u64::MAX), aftermath);
    }
}

impl Pressure {
    fn on_start(&mut self, at: Instant, aftermath: &mut Aftermath) {
        if self.windows.covers(at) {
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
        let fault = windows(10, Some(5), None);
        let mut aftermath = [Aftermath::default()];
        let mut pressures = Pressures::of(vec![(vec![ProviderId(0)], fault)], 2);
        let mut start = |provider: u16, ms: u64| {
            let at = Instant::from_nanos(ms * 1_000_000);
            pressures.on_start(ProviderId(provider), at, &mut aftermath);
        };
        for ms in [
            0, 9_999, 10_000, 14_999, 15_000, 15_999, 16_000, 16_500, 16_999, 17_000,
        ] {
            start(0, ms);
            start(1, ms);
        }
        for ms in [25_000, 25_001, 25_002, 25_003] {
            start(0, ms);
        }
        let [aftermath] = aftermath;
        assert_eq!(
            (aftermath.before.attempts, aftermath.during.attempts),
            (2, 2)
        );
        assert_eq!(aftermath.surge, 3);
    }

    #[test]
    fn attempts_before_a_fault_that_never_begins_are_before_it() {
        let mut aftermath = [Aftermath::default()];
        let fault = windows(50, Some(5), None);
        let mut pressures = Pressures::of(vec![(vec![ProviderId(0)], fault)], 1);
        pressures.on_start(ProviderId(0), Instant::START, &mut aftermath);
        pressures.finish(&mut aftermath);
        assert_eq!(aftermath[0].before.attempts, 1);
    }
}

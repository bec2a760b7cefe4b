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
use crate::time::{Due, Instant, Windows, nanos};

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

/// Counts the attempts at the targets of each fault. They are counted by provider; those within a
/// part of the run are the difference between two counts. So a fault costs something where a window
/// of it begins or ends, and in the seconds after that, but not at each attempt.
#[derive(Debug)]
pub(super) struct Pressures {
    all: Vec<Pressure>,
    /// When the part of each fault ends that the latest attempt was in.
    changes: Due,
    /// The attempts at each provider so far.
    attempts: Vec<u64>,
}

/// The same for one fault.
#[derive(Debug)]
struct Pressure {
    targets: Vec<ProviderId>,
    windows: Windows,
    part: Part,
    /// The attempts at its targets before that part.
    counted: u64,
}

/// A part of the run, by what attempts in it count as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Before the fault is active for the first time.
    Before,
    During,
    /// One of the first seconds after an end.
    After,
    /// Later.
    Later,
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
        let starts = faults
            .iter()
            .map(|(_, windows)| Instant::START + windows.at);
        let changes = Due::all(starts);
        let all = faults.into_iter().map(|(targets, windows)| Pressure {
            targets,
            windows,
            part: Part::Before,
            counted: 0,
        });
        Self {
            all: all.collect(),
            changes,
            attempts: vec![0; providers],
        }
    }

    /// An attempt at `provider` begins. Time does not go back here: one that comes late counts at
    /// the time of the latest.
    pub(super) fn on_start(
        &mut self,
        provider: ProviderId,
        at: Instant,
        aftermath: &mut [Aftermath],
    ) {
        while let Some(place) = self.changes.take(at) {
            let one = &mut self.all[place];
            one.close(&self.attempts, &mut aftermath[place]);
            let (part, end) = part_at(&one.windows, at);
            one.part = part;
            // The last moment that there is has no end.
            self.changes.set(end.filter(|&end| at < end), place);
        }
        if let Some(count) = self.attempts.get_mut(provider.index()) {
            *count += 1;
        }
    }

    /// Ends the run.
    pub(super) fn finish(mut self, aftermath: &mut [Aftermath]) {
        for (one, aftermath) in self.all.iter_mut().zip(aftermath) {
            one.close(&self.attempts, aftermath);
        }
    }
}

impl Pressure {
    /// Its part is over: counts the attempts that began in it.
    fn close(&mut self, attempts: &[u64], aftermath: &mut Aftermath) {
        let targets = self.targets.iter();
        let now = targets.filter_map(|id| attempts.get(id.index())).sum();
        let own = now - std::mem::replace(&mut self.counted, now);
        match self.part {
            Part::Before => aftermath.before.attempts += own,
            Part::During => aftermath.during.attempts += own,
            Part::After => aftermath.surge = aftermath.surge.max(own),
            Part::Later => {}
        }
    }
}

/// The part of the run that `at` is in, and when it ends, if it does. The seconds after an end are
/// counted from it; the last is cut where the fault is active again.
fn part_at(windows: &Windows, at: Instant) -> (Part, Option<Instant>) {
    let start = match windows.at_or_after(at) {
        Some((start, end)) if start <= at => return (Part::During, end),
        next => next.map(|(start, _)| start),
    };
    match since_end(windows, at).filter(|&since| since < AFTER) {
        None => (Part::Later, start),
        Some(since) => {
            let end = at + Duration::from_nanos(SECOND - since % SECOND);
            (Part::After, Some(start.map_or(end, |start| end.min(start))))
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
    use std::collections::BTreeMap;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

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
        pressures.finish(&mut aftermath);
        let [aftermath] = aftermath;
        assert_eq!(
            (aftermath.before.attempts, aftermath.during.attempts),
            (2, 2)
        );
        assert_eq!(aftermath.surge, 3);
    }

    proptest! {
        #[test]
        fn attempts_count_as_the_windows_say_whenever_they_come(
            (at, length, gap) in (0..40_u64, proptest::option::of(1..30_u64), 1..30_u64),
            comes_back: bool,
            mut moments in proptest::collection::vec(0..200_u64, 0..60),
        ) {
            let every = length.filter(|_| comes_back).map(|length| length + gap);
            let windows = windows(at, length, every);
            let mut aftermath = [Aftermath::default()];
            let mut pressures = Pressures::of(vec![(vec![ProviderId(0)], windows)], 1);
            moments.sort_unstable();
            let moments = moments.into_iter().map(|half| Instant::from_nanos(half * SECOND / 2));
            let (mut before, mut during) = (0, 0);
            let mut seconds = BTreeMap::<u64, u64>::new();
            for at in moments {
                pressures.on_start(ProviderId(0), at, &mut aftermath);
                let since = since_end(&windows, at).filter(|&since| since < AFTER);
                match (windows.covers(at), since) {
                    (true, _) => during += 1,
                    (false, Some(since)) => {
                        *seconds.entry(at.as_nanos() - since % SECOND).or_default() += 1;
                    }
                    (false, None) => before += u64::from(windows.offset(at).is_none()),
                }
            }
            pressures.finish(&mut aftermath);
            let [aftermath] = aftermath;
            prop_assert_eq!(aftermath.before.attempts, before);
            prop_assert_eq!(aftermath.during.attempts, during);
            prop_assert_eq!(aftermath.surge, seconds.into_values().max().unwrap_or(0));
        }
    }

    #[test]
    fn the_end_of_time_comes_to_an_end() {
        let end = Instant::from_nanos(u64::MAX);
        let mut fault = windows(0, Some(1), None);
        fault.at = end.since_start() - 5 * Duration::from_secs(1);
        let mut aftermath = [Aftermath::default()];
        let mut pressures = Pressures::of(vec![(vec![ProviderId(0)], fault)], 1);
        for _ in 0..3 {
            pressures.on_start(ProviderId(0), end, &mut aftermath);
        }
        pressures.finish(&mut aftermath);
        assert_eq!(aftermath[0].surge, 3);
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

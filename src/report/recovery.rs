//! Recovery time: how long it took after a fault until a provider answered as it had before.
//!
//! Answers count, not attempts: a provider that is asked and still fails has not recovered. Its
//! rate of answers is the number of attempts that it answered for each call that arrived, so that
//! a load that grows or shrinks is no recovery and no lack of one; "before" is the time before
//! the fault was first active. After each end, seconds are merged with the next until 20 calls
//! arrived in them; the provider has recovered in the first such interval in which it has half of
//! its former rate, and the recovery time is from the fault's end to the interval's start. If it
//! has not recovered when the fault strikes again, the measurement goes on.
//! [`super::fault_impact`] measures the other effects of a fault.

use super::fault_impact::Longest;
use super::subject::Subject;
use crate::policy::ProviderId;
use crate::time::{Instant, Windows, nanos};

/// Measures the recovery of one provider from one fault.
#[derive(Debug)]
pub(super) struct Comeback {
    provider: ProviderId,
    windows: Windows,
    /// When arrivals end.
    end: Instant,
    before: Answered,
    /// The first end of the fault after which nothing was seen yet.
    next_end: Option<Instant>,
    waiting: Option<Waiting>,
}

/// Answers of the provider, and calls that arrived.
#[derive(Clone, Copy, Debug, Default)]
struct Answered {
    answers: u64,
    calls: u64,
}

/// A recovery that has not happened yet.
#[derive(Debug)]
struct Waiting {
    since: Instant,
    /// The merged seconds, `[first, next)`, and the current one.
    first: u64,
    second: u64,
    seen: Answered,
}

impl Comeback {
    /// One for each provider and each fault of `subject` that strikes it and ends.
    pub(super) fn all(subject: &Subject) -> Vec<Self> {
        let end = subject.end();
        let faults = subject.faults.iter();
        let waits = faults.flat_map(|fault| {
            let targets = fault.targets.iter();
            targets.map(move |target| Self::new(*target, fault.windows, end))
        });
        waits.filter(|wait| wait.next_end.is_some()).collect()
    }

    fn new(provider: ProviderId, windows: Windows, end: Instant) -> Self {
        let first = windows
            .length
            .map(|length| Instant::START + windows.at + length);
        Self {
            provider,
            windows,
            end,
            before: Answered::default(),
            next_end: first.filter(|first| *first < end),
            waiting: None,
        }
    }

    /// The provider.
    pub(super) const fn provider(&self) -> ProviderId {
        self.provider
    }

    /// A call arrives.
    pub(super) fn on_arrival(&mut self, at: Instant, tally: &mut Longest) {
        self.pass(at, tally);
        if let Some(seen) = self.counted_at(at) {
            seen.calls += 1;
        }
    }

    /// The provider answered an attempt.
    pub(super) fn on_answer(&mut self, at: Instant, tally: &mut Longest) {
        self.pass(at, tally);
        if let Some(seen) = self.counted_at(at) {
            seen.answers += 1;
        }
    }

    /// The counts to which something at `at` belongs.
    fn counted_at(&mut self, at: Instant) -> Option<&mut Answered> {
        if at >= self.end {
            return None;
        }
        if at < Instant::START + self.windows.at {
            return Some(&mut self.before);
        }
        self.waiting.as_mut().map(|waiting| &mut waiting.seen)
    }

    /// The time is `at`: judges the seconds that are over.
    fn pass(&mut self, at: Instant, tally: &mut Longest) {
        if at >= self.end {
            return;
        }
        self.wait_from_ends(at);
        let Some(waiting) = &mut self.waiting else {
            return;
        };
        let second = at.as_nanos().saturating_sub(waiting.since.as_nanos()) / SECOND;
        if second > waiting.second && waiting.seen.calls >= MIN_CALLS {
            if waiting.seen.is_half_of(self.before) {
                tally.take(waiting.first * SECOND, true);
                self.waiting = None;
                return;
            }
            waiting.first = waiting.second + 1;
            waiting.seen = Answered::default();
        }
        waiting.second = second;
    }

    /// Ends the run.
    pub(super) fn finish(mut self, tally: &mut Longest) {
        self.wait_from_ends(self.end);
        let Some(waiting) = &self.waiting else {
            return;
        };
        if waiting.seen.calls > 0 && waiting.seen.is_half_of(self.before) {
            tally.take(waiting.first * SECOND, true);
        } else {
            let since = self.end.as_nanos().saturating_sub(waiting.since.as_nanos());
            tally.take(since, false);
        }
    }

    /// Begins to wait at the first end before `at`; a provider that answered nothing before has
    /// nothing to recover.
    fn wait_from_ends(&mut self, at: Instant) {
        let Some(since) = self.next_end.filter(|end| *end <= at) else {
            return;
        };
        if self.waiting.is_none() && self.before.answers > 0 {
            self.waiting = Some(Waiting {
                since,
                first: 0,
                second: 0,
                seen: Answered::default(),
            });
        }
        let every = self.windows.every.map(|every| nanos(every).max(1));
        self.next_end = every.and_then(|every| {
            let passed = (at.as_nanos() - since.as_nanos()) / every;
            let next = since
                .as_nanos()
                .checked_add(every.checked_mul(passed + 1)?)?;
            Some(Instant::from_nanos(next)).filter(|next| *next < self.end)
        });
    }
}

impl Answered {
    /// Whether its rate is at least half of that of `other`.
    fn is_half_of(self, other: Self) -> bool {
        let (now, then) = (u128::from(self.answers), u128::from(other.answers));
        2 * now * u128::from(other.calls) >= then * u128::from(self.calls)
    }
}

/// The minimum of calls for a rate.
const MIN_CALLS: u64 = 20;
const SECOND: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const HERE: ProviderId = ProviderId(0);

    /// Ten calls a second for 100 s; the provider answers those in seconds for which `answers` is
    /// true. The fault is from second 20 to 40.
    fn told(every: Option<u64>, answers: impl Fn(u64) -> bool) -> Longest {
        let windows = Windows {
            at: Duration::from_secs(20),
            length: Some(Duration::from_secs(20)),
            every: every.map(Duration::from_secs),
        };
        let end = Instant::from_nanos(100 * SECOND);
        let (mut comeback, mut tally) = (Comeback::new(HERE, windows, end), Longest::default());
        for tenth in 0..1_000 {
            let at = Instant::from_nanos(tenth * SECOND / 10);
            comeback.on_arrival(at, &mut tally);
            if answers(tenth / 10) {
                comeback.on_answer(at, &mut tally);
            }
        }
        comeback.finish(&mut tally);
        tally
    }

    fn back_at(back: u64) -> impl Fn(u64) -> bool {
        move |second| !(20..back).contains(&second)
    }

    #[test]
    fn a_recovery_is_the_first_interval_with_half_the_former_rate() {
        for (back, expected) in [
            (20, 0),
            (40, 0),
            (41, 0),
            (42, 2),
            (60, 20),
            (61, 20),
            (62, 22),
        ] {
            let tally = told(None, back_at(back));
            assert_eq!((tally.count, tally.unended), (1, 0), "{back}");
            assert_eq!(tally.ns, expected * SECOND, "{back}");
        }
    }

    #[test]
    fn a_provider_that_never_answers_again_is_waited_for_until_the_end() {
        let tally = told(None, back_at(1_000));
        assert_eq!((tally.ns, tally.unended), (60 * SECOND, 1));
    }

    #[test]
    fn each_end_is_one_recovery_and_a_late_one_is_waited_for_through_the_next_fault() {
        let tally = told(Some(30), back_at(40));
        assert_eq!((tally.count, tally.ns, tally.unended), (2, 0, 0));
        let tally = told(Some(30), back_at(72));
        assert_eq!((tally.count, tally.ns, tally.unended), (1, 32 * SECOND, 0));
    }

    #[test]
    fn a_provider_that_answered_nothing_before_has_nothing_to_recover() {
        assert_eq!(told(None, |second| second >= 20), Longest::default());
    }
}

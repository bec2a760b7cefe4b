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
use crate::time::{Due, Instant, Windows, nanos};

/// Measures the recoveries of all providers from all faults. A call costs as much with a thousand
/// faults as with one: a recovery is looked at while it is waited for.
#[derive(Debug)]
pub(super) struct Comebacks {
    all: Vec<Comeback>,
    /// The positions of those whose recovery is waited for.
    waiting: Vec<usize>,
    /// When each of the others is to be looked at: at the fault's first start, then at its ends.
    to_come: Due,
    /// When arrivals end.
    end: Instant,
    /// The calls so far, and the answers of each provider.
    calls: u64,
    answers: Vec<u64>,
}

/// Measures the recovery of one provider from one fault.
#[derive(Debug)]
struct Comeback {
    provider: ProviderId,
    windows: Windows,
    /// When arrivals end.
    end: Instant,
    /// Known once the fault has been active.
    before: Option<Answered>,
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

impl Comebacks {
    /// One for each provider and each fault of `subject` that strikes it and ends.
    pub(super) fn new(subject: &Subject) -> Self {
        let end = subject.end();
        let faults = subject.faults.iter();
        let all = faults.flat_map(|fault| {
            let targets = fault.targets.iter();
            targets.map(move |target| Comeback::new(*target, fault.windows, end))
        });
        Self::of(all.collect(), subject.providers.len(), end)
    }

    fn of(mut all: Vec<Comeback>, providers: usize, end: Instant) -> Self {
        all.retain(|one| one.next_end.is_some());
        let starts = all.iter().map(|one| Instant::START + one.windows.at);
        Self {
            to_come: Due::all(starts),
            waiting: Vec::new(),
            end,
            calls: 0,
            answers: vec![0; providers],
            all,
        }
    }

    /// A call arrives.
    pub(super) fn on_arrival(&mut self, at: Instant, tallies: &mut [Longest]) {
        if at >= self.end {
            return;
        }
        self.pass(at, |_| true, tallies);
        self.calls += 1;
        for &place in &self.waiting {
            if let Some(waiting) = &mut self.all[place].waiting {
                waiting.seen.calls += 1;
            }
        }
    }

    /// An attempt at `provider` got a whole answer.
    pub(super) fn on_answer(&mut self, provider: ProviderId, at: Instant, tallies: &mut [Longest]) {
        if at >= self.end {
            return;
        }
        self.pass(at, |asked| asked == provider, tallies);
        if let Some(answers) = self.answers.get_mut(provider.index()) {
            *answers += 1;
        }
        for &place in &self.waiting {
            let one = &mut self.all[place];
            if let Some(waiting) = one.waiting.as_mut().filter(|_| one.provider == provider) {
                waiting.seen.answers += 1;
            }
        }
    }

    /// The time is `at`: looks at those that are due, and at those of these providers whose
    /// recovery is waited for.
    fn pass(&mut self, at: Instant, of: impl Fn(ProviderId) -> bool, tallies: &mut [Longest]) {
        self.look(at);
        let Self {
            all,
            waiting,
            to_come,
            ..
        } = self;
        waiting.retain(|&place| {
            let one = &mut all[place];
            if let Some(tally) = tallies.get_mut(one.provider.index())
                && of(one.provider)
            {
                one.pass(at, tally);
            }
            if one.waiting.is_none() {
                to_come.set(one.next_end, place);
            }
            one.waiting.is_some()
        });
    }

    /// Looks at those that are due by `at`.
    fn look(&mut self, at: Instant) {
        while let Some(place) = self.to_come.take(at) {
            let one = &mut self.all[place];
            let answers = self.answers.get(one.provider.index());
            match one.before {
                Some(_) => one.wait_from_ends(at),
                None => {
                    one.before = Some(Answered {
                        answers: answers.copied().unwrap_or_default(),
                        calls: self.calls,
                    });
                }
            }
            match one.waiting {
                Some(_) => self.waiting.push(place),
                None => self.to_come.set(one.next_end, place),
            }
        }
    }

    /// Ends the run.
    pub(super) fn finish(mut self, tallies: &mut [Longest]) {
        self.look(self.end);
        for one in self.all {
            if let Some(tally) = tallies.get_mut(one.provider.index()) {
                one.finish(tally);
            }
        }
    }
}

impl Comeback {
    fn new(provider: ProviderId, windows: Windows, end: Instant) -> Self {
        let first = windows
            .length
            .map(|length| Instant::START + windows.at + length);
        Self {
            provider,
            windows,
            end,
            before: None,
            next_end: first.filter(|first| *first < end),
            waiting: None,
        }
    }

    /// The time is `at`: judges the seconds that are over.
    fn pass(&mut self, at: Instant, tally: &mut Longest) {
        self.wait_from_ends(at);
        let Some(waiting) = &mut self.waiting else {
            return;
        };
        let second = at.as_nanos().saturating_sub(waiting.since.as_nanos()) / SECOND;
        if second > waiting.second && waiting.seen.calls >= MIN_CALLS {
            if waiting.seen.is_half_of(self.before.unwrap_or_default()) {
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
    fn finish(mut self, tally: &mut Longest) {
        self.wait_from_ends(self.end);
        let Some(waiting) = &self.waiting else {
            return;
        };
        if waiting.seen.calls > 0 && waiting.seen.is_half_of(self.before.unwrap_or_default()) {
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
        let answered = self.before.is_some_and(|before| before.answers > 0);
        if self.waiting.is_none() && answered {
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
        let comeback = Comeback::new(HERE, windows, end);
        let mut comebacks = Comebacks::of(vec![comeback], 1, end);
        let mut tallies = [Longest::default()];
        for tenth in 0..1_000 {
            let at = Instant::from_nanos(tenth * SECOND / 10);
            comebacks.on_arrival(at, &mut tallies);
            if answers(tenth / 10) {
                comebacks.on_answer(HERE, at, &mut tallies);
            }
        }
        comebacks.finish(&mut tallies);
        let [tally] = tallies;
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

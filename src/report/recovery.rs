//! Recovery time: how long a provider took to get its share of the attempts back after a fault.
//!
//! Its share "before" is that of all attempts that began before the fault was first active. After
//! each end, seconds are merged with the next until they hold 20 attempts at any providers; the
//! provider has recovered in the first such interval in which it has half of its former share, and
//! the recovery time is from the fault's end to the interval's start. If it has not recovered when
//! the fault strikes again, the measurement goes on. [`super::fault_impact`] measures the other
//! effects of a fault.

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
    before: Share,
    /// The first end of the fault after which no attempt was seen yet.
    next_end: Option<Instant>,
    waiting: Option<Waiting>,
}

/// Attempts at the provider, and at all.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    here: u64,
    all: u64,
}

/// A recovery that has not happened yet.
#[derive(Debug)]
struct Waiting {
    since: Instant,
    /// The merged seconds, `[first, next)`, and the current one.
    first: u64,
    second: u64,
    share: Share,
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
            before: Share::default(),
            next_end: first.filter(|first| *first < end),
            waiting: None,
        }
    }

    /// The provider.
    pub(super) const fn provider(&self) -> ProviderId {
        self.provider
    }

    /// An attempt at `provider` begins.
    pub(super) fn on_start(&mut self, provider: ProviderId, at: Instant, tally: &mut Longest) {
        if at >= self.end {
            return;
        }
        let is_here = provider == self.provider;
        if at < Instant::START + self.windows.at {
            self.before.add(is_here);
            return;
        }
        self.wait_from_ends(at);
        let Some(waiting) = &mut self.waiting else {
            return;
        };
        let second = at.as_nanos().saturating_sub(waiting.since.as_nanos()) / SECOND;
        if second > waiting.second && waiting.share.all >= MIN_ATTEMPTS {
            if waiting.share.is_half_of(self.before) {
                tally.take(waiting.first * SECOND, true);
                self.waiting = None;
                return;
            }
            waiting.first = waiting.second + 1;
            waiting.share = Share::default();
        }
        waiting.second = second;
        waiting.share.add(is_here);
    }

    /// Ends the run.
    pub(super) fn finish(mut self, tally: &mut Longest) {
        self.wait_from_ends(self.end);
        let Some(waiting) = &self.waiting else {
            return;
        };
        if waiting.share.all > 0 && waiting.share.is_half_of(self.before) {
            tally.take(waiting.first * SECOND, true);
        } else {
            let since = self.end.as_nanos().saturating_sub(waiting.since.as_nanos());
            tally.take(since, false);
        }
    }

    /// Begins to wait at the first end before `at`; a provider without a former share has none to
    /// recover.
    fn wait_from_ends(&mut self, at: Instant) {
        let Some(since) = self.next_end.filter(|end| *end <= at) else {
            return;
        };
        if self.waiting.is_none() && self.before.here > 0 {
            self.waiting = Some(Waiting {
                since,
                first: 0,
                second: 0,
                share: Share::default(),
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

impl Share {
    const fn add(&mut self, is_here: bool) {
        self.here += is_here as u64;
        self.all += 1;
    }

    /// Whether it is at least half of `other`.
    fn is_half_of(self, other: Self) -> bool {
        let (now, then) = (u128::from(self.here), u128::from(other.here));
        2 * now * u128::from(other.all) >= then * u128::from(self.all)
    }
}

/// The minimum of attempts for a share.
const MIN_ATTEMPTS: u64 = 20;
const SECOND: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const HERE: ProviderId = ProviderId(0);
    const THERE: ProviderId = ProviderId(1);

    /// Ten attempts a second for 100 s, by their provider; the fault is from second 20 to 40.
    fn told(every: Option<u64>, provider: impl Fn(u64) -> ProviderId) -> Longest {
        let windows = Windows {
            at: Duration::from_secs(20),
            length: Some(Duration::from_secs(20)),
            every: every.map(Duration::from_secs),
        };
        let end = Instant::from_nanos(100 * SECOND);
        let (mut comeback, mut tally) = (Comeback::new(HERE, windows, end), Longest::default());
        for tenth in 0..1_000 {
            let at = Instant::from_nanos(tenth * SECOND / 10);
            comeback.on_start(provider(tenth / 10), at, &mut tally);
        }
        comeback.finish(&mut tally);
        tally
    }

    fn back_at(back: u64) -> impl Fn(u64) -> ProviderId {
        move |second| {
            if (20..back).contains(&second) {
                THERE
            } else {
                HERE
            }
        }
    }

    #[test]
    fn a_comeback_is_the_first_stretch_with_half_the_former_share() {
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
    fn who_never_comes_back_is_waited_for_until_the_end() {
        let tally = told(None, back_at(1_000));
        assert_eq!((tally.ns, tally.unended), (60 * SECOND, 1));
    }

    #[test]
    fn each_end_is_one_comeback_and_a_late_one_is_waited_for_through_the_next_fault() {
        let tally = told(Some(30), back_at(40));
        assert_eq!((tally.count, tally.ns, tally.unended), (2, 0, 0));
        let tally = told(Some(30), back_at(72));
        assert_eq!((tally.count, tally.ns, tally.unended), (1, 32 * SECOND, 0));
    }

    #[test]
    fn who_had_no_share_has_none_to_get_back() {
        assert_eq!(told(None, |_| THERE), Longest::default());
    }
}

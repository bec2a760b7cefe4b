//! Counts of recent attempts over a sliding window.
//!
//! The window is a ring of ten buckets. The oldest is dropped as a whole, so the counts reach back
//! nine to ten tenths of the window, and memory does not grow with the attempts. The breaker
//! decides what a share leads to.

use std::time::Duration;

use crate::policy::reason::OpenedBy;
use crate::time::{Instant, nanos};
use crate::units::Share;

/// The attempts of the window, and how many of them failed or were slow.
#[derive(Clone, Debug)]
pub(super) struct Window {
    /// Nanoseconds that one bucket holds, at least 1.
    width: u64,
    buckets: [Counts; BUCKETS],
    current: usize,
    /// When the current bucket ends, in nanoseconds; later attempts need a newer one.
    ends: u64,
}

/// How the window rates an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AttemptRating {
    /// It succeeded in time.
    Well,
    /// It succeeded, slowly.
    Slow,
    /// It failed.
    Failed,
}

/// Numbers of attempts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    attempts: u64,
    failed: u64,
    slow: u64,
}

impl Window {
    /// An empty window of this length.
    pub(super) fn new(length: Duration) -> Self {
        Self {
            width: (nanos(length) / BUCKETS as u64).max(1),
            buckets: [Counts::default(); BUCKETS],
            current: 0,
            ends: 0,
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.buckets = [Counts::default(); BUCKETS];
    }

    /// Counts an attempt that ended now. A `now` before an earlier one counts as that one.
    pub(super) fn count(&mut self, kind: AttemptRating, now: Instant) {
        self.age(now);
        let counts = &mut self.buckets[self.current];
        counts.attempts += 1;
        match kind {
            AttemptRating::Well => {}
            AttemptRating::Slow => counts.slow += 1,
            AttemptRating::Failed => counts.failed += 1,
        }
    }

    /// Forgets attempts that are too old at `now`.
    pub(super) fn age(&mut self, now: Instant) {
        if now.as_nanos() >= self.ends {
            self.move_on(now.as_nanos());
        }
    }

    /// The counts of the whole window. Most attempts succeed and need no total, so adding up here
    /// is cheaper than keeping a sum.
    pub(super) fn total(&self) -> Counts {
        let mut total = Counts::default();
        for counts in &self.buckets {
            total.attempts += counts.attempts;
            total.failed += counts.failed;
            total.slow += counts.slow;
        }
        total
    }

    /// Makes the bucket of `now` the current one, and drops those that are now too old.
    fn move_on(&mut self, now: u64) {
        let steps = (now - self.ends) / self.width + 1;
        self.ends = self.ends.saturating_add(steps.saturating_mul(self.width));
        if steps >= BUCKETS as u64 {
            return self.clear();
        }
        for _ in 0..steps {
            self.current = (self.current + 1) % BUCKETS;
            self.buckets[self.current] = Counts::default();
        }
    }
}

impl Counts {
    /// Whether these are at least this many attempts.
    pub(super) fn are(self, attempts: u32) -> bool {
        self.attempts >= u64::from(attempts.max(1))
    }

    /// These, and so many more that are slow.
    pub(super) const fn with_slow(self, slow: u64) -> Self {
        Self {
            attempts: self.attempts + slow,
            slow: self.slow + slow,
            ..self
        }
    }

    /// How many failed.
    pub(super) fn failed(self) -> u64 {
        self.failed
    }

    /// Whether a smaller share than this succeeded.
    pub(super) fn success_is_below(self, share: Share) -> bool {
        share.is_above(self.attempts - self.failed, self.attempts)
    }

    /// As what opened a breaker: the share that succeeded.
    pub(super) const fn as_success_rate(self) -> OpenedBy {
        OpenedBy::SuccessRate {
            failed: self.failed,
            attempts: self.attempts,
        }
    }

    /// As what opened a breaker: the share that was slow.
    pub(super) const fn as_slow_rate(self) -> OpenedBy {
        OpenedBy::SlowRate {
            slow: self.slow,
            attempts: self.attempts,
        }
    }

    /// Whether a larger share than this was slow.
    pub(super) fn slow_is_above(self, share: Share) -> bool {
        share.is_below(self.slow, self.attempts)
    }
}

const BUCKETS: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    #[test]
    fn the_oldest_tenth_is_forgotten_as_a_whole() {
        let mut window = Window::new(Duration::from_nanos(100));
        for moment in [0, 9, 10, 99] {
            window.count(AttemptRating::Failed, Instant::from_nanos(moment));
        }
        assert_eq!(window.total().attempts, 4);
        window.count(AttemptRating::Well, Instant::from_nanos(100));
        assert_eq!((window.total().attempts, window.total().failed), (3, 2));
        window.count(AttemptRating::Well, Instant::from_nanos(5_000));
        assert_eq!((window.total().attempts, window.total().failed), (1, 0));
    }

    #[test]
    fn shares_are_compared_exactly() {
        let mut window = Window::new(Duration::from_secs(1));
        for kind in [
            AttemptRating::Well,
            AttemptRating::Slow,
            AttemptRating::Failed,
        ] {
            window.count(kind, Instant::START);
        }
        assert!(
            window
                .total()
                .success_is_below(Share::from_parts(666_666_667))
        );
        assert!(
            !window
                .total()
                .success_is_below(Share::from_parts(666_666_666))
        );
        assert!(window.total().slow_is_above(Share::from_parts(333_333_333)));
        assert!(!window.total().slow_is_above(Share::from_parts(333_333_334)));
    }

    #[test]
    fn the_end_of_time_is_a_moment_like_any_other() {
        let mut window = Window::new(Duration::MAX);
        window.count(AttemptRating::Slow, Instant::START);
        for _ in 0..3 {
            window.count(AttemptRating::Slow, Instant::from_nanos(u64::MAX));
        }
        assert!(window.total().attempts <= 4 && window.total().are(1));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..ProptestConfig::default()
        })]

        #[test]
        fn it_counts_what_a_list_of_all_attempts_counts(
            length in 1_u64..500,
            gaps in prop::collection::vec((0_u64..80, 0_usize..3), 1..200),
        ) {
            let mut window = Window::new(Duration::from_nanos(length));
            let width = (length / 10).max(1);
            let (mut now, mut all) = (0, Vec::new());
            for (gap, kind) in gaps {
                now += gap;
                let kind = [AttemptRating::Well, AttemptRating::Slow, AttemptRating::Failed][kind];
                window.count(kind, Instant::from_nanos(now));
                all.push((now / width, kind));
                let recent = |wanted: AttemptRating| {
                    let held = all.iter().filter(|(bucket, _)| bucket + 10 > now / width);
                    held.filter(|(_, kind)| *kind == wanted).count() as u64
                };
                prop_assert_eq!(window.total().failed, recent(AttemptRating::Failed));
                prop_assert_eq!(window.total().slow, recent(AttemptRating::Slow));
                let well = window.total().attempts - window.total().failed - window.total().slow;
                prop_assert_eq!(well, recent(AttemptRating::Well));
            }
        }
    }
}

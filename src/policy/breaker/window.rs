//! What the last attempts were like: counts of a stretch of time that moves on with `now`.
//!
//! The window is a ring of ten buckets. The oldest is forgotten as a whole, so the counts reach
//! back nine to ten tenths of the window, and its memory does not grow with the attempts. What a
//! share leads to is left to the breaker.

use std::time::Duration;

use crate::text::units::share::WHOLE;
use crate::time::{Instant, nanos};

/// Attempts of the last while, and how many of them failed or were slow.
#[derive(Clone, Debug)]
pub(super) struct Window {
    /// Nanoseconds that one bucket holds, at least 1.
    width: u64,
    buckets: [Counts; BUCKETS],
    /// All buckets together.
    total: Counts,
    current: usize,
    /// From here on the current bucket is too old to be counted into.
    ends: u64,
}

/// How an attempt was, as far as the window tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It succeeded in time.
    Well,
    /// It succeeded, slowly.
    Slow,
    /// It failed.
    Failed,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
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
            total: Counts::default(),
            current: 0,
            ends: 0,
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.buckets = [Counts::default(); BUCKETS];
        self.total = Counts::default();
    }

    /// Counts an attempt that ended now. A `now` before an earlier one counts as that one.
    pub(super) fn count(&mut self, kind: Kind, now: Instant) {
        if now.as_nanos() >= self.ends {
            self.move_on(now.as_nanos());
        }
        for counts in [&mut self.buckets[self.current], &mut self.total] {
            counts.attempts += 1;
            match kind {
                Kind::Well => {}
                Kind::Slow => counts.slow += 1,
                Kind::Failed => counts.failed += 1,
            }
        }
    }

    /// Whether it holds so many attempts.
    pub(super) fn holds(&self, attempts: u32) -> bool {
        self.total.attempts >= u64::from(attempts.max(1))
    }

    /// Whether a smaller share than this succeeded.
    pub(super) fn success_is_below(&self, share: u64) -> bool {
        let succeeded = self.total.attempts - self.total.failed;
        u128::from(succeeded) * u128::from(WHOLE) < self.attempts_times(share)
    }

    /// Whether a larger share than this was slow.
    pub(super) fn slow_is_above(&self, share: u64) -> bool {
        u128::from(self.total.slow) * u128::from(WHOLE) > self.attempts_times(share)
    }

    fn attempts_times(&self, share: u64) -> u128 {
        u128::from(self.total.attempts) * u128::from(share)
    }

    /// Makes the bucket of `now` the current one, and forgets those that it pushes out.
    fn move_on(&mut self, now: u64) {
        let steps = (now - self.ends) / self.width + 1;
        self.ends = self.ends.saturating_add(steps.saturating_mul(self.width));
        if steps >= BUCKETS as u64 {
            return self.clear();
        }
        for _ in 0..steps {
            self.current = (self.current + 1) % BUCKETS;
            let old = std::mem::take(&mut self.buckets[self.current]);
            self.total.attempts -= old.attempts;
            self.total.failed -= old.failed;
            self.total.slow -= old.slow;
        }
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
            window.count(Kind::Failed, Instant::from_nanos(moment));
        }
        assert_eq!(window.total.attempts, 4);
        window.count(Kind::Well, Instant::from_nanos(100));
        assert_eq!((window.total.attempts, window.total.failed), (3, 2));
        window.count(Kind::Well, Instant::from_nanos(5_000));
        assert_eq!((window.total.attempts, window.total.failed), (1, 0));
    }

    #[test]
    fn shares_are_compared_exactly() {
        let mut window = Window::new(Duration::from_secs(1));
        for kind in [Kind::Well, Kind::Slow, Kind::Failed] {
            window.count(kind, Instant::START);
        }
        assert!(window.success_is_below(666_666_667));
        assert!(!window.success_is_below(666_666_666));
        assert!(window.slow_is_above(333_333_333));
        assert!(!window.slow_is_above(333_333_334));
    }

    #[test]
    fn the_end_of_time_is_a_moment_like_any_other() {
        let mut window = Window::new(Duration::MAX);
        window.count(Kind::Slow, Instant::START);
        for _ in 0..3 {
            window.count(Kind::Slow, Instant::from_nanos(u64::MAX));
        }
        assert!(window.total.attempts <= 4 && window.holds(1));
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
                let kind = [Kind::Well, Kind::Slow, Kind::Failed][kind];
                window.count(kind, Instant::from_nanos(now));
                all.push((now / width, kind));
                let recent = |wanted: Kind| {
                    let held = all.iter().filter(|(bucket, _)| bucket + 10 > now / width);
                    held.filter(|(_, kind)| *kind == wanted).count() as u64
                };
                prop_assert_eq!(window.total.failed, recent(Kind::Failed));
                prop_assert_eq!(window.total.slow, recent(Kind::Slow));
                let well = window.total.attempts - window.total.failed - window.total.slow;
                prop_assert_eq!(well, recent(Kind::Well));
            }
        }
    }
}

//! A token bucket: limits on attempts, tokens and money use it to measure what is left.
//!
//! Amounts are kept multiplied by the length of `per` in nanoseconds, so that the inflow of one
//! nanosecond is an integer and nothing is lost to rounding. A bucket may be in debt, since more
//! can be taken than it holds; a debt only delays. The owner of the bucket decides what it
//! measures, and what to do while it is too empty.

use std::time::Duration;

use crate::time::{Instant, nanos};

/// An amount that grows evenly up to a bound.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    /// Negative in debt. This and the next two are multiplied by `per`.
    level: i128,
    capacity: i128,
    deepest: i128,
    rate: u64,
    per: u64,
    now: Instant,
}

impl Bucket {
    /// A full bucket into which `rate` flows in `per`. Its capacity is the inflow of `per` /
    /// `parts`, and at least 1.
    pub(super) fn new(rate: u64, per: Duration, parts: u64) -> Self {
        let per = nanos(per).max(1);
        let capacity = product(rate, per) / i128::from(parts.max(1));
        let capacity = capacity.max(i128::from(per));
        Self {
            level: capacity,
            capacity,
            deepest: i128::MIN,
            rate,
            per,
            now: Instant::START,
        }
    }

    /// The same, but its debt is at most what flows in during `per`.
    pub(super) fn forgiving(self) -> Self {
        let deepest = -product(self.rate, self.per);
        Self { deepest, ..self }
    }

    /// When the bucket holds `amount`, or is full: `now` or later.
    pub(super) fn ready_at(&mut self, amount: u64, now: Instant) -> Instant {
        self.fill(now);
        let wanted = product(amount, self.per).min(self.capacity);
        let short = wanted.saturating_sub(self.level);
        if short <= 0 {
            return now;
        }
        let wait = short
            .saturating_add(i128::from(self.rate) - 1)
            .checked_div(i128::from(self.rate))
            .and_then(|wait| u64::try_from(wait).ok());
        now + Duration::from_nanos(wait.unwrap_or(u64::MAX))
    }

    /// Takes `amount`, even if the bucket holds less.
    pub(super) fn take(&mut self, amount: u64, now: Instant) {
        self.fill(now);
        let level = self.level.saturating_sub(product(amount, self.per));
        self.level = level.max(self.deepest);
    }

    /// Puts `taken` back and takes `used` instead.
    pub(super) fn settle(&mut self, taken: u64, used: u64, now: Instant) {
        self.fill(now);
        let level = self.level.saturating_add(product(taken, self.per));
        let level = level.saturating_sub(product(used, self.per));
        self.level = level.clamp(self.deepest, self.capacity);
    }

    fn fill(&mut self, now: Instant) {
        let inflow = product(nanos(now.since(self.now)), self.rate);
        self.level = self.level.saturating_add(inflow).min(self.capacity);
        self.now = self.now.max(now);
    }
}

/// The product, or the largest number if it is larger than that.
fn product(one: u64, other: u64) -> i128 {
    i128::try_from(u128::from(one) * u128::from(other)).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn what_flows_in_between_is_never_rounded_away() {
        // 7 in a minute come every 8 571 428 571.43 ns.
        let mut bucket = Bucket::new(7, MINUTE, 7);
        for at in (0..60_000_000_000).step_by(999_983) {
            bucket.fill(Instant::from_nanos(at));
            if at == 0 {
                (0..7).for_each(|_| bucket.take(1, Instant::START));
            }
        }
        let end = Instant::START + MINUTE;
        assert_eq!(bucket.ready_at(1, Instant::from_nanos(59_999_999_999)), end);
        assert_eq!(bucket.ready_at(1, end), end);
    }

    #[test]
    fn what_never_comes_is_waited_for_until_the_end_of_time() {
        let mut bucket = Bucket::new(0, MINUTE, 1);
        assert_eq!(bucket.ready_at(5, Instant::START), Instant::START);
        bucket.take(1, Instant::START);
        let end = Instant::from_nanos(u64::MAX);
        assert_eq!(bucket.ready_at(1, Instant::START), end);
    }

    #[test]
    fn extremes_are_no_harm() {
        let mut bucket = Bucket::new(u64::MAX, Duration::MAX, 1);
        let end = Instant::from_nanos(u64::MAX);
        for _ in 0..3 {
            bucket.take(u64::MAX, Instant::START);
            bucket.settle(u64::MAX, 0, end);
            bucket.settle(0, u64::MAX, end);
        }
        assert!(bucket.ready_at(u64::MAX, end) >= end);
    }

    #[test]
    fn a_moment_that_lies_behind_brings_nothing() {
        let mut bucket = Bucket::new(60, MINUTE, 60);
        let at = |second| Instant::START + Duration::from_secs(second);
        bucket.take(1, at(10));
        assert_eq!(bucket.ready_at(1, at(5)), at(6));
        assert_eq!(bucket.ready_at(1, at(11)), at(11));
    }
}

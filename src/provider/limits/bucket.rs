//! A limit as a bucket that refills continuously.
//!
//! The bucket holds the limit of one period and starts full, so a burst of exactly the limit passes
//! at once, and after it one per period / limit. Charges on completion may make it negative.

use std::time::Duration;

use crate::time::{Instant, nanos};

/// A bucket.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    limit: u64,
    /// In nanoseconds: this many units make one counted item, and each nanosecond adds as many
    /// units as the limit, so that no fraction is lost.
    per: u64,
    level: i128,
    at: Instant,
}

impl Bucket {
    /// A full bucket of `limit` in `per`.
    pub(super) fn new(limit: u64, per: Duration) -> Self {
        let mut bucket = Self {
            limit,
            per: nanos(per).max(1),
            level: 0,
            at: Instant::START,
        };
        bucket.level = bucket.units(limit);
        bucket
    }

    /// Advances to `now`, with the limit `limit`. The refill since the last time is at this limit's
    /// rate; the excess over the capacity is lost.
    pub(super) fn advance(&mut self, now: Instant, limit: u64) {
        self.limit = limit;
        let gained = u128::from(nanos(now.since(self.at))).saturating_mul(u128::from(limit));
        let gained = i128::try_from(gained).unwrap_or(i128::MAX);
        self.level = self.level.saturating_add(gained).min(self.units(limit));
        self.at = self.at.max(now);
    }

    /// How much would be admitted.
    pub(super) fn remaining(&self) -> u64 {
        let whole = self.level.max(0) / i128::from(self.per);
        u64::try_from(whole).unwrap_or(u64::MAX)
    }

    /// How long until `amount`, at most the limit, would be admitted.
    pub(super) fn wait(&self, amount: u64) -> Duration {
        self.until(self.units(amount))
    }

    /// How long until it is full.
    pub(super) fn reset(&self) -> Duration {
        self.until(self.units(self.limit))
    }

    /// Takes `amount`, even below zero.
    pub(super) fn take(&mut self, amount: u64) {
        self.level = self.level.saturating_sub(self.units(amount));
    }

    /// Charges a refused request: takes at most what is there. It leaves no debt, or a client that
    /// retries for a minute could be refused for an hour.
    pub(super) fn take_in_vain(&mut self, amount: u64) {
        let there = self.level.clamp(0, self.units(amount));
        self.level -= there;
    }

    /// Returns `amount` of what was taken.
    pub(super) fn give_back(&mut self, amount: u64) {
        let level = self.level.saturating_add(self.units(amount));
        self.level = level.min(self.units(self.limit));
    }

    fn units(&self, amount: u64) -> i128 {
        i128::from(amount).saturating_mul(i128::from(self.per))
    }

    /// How long until `level` is reached; forever without a refill.
    fn until(&self, level: i128) -> Duration {
        let missing = u128::try_from(level.saturating_sub(self.level)).unwrap_or(0);
        let wait = match self.limit {
            _ if missing == 0 => 0,
            0 => u128::MAX,
            limit => missing.div_ceil(u128::from(limit)),
        };
        Duration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn admitted(bucket: &mut Bucket, now: Instant, requests: u64) -> usize {
        bucket.advance(now, bucket.limit);
        (0..requests)
            .filter(|_| {
                let fits = bucket.wait(1).is_zero();
                bucket.take(u64::from(fits));
                fits
            })
            .count()
    }

    #[test]
    fn exactly_the_limit_passes_in_the_first_instant() {
        let mut bucket = Bucket::new(5_000, MINUTE);
        assert_eq!(admitted(&mut bucket, Instant::START, 10_000), 5_000);
    }

    #[test]
    fn a_sixtieth_of_the_limit_passes_each_second_after() {
        let mut bucket = Bucket::new(600, MINUTE);
        admitted(&mut bucket, Instant::START, 600);
        for second in 1..=100 {
            let now = Instant::from_nanos(second * 1_000_000_000);
            assert_eq!(admitted(&mut bucket, now, 50), 10, "second {second}");
        }
    }

    #[test]
    fn no_fraction_of_a_request_is_lost() {
        let mut bucket = Bucket::new(7, MINUTE);
        admitted(&mut bucket, Instant::START, 7);
        let hour = (1..=3_600_000).map(|ms| Instant::from_nanos(ms * 1_000_000));
        assert_eq!(
            hour.map(|now| admitted(&mut bucket, now, 1)).sum::<usize>(),
            420
        );
    }

    #[test]
    fn who_waits_as_told_is_admitted_and_no_sooner() {
        let mut bucket = Bucket::new(7, MINUTE);
        admitted(&mut bucket, Instant::START, 7);
        let wait = bucket.wait(1);
        assert_eq!(bucket.remaining(), 0);
        assert_eq!(bucket.reset(), MINUTE);
        let then = Instant::START + wait;
        let early = then - Duration::from_nanos(1);
        assert_eq!(admitted(&mut bucket, early, 1), 0);
        assert_eq!(admitted(&mut bucket, then, 1), 1);
    }

    #[test]
    fn a_debt_is_paid_before_anything_is_admitted() {
        let mut bucket = Bucket::new(60, MINUTE);
        bucket.take(90);
        assert_eq!((bucket.remaining(), bucket.wait(1).as_secs()), (0, 31));
        assert_eq!(bucket.reset(), MINUTE + MINUTE / 2);
        bucket.give_back(1_000);
        assert_eq!((bucket.remaining(), bucket.reset()), (60, Duration::ZERO));
    }

    #[test]
    fn who_hammers_is_never_admitted_and_who_stops_soon_is() {
        let mut bucket = Bucket::new(60, MINUTE);
        admitted(&mut bucket, Instant::START, 60);
        for tenth in 1..=6_000 {
            let now = Instant::from_nanos(tenth * 100_000_000);
            assert_eq!(admitted(&mut bucket, now, 1), 0, "after {now}");
            bucket.take_in_vain(1);
        }
        assert_eq!(bucket.wait(1), Duration::from_secs(1));
    }

    #[test]
    fn a_limit_that_shrinks_lets_less_in_and_holds_less() {
        let mut bucket = Bucket::new(600, MINUTE);
        bucket.advance(Instant::START, 60);
        assert_eq!(bucket.remaining(), 60);
        bucket.take(60);
        bucket.advance(Instant::START + Duration::from_secs(10), 60);
        assert_eq!(bucket.remaining(), 10);
        bucket.advance(Instant::START + Duration::from_secs(20), 600);
        assert_eq!(bucket.remaining(), 110);
    }

    #[test]
    fn an_absurd_limit_neither_panics_nor_admits_wrongly() {
        let end = Instant::from_nanos(u64::MAX);
        assert_eq!(admitted(&mut Bucket::new(0, MINUTE), end, 3), 0);
        let mut bucket = Bucket::new(u64::MAX, MINUTE);
        assert_eq!(admitted(&mut bucket, Instant::START, 3), 3);
        assert_eq!(admitted(&mut bucket, end, 3), 3);
        assert_eq!(admitted(&mut bucket, Instant::START, 3), 3);
    }
}

//! A limit on requests per minute, as a bucket that refills continuously.
//!
//! The bucket holds a minute's worth and starts full, so a burst of exactly the limit passes at
//! once, and after it one request per 60 s / limit. A refused request takes nothing from it (at
//! some real providers it does). What a refusal looks like is `wire`'s matter.

use std::time::Duration;

use crate::time::{Instant, nanos};
use crate::wire::writer::Quota;

/// A bucket of requests.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    rpm: u64,
    /// In units of which [`REQUEST`] make a request: each nanosecond adds `rpm` of them, so that
    /// no fraction is ever lost.
    level: u128,
    at: Instant,
}

/// What the limit says to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Come in; this is left.
    Admitted(Quota),
    /// Not now, but after this wait.
    Refused(Quota, Duration),
}

impl Bucket {
    /// A full bucket of `rpm` requests.
    pub(super) fn new(rpm: u64) -> Self {
        Self {
            rpm,
            level: u128::from(rpm) * REQUEST,
            at: Instant::START,
        }
    }

    /// A request comes at `now`.
    pub(super) fn admit(&mut self, now: Instant) -> Admission {
        self.refill(now);
        match self.level.checked_sub(REQUEST) {
            Some(level) => {
                self.level = level;
                Admission::Admitted(self.quota())
            }
            None => Admission::Refused(self.quota(), self.until(REQUEST)),
        }
    }

    /// What an answer says of the limit when, whatever the bucket holds, nothing is left.
    pub(super) fn exhausted(&self, reset: Duration) -> Quota {
        Quota {
            limit: self.rpm,
            remaining: 0,
            reset,
        }
    }

    fn refill(&mut self, now: Instant) {
        let gained = u128::from(nanos(now.since(self.at))) * u128::from(self.rpm);
        self.level = self.level.saturating_add(gained).min(self.full());
        self.at = self.at.max(now);
    }

    fn quota(&self) -> Quota {
        Quota {
            limit: self.rpm,
            remaining: u64::try_from(self.level / REQUEST).unwrap_or(u64::MAX),
            reset: self.until(self.full()),
        }
    }

    fn full(&self) -> u128 {
        u128::from(self.rpm) * REQUEST
    }

    /// How long until `level` is reached; for ever when nothing flows in.
    fn until(&self, level: u128) -> Duration {
        let missing = level.saturating_sub(self.level);
        let wait = match self.rpm {
            0 => u128::MAX,
            rpm => missing.div_ceil(u128::from(rpm)),
        };
        Duration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX))
    }
}

/// What one request takes: a minute, in nanoseconds.
const REQUEST: u128 = 60_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(bucket: &mut Bucket, now: Instant, requests: u64) -> usize {
        (0..requests)
            .filter(|_| matches!(bucket.admit(now), Admission::Admitted(_)))
            .count()
    }

    #[test]
    fn exactly_the_limit_passes_in_the_first_instant() {
        let mut bucket = Bucket::new(5_000);
        assert_eq!(admitted(&mut bucket, Instant::START, 10_000), 5_000);
    }

    #[test]
    fn a_sixtieth_of_the_limit_passes_each_second_after() {
        let mut bucket = Bucket::new(600);
        admitted(&mut bucket, Instant::START, 600);
        for second in 1..=100 {
            let now = Instant::from_nanos(second * 1_000_000_000);
            assert_eq!(admitted(&mut bucket, now, 50), 10, "second {second}");
        }
    }

    #[test]
    fn no_fraction_of_a_request_is_lost() {
        let mut bucket = Bucket::new(7);
        admitted(&mut bucket, Instant::START, 7);
        let hour = (1..=3_600_000).map(|ms| Instant::from_nanos(ms * 1_000_000));
        assert_eq!(
            hour.map(|now| admitted(&mut bucket, now, 1)).sum::<usize>(),
            420
        );
    }

    #[test]
    fn who_waits_as_told_is_admitted_and_no_sooner() {
        let mut bucket = Bucket::new(7);
        admitted(&mut bucket, Instant::START, 7);
        let Admission::Refused(quota, wait) = bucket.admit(Instant::START) else {
            panic!("the bucket is empty");
        };
        assert_eq!(quota.remaining, 0);
        assert_eq!(quota.reset, Duration::from_secs(60));
        let then = Instant::START + wait;
        let early = then - Duration::from_nanos(1);
        assert!(matches!(bucket.admit(early), Admission::Refused(..)));
        assert!(matches!(bucket.admit(then), Admission::Admitted(_)));
    }

    #[test]
    fn an_absurd_limit_neither_panics_nor_admits_wrongly() {
        let end = Instant::from_nanos(u64::MAX);
        assert_eq!(admitted(&mut Bucket::new(0), end, 3), 0);
        let mut bucket = Bucket::new(u64::MAX);
        assert_eq!(admitted(&mut bucket, Instant::START, 3), 3);
        assert_eq!(admitted(&mut bucket, end, 3), 3);
        assert_eq!(admitted(&mut bucket, Instant::START, 3), 3);
    }
}

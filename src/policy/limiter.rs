//! The client's own limits: attempts and tokens per minute at one provider.
//!
//! A limit per minute is kept by a token bucket. Its capacity is a tenth of the limit, and at least
//! one attempt. With the whole limit as capacity, a client could send the limit at once after a
//! pause and the limit again while the bucket refills, all within a minute: twice what a provider
//! with a sliding window allows. With a tenth, any minute sees at most a tenth more than the limit,
//! and a burst of six seconds' worth can still be sent at once.
//!
//! An attempt takes its expected tokens, and settles when the actual ones are known: unused tokens
//! come back, and tokens beyond the estimate are a debt, which delays the next attempt. A debt is
//! at most a minute's worth, since no provider counts further back. The call decides what it does
//! while there is no room; [`super::hints`] reads the provider's own headers about its limits.

use std::time::Duration;

use super::bucket::Bucket;
use crate::time::Instant;

/// The limits of one provider, as token buckets.
#[derive(Clone, Debug)]
pub(crate) struct Limiter {
    attempts: Option<Bucket>,
    tokens: Option<Bucket>,
}

impl Limiter {
    /// Full buckets for these attempts and tokens per minute; none = no such limit.
    pub(crate) fn new(rpm: Option<u64>, tpm: Option<u64>) -> Self {
        let bucket = |limit| Bucket::new(limit, MINUTE, PARTS).forgiving();
        Self {
            attempts: rpm.map(bucket),
            tokens: tpm.map(bucket),
        }
    }

    /// When an attempt of this many tokens may start: `now` or later. An attempt larger than a
    /// bucket's capacity may start when the bucket is full.
    pub(crate) fn ready_at(&mut self, tokens: u64, now: Instant) -> Instant {
        let mut ready = now;
        for (bucket, amount) in [(&mut self.attempts, 1), (&mut self.tokens, tokens)] {
            if let Some(bucket) = bucket {
                ready = ready.max(bucket.ready_at(amount, now));
            }
        }
        ready
    }

    /// Takes an attempt of this many tokens; the caller has checked [`Self::ready_at`].
    pub(crate) fn take(&mut self, tokens: u64, now: Instant) {
        for (bucket, amount) in [(&mut self.attempts, 1), (&mut self.tokens, tokens)] {
            if let Some(bucket) = bucket {
                bucket.take(amount, now);
            }
        }
    }

    /// An attempt that took `expected` tokens has used `used`.
    pub(crate) fn settle(&mut self, expected: u64, used: u64, now: Instant) {
        if let Some(bucket) = &mut self.tokens {
            bucket.settle(expected, used, now);
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);

/// A bucket's capacity is a tenth of a minute's worth.
const PARTS: u64 = 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    #[test]
    fn without_limits_there_is_always_room() {
        let mut limiter = Limiter::new(None, None);
        for _ in 0..100 {
            assert_eq!(limiter.ready_at(u64::MAX, at(1)), at(1));
            limiter.take(u64::MAX, at(1));
            limiter.settle(0, u64::MAX, at(1));
        }
    }

    #[test]
    fn a_burst_of_a_tenth_goes_out_at_once_and_the_rest_evenly() {
        let mut limiter = Limiter::new(Some(600), None);
        assert_eq!(sent(&mut limiter, 0, at(0)), 60);
        assert_eq!(
            limiter.ready_at(0, at(0)),
            at(0) + Duration::from_millis(100)
        );
        assert_eq!(sent(&mut limiter, 0, at(3)), 30);
        assert_eq!(sent(&mut limiter, 0, at(300)), 60, "no more is saved up");
    }

    #[test]
    fn a_small_limit_still_lets_one_attempt_at_a_time_through() {
        let mut limiter = Limiter::new(Some(2), None);
        assert_eq!(sent(&mut limiter, 0, at(0)), 1);
        assert_eq!(limiter.ready_at(0, at(0)), at(30));
    }

    #[test]
    fn the_scarcer_of_both_decides() {
        let mut limiter = Limiter::new(Some(6_000), Some(6_000));
        limiter.take(600, at(0));
        assert_eq!(limiter.ready_at(0, at(0)), at(0));
        assert_eq!(limiter.ready_at(100, at(0)), at(1));
        let mut limiter = Limiter::new(Some(60), Some(6_000));
        (0..6).for_each(|_| limiter.take(1, at(0)));
        assert_eq!(limiter.ready_at(100, at(0)), at(1));
    }

    #[test]
    fn what_was_not_used_comes_back_and_what_was_used_on_top_delays() {
        let mut limiter = Limiter::new(None, Some(6_000));
        limiter.take(600, at(0));
        limiter.settle(600, 200, at(0));
        assert_eq!(limiter.ready_at(400, at(0)), at(0));
        limiter.settle(0, 500, at(0));
        assert_eq!(limiter.ready_at(100, at(0)), at(2), "a debt of 100 tokens");
        limiter.settle(600, 0, at(100));
        assert_eq!(
            sent(&mut limiter, 1, at(100)),
            600,
            "a bucket never overflows"
        );
    }

    #[test]
    fn what_is_larger_than_a_bucket_waits_until_it_is_full() {
        let mut limiter = Limiter::new(None, Some(6_000));
        assert_eq!(limiter.ready_at(5_000, at(0)), at(0));
        limiter.take(5_000, at(0));
        assert_eq!(limiter.ready_at(1, at(0)).since(at(44)).as_millis(), 10);
        assert_eq!(limiter.ready_at(5_000, at(0)), at(50));
    }

    #[test]
    fn an_absurd_count_of_used_tokens_costs_a_minute_and_not_the_client() {
        let mut limiter = Limiter::new(None, Some(6_000));
        limiter.settle(0, u64::MAX, at(0));
        assert_eq!(limiter.ready_at(600, at(0)), at(66));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..ProptestConfig::default()
        })]

        /// Compared with a list of everything that was taken.
        #[test]
        fn no_minute_sees_more_than_the_limit_and_a_tenth(
            rpm in prop::option::of(1_u64..300),
            tpm in prop::option::of(1_u64..5_000),
            asks in prop::collection::vec((0_u64..2_000, 0_u64..700), 1..200),
        ) {
            let mut limiter = Limiter::new(rpm, tpm);
            let mut log: Vec<(Instant, u64)> = Vec::new();
            let mut now = Instant::START;
            for (gap, tokens) in asks {
                now = now + Duration::from_millis(gap);
                let ready = limiter.ready_at(tokens, now);
                prop_assert!(ready >= now);
                if ready > now {
                    let early = ready - Duration::from_nanos(1);
                    prop_assert_eq!(limiter.clone().ready_at(tokens, early), ready);
                }
                now = ready;
                limiter.take(tokens, now);
                log.push((now, tokens));
                let minute = log.iter().filter(|(at, _)| *at + MINUTE > now);
                let (attempts, used, largest) = minute.fold((0, 0, 0), |sums, (_, tokens)| {
                    (sums.0 + 1, sums.1 + tokens, tokens.max(&sums.2).to_owned())
                });
                prop_assert!(rpm.is_none_or(|rpm| attempts * 10 <= rpm * 11 + 10));
                let most = |tpm: u64| tpm * 10 + tpm.max(largest * 10) + 10;
                prop_assert!(tpm.is_none_or(|tpm| used * 10 <= most(tpm)));
            }
        }
    }

    /// How many attempts may start at this moment.
    fn sent(limiter: &mut Limiter, tokens: u64, now: Instant) -> u64 {
        let mut sent = 0;
        while limiter.ready_at(tokens, now) == now {
            limiter.take(tokens, now);
            sent += 1;
        }
        sent
    }

    fn at(second: u64) -> Instant {
        Instant::START + Duration::from_secs(second)
    }
}

//! The spend budget: what all calls of one client together may cost in a period.
//!
//! Spent money becomes available again at a constant rate, not at period boundaries: at most `max`
//! at once, and `max` per `per` on average. Within one period of length `per` up to twice `max` may
//! be spent: `max` at once, and what came back since.
//!
//! An attempt takes its expected cost, and settles when the actual cost is known. The excess is a
//! debt, and no attempt starts before it has come back. A debt is unlimited, since the money is
//! already spent. [`super::provider_info`] computes the expected cost.

use super::bucket::Bucket;
use super::config;
use crate::time::Instant;
use crate::units::Money;

/// The budget as a token bucket.
#[derive(Clone, Debug)]
pub(crate) struct Spend {
    left: Bucket,
}

impl Spend {
    /// Nothing is spent yet.
    pub(crate) fn new(settings: config::Spend) -> Self {
        Self {
            left: Bucket::new(settings.max.as_nanos(), settings.per, 1),
        }
    }

    /// When an attempt with this expected cost may start: `now` or later. An attempt that costs
    /// more than `max` may start when the bucket is full.
    pub(crate) fn ready_at(&mut self, expected: Money, now: Instant) -> Instant {
        self.left.ready_at(expected.as_nanos(), now)
    }

    /// An attempt with this expected cost starts.
    pub(crate) fn take(&mut self, expected: Money, now: Instant) {
        self.left.take(expected.as_nanos(), now);
    }

    /// An attempt with this expected cost has cost `actual`.
    pub(crate) fn settle(&mut self, expected: Money, actual: Money, now: Instant) {
        let (expected, actual) = (expected.as_nanos(), actual.as_nanos());
        self.left.settle(expected, actual, now);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    #[test]
    fn what_was_spent_comes_back_evenly() {
        let mut spend = ten_an_hour();
        spend.take(usd(10), at(0));
        assert_eq!(spend.ready_at(usd(1), at(0)), at(6));
        assert_eq!(spend.ready_at(usd(10), at(0)), at(60));
        assert_eq!(spend.ready_at(usd(1), at(6)), at(6));
    }

    #[test]
    fn an_attempt_is_settled_at_what_it_cost() {
        let mut spend = ten_an_hour();
        spend.take(usd(10), at(0));
        spend.settle(usd(10), usd(4), at(0));
        assert_eq!(spend.ready_at(usd(6), at(0)), at(0));
        spend.settle(usd(0), usd(8), at(0));
        assert_eq!(spend.ready_at(usd(1), at(0)), at(18), "a debt of 2");
    }

    #[test]
    fn what_costs_more_than_everything_starts_when_nothing_is_spent() {
        let mut spend = ten_an_hour();
        assert_eq!(spend.ready_at(usd(25), at(0)), at(0));
        spend.take(usd(25), at(0));
        assert_eq!(spend.ready_at(usd(0), at(0)), at(90), "a debt delays all");
        assert_eq!(spend.ready_at(usd(25), at(0)), at(150));
    }

    #[test]
    fn an_attempt_that_cost_less_never_earns_money() {
        let mut spend = ten_an_hour();
        spend.settle(usd(50), usd(0), at(0));
        spend.take(usd(10), at(0));
        assert_eq!(spend.ready_at(usd(1), at(0)), at(6));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..ProptestConfig::default()
        })]

        #[test]
        fn no_stretch_of_time_costs_more_than_what_it_brings_and_one_budget(
            most in 1_u64..1_000,
            per in 1_u64..1_000,
            asks in prop::collection::vec((0_u64..50, 0_u64..100, 0_u64..100), 1..100),
        ) {
            let mut spend = Spend::new(config::Spend {
                max: Money::from_nanos(most),
                per: Duration::from_nanos(per),
            });
            let mut log: Vec<(u64, u64)> = Vec::new();
            let mut now = 0;
            for (gap, expected, actual) in asks {
                let money = (Money::from_nanos(expected), Money::from_nanos(actual));
                let ready = spend.ready_at(money.0, Instant::from_nanos(now + gap));
                now = ready.as_nanos();
                spend.take(money.0, ready);
                spend.settle(money.0, money.1, ready);
                log.push((now, actual));
                let mut spent = 0;
                for &(start, cost) in log.iter().rev() {
                    spent += cost;
                    // The last attempt may cost more than expected, or more than `max`.
                    let brought = (now - start) * most / per + 1;
                    prop_assert!(spent <= most + brought + actual.max(expected));
                }
            }
        }
    }

    fn ten_an_hour() -> Spend {
        Spend::new(config::Spend {
            max: usd(10),
            per: Duration::from_secs(3_600),
        })
    }

    fn usd(dollars: u64) -> Money {
        Money::from_nanos(dollars * 1_000_000_000)
    }

    fn at(minute: u64) -> Instant {
        Instant::START + Duration::from_secs(minute * 60)
    }
}

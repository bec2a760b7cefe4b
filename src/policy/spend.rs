//! The spend budget: what all calls of one client together may cost in a period.
//!
//! At most `max` is spent in any stretch of the length `per`, wherever it begins: what was spent
//! counts against the budget for one `per`, and up to a sixtieth of it longer, since the period is
//! kept in sixty parts that expire one by one. So a budget that is used up in a minute is empty for
//! the rest of the period.
//!
//! An attempt takes its expected cost at its start, and settles there once the actual cost is
//! known. An attempt that costs more than expected may exceed the budget by that: the money is
//! spent. Then nothing starts before enough has expired. [`super::provider_info`] computes the
//! expected cost.

use super::config;
use super::ring::Ring;
use crate::time::{Instant, nanos};
use crate::units::Money;

/// What was spent in the last period.
#[derive(Clone, Debug)]
pub(crate) struct Spend {
    max: u64,
    /// In nano-dollars.
    spent: Ring<1, PARTS>,
}

impl Spend {
    /// Nothing is spent yet.
    pub(crate) fn new(settings: config::Spend) -> Self {
        Self {
            max: settings.max.as_nanos(),
            spent: Ring::of_parts(nanos(settings.per).div_ceil(PARTS as u64 - 1)),
        }
    }

    /// When an attempt with this expected cost may start: `now` or later. An attempt that costs
    /// more than `max` may start when nothing is spent.
    pub(crate) fn ready_at(&mut self, expected: Money, now: Instant) -> Instant {
        self.spent.advance(now);
        let room = i128::from(self.max - expected.as_nanos().min(self.max));
        let mut spent = self.spent.sum(0);
        if spent <= room {
            return now;
        }
        for (part, expires) in self.spent.parts(0) {
            spent -= part;
            if spent <= room {
                return expires.max(now);
            }
        }
        now
    }

    /// An attempt with this expected cost starts.
    pub(crate) fn take(&mut self, expected: Money, now: Instant) {
        self.spent.advance(now);
        self.spent.add(0, i128::from(expected.as_nanos()));
    }

    /// An attempt that was expected to cost this, and started at `since`, has cost `actual`.
    pub(crate) fn settle(
        &mut self,
        (expected, actual): (Money, Money),
        since: Instant,
        now: Instant,
    ) {
        self.spent.advance(now);
        let [expected, actual] = [expected, actual].map(|cost| i128::from(cost.as_nanos()));
        self.spent
            .change(0, since, |part| (part - expected).max(0) + actual);
    }
}

/// Sixty parts of a period, and the one that has begun.
const PARTS: usize = 61;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    #[test]
    fn what_was_spent_comes_back_after_the_period() {
        let mut spend = ten_an_hour();
        spend.take(usd(6), at(0));
        spend.take(usd(4), at(30));
        assert_eq!(spend.ready_at(usd(1), at(30)), at(61));
        assert_eq!(spend.ready_at(usd(7), at(30)), at(91));
        assert_eq!(spend.ready_at(usd(1), at(61)), at(61));
        assert_eq!(spend.ready_at(usd(7), at(61)), at(91));
    }

    #[test]
    fn an_attempt_is_settled_at_what_it_cost_when_it_started() {
        let mut spend = ten_an_hour();
        spend.take(usd(10), at(0));
        spend.settle((usd(10), usd(4)), at(0), at(5));
        assert_eq!(spend.ready_at(usd(6), at(5)), at(5));
        spend.take(usd(2), at(10));
        spend.settle((usd(2), usd(9)), at(10), at(12));
        assert_eq!(spend.ready_at(usd(1), at(12)), at(61), "13 are spent");
        assert_eq!(spend.ready_at(usd(2), at(12)), at(71));
    }

    #[test]
    fn what_costs_more_than_everything_starts_when_nothing_is_spent() {
        let mut spend = ten_an_hour();
        assert_eq!(spend.ready_at(usd(25), at(0)), at(0));
        spend.take(usd(25), at(0));
        assert_eq!(spend.ready_at(usd(0), at(0)), at(61));
        assert_eq!(spend.ready_at(usd(25), at(0)), at(61));
    }

    #[test]
    fn an_attempt_that_cost_less_never_earns_money() {
        let mut spend = ten_an_hour();
        spend.settle((usd(50), usd(0)), at(0), at(0));
        spend.take(usd(10), at(0));
        assert_eq!(spend.ready_at(usd(1), at(0)), at(61));
        spend.settle((usd(10), usd(0)), at(0), at(200));
        spend.take(usd(10), at(200));
        assert_eq!(spend.ready_at(usd(1), at(200)), at(261));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..ProptestConfig::default()
        })]

        #[test]
        fn no_period_costs_more_than_the_budget(
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
            for (gap, expected, less) in asks {
                let actual = expected.saturating_sub(less);
                let money = (Money::from_nanos(expected), Money::from_nanos(actual));
                let ready = spend.ready_at(money.0, Instant::from_nanos(now + gap));
                now = ready.as_nanos();
                spend.take(money.0, ready);
                spend.settle(money, ready, ready);
                log.push((now, actual));
                let within = log.iter().rev().take_while(|(at, _)| now - at < per);
                let spent: u64 = within.map(|(_, cost)| cost).sum();
                // One attempt may cost more than `max` by itself.
                prop_assert!(spent <= most.max(actual));
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

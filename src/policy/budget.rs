//! The retry budget: what retries may add to the load of all first attempts.
//!
//! The balance is the reserve of one window, plus the deposits of the first attempts of the last
//! window, less the costs of its retries. Deposits and costs older than the window expire, as in
//! Finagle's and tower's budgets and for the same reason: deposits of a busy hour must not allow a
//! storm of retries an hour later. A plain bucket would need a cap, and that cap would be wrong for
//! a client ten times as busy.
//!
//! Therefore a run never has more retries than `ratio` x its first attempts + `reserve` x (its
//! length + one window). A reserve of less than one retry per window allows no retry by itself.
//!
//! [`super::call`] decides which retries the budget limits.

use super::classify::FailureClass;
use super::config;
use super::ring::Ring;
use crate::time::{Instant, nanos};
use crate::units::{Rate, Share};

/// The budget of one client.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    settings: config::Budget,
    /// In parts of 10^-9 of a retry, as all amounts here.
    reserve: i128,
    /// Deposits of first attempts, less costs of retries.
    recent: Ring<1>,
}

impl Budget {
    /// A budget that holds its reserve of one window.
    pub(crate) fn new(settings: config::Budget) -> Self {
        Self {
            reserve: reserve(settings.reserve, nanos(settings.window)),
            recent: Ring::new(settings.window),
            settings,
        }
    }

    /// A call makes its first attempt.
    pub(crate) fn on_first(&mut self, now: Instant) {
        self.recent.advance(now);
        self.recent
            .add(0, i128::from(self.settings.ratio.as_parts()));
    }

    /// Takes the cost of a retry after this failure, if the balance allows it.
    pub(crate) fn take(&mut self, class: FailureClass, now: Instant) -> bool {
        let cost = self.settings.costs.get(&class).copied().unwrap_or(1);
        let cost = i128::from(cost) * RETRY;
        self.recent.advance(now);
        // Deposits can expire before the costs that they covered, so the balance can be negative; a
        // retry that costs nothing is allowed even then.
        let enough = cost <= (self.reserve + self.recent.sum(0)).max(0);
        if enough {
            self.recent.add(0, -cost);
        }
        enough
    }

    /// The balance now, in parts of 10^-9 of a retry.
    #[cfg(test)]
    pub(crate) fn balance(&mut self, now: Instant) -> u64 {
        self.recent.advance(now);
        let balance = (self.reserve + self.recent.sum(0)).max(0);
        u64::try_from(balance).unwrap_or(u64::MAX)
    }
}

/// The reserve of a window of this many nanoseconds.
fn reserve(rate: Rate, window: u64) -> i128 {
    let per = i128::from(nanos(rate.per).max(1));
    i128::from(rate.count_nano).saturating_mul(i128::from(window)) / per
}

const RETRY: i128 = Share::WHOLE.as_parts() as i128;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    const PLAIN: FailureClass = FailureClass::ServerError;

    #[test]
    fn a_client_of_few_calls_can_retry_each_of_them() {
        let mut budget = budget(Share::percent(20), 1, 10);
        assert_eq!(taken(&mut budget, 0), 10, "the reserve of one window");
        assert_eq!(taken(&mut budget, 9), 0);
        assert_eq!(taken(&mut budget, 10), 10, "and again in the next");
    }

    #[test]
    fn first_attempts_pay_for_their_share_of_retries() {
        let mut budget = budget(Share::percent(20), 1, 10);
        (0..100).for_each(|_| budget.on_first(at(0)));
        assert_eq!(budget.balance(at(0)), 30_000_000_000);
        assert_eq!(taken(&mut budget, 1), 30);
    }

    #[test]
    fn what_was_saved_is_gone_after_a_window() {
        let mut budget = budget(Share::WHOLE, 1, 10);
        (0..1_000).for_each(|_| budget.on_first(at(0)));
        assert_eq!(budget.balance(at(9)), 1_010_000_000_000);
        assert_eq!(taken(&mut budget, 10), 10);
    }

    #[test]
    fn debts_outlast_what_paid_for_them_and_are_never_told_as_less_than_nothing() {
        let mut budget = budget(Share::WHOLE, 1, 10);
        (0..100).for_each(|_| budget.on_first(at(0)));
        assert_eq!(taken(&mut budget, 9), 110);
        assert_eq!(budget.balance(at(12)), 0);
        assert!(!budget.take(PLAIN, at(12)));
        assert_eq!(taken(&mut budget, 19), 10);
    }

    #[test]
    fn a_class_has_its_own_cost() {
        let mut settings = settings(Share::ZERO, 1, 10);
        settings.costs.insert(FailureClass::RateLimited, 4);
        settings.costs.insert(FailureClass::Reset, 0);
        let mut budget = Budget::new(settings);
        let limited = FailureClass::RateLimited;
        let answers =
            [limited, PLAIN, limited, limited, PLAIN, PLAIN].map(|class| budget.take(class, at(0)));
        assert_eq!(answers, [true, true, true, false, true, false]);
        assert!(budget.take(FailureClass::Reset, at(0)), "it costs nothing");
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..ProptestConfig::default()
        })]

        #[test]
        fn retries_stay_within_ratio_and_reserve_over_any_run(
            ratio in 0_u64..=1_000_000_000,
            per_minute in 1_u64..600,
            window in 1_000_u64..20_000,
            events in prop::collection::vec((0_u64..3_000, any::<bool>(), 0_u32..3), 1..300),
        ) {
            let mut settings = settings(Share::from_parts(ratio), 1, 1);
            settings.reserve = Rate {
                count_nano: per_minute * 1_000_000_000,
                per: Duration::from_secs(60),
            };
            settings.window = Duration::from_millis(window);
            let classes = [FailureClass::Reset, PLAIN, FailureClass::RateLimited];
            settings.costs.extend([(classes[0], 0), (classes[2], 3)]);
            let costs = [0, RETRY, 3 * RETRY];
            let mut budget = Budget::new(settings);
            let (mut now, mut firsts, mut spent) = (0, 0, 0);
            for (gap, first, class) in events {
                now += gap;
                let then = Instant::from_nanos(now * 1_000_000);
                if first {
                    firsts += 1;
                    budget.on_first(then);
                    continue;
                }
                let before = i128::from(budget.balance(then));
                let cost = costs[class as usize];
                let paid = budget.take(classes[class as usize], then);
                let after = i128::from(budget.balance(then));
                prop_assert_eq!(paid, cost <= before);
                prop_assert_eq!(after, if paid { before - cost } else { before });
                spent += if paid { cost } else { 0 };
                let brought = i128::from(ratio) * firsts;
                let reserve = i128::from(per_minute * (now + window)) * RETRY / 60_000;
                prop_assert!(spent <= brought + reserve, "{spent} > {brought} + {reserve}");
            }
        }
    }

    /// How many plain retries the budget allows at this second.
    fn taken(budget: &mut Budget, second: u64) -> u32 {
        let taken = (0_u32..).find(|_| !budget.take(PLAIN, at(second)));
        taken.expect("a budget ends")
    }

    fn budget(ratio: Share, per_second: u64, window: u64) -> Budget {
        Budget::new(settings(ratio, per_second, window))
    }

    fn settings(ratio: Share, per_second: u64, window: u64) -> config::Budget {
        config::Budget {
            ratio,
            reserve: Rate::per_second(per_second),
            window: Duration::from_secs(window),
            ..config::Budget::default()
        }
    }

    fn at(second: u64) -> Instant {
        Instant::START + Duration::from_secs(second)
    }
}

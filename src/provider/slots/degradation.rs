//! How overload reduces capacity, and how slowly it recovers.
//!
//! While requests wait, it is lost evenly, from whole to worst within one time; when none waits it
//! comes back evenly, within another. Cold caches and evicted states are meant: a provider that was
//! overloaded can do less for a while, which is what keeps it overloaded.

use std::time::Duration;

use crate::scenario::Degrade;
use crate::time::{Instant, nanos};
use crate::units::Share;

/// The degradation so far.
#[derive(Clone, Debug)]
pub(super) struct Degradation {
    degrade: Degrade,
    /// From 0 to `within` x `recover`, in nanoseconds squared: each nanosecond of overload adds
    /// `recover`, each without subtracts `within`, so that nothing is lost to rounding.
    worn: u128,
    at: Instant,
}

impl Degradation {
    /// No degradation.
    pub(super) fn new(degrade: Degrade) -> Self {
        Self {
            degrade,
            worn: 0,
            at: Instant::START,
        }
    }

    /// What is left at `now`, when a request waited since the last time until `waits`.
    pub(super) fn advance(&mut self, now: Instant, waits: Instant) -> Share {
        let waits = waits.min(now);
        let (overload, rest) = (waits.since(self.at), now.since(self.at.max(waits)));
        let (within, recover) = (self.within(), self.recover());
        let more = u128::from(nanos(overload)) * recover;
        let less = u128::from(nanos(rest)) * within;
        self.worn = (self.worn + more)
            .min(within * recover)
            .saturating_sub(less);
        self.at = self.at.max(now);
        self.left()
    }

    fn left(&self) -> Share {
        let most = u128::from(self.degrade.to.rest().as_parts());
        let full = self.within() * self.recover();
        let lost = most * self.worn / full;
        Share::from_parts(lost as u64).rest()
    }

    fn within(&self) -> u128 {
        length(self.degrade.within)
    }

    fn recover(&self) -> u128 {
        length(self.degrade.recover)
    }
}

/// At least 1, and short enough that a product of two, in parts per 10^9, fits.
fn length(length: Duration) -> u128 {
    u128::from(nanos(length.min(LONGEST)).max(1))
}

/// The longest period that a scenario may have.
const LONGEST: Duration = Duration::from_secs(86_400);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn degradation() -> Degradation {
        Degradation::new(Degrade {
            to: Share::percent(40),
            within: 30 * SECOND,
            recover: 300 * SECOND,
        })
    }

    fn at(seconds: u32) -> Instant {
        Instant::START + SECOND * seconds
    }

    #[test]
    fn overload_takes_it_evenly_down_to_the_worst_and_no_further() {
        let mut degradation = degradation();
        assert_eq!(degradation.advance(at(100), at(0)), Share::WHOLE);
        assert_eq!(degradation.advance(at(115), at(200)), Share::percent(70));
        assert_eq!(degradation.advance(at(130), at(200)), Share::percent(40));
        assert_eq!(degradation.advance(at(200), at(200)), Share::percent(40));
    }

    #[test]
    fn what_was_lost_comes_back_slowly_once_nobody_waits() {
        let mut degradation = degradation();
        degradation.advance(at(0), at(0));
        assert_eq!(degradation.advance(at(180), at(30)), Share::percent(70));
        assert_eq!(degradation.advance(at(180), at(30)), Share::percent(70));
        assert_eq!(degradation.advance(at(1_000), at(30)), Share::WHOLE);
    }

    #[test]
    fn the_longest_times_do_not_overflow() {
        let mut degradation = Degradation::new(Degrade {
            to: Share::from_parts(1),
            within: LONGEST,
            recover: Duration::MAX,
        });
        let end = Instant::from_nanos(u64::MAX);
        assert_eq!(degradation.advance(end, end), Share::from_parts(1));
    }

    proptest! {
        #[test]
        fn what_is_left_stays_between_the_worst_and_the_whole(
            to in (1..Share::WHOLE.as_parts()).prop_map(Share::from_parts),
            within in 1_u64..100,
            recover in 1_u64..100,
            steps in proptest::collection::vec((0_u64..50, 0_u64..80), 1..100),
        ) {
            let degrade = Degrade {
                to,
                within: Duration::from_nanos(within),
                recover: Duration::from_nanos(recover),
            };
            let mut degradation = Degradation::new(degrade);
            let (mut now, mut before) = (Instant::START, Share::WHOLE);
            for (step, waits) in steps {
                let waits = now + Duration::from_nanos(waits);
                now = now + Duration::from_nanos(step);
                let left = degradation.advance(now, waits);
                prop_assert!((to..=Share::WHOLE).contains(&left));
                prop_assert!(waits < now || left <= before, "it only goes down while they wait");
                before = left;
            }
        }
    }
}

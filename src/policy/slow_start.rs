//! Slow start: after a recovery a provider's share of the calls grows step by step.
//!
//! All calls at once could overload it again, and would find its caches cold. Its part of the share
//! grows linearly from `initial_share` to the whole over `window`. Each request adds the present
//! part to an account, and one whole unit admits a call, so any run of requests gets its part
//! without a random draw. The fleet decides which provider takes the calls that are refused here.

use super::config;
use crate::time::{Instant, nanos};
use crate::units::Share;

/// The slow start of one provider.
#[derive(Clone, Debug)]
pub(crate) struct SlowStart {
    settings: config::SlowStart,
    /// None = it gets its full share.
    ramp: Option<Ramp>,
}

#[derive(Clone, Copy, Debug)]
struct Ramp {
    began: Instant,
    /// The account: what was requested and not yet admitted, in parts of a call.
    owed: u64,
}

impl SlowStart {
    /// A provider that has not failed yet gets its full share.
    pub(crate) const fn new(settings: config::SlowStart) -> Self {
        Self {
            settings,
            ramp: None,
        }
    }

    /// The provider's breaker closed.
    pub(crate) const fn begin(&mut self, now: Instant) {
        // The first call is admitted at once, since a probe has just succeeded.
        let owed = self.first().rest().as_parts();
        self.ramp = Some(Ramp { began: now, owed });
    }

    /// The part of its share that it gets at present.
    #[cfg(test)]
    pub(crate) fn part(&self, now: Instant) -> Share {
        self.ramp.map_or(Share::WHOLE, |ramp| self.grown(ramp, now))
    }

    /// Whether the next call is admitted. Admissions keep to the present part, evenly spread and
    /// without a random draw.
    pub(crate) fn admits(&mut self, now: Instant) -> bool {
        let Some(mut ramp) = self.ramp else {
            return true;
        };
        let part = self.grown(ramp, now);
        if part == Share::WHOLE {
            self.ramp = None;
            return true;
        }
        ramp.owed += part.as_parts();
        let call = Share::WHOLE.as_parts();
        let admits = ramp.owed >= call;
        if admits {
            ramp.owed -= call;
        }
        self.ramp = Some(ramp);
        admits
    }

    fn grown(&self, ramp: Ramp, now: Instant) -> Share {
        let (passed, window) = (now.since(ramp.began), self.settings.window);
        if passed >= window {
            return Share::WHOLE;
        }
        let (first, rest) = (self.first().as_parts(), self.first().rest().as_parts());
        let grown = u128::from(rest) * u128::from(nanos(passed));
        let grown = grown / u128::from(nanos(window).max(1));
        Share::from_parts(first + u64::try_from(grown).unwrap_or(rest))
    }

    const fn first(&self) -> Share {
        self.settings.initial_share
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;
    use std::time::Duration;

    #[test]
    fn a_provider_that_has_not_failed_gets_every_call() {
        let mut start = SlowStart::new(config::SlowStart::default());
        assert!((0..100).all(|second| start.admits(at(second))));
        assert_eq!(start.part(at(0)), Share::WHOLE);
    }

    #[test]
    fn the_part_grows_evenly_from_the_first_to_the_whole() {
        let mut start = SlowStart::new(config::SlowStart::default());
        start.begin(at(100));
        let parts: Vec<_> = [100, 110, 115, 129, 130, 999]
            .map(|second| start.part(at(second)).of(100))
            .into();
        assert_eq!(parts, [10, 40, 55, 97, 100, 100]);
    }

    #[test]
    fn the_first_of_ten_calls_comes_and_the_next_after_nine() {
        let mut start = SlowStart::new(config::SlowStart::default());
        start.begin(at(0));
        let admitted: Vec<_> = (0..21).filter(|_| start.admits(at(0))).collect();
        assert_eq!(admitted, [0, 10, 20]);
    }

    #[test]
    fn a_second_recovery_begins_anew() {
        let mut start = SlowStart::new(config::SlowStart::default());
        start.begin(at(0));
        start.begin(at(29));
        assert_eq!(start.part(at(30)), Share::percent(13));
        assert!(start.admits(at(59)));
        assert!((0..100).all(|_| start.admits(at(59))));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..ProptestConfig::default()
        })]

        #[test]
        fn any_run_of_asks_gets_its_part_to_the_nearest_call(
            within in 1_u64..100,
            from in 0..=Share::WHOLE.as_parts(),
            asks in prop::collection::vec(0_u64..2, 1..300),
        ) {
            let window = Duration::from_secs(within);
            let mut start = SlowStart::new(config::SlowStart {
                window,
                initial_share: Share::from_parts(from),
            });
            start.begin(at(5));
            let (mut second, mut due, mut admitted) = (5, 0, 0);
            for gap in asks {
                second += gap;
                due += start.part(at(second)).as_parts();
                admitted += u64::from(start.admits(at(second)));
                let calls = due.div_ceil(Share::WHOLE.as_parts());
                prop_assert!((calls - 1..=calls).contains(&admitted) || calls == 0);
            }
        }
    }

    fn at(second: u64) -> Instant {
        Instant::START + Duration::from_secs(second)
    }
}

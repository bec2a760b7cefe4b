//! The adaptive throttle: refuses attempts locally that a provider is likely to reject.
//!
//! The probability of a refusal is (requests - `k` x accepts) / (requests + 1) over the window
//! (Site Reliability Engineering, equation 21-1), where the first ten requests without an accept
//! are not counted. An attempt counts as a request when it is sent, so that a provider that hangs
//! is noticed. But an answer takes seconds, and without this allowance the second call of a new
//! client would be refused with probability one half. Ten is also the default of
//! `breaker.min_attempts`.
//!
//! The call decides what it does after a refusal.

use super::config;
use super::ring::Ring;
use crate::rng::Stream;
use crate::time::Instant;
use crate::units::Share;

/// The throttle before one provider.
#[derive(Clone, Debug)]
pub(crate) struct Throttle {
    settings: config::Throttle,
    recent: Ring<2>,
}

impl Throttle {
    /// A throttle without requests, which refuses nothing.
    pub(crate) fn new(settings: config::Throttle) -> Self {
        Self {
            recent: Ring::new(settings.window),
            settings,
        }
    }

    /// The probability with which it refuses an attempt now, if it does; takes one draw if that is
    /// not zero. A refusal counts as a request that was not accepted, so a call that was
    /// refused must not ask again: otherwise refusals would raise the probability of refusals.
    pub(crate) fn refuses(&mut self, now: Instant, stream: &mut Stream) -> Option<Share> {
        self.recent.advance(now);
        let probability = self.probability();
        let refuses = probability > Share::ZERO && stream.chance(probability.as_parts());
        if refuses {
            self.recent.add(REQUESTS, 1);
        }
        refuses.then_some(probability)
    }

    /// An attempt is sent. It counts before it ends, so that attempts in flight count.
    pub(crate) fn on_sent(&mut self, now: Instant) {
        self.recent.advance(now);
        self.recent.add(REQUESTS, 1);
    }

    /// The provider accepted an attempt, whatever its result is.
    pub(crate) fn on_accepted(&mut self, now: Instant) {
        self.recent.advance(now);
        self.recent.add(ACCEPTS, 1);
    }

    fn probability(&self) -> Share {
        let (requests, accepts) = (self.recent.sum(REQUESTS), self.recent.sum(ACCEPTS));
        let owed = (requests - SPARE) * 1_000 - i128::from(self.settings.k.as_milli()) * accepts;
        if owed <= 0 {
            return Share::ZERO;
        }
        // From thousandths to parts of 10^9.
        let parts = u64::try_from(owed * 1_000_000 / (requests + 1)).unwrap_or(u64::MAX);
        Share::from_parts(parts).min(self.settings.max_reject_probability)
    }
}

const REQUESTS: usize = 0;
const ACCEPTS: usize = 1;

/// This many requests may lack an accept before any is refused.
const SPARE: i128 = 10;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;
    use crate::rng::{Purpose, RngStreams};
    use crate::units::Factor;

    #[test]
    fn a_provider_that_accepts_everything_is_never_refused() {
        let mut world = World::new(Share::percent(90));
        assert_eq!(world.run(10_000, |_| true), 0);
        assert_eq!(world.drawn(), 0, "nothing is drawn");
    }

    #[test]
    fn a_provider_that_accepts_one_of_two_is_sent_everything() {
        let mut world = World::new(Share::percent(90));
        assert_eq!(world.run(10_000, |n| n % 2 == 0), 0);
    }

    #[test]
    fn a_provider_that_accepts_nothing_is_still_asked_now_and_then() {
        let mut world = World::new(Share::percent(90));
        world.run(1_000, |_| false);
        let refused = world.run(10_000, |_| false);
        assert!((8_850..9_150).contains(&refused), "{refused}");
    }

    #[test]
    fn a_provider_that_accepts_one_of_ten_is_sent_twice_that() {
        // One in ten of the calls sent is accepted. In equilibrium, requests are twice the accepts,
        // so most calls are refused, but more than a twentieth are sent.
        let mut world = World::new(Share::percent(95));
        world.run(10_000, |n| n % 10 == 0);
        let refused = world.run(10_000, |n| n % 10 == 0);
        assert!((7_000..9_600).contains(&refused), "{refused}");
    }

    #[test]
    fn once_accepts_return_it_lets_go() {
        let mut world = World::new(Share::percent(90));
        world.run(2_000, |_| false);
        // 100 calls per second and a window of 10 s: after three windows the refusals have expired.
        world.run(3_000, |_| true);
        assert_eq!(world.run(1_000, |_| true), 0);
    }

    #[test]
    fn attempts_in_flight_count_before_their_end() {
        let mut throttle = Throttle::new(settings(Share::percent(90)));
        let mut stream = RngStreams::new(1).stream(Purpose::Throttle, 0, 0, 0);
        for _ in 0..10 {
            let refused = throttle.refuses(at(0), &mut stream);
            assert_eq!(refused, None, "ten are spared");
            throttle.on_sent(at(0));
        }
        assert_eq!(throttle.probability(), Share::ZERO);
        (0..30).for_each(|_| throttle.on_sent(at(0)));
        assert_eq!(throttle.probability().as_parts(), 731_707_317, "30 of 41");
        (0..15).for_each(|_| throttle.on_accepted(at(0)));
        assert_eq!(throttle.probability(), Share::ZERO, "enough were accepted");
    }

    #[test]
    fn a_probability_never_exceeds_its_bound() {
        for max in [0, 1, 500_000_000, 1_000_000_000].map(Share::from_parts) {
            let mut throttle = Throttle::new(settings(max));
            (0..1_000_000).for_each(|_| throttle.on_sent(at(0)));
            assert!(throttle.probability() <= max);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..ProptestConfig::default()
        })]

        #[test]
        fn whatever_happens_a_probability_keeps_its_bounds_and_the_formula(
            k_milli in 1_000_u64..100_000,
            max in 0_u64..=1_000_000_000,
            events in prop::collection::vec((0_u64..400, 0_u8..4), 1..300),
        ) {
            let mut throttle = Throttle::new(config::Throttle {
                k: Factor::milli(k_milli),
                ..settings(Share::from_parts(max))
            });
            let mut stream = RngStreams::new(1).stream(Purpose::Throttle, 0, 0, 0);
            // What happened, by tenths of the window, which is 10 s.
            let mut log: Vec<(u64, bool)> = Vec::new();
            let mut now = 0;
            for (gap, event) in events {
                now += gap;
                let then = at(0) + Duration::from_millis(now);
                let tenth = now / 1_000;
                match event {
                    0 => {
                        throttle.on_accepted(then);
                        log.push((tenth, false));
                    }
                    1 if throttle.refuses(then, &mut stream).is_some() => log.push((tenth, true)),
                    1 => {}
                    _ => {
                        throttle.on_sent(then);
                        log.push((tenth, true));
                    }
                }
                throttle.recent.advance(then);
                log.retain(|(at, _)| at + 10 > tenth);
                let requests = log.iter().filter(|(_, request)| *request).count() as f64;
                let accepts = log.len() as f64 - requests;
                let owed = requests - 10.0 - k_milli as f64 / 1_000.0 * accepts;
                let wanted = (owed / (requests + 1.0)).max(0.0).min(max as f64 / 1e9);
                let found = throttle.probability().as_parts() as f64 / 1e9;
                prop_assert!((found - wanted).abs() < 1e-8);
            }
        }
    }

    /// A provider that answers at once, and 100 calls per second for it.
    struct World {
        throttle: Throttle,
        stream: Stream,
        calls: u64,
        sent: u64,
    }

    impl World {
        fn new(max: Share) -> Self {
            Self {
                throttle: Throttle::new(settings(max)),
                stream: stream(),
                calls: 0,
                sent: 0,
            }
        }

        /// Makes `calls` calls and returns how many are refused; `accepts` says which sent calls
        /// the provider accepts.
        fn run(&mut self, calls: u64, accepts: impl Fn(u64) -> bool) -> u64 {
            let mut refused = 0;
            for _ in 0..calls {
                let now = at(0) + Duration::from_millis(self.calls * 10);
                self.calls += 1;
                if self.throttle.refuses(now, &mut self.stream).is_some() {
                    refused += 1;
                    continue;
                }
                self.throttle.on_sent(now);
                if accepts(self.sent) {
                    self.throttle.on_accepted(now);
                }
                self.sent += 1;
            }
            refused
        }

        /// How many draws were taken from the stream, at most one.
        fn drawn(&mut self) -> u64 {
            u64::from(self.stream.below(u64::MAX) != stream().below(u64::MAX))
        }
    }

    fn stream() -> Stream {
        RngStreams::new(1).stream(Purpose::Throttle, 1, 0, 0)
    }

    fn settings(max: Share) -> config::Throttle {
        config::Throttle {
            window: Duration::from_secs(10),
            max_reject_probability: max,
            ..config::Throttle::default()
        }
    }

    fn at(second: u64) -> Instant {
        Instant::START + Duration::from_secs(second)
    }
}

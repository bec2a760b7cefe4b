//! The wait before a call returns to a provider: exponential, capped, with jitter.
//!
//! Without jitter, all clients that failed together would return together. Everything is integer
//! arithmetic on nanoseconds, so that the waits are the same on every machine. The call decides
//! whether to wait at all, and whether a server's hint replaces this wait.

use std::time::Duration;

use super::config::{Backoff, Jitter};
use crate::rng::Stream;
use crate::time::nanos;
use crate::units::Share;

/// The wait before the `nth` return to a provider (from 1), never above the cap.
///
/// `previous` is the wait before the return before this one, zero if there was none; only
/// decorrelated jitter uses it. Takes at most one draw from `stream`.
pub(crate) fn wait(
    backoff: &Backoff,
    nth: u32,
    previous: Duration,
    stream: &mut Stream,
) -> Duration {
    draw(backoff, range(backoff, nth, previous), stream)
}

/// The wait that is drawn from this range, never above the cap.
pub(crate) fn draw(
    backoff: &Backoff,
    range: (Duration, Duration),
    stream: &mut Stream,
) -> Duration {
    draw_above_max(backoff, range, stream).min(backoff.max)
}

/// The wait that is drawn from this range, whatever the cap.
pub(crate) fn draw_above_max(
    backoff: &Backoff,
    (low, high): (Duration, Duration),
    stream: &mut Stream,
) -> Duration {
    match backoff.jitter {
        Jitter::None => high,
        _ => stream.between(low, high),
    }
}

/// From where to where the wait is drawn, before the cap.
pub(crate) fn range(backoff: &Backoff, nth: u32, previous: Duration) -> (Duration, Duration) {
    let grown = || Duration::from_nanos(grow(backoff, nth));
    match backoff.jitter {
        Jitter::None => (grown(), grown()),
        Jitter::Proportional => {
            let wait = grown();
            (wait / 2, wait.saturating_add(wait / 2))
        }
        Jitter::Full => (Duration::ZERO, grown()),
        Jitter::Equal => (grown() / 2, grown()),
        Jitter::Between(from, to) => {
            let wait = nanos(grown());
            let part = |share: u64| {
                let part =
                    u128::from(wait) * u128::from(share) / u128::from(Share::WHOLE.as_parts());
                Duration::from_nanos(u64::try_from(part).unwrap_or(u64::MAX))
            };
            (part(from), part(to))
        }
        Jitter::Decorrelated => {
            let high = previous.max(backoff.base).saturating_mul(3);
            (backoff.base, high)
        }
    }
}

/// Nanoseconds of `base` x `factor`^(`nth` - 1), at most `max`.
///
/// Multiplies step by step, so that nothing overflows. Stops as soon as the wait no longer changes,
/// so a huge `nth` takes no more steps than it takes to grow from `base` to `max`.
fn grow(backoff: &Backoff, nth: u32) -> u64 {
    let max = nanos(backoff.max);
    let mut wait = nanos(backoff.base).min(max);
    for _ in 1..nth {
        let next = backoff.factor.times(wait).min(max);
        if next == wait {
            break;
        }
        wait = next;
    }
    wait
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, RngStreams};
    use crate::units::Factor;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    #[test]
    fn without_jitter_it_doubles_up_to_the_cap() {
        let backoff = doubling(Jitter::None);
        let waits: Vec<_> = (1..=6)
            .map(|nth| wait(&backoff, nth, Duration::ZERO, &mut stream(0)).as_millis())
            .collect();
        assert_eq!(waits, [100, 200, 400, 800, 1_000, 1_000]);
    }

    #[test]
    fn each_jitter_fills_its_range_and_nothing_else() {
        for (jitter, nth, previous, low, high) in [
            (Jitter::Proportional, 2, 0, 100, 300),
            (Jitter::Full, 3, 0, 0, 400),
            (Jitter::Equal, 3, 0, 200, 400),
            (Jitter::Decorrelated, 1, 0, 100, 300),
            (Jitter::Decorrelated, 2, 250, 100, 750),
        ] {
            let backoff = doubling(jitter);
            let previous = Duration::from_millis(previous);
            let draw = |k| wait(&backoff, nth, previous, &mut stream(k)).as_micros();
            let waits: Vec<_> = (0..1_000).map(draw).collect();
            let (least, most) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
            let (low, high) = (low * 1_000, high * 1_000);
            let edge = (high - low) / 50;
            assert!((low..=low + edge).contains(least), "{jitter:?}: {least}");
            assert!((high - edge..=high).contains(most), "{jitter:?}: {most}");
        }
    }

    #[test]
    fn the_cap_includes_the_jitter() {
        let backoff = doubling(Jitter::Proportional);
        let draw = |k| wait(&backoff, 9, Duration::ZERO, &mut stream(k));
        assert!((0..100).all(|k| draw(k) <= backoff.max));
    }

    #[test]
    fn a_return_beyond_all_counting_takes_no_time_to_compute() {
        let mut backoff = doubling(Jitter::None);
        for (milli, limit) in [(1_000, 100), (1_001, 1_000), (999, 0), (0, 0)] {
            backoff.factor = Factor::milli(milli);
            let last = wait(&backoff, u32::MAX, Duration::ZERO, &mut stream(0));
            assert_eq!(last.as_millis(), limit, "{milli}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..ProptestConfig::default()
        })]

        #[test]
        fn a_wait_is_never_above_the_cap(
            base in lengths(),
            milli in any::<u64>(),
            cap in lengths(),
            jitter in prop::sample::select(JITTERS.as_slice()),
            nth in any::<u32>(),
            previous in lengths(),
        ) {
            let backoff = Backoff { base, factor: Factor::milli(milli), max: cap, jitter };
            prop_assert!(wait(&backoff, nth, previous, &mut stream(1)) <= cap);
        }
    }

    /// Durations of every order of magnitude, and `Duration::MAX`.
    fn lengths() -> impl Strategy<Value = Duration> {
        let some = (any::<u64>(), 0..64_u32).prop_map(|(n, scale)| n >> scale);
        prop_oneof![
            9 => some.prop_map(Duration::from_nanos),
            1 => Just(Duration::MAX),
        ]
    }

    fn doubling(jitter: Jitter) -> Backoff {
        Backoff {
            base: Duration::from_millis(100),
            factor: Factor::milli(2_000),
            max: Duration::from_secs(1),
            jitter,
        }
    }

    fn stream(k: u64) -> Stream {
        RngStreams::new(1).stream(Purpose::Backoff, 0, 0, k)
    }

    const JITTERS: [Jitter; 5] = [
        Jitter::None,
        Jitter::Proportional,
        Jitter::Full,
        Jitter::Equal,
        Jitter::Decorrelated,
    ];
}

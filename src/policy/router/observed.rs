//! What attempts showed about one provider: how many succeeded, how soon it answers, how many are
//! in flight; and how all of it decays.
//!
//! After a half-life everything counts half. A provider that failed therefore counts as healthy
//! again some half-lives later without any attempt, and is tried again. The decay is integer
//! arithmetic and hardly depends on the number of steps: 2^-x is computed as a polynomial, since
//! linear interpolation between half-lives would decay a busy provider a third slower than an idle
//! one.

use std::time::Duration;

use super::AttemptResult;
use crate::time::{Instant, nanos};

/// The observations of a provider.
#[derive(Clone, Debug, Default)]
pub(super) struct Observed {
    in_flight: u32,
    /// Attempts that succeeded and that failed, in parts of [`ONE`], as of `at`.
    well: u64,
    failed: u64,
    /// The peak EWMA of the time to its answer, as of `at`; none = no answer or failure yet.
    latency: Option<u64>,
    at: Instant,
}

impl Observed {
    /// An attempt starts.
    pub(super) fn on_start(&mut self) {
        self.in_flight = self.in_flight.saturating_add(1);
    }

    /// An attempt ended.
    pub(super) fn on_end(&mut self, seen: AttemptResult, now: Instant, half_life: Duration) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match seen {
            AttemptResult::Nothing => {}
            AttemptResult::Well(took) => {
                let (took, before) = (nanos(took), self.latency.unwrap_or(0));
                let left = self.fade(now, half_life);
                self.well = self.well.saturating_add(ONE);
                // A peak EWMA: a slower answer counts in full at once, a faster one in proportion
                // to the time that has passed (as in Finagle and tower).
                self.latency = Some(took + left.of(before.saturating_sub(took)));
            }
            AttemptResult::Failed => {
                self.fade(now, half_life);
                self.failed = self.failed.saturating_add(ONE);
                self.latency = Some(after_failure(self.latency));
            }
        }
    }

    /// How many attempts are in flight.
    pub(super) const fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// The share of recent attempts that succeeded, in parts of `whole`, rounded up: if `whole` is
    /// small, a provider that rarely fails counts the same as one that never fails.
    ///
    /// A prior of two successful attempts is added. It does not decay, so a provider without recent
    /// attempts counts as healthy.
    pub(super) fn health(&self, whole: u32, now: Instant, half_life: Duration) -> u64 {
        let left = Left::since(self.at, now, half_life);
        let well = u128::from(left.of(self.well)) + u128::from(PRIOR);
        let all = well + u128::from(left.of(self.failed));
        let share = (well * u128::from(whole)).div_ceil(all);
        u64::try_from(share).unwrap_or(u64::from(whole))
    }

    /// The expected time to its answer, in nanoseconds; none = unknown. It decays, so that a slow
    /// provider is tried again.
    pub(super) fn latency(&self, now: Instant, half_life: Duration) -> Option<u64> {
        let latency = self.latency?;
        Some(Left::since(self.at, now, half_life).of(latency).max(1))
    }

    /// Decays until `now`, and returns by how much.
    fn fade(&mut self, now: Instant, half_life: Duration) -> Left {
        let left = Left::since(self.at, now, half_life);
        self.well = left.of(self.well);
        self.failed = left.of(self.failed);
        self.latency = self.latency.map(|latency| left.of(latency));
        self.at = self.at.max(now);
        left
    }
}

/// A failure often comes at once, and must not count as a fast answer: it counts as an answer after
/// twice the expected time. The effect of a single failure decays within a half-life; each further
/// failure adds a half-life.
fn after_failure(latency: Option<u64>) -> u64 {
    let doubled = latency.unwrap_or(0).saturating_mul(2);
    let bounded = doubled.clamp(FAILED_LEAST, FAILED_MOST);
    bounded.max(latency.unwrap_or(0))
}

/// The remaining fraction after a decay.
#[derive(Clone, Copy, Debug)]
struct Left {
    /// The number of halvings,
    halvings: u64,
    /// and the fraction that remains after them, in parts of 2^32.
    parts: u64,
}

impl Left {
    fn since(then: Instant, now: Instant, half_life: Duration) -> Self {
        let (passed, half_life) = (nanos(now.since(then)), nanos(half_life).max(1));
        let beyond = u128::from(passed % half_life) << 32;
        Self {
            halvings: passed / half_life,
            parts: exp2_minus((beyond / u128::from(half_life)) as u64),
        }
    }

    /// What remains of `amount`, rounded to nearest.
    fn of(self, amount: u64) -> u64 {
        let halvings = u32::try_from(self.halvings).unwrap_or(u32::MAX);
        let halved = amount.checked_shr(halvings).unwrap_or(0);
        ((u128::from(halved) * u128::from(self.parts) + (1 << 31)) >> 32) as u64
    }
}

/// 2^-`x`, both in parts of 2^32, for `x` below the whole.
///
/// The series of the exponential, with the last coefficient adjusted so that it is one half at the
/// end.
fn exp2_minus(x: u64) -> u64 {
    let step = |sum: u64, coefficient: u64| coefficient - ((sum * x) >> 32);
    WHOLE - ((SERIES.into_iter().rev().fold(0, step) * x) >> 32)
}

/// One attempt.
const ONE: u64 = 1 << 20;

/// A prior of two successful attempts, so that one failure alone does not decide.
const PRIOR: u64 = 2 * ONE;

/// A failure counts as an answer after at least this long.
const FAILED_LEAST: u64 = 1_000_000_000;

/// Failures raise the latency to at most two minutes, which decay to one second within seven
/// half-lives.
const FAILED_MOST: u64 = 120_000_000_000;

const WHOLE: u64 = 1 << 32;

/// ln(2)^n / n! in parts of 2^32, n = 1..5; the signs alternate.
const SERIES: [u64; 5] = [
    2_977_044_472,
    1_031_764_991,
    238_388_332,
    41_309_550,
    5_125_385,
];

#[cfg(test)]
mod tests {
    use super::*;

    const HALF_LIFE: Duration = Duration::from_secs(10);

    #[test]
    fn fading_is_the_exponential() {
        for (millis, left) in [
            (0, 1_000_000),
            (1_000, 933_033),
            (5_000, 707_107),
            (9_999, 500_035),
            (10_000, 500_000),
            (25_000, 176_777),
            (10_000_000, 0),
        ] {
            let found = Left::since(Instant::START, at(millis), HALF_LIFE).of(1_000_000);
            assert!(found.abs_diff(left) <= 150, "{millis} ms: {found}");
        }
    }

    #[test]
    fn many_small_steps_fade_as_much_as_a_long_one() {
        let mut left = ONE << 20;
        for step in 0..1_000 {
            left = Left::since(at(step * 10), at(step * 10 + 10), HALF_LIFE).of(left);
        }
        assert!(left.abs_diff(ONE << 19) < ONE << 5, "{left}");
    }

    #[test]
    fn whoever_was_never_asked_is_well() {
        let observed = Observed::default();
        assert_eq!(observed.health(10, at(0), HALF_LIFE), 10);
        assert_eq!(observed.latency(at(0), HALF_LIFE), None);
    }

    #[test]
    fn one_failure_shows_and_is_forgiven_after_some_half_lives() {
        let mut observed = Observed::default();
        observed.on_end(AttemptResult::Failed, at(0), HALF_LIFE);
        let tenths =
            [0, 10, 20, 30].map(|second| observed.health(10, at(second * 1_000), HALF_LIFE));
        assert_eq!(tenths, [7, 8, 9, 10]);
    }

    #[test]
    fn a_failure_among_many_answers_does_not_show() {
        let mut observed = Observed::default();
        for call in 0..100 {
            let seen = if call % 20 == 7 {
                AttemptResult::Failed
            } else {
                well(600)
            };
            observed.on_end(seen, at(call * 100), HALF_LIFE);
            assert!(call < 20 || observed.health(10, at(call * 100), HALF_LIFE) == 10);
        }
    }

    #[test]
    fn an_outage_shows_within_a_few_calls() {
        let mut observed = Observed::default();
        for call in 0..100 {
            observed.on_end(well(600), at(call * 100), HALF_LIFE);
        }
        for call in 100..200 {
            observed.on_end(AttemptResult::Failed, at(call * 100), HALF_LIFE);
        }
        assert!(observed.health(10, at(20_000), HALF_LIFE) <= 4);
    }

    #[test]
    fn a_slow_answer_counts_at_once_and_a_fast_one_by_and_by() {
        let mut observed = Observed::default();
        observed.on_end(well(100), at(0), HALF_LIFE);
        observed.on_end(well(900), at(0), HALF_LIFE);
        assert_eq!(millis(&observed, 0), 900);
        observed.on_end(well(100), at(0), HALF_LIFE);
        assert_eq!(millis(&observed, 0), 900, "no time has passed");
        observed.on_end(well(100), at(10_000), HALF_LIFE);
        assert_eq!(millis(&observed, 10_000), 500, "half of the way");
    }

    #[test]
    fn whoever_was_slow_is_tried_again_after_a_while() {
        let mut observed = Observed::default();
        observed.on_end(well(800), at(0), HALF_LIFE);
        assert_eq!(millis(&observed, 30_000), 100);
        assert_eq!(observed.latency(at(10_000_000), HALF_LIFE), Some(1));
    }

    #[test]
    fn fast_failures_do_not_look_like_fast_answers() {
        let mut observed = Observed::default();
        observed.on_end(AttemptResult::Failed, at(0), HALF_LIFE);
        assert_eq!(millis(&observed, 0), 1_000);
        for _ in 0..100 {
            observed.on_end(AttemptResult::Failed, at(0), HALF_LIFE);
        }
        assert_eq!(millis(&observed, 0), 120_000);
        let mut slow = Observed::default();
        slow.on_end(well(600_000), at(0), HALF_LIFE);
        slow.on_end(AttemptResult::Failed, at(0), HALF_LIFE);
        assert_eq!(millis(&slow, 0), 600_000, "a failure does not lower it");
    }

    #[test]
    fn what_is_abandoned_says_nothing_and_is_no_longer_under_way() {
        let mut observed = Observed::default();
        observed.on_start();
        observed.on_start();
        observed.on_end(AttemptResult::Nothing, at(0), HALF_LIFE);
        assert_eq!(observed.in_flight(), 1);
        assert_eq!(observed.health(10, at(0), HALF_LIFE), 10);
        assert_eq!(observed.latency(at(0), HALF_LIFE), None);
    }

    fn millis(observed: &Observed, now: u64) -> u64 {
        let latency = observed.latency(at(now), HALF_LIFE).unwrap();
        (latency + 500_000) / 1_000_000
    }

    fn well(millis: u64) -> AttemptResult {
        AttemptResult::Well(Duration::from_millis(millis))
    }

    fn at(millis: u64) -> Instant {
        Instant::START + Duration::from_millis(millis)
    }
}

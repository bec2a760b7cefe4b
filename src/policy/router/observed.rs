//! What attempts told of one provider: how many went well, how soon it answers, how many are under
//! way; and how all of it fades.
//!
//! After a half-life everything counts half. So a provider that failed is well again some
//! half-lives later without anybody asking it, and is asked again. Fading is integer arithmetic
//! and hardly depends on how many steps it takes: 2^-x is a polynomial, since a straight line
//! between half-lives would fade a busy provider a third slower than an idle one.

use std::time::Duration;

use super::AttemptResult;
use crate::time::{Instant, nanos};

/// What is known of a provider.
#[derive(Clone, Debug, Default)]
pub(super) struct Observed {
    in_flight: u32,
    /// Attempts that went well and that failed, in parts of [`ONE`], as of `at`.
    well: u64,
    failed: u64,
    /// The peak EWMA of the time until it answers, as of `at`; none = it never did.
    latency: Option<u64>,
    at: Instant,
}

impl Observed {
    /// An attempt starts.
    pub(super) fn on_start(&mut self) {
        self.in_flight = self.in_flight.saturating_add(1);
    }

    /// An attempt is over.
    pub(super) fn on_end(&mut self, seen: AttemptResult, now: Instant, half_life: Duration) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match seen {
            AttemptResult::Nothing => {}
            AttemptResult::Well(took) => {
                let slower = self.after_answer(nanos(took), now, half_life);
                self.fade(now, half_life);
                self.well = self.well.saturating_add(ONE);
                self.latency = Some(slower);
            }
            AttemptResult::Failed => {
                self.fade(now, half_life);
                self.failed = self.failed.saturating_add(ONE);
                self.latency = Some(after_failure(self.latency));
            }
        }
    }

    /// How many attempts are under way.
    pub(super) const fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// The share of recent attempts that went well, in parts of `whole`, rounded up: a provider
    /// that fails once in a while is as good as one that never does, if `whole` is small.
    ///
    /// A few attempts that nobody made count as well. They outlive all others, so that whoever has
    /// not been asked for long is well.
    pub(super) fn health(&self, whole: u32, now: Instant, half_life: Duration) -> u64 {
        let left = Left::since(self.at, now, half_life);
        let well = u128::from(left.of(self.well)) + u128::from(PRIOR);
        let all = well + u128::from(left.of(self.failed));
        let share = (well * u128::from(whole)).div_ceil(all);
        u64::try_from(share).unwrap_or(u64::from(whole))
    }

    /// How soon it answers, in nanoseconds; none = nobody knows. What was long ago counts less, so
    /// that whoever was slow is tried again.
    pub(super) fn latency(&self, now: Instant, half_life: Duration) -> Option<u64> {
        let left = Left::since(self.at, now, half_life);
        self.latency.map(|latency| left.of(latency).max(1))
    }

    /// The peak EWMA after an answer that took so long: a slower one counts at once, a sooner one
    /// by the time that has passed (as in Finagle and tower).
    fn after_answer(&self, took: u64, now: Instant, half_life: Duration) -> u64 {
        let above = self.latency.unwrap_or(0).saturating_sub(took);
        took + Left::since(self.at, now, half_life).of(above)
    }

    fn fade(&mut self, now: Instant, half_life: Duration) {
        let left = Left::since(self.at, now, half_life);
        self.well = left.of(self.well);
        self.failed = left.of(self.failed);
        self.latency = self.latency.map(|latency| left.of(latency));
        self.at = self.at.max(now);
    }
}

/// A failure often comes at once, and must not look like a fast answer: it counts as one twice as
/// late as expected. A lone failure is forgiven after a half-life; each further one adds another.
fn after_failure(latency: Option<u64>) -> u64 {
    let doubled = latency.unwrap_or(0).saturating_mul(2);
    let bounded = doubled.clamp(FAILED_LEAST, FAILED_MOST);
    bounded.max(latency.unwrap_or(0))
}

/// What is left of something after a while.
#[derive(Clone, Copy, Debug)]
struct Left {
    /// This often it was halved,
    halvings: u64,
    /// and this many parts of 2^32 are left of that.
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

    /// What is left of this much, to the nearest.
    fn of(self, amount: u64) -> u64 {
        let halvings = u32::try_from(self.halvings).unwrap_or(u32::MAX);
        let halved = amount.checked_shr(halvings).unwrap_or(0);
        ((u128::from(halved) * u128::from(self.parts) + (1 << 31)) >> 32) as u64
    }
}

/// 2^-`x`, both in parts of 2^32, for `x` below the whole.
///
/// The series of the exponential, with its last coefficient such that half is left at the end.
fn exp2_minus(x: u64) -> u64 {
    let step = |sum: u64, coefficient: u64| coefficient - ((sum * x) >> 32);
    WHOLE - ((SERIES.into_iter().rev().fold(0, step) * x) >> 32)
}

/// One attempt.
const ONE: u64 = 1 << 20;

/// Two attempts that went well before there were any: one failure is no verdict.
const PRIOR: u64 = 2 * ONE;

/// A failure says at least as much as an answer after this long, where nothing else is known.
const FAILED_LEAST: u64 = 1_000_000_000;

/// However many failures, they say no more than an answer after two minutes: seven half-lives
/// later the provider looks as one that answers after a second.
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
        assert_eq!(millis(&slow, 0), 600_000, "a failure is no good news");
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

//! How many calls arrive by a moment under a rate, and when a given number has arrived.
//!
//! Arrivals need two functions of a rate: the number of calls by a moment (its integral), and the
//! moment by which a number of calls has arrived (the inverse). Both are closed forms in integers,
//! with a resolution of 10^-22 of a call, so nothing drifts and no list of arrivals is kept. Only
//! the sine of the daily wave is a float; it oscillates around an exact mean, so its error does not
//! grow with time. `workload` draws the gaps around the rate.

use std::time::Duration;

use super::curve::{DAY, RateCurve, fine};
use crate::time::{Instant, nanos};
use crate::units::Rate;

impl RateCurve {
    /// How many calls arrive by `at`: its integral, rounded down.
    pub fn calls_by(&self, at: Instant) -> u128 {
        self.course().mass(at.as_nanos()) / CALL
    }

    /// The rate in the form that `workload` uses.
    pub(in crate::scenario) fn course(&self) -> Course {
        match *self {
            Self::Constant(rate) => Course::lines([(0, fine(rate))]),
            Self::Diurnal {
                mean,
                peak,
                peak_at,
                period,
            } => Course(CourseShape::Wave(Wave::new(mean, peak, peak_at, period))),
            Self::Ramp { from, to, at, over } => {
                Course::ramp(fine(from), fine(to), nanos(at), nanos(over).max(1))
            }
            Self::Spike {
                base,
                peak,
                at,
                length,
            } => {
                let (at, end) = (nanos(at), nanos(at).saturating_add(nanos(length)));
                Course::lines([(0, fine(base)), (at, fine(peak)), (end, fine(base))])
            }
            Self::Steps { ref steps } => {
                let first = [(0, 0)].into_iter();
                Course::lines(first.chain(steps.iter().map(|one| (nanos(one.at), fine(one.rate)))))
            }
        }
    }
}

/// A rate with its integral and inverse. Calls are counted in "mass": billionths of a call per day,
/// times nanoseconds.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct Course(CourseShape);

#[derive(Clone, Debug)]
enum CourseShape {
    /// In order; each holds until the next begins.
    Lines(Vec<Line>),
    Wave(Wave),
}

impl Course {
    fn lines(levels: impl IntoIterator<Item = (u64, u128)>) -> Self {
        let flat = levels.into_iter().map(|(start, level)| Line {
            start,
            from: level,
            to: level,
            over: 1,
            before: 0,
        });
        Self::joined(flat)
    }

    fn ramp(from: u128, to: u128, at: u64, over: u64) -> Self {
        let line = |start, from, to, over| Line {
            start,
            from,
            to,
            over,
            before: 0,
        };
        Self::joined([
            line(0, from, from, 1),
            line(at, from, to, over),
            line(at.saturating_add(over), to, to, 1),
        ])
    }

    fn joined(lines: impl IntoIterator<Item = Line>) -> Self {
        let mut joined: Vec<Line> = Vec::new();
        for mut line in lines {
            line.before = joined.last().map_or(0, |last| last.mass(line.start));
            joined.push(line);
        }
        Self(CourseShape::Lines(joined))
    }

    /// Its integral up to `at`.
    pub(in crate::scenario) fn mass(&self, at: u64) -> u128 {
        match &self.0 {
            CourseShape::Wave(wave) => wave.mass(at),
            CourseShape::Lines(lines) => {
                let next = lines.partition_point(|line| line.start <= at);
                next.checked_sub(1).map_or(0, |n| lines[n].mass(at))
            }
        }
    }

    /// The first nanosecond, from `floor` on, at which the integral reaches `mass`; none when it
    /// never does.
    pub(in crate::scenario) fn first(&self, mass: u128, floor: u64) -> Option<u64> {
        if mass == 0 {
            return Some(floor);
        }
        match &self.0 {
            CourseShape::Wave(wave) => wave.first(mass, floor),
            CourseShape::Lines(lines) => {
                let next = lines.partition_point(|line| line.before < mass);
                let line = &lines[next.checked_sub(1)?];
                line.first(mass).map(|at| at.max(floor))
            }
        }
    }
}

/// An interval in which the rate is linear; constant after `over`.
#[derive(Clone, Debug)]
struct Line {
    start: u64,
    from: u128,
    to: u128,
    over: u64,
    /// The integral up to its start.
    before: u128,
}

impl Line {
    fn mass(&self, at: u64) -> u128 {
        let passed = u128::from(at.saturating_sub(self.start));
        let flat = self.from.saturating_mul(passed);
        let grown = half_square(self.to.abs_diff(self.from), passed, u128::from(self.over));
        let since = match self.to >= self.from {
            true => flat.saturating_add(grown),
            false => flat.saturating_sub(grown),
        };
        self.before.saturating_add(since)
    }

    fn first(&self, mass: u128) -> Option<u64> {
        let wanted = mass - self.before;
        if self.from != self.to {
            let guess = self.start.saturating_add(self.guess(wanted));
            return Some(settle(|at| self.mass(at), mass, self.start, guess));
        }
        let passed = wanted.checked_next_multiple_of(self.from)? / self.from;
        let passed = u64::try_from(passed).ok()?;
        self.start.checked_add(passed)
    }

    /// When a parabola reaches `wanted`, with a float's precision.
    fn guess(&self, wanted: u128) -> u64 {
        let (from, to) = (self.from as f64, self.to as f64);
        let (slope, wanted) = ((to - from) / self.over as f64, wanted as f64);
        let root = libm::sqrt((from * from + 2.0 * slope * wanted).max(0.0));
        ((2.0 * wanted / (from + root)) as u64).min(self.over)
    }
}

/// `rise` x `passed`^2 / (2 x `over`), rounded down, avoiding overflow.
fn half_square(rise: u128, passed: u128, over: u128) -> u128 {
    if rise == 0 {
        return 0;
    }
    let (once, twice) = (rise.saturating_mul(passed), 2 * over);
    let rest = (once % twice).saturating_mul(passed) / twice;
    (once / twice).saturating_mul(passed).saturating_add(rest)
}

/// A sine wave around a mean.
#[derive(Clone, Debug)]
struct Wave {
    mean: u128,
    /// Its amplitude.
    swing: f64,
    period: u64,
    /// The time from a peak to the start.
    lead: u64,
}

impl Wave {
    fn new(mean: Rate, peak: Rate, peak_at: Duration, period: Duration) -> Self {
        let (mean, peak, period) = (fine(mean), fine(peak), nanos(period).max(1));
        Self {
            mean,
            swing: peak.saturating_sub(mean) as f64,
            period,
            lead: period - nanos(peak_at) % period,
        }
    }

    fn mass(&self, at: u64) -> u128 {
        let mean = self.mean.saturating_mul(u128::from(at));
        let reach = self.swing * self.period as f64 / TURN;
        let swung = reach * (libm::sin(self.angle(at)) - libm::sin(self.angle(0)));
        match swung >= 0.0 {
            true => mean.saturating_add(swung as u128),
            false => mean.saturating_sub(-swung as u128),
        }
    }

    /// The share of a period since the last peak, as an angle.
    fn angle(&self, at: u64) -> f64 {
        let since = (u128::from(at) + u128::from(self.lead)) % u128::from(self.period);
        since as f64 / self.period as f64 * TURN
    }

    fn first(&self, mass: u128, floor: u64) -> Option<u64> {
        if self.mean == 0 {
            return None;
        }
        if self.mass(floor) >= mass {
            return Some(floor);
        }
        // Newton's method, starting from where the mean alone would reach it.
        let mut at = mass as f64 / self.mean as f64;
        for _ in 0..4 {
            let rate = self.mean as f64 + self.swing * libm::cos(self.angle(at as u64));
            let found = self.mass(at as u64);
            let off = match found >= mass {
                true => (found - mass) as f64,
                false => -((mass - found) as f64),
            };
            at = (at - off / rate.max(self.mean as f64 / 16.0)).max(floor as f64);
        }
        Some(settle(|at| self.mass(at), mass, floor, at as u64))
    }
}

/// The first moment after `floor` at which `mass` is reached, near a guess.
fn settle(reached: impl Fn(u64) -> u128, mass: u128, floor: u64, guess: u64) -> u64 {
    let guess = guess.max(floor);
    let (mut low, mut high, mut step) = (guess, guess, 1_u64);
    while low > floor && reached(low) >= mass {
        high = low;
        low = low.saturating_sub(step).max(floor);
        step = step.saturating_mul(2);
    }
    while high < u64::MAX && reached(high) < mass {
        low = high;
        high = high.saturating_add(step);
        step = step.saturating_mul(2);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match reached(middle) >= mass {
            true => high = middle,
            false => low = middle,
        }
    }
    high
}

/// One billionth of a call.
pub(in crate::scenario) const BILLIONTH: u128 = DAY as u128 * 1_000_000_000;

/// One call.
pub(in crate::scenario) const CALL: u128 = BILLIONTH * 1_000_000_000;

const TURN: f64 = std::f64::consts::TAU;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::demand::curve::Step;
    use crate::units::duration;
    use proptest::prelude::*;

    fn per(text: &str) -> Rate {
        Rate::parse(text).unwrap()
    }

    fn long(text: &str) -> Duration {
        duration::parse(text).unwrap()
    }

    fn curves() -> [RateCurve; 5] {
        [
            RateCurve::Constant(per("7/min")),
            RateCurve::Diurnal {
                mean: per("2/s"),
                peak: per("4/s"),
                peak_at: long("12m"),
                period: long("30m"),
            },
            RateCurve::Ramp {
                from: per("10/s"),
                to: per("1/min"),
                at: long("3m"),
                over: long("5m"),
            },
            RateCurve::Spike {
                base: per("1/s"),
                peak: per("20/s"),
                at: long("10m"),
                length: long("1m"),
            },
            RateCurve::Steps {
                steps: vec![
                    Step {
                        at: long("1m"),
                        rate: per("3/s"),
                    },
                    Step {
                        at: long("2m"),
                        rate: per("90/h"),
                    },
                ],
            },
        ]
    }

    #[test]
    fn integrals_are_those_of_the_textbook() {
        let at = |text| Instant::START + long(text);
        let [constant, wave, ramp, spike, steps] = curves();
        assert_eq!(constant.calls_by(at("1h")), 420);
        // Over whole periods the mean is exact.
        assert_eq!(wave.calls_by(at("30m")), 3_600);
        assert_eq!(wave.calls_by(at("300h")), 2_160_000);
        // 3 min at 10/s, then 5 min at 601/60 / 2 on average, then 1/min.
        assert_eq!(ramp.calls_by(at("3m")), 1_800);
        assert_eq!(ramp.calls_by(at("8m")), 1_800 + 1_502);
        assert_eq!(ramp.calls_by(at("8m30s")), 1_800 + 1_503);
        assert_eq!(spike.calls_by(at("10m30s")), 600 + 600);
        assert_eq!(spike.calls_by(at("20m")), 600 + 1_200 + 540);
        assert_eq!(steps.calls_by(at("59s")), 0);
        assert_eq!(steps.calls_by(at("90s")), 90);
        assert_eq!(steps.calls_by(at("1h2m")), 180 + 90);
    }

    #[test]
    fn a_silent_stretch_is_skipped_and_a_silent_end_never_comes() {
        let zero = Rate {
            count_nano: 0,
            per: Duration::from_secs(1),
        };
        let course = RateCurve::Spike {
            base: zero,
            peak: per("1/s"),
            at: long("1m"),
            length: long("10s"),
        }
        .course();
        assert_eq!(course.first(CALL, 0), Some(61_000_000_000));
        assert_eq!(course.first(10 * CALL, 0), Some(70_000_000_000));
        assert_eq!(course.first(10 * CALL + 1, 0), None);
    }

    #[test]
    fn the_wave_is_highest_at_its_peak() {
        let course = curves()[1].course();
        let second = |from: u64| course.mass(from + 1_000_000_000) - course.mass(from);
        let (peak, trough) = (second(719_500_000_000), second(1_619_500_000_000));
        assert!(peak > 4 * CALL * 999 / 1_000 && peak <= 4 * CALL, "{peak}");
        assert!(trough < CALL / 1_000, "{trough}");
    }

    proptest! {
        #[test]
        fn the_inverse_is_the_first_moment_that_reaches_it(
            which in 0_usize..5,
            mass in 1..5_000 * CALL,
        ) {
            let course = curves()[which].course();
            let at = course.first(mass, 0).unwrap();
            prop_assert!(course.mass(at) >= mass);
            prop_assert!(course.mass(at - 1) < mass);
        }

        #[test]
        fn no_integral_ever_falls(
            which in 0_usize..5,
            at in 0_u64..1 << 55,
            more in 0_u64..1 << 40,
        ) {
            let course = curves()[which].course();
            // The sine of the wave is a float; its resolution is 10^-10 of a call.
            let grain = CALL / 10_000_000_000;
            prop_assert!(course.mass(at + more) + grain >= course.mass(at));
        }
    }
}

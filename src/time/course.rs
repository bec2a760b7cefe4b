//! A level over time: its integral, and when that reaches a value.
//!
//! Arrivals need both of a rate: how many calls there are by a moment, and when a number of calls
//! has arrived. Both are closed forms in integers, so nothing drifts and no list of arrivals is
//! kept. Only the sine of the wave is a float; it oscillates around an exact mean, so its error
//! does not grow with time. The caller chooses the unit of levels; an integral ("mass") is in that
//! unit times nanoseconds. Moments and lengths are nanoseconds.

/// A level over time, with its integral and inverse.
#[derive(Clone, Debug)]
pub(crate) struct Course(CourseShape);

#[derive(Clone, Debug)]
enum CourseShape {
    /// In order; each holds until the next begins.
    Lines(Vec<Line>),
    Wave(Wave),
}

impl Course {
    /// Each level holds from its moment until the next one's; it is 0 before the first.
    pub(crate) fn steps(levels: impl IntoIterator<Item = (u64, u128)>) -> Self {
        let flat = levels.into_iter().map(|(start, level)| Line {
            start,
            from: level,
            to: level,
            over: 1,
            before: 0,
        });
        Self::joined(flat)
    }

    /// A straight line between two levels, from `at` on.
    pub(crate) fn ramp(from: u128, to: u128, at: u64, over: u64) -> Self {
        let over = over.max(1);
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

    /// A sine wave around its mean; its first peak is at `peak_at`.
    pub(crate) fn wave(mean: u128, peak: u128, peak_at: u64, period: u64) -> Self {
        let period = period.max(1);
        Self(CourseShape::Wave(Wave {
            mean,
            swing: peak.saturating_sub(mean) as f64,
            period,
            lead: period - peak_at % period,
        }))
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
    pub(crate) fn mass(&self, at: u64) -> u128 {
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
    pub(crate) fn first(&self, mass: u128, floor: u64) -> Option<u64> {
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

/// An interval in which the level is linear; constant after `over`.
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

const TURN: f64 = std::f64::consts::TAU;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: u64 = 1_000_000_000;
    const MINUTE: u64 = 60 * SECOND;
    const HOUR: u64 = 60 * MINUTE;

    /// So many calls in so many nanoseconds, as a level in billionths of a call per day.
    fn per(calls: u128, time: u64) -> u128 {
        calls * CALL / u128::from(time)
    }

    fn courses() -> [Course; 5] {
        [
            Course::steps([(0, per(7, MINUTE))]),
            Course::wave(per(2, SECOND), per(4, SECOND), 12 * MINUTE, 30 * MINUTE),
            Course::ramp(per(10, SECOND), per(1, MINUTE), 3 * MINUTE, 5 * MINUTE),
            Course::steps([
                (0, per(1, SECOND)),
                (10 * MINUTE, per(20, SECOND)),
                (11 * MINUTE, per(1, SECOND)),
            ]),
            Course::steps([(MINUTE, per(3, SECOND)), (2 * MINUTE, per(90, HOUR))]),
        ]
    }

    #[test]
    fn integrals_are_those_of_the_textbook() {
        let [constant, wave, ramp, spike, steps] = courses();
        let calls_by = |course: &Course, at| course.mass(at) / CALL;
        assert_eq!(calls_by(&constant, HOUR), 420);
        // Over whole periods the mean is exact.
        assert_eq!(calls_by(&wave, 30 * MINUTE), 3_600);
        assert_eq!(calls_by(&wave, 300 * HOUR), 2_160_000);
        // 3 min at 10/s, then 5 min at 601/60 / 2 on average, then 1/min.
        assert_eq!(calls_by(&ramp, 3 * MINUTE), 1_800);
        assert_eq!(calls_by(&ramp, 8 * MINUTE), 1_800 + 1_502);
        assert_eq!(calls_by(&ramp, 8 * MINUTE + 30 * SECOND), 1_800 + 1_503);
        assert_eq!(calls_by(&spike, 10 * MINUTE + 30 * SECOND), 600 + 600);
        assert_eq!(calls_by(&spike, 20 * MINUTE), 600 + 1_200 + 540);
        assert_eq!(calls_by(&steps, 59 * SECOND), 0);
        assert_eq!(calls_by(&steps, 90 * SECOND), 90);
        assert_eq!(calls_by(&steps, HOUR + 2 * MINUTE), 180 + 90);
    }

    #[test]
    fn a_silent_stretch_is_skipped_and_a_silent_end_never_comes() {
        let levels = [(0, 0), (MINUTE, per(1, SECOND)), (MINUTE + 10 * SECOND, 0)];
        let course = Course::steps(levels);
        assert_eq!(course.first(CALL, 0), Some(61_000_000_000));
        assert_eq!(course.first(10 * CALL, 0), Some(70_000_000_000));
        assert_eq!(course.first(10 * CALL + 1, 0), None);
    }

    #[test]
    fn the_wave_is_highest_at_its_peak() {
        let course = &courses()[1];
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
            let course = &courses()[which];
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
            let course = &courses()[which];
            // The sine of the wave is a float; its resolution is 10^-10 of a call.
            let grain = CALL / 10_000_000_000;
            prop_assert!(course.mass(at + more) + grain >= course.mass(at));
        }
    }

    /// One call.
    const CALL: u128 = 86_400 * 1_000_000_000_000_000_000;
}

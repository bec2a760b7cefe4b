//! How strong a fault is inside and after a window: it may grow, fade, and recover slowly.
//!
//! A level is a share of a fault's full strength. `SeededFault::level` documents which number of a
//! fault it scales.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::scenario::check::{LONGEST_RUN, SHORTEST};
use crate::scenario::section::section;
use crate::time::{nanos, period};
use crate::units::{Length, Share};

section! {
    /// `ramp` of a fault.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Ramp [Serialize] ("Ramp") {
        /// From nothing to full, as a window begins.
        default pub up: Duration as Length = Duration::ZERO, in SHORTEST..=LONGEST_RUN;
        /// From full to nothing, before it ends.
        default pub down: Duration as Length = Duration::ZERO, in SHORTEST..=LONGEST_RUN;
        /// Along which curve; `linear` by default.
        default pub shape: Shape = Shape::Linear;
    }
}

section! {
    /// `recover` of a fault.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Recovery [Serialize] ("Recover") {
        /// From full to nothing, after a window.
        required pub over: Duration as Length, in SHORTEST..=LONGEST_RUN;
        /// Along which curve; `linear` by default.
        default pub shape: Shape = Shape::Linear;
    }
}

impl From<Duration> for Ramp {
    fn from(up: Duration) -> Self {
        Self {
            up,
            down: Duration::ZERO,
            shape: Shape::default(),
        }
    }
}

impl From<Duration> for Recovery {
    fn from(over: Duration) -> Self {
        let shape = Shape::default();
        Self { over, shape }
    }
}

/// The curve from nothing to full; the way back is the same in reverse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Shape {
    /// At a constant rate.
    #[default]
    Linear,
    /// By a constant factor per time: slowly at first, steeply near the full level.
    Exponential,
    /// In four equal steps, a fifth each: servers go, or come back, one group at a time.
    Steps,
}

impl Ramp {
    /// The level `offset` nanoseconds into a window of this length.
    pub(super) fn level(&self, offset: u64, length: Option<Duration>) -> Share {
        let up = self.shape.rise(offset, self.up);
        let left = length.map_or(u64::MAX, |length| nanos(length).saturating_sub(offset));
        let gone = nanos(self.down).saturating_sub(left);
        match left < nanos(self.down) {
            true => up.min(self.shape.fall(gone, self.down)),
            false => up,
        }
    }
}

impl Recovery {
    /// The level `offset` nanoseconds after a window's end.
    pub(super) fn level(&self, offset: u64) -> Share {
        self.shape.fall(offset, self.over)
    }
}

impl Shape {
    /// The level after `passed` nanoseconds of a rise of this `length`.
    fn rise(self, passed: u64, length: Duration) -> Share {
        let whole = nanos(length);
        let Some(share) = Share::from_fraction(passed, whole).filter(|_| passed < whole) else {
            return Share::WHOLE;
        };
        match self {
            Self::Linear => share,
            Self::Exponential => {
                let x = passed as f64 / whole as f64;
                let level = libm::expm1(STEEP * x) / libm::expm1(STEEP);
                Share::from_parts((level * Share::WHOLE.as_parts() as f64) as u64)
            }
            Self::Steps => Share::from_fraction(share.of(STEPS) + 1, STEPS + 1).unwrap_or_default(),
        }
    }

    /// The level after `passed` nanoseconds of a fall of this `length`.
    fn fall(self, passed: u64, length: Duration) -> Share {
        let left = nanos(length).saturating_sub(passed);
        match self {
            Self::Steps => self.rise(passed, length).rest(),
            _ if left == 0 => Share::ZERO,
            _ => self.rise(left, length),
        }
    }

    /// When the level jumps within a rise or fall of this `length`.
    pub(crate) fn jumps(self, length: Duration) -> Vec<Duration> {
        match self {
            Self::Steps => {
                let step = period(length) / STEPS;
                (1..STEPS).map(|n| Duration::from_nanos(n * step)).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// An exponential curve grows by a factor of e^5, about 150, in total.
const STEEP: f64 = 5.0;

const STEPS: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// Rounded down.
    fn percent(level: Share) -> u64 {
        level.of(100)
    }

    fn percents(shape: Shape, way: fn(Shape, u64, Duration) -> Share) -> Vec<u64> {
        let moments = (0..=12).map(|n| n * 5_000_000_000);
        moments
            .map(|passed| percent(way(shape, passed, MINUTE)))
            .collect()
    }

    #[test]
    fn curves_begin_and_end_where_they_should() {
        let linear = [0, 8, 16, 25, 33, 41, 50, 58, 66, 75, 83, 91, 100];
        assert_eq!(percents(Shape::Linear, Shape::rise), linear);
        let exponential = [0, 0, 0, 1, 2, 4, 7, 11, 18, 28, 43, 65, 100];
        assert_eq!(percents(Shape::Exponential, Shape::rise), exponential);
        let steps = [20, 20, 20, 40, 40, 40, 60, 60, 60, 80, 80, 80, 100];
        assert_eq!(percents(Shape::Steps, Shape::rise), steps);
    }

    #[test]
    fn the_way_down_is_the_way_up_in_reverse() {
        for shape in [Shape::Linear, Shape::Exponential] {
            let mut up = percents(shape, Shape::rise);
            up.reverse();
            assert_eq!(percents(shape, Shape::fall), up);
        }
        let steps = [80, 80, 80, 60, 60, 60, 40, 40, 40, 20, 20, 20, 0];
        assert_eq!(percents(Shape::Steps, Shape::fall), steps);
    }

    #[test]
    fn no_length_is_at_once() {
        for shape in [Shape::Linear, Shape::Exponential, Shape::Steps] {
            assert_eq!(shape.rise(0, Duration::ZERO), Share::WHOLE);
            assert_eq!(shape.fall(0, Duration::ZERO), Share::ZERO);
        }
    }

    #[test]
    fn a_ramp_grows_holds_and_fades() {
        let ramp = Ramp {
            up: MINUTE,
            down: MINUTE,
            shape: Shape::Linear,
        };
        let level = |second: u64| percent(ramp.level(second * 1_000_000_000, Some(3 * MINUTE)));
        assert_eq!([0, 30, 60, 90, 120].map(level), [0, 50, 100, 100, 100]);
        assert_eq!([150, 174].map(level), [50, 10]);
        assert_eq!(ramp.level(u64::MAX, None), Share::WHOLE);
    }
}

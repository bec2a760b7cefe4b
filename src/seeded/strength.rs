//! How strong a fault is at a moment: it may grow and fade inside a window, and recover slowly
//! after it.
//!
//! A level is a share of a fault's full strength. [`SeededFault::level`](super::SeededFault::level)
//! documents which number of a fault it scales.

use std::time::Duration;

use crate::scenario::fault::{Fault, FaultKind, Ramp, Recovery, Shape};
use crate::time::{Instant, Windows, nanos, period};
use crate::units::{Factor, Share};

/// The strength of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
    /// No strength: on or off.
    Plain,
    /// By this factor.
    Factor(Factor),
    /// This share is left.
    Left(Share),
}

impl Fault {
    /// When it can be active: its windows, each with the recovery after it.
    pub(crate) fn extents(&self) -> Windows {
        match self.recovery {
            Some(recovery) => self.windows.extended(recovery.over),
            None => self.windows,
        }
    }

    /// Its strength at `now` by windows, ramp and recovery.
    pub(super) fn envelope(&self, now: Instant) -> Share {
        let Some(offset) = self.windows.offset(now) else {
            return Share::ZERO;
        };
        let length = self.windows.length;
        let after = length.and_then(|length| offset.checked_sub(nanos(length)));
        match (after, self.ramp, self.recovery) {
            (Some(after), _, recovery) => {
                recovery.map_or(Share::ZERO, |recovery| recovery.level(after))
            }
            (None, Some(ramp), _) => ramp.level(offset, length),
            (None, None, _) => Share::WHOLE,
        }
    }
}

impl FaultKind {
    /// Whether it has a strength, which a ramp scales instead of the share of attempts.
    pub(super) fn has_strength(&self) -> bool {
        self.strength_at(Share::WHOLE) != Strength::Plain
    }

    /// Its strength at this `level`.
    pub(super) fn strength_at(&self, level: Share) -> Strength {
        match *self {
            Self::Slow { factor, .. } | Self::Price { factor } => {
                Strength::Factor(scaled_at(factor, level))
            }
            Self::CapacityLoss { remaining } | Self::LimitShrink { remaining } => {
                Strength::Left(left_at(remaining, level))
            }
            _ => Strength::Plain,
        }
    }
}

/// A factor at this `level` of its fault: 1 at 0 %, the factor at 100 %.
pub(crate) fn scaled_at(factor: Factor, level: Share) -> Factor {
    let (one, full) = (Factor::ONE.as_milli(), factor.as_milli());
    Factor::milli(match full.checked_sub(one) {
        Some(more) => one + level.of(more),
        None => one - level.of(one - full),
    })
}

/// What is left at this `level` of its fault: everything at 0 %, `left` at 100 %.
pub(crate) fn left_at(left: Share, level: Share) -> Share {
    level.of_share(left.rest()).rest()
}

impl Ramp {
    /// The level `offset` nanoseconds into a window of this length.
    fn level(&self, offset: u64, length: Option<Duration>) -> Share {
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
    fn level(&self, offset: u64) -> Share {
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
    pub(super) fn jumps(self, length: Duration) -> Vec<Duration> {
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

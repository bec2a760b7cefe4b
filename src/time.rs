//! Instants: nanoseconds since a run (or a client) began.
//!
//! Nothing here reads a clock. Callers pass `now` in; lengths of time are [`std::time::Duration`].

mod active;
pub(crate) mod course;
mod due;
mod windows;

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

pub(crate) use active::Active;
pub(crate) use due::Due;
use serde::{Deserialize, Serialize};
pub use windows::{Windows, period};

/// A point in time, in nanoseconds since the start of the run.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Instant(u64);

impl Instant {
    /// The start of the run.
    pub const START: Self = Self(0);

    /// The instant `nanos` nanoseconds after the start.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The length of time since the start.
    pub const fn since_start(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// The length of time since `earlier`; zero when `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// The shortest time in a scenario: the world's timers resolve one millisecond.
pub(crate) const SHORTEST: Duration = Duration::from_millis(1);

/// The longest run, and the longest time in a scenario.
pub(crate) const LONGEST_RUN: Duration = Duration::from_secs(366 * 86_400);

/// Nanoseconds of `length`, saturating at about 584 years.
pub fn nanos(length: Duration) -> u64 {
    let seconds = length.as_secs().saturating_mul(1_000_000_000);
    seconds.saturating_add(u64::from(length.subsec_nanos()))
}

/// Saturates at the largest instant.
impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, length: Duration) -> Self {
        Self(self.0.saturating_add(nanos(length)))
    }
}

/// Saturates at the start.
impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, length: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(length)))
    }
}

/// Seconds with milliseconds, as decision traces print it: `12.345s`.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{:03}s",
            self.0 / 1_000_000_000,
            self.0 / 1_000_000 % 1_000
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_saturate_at_both_ends() {
        assert_eq!(
            Instant::from_nanos(5) - Duration::from_secs(1),
            Instant::START
        );
        let end = Instant::from_nanos(u64::MAX);
        assert_eq!(end + Duration::MAX, end);
        assert_eq!(Instant::START.since(end), Duration::ZERO);
    }
}

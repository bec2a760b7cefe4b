//! How strong a fault is inside and after a window: it may grow, fade, and recover slowly.
//!
//! `seeded` has the level at a moment.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::text::section::section;
use crate::time::{LONGEST_RUN, SHORTEST};
use crate::units::Length;

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

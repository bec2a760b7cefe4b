//! Bursts: a fault that switches on and off by itself, for random lengths of time.
//!
//! Two states alternate, on and off, each for an exponentially distributed length of time. With a
//! rate of 0 while off, that is an on/off process; with a lower rate while off, it is the channel
//! of Gilbert (1960) and Elliott (1963) in continuous time. The process is memoryless: at the first
//! window's start it is on with its stationary probability, so its expectation is constant. Windows
//! cut bursts, and never shift them. `seeded` draws the lengths.

use std::time::Duration;

use crate::text::section::section;
use crate::time::{LONGEST_RUN, SHORTEST};
use crate::units::{Length, Share};

section! {
    /// `burst` of a fault.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Burst [Serialize] ("Burst") {
        /// How long it is on, on average.
        required pub on: Duration as Length, in SHORTEST..=LONGEST_RUN;
        /// How long it is off, on average.
        required pub off: Duration as Length, in SHORTEST..=LONGEST_RUN;
        /// Its rate while off; 0 by default.
        default pub rate_off: Share = Share::ZERO;
    }
}

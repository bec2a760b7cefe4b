//! What a provider works on at once: slots, and a bounded queue before them.
//!
//! Work goes on when the client has left, so its end is known when it begins, and nobody has to be
//! told of it: who comes next begins when the earliest slot is free.

use crate::scenario::Capacity;
use crate::time::Instant;

/// The slots of a provider.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    _capacity: Option<Capacity>,
}

/// A place in the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// When the work begins.
    pub(super) start: Instant,
    /// How many thousandths of its usual time it takes.
    pub(super) slow_milli: u64,
}

/// The queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Slots {
    /// All slots are free.
    pub(super) fn new(capacity: Option<Capacity>) -> Self {
        Self {
            _capacity: capacity,
        }
    }

    /// A request comes at `now`, when `left` (parts per 10^9) of the slots is there.
    pub(super) fn admit(&mut self, now: Instant, _left: u64) -> Result<Place, Full> {
        Ok(Place {
            start: now,
            slow_milli: 1_000,
        })
    }

    /// The work that was admitted last ends at `end`.
    pub(super) fn occupy(&mut self, _place: Place, _end: Instant) {}

    /// Whatever was worked on is lost.
    pub(super) fn clear(&mut self) {}
}

//! What is due when: things by their positions, the earliest first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Instant;

/// Positions, each with the moment at which it is due.
#[derive(Clone, Debug, Default)]
pub(crate) struct Due(BinaryHeap<Reverse<(Instant, usize)>>);

impl Due {
    /// The things from position 0 on are due at these moments.
    pub(crate) fn all(moments: impl Iterator<Item = Instant>) -> Self {
        Self(moments.zip(0..).map(Reverse).collect())
    }

    /// The thing at `place` is due at `at`; never, if none.
    pub(crate) fn set(&mut self, at: Option<Instant>, place: usize) {
        self.0.extend(at.map(|at| Reverse((at, place))));
    }

    /// When the first is due.
    pub(crate) fn first(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes the first that is due by `now`.
    pub(crate) fn take(&mut self, now: Instant) -> Option<usize> {
        self.first().filter(|first| *first <= now)?;
        self.0.pop().map(|Reverse((_, place))| place)
    }
}

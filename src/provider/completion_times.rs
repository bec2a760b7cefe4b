//! When work that is under way will be done: in order, forgotten when it is past.
//!
//! Sorted as a whole rather than a heap: how many may be under way at once changes while they are
//! (capacity is lost and comes back), and then the n-th end from behind is asked for, whatever n.
//! Later work mostly ends later, so it is put in near the back: a search, and few are moved.

use std::collections::VecDeque;

use crate::time::Instant;

/// The ends of work that is under way, or will be.
#[derive(Clone, Debug, Default)]
pub(super) struct CompletionTimes(VecDeque<Instant>);

impl CompletionTimes {
    /// Forgets what is done by `now`.
    pub(super) fn forget(&mut self, now: Instant) {
        while self.0.front().is_some_and(|end| *end <= now) {
            self.0.pop_front();
        }
    }

    /// Something will be done at `end`.
    pub(super) fn put(&mut self, end: Instant) {
        let place = self.0.partition_point(|other| *other <= end);
        self.0.insert(place, end);
    }

    /// When fewer than `most`, which is not zero, are left; none when they are already.
    pub(super) fn below(&self, most: usize) -> Option<Instant> {
        let place = self.0.len().checked_sub(most)?;
        self.0.get(place).copied()
    }

    /// How many will still be under way at `at`.
    pub(super) fn after(&self, at: Instant) -> usize {
        self.0.len() - self.0.partition_point(|end| *end <= at)
    }

    /// Nothing is under way any more.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_in_order_whatever_came_first() {
        let mut ends = CompletionTimes::default();
        for end in [5, 3, 9, 3, 7] {
            ends.put(Instant::from_nanos(end));
        }
        let below = |ends: &CompletionTimes, most| ends.below(most).map(Instant::as_nanos);
        assert_eq!(below(&ends, 6), None);
        assert_eq!(below(&ends, 5), Some(3));
        assert_eq!(below(&ends, 1), Some(9));
        assert_eq!(ends.after(Instant::from_nanos(5)), 2);
        ends.forget(Instant::from_nanos(3));
        assert_eq!((ends.0.len(), below(&ends, 3)), (3, Some(5)));
    }
}

//! When the work in progress will be done: in order, without the past.
//!
//! Sorted as a whole rather than a heap: the number of slots changes while work is in progress
//! (capacity is lost and comes back), and then the n-th end from behind is needed, for any n. Later
//! work mostly ends later, so it is inserted near the back: a search, and few moves.

use std::collections::VecDeque;

use crate::time::Instant;

/// The ends of work in progress or in the queue.
#[derive(Clone, Debug, Default)]
pub(super) struct CompletionTimes(VecDeque<Instant>);

impl CompletionTimes {
    /// Removes the ends up to `now`.
    pub(super) fn forget(&mut self, now: Instant) {
        while self.0.front().is_some_and(|end| *end <= now) {
            self.0.pop_front();
        }
    }

    /// Adds work that ends at `end`.
    pub(super) fn put(&mut self, end: Instant) {
        let place = self.0.partition_point(|other| *other <= end);
        self.0.insert(place, end);
    }

    /// When fewer than `most`, which is not zero, are left; none when this is so already.
    pub(super) fn below(&self, most: usize) -> Option<Instant> {
        let place = self.0.len().checked_sub(most)?;
        self.0.get(place).copied()
    }

    /// How many will still be in progress at `at`.
    pub(super) fn after(&self, at: Instant) -> usize {
        self.0.len() - self.0.partition_point(|end| *end <= at)
    }

    /// Removes all.
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

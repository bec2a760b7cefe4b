//! A limit on requests at once: each counts from its admission until its work is done.

use std::time::Duration;

use crate::provider::completion_times::CompletionTimes;
use crate::time::Instant;

/// A limit on requests at once.
#[derive(Clone, Debug)]
pub(super) struct Concurrency {
    limit: usize,
    now: Instant,
    ends: CompletionTimes,
}

impl Concurrency {
    /// At most `limit` at once.
    pub(super) fn new(limit: u64) -> Self {
        Self {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            now: Instant::START,
            ends: CompletionTimes::default(),
        }
    }

    /// It is `now`, and the limit is `limit`.
    pub(super) fn advance(&mut self, now: Instant, limit: u64) {
        self.limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.now = self.now.max(now);
        self.ends.forget(self.now);
    }

    /// How long until one more would be admitted, when the limit is not zero.
    pub(super) fn wait(&self) -> Duration {
        let free = self.ends.below(self.limit);
        free.map_or(Duration::ZERO, |end| end.since(self.now))
    }

    /// One was admitted that will be done at `end`.
    pub(super) fn put(&mut self, end: Instant) {
        self.ends.put(end);
    }

    /// Whatever was worked on is lost.
    pub(super) fn clear(&mut self) {
        self.ends.clear();
    }
}

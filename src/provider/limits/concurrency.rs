//! A limit on concurrent requests: each counts from its admission until its work is done.

use std::time::Duration;

use crate::provider::completion_times::CompletionTimes;
use crate::time::Instant;
use crate::wire::fake::Quota;

/// A limit on concurrent requests.
#[derive(Clone, Debug)]
pub(super) struct Concurrency {
    limit: usize,
    now: Instant,
    ends: CompletionTimes,
}

impl Concurrency {
    /// At most `limit` concurrent requests.
    pub(super) fn new(limit: u64) -> Self {
        Self {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            now: Instant::START,
            ends: CompletionTimes::default(),
        }
    }

    /// Advances to `now`, with the limit `limit`.
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

    /// The remaining quota; it is all free when the work in progress has ended.
    pub(super) fn quota(&self) -> Quota {
        let busy = self.ends.after(self.now);
        let last = self.ends.below(1).unwrap_or(self.now);
        Quota {
            limit: self.limit as u64,
            remaining: self.limit.saturating_sub(busy) as u64,
            reset: last.since(self.now),
        }
    }

    /// Adds an admitted request whose work ends at `end`.
    pub(super) fn put(&mut self, end: Instant) {
        self.ends.put(end);
    }

    /// Drops all work.
    pub(super) fn clear(&mut self) {
        self.ends.clear();
    }
}

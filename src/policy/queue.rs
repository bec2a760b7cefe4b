//! The queue: calls that wait for room, the most important first, within bounds.

use super::CallId;
use super::ask::Priority;
use super::config;
use crate::time::Instant;

/// Where the calls of one client wait.
#[derive(Clone, Debug)]
pub struct Queue {
    settings: config::Queue,
}

/// What became of a call that asked to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// It waits, until then at the latest. Who it pushed out, if anybody, does not wait any more.
    Waits {
        /// When its time is up.
        until: Instant,
        /// The least important, which had to go.
        pushed_out: Option<CallId>,
    },
    /// The queue is full of calls that are at least as important.
    Full,
}

impl Queue {
    /// An empty queue.
    pub fn new(settings: config::Queue) -> Self {
        Self { settings }
    }

    /// A call asks to wait; one that waits already keeps its place and its time.
    pub fn join(&mut self, _call: CallId, _priority: Priority, now: Instant) -> Joined {
        Joined::Waits {
            until: now + self.settings.wait,
            pushed_out: None,
        }
    }

    /// A call does not wait any more.
    pub fn leave(&mut self, _call: CallId) {}

    /// Whether a call waits.
    pub fn holds(&self, _call: CallId) -> bool {
        false
    }

    /// Whose turn it is: the most important, and of those the one that came first.
    pub fn first(&self) -> Option<CallId> {
        None
    }

    /// Whether nobody waits who is to go before this call.
    pub fn is_next(&self, _call: CallId, _priority: Priority) -> bool {
        true
    }
}

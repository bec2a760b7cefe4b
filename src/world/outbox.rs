//! Whether a pass may find packets: each looks at every socket, and there is none without need.
//!
//! Hosts send because a task did something to a connection, or because a packet came that is more
//! than data. Data is acknowledged, and an acknowledgement does nothing but free the sender's
//! buffer: it can wait for the next pass, unless the sender may hold bytes back until it comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the hosts of one run may have to send.
#[derive(Clone, Debug)]
pub(super) struct Outbox(Arc<State>);

#[derive(Debug)]
struct State {
    may_hold: AtomicBool,
    /// Acknowledgements do not wait.
    is_urgent: AtomicBool,
}

impl Outbox {
    /// Of hosts that have just started; `is_urgent` if even acknowledgements cannot wait.
    pub(super) fn new(is_urgent: bool) -> Self {
        Self(Arc::new(State {
            may_hold: AtomicBool::new(true),
            is_urgent: AtomicBool::new(is_urgent),
        }))
    }

    /// There may be packets.
    pub(super) fn fill(&self) {
        self.0.may_hold.store(true, Ordering::Relaxed);
    }

    /// Whether there may be packets since the last call.
    pub(super) fn take(&self) -> bool {
        self.0.may_hold.swap(false, Ordering::Relaxed)
    }

    /// A sender had to wait for room: from here on no acknowledgement does.
    pub(super) fn hurry(&self) {
        self.0.is_urgent.store(true, Ordering::Relaxed);
    }

    /// Data has come; `bytes` were under way until then, of all connections.
    pub(super) fn on_data(&self, bytes: usize) {
        if bytes >= MANY || self.0.is_urgent.load(Ordering::Relaxed) {
            self.fill();
        }
    }
}

/// Half of what a receiver takes before it makes the sender wait.
const MANY: usize = 32 << 10;

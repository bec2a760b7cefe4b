//! The scenario's time on a real clock: it stands at 0 until the first request to a model, or until
//! it is started by hand, and again after a reset.

use std::cell::Cell;

use tokio::sync::Notify;

use crate::time::Instant;

/// The time.
#[derive(Default)]
pub(super) struct Clock {
    origin: Cell<Option<tokio::time::Instant>>,
    starts: Notify,
}

impl Clock {
    /// Starts the time; false when it passes already.
    pub(super) fn start(&self) -> bool {
        let starts = !self.has_started();
        if starts {
            self.origin.set(Some(tokio::time::Instant::now()));
            self.starts.notify_waiters();
        }
        starts
    }

    /// Sets the time back to 0, where it stands.
    pub(super) fn reset(&self) {
        self.origin.set(None);
    }

    /// Whether time passes.
    pub(super) fn has_started(&self) -> bool {
        self.origin.get().is_some()
    }

    /// The scenario's time.
    pub(super) fn now(&self) -> Instant {
        let passed = self.origin.get().map(|origin| origin.elapsed());
        Instant::START + passed.unwrap_or_default()
    }

    /// The same time for timers; beyond their range, thirty years from now.
    pub(super) fn moment(&self, at: Instant) -> tokio::time::Instant {
        let now = tokio::time::Instant::now();
        let origin = self.origin.get().unwrap_or(now);
        origin.checked_add(at.since_start()).unwrap_or(now + FAR)
    }

    /// Waits for the start, then until this time. At a time that has come, it does not wait for the
    /// next tick of a timer: what is due at 0 precedes the answer to the request that starts time.
    pub(super) async fn sleep_until(&self, at: Instant) {
        let starts = self.starts.notified();
        if !self.has_started() {
            starts.await;
        }
        if self.now() < at {
            tokio::time::sleep_until(self.moment(at)).await;
        }
    }
}

/// About the range of timers.
const FAR: std::time::Duration = std::time::Duration::from_secs(30 * 365 * 86_400);

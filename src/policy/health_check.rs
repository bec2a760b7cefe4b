//! Health checks: asking providers how they are, apart from any call.

use super::ProviderId;
use super::config;
use crate::time::Instant;

/// The checks of one client.
#[derive(Clone, Debug)]
pub struct HealthChecks {
    settings: config::HealthCheck,
}

impl HealthChecks {
    /// For a fleet of so many providers. The first checks are spread over the first interval.
    pub fn new(settings: config::HealthCheck, _providers: usize) -> Self {
        Self { settings }
    }

    /// What holds for the checks.
    pub fn settings(&self) -> &config::HealthCheck {
        &self.settings
    }

    /// When to ask [`Self::due`] again: the next check.
    pub fn next_at(&self) -> Instant {
        Instant::START
    }

    /// A provider whose check is due and that `is_asked` lets through, if any; its next check is
    /// an interval away. One that is not let through has its turn passed over.
    pub fn due(
        &mut self,
        _now: Instant,
        _is_asked: impl Fn(ProviderId) -> bool,
    ) -> Option<ProviderId> {
        None
    }

    /// A check ended.
    pub fn on_end(&mut self, _provider: ProviderId, _passed: bool) {}

    /// Whether the provider failed its checks.
    pub fn is_down(&self, _provider: ProviderId) -> bool {
        false
    }
}

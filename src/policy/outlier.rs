//! Outliers: providers that do much worse than their peers are left out for a while.

use std::time::Duration;

use super::ProviderId;
use super::config;
use crate::time::Instant;

/// Compares the providers of one fleet.
#[derive(Clone, Debug)]
pub struct Outliers {
    settings: config::Outlier,
}

impl Outliers {
    /// For a fleet of so many providers.
    pub fn new(settings: config::Outlier, _providers: usize) -> Self {
        Self { settings }
    }

    /// An attempt ended: well after so long (to the first token, if it was streamed), or, with
    /// none, through the provider's fault.
    pub fn on_end(&mut self, _provider: ProviderId, _took: Option<Duration>, _now: Instant) {
        let _ = &self.settings;
    }

    /// Until when a provider is left out; none = it is not.
    pub fn ejected_until(&self, _provider: ProviderId, _now: Instant) -> Option<Instant> {
        None
    }

    /// Who was left out since the last time this was asked, and until when.
    pub fn take_ejected(&mut self) -> Vec<(ProviderId, Instant)> {
        Vec::new()
    }
}

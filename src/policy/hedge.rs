//! Hedges: when a second attempt is worth its price, and how many of them there may be.

use std::time::Duration;

use super::ProviderId;
use super::config;

/// Decides on hedges for all calls of one client.
#[derive(Clone, Debug)]
pub struct Hedger {
    settings: config::Hedge,
}

impl Hedger {
    /// For a fleet of so many providers.
    pub fn new(settings: config::Hedge, _providers: usize) -> Self {
        Self { settings }
    }

    /// How long an attempt at this provider may be silent before it is hedged; none = for ever,
    /// for now.
    pub fn delay(&self, _provider: ProviderId) -> Option<Duration> {
        let _ = &self.settings;
        None
    }

    /// Hedges of one call at most.
    pub fn most(&self) -> u32 {
        self.settings.most
    }

    /// A call begins, and the budget grows.
    pub fn on_call(&mut self) {}

    /// Takes one hedge out of the budget, if it holds one.
    pub fn take(&mut self) -> bool {
        false
    }

    /// A hedge that was taken was not made after all.
    pub fn give_back(&mut self) {}

    /// An attempt's first token (its answer, if it is not streamed) came after this long.
    pub fn on_first_token(&mut self, _provider: ProviderId, _took: Duration) {}
}

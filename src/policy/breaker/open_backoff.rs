//! How long a breaker stays open: longer each time, until the provider has recovered.
//!
//! It has recovered when the breaker then stayed closed for at least as long as it had last been
//! open because of failures; a provider that fails sooner has answered only the probes. The open
//! times that hints ask for are separate, and are not steps of the growth.

use std::time::Duration;

use super::super::{ProviderId, backoff, config};
use crate::rng::{Purpose, RngStreams};

/// The open times of one breaker.
#[derive(Clone, Debug)]
pub(super) struct OpenBackoff {
    draws: RngStreams,
    provider: ProviderId,
    /// How often the breaker has opened in all; it is part of the draw's key.
    opened: u64,
    /// How often it has opened because of failures since the last recovery.
    in_a_row: u32,
    /// How long it was open the last of these times; zero after a recovery.
    last: Duration,
}

impl OpenBackoff {
    pub(super) const fn new(draws: RngStreams, provider: ProviderId) -> Self {
        Self {
            draws,
            provider,
            opened: 0,
            in_a_row: 0,
            last: Duration::ZERO,
        }
    }

    /// The breaker opens because of failures. Returns for how long.
    pub(super) fn next(&mut self, open: &config::Open) -> Duration {
        self.opened += 1;
        self.in_a_row = self.in_a_row.saturating_add(1);
        // A probe is a retry after the open time, so its wait is computed like a retry's.
        let steps = config::Backoff {
            base: open.initial,
            factor: open.factor,
            max: open.max,
            jitter: open.jitter,
        };
        let provider = u64::from(self.provider.0);
        let mut stream = self.draws.stream(Purpose::Open, self.opened, provider, 0);
        self.last = backoff::wait(&steps, self.in_a_row, self.last, &mut stream);
        self.last
    }

    /// The breaker opens because the provider sent a hint. Returns for how long.
    pub(super) fn granted(&mut self, hint: Duration, open: &config::Open) -> Duration {
        self.opened += 1;
        hint.min(open.max)
    }

    /// The breaker leaves the closed state after this long.
    pub(super) fn on_closed_for(&mut self, length: Duration) {
        if length >= self.last {
            self.in_a_row = 0;
            self.last = Duration::ZERO;
        }
    }
}

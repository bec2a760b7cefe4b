//! How long a breaker stays open: longer each time, until the provider has really recovered.
//!
//! It has really recovered when the breaker then stayed closed for as long as it had last been
//! open by its own judgement: a provider that falls again sooner has only been back for the
//! probes. What a provider asks for is granted apart from that, and no step of the growth.

use std::time::Duration;

use super::super::{ProviderId, backoff, config};
use crate::rng::{Purpose, RngStreams};

/// The open times of one breaker.
#[derive(Clone, Debug)]
pub(super) struct OpenBackoff {
    draws: RngStreams,
    provider: ProviderId,
    /// How often the breaker has opened, ever; it names the draw.
    opened: u64,
    /// How often it has opened by its own judgement since the last real recovery.
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

    /// The breaker opens by its own judgement: for how long.
    pub(super) fn next(&mut self, open: &config::Open) -> Duration {
        self.opened += 1;
        self.in_a_row = self.in_a_row.saturating_add(1);
        // The same arithmetic as between two retries, of which a breaker's probe is one.
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

    /// The breaker opens because the provider asked for it: for how long.
    pub(super) fn granted(&mut self, hint: Duration, open: &config::Open) -> Duration {
        self.opened += 1;
        hint.min(open.max)
    }

    /// The breaker was closed for this long.
    pub(super) fn on_closed_for(&mut self, length: Duration) {
        if length >= self.last {
            self.in_a_row = 0;
            self.last = Duration::ZERO;
        }
    }
}

//! The adaptive throttle: refuse locally what a provider is bound to reject.

use super::config;
use crate::rng::Stream;
use crate::time::Instant;

/// The throttle before one provider.
#[derive(Clone, Debug)]
pub struct Throttle {
    settings: config::Throttle,
}

impl Throttle {
    /// A throttle that has seen nothing and refuses nothing.
    pub fn new(settings: config::Throttle) -> Self {
        Self { settings }
    }

    /// Whether to refuse an attempt now; takes one draw when that is in question. A refusal counts
    /// as a request that was not accepted.
    pub fn refuses(&mut self, _now: Instant, _stream: &mut Stream) -> bool {
        let _ = &self.settings;
        false
    }

    /// An attempt is sent: counted before its end, so that those in flight count.
    pub fn on_sent(&mut self, _now: Instant) {}

    /// The provider took an attempt on, whatever became of it then.
    pub fn on_accepted(&mut self, _now: Instant) {}
}

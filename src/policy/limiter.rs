//! The client's own limits: attempts and tokens per minute at one provider.

use crate::time::Instant;

/// The limits of one provider, as buckets that fill evenly.
#[derive(Clone, Debug)]
pub struct Limiter {}

impl Limiter {
    /// Full buckets of so many attempts and tokens per minute; none = no such limit.
    pub fn new(_rpm: Option<u64>, _tpm: Option<u64>) -> Self {
        Self {}
    }

    /// When an attempt of so many tokens has room: `now` or later. What is larger than a whole
    /// bucket has room when the bucket is full.
    pub fn ready_at(&mut self, _tokens: u64, now: Instant) -> Instant {
        now
    }

    /// Takes room for an attempt of so many tokens; the caller has asked [`Self::ready_at`].
    pub fn take(&mut self, _tokens: u64, _now: Instant) {}

    /// An attempt that took room for `expected` tokens has used `used`.
    pub fn settle(&mut self, _expected: u64, _used: u64, _now: Instant) {}
}

//! The keys of one provider: which to use, and which to leave alone for a while.

use std::time::Duration;

use super::classify::FailureClass;
use crate::time::Instant;

/// A key's number among those of its provider, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u16);

/// The keys of one provider.
#[derive(Clone, Debug)]
pub struct Keys {
    count: u16,
}

impl Keys {
    /// So many keys, all good; none at all counts as one.
    pub fn new(count: u16) -> Self {
        Self {
            count: count.max(1),
        }
    }

    /// The key for an attempt that starts now: the one in use, unless it is left alone.
    pub fn pick(&self, _now: Instant) -> KeyId {
        KeyId(0)
    }

    /// A key that an attempt after a failure with `failed` can use at once, if there is one that is
    /// not left alone.
    pub fn other(&self, _failed: KeyId, _now: Instant) -> Option<KeyId> {
        let _ = self.count;
        None
    }

    /// An attempt with this key failed in a way that may be the key's: it is left alone for a
    /// while, or for as long as the provider asks.
    pub fn on_failure(
        &mut self,
        _key: KeyId,
        _class: FailureClass,
        _hint: Option<Duration>,
        _now: Instant,
    ) {
    }
}

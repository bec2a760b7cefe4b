//! The bulkhead: how many attempts may be in flight at one provider, fixed or found.

use std::time::Duration;

use super::config;

/// The bulkhead before one provider.
#[derive(Clone, Debug)]
pub struct Bulkhead {
    inside: u32,
}

/// How an attempt in flight ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Well, after so long (to the first token, if it was streamed).
    Well(Duration),
    /// The provider rejected it, or took too long: there was no room after all.
    Rejected,
    /// In a way that says nothing about room.
    Otherwise,
}

impl Bulkhead {
    /// For at most so many (none = any number), found by itself if `adaptive` says how.
    pub fn new(_most: Option<u32>, _adaptive: Option<config::Adaptive>) -> Self {
        Self { inside: 0 }
    }

    /// How many attempts there may be at present; none = any number.
    pub fn limit(&self) -> Option<u32> {
        None
    }

    /// Whether there is room for one more.
    pub fn has_room(&self) -> bool {
        true
    }

    /// One more goes in; the caller has asked [`Self::has_room`].
    pub fn enter(&mut self) {
        self.inside += 1;
    }

    /// One comes out.
    pub fn leave(&mut self, _how: Left) {
        self.inside -= 1;
    }
}

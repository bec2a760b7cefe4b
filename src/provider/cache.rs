//! Which beginnings of prompts a provider remembers: they are cheaper.

use crate::scenario::workload::Prefix;
use crate::time::Instant;

/// What a provider remembers.
#[derive(Clone, Debug)]
pub(super) struct Cache;

impl Cache {
    /// Nothing yet.
    pub(super) fn new(_cache: Option<crate::scenario::Cache>) -> Self {
        Self
    }

    /// How many tokens of a prompt with this beginning are in the cache at `now`, and remembers it.
    pub(super) fn cached(&mut self, _now: Instant, _prefix: Option<Prefix>) -> u64 {
        0
    }
}

//! A provider's prompt cache: cached prefixes are cheaper.
//!
//! A prefix is cached from the request that first has it, until no request has had it for a while.
//! The minimum length of a cached prefix differs between providers and is not modelled; the price
//! of a cached token is in `prices`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::scenario;
use crate::seeded::Prefix;
use crate::time::Instant;

/// The cached prefixes.
#[derive(Clone, Debug)]
pub(super) struct Cache(Option<Memory>);

#[derive(Clone, Debug)]
struct Memory {
    ttl: Duration,
    /// By prefix: when it was used last, and how many tokens are cached.
    known: BTreeMap<u64, (Instant, u64)>,
    /// The same, ordered from the least recently used.
    unused: BTreeSet<(Instant, u64)>,
}

impl Cache {
    /// An empty cache.
    pub(super) fn new(cache: Option<scenario::Cache>) -> Self {
        Self(cache.map(|cache| Memory {
            ttl: cache.ttl,
            known: BTreeMap::new(),
            unused: BTreeSet::new(),
        }))
    }

    /// How many tokens of a prompt with this prefix are cached at `now`; caches it.
    pub(super) fn cached(&mut self, now: Instant, prefix: Option<Prefix>) -> u64 {
        let (Some(memory), Some(prefix)) = (&mut self.0, prefix) else {
            return 0;
        };
        memory.forget(now);
        memory.bring(now, prefix)
    }
}

impl Memory {
    fn forget(&mut self, now: Instant) {
        while let Some((at, id)) = self.unused.first().copied()
            && at + self.ttl <= now
        {
            self.unused.pop_first();
            self.known.remove(&id);
        }
    }

    fn bring(&mut self, now: Instant, prefix: Prefix) -> u64 {
        let before = self.known.get(&prefix.id).copied();
        if let Some((at, _)) = before {
            self.unused.remove(&(at, prefix.id));
        }
        let known = before.map_or(0, |(_, tokens)| tokens);
        let now_known = known.max(prefix.tokens);
        self.known.insert(prefix.id, (now, now_known));
        self.unused.insert((now, prefix.id));
        if self.known.len() > MOST
            && let Some((_, id)) = self.unused.pop_first()
        {
            self.known.remove(&id);
        }
        known.min(prefix.tokens)
    }
}

/// A bound on memory: beyond it, the least recently used prefix is dropped early.
const MOST: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> Cache {
        let ttl = Duration::from_secs(300);
        Cache::new(Some(scenario::Cache { ttl }))
    }

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    fn prefix(id: u64, tokens: u64) -> Option<Prefix> {
        Some(Prefix { id, tokens })
    }

    #[test]
    fn a_beginning_is_known_until_nobody_brought_it_for_a_while() {
        let mut cache = cache();
        assert_eq!(cache.cached(at(0), prefix(7, 2_000)), 0);
        assert_eq!(cache.cached(at(1), prefix(8, 2_000)), 0);
        assert_eq!(cache.cached(at(299), prefix(7, 2_000)), 2_000);
        assert_eq!(cache.cached(at(598), prefix(7, 2_000)), 2_000);
        assert_eq!(cache.cached(at(598), prefix(8, 2_000)), 0);
        assert_eq!(cache.cached(at(898), prefix(7, 2_000)), 0);
    }

    #[test]
    fn only_what_was_brought_before_is_known() {
        let mut cache = cache();
        cache.cached(at(0), prefix(7, 500));
        assert_eq!(cache.cached(at(1), prefix(7, 2_000)), 500);
        assert_eq!(cache.cached(at(2), prefix(7, 800)), 800);
        assert_eq!(cache.cached(at(3), prefix(7, 2_000)), 2_000);
    }

    #[test]
    fn without_a_cache_or_a_shared_beginning_nothing_is_known() {
        let mut none = Cache::new(None);
        for now in 0..3 {
            assert_eq!(none.cached(at(now), prefix(7, 500)), 0);
            assert_eq!(cache().cached(at(now), None), 0);
        }
    }

    #[test]
    fn memory_does_not_grow_with_the_number_of_beginnings() {
        let mut cache = cache();
        for id in 0..MOST as u64 + 100 {
            cache.cached(at(0) + Duration::from_nanos(id), prefix(id, 10));
        }
        let memory = cache.0.as_ref().unwrap();
        assert_eq!((memory.known.len(), memory.unused.len()), (MOST, MOST));
        assert_eq!(cache.cached(at(1), prefix(99, 10)), 0);
        assert_eq!(cache.cached(at(1), prefix(MOST as u64, 10)), 10);
    }
}

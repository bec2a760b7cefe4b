//! The attempts in flight of a closed breaker, and how many of them are slow already.
//!
//! An attempt that hangs for a minute is rated when it ends, and until then all others go after it.
//! Here it is slow as soon as it has taken for longer than `slow_call` without a token. The breaker
//! asks whenever a call does: an attempt needs no timer.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::time::Instant;

/// The attempts in flight of one generation.
#[derive(Clone, Debug)]
pub(super) struct InFlight {
    slow_call: Duration,
    /// How many that are not slow yet started at each moment.
    recent: BTreeMap<Instant, u32>,
    slow: u64,
}

impl InFlight {
    /// None in flight; they are slow after this long.
    pub(super) const fn new(slow_call: Duration) -> Self {
        Self {
            slow_call,
            recent: BTreeMap::new(),
            slow: 0,
        }
    }

    /// An attempt starts.
    pub(super) fn start(&mut self, now: Instant) {
        *self.recent.entry(now).or_default() += 1;
    }

    /// The attempt that started at `since` is no longer waited for: it has ended, or its first
    /// token has come.
    pub(super) fn end(&mut self, since: Instant) {
        match self.recent.get_mut(&since) {
            Some(1) => drop(self.recent.remove(&since)),
            Some(count) => *count -= 1,
            None => self.slow = self.slow.saturating_sub(1),
        }
    }

    /// Whether an attempt that started at `since` is slow at `now`.
    pub(super) fn is_slow(&self, since: Instant, now: Instant) -> bool {
        is_over(self.slow_call, since, now)
    }

    /// How many are slow.
    pub(super) fn slow(&mut self, now: Instant) -> u64 {
        while let Some(first) = self.recent.first_entry()
            && is_over(self.slow_call, *first.key(), now)
        {
            self.slow += u64::from(first.remove());
        }
        self.slow
    }

    /// A new generation begins: those in flight belong to the last.
    pub(super) fn clear(&mut self) {
        self.recent.clear();
        self.slow = 0;
    }
}

/// As long as a slow call is not slow yet.
fn is_over(slow_call: Duration, since: Instant, now: Instant) -> bool {
    now.since(since) > slow_call
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_slow_from_its_slow_call_on_until_it_ends() {
        let mut flights = InFlight::new(Duration::from_secs(2));
        flights.start(at(0));
        flights.start(at(0));
        flights.start(at(1));
        assert_eq!(flights.slow(at(2)), 0, "as long as a slow call is not slow");
        assert_eq!(flights.slow(at(3)), 2);
        flights.end(at(0));
        assert_eq!(flights.slow(at(4)), 2);
        flights.end(at(0));
        flights.end(at(1));
        assert_eq!(flights.slow(at(99)), 0);
    }

    #[test]
    fn an_attempt_that_ends_in_time_is_never_slow() {
        let mut flights = InFlight::new(Duration::from_secs(2));
        (0..2).for_each(|_| flights.start(at(0)));
        flights.end(at(0));
        assert_eq!(flights.slow(at(9)), 1);
    }

    #[test]
    fn a_new_generation_knows_none() {
        let mut flights = InFlight::new(Duration::from_secs(2));
        flights.start(at(0));
        flights.slow(at(9));
        flights.start(at(9));
        flights.clear();
        assert_eq!(flights.slow(at(99)), 0);
    }

    fn at(second: u64) -> Instant {
        Instant::START + Duration::from_secs(second)
    }
}

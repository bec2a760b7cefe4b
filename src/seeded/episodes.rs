//! The episodes of a fault's bursts under one seed: when it is on, and when off.
//!
//! Episodes are drawn on demand, each from its own stream, and kept, so the order of queries does
//! not matter. Windows cut bursts, and never shift them.

use std::cell::RefCell;

use crate::rng::{Purpose, RngStreams};
use crate::scenario::fault::Burst;
use crate::time::{Instant, nanos};
use crate::units::Share;

impl Burst {
    /// The share of time that it is on in the long run.
    pub(crate) fn on_share(&self) -> Share {
        let (on, off) = (nanos(self.on), nanos(self.off));
        Share::from_fraction(on, on.saturating_add(off)).unwrap_or_default()
    }
}

/// The bursts of one fault under one seed.
#[derive(Clone, Debug)]
pub(super) struct Episodes {
    burst: Burst,
    draws: RngStreams,
    /// The fault's number.
    fault: u64,
    /// Whether the first episode is on.
    first_on: bool,
    /// When each episode ends; the first begins at the first window's start.
    ends: RefCell<Vec<u64>>,
    start: u64,
}

/// An interval in which a burst is on, or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Episode {
    pub(super) on: bool,
    pub(super) start: Instant,
    /// None = it does not end.
    pub(super) end: Option<Instant>,
}

impl Episodes {
    /// The bursts of the fault with this number, from `start` on.
    pub(super) fn new(burst: Burst, draws: RngStreams, fault: u64, start: Instant) -> Self {
        let mut stream = draws.stream(Purpose::Burst, 0, fault, 0);
        Self {
            burst,
            draws,
            fault,
            first_on: stream.chance(burst.on_share().as_parts()),
            ends: RefCell::default(),
            start: start.as_nanos(),
        }
    }

    /// The episode at `now`, which is not before the first one.
    pub(super) fn at(&self, now: Instant) -> Episode {
        let mut ends = self.ends.borrow_mut();
        while ends.last().is_none_or(|end| *end <= now.as_nanos()) && ends.len() < MOST_EPISODES {
            let before = ends.last().copied().unwrap_or(self.start);
            let length = self.length(ends.len());
            ends.push(before.saturating_add(length));
        }
        let place = ends.partition_point(|end| *end <= now.as_nanos());
        let start = place.checked_sub(1).and_then(|before| ends.get(before));
        Episode {
            on: self.is_on(place),
            start: Instant::from_nanos(start.copied().unwrap_or(self.start)),
            end: ends.get(place).copied().map(Instant::from_nanos),
        }
    }

    fn is_on(&self, place: usize) -> bool {
        self.first_on == place.is_multiple_of(2)
    }

    fn length(&self, place: usize) -> u64 {
        let mean = match self.is_on(place) {
            true => self.burst.on,
            false => self.burst.off,
        };
        let call = place as u64 + 1;
        let mut stream = self.draws.stream(Purpose::Burst, call, self.fault, 0);
        nanos(stream.exponential(mean)).max(1)
    }
}

/// A limit on memory, far above what a file can need within its run; the last episode has no end.
const MOST_EPISODES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn episodes(seed: u64) -> Episodes {
        let burst = Burst {
            on: Duration::from_secs(20),
            off: Duration::from_secs(40),
            rate_off: Share::ZERO,
        };
        Episodes::new(burst, RngStreams::new(seed), 3, Instant::from_nanos(7))
    }

    #[test]
    fn who_asks_first_changes_nothing() {
        let (forward, backward) = (episodes(1), episodes(1));
        let moments: Vec<Instant> = (0..5_000)
            .map(|n| Instant::from_nanos(7 + n * 1_000_000_000))
            .collect();
        let late: Vec<Episode> = moments.iter().rev().map(|at| backward.at(*at)).collect();
        let early = moments.iter().map(|at| forward.at(*at));
        assert!(early.eq(late.into_iter().rev()));
    }

    #[test]
    fn episodes_follow_each_other_and_alternate() {
        for seed in 0..20 {
            let episodes = episodes(seed);
            let mut now = Instant::from_nanos(7);
            let mut last = episodes.at(now);
            assert_eq!(last.start, now);
            for _ in 0..200 {
                now = last.end.unwrap();
                let next = episodes.at(now);
                assert_eq!((next.start, next.on), (now, !last.on));
                assert_eq!(episodes.at(now - Duration::from_nanos(1)), last);
                last = next;
            }
        }
    }

    #[test]
    fn the_end_of_time_is_reached_in_bounded_memory() {
        let burst = Burst {
            on: Duration::from_nanos(1),
            off: Duration::from_nanos(1),
            rate_off: Share::ZERO,
        };
        let episodes = Episodes::new(burst, RngStreams::new(1), 0, Instant::START);
        assert_eq!(episodes.at(Instant::from_nanos(u64::MAX)).end, None);
    }
}

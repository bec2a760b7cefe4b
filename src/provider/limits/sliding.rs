//! A limit over a sliding window: the last period before any instant.
//!
//! The window is counted in sixtieths, so that memory does not grow with the limit. A sixtieth
//! expires as a whole, and only when all of it lies outside: so no interval of the window's length
//! sees more than the limit, and counts expire at most a sixtieth of the window late.

use std::time::Duration;

use crate::time::{Instant, nanos};

/// A sliding window.
#[derive(Clone, Debug)]
pub(super) struct Sliding {
    limit: u64,
    /// The length of a part, in nanoseconds.
    part: u64,
    /// The count of part `n` is at `n` modulo their number.
    counts: Box<[u64; KEPT]>,
    /// The number of the current part.
    newest: u64,
    now: Instant,
}

impl Sliding {
    /// An empty window of `per`, with the limit `limit`.
    pub(super) fn new(limit: u64, per: Duration) -> Self {
        Self {
            limit,
            part: nanos(per).div_ceil(PARTS).max(1),
            counts: Box::new([0; KEPT]),
            newest: 0,
            now: Instant::START,
        }
    }

    /// Advances to `now`, with the limit `limit`.
    pub(super) fn advance(&mut self, now: Instant, limit: u64) {
        self.limit = limit;
        self.now = self.now.max(now);
        let newest = self.number(self.now);
        // After this many parts, no counted one is left.
        let gone = (newest - self.newest).min(KEPT as u64);
        for number in newest - gone..newest {
            *self.count(number + 1) = 0;
        }
        self.newest = newest;
    }

    /// How much would be admitted.
    pub(super) fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used())
    }

    /// How long until `amount`, at most the limit, would be admitted.
    pub(super) fn wait(&self, amount: u64) -> Duration {
        let most = self.limit.saturating_sub(amount);
        let mut used = self.used();
        let mut wait = Duration::ZERO;
        for number in self.kept() {
            if used <= most {
                break;
            }
            used = used.saturating_sub(self.counts[place(number)]);
            wait = self.forgotten(number);
        }
        wait
    }

    /// How long until the window is empty.
    pub(super) fn reset(&self) -> Duration {
        let last = self.kept().rev().find(|&n| self.counts[place(n)] > 0);
        last.map_or(Duration::ZERO, |number| self.forgotten(number))
    }

    /// Takes `amount`, even beyond the limit.
    pub(super) fn take(&mut self, amount: u64) {
        let count = self.count(self.newest);
        *count = count.saturating_add(amount);
    }

    /// Returns `amount` that was taken at `at`.
    pub(super) fn give_back(&mut self, at: Instant, amount: u64) {
        let number = self.number(at);
        if self.newest - number.min(self.newest) < KEPT as u64 {
            let count = self.count(number);
            *count = count.saturating_sub(amount);
        }
    }

    fn used(&self) -> u64 {
        self.counts.iter().fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// The parts that are still counted, from the oldest.
    fn kept(&self) -> impl DoubleEndedIterator<Item = u64> {
        self.newest.saturating_sub(PARTS)..self.newest + 1
    }

    /// How long until part `number` is no longer counted.
    fn forgotten(&self, number: u64) -> Duration {
        let end = number.saturating_add(KEPT as u64).saturating_mul(self.part);
        Instant::from_nanos(end).since(self.now)
    }

    fn number(&self, at: Instant) -> u64 {
        at.as_nanos() / self.part
    }

    fn count(&mut self, number: u64) -> &mut u64 {
        &mut self.counts[place(number)]
    }
}

fn place(number: u64) -> usize {
    (number % KEPT as u64) as usize
}

/// The number of parts of a window.
const PARTS: u64 = 60;

/// The current part, and those that lie at least partly inside.
const KEPT: usize = PARTS as usize + 1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn what_happened_is_forgotten_a_window_later_and_no_sooner() {
        let mut window = Sliding::new(10, MINUTE);
        let at = |ms: u64| Instant::from_nanos(ms * 1_000_000);
        window.advance(at(500), 10);
        window.take(4);
        window.advance(at(30_200), 10);
        window.take(6);
        assert_eq!(
            (window.remaining(), window.wait(4)),
            (0, at(61_000).since(at(30_200)))
        );
        assert_eq!(window.wait(5), window.reset());
        assert_eq!(window.reset(), at(91_000).since(at(30_200)));
        window.advance(at(60_999), 10);
        assert_eq!(window.remaining(), 0);
        window.advance(at(61_000), 10);
        assert_eq!((window.remaining(), window.wait(4)), (4, Duration::ZERO));
        window.advance(at(91_000), 10);
        assert_eq!((window.remaining(), window.reset()), (10, Duration::ZERO));
    }

    #[test]
    fn what_is_given_back_is_free_unless_it_was_forgotten() {
        let mut window = Sliding::new(10, MINUTE);
        window.take(8);
        window.advance(Instant::START + MINUTE / 2, 10);
        window.take(1);
        window.give_back(Instant::START, 5);
        assert_eq!(window.remaining(), 6);
        window.advance(Instant::START + MINUTE * 5, 10);
        window.give_back(Instant::START, 5);
        assert_eq!(window.remaining(), 10);
    }

    #[test]
    fn the_end_of_time_is_no_harm() {
        let mut window = Sliding::new(1, MINUTE);
        window.advance(Instant::from_nanos(u64::MAX), 1);
        window.take(u64::MAX);
        window.take(u64::MAX);
        assert_eq!(window.remaining(), 0);
        assert!(window.wait(1) <= MINUTE * 2);
    }

    proptest! {
        /// Against a list of all that happened.
        #[test]
        fn no_stretch_of_its_length_sees_more_than_the_limit(
            limit in 1_u64..20,
            per in 60_u64..7_000,
            gaps in proptest::collection::vec((0_u64..200, 1_u64..8), 1..200),
        ) {
            let mut window = Sliding::new(limit, Duration::from_nanos(per));
            let mut log: Vec<(u64, u64)> = Vec::new();
            let mut now = 0;
            for (gap, amount) in gaps {
                now += gap;
                let amount = amount.min(limit);
                window.advance(Instant::from_nanos(now), limit);
                let within = |length: u64| {
                    let inside = log.iter().filter(|(at, _)| at + length > now);
                    inside.map(|(_, amount)| amount).sum::<u64>()
                };
                let late = per.div_ceil(60);
                prop_assert!(window.used() >= within(per));
                prop_assert!(window.used() <= within(late * 61));
                let wait = window.wait(amount);
                if wait.is_zero() {
                    window.take(amount);
                    log.push((now, amount));
                    continue;
                }
                let mut patient = window.clone();
                let then = Instant::from_nanos(now) + wait;
                patient.advance(then - Duration::from_nanos(1), limit);
                prop_assert!(patient.remaining() < amount);
                patient.advance(then, limit);
                prop_assert!(patient.remaining() >= amount);
            }
        }
    }
}

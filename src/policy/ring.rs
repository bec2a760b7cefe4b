//! Sums over a sliding window, in a ring of parts that expire one by one.
//!
//! Memory and time do not grow with the number of events, since running sums are kept. A sum covers
//! the current part and those before it: of ten parts, the nine before it, so that a tenth of a
//! window expires at once.

use std::time::Duration;

use crate::time::{Instant, nanos};

/// `SUMS` sums over one window.
#[derive(Clone, Debug)]
pub(super) struct Ring<const SUMS: usize, const PARTS: usize = 10> {
    parts: [[i128; SUMS]; PARTS],
    sums: [i128; SUMS],
    /// The length of a part, in nanoseconds.
    length: u64,
    /// The number of the current part; its index is that modulo `PARTS`.
    newest: u64,
    /// When that part ends.
    end: u64,
}

impl<const SUMS: usize, const PARTS: usize> Ring<SUMS, PARTS> {
    /// All sums are zero; the parts make up `window`.
    pub(super) fn new(window: Duration) -> Self {
        Self::of_parts(nanos(window).div_ceil(PARTS as u64))
    }

    /// All sums are zero; each part has this length in nanoseconds, and at least one.
    pub(super) fn of_parts(length: u64) -> Self {
        let length = length.max(1);
        Self {
            parts: [[0; SUMS]; PARTS],
            sums: [0; SUMS],
            length,
            newest: 0,
            end: length,
        }
    }

    /// Moves on to `now`, and drops the parts that are too old. An earlier moment changes nothing.
    pub(super) fn advance(&mut self, now: Instant) {
        if now.as_nanos() < self.end {
            return;
        }
        let newest = now.as_nanos() / self.length;
        // After `PARTS` steps every part has been cleared.
        for number in 0..(newest - self.newest).min(PARTS as u64) {
            let gone = &mut self.parts[Self::place(newest - number)];
            for (sum, part) in self.sums.iter_mut().zip(gone) {
                *sum -= std::mem::take(part);
            }
        }
        self.newest = newest;
        self.end = newest.saturating_add(1).saturating_mul(self.length);
    }

    /// Adds `amount` to one of the sums, now.
    pub(super) fn add(&mut self, sum: usize, amount: i128) {
        self.parts[Self::place(self.newest)][sum] += amount;
        self.sums[sum] += amount;
    }

    /// Changes what one of the sums has of the part in which `at` lies, unless that has expired.
    pub(super) fn change(&mut self, sum: usize, at: Instant, change: impl FnOnce(i128) -> i128) {
        let number = at.as_nanos() / self.length;
        if number.saturating_add(PARTS as u64) <= self.newest {
            return;
        }
        let part = &mut self.parts[Self::place(number)][sum];
        let changed = change(*part);
        self.sums[sum] += changed - *part;
        *part = changed;
    }

    /// One of the sums.
    pub(super) fn sum(&self, sum: usize) -> i128 {
        self.sums[sum]
    }

    /// One of the sums by part, the oldest first, each with the moment at which it expires.
    pub(super) fn parts(&self, sum: usize) -> impl Iterator<Item = (i128, Instant)> {
        let oldest = self.newest.saturating_sub(PARTS as u64 - 1);
        (oldest..=self.newest).map(move |number| {
            let expires = number.saturating_add(PARTS as u64);
            let expires = Instant::from_nanos(expires.saturating_mul(self.length));
            (self.parts[Self::place(number)][sum], expires)
        })
    }

    const fn place(number: u64) -> usize {
        (number % PARTS as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    #[test]
    fn the_end_of_time_is_no_harm() {
        let mut ring: Ring<1> = Ring::new(Duration::from_nanos(1));
        ring.add(0, 5);
        for at in [u64::MAX - 1, u64::MAX, 3] {
            ring.advance(Instant::from_nanos(at));
            assert_eq!(ring.sum(0), 0);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..ProptestConfig::default()
        })]

        /// Compared with a list of all events.
        #[test]
        fn a_sum_is_that_of_the_last_ten_parts(
            length in 1_u64..40,
            gaps in prop::collection::vec((0_u64..150, 0_usize..2, -5_i128..9), 1..100),
        ) {
            let mut ring: Ring<2> = Ring::new(Duration::from_nanos(length * 10));
            let mut log: Vec<(u64, usize, i128)> = Vec::new();
            let mut now = 0;
            for (gap, which, amount) in gaps {
                now += gap;
                ring.advance(Instant::from_nanos(now));
                ring.add(which, amount);
                log.push((now / length, which, amount));
                for which in 0..2 {
                    let recent = log.iter().filter(|(part, of, _)| {
                        part + 10 > now / length && *of == which
                    });
                    prop_assert_eq!(ring.sum(which), recent.map(|(_, _, n)| n).sum::<i128>());
                }
            }
        }
    }
}

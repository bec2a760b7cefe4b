//! Sums over the recent past, in a ring of ten parts that are forgotten one by one.
//!
//! Memory does not grow with what happens, and neither does time: the sums are kept, not summed
//! up. A sum covers the part that now is and the nine before it. Which numbers these are, and
//! what follows from them, is left to those who count.

use std::time::Duration;

use crate::time::{Instant, nanos};

/// So many sums over one window.
#[derive(Clone, Debug)]
pub(super) struct Ring<const SUMS: usize> {
    parts: [[i128; SUMS]; PARTS],
    sums: [i128; SUMS],
    /// The length of a part, in nanoseconds.
    length: u64,
    /// The number of the part that now is; it stands at that modulo their number.
    newest: u64,
    /// Where that part ends.
    end: u64,
}

impl<const SUMS: usize> Ring<SUMS> {
    /// Nothing has happened yet.
    pub(super) fn new(window: Duration) -> Self {
        let length = nanos(window).div_ceil(PARTS as u64).max(1);
        Self {
            parts: [[0; SUMS]; PARTS],
            sums: [0; SUMS],
            length,
            newest: 0,
            end: length,
        }
    }

    /// It is `now`: forgets what lies too far back. A moment that lies behind changes nothing.
    pub(super) fn advance(&mut self, now: Instant) {
        if now.as_nanos() < self.end {
            return;
        }
        let newest = now.as_nanos() / self.length;
        // After so many parts, none that was counted is left.
        for number in 0..(newest - self.newest).min(PARTS as u64) {
            let gone = &mut self.parts[place(newest - number)];
            for (sum, part) in self.sums.iter_mut().zip(gone) {
                *sum -= std::mem::take(part);
            }
        }
        self.newest = newest;
        self.end = (newest + 1).saturating_mul(self.length);
    }

    /// Adds `amount` to one of the sums, now.
    pub(super) fn add(&mut self, sum: usize, amount: i128) {
        self.parts[place(self.newest)][sum] += amount;
        self.sums[sum] += amount;
    }

    /// One of the sums.
    pub(super) fn sum(&self, sum: usize) -> i128 {
        self.sums[sum]
    }
}

fn place(number: u64) -> usize {
    (number % PARTS as u64) as usize
}

/// Into so many parts a window is divided: what is forgotten at once is a tenth.
const PARTS: usize = 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    #[test]
    fn the_end_of_time_is_no_harm() {
        let mut ring = Ring::<1>::new(Duration::from_nanos(1));
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

        /// Against a list of all that happened.
        #[test]
        fn a_sum_is_that_of_the_last_ten_parts(
            length in 1_u64..40,
            gaps in prop::collection::vec((0_u64..150, 0_usize..2, -5_i128..9), 1..100),
        ) {
            let mut ring = Ring::<2>::new(Duration::from_nanos(length * 10));
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

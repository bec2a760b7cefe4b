//! A quantile of recent durations, in fixed memory and at a few nanoseconds each.
//!
//! Lengths fall into buckets, eight to each doubling, from a millisecond to more than an hour, so
//! that a bucket ends at most an eighth after it begins. The quantile is where its bucket ends: at
//! most an eighth too long, and never too short. Two generations of [`GENERATION`] lengths are
//! kept, and the older is dropped when the younger is full. The quantile is recomputed only at
//! every [`EVERY`]th length, since that is the expensive part.

use std::time::Duration;

use crate::time::nanos;

/// One quantile of recent lengths of time.
#[derive(Clone, Debug)]
pub(super) struct Window {
    percent: u8,
    /// The number of lengths from which on there is a quantile.
    min: u32,
    seen: u32,
    older: Counts,
    younger: Counts,
    found: Option<Duration>,
}

/// The lengths of one generation, by bucket.
#[derive(Clone, Debug)]
struct Counts {
    all: u16,
    buckets: Box<[u16; BUCKETS]>,
}

impl Window {
    /// An empty window. `percent` is from 1 to 100.
    pub(super) fn new(percent: u8, min: u32) -> Self {
        let none = Counts {
            all: 0,
            buckets: Box::new([0; BUCKETS]),
        };
        Self {
            percent: percent.clamp(1, 100),
            min,
            seen: 0,
            older: none.clone(),
            younger: none,
            found: None,
        }
    }

    /// Records a length.
    pub(super) fn record(&mut self, took: Duration) {
        if self.younger.all == GENERATION {
            std::mem::swap(&mut self.older, &mut self.younger);
            self.younger.all = 0;
            self.younger.buckets.fill(0);
        }
        self.younger.all += 1;
        self.younger.buckets[bucket(took)] += 1;
        self.seen = self.seen.saturating_add(1);
        let due = self.found.is_none() || self.younger.all.is_multiple_of(EVERY);
        if due && self.seen >= self.min {
            self.found = Some(self.look_up());
        }
    }

    /// The quantile when it was last recomputed; none = too few lengths were recorded.
    pub(super) const fn quantile(&self) -> Option<Duration> {
        self.found
    }

    fn look_up(&self) -> Duration {
        let all = u64::from(self.older.all + self.younger.all);
        // The nearest rank, from 1.
        let mut rank = (all * u64::from(self.percent)).div_ceil(100);
        let counts = self.older.buckets.iter().zip(self.younger.buckets.iter());
        for (bucket, (older, younger)) in counts.enumerate() {
            let count = u64::from(older + younger);
            if rank <= count {
                return Duration::from_nanos(begin(bucket + 1));
            }
            rank -= count;
        }
        Duration::from_nanos(begin(BUCKETS))
    }
}

/// The bucket of this length.
fn bucket(length: Duration) -> usize {
    let nanos = nanos(length);
    let Some(octave) = nanos.checked_ilog2().filter(|&octave| octave >= FIRST) else {
        return 0;
    };
    let part = (nanos >> (octave - PARTS_LOG)) as usize & (PARTS - 1);
    (((octave - FIRST) as usize * PARTS) + part + 1).min(BUCKETS - 1)
}

/// Where a bucket begins, in nanoseconds.
fn begin(bucket: usize) -> u64 {
    match bucket.checked_sub(1) {
        None => 0,
        Some(at) => ((PARTS + at % PARTS) as u64) << (FIRST as usize - 3 + at / PARTS),
    }
}

/// What is shorter than 2^20 ns, about a millisecond, shares the first bucket.
const FIRST: u32 = 20;

/// What is longer than 2^42 ns, about 73 minutes, shares the last one.
const OCTAVES: usize = 22;

const PARTS_LOG: u32 = 3;
const PARTS: usize = 1 << PARTS_LOG;
const BUCKETS: usize = 1 + OCTAVES * PARTS;

/// Enough lengths for a p99, few enough to be recent.
const GENERATION: u16 = 256;

/// A quantile changes little within this many lengths; recomputing takes as long as counting them.
const EVERY: u16 = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    #[test]
    fn buckets_meet_without_a_gap_and_are_narrow() {
        assert_eq!(begin(1), 1 << FIRST);
        assert_eq!(begin(BUCKETS), 1 << 42);
        for at in 1..BUCKETS {
            let (first, next) = (begin(at), begin(at + 1));
            assert_eq!(bucket(Duration::from_nanos(first)), at);
            assert_eq!(bucket(Duration::from_nanos(first - 1)), at - 1);
            assert!((next - first) * 8 <= first);
        }
        assert_eq!(bucket(Duration::MAX), BUCKETS - 1);
        assert_eq!(bucket(Duration::ZERO), 0);
    }

    #[test]
    fn there_is_none_before_enough_were_measured() {
        let mut window = Window::new(95, 20);
        for n in 0..40 {
            assert_eq!(window.quantile().is_some(), n >= 20, "{n}");
            window.record(Duration::from_millis(100));
        }
    }

    #[test]
    fn more_than_a_window_holds_can_be_asked_for() {
        let mut window = Window::new(50, 1_000);
        (0..999).for_each(|_| window.record(Duration::from_millis(100)));
        assert_eq!(window.quantile(), None);
        window.record(Duration::from_millis(100));
        assert!(window.quantile().is_some());
    }

    #[test]
    fn it_follows_the_recent_ones() {
        let mut window = Window::new(50, 1);
        (0..10_000).for_each(|_| window.record(Duration::from_secs(10)));
        (0..2 * u32::from(GENERATION)).for_each(|_| window.record(Duration::from_millis(50)));
        assert!(window.quantile().unwrap() < Duration::from_millis(60));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..ProptestConfig::default()
        })]

        /// Compared with a sorted list of all lengths.
        #[test]
        fn a_quantile_is_at_most_an_eighth_too_long(
            percent in 1_u8..=99,
            lengths in prop::collection::vec((1_u64 << 20..1 << 42, 0_u32..22), 1..16),
        ) {
            let mut window = Window::new(percent, 1);
            let mut sorted: Vec<u64> = lengths.iter().map(|(n, scale)| n >> scale).collect();
            sorted.iter_mut().for_each(|length| *length = (*length).max(1 << FIRST));
            // Pads to the next multiple of 16, where the quantile is recomputed.
            sorted.resize(usize::from(EVERY), sorted[0]);
            sorted.iter().for_each(|&length| window.record(Duration::from_nanos(length)));
            sorted.sort_unstable();
            let rank = (sorted.len() * usize::from(percent)).div_ceil(100);
            let (exact, found) = (sorted[rank - 1], nanos(window.quantile().unwrap()));
            prop_assert!(exact < found && (found - exact) * 8 <= exact, "{found} for {exact}");
        }
    }
}

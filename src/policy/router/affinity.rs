//! Session affinity: the same provider for all calls of a session, in every process, without a
//! table.
//!
//! Each pair of a session and a provider has a distance, and a session uses the nearest provider
//! (rendezvous hashing: Thaler and Ravishankar, IEEE/ACM ToN 6, 1998). A provider that joins takes
//! over exactly the sessions to which it is the nearest; no other session moves. With weights,
//! distances are exponential with the weight as rate, so each provider is the nearest for its share
//! of sessions.
//!
//! The distance does not depend on the seed: two processes, or two runs, send a session to the same
//! provider, which has it in its prompt cache. The provider's health is not considered here.

use super::{Candidate, Rank};
use crate::rng::{Hash, Purpose, RngStreams, Stream};

/// The index in the group, from 0, of the session's provider.
pub(super) fn own(group: &[Rank], places: &[Candidate], session: u64) -> usize {
    let distance_of = |rank: &Rank| {
        let place = &places[rank.provider.index()];
        let mut draw = RngStreams::new(0).stream(Purpose::Route, session, place.name, SESSION);
        (distance(&mut draw, place.weight), rank.provider)
    };
    let nearest = (0..group.len()).min_by_key(|&nth| distance_of(&group[nth]));
    nearest.unwrap_or(0)
}

/// A draw from the exponential distribution with this rate, in an arbitrary unit: each of several
/// has the smallest distance with a probability proportional to its weight. With weight 0 it is the
/// largest distance.
pub(super) fn distance(draw: &mut Stream, weight: u32) -> u64 {
    let even = draw.below(u64::MAX) + 1;
    let far = minus_log2(even) << 24;
    far.checked_div(u64::from(weight)).unwrap_or(u64::MAX)
}

/// The number of a name.
pub(super) fn number(name: &str) -> u64 {
    Hash::new().with(name.as_bytes()).number()
}

/// -log2(`even` / 2^64), in parts of 2^-32; `even` is not 0.
///
/// Computed bit by bit without floats: squaring a number doubles its logarithm, and the next bit
/// says whether the square reaches the next power of two.
fn minus_log2(even: u64) -> u64 {
    let zeros = even.leading_zeros();
    let mut mantissa = even << zeros;
    let mut fraction = 0_u64;
    for _ in 0..32 {
        let square = u128::from(mantissa) * u128::from(mantissa);
        let bit = (square >> 127) as u64;
        mantissa = (square >> (63 + bit)) as u64;
        fraction = fraction << 1 | bit;
    }
    (u64::from(zeros + 1) << 32) - fraction
}

/// Separates these draws from those of calls.
const SESSION: u64 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_the_textbooks() {
        for even in [1, 2, 3, 1_000, u64::MAX / 3, u64::MAX / 2, u64::MAX] {
            let exact = 64.0 - libm::log2(even as f64);
            let found = minus_log2(even) as f64 / (1_u64 << 32) as f64;
            assert!((found - exact).abs() < 1e-9, "{even}: {found} for {exact}");
        }
    }

    #[test]
    fn the_least_of_several_distances_is_shared_by_weight() {
        let weights = [1, 2, 5];
        let mut nearest = [0; 3];
        for call in 0..80_000 {
            let of = |at: usize| {
                let mut draw = RngStreams::new(1).stream(Purpose::Route, call, at as u64, 1);
                distance(&mut draw, weights[at])
            };
            nearest[(0..3).min_by_key(|&at| of(at)).unwrap()] += 1;
        }
        for (count, weight) in nearest.into_iter().zip(weights) {
            let off = count - 10_000 * weight as i32;
            assert!(off.abs() < 500, "{nearest:?}");
        }
    }

    #[test]
    fn what_has_no_weight_is_beyond_everybody() {
        let draw = || RngStreams::new(1).stream(Purpose::Route, 1, 1, 1);
        assert_eq!(distance(&mut draw(), 0), u64::MAX);
        assert!(distance(&mut draw(), 1) < u64::MAX);
        assert!(distance(&mut draw(), u32::MAX) > 0);
    }
}

//! A session's own place: the same provider for all its calls, in every process, without a table.
//!
//! Each session and each provider have a distance, and the nearest provider is the session's
//! (rendezvous hashing: Thaler and Ravishankar, IEEE/ACM ToN 6, 1998). A provider that joins takes
//! over exactly the sessions to which it is nearer than anybody else; no other session moves. With
//! weights, distances are exponential of that rate, so each provider is the nearest to its share.
//!
//! Seeds have no part in it: two processes, or two runs, send a session to the same provider,
//! whose prompt cache knows it. Whether that provider is well is not looked at here.

use super::{Candidate, Rank};
use crate::rng::{Purpose, RngStreams, Stream};

/// Which of the group, from 0, is the session's own.
pub(super) fn own(group: &[Rank], places: &[Candidate], session: u64) -> usize {
    let distance_of = |rank: &Rank| {
        let place = &places[rank.provider.index()];
        let mut draw = RngStreams::new(0).stream(Purpose::Route, session, place.name, SESSION);
        (distance(&mut draw, place.weight), rank.provider)
    };
    let nearest = (0..group.len()).min_by_key(|&nth| distance_of(&group[nth]));
    nearest.unwrap_or(0)
}

/// A draw from the exponential distribution of this rate, in a unit of its own: the least of
/// several is each one's with the share of its weight. Without a weight it is beyond all others.
pub(super) fn distance(draw: &mut Stream, weight: u32) -> u64 {
    let even = draw.below(u64::MAX) + 1;
    let far = minus_log2(even) << 24;
    far.checked_div(u64::from(weight)).unwrap_or(u64::MAX)
}

/// A name as a number (FNV-1a), the same on every machine.
pub(super) fn number(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// -log2(`even` / 2^64), in parts of 2^-32; `even` is not 0.
///
/// Bit by bit: squaring a number doubles its logarithm, and whether the square reaches the next
/// power of two is the logarithm's next bit. No float is involved.
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

/// Sets these draws apart from those of calls.
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

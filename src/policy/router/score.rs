//! The score of a provider: a weighted sum of its health, and of its latency, cost and quality
//! relative to the best.
//!
//! A provider that never fails and is the best in the other parts gets the full sum of the weights.
//! An unknown latency counts as the best, since an attempt will measure it; an unknown cost or
//! quality counts as 0, since an attempt does not reveal it.

use super::Rank;
use crate::policy::ProviderId;
use crate::policy::config::Score;

/// The values that the score is computed from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    /// The share of successful attempts, in parts of [`WHOLE`].
    pub(super) health: u64,
    /// The expected time to its answer, in nanoseconds.
    pub(super) latency: Option<u64>,
    /// The cost of the call there, in nano-dollars.
    pub(super) cost: Option<u64>,
    /// Its quality rating.
    pub(super) quality: Option<u32>,
}

/// Sets each key to `u64::MAX` less the score, so that the highest score comes first.
pub(super) fn measure(ranks: &mut [Rank], weights: &Score, parts: impl Fn(ProviderId) -> Parts) {
    let mut best = Best::default();
    for rank in &*ranks {
        best.meet(&parts(rank.provider));
    }
    for rank in ranks {
        rank.key = u64::MAX - best.score(&parts(rank.provider), weights);
    }
}

/// The full value of a part.
pub(super) const WHOLE: u32 = 1_000_000;

/// The best of each part among all providers that the call may use.
#[derive(Debug, Default)]
struct Best {
    latency: Option<u64>,
    cost: Option<u64>,
    quality: Option<u32>,
}

impl Best {
    fn meet(&mut self, parts: &Parts) {
        let least = |one: Option<u64>, other: Option<u64>| one.into_iter().chain(other).min();
        self.latency = least(self.latency, parts.latency);
        self.cost = least(self.cost, parts.cost);
        self.quality = self.quality.max(parts.quality);
    }

    fn score(&self, parts: &Parts, weights: &Score) -> u64 {
        let beside = |best: Option<u64>, own: Option<u64>| Some(share(best?, own?));
        let latency = beside(self.latency, parts.latency).unwrap_or(u64::from(WHOLE));
        let cost = beside(self.cost, parts.cost).unwrap_or(0);
        let wide = |quality: Option<u32>| quality.map(u64::from);
        let quality = beside(wide(parts.quality), wide(self.quality)).unwrap_or(0);
        // Four times WHOLE times u32::MAX is far below u64::MAX.
        parts.health * u64::from(weights.health)
            + latency * u64::from(weights.latency)
            + cost * u64::from(weights.cost)
            + quality * u64::from(weights.quality)
    }
}

/// `part` / `whole` in parts of [`WHOLE`], where `part` <= `whole`; the full value if `whole` is 0.
fn share(part: u64, whole: u64) -> u64 {
    let exact = (u128::from(part) * u128::from(WHOLE)).checked_div(u128::from(whole));
    exact.map_or(u64::from(WHOLE), |share| share as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVEN: Parts = Parts {
        health: WHOLE as u64,
        latency: Some(100),
        cost: Some(10),
        quality: Some(80),
    };

    #[test]
    fn the_best_in_everything_has_the_whole() {
        let all = weights(7, 3, 2, 1);
        assert_eq!(scores(&[EVEN], all), [13 * u64::from(WHOLE)]);
    }

    #[test]
    fn each_part_counts_by_its_weight_beside_the_best() {
        let worse = Parts {
            health: u64::from(WHOLE) / 2,
            latency: Some(400),
            cost: Some(100),
            quality: Some(20),
        };
        for (weights, short) in [
            (weights(1, 0, 0, 0), 500_000),
            (weights(0, 1, 0, 0), 750_000),
            (weights(0, 0, 1, 0), 900_000),
            (weights(0, 0, 0, 1), 750_000),
            (weights(2, 1, 0, 0), 1_750_000),
            (weights(0, 0, 0, 0), 0),
        ] {
            let scores = scores(&[EVEN, worse], weights);
            assert_eq!(scores[0] - scores[1], short, "{weights:?}");
        }
    }

    #[test]
    fn what_asking_would_find_out_counts_as_the_best_and_what_it_would_not_as_nothing() {
        let unknown = Parts {
            latency: None,
            cost: None,
            quality: None,
            ..EVEN
        };
        assert_eq!(
            scores(&[EVEN, unknown], weights(0, 1, 0, 0)),
            [1_000_000; 2]
        );
        assert_eq!(
            scores(&[EVEN, unknown], weights(0, 0, 1, 0)),
            [1_000_000, 0]
        );
        assert_eq!(
            scores(&[EVEN, unknown], weights(0, 0, 0, 1)),
            [1_000_000, 0]
        );
    }

    #[test]
    fn free_is_the_cheapest_and_a_rating_of_nothing_can_be_the_best() {
        let free = Parts {
            cost: Some(0),
            quality: Some(0),
            ..EVEN
        };
        assert_eq!(scores(&[EVEN, free], weights(0, 0, 1, 0)), [0, 1_000_000]);
        assert_eq!(scores(&[free], weights(0, 0, 0, 1)), [1_000_000]);
    }

    fn scores(parts: &[Parts], weights: Score) -> Vec<u64> {
        let mut ranks: Vec<_> = (0..parts.len() as u16)
            .map(|at| Rank {
                group: (0, 0),
                key: 0,
                provider: ProviderId(at),
            })
            .collect();
        measure(&mut ranks, &weights, |id| parts[id.index()]);
        ranks.into_iter().map(|rank| u64::MAX - rank.key).collect()
    }

    fn weights(health: u32, latency: u32, cost: u32, quality: u32) -> Score {
        Score {
            health,
            latency,
            cost,
            quality,
        }
    }
}

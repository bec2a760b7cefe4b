//! Whose turn it is: each provider leads as often as its weight says, evenly spread.
//!
//! Everybody who could lead earns its share of a turn, by its weight, and whoever leads pays for
//! all of it. Among those with credit, the one leads that would soonest fall a whole turn behind:
//! then nobody is ever more than a turn ahead or behind (the earliest deadline first, as in
//! proportional-share scheduling). With equal weights that is one after the other. Nothing is
//! drawn.

/// How far each provider is behind its share, in parts of [`TURN`].
#[derive(Clone, Debug)]
pub(super) struct Turns {
    credit: Vec<i64>,
}

impl Turns {
    /// Nobody is behind.
    pub(super) fn new(providers: usize) -> Self {
        Self {
            credit: vec![0; providers],
        }
    }

    /// Gives the turn to one of these providers with their weights; says which of them, from 0.
    /// When nobody has a weight it is the first, and nobody pays.
    pub(super) fn take(&mut self, group: impl Iterator<Item = (usize, u32)> + Clone) -> usize {
        let all: u64 = group.clone().map(|(_, weight)| u64::from(weight)).sum();
        let mut due: Option<Due> = None;
        let mut earned = 0;
        for (nth, (provider, weight)) in group.enumerate() {
            // Below 2^31, so that it fits.
            let share = (TURN * u64::from(weight)).checked_div(all).unwrap_or(0) as i64;
            earned += share;
            let credit = self.credit[provider].saturating_add(share);
            self.credit[provider] = credit;
            let this = Due {
                nth,
                provider,
                share,
                short: (TURN as i64).saturating_sub(credit),
            };
            if share > 0 && credit > 0 && due.as_ref().is_none_or(|due| this.before(due)) {
                due = Some(this);
            }
        }
        let Some(due) = due else {
            return 0;
        };
        // Not a whole turn where shares were rounded: what is paid is what was earned.
        self.credit[due.provider] = self.credit[due.provider].saturating_sub(earned);
        due.nth
    }
}

/// Somebody who may lead.
struct Due {
    nth: usize,
    provider: usize,
    share: i64,
    /// What it has yet to earn until it is a whole turn behind.
    short: i64,
}

impl Due {
    /// Whether it has to lead earlier than `other`; the one that is listed first when both are due
    /// at the same time.
    fn before(&self, other: &Self) -> bool {
        let this = (
            i128::from(self.short) * i128::from(other.share),
            self.provider,
        );
        let that = (
            i128::from(other.short) * i128::from(self.share),
            other.provider,
        );
        this < that
    }
}

/// One turn: fine enough to count a thousand million of them before rounding is one.
const TURN: u64 = 1 << 31;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    #[test]
    fn equal_weights_take_turns_in_order() {
        let mut turns = Turns::new(3);
        assert_eq!(led(&mut turns, &[1, 1, 1], 7), [0, 1, 2, 0, 1, 2, 0]);
        let mut turns = Turns::new(3);
        assert_eq!(led(&mut turns, &[9, 9, 9], 4), [0, 1, 2, 0]);
    }

    #[test]
    fn the_heavy_one_does_not_lead_in_one_block() {
        let led = led(&mut Turns::new(3), &[5, 1, 1], 7);
        let runs = led.chunk_by(|a, b| a == b).map(<[usize]>::len);
        assert!(runs.max() <= Some(3), "{led:?}");
    }

    #[test]
    fn whoever_has_no_weight_never_leads() {
        assert_eq!(led(&mut Turns::new(3), &[0, 2, 0], 4), [1; 4]);
        assert_eq!(led(&mut Turns::new(2), &[0, 0], 4), [0; 4]);
    }

    #[test]
    fn a_turn_among_a_few_is_paid_for_where_all_stand() {
        // Every other call has only the first two to choose from.
        let mut turns = Turns::new(3);
        let mut counts = [0; 3];
        for _ in 0..600 {
            counts[turns.take([(0, 1), (1, 1)].into_iter())] += 1;
            counts[turns.take((0..3).map(|at| (at, 1)))] += 1;
        }
        // A third of 600 is the third's; the others share the rest.
        assert_eq!(counts, [500, 500, 200]);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..ProptestConfig::default()
        })]

        #[test]
        fn nobody_is_ever_more_than_a_turn_away_from_its_share(
            weights in prop::collection::vec(0_u32..50, 1..9),
            calls in 1_usize..300,
        ) {
            let all: u32 = weights.iter().sum();
            prop_assume!(all > 0);
            let mut counts = vec![0_i64; weights.len()];
            let mut turns = Turns::new(weights.len());
            for call in 1..=calls as i64 {
                counts[led(&mut turns, &weights, 1)[0]] += 1;
                for (count, weight) in counts.iter().zip(&weights) {
                    let away = count * i64::from(all) - call * i64::from(*weight);
                    prop_assert!(away.abs() <= i64::from(all), "{counts:?} of {call}");
                }
            }
        }
    }

    fn led(turns: &mut Turns, weights: &[u32], calls: usize) -> Vec<usize> {
        (0..calls)
            .map(|_| turns.take(weights.iter().copied().enumerate()))
            .collect()
    }
}

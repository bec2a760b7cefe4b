//! Which of two candidates is better, and whether that is sure.
//!
//! Candidates are compared over the seeds that both met. First comes how far they fail constraints;
//! of those that fail none, the objectives decide, in their order, each only where the difference
//! is larger than its own standard error. Such a comparison is no order: a small loss here and a
//! small gain there can go in a circle. So candidates are ranked by how many of the others each
//! beats. On a front, one beats another when it is no worse in any objective and better in one.

use std::cmp::Ordering;

use super::worlds::Row;
use crate::report::statistics;

/// How objectives weigh against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// The earlier decide first.
    InOrder,
    /// None comes before another.
    Front,
}

/// By how much `rows` fail constraints, relative to their bounds; 0 when all hold.
pub(super) fn violation(rows: &[Row]) -> f64 {
    let failed = mean_slacks(rows).into_iter().map(|slack| (-slack).max(0.0));
    failed.sum()
}

/// As [`violation`], of constraints that have to hold beyond luck: a search that takes what just
/// holds under its own seeds finds what fails under others.
fn cautious_violation(rows: &[Row]) -> f64 {
    let count = rows.first().map_or(0, |row| row.slacks.len());
    let failed = (0..count).map(|place| {
        let slacks = Vec::from_iter(rows.iter().map(|row| row.slacks[place]));
        let error = if slacks.len() < 2 {
            0.0
        } else {
            standard_error(&slacks)
        };
        (CAUTION * error - mean(&slacks)).max(0.0)
    });
    failed.sum()
}

/// The mean slack of each constraint.
pub(super) fn mean_slacks(rows: &[Row]) -> Vec<f64> {
    let count = rows.first().map_or(0, |row| row.slacks.len());
    let slack = |place: usize| rows.iter().map(|row| row.slacks[place]).sum::<f64>();
    (0..count)
        .map(|place| slack(place) / rows.len() as f64)
        .collect()
}

/// By how much each constraint has to hold on average to hold beyond luck under `seeds` seeds, with
/// the luck that `all` candidates have on average.
pub(super) fn margins(all: &[&[Row]], seeds: usize) -> Vec<f64> {
    let several = Vec::from_iter(all.iter().filter(|rows| rows.len() > 1));
    let constraints = several.first().map_or(0, |rows| rows[0].slacks.len());
    let margin = |place: usize| {
        let variances = several.iter().map(|rows| {
            let slacks = Vec::from_iter(rows.iter().map(|row| row.slacks[place]));
            let error = standard_error(&slacks);
            error * error * slacks.len() as f64
        });
        let variance = mean(&Vec::from_iter(variances));
        CAUTION * libm::sqrt(variance / seeds.max(1) as f64)
    };
    (0..constraints).map(margin).collect()
}

/// Compares over the seeds of both: [`Ordering::Less`] when `one` is better.
pub(super) fn compare(one: &[Row], other: &[Row], rule: Rule) -> Ordering {
    let both = one.len().min(other.len());
    let (one, other) = (&one[..both], &other[..both]);
    let (fails, fails_too) = (cautious_violation(one), cautious_violation(other));
    if fails > 0.0 || fails_too > 0.0 {
        return fails.total_cmp(&fails_too);
    }
    match rule {
        Rule::InOrder => in_order(one, other),
        Rule::Front => on_front(one, other),
    }
}

fn in_order(one: &[Row], other: &[Row]) -> Ordering {
    let objectives = one.first().map_or(0, |row| row.objectives.len());
    for objective in 0..objectives {
        let differences = differences(one, other, objective);
        let mean = mean(&differences);
        if mean.abs() > standard_error(&differences) {
            return mean.total_cmp(&0.0);
        }
    }
    Ordering::Equal
}

fn on_front(one: &[Row], other: &[Row]) -> Ordering {
    let objectives = one.first().map_or(0, |row| row.objectives.len());
    let signs = (0..objectives).map(|objective| {
        let mean = mean(&differences(one, other, objective));
        mean.partial_cmp(&0.0).unwrap_or(Ordering::Equal)
    });
    let (mut better, mut worse) = (false, false);
    for sign in signs {
        better |= sign == Ordering::Less;
        worse |= sign == Ordering::Greater;
    }
    match (better, worse) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        _ => Ordering::Equal,
    }
}

/// The positions of `all`, the best first.
pub(super) fn ranked(all: &[&[Row]], rule: Rule) -> Vec<usize> {
    let mut wins = vec![0_i64; all.len()];
    for one in 0..all.len() {
        for other in one + 1..all.len() {
            match compare(all[one], all[other], rule) {
                Ordering::Less => {
                    wins[one] += 1;
                    wins[other] -= 1;
                }
                Ordering::Greater => {
                    wins[one] -= 1;
                    wins[other] += 1;
                }
                Ordering::Equal => {}
            }
        }
    }
    let mut places = Vec::from_iter(0..all.len());
    // A stable sort: the earlier of two equals stays first.
    places.sort_by_key(|place| -wins[*place]);
    places
}

/// Whether `rows` are worse than those of `leader` beyond doubt: by chance that looks so in less
/// than the share `error` of cases.
pub(super) fn is_clearly_worse(rows: &[Row], leader: &[Row], rule: Rule, error: f64) -> bool {
    let both = rows.len().min(leader.len());
    let (rows, leader) = (&rows[..both], &leader[..both]);
    if violation(leader) > 0.0 {
        let failed = |row: &Row| violation(std::slice::from_ref(row));
        let differences = rows
            .iter()
            .zip(leader)
            .map(|(one, two)| failed(one) - failed(two));
        return statistics::chance_of_none_above(&Vec::from_iter(differences)) < error;
    }
    let constraints = rows.first().map_or(0, |row| row.slacks.len());
    let fails = (0..constraints).any(|place| {
        let lacks = Vec::from_iter(rows.iter().map(|row| -row.slacks[place]));
        statistics::chance_of_none_above(&lacks) < error / constraints as f64
    });
    let objectives = rows.first().map_or(0, |row| row.objectives.len());
    let is_worse = |objective: usize| {
        let differences = differences(rows, leader, objective);
        statistics::chance_of_none_above(&differences) < error
    };
    let differs = |objective: usize| {
        let mut differences = differences(rows, leader, objective).into_iter();
        differences.any(|difference| difference != 0.0)
    };
    fails
        || match rule {
            // Where nothing differs in an objective, the next one decides.
            Rule::InOrder => (0..objectives)
                .find(|at| differs(*at))
                .is_some_and(is_worse),
            Rule::Front => objectives > 0 && (0..objectives).all(is_worse),
        }
}

/// An objective of `one` less that of `other`, by seed.
pub(super) fn differences(one: &[Row], other: &[Row], objective: usize) -> Vec<f64> {
    let pairs = one.iter().zip(other);
    pairs
        .map(|(one, other)| one.objectives[objective] - other.objectives[objective])
        .collect()
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The standard error of the mean; of one value, as large as itself.
fn standard_error(values: &[f64]) -> f64 {
    let mean = mean(values);
    if values.len() < 2 {
        return mean.abs();
    }
    let squares = values
        .iter()
        .map(|value| (value - mean) * (value - mean))
        .sum::<f64>();
    let count = values.len() as f64;
    libm::sqrt(squares / (count - 1.0) / count)
}

/// A constraint holds by so many standard errors of its mean.
const CAUTION: f64 = 3.0;

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

    pub(crate) fn row(objectives: &[f64], slacks: &[f64]) -> Row {
        Row {
            calls: 1,
            objectives: objectives.to_vec(),
            slacks: slacks.to_vec(),
            watched: Vec::new(),
        }
    }

    fn rows(values: &[f64]) -> Vec<Row> {
        values.iter().map(|value| row(&[*value], &[0.0])).collect()
    }

    #[test]
    fn a_constraint_comes_before_every_objective() {
        let cheap = [row(&[1.0], &[-0.1]), row(&[1.0], &[0.05])];
        let right = [row(&[9.0], &[0.0]), row(&[9.0], &[0.0])];
        assert_eq!(compare(&right, &cheap, Rule::InOrder), Ordering::Less);
        let nearly = [row(&[9.0], &[-0.01]), row(&[9.0], &[0.0])];
        assert_eq!(compare(&nearly, &cheap, Rule::InOrder), Ordering::Less);
    }

    #[test]
    fn the_next_objective_decides_where_the_first_is_noise() {
        let pair = |first: [f64; 3], second: f64| first.map(|one| row(&[one, second], &[]));
        let noisy = pair([1.0, 3.0, 2.0], 5.0);
        let other = pair([2.0, 1.0, 3.1], 4.0);
        assert_eq!(compare(&noisy, &other, Rule::InOrder), Ordering::Greater);
        let better = pair([0.0, 2.0, 1.0], 9.0);
        assert_eq!(compare(&better, &noisy, Rule::InOrder), Ordering::Less);
    }

    #[test]
    fn on_a_front_one_beats_another_only_when_nothing_is_worse() {
        let one = [row(&[1.0, 5.0], &[])];
        let two = [row(&[2.0, 4.0], &[])];
        let both = [row(&[1.0, 4.0], &[])];
        assert_eq!(compare(&one, &two, Rule::Front), Ordering::Equal);
        assert_eq!(compare(&both, &one, Rule::Front), Ordering::Less);
        assert_eq!(ranked(&[&one, &two, &both], Rule::Front), [2, 0, 1]);
    }

    #[test]
    fn only_what_is_surely_worse_is_dropped() {
        let leader = rows(&[1.0, 1.2, 0.9, 1.1]);
        let is_worse =
            |values: &[f64]| is_clearly_worse(&rows(values), &leader, Rule::InOrder, 0.01);
        assert!(is_worse(&[2.0, 2.3, 1.9, 2.1]));
        assert!(!is_worse(&[1.1, 1.1, 1.0, 1.0]));
        assert!(!is_worse(&[0.1, 0.2, 0.1, 0.1]));
        assert!(!is_worse(&[1.0, 1.2, 0.9, 1.1]));
    }

    #[test]
    fn equals_are_dropped_no_more_often_than_the_error_allows() {
        use crate::rng::{Purpose, RngStreams};
        let mut draws = RngStreams::new(5).stream(Purpose::Search, 1, 2, 3);
        let mut sample = || rows(&Vec::from_iter((0..6).map(|_| draws.normal())));
        let dropped =
            (0..2_000).filter(|_| is_clearly_worse(&sample(), &sample(), Rule::InOrder, 0.05));
        let dropped = dropped.count();
        assert!((60..=140).contains(&dropped), "{dropped} of 2,000");
    }

    proptest! {
        #[test]
        fn a_comparison_turned_round_is_the_other_way_round(
            one in prop::collection::vec(-9.0..9.0_f64, 1..6),
            two in prop::collection::vec(-9.0..9.0_f64, 1..6),
        ) {
            for rule in [Rule::InOrder, Rule::Front] {
                let there = compare(&rows(&one), &rows(&two), rule);
                prop_assert_eq!(there.reverse(), compare(&rows(&two), &rows(&one), rule));
            }
        }

        #[test]
        fn every_candidate_has_one_rank(values in prop::collection::vec(-9.0..9.0_f64, 0..9)) {
            let all = Vec::from_iter(values.iter().map(|value| rows(&[*value, *value])));
            let slices = Vec::from_iter(all.iter().map(Vec::as_slice));
            let places = ranked(&slices, Rule::InOrder);
            let in_order = places.windows(2).all(|pair| values[pair[0]] <= values[pair[1]]);
            prop_assert!(in_order, "{places:?}");
            prop_assert_eq!(places.len(), values.len());
        }
    }
}

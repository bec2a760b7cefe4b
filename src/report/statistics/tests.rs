//! The intervals against tables, and against synthetic seeds of which the truth is known.

use super::*;
use crate::rng::{Purpose, RngStreams};

fn near(value: f64, expected: f64) -> bool {
    (value - expected).abs() < 5e-4
}

/// What two policies answer of the same calls under each of 20 seeds, as the differences of their
/// rates. Each of 900 calls has its own luck under each policy: the noise is what a run of half an
/// hour at a call in two seconds has, a deviation of half a point in the difference of a seed.
fn seeds(experiment: u64, fails: [f64; 2]) -> Vec<f64> {
    let rate = |seed: u64, policy: u64, fails: f64| {
        let stream = RngStreams::new(experiment * 20 + seed);
        let mut draws = stream.stream(Purpose::Fault, 0, policy, 0);
        // From one failed call to the next, which is a draw for each failure and not each call.
        let mut gap = || 1.0 + libm::floor(libm::log(draws.unit()) / libm::log(1.0 - fails));
        let (mut at, mut failed) = (gap(), 0);
        while at <= 900.0 {
            failed += 1;
            at += gap();
        }
        1.0 - f64::from(failed) / 900.0
    };
    let pairs = (0..20).map(|seed| rate(seed, 1, fails[1]) - rate(seed, 0, fails[0]));
    pairs.collect()
}

/// The share of experiments in which the second policy is called different from the first.
fn called_different(fails: [f64; 2]) -> f64 {
    let apart = (0..EXPERIMENTS).filter(|experiment| {
        let interval = paired(&seeds(*experiment, fails)).expect("twenty seeds");
        interval.is_apart() && (fails[0] == fails[1] || interval.mean < 0.0)
    });
    apart.count() as f64 / EXPERIMENTS as f64
}

const EXPERIMENTS: u64 = 2_000;

#[test]
fn equal_policies_are_called_different_in_at_most_six_and_a_half_percent() {
    let different = called_different([0.01, 0.01]);
    assert!((0.02..=0.065).contains(&different), "{different}");
}

#[test]
fn half_a_point_is_found_in_at_least_ninety_five_percent() {
    let found = called_different([0.01, 0.015]);
    assert!(found >= 0.95, "{found}");
}

#[test]
fn equal_policies_with_a_heavy_tail_are_not_called_different_either() {
    let differences = |experiment: u64| {
        let streams = RngStreams::new(experiment);
        let value = |policy: u64, seed: u64| {
            let mut draws = streams.stream(Purpose::Fault, seed, policy, 0);
            libm::pow(draws.unit(), -1.0 / 2.5)
        };
        let pairs = (0..20).map(|seed| value(0, seed) - value(1, seed));
        pairs.collect::<Vec<_>>()
    };
    let apart = (0..EXPERIMENTS).filter(|experiment| {
        let interval = paired(&differences(*experiment)).expect("twenty seeds");
        interval.is_apart()
    });
    let different = apart.count() as f64 / EXPERIMENTS as f64;
    assert!(different <= 0.065, "{different}");
}

#[test]
fn identical_policies_differ_by_exactly_zero() {
    let none = paired(&[0.0; 5]).expect("five seeds");
    assert_eq!((none.mean, none.low, none.high), (0.0, 0.0, 0.0));
    assert!(!none.is_apart());
    let none = by_call(0, 0, 900).expect("calls");
    assert_eq!((none.mean, none.low, none.high), (0.0, 0.0, 0.0));
}

#[test]
fn one_seed_says_nothing_and_few_equal_differences_decide_nothing() {
    assert_eq!(paired(&[0.01]), None);
    assert!(!paired(&[0.01; 5]).expect("five seeds").is_apart());
    assert!(paired(&[0.01; 6]).expect("six seeds").is_apart());
}

#[test]
fn a_paired_interval_is_that_of_the_textbook() {
    // Differences 1 to 5: mean 3, deviation 1.5811, t of four degrees 2.7764.
    let interval = paired(&[1.0, 2.0, 3.0, 4.0, 5.0]).expect("five seeds");
    assert!(near(interval.mean, 3.0), "{interval:?}");
    assert!(
        near(interval.low, 1.0368) && near(interval.high, 4.9632),
        "{interval:?}"
    );
}

#[test]
fn quantiles_of_t_go_on_beyond_their_table() {
    for (freedom, quantile) in [(1, 12.7062), (20, 2.0860), (21, 2.0796), (60, 2.0003)] {
        assert!(near(t_quantile(freedom), quantile), "{freedom}");
    }
    assert!(near(t_quantile(100_000), 1.96));
}

#[test]
fn rates_have_the_intervals_of_wilson_clopper_and_newcombe() {
    let ends = |interval: Option<Interval>| interval.map(|one| (one.low, one.high));
    let (low, high) = ends(wilson(95, 100)).expect("calls");
    assert!(near(low, 0.8882) && near(high, 0.9785), "{low} {high}");
    assert_eq!(ends(wilson(0, 0)), None);
    // Exactly: 8 of 10 have 0.4439 to 0.9748.
    assert!(near(exact_low(8, 10), 0.4439));
    assert!(near(1.0 - exact_low(2, 10), 0.9748));
    // Newcombe's table II, (a): 56 of 70 less 48 of 80 is 0.2, from 0.0524 to 0.3339.
    let rate = |part, all| wilson(part, all).expect("calls");
    let interval = unpaired(rate(48, 80), rate(56, 70));
    assert!(
        near(interval.low, 0.0524) && near(interval.high, 0.3339),
        "{interval:?}"
    );
}

#[test]
fn calls_that_one_policy_lost_decide_as_the_exact_sign_test_does() {
    let is_apart = |saved, lost| by_call(saved, lost, 1_000).expect("calls").is_apart();
    assert!(!is_apart(5, 0), "2 / 2^5 is above 5 %");
    assert!(is_apart(6, 0) && is_apart(0, 6));
    assert!(!is_apart(9, 2) && is_apart(10, 1));
    let interval = by_call(30, 10, 1_000).expect("calls");
    assert!(near(interval.mean, 0.02), "{interval:?}");
    assert_eq!(by_call(0, 0, 0), None);
    assert!(is_apart(60_000, 50_000));
}

#[test]
fn the_tail_of_students_t_is_that_of_the_tables() {
    for (t, freedom, tail) in [
        (12.7062, 1.0, 0.025),
        (3.1824, 3.0, 0.025),
        (2.0150, 5.0, 0.05),
        (2.7638, 10.0, 0.01),
        (1.2971, 60.0, 0.1),
    ] {
        assert!(
            near(upper_tail(t, freedom), tail),
            "{t}: {}",
            upper_tail(t, freedom)
        );
    }
    // Mean 2, deviation 1, four values: t is 4 with three degrees of freedom.
    let half = libm::sqrt(0.75);
    let four = [2.0 - half, 2.0 + half, 2.0 - half, 2.0 + half];
    assert!(near(chance_of_none_above(&four), upper_tail(4.0, 3.0)));
    assert!(near(chance_of_none_above(&[1.0, 1.0, 1.0]), 0.125));
    assert!(near(chance_of_none_above(&[-1.0, -2.0]), 1.0));
    assert!(near(chance_of_none_above(&[3.0]), 1.0));
}

//! Outlier detection, interval by interval, given how often each provider succeeded.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::units::Factor;

#[test]
fn who_fails_far_more_than_its_peers_is_left_out() {
    let mut outliers = outliers(4, |_| {});
    interval(&mut outliers, 0, &[10, 7, 10, 6]);
    assert_eq!(out(&outliers, 9), NONE_OUT, "the interval is not over");
    interval(&mut outliers, 1, &[]);
    assert_eq!(
        out(&outliers, 10),
        [3],
        "70% is within 30% of the peers' mean"
    );
    assert_eq!(out(&outliers, 39), [3]);
    assert_eq!(out(&outliers, 40), NONE_OUT);
    let until = at(40);
    assert_eq!(outliers.take_ejected(), [(ProviderId(3), until)]);
    assert_eq!(outliers.take_ejected(), []);
}

#[test]
fn when_all_do_badly_nobody_is_left_out() {
    let mut outliers = outliers(3, |_| {});
    interval(&mut outliers, 0, &[1, 0, 2]);
    interval(&mut outliers, 1, &[]);
    assert_eq!(out(&outliers, 10), NONE_OUT);
}

#[test]
fn a_difference_just_as_large_as_asked_for_is_enough() {
    for (successes, expected) in [(7, vec![0]), (8, vec![])] {
        let mut outliers = outliers(2, |_| {});
        interval(&mut outliers, 0, &[successes, 10]);
        interval(&mut outliers, 1, &[]);
        assert_eq!(out(&outliers, 10), expected, "{successes}");
    }
}

#[test]
fn whoever_has_few_attempts_is_neither_judged_nor_compared_with() {
    let mut outliers = outliers(3, |settings| settings.min = 11);
    interval(&mut outliers, 0, &[0, 10, 10]);
    outliers.on_end(ProviderId(0), None, at(9));
    interval(&mut outliers, 1, &[]);
    assert_eq!(out(&outliers, 10), NONE_OUT, "it has no peer");
}

#[test]
fn who_takes_several_times_as_long_as_its_peers_is_left_out() {
    let mut outliers = outliers(4, |settings| {
        settings.latency_factor = Some(Factor::milli(3_000))
    });
    for (provider, took) in [(0, 1), (1, 2), (2, 5), (3, 6)] {
        for _ in 0..10 {
            let took = Some(Duration::from_secs(took));
            outliers.on_end(ProviderId(provider), took, at(0));
        }
    }
    interval(&mut outliers, 1, &[]);
    assert_eq!(out(&outliers, 10), [3], "6s are three times 2s, 5s are not");
}

#[test]
fn without_a_factor_nobody_is_too_slow() {
    let mut outliers = outliers(2, |_| {});
    for provider in [0, 1] {
        for _ in 0..10 {
            let took = Some(Duration::from_secs(1 + 999 * u64::from(provider)));
            outliers.on_end(ProviderId(provider), took, at(0));
        }
    }
    interval(&mut outliers, 1, &[]);
    assert_eq!(out(&outliers, 10), NONE_OUT);
}

#[test]
fn each_time_in_a_row_is_longer_up_to_the_cap() {
    let mut outliers = outliers(2, |settings| {
        settings.max_ejection_time = Duration::from_secs(100)
    });
    let mut number = 0;
    for length in [30, 60, 90, 100, 100] {
        interval(&mut outliers, number, &[0, 10]);
        number += 1;
        interval(&mut outliers, number, &[]);
        let told = outliers.take_ejected();
        let now = 10 * number;
        assert_eq!(told, [(ProviderId(0), at(now + length))], "{length}");
        number += length / 10 + 1;
    }
}

#[test]
fn a_good_interval_takes_one_time_off() {
    let mut outliers = outliers(2, |settings| {
        settings.base_ejection_time = Duration::from_secs(10)
    });
    for (number, successes) in [(0, 0), (2, 0), (5, 10), (6, 0)] {
        interval(&mut outliers, number, &[successes, 10]);
        interval(&mut outliers, number + 1, &[]);
    }
    let until: Vec<_> = outliers.take_ejected();
    let until: Vec<_> = until.into_iter().map(|(_, until)| until).collect();
    assert_eq!(until, [at(10 + 10), at(30 + 20), at(70 + 20)]);
}

#[test]
fn the_worst_go_first_and_never_too_many() {
    let mut outliers = outliers(5, |settings| {
        settings.max_ejection_percent = Share::percent(50)
    });
    interval(&mut outliers, 0, &[2, 0, 1, 10, 10]);
    interval(&mut outliers, 1, &[]);
    assert_eq!(out(&outliers, 10), [1, 2], "half of five is two");
}

#[test]
fn while_the_fleet_is_half_out_nobody_follows() {
    let mut outliers = outliers(3, |settings| {
        settings.max_ejection_percent = Share::percent(40)
    });
    interval(&mut outliers, 0, &[0, 10, 10]);
    interval(&mut outliers, 1, &[0, 0, 10]);
    interval(&mut outliers, 2, &[]);
    assert_eq!(out(&outliers, 20), [0]);
}

#[test]
fn an_interval_long_past_is_not_judged() {
    let mut outliers = outliers(2, |_| {});
    interval(&mut outliers, 0, &[0, 10]);
    interval(&mut outliers, 2, &[10, 10]);
    assert_eq!(out(&outliers, 20), NONE_OUT);
    interval(&mut outliers, 3, &[]);
    assert_eq!(outliers.take_ejected(), [], "its failures are forgotten");
}

#[test]
fn who_is_no_member_changes_nothing() {
    let mut outliers = outliers(2, |_| {});
    outliers.on_end(ProviderId(9), None, at(0));
    assert_eq!(outliers.ejected_until(ProviderId(9), at(0)), None);
}

#[test]
fn the_median_of_an_even_number_lies_between() {
    assert_eq!(median(&[]), None);
    assert_eq!(median(&[3]), Some(3));
    assert_eq!(median(&[1, 3]), Some(2));
    assert_eq!(median(&[1, 2, 9]), Some(2));
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    #[test]
    fn never_too_many_are_out_nor_for_too_long(
        providers in 1_usize..7,
        max_ejected in 0..=Share::WHOLE.as_parts(),
        min in 1_u32..4,
        success_below in 1..Share::percent(50).as_parts(),
        ends in prop::collection::vec((0_u16..8, any::<bool>(), 0_u64..3), 1..400),
    ) {
        let mut outliers = outliers(providers, |settings| {
            settings.max_ejection_percent = Share::from_parts(max_ejected);
            settings.min = min;
            settings.success_rate_below_mean = Share::from_parts(success_below);
            settings.latency_factor = Some(Factor::milli(2_000));
        });
        let mut second = 0;
        for (provider, is_well, gap) in ends {
            second += gap;
            let took = is_well.then(|| Duration::from_secs(1 + u64::from(provider)));
            outliers.on_end(ProviderId(provider), took, at(second));
            let out = out(&outliers, second);
            let share = out.len() as u128 * u128::from(Share::WHOLE.as_parts());
            prop_assert!(share <= providers as u128 * u128::from(max_ejected));
            for (provider, until) in outliers.take_ejected() {
                prop_assert!(out.contains(&provider.0), "each reported ejection is in effect");
                prop_assert!(until <= at(second) + outliers.settings.max_ejection_time);
            }
            prop_assert!(outliers.ends > at(second), "the current interval contains now");
        }
    }
}

/// Intervals of 10 s; at least ten attempts; ejects at 30 points below the peers, for 30 s.
fn outliers(providers: usize, change: impl FnOnce(&mut config::Outlier)) -> Outliers {
    let mut settings = config::Outlier::default();
    change(&mut settings);
    Outliers::new(settings, providers)
}

/// Ten attempts at each provider in the interval of this number, of which `successes` succeed.
/// First an attempt at an unknown provider ends, so that the interval before is judged.
fn interval(outliers: &mut Outliers, number: u64, successes: &[usize]) {
    let now = at(10 * number);
    outliers.on_end(ProviderId(u16::MAX), None, now);
    for (provider, successes) in (0..).zip(successes) {
        for attempt in 0..10 {
            let took = (attempt < *successes).then(|| Duration::from_secs(1));
            outliers.on_end(ProviderId(provider), took, now);
        }
    }
}

fn out(outliers: &Outliers, second: u64) -> Vec<u16> {
    let providers = 0..outliers.each.len() as u16;
    providers
        .filter(|provider| {
            let until = outliers.ejected_until(ProviderId(*provider), at(second));
            until.is_some()
        })
        .collect()
}

const NONE_OUT: [u16; 0] = [];

fn at(second: u64) -> Instant {
    Instant::START + Duration::from_secs(second)
}

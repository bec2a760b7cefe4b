//! Findings of single measures, by direction and interval.

use super::*;

fn row(measure: &'static Measure, mean: f64, low: f64, high: f64) -> Row {
    Row {
        name: measure.name.to_owned(),
        measure,
        first: Some(0.0),
        second: Some(mean),
        interval: Some(Interval { mean, low, high }),
    }
}

#[test]
fn what_is_better_depends_on_the_measure() {
    let finding = |name: &str, mean: f64| {
        let measure = measures::find(name).expect("a measure");
        row(measure, mean, mean - 0.1, mean + 0.1).finding()
    };
    assert_eq!(finding("success_rate", 1.0), Finding::Better);
    assert_eq!(finding("success_rate", -1.0), Finding::Worse);
    assert_eq!(finding("latency.p95", 1.0), Finding::Worse);
    assert_eq!(finding("latency.p95", -1.0), Finding::Better);
    assert_eq!(finding("fallback_rate", -1.0), Finding::Differs);
    assert_eq!(finding("uptime", 0.05), Finding::Together);
}

#[test]
fn nothing_is_the_same_but_what_is_equal_in_every_seed() {
    let measure = measures::find("uptime").expect("a measure");
    assert_eq!(row(measure, 0.0, 0.0, 0.0).finding(), Finding::Same);
    assert_eq!(row(measure, 0.0, -0.1, 0.1).finding(), Finding::Together);
    let untold = Row {
        interval: None,
        ..row(measure, 0.5, 0.0, 0.0)
    };
    assert_eq!(untold.finding(), Finding::Untold);
}

#[test]
fn differences_have_a_sign_and_rates_differ_in_points() {
    assert_eq!(Unit::Ratio.signed(0.0052), "+0.52pp");
    assert_eq!(Unit::Ratio.signed(-0.0052), "-0.52pp");
    assert_eq!(Unit::Ratio.signed(0.000_01), "0.00pp");
    assert_eq!(Unit::Ms.signed(-1_240.0), "-1.2s");
    assert_eq!(Unit::Count.signed(2.5), "+2.5");
}

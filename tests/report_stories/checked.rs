//! Expectations that make no sense are found before anything runs, and shown in their file.

use firedrill::report::check_expectations;
use firedrill::scenario::expect::{Bound, Op};
use firedrill::scenario::load::Loaded;
use firedrill::text::Document;

use crate::rig::{expectation, scenario};

/// What is said about the second expectation of `resilient`.
fn said(text: &str, bound: Bound) -> Option<String> {
    let yaml = format!("expect:\n  resilient:\n    - uptime >= 99%\n    - {text}\n");
    let mut scenario = scenario();
    let fine = expectation(
        "uptime >= 99%",
        None,
        Op::AtLeast,
        Bound::Share(990_000_000),
    );
    let doubtful = expectation(text, None, Op::AtLeast, bound);
    scenario.expect = vec![("resilient".to_owned(), vec![fine, doubtful])];
    let loaded = Loaded {
        scenario,
        document: Document::parse("a.yaml", &yaml).unwrap(),
        path: "a.yaml".into(),
        root: ".".into(),
    };
    check_expectations(&loaded)
        .err()
        .map(|problem| problem.to_string())
}

#[test]
fn what_makes_sense_passes() {
    assert_eq!(said("cost <= 3 USD", Bound::Money(3_000_000_000)), None);
}

#[test]
fn an_unknown_measure_is_shown_with_the_one_that_was_meant() {
    let said = said("latency.p59 <= 3s", Bound::Time(3_000_000_000)).unwrap();
    insta::assert_snapshot!(said);
}

#[test]
fn a_bound_in_another_unit_is_shown_with_how_to_write_it() {
    let said = said("latency.p95 <= 3", Bound::Number(3_000_000_000)).unwrap();
    insta::assert_snapshot!(said);
}

//! Invalid expectations are found before anything runs, and shown in their file.

use std::time::Duration;

use super::*;
use crate::drill::Drill;
use crate::expect;
use crate::policy::ProviderId;
use crate::report::subject::MeasuredFault;
use crate::time::Windows;

/// The message about the second expectation of `resilient`.
fn said(text: &str) -> Option<String> {
    let yaml = format!("expect:\n  resilient:\n    - uptime >= 99%\n    - {text}\n");
    let document = Document::parse("a.yaml", &yaml).unwrap();
    let drill = Drill::load("scenarios/primary-outage.yaml").expect("it is shipped");
    let mut subject = drill.subject().clone();
    subject.faults = vec![down()];
    let read = |text: &str| {
        let point = |_, message| Diagnostic::of_file("a.yaml", message);
        expect::parse(text, &["down".to_owned()], &point).unwrap()
    };
    let expected = vec![read("uptime >= 99%"), read(text)];
    subject.expect = vec![("resilient".to_owned(), expected)];
    let checked = check_expectations(&document, &subject);
    checked.err().map(|problem| problem.to_string())
}

/// An outage of one minute, every other minute.
fn down() -> MeasuredFault {
    let minute = Duration::from_secs(60);
    MeasuredFault {
        name: "down".to_owned(),
        windows: Windows {
            at: minute,
            length: Some(minute),
            every: Some(2 * minute),
        },
        targets: vec![ProviderId(0)],
    }
}

#[test]
fn what_makes_sense_passes() {
    assert_eq!(said("cost <= 3 USD"), None);
}

#[test]
fn an_unknown_measure_is_shown_with_the_one_that_was_meant() {
    insta::assert_snapshot!(said("latency.p59 <= 3s").unwrap(), @r"
    error: there is no measure `latency.p59`
     --> a.yaml:4:7
      |
    4 |     - latency.p59 <= 3s
      |       ^^^^^^^^^^^^^^^^^
      |
      = help: did you mean `latency.p50`?
    ");
}

#[test]
fn a_bound_in_another_unit_is_shown_with_how_to_write_it() {
    insta::assert_snapshot!(said("latency.p95 <= 3").unwrap(), @r"
    error: `latency.p95` is not measured in this unit
     --> a.yaml:4:7
      |
    4 |     - latency.p95 <= 3
      |       ^^^^^^^^^^^^^^^^
      |
      = help: compare it with a length of time, such as `2.5s` or `800ms`
    ");
}

#[test]
fn what_stands_in_parentheses_is_checked() {
    for (text, expected) in [
        ("recovery_time(openai) <= 1m", None),
        ("failover_time(down) <= 1m", None),
        (
            "recovery_time <= 1m",
            Some(("is about one provider", "`recovery_time(openai)`")),
        ),
        (
            "recovery_time(opneai) <= 1m",
            Some(("unknown provider", "did you mean `openai`?")),
        ),
        (
            "failover_time(openai) <= 1m",
            Some(("unknown fault `openai`", "known: `down`")),
        ),
        (
            "latency.p95(openai) <= 1m",
            Some(("takes no argument", "write `latency.p95`")),
        ),
    ] {
        let said = said(text);
        let Some((message, hint)) = expected else {
            assert_eq!(said, None, "{text}");
            continue;
        };
        let said = said.unwrap_or_else(|| panic!("{text}"));
        assert!(said.contains(message) && said.contains(hint), "{said}");
        let marked = text
            .split(['(', ')'])
            .nth(usize::from(message.contains("unknown")));
        let carets = said.chars().filter(|c| *c == '^').count();
        if !message.contains("takes no argument") && text.contains('(') {
            assert_eq!(Some(carets), marked.map(str::len), "{said}");
        }
    }
}

#[test]
fn a_moment_must_exist_and_make_a_difference() {
    assert_eq!(said("uptime after down from 59s >= 1%"), None);
    let never = said("uptime after down from 60s >= 1%").unwrap();
    assert!(never.contains("no such time after this fault"), "{never}");
    let whole = said("load_during(down) after down >= 1").unwrap();
    assert!(
        whole.contains("`load_during(down)` is about the whole run"),
        "{whole}"
    );
}

#[test]
fn an_interval_is_for_shares_of_calls() {
    assert_eq!(said("success_rate >= 9% with 95%"), None);
    let uptime = said("uptime >= 9% with 95%").unwrap();
    assert!(uptime.contains("there is no interval for this"), "{uptime}");
    assert!(said("success_rate >= 1 * p with 95%").is_some());
}

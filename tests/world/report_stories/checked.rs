//! Invalid expectations are found before anything runs, and shown in their file.

use firedrill::drill::check_expectations;
use firedrill::expect::{Bound, Expectation, Op, When};
use firedrill::text::Document;

use firedrill::trace::FaultId;

use super::rig::{expectation, fault, subject};

/// The message about the second expectation of `resilient`.
fn said(text: &str, bound: Bound) -> Option<String> {
    said_of(expectation(text, None, Op::AtLeast, bound))
}

fn said_of(doubtful: Expectation) -> Option<String> {
    let text = &doubtful.text;
    let yaml = format!("expect:\n  resilient:\n    - uptime >= 99%\n    - {text}\n");
    let mut subject = subject();
    subject.faults = vec![fault("down", 60, 60, Some(120))];
    let fine = expectation(
        "uptime >= 99%",
        None,
        Op::AtLeast,
        Bound::Share(990_000_000),
    );
    subject.expect = vec![("resilient".to_owned(), vec![fine, doubtful])];
    let document = Document::parse("a.yaml", &yaml).unwrap();
    check_expectations(&document, &subject)
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

#[test]
fn what_stands_in_parentheses_is_checked() {
    let minute = Bound::Time(60_000_000_000);
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
        let said = said(text, minute);
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
        if !message.contains("no one thing") && text.contains('(') {
            assert_eq!(Some(carets), marked.map(str::len), "{said}");
        }
    }
}

#[test]
fn a_moment_must_exist_and_make_a_difference() {
    let after = |metric: &str, from| Expectation {
        when: When::After {
            fault: FaultId(0),
            from,
            to: None,
        },
        ..expectation(metric, None, Op::AtLeast, Bound::Share(1))
    };
    assert_eq!(said_of(after("uptime >= 1%", 59_000_000_000)), None);
    let never = said_of(after("uptime >= 1%", 60_000_000_000)).unwrap();
    assert!(never.contains("no such time after this fault"), "{never}");
    let whole = Expectation {
        bound: Bound::Number(1),
        ..after("load_during(down) >= 1", 0)
    };
    let whole = said_of(whole).unwrap();
    assert!(
        whole.contains("`load_during(down)` is about the whole run"),
        "{whole}"
    );
}

#[test]
fn an_interval_is_for_shares_of_calls() {
    let told = |metric: &str, bound| {
        let by_interval = true;
        let plain = expectation(metric, None, Op::AtLeast, bound);
        said_of(Expectation {
            by_interval,
            ..plain
        })
    };
    assert_eq!(told("success_rate >= 9%", Bound::Share(90)), None);
    let uptime = told("uptime >= 9%", Bound::Share(90)).unwrap();
    assert!(uptime.contains("there is no interval for this"), "{uptime}");
    assert!(told("success_rate >= 1 * p", Bound::Times(90)).is_some());
}

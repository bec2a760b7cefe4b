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
    subject.tasks = vec!["chat".to_owned(), "batch".to_owned()];
    subject.providers[0].keys = 3;
    let read = |text: &str| {
        let point = |_, message| Diagnostic::of_file("a.yaml", message);
        expect::parse(text, &["down".to_owned()], &point).unwrap()
    };
    let expected = vec![read("uptime >= 99%"), read(text)];
    subject.expect = vec![("resilient".to_owned(), expected)];
    let mut wrong = check_expectations(&document, &subject);
    assert!(wrong.len() <= 1);
    wrong.pop().map(|problem| problem.to_string())
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
        why_never: None,
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
      |       ^^^^^^^^^^^
      |
      = help: did you mean `latency.p50`?
    ");
}

#[test]
fn a_bound_in_another_unit_is_shown_with_how_to_write_it() {
    insta::assert_snapshot!(said("latency.p95 <= 3").unwrap(), @r"
    error: `latency.p95` is not measured in this unit
     --> a.yaml:4:22
      |
    4 |     - latency.p95 <= 3
      |                      ^
      |
      = help: write `3s` or `3ms`
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
        ("attempts(openai/3) <= 1", None),
        ("cost(openai) of chat during down <= 1 USD", None),
        (
            "attempts(openia) <= 1",
            Some(("unknown provider", "did you mean `openai`?")),
        ),
        (
            "attempts(openai/4) <= 1",
            Some(("is no key of `openai`", "from `openai/1` to `openai/3`")),
        ),
        (
            "attempts(kimi/1) <= 1",
            Some(("is no key of `kimi`", "it has one key: write `kimi`")),
        ),
        (
            "checks(openai/1) <= 1",
            Some(("is not counted by key", "without its key")),
        ),
        (
            "success_rate(chat) >= 1%",
            Some(("takes no argument", "write `success_rate of chat`")),
        ),
        (
            "success_rate(openai) >= 1%",
            Some(("takes no argument", "`attempt_success_rate(openai)`")),
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
            .nth(usize::from(!message.contains("is about one")));
        let carets = said.chars().filter(|c| *c == '^').count();
        if text.contains('(') {
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

#[test]
fn what_follows_of_is_checked() {
    for (text, part, carets, hint) in [
        (
            "calls of chta >= 1",
            "unknown task `chta`",
            4,
            "did you mean `chat`?",
        ),
        (
            "calls of openai >= 1",
            "unknown task `openai`",
            6,
            "known: `chat`, `batch`",
        ),
        (
            "cost of openai <= 1 USD",
            "unknown task `openai`",
            6,
            "write `cost(openai)`",
        ),
        (
            "calls of client 1 >= 1",
            "there is one client",
            1,
            "`load.clients`",
        ),
        (
            "breaker.opened of chat <= 1",
            "does not count calls",
            4,
            "leave out `of`",
        ),
        (
            "checks of client 0 <= 1",
            "does not count calls",
            1,
            "leave out `of`",
        ),
        (
            "failover_time(down) of chat <= 1s",
            "does not count calls",
            4,
            "leave out `of`",
        ),
    ] {
        let said = said(text).unwrap_or_else(|| panic!("{text}"));
        assert!(said.contains(part) && said.contains(hint), "{said}");
        assert_eq!(said.matches('^').count(), carets, "{said}");
    }
    for text in [
        "success_rate of chat during down >= 95%",
        "latency.p95 of batch after down to 30s <= 1m",
        "uptime of client 0 >= 1%",
        "attempt_share(openai) of chat >= 1%",
    ] {
        assert_eq!(said(text), None);
    }
}

/// An expectation as people write it, the number of carets, and all of its hint.
#[rustfmt::skip]
const MEANT: [(&str, usize, &str); 28] = [
    ("success_rate >= 0.8", 3, "write `80%`"),
    ("success_rate >= 99.5", 4, "write `99.5%`"),
    ("success_rate >= 1", 1, "write `100%` or `1%`"),
    ("success_rate >= kimi-first + 0.05", 4, "write `5%`"),
    ("success_rate >= 0.9 * other - 0.01", 4, "write `1%`"),
    ("tokens <= 50M", 3, "write `50M tok`"),
    ("tokens_per_minute(openai) <= 90_000", 6, "write `90_000 tok`"),
    ("calls <= 50k tok", 7, "write `50k`"),
    ("cost <= 400", 3, "write `400 USD`"),
    ("goodput >= 5", 1, "write `5/s` or `5/min`"),
    ("attempts_per_call <= 30%", 3, "write `0.3`"),
    ("latency.p95 <= 5%", 2, "compare it with a length of time, such as `2.5s` or `800ms`"),
    ("latency p95 <= 3s", 11, "write `latency.p95`"),
    ("p95 <= 3s", 3, "write `latency.p95`"),
    ("ttft p95 <= 3s", 8, "write `ttft.p95`"),
    ("success >= 99%", 7, "write `success_rate`"),
    ("success >= 0.99", 7, "write `success_rate >= 99%`"),
    ("success rate of chat >= 99%", 12, "write `success_rate`"),
    ("att/call <= 1.3", 8, "write `attempts_per_call`"),
    ("fallback <= 3%", 8, "write `fallback_rate`"),
    ("wasted <= 3%", 6, "write `wasted_share`"),
    ("wasted <= 3 USD", 6, "write `wasted_cost`"),
    ("$/1k ok <= 4.12", 7,
     "write `cost_per_success <= 0.00412 USD`: it is the cost of one, not of a thousand"),
    ("$/1k ok <= 4 USD", 7,
     "write `cost_per_success <= 0.004 USD`: it is the cost of one, not of a thousand"),
    ("latency <= 3s", 7,
     "write one of `latency.mean`, `latency.p50`, `latency.p90`, `latency.p95`, `latency.p99`, \
      `latency.max`"),
    ("uptime always >= 9%", 6,
     "behind the measure stand `of TASK`, `during FAULT` or `after FAULT`, or the comparison"),
    ("cost <= resilient", 9, "name another policy of the run"),
    ("cost <= 1.1 * resilient", 15, "name another policy of the run"),
];

#[test]
fn other_words_and_units_are_told_by_what_is_meant() {
    for (text, carets, hint) in MEANT {
        let said = said(text).unwrap_or_else(|| panic!("{text}"));
        let (_, told) = said
            .split_once("= help: ")
            .unwrap_or_else(|| panic!("{said}"));
        let told = Vec::from_iter(told.split_whitespace()).join(" ");
        assert_eq!(told, hint, "{text}");
        assert_eq!(said.matches('^').count(), carets, "{said}");
    }
}

#[test]
fn a_hint_that_is_followed_makes_sense() {
    for (text, carets, hint) in MEANT {
        let Some((written, _)) = hint
            .strip_prefix("write `")
            .and_then(|one| one.split_once('`'))
        else {
            continue;
        };
        // It replaces the part with the carets, unless it is the whole expectation.
        let replaced = match said(text) {
            _ if written.contains("= ") => written.to_owned(),
            Some(said) => {
                let line = said.lines().find(|line| line.contains('^')).unwrap();
                let before = "4 |     - ".len();
                let start = line.find('^').unwrap() - before;
                format!("{}{written}{}", &text[..start], &text[start + carets..])
            }
            None => panic!("{text}"),
        };
        assert_eq!(said(&replaced), None, "{text}: {replaced}");
    }
}

#[test]
fn all_wrong_expectations_of_a_file_are_told_at_once() {
    let yaml = "expect:\n  every: [upteim >= 9%]\n  resilient: [cost <= 3, uptime >= 9%]\n";
    let document = Document::parse("a.yaml", yaml).unwrap();
    let drill = Drill::load("scenarios/primary-outage.yaml").expect("it is shipped");
    let mut subject = drill.subject().clone();
    let read = |text: &str| {
        let point = |_, message| Diagnostic::of_file("a.yaml", message);
        expect::parse(text, &[], &point).unwrap()
    };
    let lists: [(&str, &[&str]); 2] = [
        ("every", &["upteim >= 9%"]),
        ("resilient", &["cost <= 3", "uptime >= 9%"]),
    ];
    let expect = lists.iter().map(|(policy, texts)| {
        let texts = texts.iter().map(|text| read(text));
        ((*policy).to_owned(), texts.collect())
    });
    subject.expect = expect.collect();
    let wrong = check_expectations(&document, &subject);
    let lines = Vec::from_iter(wrong.iter().map(Diagnostic::line));
    assert_eq!(lines, [2, 3], "{wrong:?}");
}

//! What reports say, against arithmetic: small worlds whose measures are computed by hand in the
//! comments, in every format that people read.

use crate::{Project, stderr, stdout};

/// What one run printed and wrote.
struct Told {
    code: Option<i32>,
    table: String,
    rows: String,
    page: String,
    result: serde_json::Value,
}

impl Told {
    /// Runs the scenario in `NAME.yaml`, once, for all of its formats.
    fn of(project: &Project, name: &str, words: &str) -> Self {
        let output = project.output(&format!("run {name}.yaml --out out {words}"));
        let table = stdout(&output);
        assert!(output.status.code() != Some(2), "{}", stderr(&output));
        let result = project.text(&format!("out/{name}.json"));
        Self {
            code: output.status.code(),
            table,
            rows: project.text(&format!("out/{name}.csv")),
            page: project.text(&format!("out/{name}.md")),
            result: serde_json::from_str(&result).expect("JSON"),
        }
    }

    /// The cells of the row of a policy's measure behind its name: value, unit, bound.
    fn row(&self, policy: &str, measure: &str) -> Option<(f64, &str)> {
        let start = format!(",{policy},{measure},");
        let mut rows = self.rows.lines();
        let cells = rows.find_map(|row| row.split_once(start.as_str()))?.1;
        let (value, rest) = cells.split_once(',')?;
        Some((value.parse().ok()?, rest))
    }

    /// The value of a policy's measure.
    fn value(&self, policy: &str, measure: &str) -> f64 {
        let row = self.row(policy, measure);
        row.unwrap_or_else(|| panic!("no {measure} of {policy} in {}", self.rows))
            .0
    }

    /// A policy's figure in the result document.
    fn figure(&self, policy: &str, measure: &str) -> &serde_json::Value {
        &self.result["policies"][policy]["measures"][measure]
    }
}

/// A provider that is asked at equal intervals: each good call takes 400 ms and bills 100 and 20
/// tokens, so $0.00036.
fn steady(name: &str, run: &str, rate: &str, rest: &str) -> String {
    format!(
        "name: {name}
about: Does the report say what arithmetic says?
run: {run}
providers:
  main: {{ dialect: openai, model: gpt-4.1, ttft: 300ms, speed: 200 tok/s }}
load: {{ arrivals: constant, rate: {rate}, prompt: 100 tok, output: 20 tok, deadline: 60s }}
policies: [once]
{rest}"
    )
}

fn project(name: &str, scenario: &str, policy: &str) -> Project {
    let once = format!("name: once\nretry: {{ max_attempts: 1 }}\n{policy}");
    Project::new()
        .with(&format!("{name}.yaml"), scenario)
        .with("policies/once.yaml", &once)
}

#[test]
fn three_calls_a_minute_are_no_herd() {
    let rest = "faults: { refusals: { at: 4m, for: 2m, target: main, inject: 503 } }
expect: { once: [ thundering_herd(refusals) <= 3 ] }\n";
    let quiet = steady("quiet", "{ duration: 10m, seeds: 1 }", "3/min", rest);
    let told = Told::of(&project("quiet", &quiet, ""), "quiet", "");
    assert_eq!(told.code, Some(3), "{}", told.table);
    assert!(told.table.contains("no samples"), "{}", told.table);
    assert_eq!(told.row("once", "thundering_herd(refusals)"), None);
    assert!(told.row("once", "load_during(refusals)").is_some());
}

#[test]
fn two_minutes_down_of_six_are_two_thirds_up() {
    let rest = "faults: { refusals: { at: 2m, for: 2m, target: main, inject: 503 } }\n";
    let down = steady("down", "{ duration: 6m, seeds: 1 }", "1/s", rest);
    let told = Told::of(&project("down", &down, ""), "down", "");
    assert_eq!(told.figure("once", "uptime")["value"], 0.666_666_667);
    assert_eq!(told.value("once", "outages"), 1.0);
    assert_eq!(told.value("once", "outage_longest"), 120_000.0);
    assert_eq!(told.value("once", "failover_time(refusals)"), 120_000.0);
    assert_eq!(told.value("once", "failed_calls(exhausted)"), 120.0);
    assert!(told.table.contains(" 66.7%"), "{}", told.table);
}

#[test]
fn cost_and_calls_are_of_one_run_whatever_the_number_of_seeds() {
    // 10 minutes of 30 a minute: 300 calls of $0.00036.
    let rest = "expect: { once: [ cost <= 0.108 USD, cost >= 0.108 USD, calls <= 300 ] }\n";
    let paid = steady("paid", "{ duration: 10m, seeds: 1..4 }", "30/min", rest);
    let project = project("paid", &paid, "");
    for (words, total) in [("", 1_200), ("--seed 2", 300)] {
        let told = Told::of(&project, "paid", words);
        assert_eq!(told.code, Some(0), "{}", told.table);
        assert_eq!(told.row("once", "calls"), Some((300.0, "count_per_run,")));
        assert_eq!(told.row("once", "cost"), Some((0.108, "usd_per_run,")));
        assert_eq!(told.figure("once", "calls")["total"], total);
    }
}

#[test]
fn an_empty_answer_is_a_success_in_no_measure_or_in_all() {
    let rest = "faults: { empty: { target: main, inject: null_content } }\n";
    let empty = steady("empty", "{ duration: 1m, seeds: 1 }", "1/s", rest);
    let told = Told::of(&project("empty", &empty, ""), "empty", "");
    let count = |measure: &str| told.value("once", measure);
    let wrong = told.row("once", "failed_calls(wrong_answer)");
    let wrong = wrong.map_or(0.0, |row| row.0);
    assert_eq!(count("truncated_successes"), wrong);
    assert_eq!(count("succeeded"), 60.0 * count("success_rate"));
    assert!(count("succeeded") + wrong <= 60.0, "{}", told.rows);
    let story = told.table.contains("0 of 60 calls failed");
    assert!(!story, "{}", told.table);
}

/// Calls arrive at seconds 1 to 180, and 60 to 64 are refused. The first refusal opens the breaker
/// for ten minutes, so the calls from 61 to 180 find no provider to ask, and the provider answers
/// nothing again.
fn left_out() -> Told {
    let rest = "faults: { refusals: { at: 1m, for: 5s, target: main, inject: 503 } }
expect: { once: [ recovery_time(main) <= 1h, recovery_time(main) >= 1m ] }\n";
    let out = steady("left-out", "{ duration: 3m, seeds: 1 }", "1/s", rest);
    let breaker = "breaker: { consecutive_failures: 1, open: { initial: 10m, max: 10m } }\n";
    Told::of(&project("left-out", &out, breaker), "left-out", "")
}

#[test]
fn calls_that_found_no_provider_are_counted_where_people_read() {
    let told = left_out();
    let row = told.row("once", "failed_calls(unavailable)");
    assert_eq!(row, Some((120.0, "count_per_run,")));
    assert!(
        told.table
            .contains("121 failed: 1 exhausted, 120 unavailable"),
        "{}",
        told.table
    );
    assert!(told.page.contains("unavailable"), "{}", told.page);
    let figure = told.figure("once", "failed_calls(unavailable)");
    assert_eq!(figure["value"], 120);
}

#[test]
fn a_recovery_that_was_not_reached_says_so_and_is_never_green() {
    let told = left_out();
    // From 65 s to the end at 180 s.
    let row = told.row("once", "recovery_time(main)");
    assert_eq!(row, Some((115_000.0, "ms,lower")));
    let figure = told.figure("once", "recovery_time(main)");
    assert_eq!(
        (&figure["value"], &figure["is_lower_bound"]),
        (&115_000.into(), &true.into())
    );
    for text in [
        "recovery_time(main): not over after 1.9m",
        "not over after 1.9m\n",
    ] {
        assert!(told.table.contains(text), "{}", told.table);
    }
    assert!(
        told.page.contains("| once | main | 1.9m or more |"),
        "{}",
        told.page
    );
    let judged = &told.result["policies"]["once"]["expectations"];
    let verdicts = [0, 1].map(|place| judged[place]["verdict"].as_str().expect("a word"));
    assert_eq!(verdicts, ["inconclusive", "holds"]);
    assert_eq!(judged[0]["is_lower_bound"], true);
    assert_eq!(told.code, Some(3));
    assert_eq!(told.row("once", "calls"), Some((180.0, "count_per_run,")));
}

/// Half of the attempts at both providers fail. With luck of its own, a second attempt elsewhere
/// saves half of the failed calls: 1 - 0.5 x 0.5 = 75 %. With a shared draw it saves none: 50 %.
#[test]
fn a_second_attempt_elsewhere_helps_unless_both_share_their_fate() {
    let policy = "name: elsewhere\nretry: { max_attempts: 2, max_attempts_per_provider: 1 }\n\
        failures: { server_error: fallback }\n";
    let world = |groups: &str, fault: &str| {
        format!(
            "name: luck
run: {{ duration: 1h, seeds: 1 }}
providers:
  a: {{ dialect: openai, model: gpt-4.1, ttft: 300ms, speed: 200 tok/s }}
  b: {{ dialect: openai, model: gpt-4.1, ttft: 300ms, speed: 200 tok/s }}
load: {{ arrivals: constant, rate: 1/s, prompt: 100 tok, output: 20 tok, deadline: 30s }}
{groups}faults:
  half: {{ {fault}, inject: 500, rate: 50% }}
policies: [elsewhere]
"
        )
    };
    let group = |keys: &str| format!("groups: {{ cloud: {keys} }}\n");
    let shared = "{ providers: [a, b], shared_fate: true }";
    for (text, range) in [
        (world("", "target: [a, b]"), 0.72..0.78),
        (world(&group("[a, b]"), "target: cloud"), 0.72..0.78),
        (world("", "target: [a, b], shared_fate: true"), 0.47..0.53),
        (world(&group(shared), "target: cloud"), 0.47..0.53),
        (
            world(&group(shared), "target: cloud, shared_fate: false"),
            0.72..0.78,
        ),
    ] {
        let project = Project::new()
            .with("luck.yaml", &text)
            .with("policies/elsewhere.yaml", policy);
        let told = Told::of(&project, "luck", "--engine model");
        let success = told.value("elsewhere", "success_rate");
        assert!(range.contains(&success), "{success}: {text}");
    }
}

/// A provider asks for 60 s, and the caller waits for 15 s. A client that does not know this
/// sleeps through the deadline and never asks the fallback; one that knows goes there at once.
#[test]
fn a_client_that_does_not_know_the_deadline_sleeps_through_it() {
    let scenario = "name: hint
run: { duration: 4m, seeds: 1 }
providers:
  main: { dialect: openai, model: gpt-4.1, ttft: 300ms, speed: 200 tok/s }
  backup: { dialect: openai, model: gpt-4.1, ttft: 300ms, speed: 200 tok/s }
load: { arrivals: constant, rate: 1/s, prompt: 100 tok, output: 20 tok, deadline: 15s }
faults: { limited: { at: 1m, for: 1m, target: main, inject: 429, retry_after: 60s } }
policies: [once]
";
    let knows = "hints: { retry_after: honour, max: 1d }\n".to_owned();
    let blind = format!("{knows}quirks: [ waits_blindly ]\n");
    for (policy, failed) in [(knows, 0.0), (blind, 60.0)] {
        let policy = format!("name: once\nretry: {{ max_attempts: 6 }}\n{policy}");
        let project = Project::new()
            .with("hint.yaml", scenario)
            .with("policies/once.yaml", &policy);
        let told = Told::of(&project, "hint", "--engine model");
        let deadline = told.row("once", "failed_calls(deadline)");
        assert_eq!(deadline.map_or(0.0, |(calls, _)| calls), failed, "{policy}");
    }
}

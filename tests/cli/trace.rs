//! `trace`: calls step by step; and the story of a failure below an expectation that fails.

use std::collections::{BTreeMap, BTreeSet};

use snapbox::str;

use crate::{Project, down, json, scenario, stderr, stdout};

/// The only provider rejects half of the attempts, and says how long to wait.
fn storm() -> String {
    let faults = "faults:\n  storm: { at: 10s, for: 20s, target: main, inject: 429, rate: 80%, \
        retry_after: 4s }\n";
    let expect = "  retry-only: [ success_rate >= 99% ]\n";
    scenario("storm", "retry-only", faults, expect)
}

fn project() -> Project {
    Project::new()
        .with("scenarios/storm.yaml", &storm())
        .with("scenarios/down.yaml", &down())
        .with("scenarios/calm.yaml", &crate::calm())
}

#[test]
fn a_failure_tells_its_story() {
    let output = project().firedrill("run scenarios/storm.yaml --seeds 1..2");
    output.code(1).stdout_eq(str![[r#"
x storm   2 seeds x 1m   126 calls per run   all faults fired
  policy      success  uptime  p95 ok  ttft p95  att/call  $/1k ok  waste
x retry-only   93.25%   75.0%    8.7s         -      1.35     1.16   0.0%
    8.5 failed per run: 8.5 exhausted
fails  retry-only: success_rate >= 99%, was 93.25%
       firedrill run scenarios/storm.yaml --policy retry-only --seeds 1..2
  retry-only, tenths of calls that failed over time (. none, X all):
  ...... ...7.5545.62XX5......................................
  0s        10s       20s       30s       40s       50s
            ====================  storm
  seed 1, the worst: 12 of 126 calls failed, 12 exhausted (rate_limited)
  of 12 failed calls, 12 would not have failed without storm
  call 26 at 00:10.257: failed after 8.006s, exhausted (rate_limited)
    +0.000s main: rate_limited after 0.002s [storm]; waits 4.000s for main, as
        its hint asks
    +4.002s main (retry): rate_limited after 0.002s [storm]; waits 4.000s for
        main, as its hint asks
    +8.004s main (retry): rate_limited after 0.002s [storm]
    ends: its attempts are spent (3)
  call 27 at 00:10.497: failed after 8.006s, exhausted (rate_limited)
    +0.000s main: rate_limited after 0.002s [storm]; waits 4.000s for main, as
        its hint asks
    +4.002s main (retry): rate_limited after 0.002s [storm]; waits 4.000s for
        main, as its hint asks
    +8.004s main (retry): rate_limited after 0.002s [storm]
    ends: its attempts are spent (3)
  call 32 at 00:12.859: failed after 8.006s, exhausted (rate_limited)
    +0.000s main: rate_limited after 0.002s [storm]; waits 4.000s for main, as
        its hint asks
    +4.002s main (retry): rate_limited after 0.002s [storm]; waits 4.000s for
        main, as its hint asks
    +8.004s main (retry): rate_limited after 0.002s [storm]
    ends: its attempts are spent (3)
  firedrill trace scenarios/storm.yaml --policy retry-only --seed 1 --call 26

"#]]);
}

/// Answers are wrong for a while, and later half of the attempts fail; the policy takes every
/// answer for whole.
fn wrong() -> String {
    let faults = "faults:\n  lie: { at: 10s, for: 20s, target: main, inject: lying_finish }\n  \
        errors: { at: 20s, for: 20s, target: main, inject: 500, rate: 50% }\n";
    let expect = "  no-failover: [ success_rate >= 99% ]\n";
    scenario("wrong", "no-failover", faults, expect)
}

#[test]
fn a_wrong_answer_is_counted_blamed_and_told_as_a_failure() {
    let project = Project::new().with("wrong.yaml", &wrong());
    let text = stdout(&project.output("run wrong.yaml --seed 1"));
    let (_, story) = text.split_once("seed 1, the worst: ").expect("a story");
    snapbox::assert_data_eq!(
        story,
        str![[r#"
50 of 126 calls failed, 28 wrong_answer, 22 exhausted
  (server_error)
  of 50 failed calls, 28 would not have failed without lie; 10 would not have
    failed without errors; 12 fail without any one fault
  call 30 at 00:12.068: answered after 1.659s, but wrong: the provider wrote no
    whole and correct answer
    +0.000s main: answered after 1.659s [lie]
  call 46 at 00:20.077: failed after 0.002s, exhausted (server_error)
    +0.000s main: server_error after 0.002s [errors]
    ends: its attempts are spent (1)
  call 35 at 00:14.261: answered after 1.565s, but wrong: the provider wrote no
    whole and correct answer
    +0.000s main: answered after 1.565s [lie]
  firedrill trace wrong.yaml --policy no-failover --seed 1 --call 30

"#]]
    );
    // The same calls are the failed ones everywhere.
    let failed = stdout(&project.output("trace wrong.yaml --seed 1 --failed"));
    assert_eq!(failed.matches("\ncall ").count() + 1, 50);
    let blame = stdout(&project.output("trace wrong.yaml --seed 1 --blame"));
    assert!(
        blame.contains("28 would not have failed without lie"),
        "{blame}"
    );
}

#[test]
fn a_call_is_told_step_by_step_with_the_reason_of_each() {
    let project = project();
    let slowest = project.firedrill("trace scenarios/storm.yaml --seed 1 --slowest 1");
    slowest.success().stdout_eq(str![[r#"
call 49 at 00:22.800: answered after 9.893s
  00:22.800    +0.000s  arrives
  00:22.800    +0.000s  asks in this order, as the fleet lists them: main, backup
  00:22.800    +0.000s  attempt 1 at main (first)
  00:22.801    +0.001s  fault storm strikes
  00:22.802    +0.002s  attempt 1 fails: rate_limited, it asks to wait 4.000s
  00:22.802    +0.002s  waits 4.000s for main, as its hint asks
  00:26.802    +4.002s  attempt 2 at main (retry)
  00:26.803    +4.003s  fault storm strikes
  00:26.804    +4.004s  attempt 2 fails: rate_limited, it asks to wait 4.000s
  00:26.804    +4.004s  waits 4.000s for main, as its hint asks
  00:30.804    +8.004s  attempt 3 at main (retry)
  00:32.693    +9.893s  attempt 3 is answered
  00:32.693    +9.893s  answered by attempt 3

"#]]);
}

#[test]
fn the_line_that_opens_the_next_opens_it() {
    let project = project();
    let output = stdout(&project.output("run scenarios/storm.yaml"));
    let next = output
        .lines()
        .find_map(|line| line.trim().strip_prefix("firedrill trace "));
    let next = next.expect("a line that opens the next");
    let call = project.output(&format!("trace {next}"));
    assert_eq!(call.status.code(), Some(0), "{}", stderr(&call));
    let heading = stdout(&call).lines().next().expect("a call").to_owned();
    assert!(output.contains(&heading), "{heading}\n{output}");
}

#[test]
fn a_trace_has_the_same_bytes_each_time_and_reads_as_a_trace_of_production() {
    let project = project();
    let words = "trace scenarios/storm.yaml --seed 2 --format jsonl";
    let first = project.output(words);
    assert_eq!(first.stdout, project.output(words).stdout);
    let text = stdout(&first);
    assert!(text.contains(r#""reason":{"waits":"#), "{text}");
    let project = project.with("storm.jsonl", &text);
    let report = json(&project.output("report storm.jsonl --format json"));
    let run = json(&project.output("run scenarios/storm.yaml --seed 2 --format json"));
    let calls = |report: &serde_json::Value| {
        report["policies"]["retry-only"]["state"]["run"]["calls"].clone()
    };
    assert_eq!(calls(&report), calls(&run));
}

#[test]
fn only_failed_calls_are_told_when_they_are_asked_for() {
    let project = project();
    let failed = stdout(&project.output("trace scenarios/down.yaml --failed"));
    let headings = failed.lines().filter(|line| line.starts_with("call "));
    let headings = Vec::from_iter(headings);
    assert!(!headings.is_empty());
    assert!(
        headings.iter().all(|line| line.contains(": failed after ")),
        "{failed}"
    );
    let none = project.output("trace scenarios/calm.yaml --failed");
    assert_eq!(none.status.code(), Some(2));
    assert!(
        stderr(&none).contains("no call failed"),
        "{}",
        stderr(&none)
    );
}

#[test]
fn blame_names_the_fault_without_which_calls_would_not_have_failed() {
    let blame = project().firedrill("trace scenarios/storm.yaml --seed 1 --blame");
    blame.success().stdout_eq(str![[r#"
seed 1: of 12 failed calls, 12 would not have failed without storm

"#]]);
}

#[test]
fn a_scenario_of_several_policies_asks_which_one() {
    let text = storm().replace(
        "policies: [ retry-only ]",
        "policies: [ retry-only, no-failover ]",
    );
    let project = Project::new().with("storm.yaml", &text);
    let output = project.output("trace storm.yaml");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--policy"), "{}", stderr(&output));
}

#[test]
fn a_chrome_trace_ends_what_it_begins_in_the_order_of_time() {
    let words = "trace scenarios/flapping.yaml --policy resilient --format perfetto --seed 1";
    let output = crate::command(std::path::Path::new("."))
        .args(words.split(' '))
        .assert();
    let trace = crate::json(output.code(0).get_output());
    let events = trace["traceEvents"].as_array().expect("events");
    let number = |event: &serde_json::Value, key: &str| event[key].as_u64().expect("a number");
    let (mut last, mut open, mut calls) = (0.0, BTreeMap::new(), BTreeSet::new());
    let mut drawn = BTreeSet::new();
    for event in events.iter().filter(|event| event["ph"] != "M") {
        let at = event["ts"].as_f64().expect("a time");
        assert!(at >= last, "{event} is before {last}");
        last = at;
        let lane = (number(event, "pid"), number(event, "tid"));
        match event["ph"].as_str() {
            Some("B") => {
                let before = open.insert(lane, event["name"].clone());
                assert_eq!(before, None, "{event} begins in another slice");
                drawn.insert((lane.0, event["name"].to_string()));
            }
            Some("E") => assert!(open.remove(&lane).is_some(), "{event} ends nothing"),
            Some("b") => assert!(calls.insert(number(event, "id")), "{event} began before"),
            Some("e") => assert!(calls.remove(&number(event, "id")), "{event} ends nothing"),
            kind => assert_eq!(kind, Some("i"), "{event}"),
        }
    }
    assert!(open.is_empty() && calls.is_empty(), "{open:?} {calls:?}");
    // The fault, the breaker of the provider that it strikes, and its attempts.
    for (process, name) in [(2, "active"), (10, "open"), (10, "call 0 attempt 1")] {
        assert!(
            drawn.contains(&(process, format!("\"{name}\""))),
            "{name}: {drawn:?}"
        );
    }
    let whole = crate::command(std::path::Path::new("."))
        .args(words.split(' '))
        .arg("--failed")
        .assert();
    assert!(crate::stderr(whole.code(2).get_output()).contains("shows the whole run"));
}

#[test]
fn the_worst_run_of_each_policy_is_kept_as_trace_writes_it() {
    let project = project();
    let words = "run scenarios/storm.yaml --seeds 1..2 --out out --also jsonl,perfetto";
    project.firedrill(words).code(1);
    for (ending, format) in [("jsonl", "jsonl"), ("perfetto.json", "perfetto")] {
        let traced = format!("trace scenarios/storm.yaml --seed 1 --format {format}");
        let kept = project.text(&format!("out/storm.retry-only.{ending}"));
        assert_eq!(kept, stdout(&project.output(&traced)), "{format}");
    }
    let refused = project.output("report out/storm.json --out again --also jsonl");
    assert_eq!(refused.status.code(), Some(2));
    let told = stderr(&refused);
    assert!(told.contains("`--also jsonl` is of single runs"), "{told}");
    assert!(!project.path("again").exists());
}

//! `explain RESULT`: which seeds, windows and calls decided an expectation.

use std::process::Output;

use snapbox::{assert_data_eq, str};

use crate::{Project, command, scenario, stderr, stdout};

/// The only provider of the policy is down for twenty seconds, and slow afterwards.
fn outage() -> String {
    let faults = "faults:\n  main-down: { at: 20s, for: 20s, target: main, inject: outage }\n  \
        main-slow: { at: 45s, for: 10s, target: main, inject: slow, factor: 4 }\n";
    let expect = "  no-failover:\n    - success_rate >= 99%\n    - uptime >= 90%\n    \
        - success_rate during main-down >= 50%\n    - latency.p95 <= 3s\n    \
        - attempts_per_call <= 1\n";
    scenario("outage", "no-failover", faults, expect)
}

/// A project in which the scenario has run: its result is in `out`.
fn project() -> Project {
    let project = Project::new().with("scenarios/outage.yaml", &outage());
    project
        .firedrill("run scenarios/outage.yaml --out out")
        .code(1);
    project
}

fn explain(project: &Project, words: &[&str]) -> Output {
    let explain = command(project.folder.path()).args(["explain", "out/outage.json"]);
    explain.args(words).assert().get_output().clone()
}

/// Every expectation of the project, explained.
const EXPLAINED: &str = r#"outage: fails, seeds 1..2

fails  no-failover: success_rate >= 99%, was 64.29%
  90 of 252 calls failed: 90 exhausted
  88 of the 88 that arrived during main-down
  0 of the 50 that arrived during main-slow
  windows of 1s with the most failed calls, 2 runs together
    00:26.000 to 00:27.000  8 calls, 8 failed  during main-down
    00:23.000 to 00:24.000  7 calls, 7 failed  during main-down
    00:35.000 to 00:36.000  7 calls, 7 failed  during main-down
    00:25.000 to 00:26.000  6 calls, 6 failed  during main-down
    00:31.000 to 00:32.000  6 calls, 6 failed  during main-down
    and 17 more
  failed calls of seed 2: 32 to 81
  by seed, the worst first
    seed 2  60.32%  fails
    seed 1  68.25%  fails
  firedrill trace scenarios/outage.yaml --policy no-failover --seed 2 --call 32

fails  no-failover: uptime >= 90%, was 66.67%
  4 of 12 windows of 10s were down; 2 outages
  outages, the longest first
    seed 1  00:20.000 to 00:40.000  2 windows  during main-down
    seed 2  00:20.000 to 00:40.000  2 windows  during main-down
  by seed, the worst first
    seed 1  66.67%  fails
    seed 2  66.67%  fails
  firedrill trace scenarios/outage.yaml --policy no-failover --seed 1 --failed

fails  no-failover: success_rate during main-down >= 50%, was 0.00%
  88 of 88 calls failed: 88 exhausted
  windows of 1s with the most failed calls, 2 runs together
    00:26.000 to 00:27.000  8 calls, 8 failed  during main-down
    00:23.000 to 00:24.000  7 calls, 7 failed  during main-down
    00:35.000 to 00:36.000  7 calls, 7 failed  during main-down
    00:25.000 to 00:26.000  6 calls, 6 failed  during main-down
    00:31.000 to 00:32.000  6 calls, 6 failed  during main-down
    and 15 more
  failed calls of seed 2: 32 to 81
  by seed success_rate of all calls (it is not kept for fewer), the worst first
    seed 2  60.32%
    seed 1  68.25%
  firedrill trace scenarios/outage.yaml --policy no-failover --seed 2 --failed

fails  no-failover: latency.p95 <= 3s, was 4.8s
  30 of 162 took longer than 3.0s; the longest 8.6s
  29 of the 50 that arrived during main-slow
  a result does not keep in which windows they arrived
  by seed, the worst first
    seed 2  4.9s  fails
    seed 1  4.8s  fails
  firedrill trace scenarios/outage.yaml --policy no-failover --seed 2 --slowest 5

holds  no-failover: attempts_per_call <= 1, was 1.00
  at main, per run
    attempts 126, answered 81, failures.connect 44
    failures.reset 1, cost 0.0945 USD, wasted_cost 0.0007 USD
  windows of 1s with the most attempts, 2 runs together
    00:05.000 to 00:06.000  9 calls, 9 attempts
    00:26.000 to 00:27.000  8 calls, 8 attempts  during main-down
    00:00.000 to 00:01.000  7 calls, 7 attempts
    00:23.000 to 00:24.000  7 calls, 7 attempts  during main-down
    00:35.000 to 00:36.000  7 calls, 7 attempts  during main-down
    and 54 more
  by seed, the worst first
    seed 1  1.00  holds
    seed 2  1.00  holds
  firedrill trace scenarios/outage.yaml --policy no-failover --seed 1 --slowest 5
"#;

#[test]
fn a_result_says_which_seeds_windows_and_calls_decided_each_expectation() {
    let output = project().firedrill("explain out/outage.json");
    output.success().stderr_eq("").stdout_eq(EXPLAINED);
}

#[test]
fn an_expectation_is_named_by_its_text_or_by_a_part_of_it() {
    let project = project();
    let named = stdout(&explain(&project, &["no-failover: uptime >= 90%"]));
    assert_eq!(named, stdout(&explain(&project, &["uptime >= 90%"])));
    assert_eq!(named, stdout(&explain(&project, &["uptime"])));
    assert_eq!(named.matches("no-failover: ").count(), 1, "{named}");
    // A text that is a part of another one is still the whole of its own.
    let whole = stdout(&explain(&project, &["success_rate >= 99%"]));
    assert_eq!(whole.matches("no-failover: ").count(), 1, "{whole}");
}

#[test]
fn an_expectation_that_is_not_there_or_not_the_only_one_is_an_error() {
    let project = project();
    for (asked, error) in [
        (
            "uptme >= 90%",
            str![[r#"
error: the result has no expectation `uptme >= 90%`
  = help: did you mean `uptime >= 90%`?

"#]],
        ),
        (
            "success_rate",
            str![[r#"
error: `success_rate` is a part of 2 expectations
  = help: name one of `no-failover: success_rate >= 99%`, `no-failover: success_rate during main-down >= 50%`

"#]],
        ),
        (
            "nothing like it",
            str![[r#"
error: the result has no expectation `nothing like it`
  = help: name one of `no-failover: success_rate >= 99%`, `no-failover: uptime >= 90%`, `no-failover: success_rate during main-down >= 50%`, `no-failover: latency.p95 <= 3s`, `no-failover: attempts_per_call <= 1`

"#]],
        ),
    ] {
        let output = explain(&project, &[asked]);
        assert_eq!(output.status.code(), Some(2), "{asked}");
        assert_data_eq!(stderr(&output), error);
    }
}

#[test]
fn the_line_that_opens_the_calls_opens_one_that_failed() {
    let project = project();
    let text = stdout(&explain(&project, &["success_rate >= 99%"]));
    let next = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("firedrill trace "));
    let next = next.expect("a line that opens a call").to_owned();
    let call = stdout(&project.output(&format!("trace {next}")));
    assert!(call.contains(": failed after "), "{call}");
}

#[test]
fn calls_of_a_scenario_that_is_gone_or_changed_are_not_offered() {
    let project = project().with("scenarios/outage.yaml", &outage().replace("2/s", "3/s"));
    let changed = stdout(&explain(&project, &["uptime"]));
    let says = "`scenarios/outage.yaml`, a policy or a price has changed";
    assert!(changed.contains(says), "{changed}");
    assert!(!changed.contains("firedrill trace scenarios"), "{changed}");
    std::fs::remove_file(project.path("scenarios/outage.yaml")).expect("it is there");
    let gone = stdout(&explain(&project, &["uptime"]));
    assert!(
        gone.contains("`scenarios/outage.yaml` is not there"),
        "{gone}"
    );
    assert!(!gone.contains("firedrill trace scenarios"), "{gone}");
    // What the result itself holds is told all the same.
    assert!(gone.contains("seed 1  00:20.000 to 00:40.000"), "{gone}");
}

#[test]
fn a_file_that_is_no_result_and_an_expectation_of_a_measure_are_errors() {
    let project = Project::new().with("notes.json", "{}");
    project
        .firedrill("explain notes.json")
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: missing field `schema`
 --> notes.json:1:2
  |
1 | {}
  |  ^
  |
  = help: name a file that `run --out DIR` or `run --format json` wrote

"#]]);
    project
        .firedrill("explain gone.json")
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: `gone.json` cannot be read: there is no such file
  = help: name a file that `run --out DIR` or `run --format json` wrote

"#]]);
    project
        .firedrill("explain uptime uptime")
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: `uptime` is a measure: no expectation decided it
  = help: name the file of a result, as `run --out DIR` writes it

"#]]);
}

#[test]
fn a_result_without_expectations_says_that_nothing_was_judged() {
    let text = outage();
    let (text, _) = text.split_once("expect:").expect("it has some");
    let project = Project::new().with("outage.yaml", text);
    project
        .firedrill("run outage.yaml --out out --seed 1")
        .code(0);
    let told = stdout(&explain(&project, &[]));
    assert!(told.contains("nothing was judged"), "{told}");
}

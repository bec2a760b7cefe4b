//! `run --set path=2,4,8`: one row per value.

use snapbox::str;

use crate::{Project, UNMET_FAULT as UNMET, json, scenario, stderr, stdout};

/// Some answers of one provider are errors.
fn project() -> Project {
    let faults = "faults:\n  flaky: { target: main, inject: 503, rate: 30% }\n";
    let expect = "  no-failover: [ success_rate >= 50% ]\n";
    let text = scenario("flaky", "no-failover", faults, expect);
    Project::new().with("scenarios/flaky.yaml", &text)
}

const SWEEP: &str = "run --set faults.flaky.rate=10%,40%,70% --seeds 2";

#[test]
fn a_sweep_has_one_row_per_value_and_one_line_per_measure() {
    let told = project().firedrill(SWEEP).code(1).stderr_eq("");
    told.stdout_eq(str![[r#"
flaky   no-failover   2 seeds x 1m
                          success     uptime     p95 ok   ttft p95   att/call    $/1k ok      waste
+ faults.flaky.rate=10%    90.48%*     25.0%*      1.8s          -       1.00       1.15*      0.0%
+ faults.flaky.rate=40%    66.27%       0.0%       1.7s          -       1.00       1.15       0.0%
x faults.flaky.rate=70%    33.73%       0.0%       1.6s*         -       1.00       1.17       0.0%
  success   950
  uptime    900
  p95 ok    940
  $/1k ok   019

* the best; courses from 0 (the lowest value) to 9 (the highest). Again:
  firedrill run scenarios/flaky.yaml --seeds 1..2 --set 'faults.flaky.rate=10%'
  firedrill run scenarios/flaky.yaml --seeds 1..2 --set 'faults.flaky.rate=40%'
  firedrill run scenarios/flaky.yaml --seeds 1..2 --set 'faults.flaky.rate=70%'

1 scenario, 3 values each: 2 hold, 1 fails

"#]]);
}

#[test]
fn a_quiet_sweep_shows_only_what_does_not_hold() {
    let project = project();
    let holds = "run --set faults.flaky.rate=10%,20% --seeds 2 --quiet";
    project.firedrill(holds).code(0).stdout_eq("").stderr_eq("");
    let fails = project.output(&format!("{SWEEP} --quiet"));
    let table = stdout(&fails);
    assert!(table.contains("x faults.flaky.rate=70%"), "{table}");
    assert!(!table.contains("1 scenario"), "{table}");
}

#[test]
fn a_sweep_stops_at_the_first_value_that_fails() {
    let project = project();
    let words = "run --set faults.flaky.rate=80%,10% --seeds 2 --fail-fast";
    let table = stdout(project.firedrill(words).code(1).get_output());
    assert!(table.contains("x faults.flaky.rate=80%"), "{table}");
    assert!(!table.contains("faults.flaky.rate=10%"), "{table}");
    let summary = "1 scenario, 2 values each: 1 fails, 1 not run";
    assert!(table.contains(summary), "{table}");
    let swept = json(&project.output(&format!("{words} --format json")));
    assert_eq!(swept["results"].as_array().map(Vec::len), Some(1));
}

#[test]
fn what_was_not_judged_in_a_sweep_is_told_by_value_and_exits_as_in_a_run() {
    let project = project();
    let words = "run --set faults.flaky.rate=10%,20% --seed 1";
    let other = project.firedrill(&format!("{words} --policy resilient"));
    let told = stderr(other.code(3).get_output());
    let warning = "warning: flaky faults.flaky.rate=20%: `resilient` was not judged";
    assert!(told.contains(warning), "{told}");
    let bare = scenario("flaky", "no-failover", UNMET, "").replace("expect:\n", "");
    let project = Project::new().with("scenarios/flaky.yaml", &bare);
    let words = "run --set load.rate=1/s,2/s --seed 1";
    project.firedrill(words).code(0);
    project
        .firedrill(&format!("{words} --require-expectations"))
        .code(3);
    let unmet = project.firedrill(&format!("{words} --require-faults"));
    let told = stderr(unmet.code(3).get_output());
    let warning = "warning: flaky load.rate=1/s: fault backup-down never fired";
    assert!(told.contains(warning), "{told}");
}

#[test]
fn each_value_of_a_sweep_is_run_as_its_command_runs_it() {
    let project = project();
    let swept = json(&project.output(&format!("{SWEEP} --format json")));
    let alone = "run --set faults.flaky.rate=40% --seeds 2 --format json";
    assert_eq!(swept["results"][1], json(&project.output(alone)));
    let rows = stdout(&project.output(&format!("{SWEEP} --format csv")));
    assert!(rows.starts_with("set,scenario,policy,"), "{rows}");
    let row = "\"faults.flaky.rate=70%\",flaky,no-failover,success_rate,";
    assert!(rows.contains(row), "{rows}");
}

#[test]
fn what_a_sweep_leaves_out_is_named_once() {
    let policy = "name: mine\nabout: Mine.\nretry: { max_attempts: 2 }\n";
    let project = project().with("scenarios/policies/mine.yaml", policy);
    let words = "run scenarios --set faults.flaky.rate=10%,20% --seed 1";
    let told = project.firedrill(words).code(0);
    told.stderr_eq("note: not run: scenarios/policies/mine.yaml (policy)\n");
}

#[test]
fn a_sweep_writes_no_files_and_has_a_bound() {
    let many = Vec::from_iter((1..=257).map(|rate| format!("{rate}/s"))).join(",");
    for (words, part) in [
        (
            format!("{SWEEP} --out reports"),
            "make a table and no files",
        ),
        (format!("run --set load.rate={many}"), "257 combinations"),
        ("run --set load.rate=1/s,".to_owned(), "is empty"),
    ] {
        let told = stderr(project().firedrill(&words).code(2).get_output());
        assert!(told.contains(part), "{words}: {told}");
    }
}

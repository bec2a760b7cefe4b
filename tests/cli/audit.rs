//! `run --engine model --audit`: some seeds on the simulated network as well, and what differs.

use std::path::Path;

use snapbox::str;

use crate::{Project, calm, json, scenario, stdout};

#[test]
fn an_audit_says_how_many_calls_are_the_same() {
    let project = project();
    project
        .firedrill("run calm.yaml --engine model --audit 1")
        .success()
        .stdout_eq(str![[r#"
+ calm   2 seeds x 1m   126 calls per run   no faults
  note: made by the model engine: the same decisions and physics, without bytes
  policy       success  uptime  p95 ok  ttft p95  att/call  $/1k ok  waste
+ no-failover  100.00%  100.0%    1.8s         -      1.00     1.16   0.0%
holds  1 expectation
audit  126 of 126 calls (100.00%) are the same on the simulated network, in 1 run

"#]]);
    let page = stdout(&project.output("run calm.yaml --engine model --audit 5 --format md"));
    let section = page.split("\n## ").find(|part| part.starts_with("Audit"));
    snapbox::assert_data_eq!(
        section.expect("a section"),
        str![[r#"
Audit

252 of 252 calls (100.00%) are the same on the simulated network, in 2 runs.

| policy | seed | calls | the same | measures that differ |
| --- | --: | --: | --: | --- |
| no-failover | 1 | 126 | 126 |  |
| no-failover | 2 | 126 | 126 |  |

"#]]
    );
}

#[test]
fn an_audit_is_kept_in_results_and_merged() {
    // Not in the order of their names.
    let expect = "  no-failover: [ success_rate >= 99% ]\n";
    let both = scenario("both", "priority-fallback, no-failover", "", expect);
    let project = Project::new().with("both.yaml", &both);
    let words = "run both.yaml --engine model --format json --audit";
    for part in 1..=2 {
        let result = project.output(&format!("{words} 1 --partition {part}/2"));
        std::fs::write(project.path(&format!("{part}.json")), result.stdout).expect("a file");
    }
    let whole = stdout(&project.output(&format!("{words} 2")));
    for parts in ["1.json 2.json", "2.json 1.json"] {
        let merged = stdout(&project.output(&format!("merge {parts} --format json")));
        assert_eq!(merged, whole, "{parts}");
    }
    let audit = &serde_json::from_str::<serde_json::Value>(&whole).expect("JSON")["audit"];
    let runs = audit["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 4);
    assert!(
        runs.iter().all(|run| run["calls"] == run["agree"]),
        "{runs:?}"
    );
}

#[test]
fn the_simulated_network_is_not_audited() {
    project()
        .firedrill("run calm.yaml --audit 1")
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: `--audit` is for the model engine: the simulated network makes these runs
  = help: add `--engine model`, or leave out `--audit`

"#]]);
}

#[test]
fn what_differs_is_shown_and_a_verdict_that_depends_on_the_engine_is_inconclusive() {
    // Many calls of one millisecond wait for the same place.
    let project = queued("success_rate >= 90%");
    let words = "run queue-priorities.yaml --engine model --audit 1";
    let (both, text) = (
        project.output(&format!("{words} --format json")),
        project.output(words),
    );
    assert_eq!(text.status.code(), Some(0));
    let told = stdout(&text);
    assert!(told.contains("audit  walled-queue, seed 1: "), "{told}");
    assert!(told.contains("the first that differs is call "), "{told}");
    let run = &json(&both)["audit"]["runs"][0];
    let measures = run["measures"].as_array().expect("measures");
    let median = measures.iter().find(|one| one["name"] == "latency.p50");
    let [wire, model] = ["wire", "model"].map(|side| {
        let value = &median.expect("it differs")[side];
        value[0].as_u64().expect("a number") / value[1].as_u64().expect("a number")
    });
    // What the model's value meets, and that of the network does not.
    let meets = if wire < model { ">=" } else { "<=" };
    let between = format!("latency.p50 {meets} {}ms", wire.midpoint(model));
    let judged = queued(&between).output(words);
    assert_eq!(judged.status.code(), Some(3));
    let (told, verdicts) = (stdout(&judged), "fails on the simulated network and holds");
    let line = format!("inconclusive  walled-queue: `{between}` {verdicts} by the model");
    assert!(told.contains(&line), "{told}");
}

/// A scenario in which the engines differ, and what it expects.
fn queued(expected: &str) -> Project {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/mechanisms");
    let text = |path| std::fs::read_to_string(root.join(path)).expect("it ships");
    let policy = "policies/walled-queue.yaml";
    let scenario = text("queue-priorities.yaml")
        .replace("180s", "90s")
        .replace("success_rate >= 95%", expected);
    Project::new()
        .with("queue-priorities.yaml", &scenario)
        .with(policy, &text(policy))
}

fn project() -> Project {
    Project::new().with("calm.yaml", &calm())
}

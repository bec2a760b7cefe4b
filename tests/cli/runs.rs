//! Output is deterministic; the effects of seeds, policies and values.

use crate::{Project, calm, down, json, scenario, stderr, stdout};

#[test]
fn any_number_of_jobs_gives_the_same_bytes() {
    let project = project();
    for format in ["table", "json", "csv", "md"] {
        let words = format!("run --seeds 4 --format {format}");
        let one = project.output(&format!("{words} --jobs 1 --out one"));
        let two = project.output(&format!("{words} --jobs 2 --out two"));
        assert_eq!(stdout(&one), stdout(&two), "{format}");
        assert_eq!(one.status, two.status, "{format}");
    }
    for name in project.names("one") {
        let (one, two) = (format!("one/{name}"), format!("two/{name}"));
        assert_eq!(project.text(&one), project.text(&two), "{name}");
    }
}

#[test]
fn two_processes_give_the_same_bytes() {
    let project = project();
    let words = "run scenarios/storm.yaml --format json";
    assert_eq!(
        stdout(&project.output(words)),
        stdout(&project.output(words))
    );
}

#[test]
fn another_seed_gives_other_measures() {
    let project = project();
    let measures = |seed: u64| {
        let words = format!("run scenarios/storm.yaml --format json --seed {seed}");
        json(&project.output(&words))["policies"]["priority-fallback"]["measures"].clone()
    };
    assert_eq!(measures(1), measures(1));
    assert_ne!(measures(1), measures(2));
}

#[test]
fn calls_are_the_mean_over_the_seeds() {
    let project = project();
    let calls = |seeds: &str| {
        let words = format!("run scenarios/storm.yaml --format json {seeds}");
        calls_of(&project, &words, "priority-fallback")
    };
    assert_eq!(calls("--seeds 2"), calls("--seeds 1..2"));
    let both = calls("--seed 1") + calls("--seed 2");
    assert_eq!(2.0 * calls("--seeds 2"), both);
    assert_eq!(calls("--seeds 3..3"), calls("--seed 3"));
    assert_eq!(calls(""), calls("--seeds 1..2"), "the scenario's own seeds");
}

#[test]
fn policies_meet_the_same_arrivals() {
    let project = project();
    let words = "run scenarios/storm.yaml --format json --policy no-failover --policy retry-only";
    let first = calls_of(&project, words, "no-failover");
    assert_eq!(first, calls_of(&project, words, "retry-only"));
}

#[test]
fn a_policy_on_the_command_line_replaces_the_scenarios_own() {
    let project = project();
    let words = "run scenarios/storm.yaml --format json --policy round-robin";
    let result = json(&project.output(words));
    let policies = result["policies"].as_object().expect("policies");
    assert_eq!(Vec::from_iter(policies.keys()), ["round-robin"]);
}

#[test]
fn a_set_value_reaches_the_scenario() {
    let project = project();
    let words = "run scenarios/calm.yaml --format json";
    let before = calls_of(&project, words, "no-failover");
    let after = calls_of(
        &project,
        &format!("{words} --set load.rate=8/s"),
        "no-failover",
    );
    assert!(after > 3.0 * before, "{before} calls, then {after}");
}

#[test]
fn a_set_value_reaches_every_policy() {
    let project = project();
    let words = "run scenarios/storm.yaml --format json --policy priority-fallback \
                 --set policy.retry.max_attempts=1";
    let result = json(&project.output(words));
    let measures = &result["policies"]["priority-fallback"]["measures"];
    assert_eq!(
        measures["attempts_per_call"]["value"].as_f64(),
        Some(1.0),
        "{measures}"
    );
}

#[test]
fn a_policy_file_on_the_command_line_is_free() {
    let project = project();
    let text = stdout(&project.output("presets no-failover"));
    let text = text.replace("name: no-failover", "name: mine");
    let project = project.with("elsewhere/mine.yaml", &text);
    let output = project
        .output("run scenarios/calm.yaml --policy elsewhere/mine.yaml --judge-as no-failover");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("mine"), "{}", stdout(&output));
}

/// The measure `calls` of a policy.
fn calls_of(project: &Project, words: &str, policy: &str) -> f64 {
    let output = project.output(words);
    let calls = &json(&output)["policies"][policy]["measures"]["calls"]["value"];
    calls.as_f64().expect("a number of calls")
}

/// A scenario without faults, one that fails, and one with different results for two policies.
fn project() -> Project {
    let faults = "faults:\n  storm: { at: 20s, for: 20s, target: main, inject: 503, rate: 60% }\n";
    let expect = "  priority-fallback: [ success_rate >= 50% ]\n";
    let storm = scenario("storm", "no-failover, priority-fallback", faults, expect);
    Project::new()
        .with("scenarios/calm.yaml", &calm())
        .with("scenarios/down.yaml", &down())
        .with("scenarios/storm.yaml", &storm)
}

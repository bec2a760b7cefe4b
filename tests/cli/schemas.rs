//! The JSON that we write fits the schemas that `firedrill schema` prints.

use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::{Project, calm, command, down, json, stdout};

/// The repository, with its scenarios.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The standard output of `words`, run in the repository.
fn printed(words: &str) -> String {
    let command = command(Path::new(ROOT)).args(words.split_whitespace());
    stdout(command.assert().get_output())
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn schema(of: &str) -> Validator {
    let schema = parsed(&printed(&format!("schema {of}")));
    jsonschema::draft202012::new(&schema).expect("a schema")
}

fn assert_fits(schema: &Validator, value: &Value) {
    let errors = schema.iter_errors(value);
    let errors = errors.map(|error| format!("{}: {error:.300}", error.instance_path()));
    let errors = Vec::from_iter(errors);
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

#[test]
fn results_of_one_and_of_several_scenarios_fit_their_schema() {
    let schema = schema("result");
    let project = Project::new()
        .with("scenarios/calm.yaml", &calm())
        .with("scenarios/down.yaml", &down());
    let run = |words: &str| json(&project.output(&format!("run {words} --format json")));
    let one = run("scenarios/down.yaml --engine model --audit 1 --set load.rate=1/s");
    assert_fits(&schema, &one);
    std::fs::write(project.path("before.json"), one.to_string()).expect("written");
    assert_fits(
        &schema,
        &run("scenarios/down.yaml --baseline before.json --set load.rate=1/s"),
    );
    assert_fits(
        &schema,
        &run("--engine model --policy no-failover --judge-as no-failover"),
    );
    let mut other = one;
    other["an_unknown_key"] = json!(1);
    assert!(!schema.is_valid(&other));
    assert!(!schema.is_valid(&json!([])));
}

#[test]
fn comparisons_and_months_fit_their_schemas() {
    let folder = tempfile::tempdir().expect("a folder");
    let result = folder.path().join("result.json");
    let words = "run scenarios/primary-outage.yaml --seeds 2 --engine model --format json";
    std::fs::write(&result, printed(words)).expect("written");
    let result = result.display();
    let (comparison, month) = (schema("comparison"), schema("roi"));
    let compare = format!("compare {result} --policies retry-only,resilient --all --format json");
    assert_fits(&comparison, &parsed(&printed(&compare)));
    assert_fits(
        &comparison,
        &parsed(&printed(&format!(
            "compare {result} {result} --format json"
        ))),
    );
    let roi = format!("roi {result} --volume 50M/month --format json");
    assert_fits(&month, &parsed(&printed(&roi)));
}

#[test]
fn every_line_of_a_trace_fits_its_schema() {
    let schema = schema("trace");
    let mut kinds = std::collections::BTreeSet::new();
    for words in [
        "scenarios/flapping.yaml --policy resilient",
        "scenarios/cut-streams.yaml --policy resilient",
    ] {
        for line in printed(&format!("trace {words} --format jsonl")).lines() {
            let line = parsed(line);
            assert_fits(&schema, &line);
            let kind = line["kind"].as_object();
            kinds.extend(kind.and_then(|kind| kind.keys().next().cloned()));
        }
    }
    for kind in [
        "arrived",
        "started",
        "first_token",
        "replied",
        "billed",
        "ended",
        "decided",
    ] {
        assert!(kinds.contains(kind), "{kind}: {kinds:?}");
    }
}

#[test]
fn what_a_search_came_to_fits_its_schema() {
    let schema = schema("tune");
    for name in ["backoff", "breaker", "hedging"] {
        let path = format!("{ROOT}/reports/tuning/{name}/tune.json");
        let text = std::fs::read_to_string(path).expect("it is committed");
        assert_fits(&schema, &parsed(&text));
    }
}

#[test]
fn answers_to_candidates_fit_their_schema() {
    let schema = schema("evaluation");
    let questions = "{\"retry.max_attempts\": 2, \"id\": 7}\n{\"retry.max\": 5}\nnonsense\n";
    let base = "scenarios/tuning/policies/sdk-backoff.yaml";
    for scenarios in [
        vec!["scenarios/tuning/backoff.yaml"],
        vec!["scenarios/tuning/backoff.yaml", "scenarios/flapping.yaml"],
    ] {
        let command = command(Path::new(ROOT)).arg("evaluate").args(&scenarios);
        let command = command.args(["--policy", base, "--seeds", "1"]);
        let output = command.stdin(questions).assert();
        let answers = stdout(output.get_output());
        let answers = Vec::from_iter(answers.lines().map(parsed));
        assert_eq!(answers.len(), 3, "{answers:?}");
        answers
            .iter()
            .for_each(|answer| assert_fits(&schema, answer));
        assert!(answers[0]["error"].is_null() && answers[1]["error"].is_object());
    }
}

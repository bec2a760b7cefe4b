//! JSON Schema: generated from the types, committed, and true of every file that ships.

use std::path::{Path, PathBuf};
use std::process::Command;

use firedrill::text::Document;
use jsonschema::Validator;
use serde_json::{Value, json};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_committed_schemas_are_those_of_the_types() {
    for of in ["scenario", "policy"] {
        let committed = std::fs::read_to_string(format!("{ROOT}/schema/{of}.json"));
        assert!(
            committed.unwrap_or_default() == printed(of),
            "schema/{of}.json is not what the types say: \
             cargo run -- schema {of} > schema/{of}.json"
        );
    }
}

#[test]
fn every_file_that_ships_names_its_schema_and_fits_it() {
    let schemas = [validator("scenario"), validator("policy")];
    let mut seen = [0, 0];
    for path in ["scenarios", "policies", "tests/scenarios", "tests/sdk"]
        .iter()
        .flat_map(|folder| yaml_files(&Path::new(ROOT).join(folder)))
    {
        let shown = path.strip_prefix(ROOT).expect("below the root").to_owned();
        let value = typed(Document::read(&path).unwrap().decode().unwrap());
        let (kind, name) = match value.get("providers") {
            Some(_) => (0, "scenario"),
            None => (1, "policy"),
        };
        seen[kind] += 1;
        let up = "../".repeat(shown.components().count() - 1);
        let modeline = format!("# yaml-language-server: $schema={up}schema/{name}.json");
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().next(), Some(modeline.as_str()), "{shown:?}");
        let errors: Vec<String> = schemas[kind]
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{shown:?}\n{}", errors.join("\n"));
    }
    assert!(seen[0] >= 8 && seen[1] >= 5, "{seen:?}");
}

#[test]
fn a_schema_sees_what_an_editor_should_underline() {
    let policy = validator("policy");
    assert!(policy.is_valid(&json!({ "name": "p", "breaker": "none" })));
    assert!(policy.is_valid(&json!({ "name": "p", "failures": { "timeout": "retry" } })));
    for wrong in [
        json!({}),
        json!({ "name": "p", "retries": {} }),
        json!({ "name": "p", "retry": { "backoff": { "base": 250 } } }),
        json!({ "name": "p", "timeouts": { "call": "soon" } }),
        json!({ "name": "p", "failures": { "teapot": "retry" } }),
    ] {
        assert!(!policy.is_valid(&wrong), "{wrong}");
    }
    let scenario = validator("scenario");
    let base = json!({
        "name": "s", "run": { "duration": "5m", "seeds": "1..3" },
        "providers": { "a": { "profile": "openai/gpt-4.1", "limits": { "rpm": 500 } } },
        "load": { "rate": "1/s", "prompt": "9 tok", "output": { "p50": "9 tok", "p99": "1k tok" } },
        "faults": { "f": { "target": "a", "inject": 429, "rate": "0.05%" } },
    });
    let errors: Vec<String> = scenario
        .iter_errors(&base)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    for (pointer, wrong) in [
        ("/run/duration", json!(5)),
        ("/providers/a/limits/rpm", json!("many")),
        ("/providers/a/profile", json!("openai/gpt-9")),
        ("/load/rate", json!("1")),
        ("/load/output", json!({ "p50": "9 tok" })),
        ("/faults/f/inject", json!("outtage")),
        ("/faults/f/rate", json!("5")),
    ] {
        let mut file = base.clone();
        *file.pointer_mut(pointer).expect(pointer) = wrong;
        assert!(!scenario.is_valid(&file), "{pointer}");
    }
}

/// Scalars as YAML 1.2 has them: what reads as a number or a truth is one.
fn typed(value: Value) -> Value {
    match value {
        Value::String(text) => match (text.parse::<u64>(), text.parse::<f64>(), text.as_str()) {
            (Ok(number), _, _) => number.into(),
            (_, Ok(number), _) => number.into(),
            (_, _, "true") => true.into(),
            (_, _, "false") => false.into(),
            _ => Value::String(text),
        },
        Value::Array(items) => items.into_iter().map(typed).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(key, value)| (key, typed(value)))
            .collect(),
        other => other,
    }
}

fn printed(of: &str) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_firedrill"))
        .args(["schema", of])
        .output();
    String::from_utf8(run.unwrap().stdout).unwrap()
}

fn validator(of: &str) -> Validator {
    let schema = serde_json::from_str(&printed(of)).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

/// The YAML files below `folder`, at any depth.
fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(yaml_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

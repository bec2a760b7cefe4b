//! JSON Schema: generated from the types, committed, and valid for every file that ships.

use std::path::{Path, PathBuf};
use std::process::Command;

use firedrill::Document;
use firedrill::client::FleetFile;
use firedrill::scenario::load;
use jsonschema::Validator;
use serde_json::{Value, json};

mod policy_reference;
mod references;
mod results;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_committed_schemas_are_those_of_the_types() {
    for of in [
        "scenario",
        "policy",
        "fleet",
        "result",
        "comparison",
        "roi",
        "tune",
        "evaluation",
        "trace",
    ] {
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
    let schemas = [
        validator("scenario"),
        validator("policy"),
        validator("fleet"),
    ];
    let mut seen = [0, 0, 0];
    for path in [
        "scenarios",
        "policies",
        "examples",
        "tests/scenarios",
        "tests/sdk",
    ]
    .iter()
    .flat_map(|folder| yaml_files(&Path::new(ROOT).join(folder)))
    {
        let shown = path.strip_prefix(ROOT).expect("below the root").to_owned();
        let value = typed(Document::read(&path).unwrap().decode().unwrap());
        let (kind, name) = match (value.get("providers"), value.get("fleet")) {
            (Some(_), _) => (0, "scenario"),
            (None, None) => (1, "policy"),
            (None, Some(_)) => (2, "fleet"),
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
    assert!(seen[0] >= 8 && seen[1] >= 5 && seen[2] >= 1, "{seen:?}");
}

#[test]
fn a_policy_schema_sees_what_an_editor_should_underline() {
    let policy = validator("policy");
    assert!(policy.is_valid(&json!({ "name": "p", "breaker": "none" })));
    assert!(policy.is_valid(&json!({ "name": "p", "failures": { "timeout": "retry" } })));
    for wrong in [
        json!({}),
        json!({ "name": "p", "retries": {} }),
        json!({ "name": "p", "retry": null }),
        json!({ "name": "p", "retry": { "backoff": { "base": 250 } } }),
        json!({ "name": "p", "timeouts": { "call": "soon" } }),
        json!({ "name": "p", "failures": { "teapot": "retry" } }),
    ] {
        assert!(!policy.is_valid(&wrong), "{wrong}");
    }
}

#[test]
fn schema_and_reader_agree_on_what_may_stand_in_a_fleet() {
    let schema = validator("fleet");
    let right = [
        "{ url: http://a.test/v1, model: m }",
        "{ url: https://a.test, model: m, dialect: azure, keys: [ env:A_1, 'file:/k', file:k ] }",
        "{ url: http://a, model: m, price: { input: 2 USD, output: 8.50 USD }, quality: 100 }",
        "{ url: http://a, model: m, context: 1M tok, keys: [] }",
    ];
    let wrong = [
        "{ model: m }",
        "{ url: http://a.test/v1 }",
        "{ url: http://a, model: m, dialect: grok }",
        "{ url: http://a, model: m, key: env:A }",
        "{ url: http://a, model: m, keys: env:A }",
        "{ url: http://a, model: m, keys: [ sk-1234 ] }",
        "{ url: http://a, model: m, keys: [ 'env:A B' ] }",
        "{ url: http://a, model: m, price: { input: 2 USD } }",
        "{ url: http://a, model: m, price: { input: 2, output: 3 } }",
        "{ url: http://a, model: m, quality: 101 }",
        "{ url: http://a, model: m, context: 1000 }",
        "{ url: http://a, model: m, rpm: 10 }",
    ];
    for (entries, is_right) in [(right.as_slice(), true), (wrong.as_slice(), false)] {
        for entry in entries {
            let text = format!("fleet: {{ a: {entry} }}\n");
            let read = FleetFile::parse("f.yaml", &text).map_err(|problem| problem.to_string());
            assert_eq!(read.is_ok(), is_right, "the reader: {entry}\n{read:?}");
            let value = Document::parse("f.yaml", &text).unwrap().decode().unwrap();
            assert_eq!(
                schema.is_valid(&typed(value)),
                is_right,
                "the schema: {entry}"
            );
        }
    }
}

/// Values that schema and reader both accept, at one path each.
#[rustfmt::skip]
const RIGHT: &[(&str, &[&str])] = &[
    ("/run/duration", &["1m30s", "20000 ms", "1_800s", "0.5h", "1h 30m"]),
    ("/run/seeds", &["3", "0..4", "'2'"]),
    ("/run/drain", &["0", "0s"]),
    ("/uptime", &["{ window: 1s, down_above: 0.5 % }"]),
    ("/network", &["{ one_way: 250us }"]),
    ("/providers/a", &[
        "{ dialect: gemini, model: gemini-2.5-flash, ttft: 1s, speed: 99.5 tok/s }",
        "{ profile: moonshot/kimi-k2, price: { input: 2 USD, output: 2.50 USD } }",
        "{ profile: openai/gpt-4.1, ttft: { p50: 250ms, p99: 3s }, cache: { ttl: 5m } }",
        "{ profile: openai/gpt-4.1, capacity: { slots: 5, slowdown: 1.5 } }",
        "{ profile: openai/gpt-4.1, context: 128k tok, quality: 90, keys: 3 }",
    ]),
    ("/providers/a/limits", &[
        "{ rpm: 500, tpm: 2M, rpd: 5_000, concurrency: '7', account: 12, count_refused: true }",
        "{ itpm: 1.5k, otpm: 90k, window: sliding, charge: reserve, per: key }",
    ]),
    ("/load", &[
        "{ rate: 0.4/s, prompt: 1_000 tok, output: 8k tok, max_tokens: 1M tok, clients: 2 }",
        "{ rate: 90 / h, tasks: { chat: { share: 100%, prompt: 9 tok, output: 9 tok } } }",
        "{ rate: 9/h, stream: 60%, whole: 30%, prompt: 9 tok, output: 9 tok, \
           tasks: { batch: { share: 100%, priority: low, whole: 100% } } }",
        "{ users: { count: 5_000, think: 1s, patience: 9s, user_retry: { at_most: 3 } }, \
           prompt: 9 tok, output: 9 tok }",
    ]),
    ("/load/rate", &[
        "{ curve: ramp, from: 0/s, to: 2/s, over: 1m }",
        "{ curve: diurnal, mean: 2/s, peak: 3/s, period: 5m, peak_at: 1m }",
        "{ curve: steps, steps: [ { at: 0, rate: 1/min }, { at: 1m, rate: 1/s } ] }",
    ]),
    ("/groups", &["{ cloud: [ a ] }"]),
    ("/operations", &["{ drain: { at: 1m, for: 1m, isolate: a }, back: { pin: a } }"]),
    ("/faults/f", &[
        "{ target: [ a ], inject: '503', cause: overloaded, rate: 0.05%, retry_after: 20s }",
        "{ target: a, inject: stall, after: 80 tok, silence: 20s, then: fin, sticky: 1s }",
        "{ target: a, inject: bandwidth, cap: 200 B/s, for: 2m, recover: 1m, ramp: { up: 30s } }",
        "{ target: a, inject: bandwidth, cap: 1.5kB/s, burst: { on: 9s, off: 9s }, for: 1m }",
        "{ target: a, inject: slow, factor: 2.5, when: { prompt: '> 8k tok' }, sticky: call }",
        "{ inject: client_pause, when: { client: 0 }, at: 1m, for: 30s, chance: 100% }",
    ]),
    ("/expect", &["{ resilient: [ success_rate >= 99% ] }"]),
    ("/margins", &[
        "{ success_rate: 0.5%, latency.p95: 200ms, cost: 5%, attempts_max: 1 }",
        "{ recovery_time(a): 9s }",
    ]),
    ("/policies", &["[ resilient, ./mine.yaml ]"]),
];

/// Values that schema and reader both refuse.
#[rustfmt::skip]
const WRONG: &[(&str, &[&str])] = &[
    ("/run/duration", &["5", "'5'", "soon", "5 min", "-5s", "[ 5s ]", "~"]),
    ("/run/seeds", &["many", "1...3", "-1", "0"]),
    ("/uptime", &["{ window: 1 }", "{ down_above: 0.05 }"]),
    ("/providers", &["[ a ]", "~"]),
    ("/providers/a", &[
        "{ dialect: gemini, ttft: 1s, speed: 99.5 tok/s }",
        "{ profile: openai/gpt-9 }",
        "{ profile: openai/gpt-4.1, ttft: { p50: 250ms } }",
        "{ profile: openai/gpt-4.1, speed: 90 }",
        "{ profile: openai/gpt-4.1, dialect: grok }",
        "{ profile: openai/gpt-4.1, price: { input: 2, output: 2.50 USD } }",
        "{ profile: openai/gpt-4.1, capacity: { queue: 5 } }",
        "{ profile: openai/gpt-4.1, rpm: 5 }",
        "{ profile: openai/gpt-4.1, context: 128000 }",
        "{ profile: openai/gpt-4.1, quality: good }",
    ]),
    ("/providers/a/limits", &[
        "{ rpm: many }", "{ rpm: -1 }", "{ window: leaky }", "{ rpm: 5, per: user }",
    ]),
    ("/load", &[
        "{ prompt: 9 tok, output: 9 tok }",
        "{ rate: 1/s, prompt: 9 tok }",
        "{ rate: 1/s, prompt: 9, output: 9 tok }",
        "{ rate: 1/s, prompt: 9 tok, output: 9 tok, stream: 1 }",
        "{ rate: 1/s, prompt: 9 tok, output: 9 tok, arrivals: often }",
        "{ rate: 1/s, tasks: { a: { share: 100%, prompt: 9 tok, output: 9 tok, priority: 3 } } }",
    ]),
    ("/load/rate", &[
        "1",
        "1/fortnight",
        "{ curve: wave }",
        "{ curve: ramp, from: 0/s, to: 2/s }",
        "{ curve: ramp, from: 0/s, to: 2/s, over: 1m, peak: 3/s }",
    ]),
    ("/faults/f", &[
        "{ target: a }",
        "{ inject: outage }",
        "{ target: a, inject: outtage }",
        "{ target: a, inject: 200 }",
        "{ target: a, inject: 4290 }",
        "{ target: a, inject: 429, rate: 5 }",
        "{ target: a, inject: 429, cause: gremlins }",
        "{ target: a, inject: outage, rate: 5% }",
        "{ target: a, inject: hang, after: 80 tok }",
        "{ target: a, inject: stall, after: 80 tok }",
        "{ target: a, inject: stall, after: 80, silence: 20s }",
        "{ target: a, inject: bandwidth, cap: 200 }",
        "{ target: a, inject: 429, when: { prompt: 8k tok } }",
        "{ target: a, inject: 429, sticky: often }",
        "{ target: a, inject: client_pause }",
        "{ target: [], inject: outage }",
    ]),
    ("/operations", &[
        "{ a: { at: 1m } }", "{ a: { isolate: a, pin: a } }", "{ a: { pin: [ a ] } }",
    ]),
    ("/expect", &["[ success_rate >= 99% ]", "{ resilient: success_rate >= 99% }"]),
    ("/margins", &["[ success_rate ]", "{ success_rate: [ 5% ] }", "{ success_rate: ~ }"]),
];

#[test]
fn schema_and_reader_agree_on_what_may_stand_in_a_scenario() {
    let schema = validator("scenario");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.yaml");
    for (places, is_right) in [(RIGHT, true), (WRONG, false)] {
        let values = places
            .iter()
            .flat_map(|(place, values)| values.iter().map(move |value| (place, value)));
        for (place, value) in values {
            let text = scenario(place, value);
            std::fs::write(&path, &text).unwrap();
            let read = load(&path, &[])
                .map(|_| ())
                .map_err(|problem| problem.to_string());
            assert_eq!(
                read.is_ok(),
                is_right,
                "the reader: {place} {value}\n{read:?}"
            );
            let value = Document::parse("s.yaml", &text).unwrap().decode().unwrap();
            let errors: Vec<String> = schema
                .iter_errors(&typed(value))
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert_eq!(
                errors.is_empty(),
                is_right,
                "the schema: {text}\n{errors:?}"
            );
        }
    }
}

/// A scenario with `value` at `place`, in JSON but for that value.
fn scenario(place: &str, value: &str) -> String {
    let mut file = json!({
        "name": "s",
        "run": { "duration": "5m" },
        "providers": { "a": { "profile": "openai/gpt-4.1" } },
        "load": { "rate": "1/s", "prompt": "9 tok", "output": { "p50": "9 tok", "p99": "1k tok" } },
        "faults": { "f": { "target": "a", "inject": "outage" } },
    });
    let (parent, key) = place.rsplit_once('/').expect("a place begins with `/`");
    let parent = file.pointer_mut(parent).and_then(Value::as_object_mut);
    parent.expect(place).insert(key.to_owned(), "HERE".into());
    file.to_string().replace("\"HERE\"", value)
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

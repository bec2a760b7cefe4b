//! `docs/policy.md`: every key of a policy file, from the types, their schema and the table of
//! tunables. The doc comments of the keys are the text; this file only formats them.

use std::fmt::Write as _;

use firedrill::policy::FailureClass;
use firedrill::policy::config::{Jitter, Policy, Quirk};
use firedrill::policy_file::{KNOBS, schema};
use serde_json::Value;

#[test]
fn the_policy_reference_says_what_the_types_say() {
    let place = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/policy.md");
    let shown = reference();
    if std::env::var_os("FIREDRILL_DOCS").is_some() {
        std::fs::write(place, &shown).expect("it is ours");
    }
    let written = std::fs::read_to_string(place).unwrap_or_default();
    assert!(
        written == shown,
        "docs/policy.md is not what the types say: \
         FIREDRILL_DOCS=write cargo test --test files schema"
    );
}

#[test]
fn every_tunable_stands_in_the_policy_reference_with_its_reason() {
    let shown = reference();
    for tunable in KNOBS.iter() {
        let (section, key) = tunable.path.split_once('.').expect("in a section");
        let part = shown.split(&format!("\n## `{section}`\n")).nth(1);
        let part = part.and_then(|part| part.split("\n## ").next());
        let row = format!("| `{key}` | {} |", tunable.default);
        let row = part.and_then(|part| part.lines().find(|line| line.starts_with(&row)));
        assert!(
            row.is_some_and(|row| row.contains(tunable.reason)),
            "{tunable:?}"
        );
    }
}

const HEAD: &str = "# The policy file

The settings of the client; the fleet is in another file. Every section and every key may be left
out and then has its *default*. A section whose default is `none` is off until it is written:
`breaker: {}` turns it on with its defaults, and `breaker: none` turns it off. Only `name` is
required: it equals the stem of the file. `about` says in a sentence what the policy is for.

`firedrill presets resilient` prints a file to start from, [presets.md](presets.md) lists presets,
[mechanisms.md](mechanisms.md) shows the effect of each mechanism. `firedrill check` warns about
probable mistakes in a policy, `firedrill schema policy` prints a JSON Schema for your editor.
A test writes this document: `FIREDRILL_DOCS=write cargo test --test files schema`.

A length of time is written as in `250ms` or `1m30s`, a share as in `20%`, a rate as in `10/s`,
tokens as in `8k tok`, a speed as in `5 tok/s`, money as in `0.05 USD`.
";

/// How each kind of jitter spreads a wait `w`.
const JITTERS: [(&str, &str); 5] = [
    ("none", "`w` itself"),
    ("proportional", "`w` x 0.5 to `w` x 1.5"),
    ("full", "0 to `w`"),
    ("equal", "`w` / 2 to `w`"),
    ("decorrelated", "`base` to three times the previous wait"),
];

const OVERRIDES: &str = "
## `overrides`

Settings of single providers: `by_position` is a list by their position in the fleet, of which the
last repeats; `by_name` is a map by their names, and wins. What is left out is the policy's own.

";

const ALLOW: &str = "
## `allow`

Rules of `firedrill check` that do not warn about this policy, as a list: write the reason in a
comment beside each. A rule that finds nothing to warn of here, whatever the scenario, is itself a
warning.

";

const QUIRKS: &str = "
## `quirks`

Defects and habits of other clients, so that a client can be simulated as it is written, bugs
included: [presets.md](presets.md) has the articles' clients. Only the simulator honours them. A
client over real connections refuses a policy that has any, and `firedrill check` says so. The list
has a word for each quirk, or a map of one key where it has settings: `quirks: [ waits_blindly,
{ rounds: { max: 3 } } ]`.

Some habits need no quirk. A client that takes one failure for another says so by `failures:`, by
class or by status. One that drops a call after a 429 says `failures: { rate_limited: stop }`. A
stream's role chunk comes with its head here, so `streams_commit_at_head` says both.

| quirk | what it does | who has it |
|---|---|---|
";

const FAILURES: &str = "
## `failures`

What to do about each class of failure; `timeout` stands for all four, and a class that is named
beside it wins. [faults.md](faults.md) shows what brings each class about.

A call whose request is rejected falls back once: when a second provider rejects it as well
(`rejected`), it ends. A policy that says `rejected: fallback` itself tries every provider.

";

/// A policy with every mechanism on, as its defaults have it.
const EVERYTHING: &str = "name: p\nroute: { slow_start: {} }\nretry: { budget: {} }\nbreaker: {}\n\
    outlier: {}\nhealth_check: {}\nhedge: {}\nlimit: { adaptive: {} }\nthrottle: {}\nqueue: {}\n\
    spend: {}\n";

/// Keys that have a table of their own, or need none.
const APART: [&str; 4] = ["name", "about", "failures", "overrides"];

fn reference() -> String {
    let root = schema();
    let mut text = HEAD.to_owned();
    for path in outline() {
        let (name, key) = path.split_once('.').unwrap_or((&path, ""));
        if APART.contains(&name) {
            continue;
        }
        match key {
            "" => section(&mut text, &root, &path),
            key => row(&mut text, &root, &path, key),
        }
    }
    text.push_str("\nA task, by its name in `tasks`:\n\n| key | what it is |\n|---|---|\n");
    keys(&mut text, &root, "Task", "");
    text = with_tasks_at_their_route(&text);
    failures(&mut text, &root);
    text.push_str(OVERRIDES);
    text.push_str("| key | what it is |\n|---|---|\n");
    keys(&mut text, &root, "ProviderOverride", "");
    text.push_str(ALLOW);
    let rules = root["properties"]["allow"]["items"]["enum"].as_array();
    for rule in rules.expect("the names of the rules") {
        let _ = writeln!(text, "- `{}`", rule.as_str().expect("a name"));
    }
    text.push_str(QUIRKS);
    for (name, about, seen) in Quirk::ALL {
        let _ = writeln!(text, "| `{name}` | {about} | {seen} |");
    }
    for (name, definition) in [("inner_retries", "InnerRetries"), ("rounds", "Rounds")] {
        let _ = write!(text, "\n`{name}`:\n\n| key | what it is |\n|---|---|\n");
        keys(&mut text, &root, definition, "");
    }
    text
}

/// The rules for tasks belong behind the section that has them.
fn with_tasks_at_their_route(text: &str) -> String {
    let (rest, tasks) = text
        .split_once("\nA task, by its name")
        .expect("just written");
    let retry = rest.find("\n## `retry`\n").expect("a section");
    let (before, after) = rest.split_at(retry);
    format!("{before}\nA task, by its name{tasks}{after}")
}

/// The dotted path of every key, in the order of their declaration: as a policy is written out.
fn outline() -> Vec<String> {
    let policy = Policy::parse("p.yaml", EVERYTHING).expect("a policy");
    let shown = serde_json::to_string_pretty(&policy).expect("it can be shown");
    let (mut paths, mut inside) = (Vec::new(), Vec::<&str>::new());
    for line in shown.lines() {
        let Some((key, _)) = line.trim().split_once("\": ") else {
            continue;
        };
        let depth = (line.len() - line.trim_start().len()) / 2;
        inside.truncate(depth - 1);
        inside.push(key.trim_start_matches('"'));
        paths.push(inside.join("."));
    }
    paths
}

fn section(text: &mut String, root: &Value, path: &str) {
    let property = property(root, path);
    let off = property["default"] == "none";
    let about = about(property);
    let _ = write!(
        text,
        "\n## `{path}`\n\n{about}{}\n\n| key | default | range | what it is, and why |\n\
         |---|---|---|---|\n",
        if off { " Off by default." } else { "" },
    );
}

fn row(text: &mut String, root: &Value, path: &str, key: &str) {
    let property = property(root, path);
    let tunable = KNOBS.iter().find(|tunable| tunable.path == path);
    let default = match (&property["default"], tunable) {
        (_, Some(tunable)) => tunable.default.to_owned(),
        (Value::String(word), _) => word.clone(),
        _ => String::new(),
    };
    let range = tunable.map(|tunable| format!("{} to {}", tunable.range.0, tunable.range.1));
    let mut what = about(property);
    if let Some(tunable) = tunable {
        let _ = write!(what, " *{}*", tunable.reason);
    }
    words(&mut what, target(root, property));
    let range = range.unwrap_or_default();
    let _ = writeln!(text, "| `{key}` | {default} | {range} | {what} |");
}

/// Adds the description of each word of a choice.
fn words(what: &mut String, target: &Value) {
    for word in target["oneOf"].as_array().into_iter().flatten() {
        if let Some(name) = word["const"].as_str() {
            let _ = write!(what, "<br>`{name}`: {}", about(word));
        }
    }
    let choices = target["anyOf"].as_array().into_iter().flatten();
    if choices.filter_map(|part| part["enum"].as_array()).count() > 0 {
        jitters(what);
    }
}

fn jitters(what: &mut String) {
    assert!(Jitter::words().eq(JITTERS.map(|(word, _)| word)));
    for (word, spread) in JITTERS {
        let _ = write!(what, "<br>`{word}`: {spread}.");
    }
    what.push_str("<br>`80%..120%`, or another range: `w` times that.");
}

/// The keys of a definition, and of those below it, by name.
fn keys(text: &mut String, root: &Value, definition: &str, prefix: &str) {
    let properties = root["definitions"][definition]["properties"].as_object();
    for (key, property) in properties.expect("a definition with keys") {
        let path = format!("{prefix}{key}");
        let _ = writeln!(text, "| `{path}` | {} |", about(property));
        if definition == "ProviderOverride" && key == "timeouts" {
            keys(text, root, "TimeoutsOverride", "timeouts.");
        }
    }
}

fn failures(text: &mut String, root: &Value) {
    text.push_str(FAILURES);
    let actions = &root["definitions"]["Action"];
    for word in actions["oneOf"].as_array().expect("a choice") {
        let name = word["const"].as_str().expect("a word");
        let _ = writeln!(text, "- `{name}`: {}", about(word));
    }
    text.push_str("\n| class | default | what it is |\n|---|---|---|\n");
    for class in FailureClass::ALL {
        let action = serde_json::to_value(class.action()).expect("a word");
        let action = action.as_str().expect("a word");
        let (name, about) = (class.name(), class.about());
        let _ = writeln!(text, "| `{name}` | {action} | {about} |");
    }
}

/// The doc comment of a key, in one line, without what the table shows.
fn about(property: &Value) -> String {
    let said = property["description"].as_str().unwrap_or_default();
    let said = said.split("\nDefault ").next().unwrap_or_default();
    let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.replace('|', "\\|").replace("Timeouts::", "timeouts.");
    line.replace("`Score`", "`score`")
}

fn property<'a>(root: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(root, |at, key| {
        let found = &target(root, at)["properties"][key];
        assert!(found.is_object(), "the schema lacks {path}");
        found
    })
}

/// The definition that a property refers to, if it does.
fn target<'a>(root: &'a Value, property: &'a Value) -> &'a Value {
    let parts = ["allOf", "anyOf"].map(|key| property[key].as_array());
    let mut parts = parts.into_iter().flatten().flatten().chain([property]);
    let reference = parts.find_map(|part| part["$ref"].as_str());
    reference.map_or(property, |reference| {
        let pointer = reference.trim_start_matches('#');
        root.pointer(pointer).expect("it refers to a definition")
    })
}

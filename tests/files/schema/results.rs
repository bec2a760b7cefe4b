//! `docs/results.md`: every key of the JSON that commands print, from its schemas.

use std::fmt::Write as _;

use serde_json::Value;

use super::{ROOT, printed};

/// The schemas of what commands print, with the command.
const PRINTED: [(&str, &str); 6] = [
    ("result", "firedrill run --format json"),
    ("comparison", "firedrill compare --format json"),
    ("roi", "firedrill roi --format json"),
    ("tune", "firedrill tune --out DIR"),
    ("evaluation", "firedrill evaluate"),
    ("trace", "firedrill trace --format jsonl"),
];

const HEAD: &str = "# JSON of results

What programs read. Each kind has a schema: `firedrill schema result` prints it, and `schema/` has
all of them. A test checks what the commands print against them, and writes this page:
`FIREDRILL_DOCS=write cargo test --test files schema`.

`NAME` in a path stands for any name, such as that of a policy, a measure or a provider; `[]` for
each item of a list. Money is a decimal in a text, so that nothing is lost.
";

#[test]
fn the_reference_of_results_says_what_the_schemas_say() {
    let path = format!("{ROOT}/docs/results.md");
    let mut shown = HEAD.to_owned();
    for (kind, command) in PRINTED {
        let schema: Value = serde_json::from_str(&printed(kind)).unwrap();
        let title = schema["title"].as_str().unwrap();
        let _ = write!(shown, "\n## `{kind}`\n\n{title}. `{command}` writes it.\n");
        if schema["properties"].is_object() {
            shown.push_str(&table(&schema));
        }
        for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
            let about = about(definition);
            let _ = write!(shown, "\n### `{name}` of `{kind}`\n\n{about}");
            match definition["properties"].is_object() {
                true => shown.push_str(&table(definition)),
                false => _ = writeln!(shown, "It holds: {}.", holds(definition)),
            }
        }
    }
    if std::env::var_os("FIREDRILL_DOCS").is_some() {
        std::fs::write(&path, &shown).expect("it is ours");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == shown,
        "docs/results.md is not what the schemas say: \
         FIREDRILL_DOCS=write cargo test --test files schema"
    );
}

fn table(schema: &Value) -> String {
    let mut text = "\n| key | what it holds | what it is |\n|---|---|---|\n".to_owned();
    rows(&mut text, schema, "");
    text
}

/// A row for each key below `schema`, and below its maps and lists; definitions have their own.
fn rows(text: &mut String, schema: &Value, path: &str) {
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        let dot = if path.is_empty() { "" } else { "." };
        let below = format!("{path}{dot}{key}");
        let (holds, about) = (holds(property), about(property));
        let _ = writeln!(text, "| `{below}` | {holds} | {} |", about.trim_end());
        inside(text, property, &below);
    }
}

fn inside(text: &mut String, property: &Value, path: &str) {
    rows(text, property, path);
    for (part, ending) in [("additionalProperties", ".NAME"), ("items", "[]")] {
        if property[part].is_object() {
            inside(text, &property[part], &format!("{path}{ending}"));
        }
    }
    for part in ["oneOf", "anyOf"] {
        for one in property[part].as_array().into_iter().flatten() {
            inside(text, one, path);
        }
    }
}

/// The kind of a value, in a word or two.
fn holds(property: &Value) -> String {
    if let Some(name) = property["$ref"].as_str() {
        return format!("a `{}`", name.rsplit('/').next().unwrap());
    }
    if !property["const"].is_null() {
        return format!("`{}`", property["const"].to_string().trim_matches('"'));
    }
    if let Some(words) = property["enum"].as_array() {
        let words = words
            .iter()
            .map(|word| format!("`{}`", word.to_string().trim_matches('"')));
        return words.collect::<Vec<_>>().join(", ");
    }
    let parts = ["oneOf", "anyOf"]
        .into_iter()
        .find_map(|key| property[key].as_array());
    if let Some(parts) = parts {
        return parts.iter().map(holds).collect::<Vec<_>>().join(" or ");
    }
    let kinds = match &property["type"] {
        Value::Array(kinds) => kinds.clone(),
        kind => vec![kind.clone()],
    };
    let kinds = kinds.iter().map(|kind| match kind.as_str() {
        Some("object") if property["additionalProperties"].is_object() => {
            format!("by NAME: {}", holds(&property["additionalProperties"]))
        }
        Some("array") => format!("list: {}", holds(&property["items"])),
        Some("object") => "map".to_owned(),
        Some("string") => "text".to_owned(),
        Some(kind) => kind.to_owned(),
        None => "any".to_owned(),
    });
    kinds.collect::<Vec<_>>().join(" or ")
}

/// What a schema says of itself, on a line of its own.
fn about(schema: &Value) -> String {
    let said = schema["description"].as_str().unwrap_or_default();
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    match said.is_empty() || said.ends_with('.') {
        true => format!("{said}\n"),
        false => format!("{said}.\n"),
    }
    .replace('|', "\\|")
    .trim_start_matches('\n')
    .to_owned()
}

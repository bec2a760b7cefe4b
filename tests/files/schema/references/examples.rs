//! The YAML blocks of the page, as scenarios, and the keys that stand in them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use firedrill::Document;
use serde_json::{Value, json};

use super::super::typed;
use super::plain;

/// Where each key stands in the YAML of a page, by the name of its map in the schema.
pub(super) type Examples = BTreeMap<(String, String), Vec<Example>>;

/// Where a key stands in a file.
pub(super) struct Example {
    /// The file.
    pub(super) block: Value,
    /// The place of the value in it.
    pub(super) pointer: String,
    /// The schema of the value.
    pub(super) schema: Value,
}

impl Example {
    /// The value as it is written in a file, if it is short.
    pub(super) fn shown(&self) -> String {
        let shown = flow(
            self.block
                .pointer(&self.pointer)
                .expect("it was found there"),
        );
        match shown.len() <= LONGEST {
            true => format!("`{shown}`"),
            false => "see above".to_owned(),
        }
    }
}

/// Every YAML block of a page; a part of a scenario is completed by [`base`].
pub(super) fn of(page: &str, kind: &str) -> Vec<Value> {
    let mut parts = page.split(
        "```yaml
",
    );
    parts.next();
    parts
        .map(|part| {
            let text = part.split("```").next().expect("a part");
            let block = Document::parse("a page", text).expect(text);
            let block = typed(block.decode().expect(text));
            match kind {
                "scenario" => over_base(&block),
                _ => block,
            }
        })
        .collect()
}

/// Writes a scenario, completed if it is a part of one, to a file.
pub(super) fn write(folder: &Path, block: &Value) -> PathBuf {
    let mut whole = over_base(block);
    whole["name"] = "s".into();
    let calls = "arrival_s,input_tokens,output_tokens\n0,374,44\n1.25,396,109\n";
    std::fs::write(folder.join("calls.csv"), calls).expect("a file");
    let path = folder.join("s.yaml");
    std::fs::write(&path, whole.to_string()).expect("a file");
    path
}

fn over_base(block: &Value) -> Value {
    let mut whole = base();
    let own = block.as_object().expect("a map");
    whole.as_object_mut().expect("a map").extend(own.clone());
    whole
}

fn base() -> Value {
    let provider = |profile: &str| json!({ "profile": profile });
    json!({
        "name": "s",
        "run": { "duration": "30m" },
        "providers": {
            "openai": provider("openai/gpt-4.1"),
            "kimi": provider("moonshot/kimi-k2"),
        },
        "load": { "rate": "1/s", "prompt": "900 tok", "output": "200 tok", "stream": "50%" },
    })
}

/// Every place of each key in the YAML of the page.
pub(super) fn by_key(schema: &Value, page: &str, kind: &str) -> Examples {
    let mut found = Examples::new();
    for block in of(page, kind) {
        let mut walk = Walk {
            root: schema,
            block: &block,
            found: &mut found,
        };
        walk.map("file", schema, "");
    }
    found
}

/// A walk through a file, along its schema.
struct Walk<'a> {
    root: &'a Value,
    block: &'a Value,
    found: &'a mut Examples,
}

impl Walk<'_> {
    fn map(&mut self, name: &str, schema: &Value, pointer: &str) {
        let Some(map) = self.block.pointer(pointer).and_then(Value::as_object) else {
            return;
        };
        let keys: Vec<String> = map.keys().cloned().collect();
        for key in keys {
            let below = format!("{pointer}/{key}");
            let property = &schema["properties"][key.as_str()];
            if property.is_object() {
                let example = || Example {
                    block: self.block.clone(),
                    pointer: below.clone(),
                    schema: property.clone(),
                };
                let place = (name.to_owned(), key.clone());
                self.found.entry(place).or_default().push(example());
                self.value(property, &below);
            } else {
                self.value(&schema["additionalProperties"], &below);
            }
        }
    }

    fn value(&mut self, schema: &Value, pointer: &str) {
        for (name, one) in named_candidates(self.root, schema) {
            if one["properties"].is_object() || one["additionalProperties"].is_object() {
                self.map(&name, &one, pointer);
            }
            let items = self.block.pointer(pointer).and_then(Value::as_array);
            for n in 0..items.map_or(0, Vec::len) {
                self.value(&one["items"], &format!("{pointer}/{n}"));
            }
        }
    }
}

/// What a value may be: a schema itself, and all that it refers to.
pub(super) fn candidates(root: &Value, schema: &Value) -> Vec<Value> {
    let all = named_candidates(root, schema).into_iter();
    all.map(|(_, schema)| schema).collect()
}

/// The same, each with the name of its definition.
pub(super) fn named_candidates(root: &Value, schema: &Value) -> Vec<(String, Value)> {
    let mut all = vec![(String::new(), schema.clone())];
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.trim_start_matches("#/definitions/");
        let definition = &root["definitions"][name];
        let mut inner = named_candidates(root, definition);
        inner[0].0 = name.to_owned();
        return inner;
    }
    let parts = ["anyOf", "allOf"].map(|key| schema[key].as_array());
    for part in parts.into_iter().flatten().flatten() {
        all.extend(named_candidates(root, part));
    }
    all
}

/// A value in YAML's flow style.
fn flow(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[ {} ]", items.join(", "))
        }
        Value::Object(map) => {
            let keys: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{key}: {}", flow(value)))
                .collect();
            format!("{{ {} }}", keys.join(", "))
        }
        scalar => plain(scalar),
    }
}

/// Longer examples are not repeated in a table.
const LONGEST: usize = 48;

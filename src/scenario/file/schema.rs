//! The scenario file as JSON Schema, where types alone do not say what may be written.
//!
//! Words and keys come from the tables that the reader has; nothing is listed
//! twice. A schema is for editors: what it lets through is still read and checked.

use schemars::transform::{RecursiveTransform, Transform};
use schemars::{Schema, json_schema};
use serde_json::{Value, json};

use super::File;
use crate::policy_file::presets;
use crate::text::schema::{inline_schema, of};

/// The name of a policy, or the path of its file.
pub(super) enum Policy {}

inline_schema! {
    Policy, "Policy", |_: &mut _| json_schema!({
        "type": "string",
        "examples": presets::names(),
    });
}

/// The schema of the whole file. Defaults are told in words; only empty ones are shown.
pub(in crate::scenario) fn schema() -> Value {
    let mut value = of::<File>("A scenario: providers, load, faults and expectations");
    let mut drop_defaults = RecursiveTransform(|schema: &mut Schema| {
        let empty = [json!(""), json!([]), json!({})];
        if schema
            .get("default")
            .is_some_and(|default| !empty.contains(default))
        {
            schema.remove("default");
        }
    });
    if let Ok(schema) = <&mut Schema>::try_from(&mut value) {
        drop_defaults.transform(schema);
    }
    value
}

/// A file has a name, a fleet and a load; and an end, unless a trace has one.
pub(super) fn file(schema: &mut Schema) {
    schema.insert("required".to_owned(), json!(["load", "name", "providers"]));
    let is_replay = json!({ "properties": { "load": { "required": ["trace"] } } });
    let ends = json!({
        "required": ["run"],
        "properties": { "run": { "required": ["duration"] } },
    });
    schema.insert("if".to_owned(), is_replay);
    schema.insert("else".to_owned(), ends);
}

//! The parts of the scenario file's JSON Schema that do not follow from the types.
//!
//! Words and keys come from the reader's tables, so nothing is listed twice. The schema serves
//! editors: a file that matches it is still parsed and checked.

use schemars::{Schema, json_schema};
use serde_json::{Value, json};

use super::File;
use crate::policy_file::presets;
use crate::text::schema::{inline_schema, of};

/// The name of a policy, or the path of its file.
pub(super) enum Policy {}

/// A margin, in the unit of its measure.
pub(super) enum Margin {}

inline_schema! {
    Policy, "Policy", |_: &mut _| json_schema!({
        "type": "string",
        "examples": presets::names(),
    });
    Margin, "Margin", |_: &mut _| json_schema!({
        "type": ["string", "number"],
        "examples": ["0.5%", "200ms", "0.001 USD", 1],
    });
}

/// The schema of the whole file.
pub(in crate::scenario) fn schema() -> Value {
    of::<File>("A scenario: providers, load, faults and expectations")
}

/// A file requires a name, a fleet and a load; and a duration, unless a trace has one.
pub(super) fn required(mut schema: Schema) -> Schema {
    let is_replay = json!({ "properties": { "load": { "required": ["trace"] } } });
    let ends = json!({
        "required": ["run"],
        "properties": { "run": { "required": ["duration"] } },
    });
    schema.insert("required".to_owned(), json!(["load", "name", "providers"]));
    schema.insert("if".to_owned(), is_replay);
    schema.insert("else".to_owned(), ends);
    schema
}

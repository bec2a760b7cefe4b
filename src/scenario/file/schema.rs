//! The scenario file as JSON Schema, where types alone do not say what may be written.
//!
//! Words, keys and curves come from the tables that the reader has; nothing is listed
//! twice. A schema is for editors: what it lets through is still read and checked.

use schemars::transform::{RecursiveTransform, Transform};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::{Curve, File, Level, Rate};
use crate::policy_file::presets;
use crate::scenario::demand;
use crate::text::schema::{inline_schema, of, rule};
use crate::units;

/// The name of a policy, or the path of its file.
pub(super) enum Policy {}

/// The name of a curve.
pub(super) enum CurveName {}

inline_schema! {
    Policy, "Policy", |_: &mut _| json_schema!({
        "type": "string",
        "examples": presets::names(),
    });
    CurveName, "CurveName", |_: &mut _| json_schema!({
        "enum": demand::CURVES.map(|(name, ..)| name),
    });
    Level, "Level", |generator: &mut SchemaGenerator| generator.subschema_for::<units::Rate>();
    Rate, "Rate", |generator: &mut SchemaGenerator| {
        let always = generator.subschema_for::<units::Rate>();
        let curve = generator.subschema_for::<Curve>();
        json_schema!({ "anyOf": [always, curve] })
    };
}

/// The schema of the whole file. Defaults are told in words; only empty ones are shown.
pub(in crate::scenario) fn schema() -> Value {
    let mut value = of::<File>("A scenario: what the world does, and what has to hold");
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

/// Something brings calls, and something says how large they are.
pub(super) fn load(schema: &mut Schema) {
    let one_of = |keys: &[&[&str]]| {
        let all: Vec<Value> = keys
            .iter()
            .map(|keys| json!({ "required": keys }))
            .collect();
        json!({ "anyOf": all })
    };
    let calls = one_of(&[&["rate"], &["users"], &["trace"]]);
    let sizes = one_of(&[&["prompt", "output"], &["tasks"], &["trace"]]);
    schema.insert("allOf".to_owned(), json!([calls, sizes]));
}

/// One of two things is done, and not both.
pub(super) fn operation(schema: &mut Schema) {
    let works = ["isolate", "pin"].map(|key| json!({ "required": [key] }));
    schema.insert("oneOf".to_owned(), json!(works));
}

/// Each curve takes keys of its own.
pub(super) fn curve(schema: &mut Schema) {
    let rules = demand::CURVES.map(|(name, required, optional)| {
        let is_meant = json!({ "const": name });
        let keys = ["curve"].iter().chain(required).chain(optional);
        rule("curve", &is_meant, required, keys.copied())
    });
    schema.insert("allOf".to_owned(), json!(rules));
}

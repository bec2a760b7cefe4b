//! The policy file as JSON Schema: from the types, with defaults and reasons from [`TUNABLES`].

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::{Breaker, Policy, TUNABLES, Tunable};
use crate::policy::classify::{Action, FailureClass};

/// The schema of policy files.
pub fn schema() -> Value {
    let mut schema = crate::text::schema::of::<Policy>("A policy: how the client decides");
    for tunable in TUNABLES {
        annotate(&mut schema, tunable);
    }
    schema
}

/// Adds default, range and reason to the property at the tunable's path.
fn annotate(root: &mut Value, tunable: &Tunable) {
    let mut pointer = String::new();
    for key in tunable.path.split('.') {
        pointer = format!("{}/properties/{key}", resolved(root, &pointer));
    }
    let Some(property) = root.pointer_mut(&pointer).and_then(Value::as_object_mut) else {
        return;
    };
    let about = property.get("description").and_then(Value::as_str);
    let (least, most) = tunable.range;
    let text = format!(
        "{}\nDefault {}, from {least} to {most}. {}",
        about.unwrap_or_default(),
        tunable.default,
        tunable.reason
    );
    property.insert("description".to_owned(), text.into());
}

/// The pointer at which the keys of the property at `pointer` stand: that of its definition.
fn resolved(root: &Value, pointer: &str) -> String {
    let Some(property) = root.pointer(pointer) else {
        return pointer.to_owned();
    };
    let alternatives = ["allOf", "anyOf"].map(|key| property.get(key).and_then(Value::as_array));
    let mut parts = alternatives
        .into_iter()
        .flatten()
        .flatten()
        .chain([property]);
    let reference = parts.find_map(|part| part.get("$ref")?.as_str());
    reference.map_or(pointer.to_owned(), |found| {
        found.trim_start_matches('#').to_owned()
    })
}

/// A breaker, or the word `none`.
pub(super) enum BreakerOrNone {}

/// A map from classes of failures, or groups of them, to actions.
pub(super) enum Actions {}

impl JsonSchema for BreakerOrNone {
    fn schema_name() -> Cow<'static, str> {
        "BreakerOrNone".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let breaker = generator.subschema_for::<Breaker>();
        json_schema!({ "anyOf": [breaker, { "const": "none" }] })
    }
}

impl JsonSchema for Actions {
    fn schema_name() -> Cow<'static, str> {
        "Actions".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let action = generator.subschema_for::<Action>();
        let classes = FailureClass::ALL.map(|class| {
            let usual = json!({ "allOf": [action], "default": class.action() });
            (class.name(), usual)
        });
        let groups = FailureClass::GROUPS.map(|(name, _)| (name, json!(action)));
        let properties: BTreeMap<&str, Value> = classes.into_iter().chain(groups).collect();
        json_schema!({
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
        })
    }
}

//! The policy file as JSON Schema: from the types, with defaults and reasons from [`KNOBS`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::{KNOBS, Knob, Policy};
use crate::policy::classify::FailureClass;

/// The schema of policy files.
pub fn schema() -> Value {
    let mut schema = crate::text::schema::of::<Policy>("A policy: how the client decides");
    for tunable in KNOBS {
        annotate(&mut schema, tunable);
    }
    schema
}

/// Adds default, range and reason to the property at the tunable's path.
fn annotate(root: &mut Value, tunable: &Knob) {
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

/// Settings, or the word `none`.
pub(super) struct OrNone<T>(PhantomData<T>);

/// A map from classes of failures, or groups of them.
pub(super) struct ByClass<V>(PhantomData<V>);

/// A kind of jitter, or a range.
pub(super) enum Jitter {}

/// A length of time, or a quantile.
pub(super) enum HedgeAfter {}

impl<T: JsonSchema> JsonSchema for OrNone<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}OrNone", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let some = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [some, { "const": "none" }] })
    }
}

impl<V: JsonSchema> JsonSchema for ByClass<V> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}ByClass", V::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<V>();
        let classes = FailureClass::ALL.map(FailureClass::name);
        let groups = FailureClass::GROUPS.map(|(name, _)| name);
        let names = classes.into_iter().chain(groups);
        let properties: BTreeMap<&str, Value> = names.map(|name| (name, json!(value))).collect();
        json_schema!({
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
        })
    }
}

impl JsonSchema for Jitter {
    fn schema_name() -> Cow<'static, str> {
        "Jitter".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<&str> = super::Jitter::words().collect();
        let range = r"^\s*[0-9.]+\s*%\s*\.\.\s*[0-9.]+\s*%\s*$";
        json_schema!({ "anyOf": [{ "enum": words }, { "type": "string", "pattern": range }] })
    }
}

impl JsonSchema for HedgeAfter {
    fn schema_name() -> Cow<'static, str> {
        "HedgeAfter".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let length = generator.subschema_for::<crate::text::units::written::Length>();
        let quantile = json!({ "type": "string", "pattern": "^p[0-9]{1,2}$" });
        json_schema!({ "anyOf": [length, quantile] })
    }
}

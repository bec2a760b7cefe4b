//! JSON Schema of settings with a custom text form.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use crate::policy::classify::FailureClass;

/// Settings, or the word `none`.
pub(super) struct OrNone<T>(PhantomData<T>);

/// A map from classes of failures, or groups of them.
pub(super) struct ByClass<V>(PhantomData<V>);

/// The same, and statuses of failures.
pub(super) struct ByClassOrStatus<V>(PhantomData<V>);

/// The name of a class of failures.
pub(super) enum ClassName {}

/// A kind of jitter, or a range.
pub(super) enum Jitter {}

/// A length of time, or a quantile.
pub(super) enum HedgeDelay {}

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

impl<V: JsonSchema> JsonSchema for ByClassOrStatus<V> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}ByClassOrStatus", V::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<V>();
        let mut schema = ByClass::<V>::json_schema(generator);
        schema.insert(
            "patternProperties".to_owned(),
            json!({ "^[45][0-9][0-9]$": value }),
        );
        schema
    }
}

impl JsonSchema for ClassName {
    fn schema_name() -> Cow<'static, str> {
        "ClassName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": FailureClass::ALL.map(FailureClass::name) })
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

impl JsonSchema for HedgeDelay {
    fn schema_name() -> Cow<'static, str> {
        "HedgeDelay".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let length = generator.subschema_for::<crate::units::schema::Length>();
        let quantile = json!({ "type": "string", "pattern": "^p[0-9]{1,2}$" });
        json_schema!({ "anyOf": [length, quantile] })
    }
}

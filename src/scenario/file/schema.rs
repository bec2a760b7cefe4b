//! The scenario file as JSON Schema, where types alone do not say what may be written.
//!
//! Words, keys, profiles and curves come from the tables that the reader has; nothing is listed
//! twice. A schema is for editors: what it lets through is still read and checked.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::{Curve, Level, Quantity, Rate, Short, Spread, Targets};
use crate::policy_file::presets;
use crate::scenario::catalogue::{KEYS, ROWS, Row, STATUS, Scope};
use crate::scenario::{demand, profiles};
use crate::text::schema::words;
use crate::text::units::written;
use crate::wire::writer;

/// `run.seeds`.
pub(super) enum Seeds {}

/// The name of a provider profile.
pub(super) enum Profile {}

/// The name of a policy, or the path of its file.
pub(super) enum Policy {}

/// `inject` of a fault.
pub(super) enum Word {}

/// `cause` of a fault.
pub(super) enum Cause {}

/// `sticky` of a fault.
pub(super) enum Sticky {}

/// The name of a curve.
pub(super) enum CurveName {}

/// A type that others hold as it is, without a name of its own.
macro_rules! inline {
    ($($(where $t:ident: $bound:path,)? $type:ty, $name:literal, $schema:expr;)*) => {
        $(
            impl$(<$t: $bound>)? JsonSchema for $type {
                fn schema_name() -> Cow<'static, str> {
                    $name.into()
                }

                fn inline_schema() -> bool {
                    true
                }

                fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                    ($schema)(generator)
                }
            }
        )*
    };
}

inline! {
    Seeds, "Seeds", |_: &mut _| json_schema!({
        "type": ["integer", "string"],
        "minimum": 1,
        "pattern": r"^\s*[0-9]+(\.\.[0-9]+)?\s*$",
        "examples": ["1..5"],
    });
    Profile, "Profile", |_: &mut _| words(profiles::names().into_iter().map(|name| {
        let source = profiles::find(name).map(|found| found.latency_source);
        (name, source.unwrap_or_default())
    }));
    Policy, "Policy", |_: &mut _| json_schema!({
        "type": "string",
        "examples": presets::names(),
    });
    Word, "Word", |_: &mut _| word();
    Cause, "Cause", |_: &mut _| words(writer::Cause::ALL.into_iter().map(|cause| {
        let about = Row::of(cause.name()).map(|row| row.about);
        (cause.name(), about.unwrap_or_default().to_owned())
    }));
    Sticky, "Sticky", |generator: &mut SchemaGenerator| {
        let length = generator.subschema_for::<written::Length>();
        json_schema!({ "anyOf": [{ "enum": ["attempt", "call"] }, length] })
    };
    CurveName, "CurveName", |_: &mut _| json_schema!({
        "enum": demand::CURVES.map(|(name, ..)| name),
    });
    Targets, "Targets", |generator: &mut SchemaGenerator| {
        let name = generator.subschema_for::<written::Name>();
        json_schema!({ "anyOf": [name, { "type": "array", "items": name, "minItems": 1 }] })
    };
    Level, "Level", |generator: &mut SchemaGenerator| generator.subschema_for::<written::Rate>();
    Rate, "Rate", |generator: &mut SchemaGenerator| {
        let always = generator.subschema_for::<written::Rate>();
        let curve = generator.subschema_for::<Curve>();
        json_schema!({ "anyOf": [always, curve] })
    };
    where T: Quantity, Spread<T>, "Spread", |generator: &mut SchemaGenerator| {
        let one = generator.subschema_for::<T::Written>();
        json_schema!({ "anyOf": [one, {
            "type": "object",
            "properties": { "p50": one, "p99": one },
            "required": ["p50", "p99"],
            "additionalProperties": false,
        }] })
    };
    where T: JsonSchema, Short<T>, "Short", |generator: &mut SchemaGenerator| {
        let length = generator.subschema_for::<written::Length>();
        let map = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [length, map] })
    };
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

/// What a provider must say, if no profile says it.
pub(super) fn provider(schema: &mut Schema) {
    let own = json!({ "required": ["dialect", "model", "ttft", "speed"] });
    schema.insert(
        "anyOf".to_owned(),
        json!([{ "required": ["profile"] }, own]),
    );
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

/// What the tables of the catalogue say: of every key, and which word takes which.
pub(super) fn fault(schema: &mut Schema) {
    for key in KEYS {
        let property = schema.pointer_mut(&format!("/properties/{}", key.name));
        if let Some(property) = property.and_then(Value::as_object_mut) {
            let about = format!("{}\nAs in `{}: {}`.", key.about, key.name, key.example);
            property.insert("description".to_owned(), about.into());
        }
    }
    let mut alike: BTreeMap<(Vec<&str>, Vec<&str>), Vec<&str>> = BTreeMap::new();
    for row in ROWS {
        let keys = (required(row), row.keys().collect());
        alike.entry(keys).or_default().push(row.word);
    }
    let words = alike.into_iter().map(|((required, keys), words)| {
        rule("inject", &json!({ "enum": words }), &required, keys)
    });
    let of_status = rule("inject", &status(), &required(&STATUS), STATUS.keys());
    let rules: Vec<Value> = words.chain([of_status]).collect();
    schema.insert("allOf".to_owned(), rules.into());
}

/// Where `key` is as `meant`, these keys are `required`, and no others than `keys` mean anything.
fn rule<'a>(
    key: &str,
    meant: &Value,
    required: &[&str],
    keys: impl IntoIterator<Item = &'a str>,
) -> Value {
    let keys: Vec<&str> = keys.into_iter().collect();
    json!({
        "if": { "required": [key], "properties": { key: meant } },
        "then": { "required": required, "propertyNames": { "enum": keys } },
    })
}

/// The keys that must stand beside a word.
fn required(row: &Row) -> Vec<&'static str> {
    let target = (row.reach != Scope::Client).then_some("target");
    row.required.iter().copied().chain(target).collect()
}

/// A word, or a status.
fn word() -> Schema {
    let mut schema = words(ROWS.iter().map(|row| (row.word, row.about.to_owned())));
    let mut number = status();
    if let (Some(all), Some(number)) = (
        schema.get_mut("oneOf").and_then(Value::as_array_mut),
        number.as_object_mut(),
    ) {
        number.insert("description".to_owned(), STATUS.about.into());
        all.push(json!(number));
    }
    schema
}

/// From 400 to 599, also in quotes.
fn status() -> Value {
    json!({
        "type": ["integer", "string"],
        "minimum": 400,
        "maximum": 599,
        "pattern": "^[45][0-9][0-9]$",
    })
}

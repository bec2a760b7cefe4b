//! Faults as JSON Schema, generated from the tables of `catalogue` and `keys`.

use std::collections::BTreeMap;

use schemars::{Schema, json_schema};
use serde_json::{Value, json};

use super::catalogue::{KEYS, ROWS, Row, STATUS, Scope};
use crate::text::schema::{rule, words};
use crate::wire::fake::Cause;

/// The schema of a fault's keys, with the description of every key, and with which word takes which
/// keys.
pub(super) fn with_words(mut schema: Schema) -> Schema {
    let own = [
        ("inject", word()),
        ("cause", json_schema!({ "anyOf": [causes()] })),
    ];
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.extend(own.map(|(key, schema)| (key.to_owned(), schema.to_value())));
    }
    describe_keys(&mut schema);
    schema.insert("allOf".to_owned(), rules().into());
    schema
}

/// Adds the description of every key.
fn describe_keys(schema: &mut Schema) {
    for key in KEYS {
        let property = schema.pointer_mut(&format!("/properties/{}", key.name));
        if let Some(property) = property.and_then(Value::as_object_mut) {
            let about = format!("{}\nAs in `{}: {}`.", key.about, key.name, key.example);
            property.insert("description".to_owned(), about.into());
        }
    }
}

/// Which word takes which keys.
fn rules() -> Vec<Value> {
    let mut alike: BTreeMap<(Vec<&str>, Vec<&str>), Vec<&str>> = BTreeMap::new();
    for row in ROWS {
        let keys = (required(row), row.keys().collect());
        alike.entry(keys).or_default().push(row.word);
    }
    let words = alike.into_iter().map(|((required, keys), words)| {
        rule("inject", &json!({ "enum": words }), &required, keys)
    });
    let of_status = rule("inject", &status(), &required(&STATUS), STATUS.keys());
    words.chain([of_status]).collect()
}

/// The words of errors.
fn causes() -> Schema {
    words(Cause::ALL.into_iter().map(|cause| {
        let about = Row::of(cause.name()).map(|row| row.about);
        (cause.name(), about.unwrap_or_default().to_owned())
    }))
}

/// The required keys of a word.
fn required(row: &Row) -> Vec<&'static str> {
    let target = (row.reach != Scope::Client).then_some("target");
    row.required().chain(target).collect()
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

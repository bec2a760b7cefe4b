//! JSON Schema of the files that people write, from the types that read them.
//!
//! A key of a file either has a value or is left out: so no schema takes `null`, and an editor
//! underlines a key without a value. Quantities are in [`crate::units`].

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, json_schema};
use serde_json::{Value, json};

/// The schema of a file that is read as a `T`.
pub(crate) fn of<T: JsonSchema>(title: &str) -> Value {
    let settings = SchemaSettings::draft07().with_transform(RecursiveTransform(tidy));
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema.remove("description");
    schema.to_value()
}

/// One of these words, each with its description.
pub(crate) fn words<'a>(words: impl IntoIterator<Item = (&'a str, String)>) -> Schema {
    let one = |(word, about)| json!({ "const": word, "description": about });
    let all: Vec<Value> = words.into_iter().map(one).collect();
    json_schema!({ "oneOf": all })
}

/// Where `key` is as `meant`, these keys are `required`, and only `keys` are allowed.
pub(crate) fn rule<'a>(
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

/// A key of a section.
pub(crate) struct Property {
    /// The key.
    pub(crate) key: &'static str,
    /// Its description, by lines.
    pub(crate) about: &'static [&'static str],
    /// Its value.
    pub(crate) schema: Schema,
    /// Whether it has to be there.
    pub(crate) is_required: bool,
}

/// A section: a map with these keys, and no others.
pub(crate) fn section(about: &[&str], keys: Vec<Property>) -> Schema {
    let described = |lines: &[&str]| {
        let lines = lines
            .iter()
            .map(|line| line.strip_prefix(' ').unwrap_or(line));
        Vec::from_iter(lines).join("\n")
    };
    let required = keys.iter().filter(|one| one.is_required);
    let required = Vec::from_iter(required.map(|one| one.key));
    let properties = keys.into_iter().map(
        |Property {
             key,
             about,
             mut schema,
             ..
         }| {
            schema.insert("description".to_owned(), described(about).into());
            (key.to_owned(), schema.to_value())
        },
    );
    let mut schema = json_schema!({
        "type": "object",
        "description": described(about),
        "properties": properties.collect::<serde_json::Map<_, _>>(),
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    schema
}

/// Inlines a type in others, without a definition of its own.
macro_rules! inline_schema {
    ($($(where $t:ident: $bound:path,)? $type:ty, $name:literal, $schema:expr;)*) => {
        $(
            impl$(<$t: $bound>)? schemars::JsonSchema for $type {
                fn schema_name() -> std::borrow::Cow<'static, str> {
                    $name.into()
                }

                fn inline_schema() -> bool {
                    true
                }

                fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                    ($schema)(generator)
                }
            }
        )*
    };
}

pub(crate) use inline_schema;

/// Removes Rust specifics: `null` as a value, and links between documents.
fn tidy(schema: &mut Schema) {
    let is_null = |value: &Value| *value == json!("null") || *value == json!({ "type": "null" });
    for key in ["type", "anyOf", "enum"] {
        let Some(Value::Array(kinds)) = schema.get_mut(key) else {
            continue;
        };
        kinds.retain(|kind| !is_null(kind) && !kind.is_null());
        if let ("type", [kind]) = (key, kinds.as_slice()) {
            let kind = kind.clone();
            schema.insert(key.to_owned(), kind);
        }
    }
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    if let Some(Value::String(about)) = schema.get_mut("description") {
        *about = about.replace("[`", "`").replace("`]", "`");
    }
}

//! The policy file as JSON Schema: from the types, with defaults and reasons from [`KNOBS`].

use serde_json::Value;

use super::{KNOBS, Knob};
use crate::policy::config::Policy;

/// The schema of policy files.
pub fn schema() -> Value {
    let mut schema = crate::text::schema::of::<Policy>("A policy: the settings of the client");
    for tunable in KNOBS.iter() {
        annotate(&mut schema, tunable);
    }
    let rules = super::lint::codes().collect::<Vec<_>>();
    if let Some(Value::Object(items)) = schema.pointer_mut("/properties/allow/items") {
        items.insert("enum".to_owned(), rules.into());
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

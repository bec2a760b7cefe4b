//! Checks values with an independent reader of schemas.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn satisfies(schema: &Value) -> Value {
    let value = sample(schema);
    let validator = jsonschema::validator_for(schema).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(&value)
        .map(|e| e.to_string())
        .collect();
    assert!(errors.is_empty(), "{value} for {schema}: {errors:?}");
    value
}

#[test]
fn a_value_has_what_its_schema_requires() {
    let schema = json!({
        "type": "object",
        "properties": {
            "city": { "type": "string", "minLength": 8, "maxLength": 9 },
            "unit": { "enum": ["c", "f"] },
            "days": { "type": "integer", "minimum": 3, "maximum": 5 },
            "share": { "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1 },
            "below": { "type": "integer", "exclusiveMaximum": -5, "multipleOf": 4 },
            "tags": { "type": "array", "items": { "type": "string" }, "minItems": 3,
                      "uniqueItems": true },
            "kind": { "const": "weather" },
            "when": { "type": "string", "format": "date-time" },
            "maybe": { "type": ["null", "boolean"] },
            "pair": { "prefixItems": [{ "type": "integer" }, { "type": "string" }],
                      "minItems": 3, "items": { "type": "null" } },
            "other": { "anyOf": [{ "type": "null" }, { "type": "string" }] },
            "left_out": { "type": "string" },
        },
        "required": ["city", "unit", "days", "share", "below", "tags", "kind", "when", "maybe",
                     "pair", "other", "unknown"],
    });
    let value = satisfies(&schema);
    assert_eq!(value["maybe"], true);
    assert_eq!(value["other"], "tok");
    assert_eq!(value["tags"], json!(["tok", "tok1", "tok2"]));
    assert!(value.get("left_out").is_none());
}

#[test]
fn references_are_followed_and_end_where_a_schema_refers_to_itself() {
    let schema = json!({
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "name": { "type": "string" },
                    "next": { "anyOf": [{ "$ref": "#/$defs/node" }, { "type": "null" }] },
                    "children": { "type": "array", "items": { "$ref": "#/$defs/node" } },
                },
                "required": ["name", "next", "children"],
                "additionalProperties": false,
            },
            "named": { "properties": { "id": { "type": "integer" } }, "required": ["id"] },
        },
        "allOf": [{ "$ref": "#/$defs/named" }, {
            "properties": { "tree": { "$ref": "#/$defs/node" } }, "required": ["tree"],
        }],
        "type": "object",
    });
    let value = satisfies(&schema);
    assert_eq!(value["id"], 1);
    assert_eq!(value["tree"]["next"]["name"], "tok");
    // One that requires itself has no value: it ends all the same.
    let endless = json!({ "type": "object", "properties": { "a": { "$ref": "#" } },
                          "required": ["a"] });
    sample(&endless);
    sample(&json!({ "$ref": "#" }));
}

#[test]
fn types_are_read_in_capitals_too_and_without_required_all_properties_are_there() {
    let schema = json!({
        "type": "OBJECT",
        "properties": { "n": { "type": "INTEGER" }, "s": { "type": "STRING", "minLength": "5" } },
    });
    assert_eq!(sample(&schema), json!({ "n": 1, "s": "toktok" }));
    assert_eq!(sample(&json!(true)), json!("tok"));
}

/// Random schemas of the keywords that are read.
fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        (0_u64..30, 0_u64..30).prop_map(|(a, b)| json!({
            "type": "string", "minLength": a.min(b), "maxLength": a.max(b) })),
        (-50_i64..50, 0_i64..50).prop_map(|(low, span)| json!({
            "type": "integer", "minimum": low, "maximum": low + span })),
        (-50_i64..50, 1_i64..9).prop_map(|(low, step)| json!({
            "type": "integer", "minimum": low, "multipleOf": step })),
        (-50_i64..50, 1_i64..50).prop_map(|(low, span)| json!({
            "type": "number", "exclusiveMinimum": low, "exclusiveMaximum": low + span })),
        (-50_i64..50).prop_map(|high| json!({ "type": ["null", "integer"], "maximum": high })),
        Just(json!({ "type": "boolean" })),
        Just(json!({ "enum": ["a", 7, null] })),
        Just(json!({ "const": { "a": [1] } })),
        Just(json!({ "type": "string", "format": "uuid" })),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            (
                prop::collection::btree_map("[a-d]", inner.clone(), 0..4),
                any::<bool>()
            )
                .prop_map(|(properties, required)| {
                    let names: Vec<_> = properties.keys().cloned().collect();
                    let names = if required { names } else { Vec::new() };
                    json!({ "type": "object", "properties": properties, "required": names,
                            "additionalProperties": false })
                }),
            (inner.clone(), 0_u64..4).prop_map(|(items, fewest)| json!({
                "type": "array", "items": items, "minItems": fewest, "maxItems": fewest })),
            prop::collection::vec(inner, 1..3).prop_map(|any| json!({ "anyOf": any })),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_value_satisfies_its_schema(schema in schema()) {
        satisfies(&schema);
    }
}

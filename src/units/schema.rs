//! Quantities as JSON Schema: a text pattern with an example.
//!
//! The types here are only described, for fields of a Rust type without a schema. Patterns need not
//! be exact, since they serve editors: text that matches is still parsed and checked.

use std::borrow::Cow;

pub(crate) use super::count::Count;
pub(crate) use super::duration::Length;
pub(crate) use super::tokens::Tokens;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

macro_rules! schemas {
    ($($(#[$doc:meta])* $name:ident: $schema:expr;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub(crate) enum $name {}

            impl JsonSchema for $name {
                fn schema_name() -> Cow<'static, str> {
                    stringify!($name).into()
                }

                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    $schema
                }
            }
        )*
    };
}

schemas! {
    /// A length of time, or `none`.
    LengthOrNone: json_schema!({
        "anyOf": [text(LENGTH, "30s"), { "const": "none" }, { "const": 0 }],
    });
    /// Tokens, compared.
    TokensCompared: text(r"[<>]=?\s*N\s*[kM]?\s*tok", "> 8k tok");
    /// A whole number: an integer, or a text with `_` in it.
    Whole: number("integer", r"[0-9][0-9_]*", "5_000");
    /// A name; a number may be one.
    Name: json_schema!({ "type": ["string", "integer"] });
}

/// A length of time; 0 needs no unit.
pub(super) fn length() -> Schema {
    json_schema!({ "anyOf": [text(LENGTH, "1m30s"), { "const": 0 }] })
}

/// A text of this form, in which `N` is a number.
pub(super) fn text(form: &str, example: &str) -> Schema {
    let pattern = pattern(form);
    json_schema!({ "type": "string", "pattern": pattern, "examples": [example] })
}

/// A number of this kind, or a text of this form.
pub(super) fn number(kind: &str, form: &str, example: &str) -> Schema {
    let pattern = pattern(form);
    json_schema!({
        "type": [kind, "string"],
        "minimum": 0,
        "pattern": pattern,
        "examples": [example],
    })
}

fn pattern(form: &str) -> String {
    format!(r"^\s*{}\s*$", form.replace('N', NUMBER))
}

const NUMBER: &str = r"[0-9][0-9_]*(\.[0-9][0-9_]*)?";
const LENGTH: &str = r"(N\s*(d|h|m|s|ms|us|ns)\s*)+";

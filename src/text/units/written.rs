//! Quantities as JSON Schema knows them: a text of a certain form, with an example.
//!
//! These types stand only in `schemars(with = "…")` beside the fields of files. A pattern is as
//! strict as an editor's red line is useful: what it lets through is still parsed and checked.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

macro_rules! quantities {
    ($($(#[$doc:meta])* $name:ident: $pattern:literal, $example:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub enum $name {}

            impl JsonSchema for $name {
                fn schema_name() -> Cow<'static, str> {
                    stringify!($name).into()
                }

                fn inline_schema() -> bool {
                    true
                }

                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    json_schema!({ "type": "string", "pattern": $pattern, "examples": [$example] })
                }
            }
        )*
    };
}

quantities! {
    /// A length of time.
    Length: r"^\s*([0-9][0-9_.]*\s*(d|h|m|s|ms|us|ns)\s*)+$", "30s";
    /// A length of time, or `none`.
    LengthOrNone: r"^\s*(none|([0-9][0-9_.]*\s*(d|h|m|s|ms|us|ns)\s*)+)$", "30s";
    /// A share.
    Share: r"^\s*[0-9][0-9_.]*\s*%\s*$", "60%";
    /// Tokens.
    Tokens: r"^\s*[0-9][0-9_.]*\s*[kM]?\s*tok\s*$", "900 tok";
    /// Tokens per second.
    Speed: r"^\s*[0-9][0-9_.]*\s*tok/s\s*$", "130 tok/s";
    /// So many in so much time.
    Rate: r"^\s*[0-9][0-9_.]*\s*/\s*(s|min|h|d)\s*$", "8/s";
    /// Money.
    Usd: r"^\s*[0-9][0-9_.]*\s*USD\s*$", "2.00 USD";
}

/// A count: an integer, or a text such as `5_000` or `2M`.
#[derive(Clone, Copy, Debug)]
pub enum Count {}

/// A factor: a number, or its text.
#[derive(Clone, Copy, Debug)]
pub enum Factor {}

impl JsonSchema for Count {
    fn schema_name() -> Cow<'static, str> {
        "Count".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["integer", "string"],
            "minimum": 0,
            "pattern": r"^\s*[0-9][0-9_.]*\s*[kM]?\s*$",
            "examples": ["5_000", "2M"],
        })
    }
}

impl JsonSchema for Factor {
    fn schema_name() -> Cow<'static, str> {
        "Factor".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["number", "string"],
            "minimum": 0,
            "pattern": r"^\s*[0-9][0-9_.]*\s*$",
            "examples": [2.5],
        })
    }
}

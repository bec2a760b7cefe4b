//! What makes `parse` and `Display` of a quantity its serde form and its JSON Schema.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use super::UnitError;

/// Reads any scalar as the text that was written, and `parse`s it.
pub(crate) struct Written<T> {
    pub(crate) wanted: &'static str,
    pub(crate) parse: fn(&str) -> Result<T, UnitError>,
}

impl<T> Visitor<'_> for Written<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.wanted)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).map_err(UnitError::into_serde)
    }
}

/// [`Written`], or nothing.
pub(crate) struct MaybeWritten<T>(pub(crate) Written<T>);

impl<'de, T> Visitor<'de> for MaybeWritten<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_none<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<Option<T>, D::Error> {
        value.deserialize_str(self.0).map(Some)
    }
}

/// Reads a text as `text` does, or a map as an `M`.
pub(crate) struct TextOrMap<T, M> {
    pub(crate) wanted: &'static str,
    pub(crate) text: fn(&str) -> Result<T, UnitError>,
    pub(crate) map: fn(M) -> T,
}

impl<'de, T, M: Deserialize<'de>> Visitor<'de> for TextOrMap<T, M> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.wanted)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.text)(text).map_err(UnitError::into_serde)
    }

    /// A number without a unit: the unit's parser reports what is missing.
    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        M::deserialize(MapAccessDeserializer::new(map)).map(self.map)
    }
}

/// Serde on the type itself, from its `parse` and `Display`, and its JSON Schema unless it has one.
macro_rules! text_form {
    ($type:ident, $wanted:literal) => {
        impl std::str::FromStr for $type {
            type Err = $crate::units::UnitError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str($crate::units::Written {
                    wanted: $wanted,
                    parse: Self::parse,
                })
            }
        }
    };
    ($type:ident, $wanted:literal, schema $name:literal: $schema:expr) => {
        text_form!($type, $wanted);

        #[cfg(feature = "cli")]
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $schema
            }
        }
    };
}
pub(crate) use text_form;

/// Converts a type that gives its text form to a value, and back.
macro_rules! converts {
    ($type:ident($value:ty)) => {
        impl From<$value> for $type {
            fn from(value: $value) -> Self {
                Self(value)
            }
        }

        impl From<$type> for $value {
            fn from(held: $type) -> Self {
                held.0
            }
        }
    };
}
pub(crate) use converts;

/// A quantity whose values are held as another type: its text form is its module's `parse` and
/// `write`. `#[serde(with = "…")]` takes the type, and for options the module's `option`.
macro_rules! held_as {
    ($(#[$doc:meta])* $type:ident($value:ty), $wanted:literal, schema $schema:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(pub $value);

        impl $type {
            /// Reads it.
            pub fn parse(text: &str) -> Result<Self, $crate::units::UnitError> {
                parse(text).map(Self)
            }

            /// For `#[serde(with = "…")]`, where the value itself is held.
            pub fn serialize<S: serde::Serializer>(
                value: &$value,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&write(*value))
            }

            /// For `#[serde(with = "…")]`, where the value itself is held.
            pub fn deserialize<'de, D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<$value, D::Error> {
                deserializer.deserialize_str($crate::units::Written {
                    wanted: $wanted,
                    parse,
                })
            }
        }

        /// For `#[serde(with = "…")]`, of a value that may be left out.
        pub mod option {
            use serde::de::Deserializer;
            use serde::ser::Serializer;

            /// For `#[serde(with = "…")]`.
            pub fn serialize<S: Serializer>(
                value: &Option<$value>,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                match value {
                    Some(value) => super::$type::serialize(value, serializer),
                    None => serializer.serialize_none(),
                }
            }

            /// For `#[serde(with = "…")]`, together with `#[serde(default)]`.
            pub fn deserialize<'de, D: Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Option<$value>, D::Error> {
                deserializer.deserialize_option($crate::units::text_form::MaybeWritten(
                    $crate::units::Written {
                        wanted: $wanted,
                        parse: super::parse,
                    },
                ))
            }
        }

        /// The shortest exact form.
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&write(self.0))
            }
        }

        $crate::units::converts!($type($value));
        $crate::units::text_form!($type, $wanted);

        #[cfg(feature = "cli")]
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $schema
            }
        }
    };
}
pub(super) use held_as;

//! A value, or a list of them.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::units::{Length, UnitError, Written};

/// A value, or a list of values: of a condition, one must fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOf<T>(Vec<T>);

/// What can be read from the text of a scalar.
pub(crate) trait FromScalar: Sized {
    const WANTED: &'static str;

    fn from_scalar(text: &str) -> Result<Self, UnitError>;
}

impl<T> OneOf<T> {
    /// The values; a list may be empty until a reader has refused that.
    pub fn values(&self) -> &[T] {
        &self.0
    }

    /// Whether one of them is as `fits` says.
    pub fn any(&self, fits: impl FnMut(&T) -> bool) -> bool {
        self.0.iter().any(fits)
    }
}

impl<T> From<T> for OneOf<T> {
    fn from(value: T) -> Self {
        Self(vec![value])
    }
}

impl<T> From<Vec<T>> for OneOf<T> {
    fn from(values: Vec<T>) -> Self {
        Self(values)
    }
}

/// As people write them: `a`, `a or b`.
impl<T: fmt::Display> fmt::Display for OneOf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.0.iter().map(ToString::to_string);
        f.write_str(&Vec::from_iter(values).join(" or "))
    }
}

/// A single value as it is, several as a list.
impl<T: Serialize> Serialize for OneOf<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => one.serialize(serializer),
            several => several.serialize(serializer),
        }
    }
}

impl FromScalar for String {
    const WANTED: &'static str = "a text, or a list of texts";

    fn from_scalar(text: &str) -> Result<Self, UnitError> {
        Ok(text.to_owned())
    }
}

impl FromScalar for u32 {
    const WANTED: &'static str = "a whole number, or a list of them";

    fn from_scalar(text: &str) -> Result<Self, UnitError> {
        text.parse().map_err(|_| {
            let error = UnitError::new(format!("`{text}` is not a whole number"));
            error.or_write("write digits only, as in `3`")
        })
    }
}

impl FromScalar for Length {
    const WANTED: &'static str = "a length of time such as `5m`, or a list of them";

    fn from_scalar(text: &str) -> Result<Self, UnitError> {
        Self::parse(text)
    }
}

impl<'de, T: FromScalar> Deserialize<'de> for OneOf<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Values(PhantomData))
    }
}

/// Reads a scalar as a list of one.
struct Values<T>(PhantomData<T>);

impl<'de, T: FromScalar> Visitor<'de> for Values<T> {
    type Value = OneOf<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::WANTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<OneOf<T>, E> {
        let value = T::from_scalar(text).map_err(UnitError::into_serde)?;
        Ok(OneOf::from(value))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<OneOf<T>, E> {
        self.visit_str(&number.to_string())
    }

    /// A name may look like a boolean.
    fn visit_bool<E: Error>(self, answer: bool) -> Result<OneOf<T>, E> {
        self.visit_str(&answer.to_string())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOf<T>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(Single(PhantomData))? {
            values.push(value);
        }
        Ok(OneOf(values))
    }
}

/// Reads a value of a list.
struct Single<T>(PhantomData<T>);

impl<'de, T: FromScalar> DeserializeSeed<'de> for Single<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(Written {
            wanted: T::WANTED,
            parse: T::from_scalar,
        })
    }
}

#[cfg(feature = "cli")]
crate::text::schema::inline_schema! {
    where T: schemars::JsonSchema, OneOf<T>, "OneOf", |generator: &mut schemars::SchemaGenerator| {
        let one = generator.subschema_for::<T>();
        let list = schemars::json_schema!({ "type": "array", "items": one, "minItems": 1 });
        schemars::json_schema!({ "anyOf": [one, list] })
    };
}

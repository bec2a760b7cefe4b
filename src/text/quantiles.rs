//! Two quantiles of a quantity: how a file states a distribution.
//!
//! Written as `{ p50: 600ms, p99: 3s }`, or as one value for both. Each key has its own range.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::section::{Known, Ranged, within};
use crate::units::{Length, TokenRate, Tokens, UnitError};

/// Two quantiles: a lognormal distribution, or a constant when they are equal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantiles<T> {
    /// Half of all draws are below.
    pub p50: T,
    /// All but one in a hundred are below.
    pub p99: T,
}

/// A quantity that can have quantiles.
pub(crate) trait Quantity: Copy + PartialOrd {
    /// Its text form.
    #[cfg(feature = "cli")]
    type Form: Form<Self> + schemars::JsonSchema;

    /// Its text form.
    #[cfg(not(feature = "cli"))]
    type Form: Form<Self>;

    /// The expected text form, for messages.
    const WANTED: &'static str;
}

/// A type with the text form of a `T`.
pub(crate) trait Form<T>:
    for<'de> Deserialize<'de> + FromStr<Err = UnitError> + fmt::Display + From<T> + Into<T>
{
}

impl<T, F> Form<T> for F where
    F: for<'de> Deserialize<'de> + FromStr<Err = UnitError> + fmt::Display + From<T> + Into<T>
{
}

impl Quantity for Duration {
    type Form = Length;

    const WANTED: &'static str = "`{ p50: 600ms, p99: 3s }` or one length of time";
}

/// Tokens.
impl Quantity for u64 {
    type Form = Tokens;

    const WANTED: &'static str = "`{ p50: 900 tok, p99: 8k tok }` or one number of tokens";
}

impl Quantity for TokenRate {
    type Form = Self;

    const WANTED: &'static str = "one speed, or `{ p50: 130 tok/s, p99: 190 tok/s }`";
}

impl<T: Quantity> Serialize for Quantiles<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut both = serializer.serialize_struct("Quantiles", 2)?;
        both.serialize_field("p50", &written(self.p50))?;
        both.serialize_field("p99", &written(self.p99))?;
        both.end()
    }
}

fn written<T: Quantity>(value: T) -> String {
    T::Form::from(value).to_string()
}

/// Both lie within the range, and do not cross.
impl<T: Quantity> Ranged<Self> for Quantiles<T> {
    type End = T;

    fn read<'de, D: Deserializer<'de>>(
        from: D,
        range: RangeInclusive<T>,
    ) -> Result<Self, D::Error> {
        from.deserialize_any(Both(range))
    }
}

struct Both<T>(RangeInclusive<T>);

impl<'de, T: Quantity> Visitor<'de> for Both<T> {
    type Value = Quantiles<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::WANTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Quantiles<T>, E> {
        let value = text.parse::<T::Form>().map(Into::into);
        let value = value.and_then(|value| within(value, self.0, written));
        let value = value.map_err(UnitError::into_serde)?;
        Ok(Quantiles {
            p50: value,
            p99: value,
        })
    }

    /// A number without a unit: the unit's parser reports what is missing.
    fn visit_u64<E: Error>(self, number: u64) -> Result<Quantiles<T>, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Quantiles<T>, A::Error> {
        let (mut p50, mut p99) = (None, None);
        while let Some(key) = map.next_key_seed(Known(&["p50", "p99"]))? {
            let range = self.0.clone();
            match key {
                "p50" => p50 = Some(map.next_value_seed(One { range, half: None })?),
                _ => p99 = Some(map.next_value_seed(One { range, half: p50 })?),
            }
        }
        let p50 = p50.ok_or_else(|| Error::missing_field("p50"))?;
        let p99 = p99.ok_or_else(|| Error::missing_field("p99"))?;
        not_less(p99, Some(p50)).map_err(UnitError::into_serde)?;
        Ok(Quantiles { p50, p99 })
    }
}

/// Reads one of both; that of all but one in a hundred also knows that of the `half`, if that
/// stands before it.
struct One<T> {
    range: RangeInclusive<T>,
    half: Option<T>,
}

impl<'de, T: Quantity> DeserializeSeed<'de> for One<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<T, D::Error> {
        let value = T::Form::read(from, self.range)?;
        not_less(value, self.half).map_err(UnitError::into_serde)
    }
}

fn not_less<T: Quantity>(p99: T, p50: Option<T>) -> Result<T, UnitError> {
    match p50.filter(|p50| p99 < *p50) {
        None => Ok(p99),
        Some(p50) => {
            let half = written(p50);
            let hint = format!("half of all draws are above {half}: write no less");
            Err(UnitError::new("`p99` is less than `p50`").or_write(hint))
        }
    }
}

#[cfg(feature = "cli")]
crate::text::schema::inline_schema! {
    where T: Quantity, Quantiles<T>, "Quantiles", |generator: &mut schemars::SchemaGenerator| {
        let one = generator.subschema_for::<T::Form>();
        schemars::json_schema!({ "anyOf": [one, {
            "type": "object",
            "properties": { "p50": one, "p99": one },
            "required": ["p50", "p99"],
            "additionalProperties": false,
        }] })
    };
}

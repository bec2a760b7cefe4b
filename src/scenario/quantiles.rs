//! Two quantiles of a quantity: how a scenario states a distribution.
//!
//! Written as `{ p50: 600ms, p99: 3s }`, or as one value for both. Each setting checks its own
//! range.

use std::fmt;
use std::marker::PhantomData;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::check::bounded;
use crate::text::{Diagnostic, Document};
#[cfg(feature = "cli")]
use crate::units::schema;
use crate::units::{TokenRate, UnitError, duration, tokens};

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
    /// Its JSON Schema.
    #[cfg(feature = "cli")]
    type Schema: schemars::JsonSchema;

    /// The expected text form, for messages.
    const WANTED: &'static str;

    /// Reads one value with its unit.
    fn parse(text: &str) -> Result<Self, UnitError>;

    /// The shortest exact form.
    fn write(self) -> String;
}

impl Quantity for Duration {
    #[cfg(feature = "cli")]
    type Schema = schema::Length;

    const WANTED: &'static str = "`{ p50: 600ms, p99: 3s }` or one length of time";

    fn parse(text: &str) -> Result<Self, UnitError> {
        duration::parse(text)
    }

    fn write(self) -> String {
        duration::write(self)
    }
}

/// Tokens.
impl Quantity for u64 {
    #[cfg(feature = "cli")]
    type Schema = schema::Tokens;

    const WANTED: &'static str = "`{ p50: 900 tok, p99: 8k tok }` or one number of tokens";

    fn parse(text: &str) -> Result<Self, UnitError> {
        tokens::parse(text)
    }

    fn write(self) -> String {
        tokens::write(self)
    }
}

impl Quantity for TokenRate {
    #[cfg(feature = "cli")]
    type Schema = Self;

    const WANTED: &'static str = "one speed, or `{ p50: 130 tok/s, p99: 190 tok/s }`";

    fn parse(text: &str) -> Result<Self, UnitError> {
        Self::parse(text)
    }

    fn write(self) -> String {
        self.to_string()
    }
}

#[expect(
    private_bounds,
    reason = "a scenario has no other quantities with quantiles"
)]
impl<T: Quantity> Quantiles<T> {
    /// The same value at both quantiles.
    pub(super) fn constant(value: T) -> Self {
        Self {
            p50: value,
            p99: value,
        }
    }

    /// Checks that both lie within `range` and do not cross; it stands at `path`.
    pub(super) fn checked(
        self,
        document: &Document,
        path: &[&str],
        range: RangeInclusive<T>,
    ) -> Result<Self, Diagnostic> {
        let at = |key| [path, &[key]].concat();
        bounded(document, &at("p50"), self.p50, range.clone(), T::write)?;
        bounded(document, &at("p99"), self.p99, range, T::write)?;
        if self.p99 < self.p50 {
            let half = self.p50.write();
            return Err(document
                .problem(&at("p99"), "`p99` is less than `p50`")
                .hint(format!("half of all draws are above {half}: write no less")));
        }
        Ok(self)
    }
}

impl<T: Quantity> Serialize for Quantiles<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut both = serializer.serialize_struct("Quantiles", 2)?;
        both.serialize_field("p50", &self.p50.write())?;
        both.serialize_field("p99", &self.p99.write())?;
        both.end()
    }
}

impl<'de, T: Quantity> Deserialize<'de> for Quantiles<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Both(PhantomData))
    }
}

struct Both<T>(PhantomData<T>);

impl<'de, T: Quantity> Visitor<'de> for Both<T> {
    type Value = Quantiles<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::WANTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Quantiles<T>, E> {
        let value = T::parse(text).map_err(UnitError::into_serde)?;
        Ok(Quantiles::constant(value))
    }

    /// A number without a unit: the unit's parser reports what is missing.
    fn visit_u64<E: Error>(self, number: u64) -> Result<Quantiles<T>, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Quantiles<T>, A::Error> {
        let two = Two::<T>::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Quantiles {
            p50: two.p50.0,
            p99: two.p99.0,
        })
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Quantity")]
struct Two<T> {
    p50: One<T>,
    p99: One<T>,
}

struct One<T>(T);

impl<'de, T: Quantity> Deserialize<'de> for One<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        T::parse(&text).map(Self).map_err(UnitError::into_serde)
    }
}

#[cfg(feature = "cli")]
crate::text::schema::inline_schema! {
    where T: Quantity, Quantiles<T>, "Quantiles", |generator: &mut schemars::SchemaGenerator| {
        let one = generator.subschema_for::<T::Schema>();
        schemars::json_schema!({ "anyOf": [one, {
            "type": "object",
            "properties": { "p50": one, "p99": one },
            "required": ["p50", "p99"],
            "additionalProperties": false,
        }] })
    };
}

//! Serde modules for settings that may also be the word `none`.

use std::fmt;
use std::time::Duration;

use serde::de::{Error, Visitor};

use crate::units::{Factor, Money, Share, TokenRate, Written, count as counts, duration};

/// Modules for `#[serde(with = "…")]`, one per quantity that may be `none`.
macro_rules! or_none {
    ($($(#[$doc:meta])* $name:ident: $type:ty, $parse:expr, $write:expr, $wanted:literal;)*) => {
        $($(#[$doc])*
        pub(super) mod $name {
            use super::*;

            pub(in super::super) fn serialize<S: serde::Serializer>(
                value: &Option<$type>,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                match value {
                    Some(value) => serializer.serialize_str(&$write(*value)),
                    None => serializer.serialize_str("none"),
                }
            }

            pub(in super::super) fn deserialize<'de, D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Option<$type>, D::Error> {
                let (wanted, parse) = ($wanted, $parse);
                deserializer.deserialize_str(OrNone(Written { wanted, parse }))
            }
        })*
    };
}

or_none! {
    /// A timeout: a length of time, or `none`.
    timeout: Duration, duration::parse, duration::write, "a length of time such as `30s`";
    /// A share, or `none`.
    share: Share, Share::parse, |share: Share| share.to_string(), "a share such as `80%`";
    /// A factor, or `none`.
    factor: Factor, Factor::parse, |factor: Factor| factor.to_string(), "a factor such as `1.5`";
    /// A speed, or `none`.
    speed: TokenRate, TokenRate::parse, |rate: TokenRate| rate.to_string(),
        "a speed such as `5 tok/s`";
    /// An amount of money, or `none`.
    money: Money, Money::parse, |money: Money| money.to_string(), "an amount such as `0.05 USD`";
    /// A count, or `none`.
    count: u64, counts::parse, counts::write, "a count such as `5_000`";
}

/// A quantity, or `none`.
struct OrNone<T>(Written<T>);

impl<T> Visitor<'_> for OrNone<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, or `none`", self.0.wanted)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        match text {
            "none" => Ok(None),
            text => self.0.visit_str(text).map(Some),
        }
    }
}

/// A small count, or `none`.
pub(super) mod small {
    use serde::de::{Deserializer, Error};
    use serde::ser::Serializer;

    use crate::units::UnitError;

    pub(in super::super) fn serialize<S: Serializer>(
        value: &Option<u32>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.serialize_u32(*value),
            None => serializer.serialize_str("none"),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<u32>, D::Error> {
        let count = super::count::deserialize(deserializer)?;
        let small = count.map(|count| u32::try_from(count).map_err(|_| too_large(count)));
        small.transpose()
    }

    fn too_large<E: Error>(count: u64) -> E {
        let error = UnitError::new(format!("`{count}` is too large"));
        error.or_write("write less than 4 billion").into_serde()
    }
}

/// A section of settings, or `none`.
pub(super) mod section {
    use std::fmt;
    use std::marker::PhantomData;

    use serde::de::value::MapAccessDeserializer;
    use serde::de::{Deserialize, Deserializer, Error, MapAccess, Unexpected, Visitor};
    use serde::ser::{Serialize, Serializer};

    pub(in super::super) fn serialize<T: Serialize, S: Serializer>(
        section: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match section {
            Some(section) => section.serialize(serializer),
            None => serializer.serialize_str("none"),
        }
    }

    pub(in super::super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_any(SectionOrNone(PhantomData))
    }

    struct SectionOrNone<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for SectionOrNone<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map with its settings, or `none`")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Option<T>, E> {
            match text {
                "none" => Ok(None),
                _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
            }
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
    }
}

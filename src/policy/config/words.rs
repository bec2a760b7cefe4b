//! Settings that may also be the word `none`, as serde reads and writes them.

/// A timeout: a length of time, or `none`.
pub(super) mod timeout {
    use std::time::Duration;

    use serde::de::{Deserializer, Error, Visitor};
    use serde::ser::Serializer;

    use crate::text::units::duration;

    pub(in super::super) fn serialize<S: Serializer>(
        timeout: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match timeout {
            Some(length) => duration::serialize(length, serializer),
            None => serializer.serialize_str("none"),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        deserializer.deserialize_str(LengthOrNone)
    }

    struct LengthOrNone;

    impl Visitor<'_> for LengthOrNone {
        type Value = Option<Duration>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a length of time such as `30s`, or `none`")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Option<Duration>, E> {
            if text == "none" {
                return Ok(None);
            }
            duration::parse(text).map(Some).map_err(E::custom)
        }
    }
}

/// A breaker: its settings, or `none`.
pub(super) mod breaker {
    use serde::de::value::MapAccessDeserializer;
    use serde::de::{Deserialize, Deserializer, Error, MapAccess, Unexpected, Visitor};
    use serde::ser::{Serialize, Serializer};

    use crate::policy::config::Breaker;

    pub(in super::super) fn serialize<S: Serializer>(
        breaker: &Option<Breaker>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match breaker {
            Some(breaker) => breaker.serialize(serializer),
            None => serializer.serialize_str("none"),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Breaker>, D::Error> {
        deserializer.deserialize_any(BreakerOrNone)
    }

    struct BreakerOrNone;

    impl<'de> Visitor<'de> for BreakerOrNone {
        type Value = Option<Breaker>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a map with a breaker's settings, or `none`")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Option<Breaker>, E> {
            match text {
                "none" => Ok(None),
                _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
            }
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<Breaker>, A::Error> {
            Breaker::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
    }
}

//! Overrides: settings of one provider, laid over the policy's own key by key.
//!
//! An override holds only the keys that were written. Keys that it leaves out keep the policy's
//! values; where the policy has a section switched off, the section starts from its defaults.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Visitor};
use serde_json::Value;

use super::{CountSlow, HintMode, Jitter, WhenFull};
use crate::units::{Factor, Share};

/// What an override can set: a value, or some keys of a section.
pub trait Overridable: Sized {
    /// The type of what an override writes for it.
    type Written: Clone + fmt::Debug + PartialEq;

    /// Applies what the override wrote.
    fn overlay(&mut self, written: &Self::Written);

    /// Turns it into an override that writes every key.
    fn into_written(self) -> Self::Written;

    /// Reads the next value of `map`, the one under `key` in a section `S`. It is deserialized as a
    /// field of `S`, and `field` extracts it.
    fn read<'de, S, A>(
        map: &mut A,
        key: &'static str,
        field: fn(S) -> Self,
    ) -> Result<Self::Written, A::Error>
    where
        S: Deserialize<'de>,
        A: MapAccess<'de>;

    /// The written value as in a file; `whole` is the value as its section serializes it.
    fn shown(written: &Self::Written, whole: &Value) -> Value;
}

/// Values that an override replaces as a whole.
macro_rules! values {
    ($($type:ty),*) => {
        $(
            impl Overridable for $type {
                type Written = Self;

                fn overlay(&mut self, written: &Self) {
                    *self = *written;
                }

                fn into_written(self) -> Self {
                    self
                }

                fn read<'de, S, A>(
                    map: &mut A,
                    key: &'static str,
                    field: fn(S) -> Self,
                ) -> Result<Self, A::Error>
                where
                    S: Deserialize<'de>,
                    A: MapAccess<'de>,
                {
                    let entry = OneEntry { key: Some(key), map };
                    S::deserialize(MapAccessDeserializer::new(entry)).map(field)
                }

                fn shown(_: &Self, whole: &Value) -> Value {
                    whole.clone()
                }
            }
        )*
    };
}

values!(
    u32,
    Share,
    Factor,
    Duration,
    Option<u32>,
    Option<u64>,
    Option<Share>,
    Option<Duration>,
    Jitter,
    HintMode,
    CountSlow,
    WhenFull
);

/// Generates the override type of a section from the section's rows.
macro_rules! overrides {
    ($name:ident $over:ident {
        $(
            $(#[$meta:meta])*
            $field:ident: $type:ty = $default:expr
            $(, $kind:ident $least:literal to $largest:literal, $reason:literal)?;
        )*
    }) => {
        #[doc = concat!("The keys of a [`", stringify!($name), "`] that an override writes.")]
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $over {
            $(
                #[doc = concat!("Of [`", stringify!($name), "::", stringify!($field), "`].")]
                pub $field:
                    Option<<$type as $crate::policy::config::overlay::Overridable>::Written>,
            )*
        }

        const _: () = {
            use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
            use serde::ser::{Error, Serialize, SerializeMap, Serializer};

            use $crate::policy::config::overlay::{KeyOf, Overridable};

            const KEYS: &[&str] = &[$(stringify!($field)),*];

            impl From<$name> for $over {
                fn from(section: $name) -> Self {
                    Self { $($field: Some(section.$field.into_written())),* }
                }
            }

            impl Overridable for $name {
                type Written = $over;

                fn overlay(&mut self, written: &$over) {
                    $(
                        if let Some(written) = &written.$field {
                            self.$field.overlay(written);
                        }
                    )*
                }

                fn into_written(self) -> $over {
                    self.into()
                }

                fn read<'de, S, A>(
                    map: &mut A,
                    _: &'static str,
                    _: fn(S) -> Self,
                ) -> Result<$over, A::Error>
                where
                    S: Deserialize<'de>,
                    A: MapAccess<'de>,
                {
                    map.next_value()
                }

                fn shown(written: &$over, _: &serde_json::Value) -> serde_json::Value {
                    serde_json::to_value(written).unwrap_or_default()
                }
            }

            impl Overridable for Option<$name> {
                type Written = Option<$over>;

                fn overlay(&mut self, written: &Option<$over>) {
                    match written {
                        Some(written) => self.get_or_insert_with($name::default).overlay(written),
                        None => *self = None,
                    }
                }

                fn into_written(self) -> Option<$over> {
                    self.map(Into::into)
                }

                fn read<'de, S, A>(
                    map: &mut A,
                    _: &'static str,
                    _: fn(S) -> Self,
                ) -> Result<Option<$over>, A::Error>
                where
                    S: Deserialize<'de>,
                    A: MapAccess<'de>,
                {
                    let read: $crate::policy::config::overlay::OrNone<$over> = map.next_value()?;
                    Ok(read.0)
                }

                fn shown(written: &Option<$over>, whole: &serde_json::Value) -> serde_json::Value {
                    match written {
                        Some(written) => $name::shown(written, whole),
                        None => "none".into(),
                    }
                }
            }

            struct Written;

            impl<'de> Visitor<'de> for Written {
                type Value = $over;

                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("a map")
                }

                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$over, A::Error> {
                    let mut written = $over::default();
                    while let Some(found) = map.next_key_seed(KeyOf(KEYS))? {
                        $(
                            let key = stringify!($field);
                            if found == key {
                                let field = |section: $name| section.$field;
                                let value = <$type>::read(&mut map, key, field)?;
                                written.$field = Some(value);
                                continue;
                            }
                        )*
                    }
                    Ok(written)
                }
            }

            impl<'de> Deserialize<'de> for $over {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    deserializer.deserialize_struct(stringify!($name), KEYS, Written)
                }
            }

            impl Serialize for $over {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    let mut section = $name::default();
                    section.overlay(self);
                    let whole = serde_json::to_value(&section).map_err(S::Error::custom)?;
                    let mut map = serializer.serialize_map(None)?;
                    $(
                        if let Some(written) = &self.$field {
                            let key = stringify!($field);
                            map.serialize_entry(key, &<$type>::shown(written, &whole[key]))?;
                        }
                    )*
                    map.end()
                }
            }
        };
    };
}
pub(super) use overrides;

/// One of these keys.
pub(super) struct KeyOf(pub(super) &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for KeyOf {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<&'static str, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for KeyOf {
    type Value = &'static str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<&'static str, E> {
        let known = self.0.iter().find(|key| **key == text);
        known.copied().ok_or_else(|| E::unknown_field(text, self.0))
    }
}

/// A section's override, or `none`.
#[derive(Deserialize)]
#[serde(transparent, bound = "T: Deserialize<'de>")]
pub(super) struct OrNone<T>(#[serde(with = "super::words::section")] pub(super) Option<T>);

/// A map of one key; its value is the next one of `map`.
struct OneEntry<'a, A> {
    key: Option<&'static str>,
    map: &'a mut A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for OneEntry<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let key = self.key.take();
        key.map(|key| {
            let key: StrDeserializer<'_, A::Error> = key.into_deserializer();
            seed.deserialize(key)
        })
        .transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

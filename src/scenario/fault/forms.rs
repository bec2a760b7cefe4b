//! Text forms that keys of a fault share: one length instead of a map, and names alone or in a
//! list.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::scenario::check::{LONGEST_RUN, SHORTEST, within};
use crate::units::{UnitError, duration};

/// A map, or one length of time, which stands for the map's first key.
#[derive(Clone, Copy)]
pub(super) struct Short<T>(pub(super) T);

/// `target`: a name, or a list of names.
pub(super) struct Targets(pub(super) Vec<String>);

/// One of `groups`: a list of names, or a map with such a list.
pub(in crate::scenario) struct WrittenGroup {
    /// The names of its providers.
    pub(in crate::scenario) providers: Vec<String>,
    /// Whether they share the draws of a fault that names the group.
    pub(in crate::scenario) shared_fate: bool,
    /// Whether it is written as a map.
    pub(in crate::scenario) is_map: bool,
}

/// A group as a map.
#[derive(Deserialize)]
#[cfg_attr(
    feature = "cli",
    derive(schemars::JsonSchema),
    schemars(rename = "Group")
)]
#[serde(deny_unknown_fields)]
struct GroupMap {
    /// Its providers.
    #[cfg_attr(feature = "cli", schemars(with = "Vec<crate::units::schema::Name>"))]
    providers: Vec<String>,
    /// A fault that names the group draws once for all of them, as behind one cause.
    #[serde(default)]
    shared_fate: bool,
}

impl<'de> Deserialize<'de> for WrittenGroup {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(GroupVisitor)
    }
}

struct GroupVisitor;

impl<'de> Visitor<'de> for GroupVisitor {
    type Value = WrittenGroup;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of providers, or a map with `providers` and `shared_fate`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<WrittenGroup, A::Error> {
        let mut providers = Vec::new();
        while let Some(name) = names.next_element()? {
            providers.push(name);
        }
        Ok(WrittenGroup {
            providers,
            shared_fate: false,
            is_map: false,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WrittenGroup, A::Error> {
        let map = GroupMap::deserialize(MapAccessDeserializer::new(map))?;
        Ok(WrittenGroup {
            providers: map.providers,
            shared_fate: map.shared_fate,
            is_map: true,
        })
    }
}

impl<'de, T: Deserialize<'de> + From<Duration>> Deserialize<'de> for Short<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShortVisitor(PhantomData))
    }
}

struct ShortVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + From<Duration>> Visitor<'de> for ShortVisitor<T> {
    type Value = Short<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a length of time such as `30s`, or a map")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Short<T>, E> {
        let length = duration::parse(text).map_err(UnitError::into_serde)?;
        let length = within(length, SHORTEST..=LONGEST_RUN, duration::write);
        let length = length.map_err(UnitError::into_serde)?;
        Ok(Short(T::from(length)))
    }

    /// A number without a unit: the unit's parser reports what is missing.
    fn visit_u64<E: Error>(self, number: u64) -> Result<Short<T>, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Short<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Short)
    }
}

impl<'de> Deserialize<'de> for Targets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TargetsVisitor)
    }
}

struct TargetsVisitor;

impl<'de> Visitor<'de> for TargetsVisitor {
    type Value = Targets;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a provider, a group, or a list of these")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Targets, E> {
        Ok(Targets(vec![name.to_owned()]))
    }

    /// A name may be a number.
    fn visit_u64<E: Error>(self, number: u64) -> Result<Targets, E> {
        self.visit_str(&number.to_string())
    }

    /// A name may look like a boolean.
    fn visit_bool<E: Error>(self, answer: bool) -> Result<Targets, E> {
        self.visit_str(&answer.to_string())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Targets, A::Error> {
        let mut all = Vec::new();
        while let Some(name) = names.next_element()? {
            all.push(name);
        }
        Ok(Targets(all))
    }
}

#[cfg(feature = "cli")]
crate::text::schema::inline_schema! {
    Targets, "Targets", |generator: &mut schemars::SchemaGenerator| {
        let name = generator.subschema_for::<crate::units::schema::Name>();
        schemars::json_schema!({
            "anyOf": [name, { "type": "array", "items": name, "minItems": 1 }],
        })
    };
    WrittenGroup, "Group", |generator: &mut schemars::SchemaGenerator| {
        let name = generator.subschema_for::<crate::units::schema::Name>();
        let map = generator.subschema_for::<GroupMap>();
        schemars::json_schema!({
            "anyOf": [{ "type": "array", "items": name, "minItems": 1 }, map],
        })
    };
    where T: schemars::JsonSchema, Short<T>, "Short", |generator: &mut schemars::SchemaGenerator| {
        let length = generator.subschema_for::<crate::units::schema::Length>();
        let map = generator.subschema_for::<T>();
        schemars::json_schema!({ "anyOf": [length, map] })
    };
}

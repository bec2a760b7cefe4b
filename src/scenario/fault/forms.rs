//! Text forms that keys of a fault share: one length instead of a map, the name of a target, and
//! groups.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use crate::text::one_of::FromScalar;
use crate::text::section::{section, within};
use crate::time::{LONGEST_RUN, SHORTEST};
#[cfg(feature = "cli")]
use crate::units::schema::{Length, Name};
use crate::units::{TextOrMap, UnitError, duration};

/// A map, or one length of time, which stands for the map's first key.
#[derive(Clone, Copy)]
pub(super) struct Short<T>(pub(super) T);

impl<'de, T: Deserialize<'de> + From<Duration>> Deserialize<'de> for Short<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrMap {
            wanted: "a length of time such as `30s`, or a map",
            text: |text| {
                let length = duration::parse(text)?;
                let length = within(length, SHORTEST..=LONGEST_RUN, duration::write)?;
                Ok(Self(T::from(length)))
            },
            map: Self,
        })
    }
}

/// One of `target`: the name of a provider or a group.
pub(super) struct Target(pub(super) String);

impl FromScalar for Target {
    const WANTED: &'static str = "a provider, a group, or a list of these";

    fn from_scalar(name: &str) -> Result<Self, UnitError> {
        Ok(Self(name.to_owned()))
    }
}

/// One of `groups`: a list of names, or a map with such a list.
pub(in crate::scenario) struct WrittenGroup {
    /// The names of its providers.
    pub(in crate::scenario) providers: Vec<String>,
    /// Whether they share the draws of a fault that names the group.
    pub(in crate::scenario) shared_fate: bool,
    /// Whether it is written as a map.
    pub(in crate::scenario) is_map: bool,
}

section! {
    /// A group as a map.
    #[derive()]
    struct GroupMap [] ("Group") {
        /// Its providers.
        required providers: Vec<String>, schema Vec<Name>;
        /// A fault that names the group draws once for all of them, as behind one cause.
        default shared_fate: bool = false;
    }
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

#[cfg(feature = "cli")]
crate::text::schema::inline_schema! {
    WrittenGroup, "Group", |generator: &mut schemars::SchemaGenerator| {
        let name = generator.subschema_for::<Name>();
        let map = generator.subschema_for::<GroupMap>();
        schemars::json_schema!({
            "anyOf": [{ "type": "array", "items": name, "minItems": 1 }, map],
        })
    };
    where T: schemars::JsonSchema, Short<T>, "Short", |generator: &mut schemars::SchemaGenerator| {
        let length = generator.subschema_for::<Length>();
        let map = generator.subschema_for::<T>();
        schemars::json_schema!({ "anyOf": [length, map] })
    };
}

//! Settings by failure: a map from classes, or groups of them, to actions or counts.
//!
//! A class takes precedence over its group, in any order. `classify` defines the classes, their
//! groups and their default actions.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::policy::classify::FailureClass;

type ByClass<V> = BTreeMap<FailureClass, V>;

/// Serializes class by class; groups are expanded.
pub(super) fn serialize<V: Serialize, S: Serializer>(
    by_class: &ByClass<V>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    by_class.serialize(serializer)
}

pub(super) fn deserialize<'de, V, D>(deserializer: D) -> Result<ByClass<V>, D::Error>
where
    V: Deserialize<'de> + Copy,
    D: Deserializer<'de>,
{
    deserializer.deserialize_map(ByName(PhantomData))
}

struct ByName<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de> + Copy> Visitor<'de> for ByName<V> {
    type Value = ByClass<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from classes of failures")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ByClass<V>, A::Error> {
        let (mut named, mut grouped) = (ByClass::new(), ByClass::new());
        while let Some((name, value)) = map.next_entry::<Name, V>()? {
            match name {
                Name::Class(class) => {
                    named.insert(class, value);
                }
                Name::Group(classes) => grouped.extend(classes.iter().map(|c| (*c, value))),
            }
        }
        grouped.extend(named);
        Ok(grouped)
    }
}

/// What a key of the map names.
enum Name {
    Class(FailureClass),
    Group(&'static [FailureClass]),
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(AnyName)
    }
}

struct AnyName;

impl Visitor<'_> for AnyName {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a class of failures")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Name, E> {
        if let Some(class) = FailureClass::from_name(text) {
            return Ok(Name::Class(class));
        }
        match FailureClass::group(text) {
            Some(classes) => Ok(Name::Group(classes)),
            None => Err(E::unknown_field(text, &NAMES)),
        }
    }
}

/// Every name of a class, then every name of a group.
const NAMES: [&str; FailureClass::ALL.len() + FailureClass::GROUPS.len()] = {
    let mut names = [""; FailureClass::ALL.len() + FailureClass::GROUPS.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = if at < FailureClass::ALL.len() {
            FailureClass::ALL[at].name()
        } else {
            FailureClass::GROUPS[at - FailureClass::ALL.len()].0
        };
        at += 1;
    }
    names
};

//! Settings by failure: a map from classes, or groups of them, to actions or counts.
//!
//! A class takes precedence over its group, in any order. `classify` defines the classes, their
//! groups and their default actions. Actions may also be set by status, which takes precedence over
//! the class: a gateway's 502 and its 500 are of one class, and a client may treat them apart.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::rows::Setting;
use crate::policy::classify::{Action, FailureClass, is_error_status};

type ByClass<V> = BTreeMap<FailureClass, V>;

/// The actions that a policy sets, by class and by status; a status takes precedence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    by_class: ByClass<Action>,
    by_status: BTreeMap<u16, Action>,
}

impl Failures {
    /// What is set for a failure of this class and status, if anything is.
    pub fn action(&self, class: FailureClass, status: Option<u16>) -> Option<Action> {
        let by_status = status.and_then(|status| self.by_status.get(&status));
        by_status.or_else(|| self.by_class.get(&class)).copied()
    }

    /// What is set for this class, whatever the status.
    pub fn get(&self, class: &FailureClass) -> Option<&Action> {
        self.by_class.get(class)
    }

    /// Sets the action of a class.
    pub fn insert(&mut self, class: FailureClass, action: Action) {
        self.by_class.insert(class, action);
    }

    /// The statuses that have an action of their own.
    pub fn statuses(&self) -> impl Iterator<Item = u16> {
        self.by_status.keys().copied()
    }

    /// How many classes have an action of their own.
    pub fn len(&self) -> usize {
        self.by_class.len()
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.by_class.is_empty() && self.by_status.is_empty()
    }
}

impl<const N: usize> From<[(FailureClass, Action); N]> for Failures {
    fn from(by_class: [(FailureClass, Action); N]) -> Self {
        Self {
            by_class: by_class.into(),
            by_status: BTreeMap::new(),
        }
    }
}

impl FromIterator<(FailureClass, Action)> for Failures {
    fn from_iter<I: IntoIterator<Item = (FailureClass, Action)>>(by_class: I) -> Self {
        Self {
            by_class: by_class.into_iter().collect(),
            by_status: BTreeMap::new(),
        }
    }
}

impl Setting for Failures {}

/// Serializes class by class, then status by status; groups are expanded.
impl Serialize for Failures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len() + self.by_status.len()))?;
        for (class, action) in &self.by_class {
            map.serialize_entry(class, action)?;
        }
        for (status, action) in &self.by_status {
            map.serialize_entry(&status.to_string(), action)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Failures {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = deserializer.deserialize_map(ByName {
            takes_statuses: true,
            value: PhantomData,
        })?;
        Ok(Self {
            by_class: read.by_class,
            by_status: read.by_status,
        })
    }
}

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
    let names = ByName {
        takes_statuses: false,
        value: PhantomData,
    };
    Ok(deserializer.deserialize_map(names)?.by_class)
}

/// What a map says by class, and by status.
struct Read<V> {
    by_class: ByClass<V>,
    by_status: BTreeMap<u16, V>,
}

struct ByName<V> {
    /// Whether keys may be statuses.
    takes_statuses: bool,
    value: PhantomData<V>,
}

impl<'de, V: Deserialize<'de> + Copy> Visitor<'de> for ByName<V> {
    type Value = Read<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from classes of failures")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Read<V>, A::Error> {
        let (mut named, mut grouped) = (ByClass::new(), ByClass::new());
        let mut by_status = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<Name, V>()? {
            match name {
                Name::Status(status) if self.takes_statuses => {
                    by_status.insert(status, value);
                }
                Name::Status(status) => {
                    return Err(A::Error::unknown_field(&status.to_string(), &NAMES));
                }
                Name::Class(class) => {
                    named.insert(class, value);
                }
                Name::Group(classes) => grouped.extend(classes.iter().map(|c| (*c, value))),
            }
        }
        grouped.extend(named);
        Ok(Read {
            by_class: grouped,
            by_status,
        })
    }
}

/// What a key of the map names.
enum Name {
    Class(FailureClass),
    Group(&'static [FailureClass]),
    Status(u16),
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
        if let Some(status) = text.parse().ok().filter(|status| is_error_status(*status)) {
            return Ok(Name::Status(status));
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

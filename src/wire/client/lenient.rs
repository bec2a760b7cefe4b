//! Values of an answer, parsed so that none of them can lose the text beside it.
//!
//! Providers put numbers where names belong, `null` where lists belong, and negative counts where
//! there are none. Each type here accepts any JSON value: one that it cannot use is left out.
//!
//! - [`Count`]: a number of tokens. [`Word`]: a name. [`Flag`]: whether something is so.
//! - [`Loose`]: an object, or nothing. [`First`]: the first object of a list.
//! - [`super::parts::Parts`]: a text, in one piece or in parts.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A type that any JSON value can be read as. What a type does not override is left out.
pub(super) trait Lenient<'de>: Default {
    fn text(_text: &str) -> Self {
        Self::default()
    }

    fn flag(_flag: bool) -> Self {
        Self::default()
    }

    fn whole(_number: u64) -> Self {
        Self::default()
    }

    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }

    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

/// Reads any JSON value as a `T`.
pub(super) fn any<'de, T: Lenient<'de>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    from.deserialize_any(Any(PhantomData))
}

struct Any<T>(PhantomData<T>);

impl<'de, T: Lenient<'de>> Visitor<'de> for Any<T> {
    type Value = T;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::text(text))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<T, E> {
        Ok(T::flag(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<T, E> {
        Ok(T::whole(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<T, E> {
        Ok(u64::try_from(number).map_or_else(|_| T::default(), T::whole))
    }

    /// A float that is whole is the number. Above 2^53 floats are not exact, and are no counts.
    fn visit_f64<E>(self, number: f64) -> Result<T, E> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let is_whole = (0.0..EXACT).contains(&number) && number % 1.0 == 0.0;
        Ok(match is_whole {
            true => T::whole(number as u64),
            false => T::default(),
        })
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        T::list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<T, A::Error> {
        T::object(object)
    }
}

/// Implements `Deserialize` for types that are [`Lenient`].
macro_rules! lenient {
    ($($name:ident $(<$param:ident>)?),*) => {
        $(impl<'de $(, $param: Deserialize<'de>)?> Deserialize<'de> for $name $(<$param>)? {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                any(from)
            }
        })*
    };
}

lenient!(Count, Word, Flag, Loose<T>, First<T>);

/// A number of tokens. One that is negative, broken or beyond all belief is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count(pub(super) Option<u64>);

impl Lenient<'_> for Count {
    fn whole(number: u64) -> Self {
        Self(Some(number).filter(|number| *number <= MOST_TOKENS))
    }

    fn text(text: &str) -> Self {
        text.trim().parse().map_or_else(|_| Self(None), Self::whole)
    }
}

/// The most tokens that a count can tell: a thousand times the longest context in use.
const MOST_TOKENS: u64 = 10_000_000_000;

/// A name that is not empty.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Word(pub(super) Option<String>);

impl Lenient<'_> for Word {
    fn text(text: &str) -> Self {
        Self(Some(text.to_owned()).filter(|text| !text.is_empty()))
    }
}

/// Whether something is so; not, if it does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flag(pub(super) bool);

impl Lenient<'_> for Flag {
    fn flag(flag: bool) -> Self {
        Self(flag)
    }
}

/// An object; any other value is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Loose<T>(pub(super) Option<T>);

impl<'de, T: Deserialize<'de>> Lenient<'de> for Loose<T> {
    fn object<A: MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
        T::deserialize(MapAccessDeserializer::new(object)).map(|value| Self(Some(value)))
    }
}

/// The first object of a list, or an object in the list's place. Boxed, because a choice is large,
/// and moved often.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct First<T>(pub(super) Option<Box<T>>);

impl<'de, T: Deserialize<'de>> Lenient<'de> for First<T> {
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut first = None;
        while let Some(Loose(value)) = list.next_element()? {
            if first.is_none() {
                first = value.map(Box::new);
            }
        }
        Ok(Self(first))
    }

    fn object<A: MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
        Loose::object(object).map(|Loose(value)| Self(value.map(Box::new)))
    }
}

impl<T> Default for Loose<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Default for First<T> {
    fn default() -> Self {
        Self(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_tells_no_number_of_tokens_is_unknown() {
        for (json, count) in [
            ("7", Some(7)),
            ("7.0", Some(7)),
            ("\"7\"", Some(7)),
            ("0", Some(0)),
            ("-1", None),
            ("37.25", None),
            ("18446744073709551615", None),
            ("1e300", None),
            ("\"many\"", None),
            ("null", None),
            ("true", None),
            ("[7]", None),
            ("{\"n\":[7]}", None),
        ] {
            let read: Count = serde_json::from_str(json).unwrap();
            assert_eq!(read.0, count, "{json}");
        }
    }

    #[test]
    fn the_first_object_of_a_list_is_found_behind_anything() {
        for (json, word) in [
            (r#"[{"w":"a"},{"w":"b"}]"#, Some("a")),
            (r#"[null,7,[],{"w":"b"}]"#, Some("b")),
            (r#"{"w":"a"}"#, Some("a")),
            ("[]", None),
            ("null", None),
            ("\"a\"", None),
        ] {
            #[derive(serde::Deserialize)]
            struct Named {
                w: Word,
            }
            let read: First<Named> = serde_json::from_str(json).unwrap();
            assert_eq!(
                read.0.and_then(|named| named.w.0).as_deref(),
                word,
                "{json}"
            );
        }
    }
}

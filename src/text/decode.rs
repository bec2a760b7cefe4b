//! The tree as a serde deserializer, so that types derive their readers and errors have locations.
//!
//! An error gets the span of the innermost node that it passes. Kinds are checked here, before
//! serde sees a value, so that messages are in terms of files and not of Rust types. `units` parses
//! quantities: every scalar can be read as its original text.

mod error;
mod scalar;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use error::Error;

use super::diagnostic::Diagnostic;
use super::source::Span;
use super::tree::{Key, Node, NodeKind};
use crate::units::{count, truncate};

/// The tree below `node` as a `T`.
pub(super) fn decode<T: DeserializeOwned>(node: &Node) -> Result<T, Diagnostic> {
    T::deserialize(Value { node, key: None }).map_err(|error| error.into_problem(&node.span))
}

/// A node as a deserializer, with its key.
#[derive(Clone, Copy)]
struct Value<'de> {
    node: &'de Node,
    key: Option<&'de Span>,
}

impl<'de> Value<'de> {
    /// Adds this location to errors, unless an inner node has added one.
    fn placed<T>(self, result: Result<T, Error>) -> Result<T, Error> {
        result.map_err(|error| error.at(self.node.place(self.key)))
    }

    fn unfit<T>(self, wanted: &dyn Expected) -> Result<T, Error> {
        let message = format!("expected {wanted}, found {}", found(self.node));
        self.placed(Err(Error::new(message)))
    }

    fn scalar(self, wanted: &dyn Expected) -> Result<&'de str, Error> {
        match &self.node.kind {
            NodeKind::Scalar { text, .. } if !self.node.is_null() => Ok(text),
            kind => {
                let hint = match kind {
                    NodeKind::Scalar { .. } => "write it behind the key, or leave the key out",
                    NodeKind::Seq(_) | NodeKind::Map(_) => "write one value, without brackets",
                };
                self.unfit(wanted).map_err(|error: Error| error.hint(hint))
            }
        }
    }

    fn whole(self, max: u64) -> Result<u64, Error> {
        let text = self.scalar(&"a whole number")?;
        if matches!(self.node.kind, NodeKind::Scalar { plain: false, .. }) {
            let error = Error::new("expected a whole number, found text in quotes");
            return self.placed(Err(error.hint("leave the quotes out")));
        }
        self.placed(whole(text, max))
    }

    fn visit_map<V: Visitor<'de>>(
        self,
        entries: &'de [(Key, Node)],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.placed(visitor.visit_map(Entries {
            rest: entries.iter(),
            value: None,
        }))
    }
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.kind {
            NodeKind::Seq(items) => self.placed(visitor.visit_seq(Items(items.iter()))),
            NodeKind::Map(entries) => self.visit_map(entries, visitor),
            _ if self.node.is_null() => self.placed(visitor.visit_unit()),
            NodeKind::Scalar { text, plain } => self.placed(scalar::any(text, *plain, visitor)),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.kind {
            NodeKind::Scalar { text, plain: true } if text == "true" || text == "false" => {
                self.placed(visitor.visit_bool(text == "true"))
            }
            kind => {
                let word = match kind {
                    NodeKind::Scalar { text, .. } => answer(text),
                    NodeKind::Seq(_) | NodeKind::Map(_) => None,
                };
                let hint = word.map_or("write `true` or `false`".to_owned(), |word| {
                    format!("write `{word}`")
                });
                let error = self.unfit(&"`true` or `false`");
                error.map_err(|error: Error| error.hint(hint))
            }
        }
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let number = self.whole(u8::MAX.into())?;
        self.placed(visitor.visit_u64(number))
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let number = self.whole(u16::MAX.into())?;
        self.placed(visitor.visit_u64(number))
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let number = self.whole(u32::MAX.into())?;
        self.placed(visitor.visit_u64(number))
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let number = self.whole(u64::MAX)?;
        self.placed(visitor.visit_u64(number))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let text = self.scalar(&visitor)?;
        self.placed(visitor.visit_borrowed_str(text))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.node.is_null() {
            return self.placed(visitor.visit_none());
        }
        self.placed(visitor.visit_some(self))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.placed(visitor.visit_newtype_struct(self))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.kind {
            NodeKind::Seq(items) => self.placed(visitor.visit_seq(Items(items.iter()))),
            kind => {
                let item = match kind {
                    NodeKind::Scalar { text, .. } if !self.node.is_null() => truncate(text),
                    _ => "…".to_owned(),
                };
                self.unfit(&"a list")
                    .map_err(|error| scalar::bracketed(error, &item))
            }
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.kind {
            NodeKind::Map(entries) => self.visit_map(entries, visitor),
            _ => self
                .unfit(&"a map")
                .map_err(|error: Error| error.hint("write `{ name: … }`, or a name on each line")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match &self.node.kind {
            NodeKind::Map(entries) => self.visit_map(entries, visitor),
            _ => self
                .unfit(&"a map")
                .map_err(|error: Error| error.hint(format!("its keys: {}", quoted(fields)))),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match &self.node.kind {
            NodeKind::Scalar { text, .. } if !self.node.is_null() => {
                self.placed(visitor.visit_enum(text.as_str().into_deserializer()))
            }
            NodeKind::Map(entries) if entries.len() == 1 => {
                let entries = Entries {
                    rest: entries.iter(),
                    value: None,
                };
                self.placed(visitor.visit_enum(MapAccessDeserializer::new(entries)))
            }
            _ => self.unfit(&format!("one of {}", quoted(variants)).as_str()),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.placed(visitor.visit_unit())
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u128 f32 f64 char bytes byte_buf unit unit_struct
        tuple tuple_struct identifier
    }
}

struct Items<'de>(std::slice::Iter<'de, Node>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let next = self.0.next();
        next.map(|node| seed.deserialize(Value { node, key: None }))
            .transpose()
    }
}

struct Entries<'de> {
    rest: std::slice::Iter<'de, (Key, Node)>,
    value: Option<Value<'de>>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some((key, node)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some(Value {
            node,
            key: Some(&key.span),
        });
        let text: StrDeserializer<'_, Error> = key.text.as_str().into_deserializer();
        let read = seed.deserialize(text);
        read.map(Some).map_err(|error| error.at(&key.span))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let value = self.value.take();
        value.map_or_else(
            || Err(Error::new("a value was asked for before its key")),
            |value| value.placed(seed.deserialize(value)),
        )
    }
}

/// A whole number from 0 to `max`; `_` may group its digits.
fn whole(text: &str, max: u64) -> Result<u64, Error> {
    let digits = text.replace('_', "");
    let is_number = text.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        let wanted = "a whole number, not negative";
        let message = format!("expected {wanted}, found `{}`", truncate(text));
        let hint = match count::parse(text) {
            Ok(count) => format!("write digits only: `{count}`"),
            Err(_) => "write digits only, as in `3`".to_owned(),
        };
        return Err(Error::new(message).hint(hint));
    }
    match digits.parse::<u64>() {
        Ok(number) if number <= max => Ok(number),
        _ => Err(Error::new(format!("`{}` is too large", truncate(text)))
            .hint(format!("the largest is {max}"))),
    }
}

/// What a word of YAML 1.1 that is no longer an answer meant.
fn answer(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "on" | "y" => Some(true),
        "false" | "no" | "off" | "n" => Some(false),
        _ => None,
    }
}

fn found(node: &Node) -> String {
    match &node.kind {
        _ if node.is_null() => "nothing".to_owned(),
        NodeKind::Scalar { text, .. } => format!("`{}`", truncate(text)),
        NodeKind::Seq(_) => "a list".to_owned(),
        NodeKind::Map(_) => "a map".to_owned(),
    }
}

fn quoted(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use crate::text::{Diagnostic, Document};
    use serde::Deserialize;
    use std::collections::BTreeMap;
    use std::time::Duration;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Pond {
        name: String,
        #[serde(default, with = "crate::units::duration::option")]
        ripple: Option<Duration>,
        #[serde(default)]
        fish: BTreeMap<String, Fish>,
        #[serde(default)]
        depths: Vec<u8>,
        #[serde(default)]
        frozen: bool,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case", deny_unknown_fields)]
    enum Fish {
        GoldFish,
        Pike { teeth: u32 },
    }

    fn read(text: &str) -> Result<Pond, Diagnostic> {
        Document::parse("pond.yaml", text)?.decode()
    }

    /// For the file `name: a` and this one line more: column, message and hint.
    fn told(line: &str) -> String {
        let problem = read(&format!("name: a\n{line}\n")).expect_err("this file is wrong");
        let hint = problem.hint_text().unwrap_or("-");
        format!("{} {} | {hint}", problem.column(), problem.message())
    }

    #[test]
    fn types_derive_their_reading() {
        let pond = read(
            "\u{feff}# A pond.\nname: 'a'\nripple: 1.5s\r\ndepths: [1, 2]\nfrozen: true\n\
             fish: { a: &fish { pike: { teeth: 1_000 } }, b: gold_fish, c: *fish }\n",
        )
        .unwrap();
        assert_eq!(pond.ripple, Some(Duration::from_millis(1_500)));
        assert_eq!(pond.fish["b"], Fish::GoldFish);
        assert_eq!(pond.fish["c"], Fish::Pike { teeth: 1_000 });
        assert_eq!(
            (pond.name.as_str(), pond.depths, pond.frozen),
            ("a", vec![1, 2], true)
        );
        assert_eq!(read("name: a\nripple: ~\n").unwrap().ripple, None);
    }

    #[test]
    fn keys_and_words_that_do_not_exist_are_pointed_at() {
        for (line, expected) in [
            (
                "frozn: true",
                "1 unknown key `frozn` | did you mean `frozen`?",
            ),
            (
                "zz: 1",
                "1 unknown key `zz` | \
                 known keys: `name`, `ripple`, `fish`, `depths`, `frozen`",
            ),
            (
                "fish: { b: { pike: {} } }",
                "20 the key `teeth` is missing | add `teeth: …` here",
            ),
            (
                "fish: { b: { pike: { x: 1 } } }",
                "22 unknown key `x` | known keys: `teeth`",
            ),
            (
                "fish: { b: goldfish }",
                "12 unknown word `goldfish` | did you mean `gold_fish`?",
            ),
            (
                "fish: { b: { pile: 1 } }",
                "14 unknown word `pile` | did you mean `pike`?",
            ),
            (
                "fish: { b: 1 }",
                "12 unknown word `1` | one of `gold_fish`, `pike`",
            ),
        ] {
            assert_eq!(told(line), expected);
        }
        let problem = read("ripple: 1s\n").unwrap_err();
        assert_eq!(problem.message(), "the key `name` is missing");
    }

    #[test]
    #[rustfmt::skip]
    fn answers_of_older_yaml_are_told_in_todays_words() {
        let wanted = "expected `true` or `false`, found";
        for (line, expected) in [
            ("frozen: yes", format!("9 {wanted} `yes` | write `true`")),
            ("frozen: 'false'", format!("9 {wanted} `false` | write `false`")),
            ("frozen:", format!("1 {wanted} nothing | write `true` or `false`")),
        ] {
            assert_eq!(told(line), expected);
        }
    }

    #[test]
    fn values_of_another_kind_are_pointed_at() {
        let whole = "expected a whole number, not negative";
        let digits = "write digits only, as in `3`";
        for (line, expected) in [
            (
                "ripple: 30",
                "9 a length of time needs a unit | write `30s` or `30ms`",
            ),
            (
                "ripple: [1]",
                "9 expected a length of time such as `30s`, found a list | \
                 write one value, without brackets",
            ),
            (
                "ripple:\n  x: 1",
                "1 expected a length of time such as `30s`, found a map | \
                 write one value, without brackets",
            ),
            (
                "fish: 3",
                "7 expected a map, found `3` | write `{ name: … }`, or a name on each line",
            ),
            ("depths: 3", "9 expected a list, found `3` | write `[ 3 ]`"),
            (
                "depths:",
                "1 expected a list, found nothing | write `[ … ]`",
            ),
            (
                "depths: [1, 256]",
                "13 `256` is too large | the largest is 255",
            ),
            (
                "depths: [-1]",
                &format!("10 {whole}, found `-1` | {digits}"),
            ),
            (
                "depths: [.NaN]",
                &format!("10 {whole}, found `.NaN` | {digits}"),
            ),
            (
                "depths: [1e3]",
                &format!("10 {whole}, found `1e3` | {digits}"),
            ),
            (
                "depths: [99999999999999999999]",
                "10 `99999999999999999999` is too large | the largest is 255",
            ),
            (
                "depths: ['1']",
                "10 expected a whole number, found text in quotes | leave the quotes out",
            ),
            (
                "depths: [3.0]",
                &format!("10 {whole}, found `3.0` | write digits only: `3`"),
            ),
            (
                "depths: [0.1k]",
                &format!("10 {whole}, found `0.1k` | write digits only: `100`"),
            ),
        ] {
            assert_eq!(told(line), expected);
        }
        let problem = read("- a\n").unwrap_err();
        assert_eq!(problem.message(), "expected a map, found a list");
    }
}

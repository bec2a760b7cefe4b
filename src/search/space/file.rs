//! Reads a space file, with carets at what is wrong.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::super::dimension::{self, Domain};
use super::{Dimension, Space, text_at};
use crate::policy::config::Policy;
use crate::policy_file::{KNOBS, Knob, read_amount};
use crate::text::{Diagnostic, Document};

impl Space {
    /// The space in `document`, around the policy in `base`; or every mistake in it.
    pub fn read(document: &Document, base: &Document) -> Result<Self, Diagnostic> {
        let entries: BTreeMap<String, Entry> = document.decode()?;
        let policy = serde_json::to_value(Policy::from_document(base, None)?);
        let policy = policy.unwrap_or_default();
        let mut dimensions = Vec::new();
        let mut problems = Vec::new();
        // In the file's order, which a map does not keep.
        for path in document.keys(&[]) {
            let Some(entry) = entries.get(&path) else {
                continue;
            };
            let place = Place {
                document,
                base,
                path: &path,
            };
            match place.domain(entry) {
                Ok(domain) => dimensions.push(Dimension {
                    base: text_at(&policy, &path),
                    domain,
                    only_when: entry.only_when.clone().into_iter().collect(),
                    path,
                }),
                Err(problem) => problems.push(problem),
            }
        }
        if dimensions.is_empty() && problems.is_empty() {
            let problem = document.problem(&[], "nothing is searched");
            problems.push(problem.hint("write as in `retry.backoff.base: 50ms..2s log`"));
        }
        match Diagnostic::of_all(problems) {
            Some(problems) => Err(problems),
            None => Ok(Self { dimensions }),
        }
    }
}

/// A setting in its file.
struct Place<'a> {
    document: &'a Document,
    base: &'a Document,
    path: &'a str,
}

impl Place<'_> {
    fn domain(&self, entry: &Entry) -> Result<Domain, Diagnostic> {
        match &entry.values {
            Values::Range(text) => self.range(text),
            Values::Words(words) => self.words(words),
        }
    }

    fn range(&self, text: &str) -> Result<Domain, Diagnostic> {
        let Some(knob) = KNOBS.iter().find(|knob| knob.path == self.path) else {
            return Err(self.no_number());
        };
        let read = dimension::read(text, Some(knob.kind), Some(knob.scale));
        let numbers = read.map_err(|(range, error)| {
            let problem = self.problem(error.message()).within(text, range);
            problem.hint_of(&error)
        })?;
        if !is_within(knob, numbers.low) || !is_within(knob, numbers.high) {
            let (least, largest) = knob.range;
            let problem = self.problem("a policy file does not take all of these values");
            return Err(problem.hint(format!("write a range within {least} and {largest}")));
        }
        if numbers.or_none {
            self.check("none", &[self.path])?;
        }
        Ok(Domain::Numbers(numbers))
    }

    fn words(&self, words: &[Word]) -> Result<Domain, Diagnostic> {
        if words.is_empty() {
            let problem = self.problem("the list is empty");
            return Err(problem.hint("write at least two values"));
        }
        for (place, Word(word)) in words.iter().enumerate() {
            if word != super::ON {
                self.check(word, &[self.path, &place.to_string()])?;
            }
        }
        Ok(Domain::Words(
            words.iter().map(|word| word.0.clone()).collect(),
        ))
    }

    /// Whether the policy takes this value, which stands at `place`.
    fn check(&self, value: &str, place: &[&str]) -> Result<(), Diagnostic> {
        let mut document = self.base.clone();
        let read = document.set(self.path, value);
        let Err(wrong) = read.and_then(|()| Policy::from_document(&document, None)) else {
            return Ok(());
        };
        let problem = match wrong.message().starts_with("unknown key") {
            true => self.document.problem_at_key(&[self.path], wrong.message()),
            false => {
                let message = format!("the policy does not take `{value}`: {}", wrong.message());
                self.document.problem(place, message)
            }
        };
        Err(match wrong.hint_text() {
            Some(hint) => problem.hint(hint),
            None => problem,
        })
    }

    fn no_number(&self) -> Diagnostic {
        let message = format!("`{}` is no number of a policy", self.path);
        let problem = self.document.problem_at_key(&[self.path], message);
        let known = KNOBS.iter().map(|knob| knob.path.as_str());
        problem.did_you_mean(self.path, known)
    }

    fn problem(&self, message: impl Into<String>) -> Diagnostic {
        self.document.problem(&[self.path], message)
    }
}

fn is_within(knob: &Knob, amount: u64) -> bool {
    let end = |text| read_amount(knob.kind, text).ok();
    end(knob.range.0).is_none_or(|least| least <= amount)
        && end(knob.range.1).is_none_or(|largest| amount <= largest)
}

/// What a file says of one setting: `1..8`, `[a, b]`, or a map with one of them and `only_when`.
#[derive(Debug)]
struct Entry {
    values: Values,
    only_when: BTreeMap<String, String>,
}

#[derive(Debug)]
enum Values {
    Range(String),
    Words(Vec<Word>),
}

/// An entry in full.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Full {
    range: Option<String>,
    values: Option<Vec<Word>>,
    #[serde(default)]
    only_when: BTreeMap<String, Word>,
}

/// A value as its text: a word, a number or a truth value.
#[derive(Clone, Debug)]
struct Word(String);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneWord)
    }
}

struct OneWord;

impl Visitor<'_> for OneWord {
    type Value = Word;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, as in `p95`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Word, E> {
        Ok(Word(text.to_owned()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Word, E> {
        Ok(Word(number.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Word, E> {
        Ok(Word(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Word, E> {
        Ok(Word(number.to_string()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Word, E> {
        Ok(Word(value.to_string()))
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyEntry)
    }
}

struct AnyEntry;

impl<'de> Visitor<'de> for AnyEntry {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a range such as `50ms..2s log`, or a list of values")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Entry, E> {
        Ok(Entry {
            values: Values::Range(text.to_owned()),
            only_when: BTreeMap::new(),
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Entry, A::Error> {
        let mut words = Vec::new();
        while let Some(word) = list.next_element()? {
            words.push(word);
        }
        Ok(Entry {
            values: Values::Words(words),
            only_when: BTreeMap::new(),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Entry, A::Error> {
        let full = Full::deserialize(MapAccessDeserializer::new(map))?;
        let values = match (full.range, full.values) {
            (Some(range), None) => Values::Range(range),
            (None, Some(values)) => Values::Words(values),
            _ => {
                return Err(A::Error::custom(
                    "write either `range` or `values`, and `only_when` beside it",
                ));
            }
        };
        let only_when = full.only_when.into_iter();
        Ok(Entry {
            values,
            only_when: only_when.map(|(path, word)| (path, word.0)).collect(),
        })
    }
}

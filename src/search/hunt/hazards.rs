//! What may happen in a hunted world: the faults file.
//!
//! ```yaml
//! at_most: 2
//! at_a_time: 1
//! load: 0.5..2 log
//! faults:
//!   errors: { inject: server_error, target: [openai, backup], rate: 10%..100%, for: 10s..5m log }
//! ```
//!
//! An entry is a fault as in a scenario, in which any value can be a range of numbers or a list of
//! words. Here the file is read as it is; `space` fits it to a scenario.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::super::dimension::{self, Domain};
use crate::policy::config::KnobKind;
use crate::scenario::catalogue::{KEYS, ROWS, Row};
use crate::text::findings::Findings;
use crate::text::{Diagnostic, Document};

/// What may happen.
#[derive(Clone, Debug)]
pub struct Hazards {
    /// The most faults in a world.
    pub(super) at_most: usize,
    /// The most providers that are struck at a time.
    pub(super) at_a_time: usize,
    /// How many times as many calls as in the scenario.
    pub(super) load: Option<Domain>,
    /// Whether the scenario's own faults happen as well.
    pub(super) keeps_own: bool,
    /// The kinds of faults, in the file's order.
    pub(super) kinds: Vec<Hazard>,
    /// Whether they are the usual ones: those that do not fit a scenario are left out.
    pub(super) are_usual: bool,
    /// What they were read from.
    pub(super) document: Document,
}

/// A kind of fault.
#[derive(Clone, Debug)]
pub(super) struct Hazard {
    /// Its name in the file.
    pub(super) name: String,
    /// The word that it injects.
    pub(super) inject: String,
    /// Its keys in the file's order, and what each can be.
    pub(super) keys: Vec<(String, Choice)>,
}

/// What a key of a fault can be.
#[derive(Clone, Debug)]
pub(super) enum Choice {
    /// This, as YAML.
    Fixed(String),
    /// Any of these.
    Free(Domain),
}

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default = "two")]
    at_most: u32,
    #[serde(default = "one")]
    at_a_time: u32,
    load: Option<String>,
    #[serde(default = "yes")]
    own_faults: bool,
    faults: BTreeMap<String, BTreeMap<String, Value>>,
}

const fn one() -> u32 {
    1
}

const fn two() -> u32 {
    2
}

const fn yes() -> bool {
    true
}

impl Hazards {
    /// What is looked for where no file says what may happen.
    ///
    /// # Errors
    /// Never: a test reads it.
    pub fn usual() -> Result<Self, Diagnostic> {
        let document = Document::parse("the usual faults", USUAL)?;
        let hazards = Self::of(&document)?;
        Ok(Self {
            are_usual: true,
            ..hazards
        })
    }

    /// The faults file in `document`.
    ///
    /// # Errors
    /// When it is wrong, as far as that shows without a scenario.
    pub fn of(document: &Document) -> Result<Self, Diagnostic> {
        document.read_whole(&|document, findings| {
            let file: File = document.read_on(findings)?;
            Some(Self::read(document, &file, findings))
        })
    }

    fn read(document: &Document, file: &File, findings: &mut Findings) -> Self {
        let within = |key: &str, value: u32, most: u32| match (1..=most).contains(&value) {
            true => Ok(value as usize),
            false => {
                let problem = document.problem(&[key], "this is out of range");
                Err(problem.hint(format!("write 1 to {most}")))
            }
        };
        let load = file.load.as_ref().map(|text| {
            let range = dimension::read(text, Some(KnobKind::Factor), None);
            range.map_err(|(range, error)| {
                let problem = document.problem(&["load"], error.message());
                problem.within(text, range).hint_of(&error)
            })
        });
        let mut kinds = Vec::new();
        for name in document.keys(&["faults"]) {
            if let Some(keys) = file.faults.get(&name) {
                kinds.extend(findings.take(Hazard::read(document, &name, keys)));
            }
        }
        if file.faults.is_empty() {
            let problem = document.problem(&["faults"], "no fault may happen");
            findings.add(problem.hint("write one, as in a scenario"));
        }
        Self {
            at_most: findings
                .take(within("at_most", file.at_most, MOST_FAULTS))
                .unwrap_or(1),
            at_a_time: findings
                .take(within("at_a_time", file.at_a_time, MOST_PROVIDERS))
                .unwrap_or(1),
            load: load
                .and_then(|load| findings.take(load))
                .map(Domain::Numbers),
            keeps_own: file.own_faults,
            kinds,
            are_usual: false,
            document: document.clone(),
        }
    }
}

impl Hazard {
    fn read(
        document: &Document,
        name: &str,
        written: &BTreeMap<String, Value>,
    ) -> Result<Self, Diagnostic> {
        let Some(inject) = written.get("inject") else {
            let problem = document.problem_at_key(&["faults", name], "it injects nothing");
            return Err(problem.hint("write as in `{ inject: outage }`"));
        };
        let inject = inject
            .as_str()
            .map_or_else(|| inject.to_string(), str::to_owned);
        let Some(row) = Row::of(&inject) else {
            let message = format!("there is no fault `{}`", crate::units::truncate(&inject));
            let problem = document.problem(&["faults", name, "inject"], message);
            return Err(problem.did_you_mean(&inject, ROWS.iter().map(|row| row.word)));
        };
        let mut keys = Vec::new();
        for key in document.keys(&["faults", name]) {
            let path = ["faults", name, &key];
            if row.keys().all(|own| own != key) {
                let message = format!("`{inject}` does not take `{key}`");
                let problem = document.problem_at_key(&path, message);
                return Err(problem.did_you_mean(&key, row.keys()));
            }
            if key != "inject"
                && let Some(value) = written.get(&key)
            {
                keys.push((key.clone(), Choice::read(document, &path, value)?));
            }
        }
        Ok(Self {
            name: name.to_owned(),
            inject,
            keys,
        })
    }

    /// What can be chosen, with the key of each.
    pub(super) fn free(&self) -> impl Iterator<Item = (&str, &Domain)> {
        self.keys.iter().filter_map(|(key, choice)| match choice {
            Choice::Free(domain) => Some((key.as_str(), domain)),
            Choice::Fixed(_) => None,
        })
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|(own, _)| own == key)
    }
}

impl Choice {
    fn read(document: &Document, path: &[&str], value: &Value) -> Result<Self, Diagnostic> {
        match value {
            Value::String(text) if text.contains("..") => {
                // A value is of the same kind as the example of its key.
                let example = path
                    .last()
                    .and_then(|own| KEYS.iter().find(|key| key.name == *own));
                let kind = example.and_then(|key| dimension::kind_of(key.example, key.example));
                let range = dimension::read(text, kind, None).map_err(|(range, error)| {
                    let problem = document.problem(path, error.message());
                    problem.within(text, range).hint_of(&error)
                })?;
                Ok(Self::Free(Domain::Numbers(range)))
            }
            Value::Array(words) => {
                let places = (0..words.len()).map(|place| place.to_string());
                let words = places.filter_map(|place| {
                    let path = Vec::from_iter(path.iter().copied().chain([place.as_str()]));
                    document.value(&path)
                });
                let words = Vec::from_iter(words);
                if words.is_empty() {
                    let problem = document.problem(path, "this list is empty");
                    return Err(problem.hint("write what it can be"));
                }
                Ok(Self::Free(Domain::Words(words)))
            }
            _ => Ok(Self::Fixed(document.value(path).unwrap_or_default())),
        }
    }
}

/// What is looked for without a file.
pub const USUAL: &str = include_str!("faults.yaml");
/// A world of more is no small one.
const MOST_FAULTS: u32 = 8;
const MOST_PROVIDERS: u32 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let document = Document::parse("faults.yaml", text).expect("YAML");
        Hazards::of(&document).expect_err(text).to_string()
    }

    #[test]
    fn the_usual_faults_can_be_read_and_differ() {
        let usual = Hazards::usual().expect("it is ours");
        assert_eq!((usual.at_most, usual.at_a_time), (2, 1));
        assert!(usual.kinds.len() > 12 && usual.load.is_some());
    }

    #[test]
    fn a_range_is_of_the_kind_of_its_key() {
        let kind = |text: &str| {
            let document = Document::parse("faults.yaml", text).expect("YAML");
            let hazards = Hazards::of(&document).expect(text);
            let free = Vec::from_iter(hazards.kinds[0].free());
            let Domain::Numbers(numbers) = free[0].1 else {
                panic!("a range");
            };
            numbers.kind
        };
        let slow = "faults: { a: { inject: slow, factor: 2..20 } }\n";
        let few = "faults: { a: { inject: hang, times: 2..20 } }\n";
        assert_eq!((kind(slow), kind(few)), (KnobKind::Factor, KnobKind::Count));
        let wrong = told("faults: { a: { inject: slow, factor: 1.5..x } }\n");
        assert!(wrong.contains(":1:43\n"), "{wrong}");
    }

    #[test]
    fn mistakes_are_pointed_at() {
        let all = [
            "at_most: 0\nload: 2..0.5\nfaults: { a: { inject: outage } }\n",
            "faults: { a: { inject: outge }, b: { rate: 5% } }\n",
            "faults:\n  a: { inject: outage, rate: 10%..100% }\n",
            "faults:\n  a: { inject: outage, target: [] }\n",
            "faults: {}\n",
        ];
        insta::assert_snapshot!(all.map(told).join("\n"));
    }
}

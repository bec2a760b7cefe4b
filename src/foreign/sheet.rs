//! A foreign file in which every setting is accounted for.
//!
//! A reader asks for values by their [`Spot`], and notes what became of each. What no note is about
//! becomes a note itself: nothing is ignored silently. Diagnostics point into a copy of the file in
//! which texts that may be secrets are masked.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::note::{Note, Outcome};
use crate::text::{Diagnostic, Document, secrets};
use crate::units::{duration, truncate};

/// A foreign file, and what became of its settings so far.
#[derive(Debug)]
pub(crate) struct Sheet {
    document: Document,
    masked: Document,
    values: Value,
    noted: BTreeSet<Vec<String>>,
    notes: Vec<Note>,
}

/// The place of a value: the keys that lead to it, positions of lists included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spot(Vec<String>);

impl Spot {
    /// The value under `key`.
    pub(crate) fn of(key: &str) -> Self {
        Self::default().to(key)
    }

    /// The value under `key` of this one.
    pub(crate) fn to(&self, key: &str) -> Self {
        let mut keys = self.0.clone();
        keys.push(key.to_owned());
        Self(keys)
    }

    /// The entry at `place` of this list.
    pub(crate) fn at(&self, place: usize) -> Self {
        self.to(&place.to_string())
    }

    fn steps(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }
}

impl Sheet {
    /// Reads YAML or JSON.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, Diagnostic> {
        let document = Document::parse(name, text).map_err(Diagnostic::concealed)?;
        let masked = document.redacted(&is_open)?;
        let values: Value = document.decode().map_err(Diagnostic::concealed)?;
        if !values.is_object() {
            let problem = masked.problem(&[], "this is not a map of settings");
            return Err(problem.hint("name the system's configuration file"));
        }
        Ok(Self {
            document,
            masked,
            values,
            noted: BTreeSet::new(),
            notes: Vec::new(),
        })
    }

    fn value(&self, spot: &Spot) -> Option<&Value> {
        let found = spot
            .0
            .iter()
            .try_fold(&self.values, |value, key| match value {
                Value::Array(items) => items.get(key.parse::<usize>().ok()?),
                Value::Object(map) => map.get(key),
                _ => None,
            });
        found.filter(|value| !value.is_null())
    }

    /// Whether the file says something there.
    pub(crate) fn has(&self, spot: &Spot) -> bool {
        self.value(spot).is_some()
    }

    /// The keys of a map, in the order of the file.
    pub(crate) fn keys(&self, spot: &Spot) -> Vec<String> {
        self.document.keys(&spot.steps())
    }

    /// The number of entries of a list; 0 where there is none.
    pub(crate) fn len(&self, spot: &Spot) -> usize {
        self.value(spot)
            .and_then(Value::as_array)
            .map_or(0, Vec::len)
    }

    /// The place that this one lies in, `levels` above.
    #[must_use]
    pub(crate) fn above(&self, spot: &Spot, levels: usize) -> Spot {
        Spot(spot.0[..spot.0.len().saturating_sub(levels)].to_vec())
    }

    /// The entries of a list.
    pub(crate) fn entries(&self, spot: &Spot) -> Vec<Spot> {
        (0..self.len(spot)).map(|place| spot.at(place)).collect()
    }

    /// A scalar as it is written; it may be a secret.
    pub(crate) fn raw(&self, spot: &Spot) -> Option<String> {
        match self.value(spot)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(_) | Value::Bool(_) => self.document.value(&spot.steps()),
            _ => None,
        }
    }

    /// A text, of at most a line; an error where it is none, or looks like a secret.
    pub(crate) fn text(&self, spot: &Spot) -> Result<Option<String>, Diagnostic> {
        if !self.has(spot) {
            return Ok(None);
        }
        let text = self.raw(spot).unwrap_or_default();
        let fits = (1..=LONGEST).contains(&text.len()) && !text.contains(char::is_control);
        if !fits {
            return Err(self.wrong(spot, "this is not a name", "write it on one line"));
        }
        if secrets::are_in(&text) {
            return Err(self.wrong(spot, "this looks like a key", "write a name here"));
        }
        Ok(Some(text))
    }

    /// A word of a list of words.
    pub(crate) fn word(&self, spot: &Spot) -> Result<Option<String>, Diagnostic> {
        let text = self.text(spot)?;
        Ok(text.map(|text| text.to_ascii_lowercase()))
    }

    /// A whole number.
    pub(crate) fn count(&self, spot: &Spot) -> Result<Option<u64>, Diagnostic> {
        if !self.has(spot) {
            return Ok(None);
        }
        let text = self.raw(spot).unwrap_or_default();
        let whole = text.strip_suffix(".0").unwrap_or(&text);
        match whole.parse::<u64>() {
            Ok(number) if number <= MOST => Ok(Some(number)),
            _ => Err(self.wrong(spot, "this is not a whole number", "write it as in `3`")),
        }
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, spot: &Spot) -> Result<Option<bool>, Diagnostic> {
        match self.value(spot) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text == "true" || text == "false" => {
                Ok(Some(text == "true"))
            }
            Some(_) => Err(self.wrong(spot, "this is neither true nor false", "write `true`")),
        }
    }

    /// A length of time; a number without a unit is in `unit`.
    pub(crate) fn time(&self, spot: &Spot, unit: &str) -> Result<Option<Duration>, Diagnostic> {
        if !self.has(spot) {
            return Ok(None);
        }
        let text = self.raw(spot).unwrap_or_default();
        let is_bare = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
        let text = match is_bare {
            true => format!("{text}{unit}"),
            false => text,
        };
        let read = duration::parse(&text).or_else(|error| iso(&text).ok_or(error));
        let hint = format!("write it as in `2{unit}`");
        read.map(Some)
            .map_err(|_| self.wrong(spot, "this is not a length of time", &hint))
    }

    /// A diagnostic that points at a value.
    pub(crate) fn wrong(&self, spot: &Spot, message: &str, hint: &str) -> Diagnostic {
        self.masked.problem(&spot.steps(), message).hint(hint)
    }

    /// Notes what became of the value at `spot`, and of everything in it.
    pub(crate) fn note(&mut self, spot: &Spot, outcome: Outcome, says: impl Into<String>) {
        self.noted.insert(spot.0.clone());
        let line = self.document.line(&spot.steps()).unwrap_or(0);
        self.notes.push(Note {
            line,
            setting: shown(&spot.0),
            outcome,
            says: says.into(),
        });
    }

    /// Notes a default of the system that the file does not write.
    pub(crate) fn default(&mut self, setting: &str, outcome: Outcome, says: impl Into<String>) {
        self.notes.push(Note {
            line: 0,
            setting: setting.to_owned(),
            outcome,
            says: says.into(),
        });
    }

    /// Accounts for a value that the note of another is about.
    pub(crate) fn cover(&mut self, spot: &Spot) {
        self.noted.insert(spot.0.clone());
    }

    /// Notes each of `keys` below `spot` that the file has and no note is about.
    pub(crate) fn not_used(&mut self, spot: &Spot, keys: &[&str], says: &str) {
        for key in keys {
            let one = spot.to(key);
            let is_noted = |noted: &Vec<String>| noted.starts_with(&one.0);
            let is_there = self.document.keys(&spot.steps()).iter().any(|k| k == key);
            if is_there && !self.noted.iter().any(is_noted) {
                self.note(&one, Outcome::NotUsed, says);
            }
        }
    }

    /// The places of all values under `key`, wherever they stand.
    pub(crate) fn find(&self, key: &str) -> Vec<Spot> {
        let mut found = Vec::new();
        find(&self.values, key, &mut Vec::new(), &mut found);
        found
    }

    /// The place of `key` below `spot` in any spelling: `maxAttempts`, `max-attempts`.
    pub(crate) fn spelled(&self, spot: &Spot, key: &str) -> Spot {
        let plain = |text: &str| {
            let fits = text.chars().filter(|c| c.is_alphanumeric());
            fits.flat_map(char::to_lowercase).collect::<String>()
        };
        let keys = self.keys(spot);
        let written = keys.into_iter().find(|one| plain(one) == plain(key));
        spot.to(written.as_deref().unwrap_or(key))
    }

    /// A share: a number of percent, with `50.5` or `50%`; in parts per 10^9.
    pub(crate) fn percent(&self, spot: &Spot) -> Result<Option<u64>, Diagnostic> {
        let Some(text) = self.raw(spot) else {
            return Ok(None);
        };
        let text = format!("{}%", text.trim_end_matches('%'));
        let read = crate::units::Share::parse(&text).map(crate::units::Share::as_parts);
        read.map(Some)
            .map_err(|_| self.wrong(spot, "this is not a share", "write a number of percent"))
    }

    /// A list of words, or one text with commas.
    pub(crate) fn words(&self, spot: &Spot) -> Vec<String> {
        let texts = match self.raw(spot) {
            Some(text) => text.split(',').map(str::to_owned).collect(),
            None => {
                let entries = self.entries(spot).into_iter();
                Vec::from_iter(entries.filter_map(|one| self.raw(&one)))
            }
        };
        let texts = texts.iter().map(|text| text.trim().to_ascii_lowercase());
        texts.filter(|text| !text.is_empty()).collect()
    }

    /// Notes the value at `spot` as not used where no note is about it or a part of it; else its
    /// parts without a note.
    pub(crate) fn rest_of(&mut self, spot: &Spot, says: &str) {
        let Some(value) = self.value(spot) else {
            return;
        };
        let mut left = Vec::new();
        let is_noted = self.noted.iter().any(|one| one.starts_with(&spot.0));
        match is_noted {
            true => leaves(value, &mut spot.0.clone(), &self.noted, &mut left),
            false => left.push((spot.0.clone(), false)),
        }
        for (keys, _) in left {
            self.note(&Spot(keys), Outcome::NotUsed, says);
        }
    }

    /// Notes every value under one of `keys` that no note is about, wherever it stands.
    pub(crate) fn not_used_anywhere(&mut self, keys: &[&str], says: &str) {
        for key in keys {
            for spot in self.find(key) {
                let is_noted = (0..=spot.0.len()).any(|n| self.noted.contains(&spot.0[..n]));
                let is_above = self.noted.iter().any(|noted| noted.starts_with(&spot.0));
                if !is_noted && !is_above {
                    self.note(&spot, Outcome::NotUsed, says);
                }
            }
        }
    }

    /// All notes, in the order of the file; what no note is about is not known.
    pub(crate) fn finish(mut self) -> Vec<Note> {
        let mut left = Vec::new();
        leaves(&self.values, &mut Vec::new(), &self.noted, &mut left);
        for (keys, is_empty) in left {
            let spot = Spot(keys);
            match is_empty {
                true => self.note(&spot, Outcome::NotUsed, "It is empty: the default holds."),
                false => self.note(&spot, Outcome::NotKnown, "This key is not known here."),
            }
        }
        // Stable: notes about one line stay in the order in which they were made.
        self.notes.sort_by_key(|note| note.line);
        // Targets that inherit a setting note it again.
        let mut seen = Vec::new();
        self.notes.retain(|note| {
            let is_new = !seen.contains(note);
            seen.push(note.clone());
            is_new
        });
        self.notes
    }
}

/// Adds the places of all values under `key`; none within another.
fn find(value: &Value, key: &str, keys: &mut Vec<String>, found: &mut Vec<Spot>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                if name == key {
                    keys.push(name.clone());
                    found.push(Spot(keys.clone()));
                    keys.pop();
                    continue;
                }
                keys.push(name.clone());
                find(value, key, keys, found);
                keys.pop();
            }
        }
        Value::Array(items) => {
            for (place, value) in items.iter().enumerate() {
                keys.push(place.to_string());
                find(value, key, keys, found);
                keys.pop();
            }
        }
        _ => {}
    }
}

/// The scalars (and empty maps and lists) that no note is about, with whether they are null.
fn leaves(
    value: &Value,
    keys: &mut Vec<String>,
    noted: &BTreeSet<Vec<String>>,
    left: &mut Vec<(Vec<String>, bool)>,
) {
    if noted.contains(keys) {
        return;
    }
    let mut below = |key: String, value: &Value, keys: &mut Vec<String>| {
        keys.push(key);
        leaves(value, keys, noted, left);
        keys.pop();
    };
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                below(key.clone(), value, keys);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (place, value) in items.iter().enumerate() {
                below(place.to_string(), value, keys);
            }
        }
        Value::Null | Value::Object(_) | Value::Array(_) => left.push((keys.clone(), true)),
        _ => left.push((keys.clone(), false)),
    }
}

/// The keys as a report shows them: the last ones of a long path.
fn shown(keys: &[String]) -> String {
    let from = keys.len().saturating_sub(MOST_STEPS);
    match (from, joined(&keys[from..])) {
        (0, text) => text,
        (_, text) if text.starts_with('[') => format!("…{text}"),
        (_, text) => format!("….{text}"),
    }
}

fn joined(keys: &[String]) -> String {
    let mut text = String::new();
    for key in keys {
        let key = match secrets::are_in(key) {
            true => "***".to_owned(),
            false => truncate(key),
        };
        match key.parse::<usize>() {
            Ok(place) => text.push_str(&format!("[{place}]")),
            Err(_) if text.is_empty() => text.push_str(&key),
            Err(_) => text.push_str(&format!(".{key}")),
        }
    }
    text
}

/// Whether a diagnostic may show a key or a scalar.
fn is_open(path: &[&str], text: &str) -> bool {
    let is_key = path.last() == Some(&text);
    let key = path.last().map_or("", |key| key).to_ascii_lowercase();
    let hides = [
        "key",
        "token",
        "secret",
        "password",
        "credential",
        "header",
        "url",
    ];
    let is_hidden = !is_key && hides.iter().any(|word| key.contains(word));
    let is_short = text.len() <= LONGEST_SHOWN;
    is_short && !is_hidden && !secrets::are_in(text)
}

/// A length of time as ISO 8601 writes it: `PT1M30S`.
fn iso(text: &str) -> Option<Duration> {
    let parts = text.strip_prefix("PT")?.to_ascii_lowercase();
    duration::parse(&parts).ok()
}

/// How many keys of a path a report shows.
const MOST_STEPS: usize = 5;
/// The longest text that is taken as a name.
const LONGEST: usize = 200;
/// The longest text that a diagnostic shows.
const LONGEST_SHOWN: usize = 40;
/// The largest number that is taken.
const MOST: u64 = 1_000_000_000_000;

//! The range of a key: the reader is given values that are far too small and far too large, and
//! says what it would take.

use std::collections::BTreeMap;
use std::path::Path;

use firedrill::scenario::load;
use serde_json::Value;

use super::super::typed;
use super::examples::{self, Example, Examples};

/// The range of each key that has one, in the reader's words: several where it depends on the word.
pub(super) fn of(schema: &Value, examples: &Examples) -> BTreeMap<(String, String), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut all = BTreeMap::new();
    for (place, examples) in examples {
        let mut ranges: Vec<String> = Vec::new();
        for range in examples
            .iter()
            .filter_map(|one| of_one(schema, one, folder.path()))
        {
            if !ranges.contains(&range) {
                ranges.push(range);
            }
        }
        if !ranges.is_empty() {
            all.insert(place.clone(), ranges.join(", or "));
        }
    }
    all
}

/// The range of the key of one example.
fn of_one(schema: &Value, example: &Example, folder: &Path) -> Option<String> {
    let names = examples::named_candidates(schema, &example.schema);
    let is_of = |kind: &str| names.iter().any(|(name, _)| name == kind);
    let (_, values) = KINDS.iter().find(|(kind, _)| is_of(kind))?;
    values.iter().find_map(|value| {
        let mut block = example.block.clone();
        *block.pointer_mut(&example.pointer)? = typed(Value::from(*value));
        let path = examples::write(folder, &block);
        stated(&load(&path, &[]).err()?.to_string())
    })
}

/// The range that a message states: `write a value from 1ms to 366d`.
fn stated(problem: &str) -> Option<String> {
    for (before, prefix) in [("write a value from ", ""), ("write at most `", "at most ")] {
        if let Some((_, rest)) = problem.split_once(before) {
            let end = rest.find(['\n', '`', ';']).unwrap_or(rest.len());
            let range = format!("{prefix}{}", rest[..end].trim());
            let range = range.replace("0.0000001%", "above 0%");
            return Some(range.replace("99.9999999%", "below 100%"));
        }
    }
    None
}

/// Values of each kind that are too small or too large for any key.
const KINDS: &[(&str, &[&str])] = &[
    ("Length", &["0", "1ns", "36525d"]),
    ("LengthOrNone", &["0", "1ns", "36525d"]),
    ("Share", &["0%", "100%"]),
    ("Rate", &["900000000/s"]),
    ("Tokens", &["0 tok", "9000M tok"]),
    ("Speed", &["0 tok/s", "9000000000 tok/s"]),
    ("Bandwidth", &["0 B/s", "9000000000 MB/s"]),
    ("Count", &["0", "900000000M"]),
    ("Whole", &["0", "900000000000"]),
    ("Factor", &["0", "900000000"]),
    ("Usd", &["900000000000 USD"]),
];

//! Candidates as JSON lines: what a line asks for, or what is wrong with it.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use serde::Serialize;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;

use crate::search::evaluate::{Candidate, Evaluator};
use crate::text::Diagnostic;
use crate::units::truncate;

/// The lines of the input.
pub(super) struct Input<R> {
    reader: BufReader<R>,
    /// How many were read.
    lines: u64,
}

/// A line.
pub(super) struct Line {
    number: u64,
    /// Its bytes; none when there are too many for a candidate.
    text: Option<Vec<u8>>,
}

/// A line as it was understood.
pub(super) struct Asked {
    /// What it has under `id`.
    pub(super) id: Option<Value>,
    pub(super) candidate: Result<Candidate, Wrong>,
}

/// What is wrong with a line.
#[derive(Debug, Default, Serialize)]
pub(super) struct Wrong {
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// The path of the value that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// The place in the policy's file that does not fit to the values.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    /// The number of a line that is no candidate at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
}

impl<R: Read> Input<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader: BufReader::with_capacity(WAITING, reader),
            lines: 0,
        }
    }

    /// The next line, and those that already wait behind it; none at the end of the input.
    pub(super) fn waiting(&mut self) -> io::Result<Vec<Line>> {
        let mut lines = Vec::from_iter(self.next()?);
        while !lines.is_empty() && self.reader.buffer().contains(&b'\n') {
            lines.extend(self.next()?);
        }
        Ok(lines)
    }

    fn next(&mut self) -> io::Result<Option<Line>> {
        let mut text = Vec::new();
        let mut start = self.reader.by_ref().take(LONGEST);
        if start.read_until(b'\n', &mut text)? == 0 {
            return Ok(None);
        }
        self.lines += 1;
        let is_whole = text.ends_with(b"\n") || (text.len() as u64) < LONGEST;
        if !is_whole {
            self.reader.skip_until(b'\n')?;
        }
        Ok(Some(Line {
            number: self.lines,
            text: is_whole.then_some(text),
        }))
    }
}

impl Asked {
    pub(super) fn new(line: &Line, evaluator: &Evaluator) -> Self {
        let mut values = match line.values() {
            Ok(values) => values,
            Err(wrong) => {
                return Self {
                    id: None,
                    candidate: Err(wrong),
                };
            }
        };
        let id = values.remove(ID);
        // JSON is YAML. Paths are sorted: a part comes before what lies in it.
        let set = values
            .iter()
            .map(|(path, value)| (path.clone(), value.to_string()));
        let candidate = evaluator.candidate(&Vec::from_iter(set));
        Self {
            id,
            candidate: candidate.map_err(Wrong::from),
        }
    }
}

impl Line {
    /// Its paths and values.
    fn values(&self) -> Result<BTreeMap<String, Value>, Wrong> {
        let wrong = |message: String| Wrong {
            message,
            hint: Some("write an object of paths and values on one line".to_owned()),
            line: Some(self.number),
            ..Wrong::default()
        };
        let Some(text) = &self.text else {
            return Err(wrong(format!("the line has {LONGEST} bytes or more")));
        };
        let values = serde_json::from_slice(text.trim_ascii_end());
        let Values(values) = values.map_err(|error: serde_json::Error| {
            let (told, column) = (error.to_string(), error.column());
            let told = told.split(" at line ").next().unwrap_or_default();
            wrong(match error.classify() {
                Category::Data if told.starts_with("invalid type") => {
                    "this is JSON, but not an object".to_owned()
                }
                Category::Data => told.to_owned(),
                _ => format!("not JSON: {told} (column {column})"),
            })
        })?;
        Ok(values)
    }
}

/// An object, no key of which is there twice.
struct Values(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ValuesVisitor)
    }
}

struct ValuesVisitor;

impl<'de> Visitor<'de> for ValuesVisitor {
    type Value = Values;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Values, A::Error> {
        let mut values = BTreeMap::new();
        while let Some((path, value)) = map.next_entry::<String, Value>()? {
            if values.contains_key(&path) {
                let path = truncate(&path);
                return Err(de::Error::custom(format_args!("`{path}` is set twice")));
            }
            values.insert(path, value);
        }
        Ok(Values(values))
    }
}

impl From<Diagnostic> for Wrong {
    fn from(problem: Diagnostic) -> Self {
        let path = problem.set_path().map(str::to_owned);
        let place = || format!("{}:{}:{}", problem.file(), problem.line(), problem.column());
        Self {
            message: problem.message().to_owned(),
            hint: problem.hint_text().map(str::to_owned),
            place: path.is_none().then(place),
            path,
            line: None,
        }
    }
}

/// The key that is no path: the caller's own.
const ID: &str = "id";

/// How many bytes of waiting lines are read at a time.
const WAITING: usize = 64 << 10;

/// A bound on memory: the longest candidate that sets every knob has some thousand bytes.
const LONGEST: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_wait_come_together_and_a_long_one_is_left_out() {
        let long = "x".repeat(LONGEST as usize);
        let text = format!("{{}}\n\n{long}\n1");
        let mut input = Input::new(text.as_bytes());
        let lines = std::iter::from_fn(|| input.next().expect("it is read"));
        let told = lines.map(|line| (line.number, line.text.map(|text| text.len())));
        let expected = [(1, Some(3)), (2, Some(1)), (3, None), (4, Some(1))];
        assert_eq!(Vec::from_iter(told), expected);
        let mut input = Input::new(&b"{}\n{}\n{}"[..]);
        assert_eq!(input.waiting().expect("it is read").len(), 2);
        assert_eq!(input.waiting().expect("it is read").len(), 1);
        assert_eq!(input.waiting().expect("it is read").len(), 0);
    }
}

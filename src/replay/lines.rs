//! Trace files with JSON on each line, as Mooncake publishes them.
//!
//! `hash_ids` name the blocks of 512 tokens of a prompt; equal names mean equal blocks and equal
//! prefixes before them. A row's prefix is the longest prefix that another row has too. A provider
//! caches whole prefixes: a shorter prefix that a third row shares is not recognized.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value};

use super::{HEADS, Point, Prefix, RawRow, Rows};
use crate::text::Diagnostic;
use crate::units::tokens::MOST_TOKENS;

/// The rows of a file with a JSON map on each line.
pub(super) fn rows(text: &str, point: Point<'_>) -> Result<Rows, Diagnostic> {
    let mut rows = Rows::default();
    let mut blocks = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim().is_empty() {
            let line = Line::new(line, start, point)?;
            let read = RawRow {
                at: line.number("timestamp", u64::MAX / MILLISECOND, "a whole number of ms")?
                    * MILLISECOND,
                input: line.number("input_length", MOST_TOKENS, TOKENS)?,
                output: line.number("output_length", MOST_TOKENS, TOKENS)?,
                prefix: None,
            };
            rows.push(&read, |message| line.problem("timestamp", message))?;
            blocks.push(line.blocks()?);
        }
        start += line.len();
    }
    share(&mut rows, &blocks);
    Ok(rows)
}

/// Gives each row the longest prefix that another row has too.
fn share(rows: &mut Rows, blocks: &[Vec<u64>]) {
    let mut seen: BTreeMap<u64, u32> = BTreeMap::new();
    for block in blocks.iter().flatten() {
        *seen.entry(*block).or_default() += 1;
    }
    for (row, blocks) in rows.rows.iter_mut().zip(blocks) {
        let shared = blocks.iter().take_while(|block| seen[block] > 1);
        row.prefix = shared.zip(1..).last().map(|(block, count)| Prefix {
            id: block | RECORDED,
            tokens: (count * BLOCK).min(row.input),
        });
    }
}

/// One line, and where it stands.
struct Line<'a> {
    text: &'a str,
    start: usize,
    keys: Map<String, Value>,
    point: Point<'a>,
}

impl<'a> Line<'a> {
    fn new(text: &'a str, start: usize, point: Point<'a>) -> Result<Self, Diagnostic> {
        let text = text.trim_end();
        let wrong = |at: usize, message: String| {
            let at = start + at.min(text.len());
            let problem = point(at..at, message);
            problem.hint("write one JSON map on each line, as in `{\"timestamp\": 0, …}`")
        };
        match serde_json::from_str(text) {
            Ok(Value::Object(keys)) => Ok(Self {
                text,
                start,
                keys,
                point,
            }),
            Ok(_) => Err(wrong(0, "this is not a JSON map".to_owned())),
            Err(error) => {
                let mut at = error.column().saturating_sub(1).min(text.len());
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                Err(wrong(at, "this is not JSON".to_owned()))
            }
        }
    }

    fn number(&self, key: &str, most: u64, kind: &str) -> Result<u64, Diagnostic> {
        let Some(value) = self.keys.get(key) else {
            let message = format!("the row has no `{key}`");
            let whole = self.start..self.start + self.text.len();
            return Err((self.point)(whole, message).hint(HEADS));
        };
        match value.as_u64() {
            Some(number) if number <= most => Ok(number),
            Some(_) => Err(self
                .problem(key, &format!("is more than {most}: `{value}`"))
                .hint("no call is that long, and no trace")),
            None => {
                let shown = value.to_string();
                let problem = self.problem(key, &format!("is not {kind}: `{shown}`"));
                Err(problem.hint("write digits only, as in `374`"))
            }
        }
    }

    /// The names of the prompt's blocks; empty if the row has none.
    fn blocks(&self) -> Result<Vec<u64>, Diagnostic> {
        let Some(value) = self.keys.get("hash_ids") else {
            return Ok(Vec::new());
        };
        let all = value.as_array().and_then(|blocks| {
            let numbers = blocks.iter().map(Value::as_u64);
            numbers.collect::<Option<Vec<u64>>>()
        });
        all.ok_or_else(|| {
            let problem = self.problem("hash_ids", "is not a list of whole numbers");
            problem.hint("write as in `[0, 1, 2]`, or leave the key out")
        })
    }

    fn problem(&self, key: &str, message: &str) -> Diagnostic {
        (self.point)(self.place(key), format!("`{key}` {message}"))
    }

    /// The range of the value of `key`, or the whole line if the value cannot be located.
    fn place(&self, key: &str) -> Range<usize> {
        let quoted = format!("\"{key}\"");
        let found = self.text.find(&quoted).and_then(|at| {
            let behind = at + quoted.len();
            let value = self.text[behind..]
                .trim_start()
                .strip_prefix(':')?
                .trim_start();
            let from = self.text.len() - value.len();
            let close = if value.starts_with('[') { ']' } else { ',' };
            let end = value.find([close, '}']).unwrap_or(value.len());
            let end = if close == ']' { end + 1 } else { end };
            let value = value.get(..end)?.trim_end();
            Some(self.start + from..self.start + from + value.len())
        });
        found.unwrap_or(self.start..self.start + self.text.len())
    }
}

const TOKENS: &str = "a whole number of tokens";
const MILLISECOND: u64 = 1_000_000;

/// Tokens in a block of a prompt.
const BLOCK: u64 = 512;

/// Separates the numbers of recorded blocks from those of drawn prefixes.
const RECORDED: u64 = 1 << 63;

#[cfg(test)]
mod tests {
    use super::super::Row;
    use super::*;
    use crate::time::Instant;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Vec<Row>, Diagnostic> {
        super::super::rows("t.jsonl", text.as_bytes())
    }

    #[test]
    fn milliseconds_lengths_and_shared_blocks_are_read() {
        let text = "{\"timestamp\": 27000, \"input_length\": 1200, \"output_length\": 52, \
                    \"hash_ids\": [46, 47, 48]}\n\
                    {\"timestamp\": 30000, \"input_length\": 700, \"output_length\": 0, \
                    \"hash_ids\": [46, 47]}\n\n\
                    {\"timestamp\": 30000, \"input_length\": 9, \"output_length\": 1, \
                    \"hash_ids\": [99]}\r\n\
                    {\"timestamp\": 30001, \"input_length\": 5, \"output_length\": 2}";
        let shared = |tokens| {
            Some(Prefix {
                id: 47 | RECORDED,
                tokens,
            })
        };
        let rows = read(text).unwrap();
        let expected = [
            (0, 1_200, 52, shared(1_024)),
            (3_000_000_000, 700, 1, shared(700)),
            (3_000_000_000, 9, 1, None),
            (3_001_000_000, 5, 2, None),
        ];
        assert_eq!(rows.len(), expected.len());
        for (row, (at, input, output, prefix)) in rows.iter().zip(expected) {
            let arrival = Instant::from_nanos(at);
            let expected = Row {
                arrival,
                input,
                output,
                prefix,
            };
            assert_eq!(*row, expected);
        }
    }

    #[test]
    fn wrong_lines_say_where_and_what() {
        for (text, place, part) in WRONG {
            let text = text.replace("ROW", ROW);
            let problem = read(&text).unwrap_err();
            let shown = problem.to_string();
            assert!(shown.contains(part) && shown.contains('^'), "{shown}");
            assert_eq!((problem.line(), problem.column()), place, "{shown}");
            assert!(problem.hint_text().is_some(), "{shown}");
        }
    }

    const ROW: &str = "{\"timestamp\": 5, \"input_length\": 1, \"output_length\": 1}";

    #[rustfmt::skip]
    const WRONG: [(&str, (usize, usize), &str); 9] = [
        ("ROW\n{\"timestamp\": 5", (2, 15), "this is not JSON"),
        ("ROW\n[1]", (2, 1), "not a JSON map"),
        ("ROW\n{\"timestamp\": 5, \"input_length\": 1}", (2, 1), "no `output_length`"),
        ("{\"timestamp\": 0.5, \"input_length\": 1}", (1, 15), "not a whole number of ms: `0.5`"),
        ("ROW\n{\"timestamp\": 4, \"input_length\": 1, \"output_length\": 1}",
         (2, 15), "comes before the row above it"),
        ("{\"timestamp\": 4, \"input_length\":\"x\"}", (1, 33), "not a whole number of tokens"),
        ("{\"timestamp\": 4, \"input_length\": 10000001}", (1, 34), "more than 10000000"),
        ("ROW\n{\"timestamp\": 99999999999, \"input_length\": 1, \"output_length\": 1}",
         (2, 15), "more than 366 days"),
        ("{\"timestamp\": 4, \"input_length\": 1, \"output_length\": 1, \"hash_ids\": [1, -1]}",
         (1, 69), "not a list of whole numbers"),
    ];

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]{}:,\"0-9a-z\n é.-]{0,60}") {
            let _ = read(&format!("{{{text}"));
            let _ = read(&format!("{ROW}\n{{\"timestamp\": 5, \"hash_ids\": {text}"));
        }
    }
}

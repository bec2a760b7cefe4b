//! Every reader of bytes from outside, as one function: for tests that feed them anything.
//!
//! `tests/files/readers.rs` looks for panics, and for secrets in what is shown.

use std::path::Path;

use crate::client::{FleetFile, told};
use crate::expect;
use crate::host::request::{self, Chunks, Parsed};
use crate::policy::config::Policy;
use crate::prices::Book;
use crate::report::{self, Format, ReadError};
use crate::roi::Written;
use crate::scenario::{self, replay};
use crate::text::visible::visible;
use crate::text::{Diagnostic, Document};
use crate::trace::lines;
use crate::wire::sse::{self, Item};
use crate::wire::{Dialect, Family};

/// A reader of bytes from outside.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Reader {
    /// Its name, and that of the folder with its examples.
    pub name: &'static str,
    /// Reads bytes, and returns all that people may be shown of them.
    pub read: fn(&[u8]) -> String,
}

/// The readers.
pub const READERS: &[Reader] = &[
    reader("scenario", scenario),
    reader("policy", policy),
    reader("fleet", fleet),
    reader("set", set),
    reader("expectation", expectation),
    reader("trace-lines", trace_lines),
    reader("trace-table", trace_table),
    reader("prices", prices),
    reader("result", result),
    reader("roi", roi),
    reader("sse", events),
    reader("request", requests),
    reader("openai", |bytes| answer(Dialect::Openai, bytes)),
    reader("anthropic", |bytes| answer(Dialect::Anthropic, bytes)),
    reader("gemini", |bytes| answer(Dialect::Gemini, bytes)),
    reader("azure", |bytes| answer(Dialect::Azure, bytes)),
    reader("deepseek", |bytes| answer(Dialect::Deepseek, bytes)),
    reader("moonshot", |bytes| answer(Dialect::Moonshot, bytes)),
    reader("openrouter", |bytes| answer(Dialect::Openrouter, bytes)),
    reader("xai", |bytes| answer(Dialect::Xai, bytes)),
];

const fn reader(name: &'static str, read: fn(&[u8]) -> String) -> Reader {
    Reader { name, read }
}

/// Texts of files: bytes that are none become replacement characters, as in the readers.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A diagnostic, in both of its forms.
fn shown<T>(read: Result<T, Diagnostic>) -> String {
    let problem = read.err();
    problem.map_or_else(String::new, |problem| format!("{problem}{problem:?}"))
}

fn scenario(bytes: &[u8]) -> String {
    let document = Document::parse("all.yaml", &text(bytes));
    shown(document.and_then(|document| {
        let problem = scenario::load::check(document, Path::new("all.yaml"));
        problem.map_or(Ok(()), Err)
    }))
}

fn policy(bytes: &[u8]) -> String {
    shown(Policy::parse("p.yaml", &text(bytes)))
}

fn fleet(bytes: &[u8]) -> String {
    shown(FleetFile::parse("fleet.yaml", &text(bytes)))
}

/// `--set PATH=VALUE` on top of a policy.
fn set(bytes: &[u8]) -> String {
    let text = text(bytes);
    let Some((path, value)) = text.split_once('=') else {
        return String::new();
    };
    let set = Document::parse("p.yaml", "name: p\n").and_then(|mut document| {
        document.set(path, value)?;
        Policy::from_document(&document, Some("p"))
    });
    shown(set)
}

fn expectation(bytes: &[u8]) -> String {
    let text = text(bytes);
    let point = |range, message| Diagnostic::of_text("s.yaml", &text, range, message);
    shown(expect::parse(&text, &["outage".to_owned()], &point))
}

fn trace_lines(bytes: &[u8]) -> String {
    let told = |error: lines::ReadError| visible(&error.to_string()).into_owned();
    match lines::Reader::named("t.jsonl", bytes) {
        Ok(mut events) => match events.find_map(Result::err) {
            Some(error) => told(error),
            None => String::new(),
        },
        Err(error) => told(error),
    }
}

fn trace_table(bytes: &[u8]) -> String {
    let text = text(bytes);
    let point = |range, message| Diagnostic::of_text("t.csv", &text, range, message);
    shown(replay::rows(&text, &point))
}

fn prices(bytes: &[u8]) -> String {
    shown(Book::parse("prices.yaml", &text(bytes)))
}

/// A result document, which is rendered, and merged and compared with itself.
fn result(bytes: &[u8]) -> String {
    let text = text(bytes);
    match report::read(&text) {
        Ok(reports) => {
            for report in &reports {
                for format in [Format::Table, Format::Json, Format::Csv, Format::Markdown] {
                    report.render(format, false);
                }
                // The same seeds are in both: merging says so, and looks at all else before.
                let _ = report.merge(report);
                report.picture();
            }
            String::new()
        }
        Err(ReadError::NoResult(error)) => {
            let problem = Diagnostic::of_json("r.json", 1, &text, &error);
            format!("{problem}{problem:?}")
        }
        Err(error) => visible(&error.to_string()).into_owned(),
    }
}

fn roi(bytes: &[u8]) -> String {
    let document = Document::parse("roi.yaml", &text(bytes));
    shown(document.and_then(|document| Written::of(&document)))
}

/// Splits events, in pieces of a length that the bytes themselves give.
fn events(bytes: &[u8]) -> String {
    let mut decoder = sse::Decoder::default();
    let mut length = 0;
    let mut count = |item: Item<'_>| match item {
        Item::Data(bytes) | Item::Error(bytes) | Item::Stray(bytes) => length += bytes.len(),
    };
    for piece in bytes.chunks(size(bytes)) {
        if decoder.push(piece, &mut count).is_err() {
            return String::new();
        }
    }
    decoder.end(&mut count);
    assert!(length <= 2 * bytes.len() + 2, "events hold what came");
    String::new()
}

/// Requests to the fake provider, as they arrive.
fn requests(bytes: &[u8]) -> String {
    for family in [Family::Openai, Family::Anthropic, Family::Gemini] {
        let mut chunks = Chunks::default();
        let mut end = 0;
        for piece in bytes.chunks(size(bytes)) {
            end += piece.len();
            match request::read(Some(family), &bytes[..end], &mut chunks) {
                Parsed::Partial { .. } => {}
                Parsed::Whole { length, .. } | Parsed::Wrong { length, .. } => {
                    assert!(length <= end, "a request ends within what came");
                    break;
                }
                Parsed::Other { .. } | Parsed::Broken { .. } | Parsed::Nonsense => break,
            }
        }
    }
    String::new()
}

fn answer(dialect: Dialect, bytes: &[u8]) -> String {
    told(dialect, bytes, size(bytes))
}

/// The length of pieces: any, and the same for the same bytes.
fn size(bytes: &[u8]) -> usize {
    match bytes.len() % 3 {
        0 => bytes.len().max(1),
        1 => 7,
        _ => 64,
    }
}

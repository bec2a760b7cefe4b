//! The readers of files and bodies from outside, each as one function: for tests that feed them
//! anything. The file of `--resume`, which firedrill itself writes, is not among them: its reader,
//! in `cli`, needs the scenarios beside it, and `tests/cli/resume.rs` damages it.
//!
//! `tests/files/readers.rs` feeds examples, damaged ones, and ones with keys in them; `fuzz/` feeds
//! what libFuzzer makes up. Both look for panics, for secrets in what is shown, and for what does
//! not hold: what is read is written and read again as the same, and pieces are read as the whole.

use std::path::Path;

use serde::Serialize;

use crate::client::{FleetFile, told};
use crate::expect;
use crate::foreign::{Options, SYSTEMS, System};
use crate::host::request::{self, Chunks, Parsed};
use crate::policy::config::Policy;
use crate::policy_file::presets;
use crate::prices::Book;
use crate::report::{self, Format, ReadError};
use crate::roi::Written;
use crate::search::goal::Goal;
use crate::search::hunt::Hazards;
use crate::search::space::Space;
use crate::text::visible::visible;
use crate::text::{Diagnostic, Document};
use crate::trace::lines;
use crate::wire::sse::{self, Item};
use crate::wire::{Dialect, Family};
use crate::{replay, scenario};

/// A reader of bytes from outside.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Reader {
    /// Its name, and that of the folder with its examples.
    pub name: &'static str,
    /// Reads bytes, and returns all that people may be shown of them.
    pub read: fn(&[u8]) -> String,
    /// Panics where what has to hold of all bytes does not hold of these.
    pub hold: fn(&[u8]),
}

/// The readers.
pub const READERS: &[Reader] = &[
    reader("scenario", scenario).holding(document_again),
    reader("policy", policy).holding(policy_again),
    reader("fleet", fleet),
    reader("faults", faults),
    reader("set", set),
    reader("expectation", expectation),
    reader("space", space),
    reader("goal", goal),
    reader("trace-lines", trace_lines).holding(events_again),
    reader("trace-table", trace_table),
    reader("prices", prices),
    reader("result", result).holding(result_again),
    reader("roi", roi),
    reader("litellm", |bytes| import("litellm", bytes)).holding(|bytes| imported("litellm", bytes)),
    reader("envoy", |bytes| import("envoy", bytes)).holding(|bytes| imported("envoy", bytes)),
    reader("portkey", |bytes| import("portkey", bytes)).holding(|bytes| imported("portkey", bytes)),
    reader("openrouter-request", |bytes| import("openrouter", bytes))
        .holding(|bytes| imported("openrouter", bytes)),
    reader("resilience4j", |bytes| import("resilience4j", bytes))
        .holding(|bytes| imported("resilience4j", bytes)),
    reader("sse", events).holding(pieces_of_events),
    reader("request", requests).holding(pieces_of_requests),
    reader("openai", |bytes| answer(Dialect::Openai, bytes))
        .holding(|bytes| pieces_of_answer(Dialect::Openai, bytes)),
    reader("anthropic", |bytes| answer(Dialect::Anthropic, bytes))
        .holding(|bytes| pieces_of_answer(Dialect::Anthropic, bytes)),
    reader("gemini", |bytes| answer(Dialect::Gemini, bytes))
        .holding(|bytes| pieces_of_answer(Dialect::Gemini, bytes)),
    reader("azure", |bytes| answer(Dialect::Azure, bytes))
        .holding(|bytes| pieces_of_answer(Dialect::Azure, bytes)),
    reader("deepseek", |bytes| answer(Dialect::Deepseek, bytes))
        .holding(|bytes| pieces_of_answer(Dialect::Deepseek, bytes)),
    reader("moonshot", |bytes| answer(Dialect::Moonshot, bytes))
        .holding(|bytes| pieces_of_answer(Dialect::Moonshot, bytes)),
    reader("openrouter", |bytes| answer(Dialect::Openrouter, bytes))
        .holding(|bytes| pieces_of_answer(Dialect::Openrouter, bytes)),
    reader("xai", |bytes| answer(Dialect::Xai, bytes))
        .holding(|bytes| pieces_of_answer(Dialect::Xai, bytes)),
];

const fn reader(name: &'static str, read: fn(&[u8]) -> String) -> Reader {
    let hold = |_: &[u8]| {};
    Reader { name, read, hold }
}

impl Reader {
    const fn holding(self, hold: fn(&[u8])) -> Self {
        Self { hold, ..self }
    }
}

/// Texts of files: bytes that are none become replacement characters, as in the readers.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What is written of a value, which is read again.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| error.to_string())
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

/// A document is written and read again as the same values.
fn document_again(bytes: &[u8]) {
    let Ok(document) = Document::parse("all.yaml", &text(bytes)) else {
        return;
    };
    let written = document.to_yaml();
    match Document::parse("again.yaml", &written) {
        Ok(again) => {
            assert_eq!(again.to_yaml(), written, "it is written as it was read");
            let values = |document: &Document| document.decode::<serde_json::Value>().ok();
            assert_eq!(values(&again), values(&document), "{written}");
        }
        Err(problem) => panic!("{problem}{written}"),
    }
}

fn policy(bytes: &[u8]) -> String {
    shown(Policy::parse("p.yaml", &text(bytes)))
}

fn policy_again(bytes: &[u8]) {
    if let Ok(policy) = Policy::parse("p.yaml", &text(bytes)) {
        let written = json(&policy);
        let again = Policy::parse("p.yaml", &written);
        assert_eq!(again.ok(), Some(policy), "{written}");
    }
}

fn fleet(bytes: &[u8]) -> String {
    shown(FleetFile::parse("fleet.yaml", &text(bytes)))
}

/// What may happen in a hunt.
fn faults(bytes: &[u8]) -> String {
    let document = Document::parse("faults.yaml", &text(bytes));
    shown(document.and_then(|document| Hazards::of(&document)))
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

/// What is searched around a preset.
fn space(bytes: &[u8]) -> String {
    let base = presets::text("resilient").unwrap_or_default();
    let base = Document::parse("resilient.yaml", base);
    let read = Document::parse("space.yaml", &text(bytes));
    shown(read.and_then(|document| {
        let space = Space::read(&document, &base?)?;
        let ends = [0.0, 1.0].map(|at| vec![at; space.dimensions().len()]);
        Ok(ends.map(|point| space.settings(&point)))
    }))
}

fn goal(bytes: &[u8]) -> String {
    shown(Goal::parse("--objective", &[text(bytes)], &[]))
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

fn events_again(bytes: &[u8]) {
    let events = lines::Reader::named("t.jsonl", bytes);
    for event in events.into_iter().flatten().map_while(Result::ok) {
        let written = json(&event);
        let again = serde_json::from_str(&written).ok();
        assert_eq!(again, Some(event), "{written}");
    }
}

fn trace_table(bytes: &[u8]) -> String {
    shown(replay::rows("t.csv", bytes))
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

fn result_again(bytes: &[u8]) {
    for report in report::read(&text(bytes)).into_iter().flatten() {
        let written = report.render(Format::Json, false);
        let again = report::read(&written).unwrap_or_default();
        let again = again.iter().map(|again| again.render(Format::Json, false));
        assert_eq!(again.collect::<String>(), written, "it is read as written");
    }
}

fn roi(bytes: &[u8]) -> String {
    let document = Document::parse("roi.yaml", &text(bytes));
    shown(document.and_then(|document| Written::of(&document)))
}

/// A configuration of another system: why it is refused, or what came of it, files included.
fn import(system: &str, bytes: &[u8]) -> String {
    let Some(system) = SYSTEMS.iter().find(|one| one.name == system) else {
        return String::new();
    };
    let read = system.import("theirs", &text(bytes), "mine", Options::default());
    match read {
        Ok(imported) => {
            let files = imported.draft.files();
            let says = format!("{:?}", imported.notes);
            let texts = files.into_iter().map(|(_, text)| text);
            format!("Some({says})\n{}", texts.collect::<String>())
        }
        Err(problem) => format!("{problem}{problem:?}"),
    }
}

/// What was imported is a policy that can be written back.
fn imported(system: &str, bytes: &[u8]) {
    let system = SYSTEMS.iter().find(|one| one.name == system);
    let read = |system: &System| {
        let read = system.import("theirs", &text(bytes), "mine", Options::default());
        Some((read.ok()?, *system))
    };
    let Some((imported, system)) = system.and_then(read) else {
        return;
    };
    for (path, text) in imported.draft.files() {
        if path.starts_with("policies/") {
            let policy = Policy::parse("mine.yaml", &text);
            assert!(policy.is_ok(), "{policy:?}\n{text}");
            assert!(system.export("mine.yaml", &text).is_ok(), "{text}");
        }
    }
}

/// Splits events, in pieces of a length that the bytes themselves give.
fn events(bytes: &[u8]) -> String {
    items(bytes, size(bytes));
    String::new()
}

fn pieces_of_events(bytes: &[u8]) {
    let pieces = items(bytes, size(bytes));
    assert_eq!(pieces, items(bytes, usize::MAX), "pieces");
}

/// The items of a stream that comes in pieces of `size` bytes, with their kinds.
fn items(bytes: &[u8], size: usize) -> Option<Vec<(u8, Vec<u8>)>> {
    let mut decoder = sse::Decoder::default();
    let mut items = Vec::new();
    let mut keep = |item: Item<'_>| match item {
        Item::Data(data) => items.push((0, data.to_vec())),
        Item::Error(data) => items.push((1, data.to_vec())),
        Item::Stray(data) => items.push((2, data.to_vec())),
    };
    for piece in bytes.chunks(size) {
        decoder.push(piece, &mut keep).ok()?;
    }
    decoder.end(&mut keep);
    let length = items.iter().map(|(_, data)| data.len()).sum::<usize>();
    assert!(length <= 2 * bytes.len() + 2, "events hold what came");
    Some(items)
}

/// Requests to the fake provider, as they arrive.
fn requests(bytes: &[u8]) -> String {
    for family in FAMILIES {
        request(family, bytes, size(bytes));
    }
    String::new()
}

fn pieces_of_requests(bytes: &[u8]) {
    for family in FAMILIES {
        let pieces = request(family, bytes, size(bytes));
        assert_eq!(pieces, request(family, bytes, usize::MAX), "pieces");
    }
}

/// The first request to a fake provider of `family`, when bytes come in pieces of `size`.
fn request(family: Family, bytes: &[u8], size: usize) -> Option<Parsed> {
    let mut chunks = Chunks::default();
    let mut end = 0;
    for piece in bytes.chunks(size) {
        end += piece.len();
        let parsed = request::read(Some(family), &bytes[..end], &mut chunks);
        match parsed {
            Parsed::Partial { .. } => continue,
            Parsed::Whole { length, .. } | Parsed::Wrong { length, .. } => {
                assert!(length <= end, "a request ends within what came");
            }
            Parsed::Other { .. } => {}
            // An invalid byte may come before the bytes which show that this is HTTP.
            Parsed::Broken { .. } | Parsed::Nonsense => return Some(Parsed::Nonsense),
        }
        return Some(parsed);
    }
    None
}

fn answer(dialect: Dialect, bytes: &[u8]) -> String {
    told(dialect, bytes, size(bytes))
}

fn pieces_of_answer(dialect: Dialect, bytes: &[u8]) {
    let pieces = told(dialect, bytes, size(bytes));
    assert_eq!(pieces, told(dialect, bytes, usize::MAX), "pieces");
}

/// The length of pieces: any, and the same for the same bytes.
fn size(bytes: &[u8]) -> usize {
    match bytes.len() % 3 {
        0 => bytes.len().max(1),
        1 => 7,
        _ => 64,
    }
}

const FAMILIES: [Family; 3] = [Family::Openai, Family::Anthropic, Family::Gemini];

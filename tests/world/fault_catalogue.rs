//! Every fault of the catalogue, run over the wire in every dialect, plain and streamed: what the
//! real client sees of it. These runs write the table of `docs/faults.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use firedrill::engine;
use firedrill::policy::config::Policy;
use firedrill::scenario::catalogue::{KEYS, ROWS, Row, STATUS};
use firedrill::scenario::fault::Cause;
use firedrill::scenario::fault::Layer;
use firedrill::scenario::{Dialect, load};
use firedrill::trace::{Event, EventKind, Recorder};
use firedrill::units::duration;

#[test]
fn faults_of_the_client_and_the_network() {
    hold(&[Layer::Client, Layer::Network]);
}

#[test]
fn faults_of_the_connection() {
    hold(&[Layer::Connection]);
}

#[test]
fn faults_instead_of_an_answer() {
    hold(&[Layer::Exchange]);
}

#[test]
fn faults_of_the_provider_itself() {
    hold(&[Layer::Provider]);
}

#[test]
fn faults_of_the_answer() {
    hold(&[Layer::Answer]);
}

/// The part of the document about each layer, and its test.
const PARTS: [(&[Layer], &str, &str); 5] = [
    (
        &[Layer::Client, Layer::Network],
        "The client process, and the way to the provider",
        "faults_of_the_client_and_the_network",
    ),
    (
        &[Layer::Connection],
        "The connection",
        "faults_of_the_connection",
    ),
    (
        &[Layer::Exchange],
        "Instead of an answer",
        "faults_instead_of_an_answer",
    ),
    (
        &[Layer::Provider],
        "The provider itself",
        "faults_of_the_provider_itself",
    ),
    (&[Layer::Answer], "The answer", "faults_of_the_answer"),
];

/// Runs all faults of these layers, and compares with their part of the document (or, with
/// `FIREDRILL_DOCS=write`, writes it).
fn hold(layers: &[Layer]) {
    let part = PARTS.iter().find(|(of, _, _)| *of == layers);
    let (_, title, test) = part.expect("every layer has its part");
    let rows = rows(layers);
    let shown = table(title, test, &rows);
    let place = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/faults.md");
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _writing = ONE_AT_A_TIME.lock();
    let document = std::fs::read_to_string(place).expect("docs/faults.md");
    let (before, rest) = document
        .split_once(&format!("## {title}\n"))
        .unwrap_or_else(|| panic!("docs/faults.md has no part `{title}`"));
    let end = rest.find("\n## ").map_or(rest.len(), |at| at + 1);
    let (written, after) = rest.split_at(end);
    let written = format!("## {title}\n{written}");
    if std::env::var_os("FIREDRILL_DOCS").is_some() {
        let gap = if after.is_empty() { "" } else { "\n" };
        std::fs::write(place, format!("{before}{shown}{gap}{after}")).expect("it is ours");
    } else {
        assert!(
            written.trim_end() == shown.trim_end(),
            "docs/faults.md does not say what the runs show: \
             FIREDRILL_DOCS=write cargo test --test world fault_catalogue\n{shown}"
        );
    }
}

/// A row of the document: a fault as in a file, and its effect by dialect.
struct Shown {
    fault: String,
    about: &'static str,
    dialects: String,
    plain: String,
    streamed: String,
}

fn rows(layers: &[Layer]) -> Vec<Shown> {
    let mut shown = Vec::new();
    for row in ROWS.iter().chain([&STATUS]) {
        if !layers.contains(&row.layer) {
            continue;
        }
        for (word, keys) in variants(row) {
            shown.push(drive(row, &word, &keys));
        }
    }
    shown
}

fn drive(row: &Row, word: &str, keys: &str) -> Shown {
    let by_dialect = |streamed| {
        let cells = Dialect::ALL.map(|dialect| {
            let physics = match row.layer {
                Layer::Provider => PHYSICS,
                _ => "",
            };
            seen(
                &World {
                    dialect,
                    physics,
                    streamed,
                },
                word,
                keys,
            )
        });
        merged(&cells)
    };
    let cause = Cause::from_name(word);
    let known = |dialect: &Dialect| cause.is_none_or(|cause| cause.has_form_in(*dialect));
    let dialects: Vec<&str> = Dialect::ALL
        .iter()
        .filter(|dialect| known(dialect))
        .map(|dialect| dialect.name())
        .collect();
    let fault = match keys {
        "" => format!("`{word}`"),
        keys => format!("`{word}`, `{keys}`"),
    };
    Shown {
        fault,
        about: row.about,
        dialects: match dialects.len() {
            all if all == Dialect::ALL.len() => "all".to_owned(),
            _ => dialects.join(", "),
        },
        plain: by_dialect(false),
        streamed: by_dialect(true),
    }
}

/// A fault's word, with its required keys and with its optional ones.
fn variants(row: &Row) -> Vec<(String, String)> {
    let words: Vec<String> = match row.word {
        word if word == STATUS.word => STATUSES.iter().map(u16::to_string).collect(),
        word => vec![word.to_owned()],
    };
    let needed = Vec::from_iter(row.required().map(said));
    let with = |more: &str| {
        let mut keys = needed.clone();
        keys.extend(Some(more.to_owned()).filter(|more| !more.is_empty()));
        keys.join(", ")
    };
    let mut found = Vec::new();
    for word in words {
        found.push((word.clone(), with("")));
        let more = OPTIONS.iter().filter(|(of, _)| *of == word);
        found.extend(more.map(|(_, key)| (word.clone(), with(key))));
    }
    found
}

/// A key with a value that has an effect within the run's half minute.
fn said(key: &str) -> String {
    let value = match key {
        "idle" => "5s",
        key => {
            let known = KEYS.iter().find(|known| known.name == key);
            known.expect("every key is described").example
        }
    };
    format!("{key}: {value}")
}

/// The client's view of three calls under this fault.
fn seen(world: &World, word: &str, keys: &str) -> String {
    let target = match word {
        "client_pause" => "at: 5s, for: 20s",
        _ => "target: p",
    };
    let keys = if keys.is_empty() {
        String::new()
    } else {
        format!(", {keys}")
    };
    let fault = format!("{{ inject: {word}, {target}{keys} }}");
    let (calm, drilled) = (
        world.told(""),
        world.told(&format!("faults: {{ f: {fault} }}\n")),
    );
    if drilled.fired == 0 {
        return "–".to_owned();
    }
    let mut cells: Vec<String> = Vec::new();
    for (one, usual) in drilled.calls.iter().zip(&calm.calls) {
        let cell = one.beside(usual, &fault);
        if cells.last() != Some(&cell) {
            cells.push(cell);
        }
    }
    cells.join(", then ")
}

/// The results of a run.
#[derive(Default)]
struct Told {
    calls: Vec<Call>,
    fired: u32,
}

/// The result of one call.
#[derive(Default)]
struct Call {
    arrived: Duration,
    ended: Duration,
    failure: Option<&'static str>,
    /// The wait of a hint, as the client read it.
    hint: Option<Duration>,
    answered: bool,
    /// Prompt tokens, cached ones, output tokens, each times its price.
    billed: [u64; 3],
}

impl Call {
    /// In words, compared with the usual result.
    fn beside(&self, usual: &Self, fault: &str) -> String {
        if let Some(class) = self.failure {
            let wait = self
                .hint
                .map(|wait| format!(", wait {}", duration::write(wait)));
            return format!("`{class}`{}", wait.unwrap_or_default());
        }
        if !self.answered {
            let unseen = UNSEEN.iter().any(|word| fault.contains(word));
            assert!(unseen, "{fault}: the client takes it for an answer");
            return "unsound answer".to_owned();
        }
        let took = |call: &Self| call.ended - call.arrived;
        let is_late = took(self) > took(usual).mul_f64(1.1);
        match (is_late, self.billed == usual.billed) {
            (false, true) => "answer".to_owned(),
            (true, true) => "late answer".to_owned(),
            (false, false) => "answer, dearer".to_owned(),
            (true, false) => "late answer, dearer".to_owned(),
        }
    }
}

/// Where the calls are made.
struct World {
    dialect: Dialect,
    /// Limits, slots and a cache, where they matter: what was abandoned holds its slot.
    physics: &'static str,
    streamed: bool,
}

impl World {
    fn told(&self, faults: &str) -> Told {
        let (dialect, physics) = (self.dialect.name(), self.physics);
        let stream = if self.streamed { "100%" } else { "0%" };
        let text = format!(
            "name: drill\nrun: {{ duration: 30s }}\n\
             providers:\n  p: {{ dialect: {dialect}, model: gpt-4.1, ttft: 500ms,\n    \
             speed: 100 tok/s, {physics}\n    \
             price: {{ input: 2 USD, output: 8 USD, cached: 0.5 USD }} }}\n\
             load: {{ arrivals: constant, rate: 6/min, prompt: 900 tok, output: 100 tok,\n  \
             stream: {stream}, prefix: {{ tokens: 500 tok, distinct: 1, share: 100% }} }}\n\
             {faults}policies: [observer]\n"
        );
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("drill.yaml");
        std::fs::write(&path, text).expect("a file");
        let loaded = load(&path, &[]).unwrap_or_else(|problem| panic!("{problem}"));
        let policy = Policy::parse("observer.yaml", OBSERVER).expect("a policy");
        let listener = Arc::new(Listener::default());
        engine::run(&loaded.scenario, &policy, 1, listener.clone());
        std::mem::take(&mut listener.0.lock().expect("no panic"))
    }
}

#[derive(Default)]
struct Listener(Mutex<Told>);

impl Recorder for Listener {
    fn record(&self, event: &Event) {
        let mut told = self.0.lock().expect("no panic");
        let at = event.at.since_start();
        let mut on = |call: firedrill::policy::CallId, tell: &dyn Fn(&mut Call)| {
            let place = usize::try_from(call.0).expect("a few calls");
            if told.calls.len() <= place {
                told.calls.resize_with(place + 1, Call::default);
            }
            tell(&mut told.calls[place]);
        };
        match event.kind {
            EventKind::Arrived { call, .. } => on(call, &|one| one.arrived = at),
            EventKind::Replied {
                call,
                failure,
                hint,
                ..
            } => on(call, &|one| {
                one.failure = failure.map(|class| class.name());
                one.hint = hint;
            }),
            EventKind::Ended { call, .. } => on(call, &|one| one.ended = at),
            EventKind::Answered {
                call: Some(call), ..
            } => on(call, &|one| one.answered = true),
            EventKind::Billed {
                call: Some(call),
                bill,
                ..
            } => on(call, &|one| {
                for (sum, tokens) in
                    one.billed
                        .iter_mut()
                        .zip([bill.input, bill.cached, bill.output])
                {
                    *sum += tokens * bill.price_milli;
                }
            }),
            EventKind::Fired { .. } => told.fired += 1,
            _ => {}
        }
    }
}

/// One cell for all dialects: the most common result, and the exceptions.
fn merged(cells: &[String]) -> String {
    let mut by_cell: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (dialect, cell) in Dialect::ALL.iter().zip(cells) {
        by_cell.entry(cell).or_default().push(dialect.name());
    }
    let most = by_cell.values().map(Vec::len).max();
    let first = by_cell
        .iter()
        .find(|(_, who)| Some(who.len()) == most)
        .map(|(cell, _)| *cell)
        .unwrap_or_default();
    let others = by_cell.iter().filter(|(cell, _)| **cell != first);
    others.fold(first.to_owned(), |mut text, (cell, who)| {
        let _ = write!(text, "; {}: {cell}", who.join(", "));
        text
    })
}

fn table(title: &str, test: &str, rows: &[Shown]) -> String {
    let mut text = format!(
        "## {title}\n\nShown by `{test}` in `tests/world/fault_catalogue.rs`.\n\n\
         | fault | what it does | dialects | plain | streamed |\n|---|---|---|---|---|\n"
    );
    for Shown {
        fault,
        about,
        dialects,
        plain,
        streamed,
    } in rows
    {
        let _ = writeln!(
            text,
            "| {fault} | {about} | {dialects} | {plain} | {streamed} |"
        );
    }
    text
}

/// Capacity for the faults of the provider itself to take away.
const PHYSICS: &str = "limits: { rpm: 3 }, capacity: { slots: 2, queue: 0, slowdown: 1.5 }, \
     cache: { ttl: 5m },";

/// Statuses that represent others of their kind.
const STATUSES: [u16; 24] = [
    400, 401, 402, 403, 404, 408, 409, 410, 413, 422, 424, 429, 498, 500, 502, 503, 504, 520, 521,
    522, 523, 524, 525, 529,
];

/// Faults that no client can see: the bytes are valid, and the content is wrong.
const UNSEEN: [&str; 5] = [
    "duplicate_event",
    "reordered_events",
    "lying_finish",
    "no_finish",
    "null_content",
];

/// Optional keys of a fault with a visible effect.
const OPTIONS: &[(&str, &str)] = &[
    ("closed", "with: fin"),
    ("stale_keep_alive", "with: fin"),
    ("hang", "silence: 5s, then: fin"),
    ("hang", "silence: 5s, then: rst"),
    ("headers_only", "silence: 5s, then: fin"),
    ("headers_only", "silence: 5s, then: rst"),
    ("rate_limit", "retry_after: 20s"),
    ("rate_limit", "retry_after: 20s, hint: ms"),
    ("rate_limit", "retry_after: 20s, hint: date"),
    ("rate_limit", "retry_after: 20s, hint: body"),
    ("rate_limit", "hint: past"),
    ("rate_limit", "hint: negative"),
    ("rate_limit", "hint: nan"),
    ("rate_limit", "hint: absurd"),
    ("rate_limit", "should_retry: false"),
    ("server_error", "billed: true"),
    ("server_error", "by: 5s"),
    ("server_error", "by: 20s"),
    ("401", "cause: overloaded"),
    ("slow", "what: ttft"),
    ("slow", "what: tokens"),
    ("keep_alives", "by: 5s"),
    ("stall", "then: rst"),
    ("stall", "then: fin"),
    ("stall", "then: end"),
    ("stream_cut", "with: fin"),
    ("stream_cut", "with: end"),
    ("stream_cut", "inside: json"),
    ("stream_cut", "inside: utf8"),
    ("in_band_error", "cause: rate_limit"),
    ("lying_finish", "says: content_filter"),
    ("error_body", "cause: rate_limit"),
];

/// One attempt, with usual timeouts.
const OBSERVER: &str = "name: observer\nretry: { max_attempts: 1, max_attempts_per_provider: 1 }\n\
     timeouts: { connect: 5s, first_token: 10s, idle: 10s, attempt: 30s, call: 60s }\n";

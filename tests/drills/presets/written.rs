//! The articles' clients as written, against what the same code did when it was run: one call under
//! a fault that lasts, with fresh state. Requests are exact, and the waits are within their range;
//! the providers' own time is a few milliseconds.
//!
//! The table is of 2026-11-20: the articles' code, restored, against a real misbehaving server
//! (openai-python 3.52.0, openai-node 6.49.0). `003-tasks` and `003-production` stand on an SDK
//! that is not public: their rows follow from the article's own code alone, and were not run.

use std::sync::{Arc, Mutex};

use firedrill::drill::Drill;
use firedrill::engine;
use firedrill::policy::Outcome;
use firedrill::time::Instant;
use firedrill::trace::{Event, EventKind, Recorder};

/// The columns: a name, the fault at every provider of the client, and whether it strikes one
/// request only.
const FAULTS: [(&str, &str); 8] = [
    ("429", "inject: 429"),
    ("503", "inject: 503, cause: server_error"),
    ("no answer", "inject: hang"),
    ("401", "inject: 401"),
    ("HTML", "inject: html_body"),
    ("cut", "inject: short_body"),
    ("429 once", "inject: 429, retry_after: 2s, times: 1"),
    ("refused", "inject: refused"),
];

/// What a client does: requests, at how many providers, the waits in seconds, and how it ends: `A`
/// with an answer, `W` with a wrong one that it takes for right, `E` with an error, `-` never.
type Cell = (usize, usize, f64, f64, char);

/// A client, its providers, and a cell for each fault.
type Row = (&'static str, usize, [Cell; 8]);

#[rustfmt::skip]
const ROWS: [Row; 16] = [
    ("000-python-written", 1, [
        (3, 1, 3.0, 3.3, 'E'), (3, 1, 3.0, 3.3, 'E'), (3, 1, 93.0, 93.3, 'E'),
        (1, 1, 0.0, 0.0, 'E'), (1, 1, 0.0, 0.0, 'E'), (1, 1, 0.0, 0.0, 'E'),
        (2, 1, 1.0, 1.1, 'A'), (3, 1, 3.0, 3.3, 'E'),
    ]),
    ("000-session-written", 1, [
        (4, 1, 6.0, 6.0, 'E'), (4, 1, 6.0, 6.0, 'E'), (12, 1, 381.0, 381.3, 'E'),
        (1, 1, 0.0, 0.0, 'E'), (1, 1, 0.0, 0.0, 'E'), (1, 1, 0.0, 0.0, 'E'),
        (2, 1, 2.0, 2.0, 'A'), (12, 1, 21.0, 21.3, 'E'),
    ]),
    ("000-node-written", 1, [
        (4, 1, 7.0, 7.7, 'E'), (4, 1, 7.0, 7.7, 'E'), (3, 1, 63.0, 63.3, 'E'),
        (1, 1, 0.0, 0.0, 'E'), (1, 1, 0.0, 0.0, 'E'), (1, 1, 0.0, 0.0, '-'),
        (2, 1, 1.0, 1.1, 'A'), (4, 1, 7.0, 7.7, 'E'),
    ]),
    ("001-python-written", 3, [
        (9, 3, 6.3, 7.5, 'E'), (3, 1, 1.1, 1.5, 'E'), (9, 3, 274.0, 276.0, 'E'),
        (1, 1, 0.0, 0.0, 'E'), (1, 1, 0.0, 0.0, 'E'), (3, 1, 1.1, 1.5, 'E'),
        (2, 1, 2.0, 2.0, 'A'), (3, 1, 1.1, 1.5, 'E'),
    ]),
    ("001-typescript-written", 3, [
        (9, 3, 6.3, 7.5, 'E'), (9, 1, 4.3, 5.5, 'E'), (9, 1, 274.0, 276.0, 'E'),
        (1, 1, 0.0, 0.0, 'E'), (1, 1, 0.0, 0.0, 'W'), (3, 1, 1.0, 1.0, 'E'),
        (2, 1, 2.0, 2.0, 'A'), (9, 1, 4.3, 5.5, 'E'),
    ]),
    ("002-router-written", 2, [
        (2, 2, 0.0, 0.0, 'E'), (2, 2, 0.0, 0.0, 'E'), (2, 2, 40.0, 40.0, 'E'),
        (2, 2, 0.0, 0.0, 'E'), (2, 2, 0.0, 0.0, 'E'), (2, 2, 0.0, 0.0, 'E'),
        (2, 2, 0.0, 0.0, 'A'), (2, 2, 0.0, 0.0, 'E'),
    ]),
    ("002-retry-written", 1, [
        (6, 1, 7.75, 23.25, 'E'), (6, 1, 7.75, 23.25, 'E'), (6, 1, 1808.0, 1823.0, 'E'),
        (6, 1, 7.75, 23.25, 'E'), (6, 1, 7.75, 23.25, 'E'), (6, 1, 7.75, 23.25, 'E'),
        (2, 1, 0.25, 0.75, 'A'), (6, 1, 7.75, 23.25, 'E'),
    ]),
    ("002-breaker-written", 1, [
        (1, 1, 0.0, 0.0, 'W'), (1, 1, 0.0, 0.0, 'W'), (1, 1, 300.0, 300.0, 'E'),
        (1, 1, 0.0, 0.0, 'W'), (1, 1, 0.0, 0.0, 'E'), (1, 1, 0.0, 0.0, 'E'),
        (1, 1, 0.0, 0.0, 'W'), (1, 1, 0.0, 0.0, 'E'),
    ]),
    ("003-manager-written", 4, [
        (12, 4, 3.0, 3.0, 'E'), (12, 4, 3.0, 3.0, 'E'), (12, 4, 3603.0, 3614.0, 'E'),
        (12, 4, 3.0, 3.0, 'E'), (12, 4, 3.0, 3.0, 'E'), (12, 4, 3.0, 3.0, 'E'),
        (2, 2, 0.0, 0.0, 'A'), (12, 4, 3.0, 3.0, 'E'),
    ]),
    (STATUS_SET, 4, [
        (3, 1, 3.0, 3.0, 'E'), (3, 1, 3.0, 3.0, 'E'), (12, 4, 3603.0, 3614.0, 'E'),
        (12, 4, 3.0, 3.0, 'E'), (12, 4, 3.0, 3.0, 'E'), (12, 4, 3.0, 3.0, 'E'),
        (2, 1, 1.0, 1.0, 'A'), (12, 4, 3.0, 3.0, 'E'),
    ]),
    ("003-robust-written", 1, [
        (1, 1, 0.0, 0.0, 'W'), (1, 1, 0.0, 0.0, 'W'), (3, 1, 93.0, 93.0, 'E'),
        (1, 1, 0.0, 0.0, 'W'), (3, 1, 3.0, 3.0, 'E'), (3, 1, 3.0, 3.0, 'E'),
        (1, 1, 0.0, 0.0, 'W'), (3, 1, 3.0, 3.0, 'E'),
    ]),
    ("003-limiter-written", 1, [
        (3, 1, 3.1, 3.5, 'E'), (3, 1, 1.1, 1.5, 'E'), (3, 1, 91.1, 91.5, 'E'),
        (1, 1, 0.0, 0.0, 'E'), (1, 1, 0.0, 0.0, 'W'), (1, 1, 0.0, 0.0, 'E'),
        (2, 1, 2.0, 2.0, 'A'), (3, 1, 1.1, 1.5, 'E'),
    ]),
    ("003-tasks-written", 3, [
        (3, 3, 0.0, 0.0, 'E'), (3, 3, 0.0, 0.0, 'E'), (3, 3, 900.0, 900.0, 'E'),
        (3, 3, 0.0, 0.0, 'E'), (3, 3, 0.0, 0.0, 'E'), (3, 3, 0.0, 0.0, 'E'),
        (2, 2, 0.0, 0.0, 'A'), (3, 3, 0.0, 0.0, 'E'),
    ]),
    ("003-production-written", 4, [
        (6, 3, 1.5, 1.5, 'E'), (6, 3, 1.5, 1.5, 'E'), (6, 3, 1801.5, 1801.5, 'E'),
        (4, 4, 0.0, 0.0, 'E'), (6, 3, 1.5, 1.5, 'E'), (6, 3, 1.5, 1.5, 'E'),
        (2, 1, 0.5, 0.5, 'A'), (6, 3, 1.5, 1.5, 'E'),
    ]),
    ("004-chain-written", 4, [
        (12, 4, 4.5, 6.0, 'E'), (12, 4, 4.5, 6.0, 'E'), (12, 4, 289.0, 291.0, 'E'),
        (4, 4, 0.0, 0.0, 'E'), (4, 4, 0.0, 0.0, 'E'), (12, 4, 4.5, 6.0, 'E'),
        (2, 1, 2.0, 2.0, 'A'), (12, 4, 4.5, 6.0, 'E'),
    ]),
    ("004-ratelimited-written", 1, [
        (9, 1, 38.3, 39.5, 'E'), (3, 1, 1.1, 1.5, 'E'), (3, 1, 1801.0, 1801.6, 'E'),
        (1, 1, 0.0, 0.0, 'E'), (1, 1, 0.0, 0.0, 'W'), (3, 1, 1.1, 1.5, 'E'),
        (2, 1, 2.0, 2.0, 'A'), (3, 1, 1.1, 1.5, 'E'),
    ]),
];

/// Article 003's manager with the one line mended that its author meant to write: an error's status
/// is set, so that its branch for a 429 and a 5xx lives, whose `break` leaves the wrong loop.
const STATUS_SET: &str = "003-manager-status-set";

const STATUS_IS_SET: &str = "  - inner_retries:
      max_attempts: 3
      backoff: { base: 1s, factor: 2, max: 1m, jitter: none }
      hints: { retry_after: ignore }
      failures: { rate_limited: retry, quota: retry, overloaded: retry, server_error: retry }
      afterwards: { rate_limited: stop, quota: stop, overloaded: stop, server_error: stop }
";

/// What of a run counts here.
#[derive(Default)]
struct Seen {
    requests: usize,
    providers: Vec<u16>,
    whole: bool,
    arrived: Option<Instant>,
    end: Option<(Instant, Outcome)>,
}

#[derive(Default)]
struct Witness(Mutex<Seen>);

impl Recorder for Witness {
    fn record(&self, event: &Event) {
        let mut seen = self.0.lock().expect("one thread records");
        match &event.kind {
            EventKind::Started { provider, .. } => {
                seen.requests += 1;
                if !seen.providers.contains(&provider.0) {
                    seen.providers.push(provider.0);
                }
            }
            EventKind::Arrived { .. } => seen.arrived = Some(event.at),
            EventKind::Answered { .. } => seen.whole = true,
            EventKind::Ended { outcome, .. } => seen.end = Some((event.at, *outcome)),
            _ => {}
        }
    }
}

/// What one call does under a policy, with this fault at all of so many providers.
fn one_call(folder: &std::path::Path, policy: &str, providers: usize, fault: &str) -> Cell {
    use std::fmt::Write as _;
    let mut text = String::from(
        "name: one\nabout: One call.\nrun: { duration: 1m, seeds: 1, drain: 2h }\nproviders:\n",
    );
    let names: Vec<String> = (0..providers).map(|at| format!("p{at}")).collect();
    for name in &names {
        let model = "dialect: openai, model: gpt-4.1, ttft: 5ms, speed: 1000 tok/s, one_way: 1ms";
        let _ = writeln!(text, "  {name}: {{ {model} }}");
    }
    let target = match fault.contains("times") {
        true => "p0".to_owned(),
        false => format!("[{}]", names.join(", ")),
    };
    let _ = write!(
        text,
        "load: {{ arrivals: constant, rate: 1/min, prompt: 10 tok, output: 1 tok, stream: 0% }}\n\
         faults: {{ fault: {{ target: {target}, {fault} }} }}\npolicies: [{policy}]\n"
    );
    let path = folder.join("one.yaml");
    std::fs::write(&path, text).expect("a scenario can be written");
    let drill = Drill::load(&path).unwrap_or_else(|problem| panic!("{problem}"));
    let witness = Arc::new(Witness::default());
    engine::run(drill.scenario(), &drill.policies()[0], 1, witness.clone());
    let seen = witness.0.lock().expect("the run is over");
    let (end, outcome) = seen.end.expect("the call has ended");
    let seconds = end.since(seen.arrived.expect("it came")).as_secs_f64();
    let ended = match outcome {
        Outcome::Succeeded { .. } if seen.whole => 'A',
        Outcome::Succeeded { .. } => 'W',
        Outcome::Failed(firedrill::policy::FailureReason::Unfinished) => '-',
        Outcome::Failed(_) => 'E',
    };
    (seen.requests, seen.providers.len(), seconds, seconds, ended)
}

#[test]
fn the_articles_clients_do_as_their_code_did_when_it_was_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let policies = folder.path().join("policies");
    std::fs::create_dir(&policies).expect("a folder");
    let manager = firedrill::policy_file::presets::text("003-manager-written").expect("a preset");
    let manager = manager.replace("name: 003-manager-written", &format!("name: {STATUS_SET}"));
    std::fs::write(
        policies.join(format!("{STATUS_SET}.yaml")),
        manager + STATUS_IS_SET,
    )
    .expect("a policy can be written");
    let mut wrong = Vec::new();
    for (policy, providers, cells) in ROWS {
        for ((fault, inject), cell) in FAULTS.iter().zip(cells) {
            let (requests, asked, from, to, end) = cell;
            let is = one_call(folder.path(), policy, providers, inject);
            let in_time = is.4 == '-' || (from - 0.001..=to + 0.2).contains(&is.2);
            if (is.0, is.1, is.4) != (requests, asked, end) || !in_time {
                wrong.push(format!("{policy}, {fault}: {is:?}, not {cell:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

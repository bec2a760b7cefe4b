//! The world at its boundary: a scenario in, a trace and a report out.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::support::Story;
use firedrill::drill::Drill;
use firedrill::policy::config::Policy;
use firedrill::policy::{FailureReason, Outcome};
use firedrill::policy_file::presets;
use firedrill::report::RunStats;
use firedrill::trace::{Event, EventKind, Recorder};

const PROVIDERS: &str = "
providers:
  openai: { dialect: openai, model: gpt-4.1, ttft: 600ms, speed: 100 tok/s }
  kimi: { dialect: openai, model: kimi-k2, ttft: 1s, speed: 50 tok/s }
";

/// A project of its own, with one scenario: a name, how long, the load, and the faults.
struct Project(tempfile::TempDir);

impl Project {
    fn new(run: &str, load: &str, faults: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "name: drill\nabout: A test.\nrun: {run}\n{PROVIDERS}\nload: {load}\n\
             faults: {faults}\npolicies: [priority-fallback]\n"
        );
        std::fs::write(folder.path().join("drill.yaml"), text).unwrap();
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("drill.yaml")
    }

    fn drill(&self) -> Drill {
        Drill::load(self.path()).unwrap_or_else(|problem| panic!("{problem}"))
    }

    /// The stats of one run under a policy of our own.
    fn under(&self, policy: &str) -> RunStats {
        std::fs::write(self.0.path().join("mine.yaml"), policy).unwrap();
        let path = self.0.path().join("mine.yaml");
        let drill = self.drill().policy(path.to_str().unwrap());
        state(&drill.unwrap_or_else(|problem| panic!("{problem}")), "mine")
    }
}

fn state(drill: &Drill, policy: &str) -> RunStats {
    let report = drill.run();
    let found = report.policies().find(|(name, _)| *name == policy);
    found.expect("the policy ran").1.clone()
}

/// A state counts billed tokens in thousandths, since prices may change.
const THOUSANDTHS: u64 = 1_000;

const LOAD: &str = "{ arrivals: constant, rate: 1/s, prompt: 100 tok, output: 20 tok }";

const PATIENT: &str = "
name: mine
about: One attempt, and no timeout at all.
retry: { max_attempts: 1, max_attempts_per_provider: 1 }
";

#[test]
fn a_hang_without_any_timeout_ends_as_unfinished() {
    let project = Project::new(
        "{ duration: 1h, seeds: 1..1, drain: 1h }",
        "{ arrivals: constant, rate: 1/min, prompt: 100 tok, output: 20 tok }",
        "{ silence: { target: openai, inject: hang, at: 30m, for: 10m } }",
    );
    let run = project.under(PATIENT).run;
    assert_eq!((run.calls, run.succeeded), (60, 50));
    assert_eq!(run.endings.unfinished, 10);
}

#[test]
fn thirty_days_at_one_call_a_minute_are_one_test_among_many() {
    let project = Project::new(
        "{ duration: 30d, seeds: 1..1 }",
        "{ arrivals: constant, rate: 1/min, prompt: 100 tok, output: 20 tok }",
        "{}",
    );
    let run = state(&project.drill(), "priority-fallback").run;
    assert_eq!((run.calls, run.succeeded), (43_200, 43_200));
}

#[test]
fn an_outage_refuses_new_connections_and_resets_open_ones() {
    let project = Project::new(
        "{ duration: 60s, seeds: 1..1 }",
        "{ arrivals: constant, rate: 1/s, prompt: 100 tok, output: 200 tok }",
        "{ down: { target: openai, inject: outage, at: 20s, for: 20s } }",
    );
    let state = project.under(PATIENT);
    let failures = &state.run.providers[0].failures;
    use firedrill::policy::FailureClass::{Connect, Reset};
    // Answers take 2.6 s: the calls of 18 s, 19 s and 20 s are in flight when it begins, and those
    // of 21 s to 39 s are refused.
    assert_eq!(failures.get(&Reset).copied(), Some(3), "{failures:?}");
    assert_eq!(failures.get(&Connect).copied(), Some(19), "{failures:?}");
    assert_eq!(failures.len(), 2, "{failures:?}");
    assert_eq!(state.run.succeeded, 60 - 22);
}

#[test]
fn packets_vanish_in_a_blackhole_on_open_connections_too() {
    let project = Project::new(
        "{ duration: 60s, seeds: 1..1 }",
        LOAD,
        "{ void: { target: openai, inject: blackhole, at: 20s, for: 20s } }",
    );
    let state = project.under(
        "name: mine\nabout: Times out.\nretry: { max_attempts: 1, max_attempts_per_provider: 1 }\n\
         timeouts: { connect: 2s, attempt: 5s }\n",
    );
    use firedrill::policy::FailureClass::{TimeoutAttempt, TimeoutConnect};
    let failures = &state.run.providers[0].failures;
    let (attempt, connect) = (failures[&TimeoutAttempt], failures[&TimeoutConnect]);
    assert!(
        attempt >= 1,
        "an open connection was swallowed: {failures:?}"
    );
    assert!(
        connect >= 15,
        "new connections were swallowed: {failures:?}"
    );
    assert_eq!(state.run.succeeded, 60 - attempt - connect);
    assert_eq!(state.fired, [attempt + connect]);
}

#[test]
fn a_blackhole_leaves_nothing_behind() {
    // Every second answer comes after the blackhole has gone: the network must have healed.
    let project = Project::new(
        "{ duration: 10m, seeds: 1..1 }",
        LOAD,
        "{ void: { target: openai, inject: blackhole, at: 10s, for: 10s, every: 20s } }",
    );
    let state = project.under(
        "name: mine\nabout: Times out.\nretry: { max_attempts: 1, max_attempts_per_provider: 1 }\n\
         timeouts: { connect: 500ms, attempt: 3s }\n",
    );
    let lost = state.run.calls - state.run.succeeded;
    assert!(
        (280..=320).contains(&lost),
        "{lost} of 600 lost, half of the time in a blackhole"
    );
}

#[test]
fn a_cut_stream_keeps_what_came_before_the_cut() {
    for (with, class) in [("rst", "reset"), ("fin", "truncated")] {
        let project = Project::new(
            "{ duration: 10s, seeds: 1..1 }",
            "{ arrivals: constant, rate: 1/s, prompt: 100 tok, output: 50 tok, stream: 100% }",
            &format!(
                "{{ cut: {{ target: openai, inject: stream_cut, after: 25 tok, with: {with} }} }}"
            ),
        );
        let story = Story::new();
        let policy = presets::policy("no-failover").unwrap();
        firedrill::engine::run(project.drill().scenario(), &policy, 1, story.clone());
        let lines = story.lines();
        for call in 0..10 {
            for line in [
                format!("#{call} first token"),
                format!("#{call} attempt 1 failed: {class}"),
            ] {
                assert!(lines.contains(&line), "no «{line}» in {lines:#?}");
            }
        }
    }
}

#[test]
fn what_is_abandoned_is_billed_all_the_same() {
    let project = Project::new(
        "{ duration: 10s, seeds: 1..1 }",
        "{ arrivals: constant, rate: 1/s, prompt: 100 tok, output: 400 tok, deadline: 1s }",
        "{}",
    );
    let run = project.under(PATIENT).run;
    assert_eq!((run.calls, run.endings.deadline), (10, 10));
    let openai = &run.providers[0];
    let billed = (openai.ledger.billed().input, openai.ledger.billed().output);
    assert_eq!(billed, (1_000 * THOUSANDTHS, 4_000 * THOUSANDTHS));
    assert_eq!(openai.ledger.wasted(), openai.ledger.billed());
}

#[test]
fn every_client_process_has_a_breaker_of_its_own() {
    let faults = "{ down: { target: openai, inject: outage } }";
    let load = |clients: u32| {
        format!(
            "{{ arrivals: constant, rate: 2/s, prompt: 9 tok, output: 9 tok, clients: {clients} }}"
        )
    };
    let policy = "name: mine\nabout: A breaker.\nretry: { max_attempts: 2, \
        max_attempts_per_provider: 1 }\n\
        breaker: { consecutive_failures: 5, open: { initial: 1h, max: 1h } }\n";
    let opened = |clients| {
        let project = Project::new("{ duration: 60s, seeds: 1..1 }", &load(clients), faults);
        let state = project.under(policy);
        assert_eq!(state.run.succeeded, 120);
        (
            state.run.providers[0].breaker.opened,
            state.run.providers[0].attempts,
        )
    };
    assert_eq!(opened(1), (1, 5));
    assert_eq!(opened(3), (3, 15));
}

#[test]
fn a_call_meets_the_same_luck_under_every_policy() {
    let project = Project::new(
        "{ duration: 2m, seeds: 3..3 }",
        "{ rate: 2/s, prompt: { p50: 900 tok, p99: 8k tok }, \
         output: { p50: 100 tok, p99: 900 tok } }",
        "{ errors: { target: openai, inject: 503, rate: 30% } }",
    );
    let struck = |policy: &str| {
        let story = Story::new();
        let policy = presets::policy(policy).unwrap();
        firedrill::engine::run(project.drill().scenario(), &policy, 3, story.clone());
        let lines = story.lines();
        let first = lines
            .into_iter()
            .filter(|line| line.contains("attempt 1 failed"));
        let mut first: Vec<String> = first.collect();
        first.sort();
        first
    };
    let failed = struck("no-failover");
    assert!(
        (40..110).contains(&failed.len()),
        "{} of 240 struck",
        failed.len()
    );
    assert_eq!(failed, struck("priority-fallback"));
}

/// Counts open calls by the trace's grammar, and its violations.
#[derive(Default)]
struct Grammar(Mutex<(Vec<u64>, u64, Vec<String>)>);

impl Recorder for Grammar {
    fn record(&self, event: &Event) {
        let (open, ended, broken) = &mut *self.0.lock().unwrap();
        match &event.kind {
            EventKind::Arrived { call, .. } => open.push(call.0),
            EventKind::Started { call, .. } | EventKind::Replied { call, .. }
                if !open.contains(&call.0) =>
            {
                broken.push(format!("{call} is not open at {}", event.at));
            }
            EventKind::Ended { call, outcome } => {
                open.retain(|open| *open != call.0);
                *ended += 1;
                if *outcome == Outcome::Failed(FailureReason::Unfinished) {
                    broken.push(format!("{call} is unfinished"));
                }
            }
            _ => {}
        }
    }
}

#[test]
fn every_call_of_every_shipped_scenario_ends_once() {
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")).unwrap()
    {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let drill = Drill::load(path).unwrap_or_else(|problem| panic!("{problem}"));
        let grammar = Arc::new(Grammar::default());
        let policy: &Policy = drill.policies().last().unwrap();
        firedrill::engine::run(drill.scenario(), policy, 1, grammar.clone());
        let (open, ended, broken) = &*grammar.0.lock().unwrap();
        assert!(
            open.is_empty() && *ended > 100,
            "{open:?} open, {ended} ended"
        );
        assert!(broken.is_empty(), "{broken:#?}");
    }
}

#[test]
fn a_real_trace_is_replayed_call_by_call() {
    let trace =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/traces/azure_llm_2023_conv.csv");
    let Ok(text) = std::fs::read_to_string(&trace) else {
        println!("skipped: the traces are not here");
        return;
    };
    let rows: Vec<Vec<&str>> = text
        .lines()
        .skip(1)
        .map(|row| row.split(',').collect())
        .collect();
    let column = |n: usize| {
        rows.iter()
            .map(|row| row[n].parse::<u64>().unwrap())
            .sum::<u64>()
    };
    // A shorter duration would leave out the calls that arrive later.
    let project = Project::new("{ duration: 2h, seeds: 1..1 }", LOAD, "{}");
    let drill = project.drill().set("load.trace", trace.to_str().unwrap());
    let drill = drill.unwrap_or_else(|problem| panic!("{problem}"));
    let state = state(&drill, "priority-fallback");
    assert_eq!(state.run.calls, rows.len() as u64);
    let openai = &state.run.providers[0];
    assert_eq!(openai.ledger.billed().input, column(1) * THOUSANDTHS);
    assert_eq!(openai.ledger.billed().output, column(2) * THOUSANDTHS);
    let arrivals = Arc::new(Arrivals::default());
    let policy = presets::policy("no-failover").unwrap();
    firedrill::engine::run(drill.scenario(), &policy, 1, arrivals.clone());
    let arrivals = arrivals.0.lock().unwrap();
    for (row, at) in rows.iter().zip(arrivals.iter()) {
        let recorded = (row[0].parse::<f64>().unwrap() * 1e9) as u64;
        // The world's clock resolves a millisecond: arrivals are rounded up to it.
        assert!(
            at.abs_diff(recorded) <= 1_000_000,
            "{} became {at} ns",
            row[0]
        );
    }
}

#[derive(Default)]
struct Arrivals(Mutex<Vec<u64>>);

impl Recorder for Arrivals {
    fn record(&self, event: &Event) {
        if let EventKind::Arrived { .. } = event.kind {
            self.0.lock().unwrap().push(event.at.as_nanos());
        }
    }
}

/// Counts the open connections whenever a call arrives, inside the run.
#[derive(Default)]
struct Connections(Mutex<(usize, usize)>);

impl Recorder for Connections {
    fn record(&self, event: &Event) {
        if matches!(event.kind, EventKind::Arrived { .. }) {
            let mut counted = self.0.lock().unwrap();
            counted.0 += 1;
            counted.1 = firedrill::engine::connections();
        }
    }
}

#[test]
fn faults_leave_no_connection_behind_however_long_the_run() {
    let project = Project::new(
        "{ duration: 12h, seeds: 1..1 }",
        "{ arrivals: poisson, rate: 20/min, prompt: 9 tok, output: 60 tok, stream: 50% }",
        "{ void: { target: openai, inject: blackhole, at: 10s, for: 7s, every: 61s }, \
           gone: { target: openai, inject: outage, at: 17s, for: 1s, every: 47s }, \
           hang: { target: openai, inject: hang, rate: 5% }, \
           rst: { target: openai, inject: reset, rate: 5% }, \
           cut: { target: openai, inject: stream_cut, rate: 9%, after: 20 tok, with: fin } }",
    );
    let policy = "name: mine\nabout: Times out.\nretry: { max_attempts: 3, \
        max_attempts_per_provider: 3 }\n\
                  timeouts: { connect: 2s, attempt: 6s }\n";
    let policy = Policy::parse("mine.yaml", policy).unwrap();
    let connections = Arc::new(Connections::default());
    firedrill::engine::run(project.drill().scenario(), &policy, 1, connections.clone());
    let (calls, open) = *connections.0.lock().unwrap();
    assert!(calls > 10_000, "{calls} calls");
    assert!(open < 15, "{open} connections after {calls} calls");
}

#[test]
fn faults_of_both_providers_leave_no_connections_behind() {
    let project = Project::new(
        "{ duration: 1h, seeds: 1..1 }",
        "{ rate: 5/s, prompt: 100 tok, output: 20 tok, stream: 50%, deadline: 20s }",
        "{ void: { target: openai, inject: blackhole, at: 20s, for: 10s, every: 60s }, \
           down: { target: openai, inject: outage, at: 40s, for: 5s, every: 60s }, \
           hang: { target: openai, inject: hang, rate: 2% }, \
           reset: { target: kimi, inject: reset, rate: 2% }, \
           cut: { target: kimi, inject: stream_cut, rate: 5%, after: 5 tok, with: rst }, \
           close: { target: kimi, inject: stream_cut, rate: 5%, after: 5 tok, with: fin } }",
    );
    let policy = presets::policy("resilient").unwrap();
    let connections = Arc::new(Connections::default());
    firedrill::engine::run(project.drill().scenario(), &policy, 1, connections.clone());
    let (calls, open) = *connections.0.lock().unwrap();
    assert!(
        (1..90).contains(&open),
        "{open} connections after {calls} calls"
    );
}

#[test]
fn what_an_outage_interrupts_is_not_billed_after_it() {
    // Answers take 4.6 s; the outage is over long before they would have been done.
    let project = Project::new(
        "{ duration: 10s, seeds: 1..1 }",
        "{ arrivals: constant, rate: 1/s, prompt: 100 tok, output: 400 tok }",
        "{ down: { target: openai, inject: outage, at: 5500ms, for: 200ms } }",
    );
    let run = project.under(PATIENT).run;
    let billed = 400 * run.succeeded * THOUSANDTHS;
    assert_eq!(run.providers[0].ledger.billed().output, billed);
}

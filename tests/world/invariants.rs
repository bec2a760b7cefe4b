//! Invariants of every call under any faults: small random scenarios, with faults from the whole
//! catalogue, under random policies with every mechanism on and off, through the real client.
//! `drawn` generates them, and `law` checks the trace of each run.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use drawn::{Case, cases};
use firedrill::drill::{Engine, compare_engines};
use firedrill::policy::config::Policy;
use firedrill::policy::{Cause, FailureReason, Outcome};
use firedrill::scenario::{Scenario, load};
use firedrill::trace::{Event, EventKind, Recorder};
use law::Law;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngSeed, TestRunner};

mod drawn;
mod law;

#[test]
fn no_world_makes_a_call_break_its_bounds() {
    let seen = RefCell::new(BTreeMap::new());
    let judged = runner(CASES, 1).run(&cases(), |case| {
        let (scenario, policy) = case.read();
        let trace = run(&scenario, &policy, case.seed);
        let broken = Law::new(&case, &scenario, &policy).broken(&trace);
        prop_assert!(broken.is_empty(), "{}\n{case}", broken.join("\n"));
        trace
            .iter()
            .for_each(|event| count(&mut seen.borrow_mut(), event));
        Ok(())
    });
    judged.unwrap_or_else(|broken| panic!("{broken}"));
    // An invariant that no case exercises proves nothing.
    let seen = seen.into_inner();
    for (what, least) in SEEN {
        let often = seen.get(*what).copied().unwrap_or_default();
        assert!(often >= *least, "{what}: only {often} times, of {seen:#?}");
    }
}

#[test]
fn the_same_case_is_the_same_story() {
    let judged = runner(8, 2).run(&cases(), |case| {
        let (scenario, policy) = case.read();
        let [first, second] = [(); 2].map(|()| run(&scenario, &policy, case.seed));
        prop_assert!(first == second, "two runs differ\n{case}");
        Ok(())
    });
    judged.unwrap_or_else(|broken| panic!("{broken}"));
}

#[test]
fn both_engines_tell_the_same_of_random_worlds() {
    let (mut all, mut agree, mut alike) = (0, 0, 0);
    for case in drawn_cases(PAIRS, 3) {
        let (scenario, policy) = case.read();
        let trace = traced(Engine::Model, &scenario, &policy, case.seed);
        let broken = Law::new(&case, &scenario, &policy).broken(&trace);
        assert!(broken.is_empty(), "{}\n{case}", broken.join("\n"));
        let found = compare_engines(&scenario, &policy, case.seed);
        let found = found.expect("a thread starts");
        all += found.calls;
        agree += found.agree;
        alike += u32::from(found.calls == found.agree);
    }
    // In the others state feeds back: two requests of one millisecond meet a limit or a breaker.
    assert!(agree * 100 >= all * 93, "only {agree} of {all} calls agree");
    assert!(
        alike * 10 >= PAIRS * 8,
        "only {alike} of {PAIRS} worlds agree"
    );
}

/// As many cases as asked for.
fn drawn_cases(count: u32, seed: u64) -> Vec<Case> {
    let mut runner = runner(count, seed);
    let strategy = cases();
    let drawn = (0..count).map(|_| {
        let tree = strategy
            .new_tree(&mut runner)
            .expect("cases are not filtered");
        tree.current()
    });
    drawn.collect()
}

fn runner(cases: u32, seed: u64) -> TestRunner {
    TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 200,
        rng_seed: RngSeed::Fixed(seed),
        ..ProptestConfig::default()
    })
}

/// Counts the events that the invariants are about.
fn count(seen: &mut BTreeMap<&'static str, u32>, event: &Event) {
    let what = match &event.kind {
        EventKind::Started { probe: true, .. } => "probes",
        EventKind::Started { cause, key, .. } => match (cause, key.0) {
            (Cause::First, _) => "first attempts",
            (Cause::Retry, 0) => "retries",
            (Cause::Retry, _) => "other keys",
            (Cause::Fallback, _) => "fallbacks",
            (Cause::Hedge, _) => "hedges",
            (other, _) => panic!("no word for {other:?}"),
        },
        EventKind::FirstTokenDelivered { .. } => "first tokens",
        EventKind::Replied { hint: Some(_), .. } => "hints",
        EventKind::Replied {
            failure: Some(class),
            ..
        } => class.name(),
        EventKind::Replied { failure: None, .. } => "answers",
        EventKind::Cancelled { .. } => "cancelled attempts",
        EventKind::Ended { outcome, .. } => match outcome {
            Outcome::Succeeded { .. } => "successes",
            Outcome::Failed(ending) => match ending {
                FailureReason::Stopped(_) => "stopped",
                FailureReason::Exhausted(_) => "exhausted",
                FailureReason::Interrupted(_) => "interrupted",
                FailureReason::Deadline => "late",
                FailureReason::Unavailable => "refused",
                FailureReason::Shed => "shed",
                FailureReason::Unfinished => "abandoned",
                other => panic!("no word for {other:?}"),
            },
        },
        EventKind::Checked { .. } => "health checks",
        EventKind::Ejected { .. } => "ejections",
        _ => return,
    };
    *seen.entry(what).or_default() += 1;
}

fn run(scenario: &Scenario, policy: &Policy, seed: u64) -> Vec<Event> {
    traced(Engine::Wire, scenario, policy, seed)
}

fn traced(engine: Engine, scenario: &Scenario, policy: &Policy, seed: u64) -> Vec<Event> {
    let trace = Arc::new(Trace::default());
    let ran = engine.run(scenario, policy, seed, trace.clone());
    ran.expect("a thread starts");
    std::mem::take(&mut trace.0.lock().expect("no panic"))
}

impl Case {
    /// The scenario and the policy, parsed by the files' own readers.
    fn read(&self) -> (Scenario, Policy) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("drill.yaml");
        std::fs::write(&path, &self.scenario).expect("a file");
        let loaded = load(&path, &[]);
        let loaded = loaded.unwrap_or_else(|problem| panic!("{problem}\n{self}"));
        let policy = Policy::parse("mine.yaml", &self.policy);
        let policy = policy.unwrap_or_else(|problem| panic!("{problem}\n{self}"));
        (loaded.scenario, policy)
    }
}

/// Keeps all events, in order.
#[derive(Default)]
struct Trace(Mutex<Vec<Event>>);

impl Recorder for Trace {
    fn record(&self, event: &Event) {
        self.0.lock().expect("no panic").push(event.clone());
    }
}

const CASES: u32 = 240;

/// Worlds that are run by both engines.
const PAIRS: u32 = 60;

/// The events that have to occur, with their minimum number in all cases together.
const SEEN: &[(&str, u32)] = &[
    ("first attempts", 5_000),
    ("retries", 200),
    ("fallbacks", 500),
    ("hedges", 400),
    ("other keys", 20),
    ("probes", 200),
    ("first tokens", 1_000),
    ("hints", 400),
    ("cancelled attempts", 800),
    ("successes", 2_500),
    ("stopped", 100),
    ("exhausted", 400),
    ("interrupted", 30),
    ("late", 400),
    ("refused", 400),
    ("shed", 400),
    ("abandoned", 200),
    ("ejections", 20),
    ("health checks", 500),
    ("auth", 20),
    ("bad_request", 50),
    ("truncated", 10),
    ("timeout_idle", 1),
];

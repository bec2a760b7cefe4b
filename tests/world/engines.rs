//! The two engines agree: call by call, at the same seed.
//!
//! A call agrees when both engines give it the same attempts at the same providers, with the same
//! ends, and the same outcome, each within a millisecond.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use firedrill::drill::{Drill, Engine, run_all};
use firedrill::policy::CallId;
use firedrill::policy::config::Policy;
use firedrill::report::Format;
use firedrill::scenario::Scenario;
use firedrill::time::Instant;
use firedrill::trace::{Event, EventKind, Recorder};

/// What happened to each call: what, and when, in milliseconds.
type Calls = BTreeMap<CallId, Vec<(String, u64)>>;

#[derive(Default)]
struct Noted(Mutex<Calls>);

impl Recorder for Noted {
    fn record(&self, event: &Event) {
        let Some((call, what)) = noted(&event.kind) else {
            return;
        };
        let mut calls = self.0.lock().expect("no panic");
        calls.entry(call).or_default().push((what, ms(event.at)));
    }
}

fn ms(at: Instant) -> u64 {
    at.as_nanos() / 1_000_000
}

fn noted(kind: &EventKind) -> Option<(CallId, String)> {
    Some(match kind {
        EventKind::Arrived { call, streamed } => (*call, format!("arrives, streamed {streamed}")),
        EventKind::Started {
            call,
            attempt,
            provider,
            nth,
            cause,
            probe,
            key,
        } => (
            *call,
            format!("starts {attempt:?} {provider:?} {nth} {cause:?} {probe} {key:?}"),
        ),
        EventKind::FirstTokenDelivered { call, attempt } => (*call, format!("token {attempt:?}")),
        EventKind::Replied {
            call,
            attempt,
            failure,
            hint,
            ..
        } => (*call, format!("replied {attempt:?} {failure:?} {hint:?}")),
        EventKind::Cancelled { call, attempt, .. } => (*call, format!("cancelled {attempt:?}")),
        EventKind::Ended { call, outcome } => (*call, format!("ended {outcome:?}")),
        EventKind::Billed {
            provider,
            call: Some(call),
            nth,
            bill,
        } => (*call, format!("billed {provider:?} {nth} {bill:?}")),
        EventKind::Answered {
            provider,
            call: Some(call),
            nth,
        } => (*call, format!("answered {provider:?} {nth}")),
        EventKind::Fired {
            fault,
            call: Some(call),
        } => (*call, format!("struck {fault:?}")),
        _ => return None,
    })
}

fn calls(engine: Engine, scenario: &Scenario, policy: &Policy, seed: u64) -> Calls {
    let noted = Arc::new(Noted::default());
    let ran = engine.run(scenario, policy, seed, noted.clone());
    ran.expect("a thread starts");
    std::mem::take(&mut noted.0.lock().expect("no panic"))
}

/// How many calls there were and how many agree, and the first that does not.
pub(crate) struct Agreement {
    pub(crate) all: usize,
    pub(crate) agree: usize,
    pub(crate) first: Option<String>,
}

pub(crate) fn compare(scenario: &Scenario, policy: &Policy, seed: u64) -> Agreement {
    let [wire, model] = [Engine::Wire, Engine::Model].map(|one| calls(one, scenario, policy, seed));
    let mut agreement = Agreement {
        all: wire.len().max(model.len()),
        agree: 0,
        first: None,
    };
    for (call, by_wire) in &wire {
        let by_model = model.get(call).map_or(&[][..], Vec::as_slice);
        if is_alike(by_wire, by_model) {
            agreement.agree += 1;
        } else if agreement.first.is_none() {
            agreement.first = Some(shown(*call, by_wire, by_model));
        }
    }
    agreement
}

/// Bills come when they come: the provider's and the client's events are compared apart.
fn is_alike(a: &[(String, u64)], b: &[(String, u64)]) -> bool {
    let apart = |all: &[(String, u64)]| {
        let (mut own, mut theirs): (Vec<_>, Vec<_>) = all.iter().cloned().partition(|(what, _)| {
            !["billed", "answered", "struck"]
                .iter()
                .any(|one| what.starts_with(one))
        });
        theirs.sort();
        own.append(&mut theirs);
        own
    };
    let (a, b) = (apart(a), apart(b));
    a.len() == b.len()
        && a.iter()
            .zip(&b)
            .all(|(a, b)| a.0 == b.0 && a.1.abs_diff(b.1) <= 1)
}

fn shown(call: CallId, wire: &[(String, u64)], model: &[(String, u64)]) -> String {
    let mut text = format!("{call:?}\n");
    for (name, all) in [("wire", wire), ("model", model)] {
        let _ = writeln!(text, "    {name}:");
        for (what, at) in all {
            let _ = writeln!(text, "      {at:>9} {what}");
        }
    }
    text
}

/// Those of scenarios that differ where state feeds back: many calls ask for the same thing in the
/// same millisecond, and who comes first decides who comes first the next time.
const FEEDBACK: &[(&str, &str)] = &[
    ("jitter", "jitter-off"),
    ("queue-priorities", "walled-queue"),
    ("retry-storm", "naive"),
];

#[test]
fn both_engines_tell_the_same_of_shipped_scenarios() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let (mut all, mut agree, mut wrong) = (0, 0, Vec::new());
    for folder in ["", "conduct", "mechanisms", "articles"] {
        for path in files(&root.join(folder)) {
            let drill = Drill::load(&path).unwrap_or_else(|problem| panic!("{problem}"));
            let name = path
                .file_stem()
                .expect("a file")
                .to_string_lossy()
                .into_owned();
            // What shows one mechanism has a policy with it and one without. Of the policies of
            // other scenarios the last does the most.
            let most = if folder == "mechanisms" { 2 } else { 1 };
            for policy in drill.policies().iter().rev().take(most) {
                if FEEDBACK.contains(&(name.as_str(), policy.name.as_str())) {
                    continue;
                }
                let seed = *drill.scenario().run.seeds.start();
                let found = compare(drill.scenario(), policy, seed);
                all += found.all;
                agree += found.agree;
                if found.agree * 100 < found.all * 98 {
                    let first = found.first.unwrap_or_default();
                    wrong.push(format!("{name}, {}: {first}", policy.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        agree * 1_000 >= all * 999,
        "only {agree} of {all} calls agree"
    );
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder ships");
    let files = entries.map(|entry| entry.expect("it is read").path());
    let yaml = files.filter(|path| path.extension().is_some_and(|one| one == "yaml"));
    let mut files = Vec::from_iter(yaml);
    files.sort();
    files
}

#[test]
fn the_model_is_the_same_whatever_the_number_of_threads() {
    let drill = Drill::load(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/cascade.yaml"));
    let drill = drill.expect("it ships").seeds(1..=4).engine(Engine::Model);
    let [one, four] = [1, 4].map(|threads| {
        let mut reports = Vec::new();
        let threads = run_all(
            std::slice::from_ref(&drill),
            NonZero::new(threads).expect("more than none"),
            &mut || (),
            &mut |_, report| {
                reports.push(report.render(Format::Json, false));
                ControlFlow::Continue(())
            },
        );
        threads.expect("a thread starts");
        reports
    });
    assert!(one == four);
    assert!(one[0].contains("made by the model engine"));
}

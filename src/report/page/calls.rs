//! The worst calls, step by step, with the reason of each step and a bar for each attempt.

use serde::Serialize;

use super::answers::{capital, names};
use crate::policy::AttemptId;
use crate::report::Report;
use crate::report::replay::Replay;
use crate::report::story::{CallStory, Names, clock};
use crate::trace::EventKind;

/// The calls of one run.
#[derive(Serialize)]
pub(super) struct Calls {
    policy: String,
    seed: u64,
    ways: Vec<String>,
    calls: Vec<Told>,
}

#[derive(Serialize)]
struct Told {
    heading: String,
    is_failed: bool,
    steps: Vec<Step>,
    hidden: usize,
    trace: String,
}

#[derive(Serialize)]
struct Step {
    at: String,
    since: String,
    text: String,
    /// An attempt's bar, in thousandths of the call; none for other steps.
    bar: Option<Bar>,
    /// Whether the core says why.
    is_reason: bool,
}

#[derive(Serialize)]
struct Bar {
    from: u64,
    width: u64,
    class: &'static str,
}

/// Of each run that was made again.
pub(super) fn all(report: &Report) -> Vec<Calls> {
    let names = names(report);
    let all = report.replays.iter();
    let all = all.filter_map(|replay| one(report, replay, &names));
    all.filter(|one| !one.calls.is_empty()).collect()
}

fn one(report: &Report, replay: &Replay, names: &Names) -> Option<Calls> {
    let policy = report.policies.get(replay.policy)?;
    let told = replay.worst.told().into_iter().map(|story| {
        let pick = crate::report::story::Pick::Call(story.call);
        let trace = report.trace(&policy.name, replay.seed, pick);
        call(story, names, trace)
    });
    let ways = replay.worst.ways().into_iter();
    let ways = ways.map(|(way, count)| format!("{} {way}", crate::report::grouped(count)));
    Some(Calls {
        policy: policy.name.clone(),
        seed: replay.seed,
        ways: ways.collect(),
        calls: told.collect(),
    })
}

fn call(story: &CallStory, names: &Names, trace: String) -> Told {
    let took = story.took().max(1);
    let part = |nanos: u64| {
        let part = u128::from(nanos) * 1_000 / u128::from(took);
        u64::try_from(part).unwrap_or(1_000).min(1_000)
    };
    let mut steps = Vec::new();
    for event in &story.events {
        let Some(text) = story.line(event, names) else {
            continue;
        };
        let since = event.at.since(story.arrived);
        let bar = match event.kind {
            EventKind::Started { attempt, .. } => {
                let (end, class) = end(story, attempt);
                let from = part(crate::time::nanos(since));
                let to = part(end);
                let width = to.saturating_sub(from).max(6).min(1_000 - from.min(994));
                let from = from.min(994);
                Some(Bar { from, width, class })
            }
            _ => None,
        };
        steps.push(Step {
            at: clock(event.at),
            since: format!("+{}", crate::report::story::length(since)),
            text,
            bar,
            is_reason: matches!(event.kind, EventKind::Decided { .. }),
        });
    }
    let hidden = steps.len().saturating_sub(MOST_STEPS);
    if hidden > 0 {
        // The first steps and the end say most.
        steps.drain(MOST_STEPS / 2..MOST_STEPS / 2 + hidden);
    }
    Told {
        heading: capital(&story.heading()),
        is_failed: story.failure().is_some(),
        steps,
        hidden,
        trace,
    }
}

/// When an attempt ended, in nanoseconds of its call, and how.
fn end(story: &CallStory, of: AttemptId) -> (u64, &'static str) {
    let ended = story.events.iter().find_map(|event| {
        let class = match event.kind {
            EventKind::Replied {
                attempt,
                failure: None,
                ..
            } if attempt == of => "answered",
            EventKind::Replied { attempt, .. } if attempt == of => "failed",
            EventKind::Cancelled { attempt, .. } if attempt == of => "abandoned",
            _ => return None,
        };
        Some((crate::time::nanos(event.at.since(story.arrived)), class))
    });
    ended.unwrap_or((story.took(), "open"))
}

/// Of a call with more, the first and the last are shown.
const MOST_STEPS: usize = 40;

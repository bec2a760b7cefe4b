//! The scopes in which a run is counted: all calls, those during each fault, and those after a
//! fault for which an expectation asks.
//!
//! A scope of calls that arrived within certain intervals has a position: first the faults, then
//! the intervals after faults. [`super::collector`] fills them.

use super::alerts::AlertTally;
use super::fault_impact::{Aftermath, Longest, length_within};
use super::run_stats::{After, RunStats, Scope};
use super::subject::Subject;
use super::timeline::Timeline;
use super::windows::WindowConfig;
use crate::expect::When;
use crate::time::{Windows, nanos};

/// The intervals after faults in the expectations of `subject`, each once, in their order.
pub(super) fn after(subject: &Subject) -> impl Iterator<Item = Windows> {
    asked(subject).into_iter().map(|(_, windows)| windows)
}

fn asked(subject: &Subject) -> Vec<(When, Windows)> {
    let mut asked: Vec<(When, Windows)> = Vec::new();
    let expected = subject.expect.iter().flat_map(|(_, expected)| expected);
    for when in expected.map(|expected| expected.when) {
        let When::After { fault, .. } = when else {
            continue;
        };
        let fault = subject.faults.get(fault.index());
        let windows = fault.and_then(|fault| when.windows(&fault.windows));
        if let Some(windows) = windows
            && asked.iter().all(|(known, _)| *known != when)
        {
            asked.push((when, windows));
        }
    }
    asked
}

/// The empty stats of a run of `subject`.
pub(super) fn empty(subject: &Subject, rules: &WindowConfig) -> RunStats {
    let (providers, faults) = (subject.providers.len(), subject.faults.len());
    let end = nanos(subject.duration);
    let within = |windows: &Windows| Scope::new(providers, length_within(windows, end));
    let after = asked(subject).into_iter();
    let after = after.filter_map(|(when, windows)| match when {
        When::After { fault, from, to } => Some(After {
            fault: fault.index(),
            from_ns: from,
            to_ns: to,
            calls: within(&windows),
        }),
        When::Always | When::During(_) => None,
    });
    let named = subject.providers.iter().map(|one| one.name.clone());
    let struck = subject.faults.iter();
    RunStats {
        runs: 1,
        providers: named.collect(),
        faults: struck.clone().map(|fault| fault.name.clone()).collect(),
        alerts: subject
            .alerts
            .iter()
            .map(|rule| rule.name.clone())
            .collect(),
        alerting: vec![AlertTally::default(); subject.alerts.len()],
        window_ns: rules.length(),
        fired: vec![0; faults],
        run: Scope::new(providers, end),
        during: struck.map(|fault| within(&fault.windows)).collect(),
        after: after.collect(),
        aftermath: vec![Aftermath::default(); faults],
        comebacks: vec![Longest::default(); providers],
        timeline: Timeline::new(subject.duration),
    }
}

/// The scopes of all intervals, by position.
pub(super) fn stretches(state: &mut RunStats) -> impl Iterator<Item = &mut Scope> {
    let after = state.after.iter_mut().map(|after| &mut after.calls);
    state.during.iter_mut().chain(after)
}

/// The scope of the interval at `place`.
pub(super) fn stretch(state: &mut RunStats, place: usize) -> Option<&mut Scope> {
    let faults = state.during.len();
    match place.checked_sub(faults) {
        None => state.during.get_mut(place),
        Some(place) => state.after.get_mut(place).map(|after| &mut after.calls),
    }
}

//! The scopes in which a run is counted: all calls, those during each fault, and those after a
//! fault for which an expectation asks; and the slices of [`super::breakdown`].
//!
//! A scope of calls that arrived within certain intervals has a position: first the faults, then
//! the intervals after faults, then the slices. [`super::collector`] fills them.

use super::alerts::AlertTally;
use super::breakdown;
use super::fault_impact::{Aftermath, Longest, length_within};
use super::run_stats::{After, RunStats, Scope};
use super::subject::Subject;
use super::timeline::Timeline;
use super::windows::WindowConfig;
use crate::expect::When;
use crate::time::{Windows, nanos};

/// The intervals behind those of faults: those after faults in the expectations of `subject`, each
/// once, in their order, and those of slices.
pub(super) fn after(subject: &Subject) -> impl Iterator<Item = Windows> {
    let after = asked(subject).into_iter().map(|(_, windows)| windows);
    let slices = breakdown::slices(subject).into_iter();
    after.chain(slices.map(|(.., windows)| windows))
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
    let within = |windows: &Windows| breakdown::scope(subject, length_within(windows, end));
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
        run: breakdown::scope(subject, end),
        during: struck.map(|fault| within(&fault.windows)).collect(),
        after: after.collect(),
        slices: breakdown::empty(subject),
        aftermath: vec![Aftermath::default(); faults],
        comebacks: vec![Longest::default(); providers],
        timeline: Timeline::new(subject.duration),
    }
}

/// How many scopes are of an interval and take all of its calls: those of slices follow.
pub(super) fn of_all_calls(state: &RunStats) -> usize {
    state.during.len() + state.after.len()
}

/// The scopes of intervals, by position, with those of slices.
pub(super) fn all(state: &mut RunStats) -> impl Iterator<Item = &mut Scope> {
    let after = state.after.iter_mut().map(|after| &mut after.calls);
    let slices = state.slices.iter_mut().map(|slice| &mut slice.calls);
    state.during.iter_mut().chain(after).chain(slices)
}

/// The scope of the interval at `place`, if it takes all of its calls: what belongs to no call
/// counts in it by its own time.
pub(super) fn stretch_of_all(state: &mut RunStats, place: usize) -> Option<&mut Scope> {
    let after = state.after.iter_mut().map(|after| &mut after.calls);
    state.during.iter_mut().chain(after).nth(place)
}

/// The scope of the interval at `place`.
pub(super) fn stretch(state: &mut RunStats, place: usize) -> Option<&mut Scope> {
    all(state).nth(place)
}

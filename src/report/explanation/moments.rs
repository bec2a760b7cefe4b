//! When it was: the windows that hold the most failed calls or attempts, and the outages.

use std::cmp::Reverse;
use std::time::Duration;

use super::{Case, MOST_ROWS};
use crate::report::ratio::grouped;
use crate::report::story::clock;
use crate::time::{Instant, Windows};
use crate::units::duration;

/// An outage of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outage {
    pub(super) seed: u64,
    from: Instant,
    to: Instant,
    /// Windows.
    windows: u64,
}

/// The outages of all runs that the expectation is about, the longest first.
pub(super) fn outages(case: &Case<'_>) -> Vec<Outage> {
    let length = case.policy.state.window_ns;
    let asked = asked(case);
    let runs = case.policy.by_seed.calls.iter();
    let all = runs.flat_map(|(seed, run)| {
        run.outages.iter().map(|(first, until)| Outage {
            seed: *seed,
            from: Instant::from_nanos(first.saturating_mul(length)),
            to: Instant::from_nanos(until.saturating_mul(length)),
            windows: until.saturating_sub(*first),
        })
    });
    let touched = |one: &Outage| asked.is_none_or(|asked| touches(&asked, one.from, one.to));
    let mut all = Vec::from_iter(all.filter(touched));
    all.sort_by_key(|one| (Reverse(one.windows), one.seed, one.from));
    all
}

/// The longest of them.
pub(super) fn outage_lines(case: &Case<'_>) -> Vec<String> {
    let all = outages(case);
    if all.is_empty() {
        return vec!["the result does not hold when that was".to_owned()];
    }
    let mut lines = vec![format!("outages{}, the longest first", of_all(case))];
    lines.extend(all.iter().take(MOST_ROWS).map(|one| {
        let (seed, from, to) = (one.seed, clock(one.from), clock(one.to));
        let windows = plural(one.windows, "window");
        let faults = faults(case, one.from, one.to);
        format!("  seed {seed}  {from} to {to}  {windows}{faults}")
    }));
    lines.extend(rest(all.len()));
    lines
}

/// The windows with the most failed calls.
pub(super) fn failed(case: &Case<'_>) -> Vec<String> {
    busiest(
        case,
        &case.policy.state.timeline.failed,
        "failed calls",
        "failed",
    )
}

/// The windows with the most attempts.
pub(super) fn attempts(case: &Case<'_>) -> Vec<String> {
    busiest(
        case,
        &case.policy.state.timeline.attempts,
        "attempts",
        "attempts",
    )
}

/// The windows with the highest of these counts.
fn busiest(case: &Case<'_>, counts: &[u64], what: &str, unit: &str) -> Vec<String> {
    let state = &case.policy.state;
    let (timeline, asked) = (&state.timeline, asked(case));
    let window = |place: usize| {
        let start = timeline.stretch_ns.saturating_mul(place as u64);
        let end = start.saturating_add(timeline.stretch_ns);
        (Instant::from_nanos(start), Instant::from_nanos(end))
    };
    let counted = counts.iter().copied().enumerate();
    let mut counted = Vec::from_iter(counted.filter(|(place, count)| {
        let (from, to) = window(*place);
        *count > 0 && asked.is_none_or(|asked| touches(&asked, from, to))
    }));
    if counted.is_empty() {
        return Vec::new();
    }
    counted.sort_by_key(|(place, count)| (Reverse(*count), *place));
    let (length, runs) = (length(timeline.stretch_ns), plural(state.runs, "run"));
    let together = if state.runs > 1 { " together" } else { "" };
    let mut lines = vec![format!(
        "windows of {length} with the most {what}{}, {runs}{together}",
        of_all(case)
    )];
    lines.extend(counted.iter().take(MOST_ROWS).map(|(place, count)| {
        let (from, to) = window(*place);
        let calls = timeline.calls.get(*place).copied().unwrap_or(0);
        let (calls, count) = (plural(calls, "call"), grouped(*count));
        let faults = faults(case, from, to);
        format!(
            "  {} to {}  {calls}, {count} {unit}{faults}",
            clock(from),
            clock(to)
        )
    }));
    lines.extend(rest(counted.len()));
    lines
}

/// When the calls arrived that the expectation is about; none = at any time.
fn asked(case: &Case<'_>) -> Option<Windows> {
    let when = case.expectation.when;
    let fault = case.report.subject.faults.get(when.fault()?.index())?;
    when.windows(&fault.windows)
}

/// Says that what follows is not narrowed to the expectation's task or client.
fn of_all(case: &Case<'_>) -> &'static str {
    match case.expectation.of {
        Some(_) => " of all calls",
        None => "",
    }
}

fn touches(windows: &Windows, from: Instant, to: Instant) -> bool {
    windows.at_or_after(from).is_some_and(|(at, _)| at < to)
}

/// `  storm, slow`: the faults that were active and struck.
fn faults(case: &Case<'_>, from: Instant, to: Instant) -> String {
    let faults = case.report.subject.faults.iter();
    let fired = faults
        .zip(&case.policy.state.fired)
        .filter(|(_, fired)| **fired > 0);
    let active = fired.filter(|(fault, _)| touches(&fault.windows, from, to));
    let names = Vec::from_iter(active.map(|(fault, _)| fault.name.as_str()));
    match names.is_empty() {
        true => String::new(),
        false => format!("  during {}", names.join(", ")),
    }
}

fn rest(all: usize) -> Option<String> {
    let rest = all.checked_sub(MOST_ROWS).filter(|rest| *rest > 0)?;
    Some(format!("  and {} more", grouped(rest as u64)))
}

/// `1 window`, `2 windows`.
fn plural(count: u64, word: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{} {word}{end}", grouped(count))
}

/// `30s`.
pub(super) fn length(nanos: u64) -> String {
    duration::write(Duration::from_nanos(nanos))
}

//! What decides a measure: failed calls, outages, long calls, or attempts; and its lines.

use super::moments;
use super::{Case, MOST_ROWS};
use crate::policy::CallId;
use crate::report::measures::{self, Measure};
use crate::report::ratio::grouped;
use crate::report::story::Pick;
use crate::report::{Endings, Ratio, Scope, Times, Unit};

/// What decides a measure.
#[derive(Clone, Copy)]
enum Evidence {
    /// The calls that failed.
    Failures,
    /// The windows that were down.
    Outages,
    /// The lengths beyond the bound.
    Lengths(fn(&Scope) -> &Times),
    /// Attempts at providers, and what they cost.
    Attempts,
    /// Something that a result keeps no moments of.
    Unknown,
}

/// Measures by name, or by what stands before the point of theirs.
const DECIDED_BY: [(&[&str], Evidence); 6] = [
    (
        &[
            "success_rate",
            "succeeded",
            "goodput",
            "failed_calls",
            "truncated_successes",
            "unfinished",
            "shed_rate",
        ],
        Evidence::Failures,
    ),
    (
        &[
            "uptime",
            "outages",
            "outage_longest",
            "outage_mean",
            "failover_time",
        ],
        Evidence::Outages,
    ),
    (&["latency"], Evidence::Lengths(|scope| &scope.latency)),
    (
        &["latency_failed"],
        Evidence::Lengths(|scope| &scope.latency_failed),
    ),
    (&["ttft"], Evidence::Lengths(|scope| &scope.ttft)),
    (
        &[
            "attempts_per_call",
            "attempts_max",
            "attempt_share",
            "fallback_rate",
            "hedge_rate",
            "useless_retries",
            "hints_violated",
            "cost_per_success",
        ],
        Evidence::Attempts,
    ),
];

impl Evidence {
    fn of(measure: &Measure) -> Self {
        let base = measure.name.split('.').next().unwrap_or(measure.name);
        let found = DECIDED_BY.iter().find(|(names, _)| names.contains(&base));
        match found {
            Some((_, evidence)) => *evidence,
            None if measure.is_with_keys() => Self::Attempts,
            None => Self::Unknown,
        }
    }
}

/// What decided the expectation.
pub(super) fn lines(case: &Case<'_>) -> Vec<String> {
    let Some(scope) = case.scope().filter(|scope| scope.calls > 0) else {
        return vec!["no call is counted".to_owned()];
    };
    match Evidence::of(case.measure) {
        Evidence::Failures => failures(case, scope),
        Evidence::Outages => outages(case, scope),
        Evidence::Lengths(times) => lengths(case, scope, times),
        Evidence::Attempts => attempts(case, scope),
        Evidence::Unknown => vec!["a result does not keep in which windows it was".to_owned()],
    }
}

/// The seed and the calls of it that show it best.
pub(super) fn next(case: &Case<'_>) -> Option<(u64, Pick)> {
    let (seeds, _) = case.seeds();
    let worst = seeds.first().map(|(seed, _)| *seed);
    let seed = match Evidence::of(case.measure) {
        Evidence::Outages => moments::outages(case)
            .first()
            .map(|one| one.seed)
            .or(worst)?,
        _ => worst?,
    };
    let failed = case.policy.by_seed.calls.get(&seed);
    let failed = failed.and_then(|calls| calls.failed.ranges().first());
    let pick = match (Evidence::of(case.measure), failed) {
        (_, None) => Pick::Slowest(MOST_ROWS),
        (Evidence::Failures, Some((first, _))) if is_of_all(case) => Pick::Call(CallId(*first)),
        (Evidence::Lengths(_), _) if case.measure.name.starts_with("latency_failed") => {
            Pick::Failed
        }
        (Evidence::Lengths(_) | Evidence::Attempts, _) => Pick::Slowest(MOST_ROWS),
        _ => Pick::Failed,
    };
    Some((seed, pick))
}

/// Whether it is about all calls, and not only those of a part or a time.
fn is_of_all(case: &Case<'_>) -> bool {
    case.expectation.of.is_none() && case.expectation.when.fault().is_none()
}

fn failures(case: &Case<'_>, scope: &Scope) -> Vec<String> {
    let failed = scope.calls.saturating_sub(scope.succeeded);
    let (calls, count) = (grouped(scope.calls), grouped(failed));
    let reasons = Endings::REASONS.iter().filter_map(|(name, count)| {
        let count = count(&scope.endings);
        (count > 0).then(|| format!("{} {name}", grouped(count)))
    });
    if failed == 0 {
        return vec![format!("0 of {calls} calls failed")];
    }
    let reasons = Vec::from_iter(reasons).join(", ");
    let mut lines = vec![format!("{count} of {calls} calls failed: {reasons}")];
    let lost = |scope: &Scope| (scope.calls.saturating_sub(scope.succeeded), scope.calls);
    lines.extend(by_fault(case, lost));
    lines.extend(moments::failed(case));
    lines.extend(numbers(case));
    lines
}

/// Of how many calls that arrived while each fault was active this is true.
fn by_fault(case: &Case<'_>, count: impl Fn(&Scope) -> (u64, u64)) -> Vec<String> {
    let state = &case.policy.state;
    if !is_of_all(case) {
        return Vec::new();
    }
    let faults = state.faults.iter().zip(&state.fired).zip(&state.during);
    let fired = faults.filter(|((_, fired), _)| **fired > 0);
    let counts = fired.map(|((name, _), scope)| (name, count(scope)));
    let counts = counts.filter(|(_, (_, all))| *all > 0);
    let counts = counts.map(|(name, (part, all))| {
        let (part, all) = (grouped(part), grouped(all));
        format!("{part} of the {all} that arrived during {name}")
    });
    counts.collect()
}

/// The numbers of the failed calls of the worst seed that has some.
fn numbers(case: &Case<'_>) -> Option<String> {
    let (seeds, _) = case.seeds();
    let calls = &case.policy.by_seed.calls;
    let mut seeds = seeds
        .iter()
        .filter_map(|(seed, _)| Some((seed, calls.get(seed)?)));
    let (seed, calls) =
        seeds.find(|(_, calls)| !calls.is_complete() || !calls.failed.ranges().is_empty())?;
    if !calls.is_complete() {
        return Some(format!(
            "seed {seed} has more failed calls than a result keeps"
        ));
    }
    let ranges = calls.failed.ranges();
    let told = ranges
        .iter()
        .take(MOST_RANGES)
        .map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("{first} to {last}"),
        });
    let told = Vec::from_iter(told).join(", ");
    let shown = ranges.iter().take(MOST_RANGES);
    let shown = shown.map(|(first, last)| last.saturating_sub(*first).saturating_add(1));
    let shown = shown.fold(0, u64::saturating_add);
    let rest = match calls.failed.count().saturating_sub(shown) {
        0 => String::new(),
        rest => format!(" and {} more", grouped(rest)),
    };
    Some(format!("failed calls of seed {seed}: {told}{rest}"))
}

fn outages(case: &Case<'_>, scope: &Scope) -> Vec<String> {
    let uptime = &scope.uptime;
    let window = moments::length(case.policy.state.window_ns);
    let (down, all) = (grouped(uptime.down), grouped(uptime.windows));
    let outages = grouped(uptime.outages);
    let mut lines = vec![format!(
        "{down} of {all} windows of {window} were down; {outages} outages"
    )];
    if uptime.down > 0 {
        lines.extend(moments::outage_lines(case));
    }
    lines
}

fn lengths(case: &Case<'_>, scope: &Scope, times: fn(&Scope) -> &Times) -> Vec<String> {
    let Some(limit) = case.result.limit else {
        return Vec::new();
    };
    let is_upper = case.expectation.op.is_upper();
    let count = |scope: &Scope| {
        let all = times(scope);
        let beyond = all.buckets.sparse().filter(|(edge, _)| match is_upper {
            true => Ratio::whole(*edge) > limit,
            false => Ratio::whole(*edge) < limit,
        });
        let beyond = beyond.map(|(_, count)| count).fold(0, u64::saturating_add);
        (beyond, all.buckets.count())
    };
    let (beyond, all) = count(scope);
    let side = if is_upper { "longer" } else { "shorter" };
    let (bound, most) = (Unit::Ms.shown(limit), times(scope).max());
    let most = most.map_or(String::new(), |most| {
        format!("; the longest {}", Unit::Ms.shown(most))
    });
    let (beyond, all) = (grouped(beyond), grouped(all));
    let mut lines = vec![format!("{beyond} of {all} took {side} than {bound}{most}")];
    lines.extend(by_fault(case, count));
    lines.push("a result does not keep in which windows they arrived".to_owned());
    lines
}

fn attempts(case: &Case<'_>, scope: &Scope) -> Vec<String> {
    let state = &case.policy.state;
    let mut lines = Vec::new();
    let tallies = scope.providers.iter().zip(&case.report.prices);
    for (name, (tally, price)) in state.providers.iter().zip(tallies) {
        let figures = measures::of_provider(tally, price, state.runs).into_iter();
        let counted = figures.filter(|(_, _, value)| *value > Ratio::whole(0));
        let counted = counted.map(|(name, unit, value)| format!("{name} {}", unit.shown(value)));
        let counted = Vec::from_iter(counted);
        if counted.is_empty() {
            continue;
        }
        lines.push(format!("at {name}, per run"));
        let rows = counted.chunks(FIGURES);
        lines.extend(rows.map(|row| format!("  {}", row.join(", "))));
    }
    lines.extend(moments::attempts(case));
    lines
}

/// So many figures fit on a line.
const FIGURES: usize = 3;

/// So many ranges of numbers are told.
const MOST_RANGES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::measures::MEASURES;

    #[test]
    fn what_decides_is_known_by_the_names_of_measures() {
        let bases = MEASURES.iter().map(|one| one.name.split('.').next());
        let bases = Vec::from_iter(bases.flatten());
        for name in DECIDED_BY.iter().flat_map(|(names, _)| *names) {
            assert!(bases.contains(name), "{name} is no measure");
        }
    }
}

//! Who did what: attempts and cost by provider and key, results by task.

use super::{Rows, Section};
use crate::report::measures::{self, Measure, View};
use crate::report::ratio::Ratio;
use crate::report::run_stats::Endings;
use crate::report::{Judged, Report, breakdown};

/// Attempts and cost by provider, and by key where one has several; none for a single one.
pub(super) fn by_provider(report: &Report) -> Option<Section> {
    let places: Vec<String> = places(report);
    let mut rows = Rows::new(&[
        "policy", "provider", "attempts", "share", "answered", "tokens", "cost",
    ]);
    for policy in report.policies.iter().filter(|_| places.len() > 1) {
        for place in &places {
            rows.push(line(report, policy, place));
        }
    }
    rows.section(
        "By provider",
        "Attempts, and the share of all attempts; attempts with a whole answer; what was billed.",
    )
}

/// Each provider, and behind one with several keys each of them: `openai`, `openai/1`.
fn places(report: &Report) -> Vec<String> {
    let providers = report.subject.providers.iter();
    let places = providers.flat_map(|provider| {
        let keys = match provider.keys {
            0 | 1 => 0,
            keys => keys,
        };
        let name = &provider.name;
        let keys = (1..=keys).map(move |key| format!("{name}/{key}"));
        std::iter::once(name.clone()).chain(keys)
    });
    places.collect()
}

fn line(report: &Report, policy: &Judged, place: &str) -> Vec<String> {
    let mut cells = vec![policy.name.clone(), place.to_owned()];
    let all = report.view(policy);
    let Some(scope) = breakdown::narrowed(all.state, all.scope, place) else {
        return cells;
    };
    let view = View {
        scope: &scope,
        ..all
    };
    cells.extend([
        value(&view, &measures::ATTEMPTS),
        breakdown::share(&all, &scope)
            .map_or_else(dash, |share| measures::ATTEMPT_SHARE.unit.shown(share)),
        value(&view, &measures::ANSWERED),
        value(&view, &measures::TOKENS),
        value(&view, &measures::COST),
    ]);
    cells
}

/// What became of each task's calls; none without tasks.
pub(super) fn by_task(report: &Report) -> Option<Section> {
    let mut rows = Rows::new(&[
        "policy", "task", "calls", "success", "p50", "p95", "ttft p95", "att/call", "cost",
        "failed",
    ]);
    for policy in &report.policies {
        let all = report.view(policy);
        for (task, scope) in breakdown::tasks(&policy.state) {
            let view = View { scope, ..all };
            rows.push([
                policy.name.clone(),
                task.to_owned(),
                value(&view, &measures::CALLS),
                value(&view, &measures::SUCCESS_RATE),
                value(&view, &measures::LATENCY_P50),
                value(&view, &measures::LATENCY_P95),
                value(&view, &measures::TTFT_P95),
                value(&view, &measures::ATTEMPTS_PER_CALL),
                value(&view, &measures::COST),
                failed(&view),
            ]);
        }
    }
    rows.section("By task", "")
}

/// Why its calls failed: `12 deadline, 3 shed`.
fn failed(view: &View<'_>) -> String {
    let reasons = Endings::REASONS.iter().enumerate();
    let counts = reasons.filter_map(|(place, (reason, _))| {
        let count = measures::FAILED_CALLS.of_one(view, place)?;
        let is_some = count > Ratio::whole(0);
        is_some.then(|| format!("{} {reason}", measures::FAILED_CALLS.unit.shown(count)))
    });
    counts.collect::<Vec<_>>().join(", ")
}

fn value(view: &View<'_>, measure: &Measure) -> String {
    let value = measure.of(view);
    value.map_or_else(dash, |value| measure.unit.shown(value))
}

fn dash() -> String {
    "-".to_owned()
}

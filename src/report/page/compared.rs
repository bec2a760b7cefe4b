//! Policies side by side: their main measures, what sets them apart, and the figures behind charts.

use serde::Serialize;

use super::Table;
use super::answers::percent;
use crate::report::compare::{Comparison, Finding, Row, Side};
use crate::report::measures::{self, Better, Measure};
use crate::report::ratio::grouped;
use crate::report::{Judged, Ratio, Report, Unit};
use crate::time::{Instant, nanos};
use crate::units::duration;

/// The policy that answers the largest share of calls; of equal ones the cheapest, then the first.
pub(super) fn best(report: &Report) -> Option<&Judged> {
    let of = |policy: &Judged| {
        let view = report.view(policy);
        let success = measures::SUCCESS_RATE.of(&view);
        let cost = measures::COST_PER_SUCCESS.of(&view);
        (std::cmp::Reverse(success), cost)
    };
    report.policies.iter().min_by_key(|policy| of(policy))
}

/// Measures by policy: a row each.
#[derive(Serialize)]
pub(super) struct Policies {
    names: Vec<String>,
    rows: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    name: &'static str,
    about: &'static str,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Cell {
    text: String,
    /// Whether no policy has a better value, and one has a worse.
    is_best: bool,
}

impl Policies {
    pub(super) fn new(report: &Report) -> Self {
        let rows = MAIN.iter().filter_map(|measure| line(report, measure));
        Self {
            names: report
                .policies
                .iter()
                .map(|policy| policy.name.clone())
                .collect(),
            rows: rows.collect(),
        }
    }
}

/// None where no policy has a value, or all have zero.
fn line(report: &Report, measure: &Measure) -> Option<Line> {
    let values = report
        .policies
        .iter()
        .map(|policy| measure.of(&report.view(policy)));
    let values = Vec::from_iter(values);
    let known = values.iter().flatten().copied();
    let (least, most) = (known.clone().min()?, known.max()?);
    if most == Ratio::whole(0) {
        return None;
    }
    let best = match measure.better {
        Better::Less => Some(least),
        Better::More => Some(most),
        Better::Neither => None,
    };
    let cells = values.iter().map(|value| Cell {
        text: value.map_or_else(|| "-".to_owned(), |value| measure.unit.shown(value)),
        is_best: least != most && value.is_some() && *value == best,
    });
    Some(Line {
        name: measure.name,
        about: measure.about,
        cells: cells.collect(),
    })
}

/// A policy against the best one.
#[derive(Serialize)]
pub(super) struct Compared {
    /// The finding about success, or that there is none.
    pub(super) sentence: String,
    scenario: String,
    first: String,
    second: String,
    seeds: usize,
    rows: Vec<Difference>,
    calls: String,
    notes: Vec<String>,
}

/// A measure under both.
#[derive(Serialize)]
struct Difference {
    name: String,
    first: String,
    second: String,
    difference: String,
    interval: String,
    /// Thousandths of the width of a bar whose middle is zero: the interval, and the mean.
    low: i64,
    high: i64,
    mean: i64,
    word: &'static str,
    class: &'static str,
    has_interval: bool,
}

/// Every other policy against the best one, the next best first.
pub(super) fn all(report: &Report) -> Vec<Compared> {
    let Some(best) = best(report) else {
        return Vec::new();
    };
    let side = |policy: &'_ str| policy.to_owned();
    let mut others = report.policies.iter();
    let mut others = Vec::from_iter(others.by_ref().filter(|one| one.name != best.name));
    let success = |policy: &&Judged| {
        let run = &policy.state.run;
        std::cmp::Reverse(Ratio::share(run.succeeded, run.calls))
    };
    others.sort_by_key(success);
    let compared = others.into_iter().filter_map(|other| {
        let (first, second) = (side(&other.name), side(&best.name));
        let of = |policy| Side {
            report,
            policy,
            label: policy,
        };
        let comparison = Comparison::new(of(&first), of(&second))?.summary();
        let mut compared = Compared::new(&comparison);
        // The head of the page has those of the run.
        compared
            .notes
            .retain(|note| !report.subject.notes.contains(note));
        Some(compared)
    });
    compared.collect()
}

impl Compared {
    pub(super) fn new(comparison: &Comparison) -> Self {
        let rows = comparison.rows.iter().map(Difference::new);
        let calls = comparison.calls.map(|calls| {
            format!(
                "Of {} calls, {} saved {} that {} lost, and lost {} that it answered.",
                grouped(calls.all),
                comparison.second,
                grouped(calls.saved),
                comparison.first,
                grouped(calls.lost)
            )
        });
        Self {
            sentence: sentence(comparison),
            scenario: comparison.scenario.clone(),
            first: comparison.first.clone(),
            second: comparison.second.clone(),
            seeds: comparison.seeds,
            rows: rows.collect(),
            calls: calls.unwrap_or_default(),
            notes: comparison.notes.clone(),
        }
    }
}

fn sentence(comparison: &Comparison) -> String {
    let Comparison { first, second, .. } = comparison;
    let name = measures::SUCCESS_RATE.name;
    let row = comparison.rows.iter().find(|row| row.name == name);
    let Some((row, one, two)) = row.and_then(|row| Some((row, row.first?, row.second?))) else {
        return format!("{second} and {first} have no success rate in common.");
    };
    let unit = row.unit();
    let (one, two) = (unit.mean(one), unit.mean(two));
    let ends = row.interval.map_or_else(String::new, |interval| {
        let (low, high) = (unit.signed(interval.low), unit.signed(interval.high));
        format!(" (95 % interval {low} to {high})")
    });
    let apart = |wanted: Finding| {
        let rows = comparison.rows.iter();
        let rows = rows.filter(|row| row.finding() == wanted && row.name != name);
        Vec::from_iter(rows.map(|row| row.name.as_str())).join(", ")
    };
    let others =
        [("Better", Finding::Better), ("Worse", Finding::Worse)].map(
            |(word, finding)| match apart(finding).as_str() {
                "" => String::new(),
                names => format!(" {word} in {names}."),
            },
        );
    let told = match row.finding() {
        Finding::Better => "is better than",
        Finding::Worse => "is worse than",
        Finding::Same => "answers as many calls as",
        Finding::Together => "cannot be told apart from",
        Finding::Untold => "has too few seeds to be told apart from",
        Finding::Differs => "differs from",
    };
    format!(
        "{second} {told} {first}: {two} against {one} of calls answered{ends}.{}",
        others.concat()
    )
}

impl Difference {
    fn new(row: &Row) -> Self {
        let unit = row.unit();
        let dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let mean = |value: Option<f64>| dash(value.map(|value| unit.mean(value)));
        let both = row.first.zip(row.second);
        let interval = row.interval;
        let widest = interval.map_or(0.0, |one| one.low.abs().max(one.high.abs()));
        let place = |value: f64| match widest > 0.0 {
            // Within the bar: a share of at most one, times less than its half.
            true => 500 + (value / widest * 480.0).round() as i64,
            false => 500,
        };
        let finding = row.finding();
        Self {
            name: row.name.clone(),
            first: mean(row.first),
            second: mean(row.second),
            difference: dash(both.map(|(one, two)| unit.signed(two - one))),
            interval: dash(
                interval
                    .map(|one| format!("{} to {}", unit.signed(one.low), unit.signed(one.high))),
            ),
            low: interval.map_or(500, |one| place(one.low)),
            high: interval.map_or(500, |one| place(one.high)),
            mean: interval.map_or(500, |one| place(one.mean)),
            word: finding.word(),
            class: match finding {
                Finding::Better => "holds",
                Finding::Worse => "fails",
                Finding::Same | Finding::Differs => "even",
                Finding::Together | Finding::Untold => "unsure",
            },
            has_interval: interval.is_some(),
        }
    }
}

/// The figures of the chart over time.
pub(super) fn timeline(report: &Report) -> Table {
    let names = report.policies.iter().map(|policy| policy.name.clone());
    let heads = ["from".to_owned(), "calls per run".to_owned()];
    let heads = Vec::from_iter(heads.into_iter().chain(names));
    let Some(first) = report.policies.first() else {
        return Table::of("", "", &heads, Vec::new());
    };
    let timeline = &first.state.timeline;
    let rows = (0..timeline.calls.len()).map(|nth| {
        let at = timeline.stretch_ns.saturating_mul(nth as u64);
        let at = duration::write(std::time::Duration::from_nanos(at));
        let calls = timeline.calls.get(nth).copied().unwrap_or(0);
        let calls = Ratio::whole(calls)
            .divided_by(first.state.runs.max(1))
            .decimal(1);
        let shares = report.policies.iter().map(|policy| {
            let line = &policy.state.timeline;
            let (calls, failed) = (line.calls.get(nth), line.failed.get(nth));
            let (calls, failed) = (calls.copied().unwrap_or(0), failed.copied().unwrap_or(0));
            percent(calls.saturating_sub(failed), calls)
        });
        [at, calls].into_iter().chain(shares).collect()
    });
    let rows = rows.collect();
    Table::of(
        "",
        "The share of calls that succeeded, by their arrival.",
        &heads,
        rows,
    )
}

/// The figures of the chart of latencies.
pub(super) fn latencies(report: &Report) -> Table {
    let columns = [
        "policy", "of", "samples", "p50", "p90", "p95", "p99", "longest",
    ];
    let mut rows = Vec::new();
    for policy in &report.policies {
        let run = &policy.state.run;
        for (name, times) in [
            ("whole answers", &run.latency),
            ("first tokens", &run.ttft),
            ("errors", &run.latency_failed),
        ] {
            let shown = |value: Option<Ratio>| {
                value.map_or_else(|| "-".to_owned(), |value| Unit::Ms.shown(value))
            };
            if times.buckets.count() == 0 {
                continue;
            }
            let quantiles = [50, 90, 95, 99].map(|percent| shown(times.quantile(percent)));
            let head = [
                policy.name.clone(),
                name.to_owned(),
                grouped(times.buckets.count()),
            ];
            let cells = head.into_iter().chain(quantiles);
            rows.push(cells.chain([shown(times.max())]).collect());
        }
    }
    Table::of("", "", &columns.map(str::to_owned), rows)
}

/// A part of the run to look at.
#[derive(Serialize)]
pub(super) struct Zoom {
    name: String,
    /// In parts of 6,000 of the run.
    from: u64,
    to: u64,
}

/// The first window of each fault that is short, with some of the run around it.
pub(super) fn zooms(report: &Report) -> Vec<Zoom> {
    let end = nanos(report.subject.duration).max(1);
    let faults = report.subject.faults.iter();
    let zooms = faults.filter_map(|fault| {
        let (start, over) = fault.windows.at_or_after(Instant::START)?;
        let (start, over) = (start.as_nanos(), over?.as_nanos().min(end));
        let around = over.checked_sub(start)?.max(end / 200) / 2;
        let part = |at: u64| {
            let part = u128::from(at.min(end)) * 6_000 / u128::from(end);
            u64::try_from(part).unwrap_or(6_000)
        };
        let (from, to) = (part(start.saturating_sub(around)), part(over + 2 * around));
        (start < end && to > from + 50).then(|| Zoom {
            name: fault.name.clone(),
            from,
            to,
        })
    });
    zooms.collect()
}

/// What a reader compares first.
const MAIN: [Measure; 13] = [
    measures::SUCCESS_RATE,
    measures::UPTIME,
    measures::OUTAGE_LONGEST,
    measures::LATENCY_P50,
    measures::LATENCY_P95,
    measures::LATENCY_P99,
    measures::LATENCY_FAILED_P95,
    measures::TTFT_P95,
    measures::ATTEMPTS_PER_CALL,
    measures::FALLBACK_RATE,
    measures::COST,
    measures::COST_PER_SUCCESS,
    measures::WASTED_SHARE,
];

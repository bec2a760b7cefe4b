//! Charts: as SVG, parts of a page and pictures beside the Markdown; as text, for a terminal.
//!
//! - `sheet`: what charts are drawn on; `scale`: from values to positions.
//! - `over_time`: success, attempts, latency and breakers over a run; `ranges`: latencies on a
//!   logarithmic axis; `bars`: money; `front`: the candidates of a search; `map`: states in a
//!   plane.
//! - `strip`: a run over time in one line of text.
//!
//! Every chart has a row for each policy, with its name and value above: no line hides another,
//! and no colour has to be told from another. Positions are integers.

mod bars;
mod front;
mod map;
mod over_time;
mod ranges;
mod scale;
mod sheet;
pub(in crate::report) mod strip;

pub(crate) use bars::Bar;
pub(crate) use front::{Candidate, Objective};
pub(crate) use map::Map;
pub(in crate::report) use sheet::HATCH;
pub(crate) use sheet::STYLE;

use crate::report::{Ratio, Report, headline};
use crate::time::nanos;
use over_time::Faults;
use ranges::Lengths;
use sheet::Sheet;

/// The picture of `report`, a file of its own: what its expectations ask for, below the finding.
pub(in crate::report) fn picture(report: &Report) -> String {
    let mut sheet = Sheet::new(WIDE);
    let (headline, name) = (headline::headline(report), &report.subject.name);
    sheet.paragraph("title", &headline, 17);
    sheet.skip(2);
    sheet.paragraph(
        "sub",
        &format!("{name}: {}", report.subject.about.trim()),
        13,
    );
    sheet.skip(4);
    let asked = Asked::by(report);
    let faults = Faults::drawn(&mut sheet, report);
    over_time::success(&mut sheet, report, &faults, false);
    if asked.attempts {
        over_time::rates(&mut sheet, report, &faults);
    }
    faults.axis(&mut sheet);
    if asked.latency {
        ranges::draw(
            &mut sheet,
            report,
            Lengths::Latency,
            &limits(report, "latency."),
        );
    }
    if asked.ttft {
        ranges::draw(&mut sheet, report, Lengths::Ttft, &limits(report, "ttft."));
    }
    if asked.cost {
        bars::cost(&mut sheet, report);
    }
    let about = "The share of calls that succeeded over the run, by policy, with the faults, and \
                 what else the scenario asks for.";
    sheet.file(&format!("{name}: {headline}"), about)
}

/// A chart of a page, for a wide and for a narrow window: the page shows one of them.
fn both(report: &Report, about: &str, draw: impl Fn(&mut Sheet, bool)) -> String {
    let end = Ratio::whole(nanos(report.subject.duration)).divided_by(1_000_000_000);
    let (end, mut parts) = (end.decimal(3), String::new());
    for (class, width) in [("wide", WIDE), ("narrow", NARROW)] {
        let mut sheet = Sheet::new(width);
        draw(&mut sheet, width == WIDE);
        parts += &sheet.part(class, about, &end);
    }
    parts
}

/// Everything over time.
pub(in crate::report) fn over_time(report: &Report) -> String {
    let about = "Over the time of the run, one row for each policy: the share of calls that \
                 succeeded, attempts and answers per second, and faults. The tables below have \
                 the figures.";
    both(report, about, |sheet, is_wide| {
        let faults = Faults::drawn(sheet, report);
        over_time::success(sheet, report, &faults, is_wide);
        over_time::rates(sheet, report, &faults);
        over_time::latency(sheet, report, &faults);
        over_time::lanes(sheet, report, &faults);
        faults.axis(sheet);
    })
}

/// Latencies on a logarithmic axis.
pub(in crate::report) fn latencies(report: &Report) -> String {
    let about = "Latencies of each policy on a logarithmic axis: the median, 95 %, 99 % and the \
                 longest. The table below has the figures.";
    both(report, about, |sheet, _| {
        ranges::draw(sheet, report, Lengths::Latency, &limits(report, "latency."));
        ranges::draw(sheet, report, Lengths::Ttft, &limits(report, "ttft."));
    })
}

/// What each policy paid, by what became of it.
pub(in crate::report) fn cost(report: &Report) -> String {
    let about = "What each policy paid in a run, by what became of the answer. The table below \
                 has the figures.";
    both(report, about, |sheet, _| bars::cost(sheet, report))
}

/// The candidates of a search, by two objectives.
pub(crate) fn front(objectives: [Objective<'_>; 2], candidates: &[Candidate]) -> String {
    let about = "The candidates of the search by two objectives; the tables have the best of them.";
    let mut parts = String::new();
    for (class, width) in [("wide", WIDE), ("narrow", NARROW)] {
        let mut sheet = Sheet::new(width);
        front::draw(&mut sheet, objectives, candidates);
        parts += &sheet.part(class, about, "0");
    }
    parts
}

/// `bars` to one scale, below `heading`; `words` say what their parts are.
pub(crate) fn bars(heading: &str, words: &[&str], bars: &[Bar]) -> String {
    let about = format!("{heading}. The table below has the figures.");
    let mut parts = String::new();
    for (class, width) in [("wide", WIDE), ("narrow", NARROW)] {
        let mut sheet = Sheet::new(width);
        bars::stacked(&mut sheet, heading, words, bars);
        parts += &sheet.part(class, &about, "0");
    }
    parts
}

/// Success over the run, small and without text: a row for each policy.
pub(in crate::report) fn thumbnail(report: &Report) -> String {
    let mut sheet = Sheet::new(WIDE);
    over_time::strips(&mut sheet, report);
    let about = "The share of calls that succeeded over the run, one strip for each policy";
    sheet.part("strip", about, "0")
}

/// What expectations ask about, beside success.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    attempts: bool,
    latency: bool,
    ttft: bool,
    cost: bool,
}

impl Asked {
    fn by(report: &Report) -> Self {
        let mut asked = Self::default();
        let expected = report.subject.expect.iter().flat_map(|(_, all)| all);
        for metric in expected.map(|one| one.metric.as_str()) {
            let begins = |words: &[&str]| words.iter().any(|word| metric.starts_with(word));
            asked.attempts |= begins(&ATTEMPTS);
            asked.latency |= begins(&["latency"]);
            asked.ttft |= begins(&["ttft"]);
            asked.cost |= begins(&["cost", "wasted", "check_cost", "tokens"]);
        }
        asked
    }
}

/// The bounds of expectations on all calls of a measure that begins so, in milliseconds.
fn limits(report: &Report, measure: &str) -> Vec<u64> {
    use crate::expect::{Bound, When};
    let expected = report.subject.expect.iter().flat_map(|(_, all)| all);
    let bounds = expected.filter_map(|one| match one.bound {
        Bound::Time(nanos) if one.metric.starts_with(measure) && one.when == When::Always => {
            Some(nanos / 1_000_000)
        }
        _ => None,
    });
    let mut bounds = Vec::from_iter(bounds);
    bounds.sort_unstable();
    bounds.dedup();
    bounds
}

/// Measures that a picture of attempts and answers per second explains.
const ATTEMPTS: [&str; 8] = [
    "attempt",
    "goodput",
    "load_during",
    "thundering_herd",
    "recovery_time",
    "peak_attempts",
    "failover_time",
    "useless_retries",
];

/// The widths of charts, in pixels.
const WIDE: u64 = 760;
const NARROW: u64 = 340;

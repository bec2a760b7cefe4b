//! Rows over the time of a run, one for each policy, below one another: no line hides another.

use super::scale::{nice, scaled, times};
use super::sheet::{SCALE, Sheet, escaped};
use crate::report::ratio::grouped;
use crate::report::run_stats::RunStats;
use crate::report::subject::MeasuredFault;
use crate::report::{Judged, Ratio, Report, Timeline, Unit};
use crate::time::{Instant, Windows, nanos};
use crate::units::duration;

/// When the faults are active: a row each, and the shades of every plot.
#[derive(Debug)]
pub(super) struct Faults {
    end: u64,
    /// The shades, and the dashed lines at their edges.
    bands: String,
    edges: String,
}

impl Faults {
    /// Draws a row for each fault that can happen; those that last for the whole run shade nothing.
    pub(super) fn drawn(sheet: &mut Sheet, report: &Report) -> Self {
        let end = nanos(report.subject.duration).max(1);
        let (mut bands, mut edges) = (String::new(), String::new());
        let faults = report.subject.faults.iter();
        let all = Vec::from_iter(faults.map(|fault| (fault, spans(&fault.windows, end))));
        let all = Vec::from_iter(all.into_iter().filter(|(_, spans)| !spans.is_empty()));
        if !all.is_empty() {
            sheet.heading("Faults");
        }
        for (fault, spans) in all.iter().take(MOST_ROWS) {
            row(sheet, fault, spans);
        }
        if let hidden @ 1.. = all.len().saturating_sub(MOST_ROWS) {
            sheet.label(&format!("and {hidden} more faults"), "");
        }
        for (from, to) in all.iter().flat_map(|(_, spans)| spans) {
            if (*from, *to) == (0, SCALE) {
                continue;
            }
            bands += &format!("M{from} 0H{to}V1000H{from}Z");
            edges += &format!("M{from} 0V1000M{to} 0V1000");
        }
        Self { end, bands, edges }
    }

    /// A plot over time, with the shades behind and their edges before what is drawn in it.
    fn plot(&self, sheet: &mut Sheet, height: u64, inner: &str, ends: [&str; 2]) {
        let Self { bands, edges, .. } = self;
        let inner = format!(
            "<path class=\"back\" d=\"M0 0H{SCALE}V{height}H0Z\"/><path class=\"band\" \
             d=\"{bands}\"/>{inner}<path class=\"edge\" d=\"{edges}\"/>"
        );
        sheet.plot(height, &inner, ends);
    }

    /// The axis of time.
    pub(super) fn axis(&self, sheet: &mut Sheet) {
        let marks = times(self.end, sheet.plot_width() / 64);
        let marks = marks.into_iter();
        let marks = marks.map(|(at, text)| (scaled(at, self.end, SCALE), text));
        sheet.axis("time", &Vec::from_iter(marks));
    }
}

fn row(sheet: &mut Sheet, fault: &MeasuredFault, spans: &[(u64, u64)]) {
    let bars = spans.iter().map(|(from, to)| {
        let to = (*to).max(from + 8);
        format!("M{from} 17H{to}V22H{from}Z")
    });
    let first = spans.first().map_or(0, |(from, _)| *from);
    sheet.beside(first, &fault.name);
    let bars = String::from_iter(bars);
    sheet.plot(
        24,
        &format!("<path class=\"fault\" d=\"{bars}\"/>"),
        ["", ""],
    );
}

/// When a fault is active, in units of a plot; intervals that touch are merged.
fn spans(windows: &Windows, end: u64) -> Vec<(u64, u64)> {
    let place = |at: u64| scaled(at.min(end), end, SCALE);
    let mut spans: Vec<(u64, u64)> = Vec::new();
    let mut now = Instant::START;
    while let Some((start, over)) = windows.at_or_after(now) {
        if start.as_nanos() >= end {
            break;
        }
        let over = over.map_or(end, Instant::as_nanos);
        let from = place(start.as_nanos());
        let to = place(over).max(from + 1).min(SCALE);
        match spans.last_mut() {
            Some(last) if from <= last.1 + NEAR => last.1 = to.max(last.1),
            _ => spans.push((from, to)),
        }
        // At least so much further, so that a fault with a million windows ends.
        let step = end.div_ceil(SCALE / NEAR);
        now = Instant::from_nanos(over.max(now.as_nanos().saturating_add(step)));
        if now.as_nanos() >= end {
            break;
        }
    }
    spans
}

/// The share of calls that succeeded, by their arrival: what is missing is hatched.
pub(super) fn success(sheet: &mut Sheet, report: &Report, faults: &Faults, has_titles: bool) {
    sheet.heading("Calls that succeeded, by their arrival (hatched: failed)");
    for policy in &report.policies {
        let (run, timeline) = (&policy.state.run, &policy.state.timeline);
        let share = Ratio::share(run.succeeded, run.calls);
        let share = share.map_or("no calls".to_owned(), |share| Unit::Ratio.shown(share));
        sheet.label(&policy.name, &share);
        let titles = match has_titles {
            true => titles(policy),
            false => String::new(),
        };
        let inner = shares(timeline, ROW) + &titles;
        faults.plot(sheet, ROW, &inner, ["100%", "0"]);
    }
}

/// The same in a few pixels for each policy.
pub(super) fn strips(sheet: &mut Sheet, report: &Report) {
    for policy in &report.policies {
        sheet.skip(2);
        sheet.plot(STRIP, &shares(&policy.state.timeline, STRIP), ["", ""]);
    }
}

/// What succeeded, what failed above it, and the line between them.
fn shares(timeline: &Timeline, height: u64) -> String {
    let count = timeline.calls.len() as u64;
    let (mut good, mut bad, mut line) = (String::new(), String::new(), String::new());
    let mut joins = 'M';
    let pairs = timeline.calls.iter().zip(&timeline.failed);
    for ((calls, failed), nth) in pairs.zip(0_u64..) {
        let [from, to] = stretch(nth, count);
        if *calls == 0 {
            joins = 'M';
            continue;
        }
        let y = missing(*failed, *calls, height);
        good += &format!("M{from} {height}V{y}H{to}V{height}Z");
        if y > 0 {
            bad += &format!("M{from} 0V{y}H{to}V0Z");
        }
        let join = std::mem::replace(&mut joins, 'L');
        // Half of a line at the top would be outside.
        line += &format!("{join}{from} {}H{to}", y.clamp(1, height - 1));
    }
    format!(
        "<path class=\"good\" d=\"{good}\"/><path class=\"bad\" d=\"{bad}\"/>\
         <path class=\"line\" d=\"{line}\"/>"
    )
}

/// How far below the top a share of failures lies: any failure is seen, and so is any success.
fn missing(failed: u64, calls: u64, height: u64) -> u64 {
    match (failed, scaled(failed, calls, height)) {
        (0, _) => 0,
        (failed, _) if failed >= calls => height,
        (_, y) => y.clamp(2, height - 1),
    }
}

/// What each interval says when it is pointed at.
fn titles(policy: &Judged) -> String {
    let timeline = &policy.state.timeline;
    let count = timeline.calls.len() as u64;
    let pairs = timeline.calls.iter().zip(&timeline.failed).zip(0_u64..);
    let titles = pairs.map(|((calls, failed), nth)| {
        let [from, to] = stretch(nth, count);
        let at = |nth: u64| {
            let at = std::time::Duration::from_nanos(timeline.stretch_ns.saturating_mul(nth));
            duration::write(at)
        };
        let (start, over) = (at(nth), at(nth + 1));
        let (calls, failed) = (grouped(*calls), grouped(*failed));
        format!(
            "<path class=\"hit\" d=\"M{from} 0H{to}V{ROW}H{from}Z\"><title>{}, {start} to {over}: \
             {calls} calls, {failed} failed</title></path>",
            escaped(&policy.name)
        )
    });
    String::from_iter(titles)
}

/// Attempts (the area) and answers (the line) per second: a storm is an area without a line.
pub(super) fn rates(sheet: &mut Sheet, report: &Report, faults: &Faults) {
    sheet.heading("Attempts (area) and answers (line) per second");
    let each = |state: &RunStats| {
        [&state.timeline.attempts, &state.timeline.answers]
            .map(|counts| per_second(counts, state.runs, faults.end))
    };
    let all = Vec::from_iter(report.policies.iter().map(|policy| each(&policy.state)));
    let most = all.iter().flatten().flatten().copied().max();
    let ceiling = nice(most.unwrap_or(0).max(1));
    let top = format!("{}/s", thousandths(ceiling));
    for (policy, [attempts, answers]) in report.policies.iter().zip(&all) {
        let run = &policy.state.run;
        let per_call = Ratio::share(run.attempts(), run.calls.max(1));
        let per_call = per_call.map_or("-".to_owned(), |share| share.fixed(2));
        let unit = if sheet.is_wide() {
            "attempts per call"
        } else {
            "per call"
        };
        sheet.label(&policy.name, &format!("{per_call} {unit}"));
        let inner = format!(
            "<path class=\"tail\" d=\"{}\"/><path class=\"thin\" d=\"{}\"/>\
             <path class=\"line\" d=\"{}\"/>",
            area(attempts, ceiling),
            steps(attempts, ceiling),
            steps(answers, ceiling)
        );
        faults.plot(sheet, ROW, &inner, [&top, "0"]);
    }
}

/// Thousandths per second of each interval, on average over the runs; the last may be shorter.
fn per_second(counts: &[u64], runs: u64, end: u64) -> Vec<u64> {
    let stretch = end.div_ceil(counts.len().max(1) as u64).max(1);
    let rates = counts.iter().zip(0_u64..).map(|(&count, place)| {
        let length = end.saturating_sub(place * stretch).clamp(1, stretch);
        let exact = u128::from(count) * 1_000_000_000_000;
        let rate = exact / (u128::from(length) * u128::from(runs.max(1)));
        u64::try_from(rate).unwrap_or(u64::MAX >> 20)
    });
    rates.collect()
}

fn thousandths(rate: u64) -> String {
    Ratio::whole(rate).divided_by(1_000).decimal(3)
}

/// The times of answers that [`crate::report::replay`] measured, from half to 95 % of them.
pub(super) fn latency(sheet: &mut Sheet, report: &Report, faults: &Faults) {
    let replays = report.replays.iter();
    let all = replays.flat_map(|replay| replay.latency.iter().flatten());
    let Some(most) = all.map(|(_, p95)| *p95).max() else {
        return;
    };
    let ceiling = nice(most.max(1));
    let top = duration::write(std::time::Duration::from_millis(ceiling));
    sheet.heading("Time to the whole answer: half within the line, 95 % within the area");
    for replay in &report.replays {
        let Some(policy) = report.policies.get(replay.policy) else {
            continue;
        };
        let p95 = policy.state.run.latency.quantile(95);
        let p95 = p95.map_or("no answers".to_owned(), |value| {
            format!("95 % within {}", Unit::Ms.shown(value))
        });
        sheet.label(&format!("{}, seed {}", policy.name, replay.seed), &p95);
        let of = |pick: fn(&(u64, u64)) -> u64| {
            let values = replay.latency.iter().map(|one| one.as_ref().map(pick));
            Vec::from_iter(values)
        };
        let (half, most) = (of(|one| one.0), of(|one| one.1));
        let inner = format!(
            "<path class=\"tail\" d=\"{}\"/><path class=\"thin\" d=\"{}\"/>\
             <path class=\"line\" d=\"{}\"/>",
            blocks(&most, ceiling),
            levels(&most, ceiling),
            levels(&half, ceiling)
        );
        faults.plot(sheet, ROW, &inner, [&top, "0"]);
    }
}

/// Breakers, ejections and outages of the runs that were made again.
pub(super) fn lanes(sheet: &mut Sheet, report: &Report, faults: &Faults) {
    let mut has_legend = false;
    for replay in &report.replays {
        let Some(policy) = report.policies.get(replay.policy) else {
            continue;
        };
        let down = policy.state.window_ns;
        let outages = policy.by_seed.calls.get(&replay.seed);
        let outages = outages
            .map(|run| run.outages.as_slice())
            .unwrap_or_default();
        if outages.is_empty() && replay.lanes.iter().all(|lane| lane.spans.is_empty()) {
            continue;
        }
        if !has_legend {
            sheet.heading("Outages and breakers");
            sheet.legend(&[("open", "down, or open"), ("half", "half-open")]);
            has_legend = true;
        }
        sheet.heading(&format!("{}, seed {}", policy.name, replay.seed));
        if !outages.is_empty() {
            let bars = outages.iter().map(|(first, until)| {
                let [from, to] =
                    [first, until].map(|nth| scaled(nth.saturating_mul(down), faults.end, SCALE));
                format!("M{from} 2H{}V12H{from}Z", to.max(from + 8))
            });
            let bars = String::from_iter(bars);
            sheet.label("down for users", &times_of(outages.len() as u64, "outage"));
            let inner = format!("<path class=\"open\" d=\"{bars}\"/>");
            faults.plot(sheet, 14, &inner, ["", ""]);
        }
        for lane in replay.lanes.iter().filter(|lane| !lane.spans.is_empty()) {
            let (mut open, mut half) = (String::new(), String::new());
            for span in &lane.spans {
                let [from, to] = [span.from, span.to].map(|at| scaled(at, faults.end, SCALE));
                let to = to.max(from + 4);
                let top = 14 - scaled(span.open, span.clients.max(1), 12);
                if span.open > 0 {
                    open += &format!("M{from} 14V{top}H{to}V14Z");
                }
                if span.half_open > 0 {
                    half += &format!("M{from} {top}V2H{to}V{top}Z");
                }
            }
            let inner =
                format!("<path class=\"half\" d=\"{half}\"/><path class=\"open\" d=\"{open}\"/>");
            let name = report.subject.providers.get(lane.provider);
            let name = name.map_or("?", |one| one.name.as_str());
            let opened = format!("opened {}", times_of(lane.opened, "time"));
            sheet.label(&format!("breaker of {name}"), &opened);
            faults.plot(sheet, 14, &inner, ["", ""]);
        }
    }
}

/// `1 outage`, `2 outages`.
fn times_of(count: u64, word: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{} {word}{end}", grouped(count))
}

fn stretch(nth: u64, count: u64) -> [u64; 2] {
    [nth, nth + 1].map(|nth| scaled(nth, count, SCALE))
}

fn level(value: u64, ceiling: u64) -> u64 {
    ROW - scaled(value, ceiling, ROW)
}

fn area(values: &[u64], ceiling: u64) -> String {
    blocks(&Vec::from_iter(values.iter().copied().map(Some)), ceiling)
}

fn steps(values: &[u64], ceiling: u64) -> String {
    levels(&Vec::from_iter(values.iter().copied().map(Some)), ceiling)
}

/// A block from the foot to each value.
fn blocks(values: &[Option<u64>], ceiling: u64) -> String {
    let count = values.len() as u64;
    let blocks = values.iter().zip(0_u64..).filter_map(|(value, nth)| {
        let ([from, to], y) = (stretch(nth, count), level((*value)?, ceiling));
        Some(format!("M{from} {ROW}V{y}H{to}V{ROW}Z"))
    });
    String::from_iter(blocks)
}

/// A line of steps, which ends where a value is missing.
fn levels(values: &[Option<u64>], ceiling: u64) -> String {
    let count = values.len() as u64;
    let mut joins = 'M';
    let lines = values.iter().zip(0_u64..).map(|(value, nth)| {
        let Some(value) = value else {
            joins = 'M';
            return String::new();
        };
        let ([from, to], y) = (stretch(nth, count), level(*value, ceiling));
        let join = std::mem::replace(&mut joins, 'L');
        format!("{join}{from} {y}H{to}")
    });
    String::from_iter(lines)
}

/// The height of a row, in pixels.
const ROW: u64 = 44;

/// The height of a row of a strip.
const STRIP: u64 = 14;

/// Intervals so near are drawn as one.
const NEAR: u64 = 8;

const MOST_ROWS: usize = 10;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NANOS: u64 = 1_000_000_000;

    #[test]
    fn a_fault_that_comes_back_all_the_time_is_drawn_in_bounded_time() {
        let windows = Windows {
            at: Duration::from_secs(10),
            length: Some(Duration::from_nanos(1)),
            every: Some(Duration::from_nanos(2)),
        };
        let all = spans(&windows, 60 * NANOS);
        assert!(
            matches!(all[..], [(1_000, to)] if to + NEAR >= SCALE),
            "{all:?}"
        );
        let rare = Windows {
            length: Some(Duration::from_secs(1)),
            every: Some(Duration::from_secs(30)),
            ..windows
        };
        assert_eq!(spans(&rare, 60 * NANOS), [(1_000, 1_100), (4_000, 4_100)]);
    }

    #[test]
    fn rates_are_means_over_the_runs_and_the_last_stretch_may_be_short() {
        // 25 s in three intervals: 9 s, 9 s (rounded up), and the rest.
        let end = 25 * NANOS;
        let stretch = end.div_ceil(3);
        let rates = per_second(&[50, 25, 0], 2, end);
        let exact = 25_000_u128 * u128::from(NANOS) / u128::from(stretch);
        assert_eq!((u128::from(rates[0]), rates[2]), (exact, 0));
    }

    #[test]
    fn one_failure_of_many_is_seen_and_so_is_one_success() {
        let y = |failed| missing(failed, 100_000, ROW);
        assert_eq!([y(0), y(1), y(99_999), y(100_000)], [0, 2, ROW - 1, ROW]);
    }
}

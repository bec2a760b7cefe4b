//! A picture of a run for a page: answers and attempts per second over time.
//!
//! Two panels share the time axis: answers per second (goodput) above, attempts per second below,
//! one line for each policy, averaged over the seeds. A strip at the top shows when each fault was
//! active. A storm that lasts longer than its fault shows as a gap between the two panels. The
//! picture is plain SVG: whole pixels, no script, no font of its own, colours that colour-blind
//! readers can tell apart, and dashes for print. [`crate::report::timeline`] holds the data.

use crate::report::Report;
use crate::report::ratio::Ratio;
use crate::report::subject::MeasuredFault;
use crate::report::timeline::Timeline;
use crate::time::{Instant, Windows, nanos};
use crate::units::duration;

/// The picture of `report`.
pub(in crate::report) fn render(report: &Report) -> String {
    let end = nanos(report.subject.duration).max(1);
    let rows = report.subject.faults.len().min(MOST_ROWS);
    let strip = HEAD + rows as u64 * ROW;
    let panels = [strip + GAP, strip + GAP + PANEL + GAP];
    let foot = panels[1] + PANEL;
    let legend = legend(report, foot + 44);
    let height = foot + 44 + (legend.len() as u64).div_ceil(PER_LINE) * ROW + 8;

    let mut drawn = vec![opening(report, height)];
    for (place, fault) in report.subject.faults.iter().enumerate() {
        drawn.extend(shades(fault, end, place, panels));
    }
    let hidden = report.subject.faults.len() - rows;
    if hidden > 0 {
        let more = format!("and {hidden} more faults");
        drawn.push(text(LEFT, strip + 10, "start", &more));
    }
    drawn.extend(panel(report, "answers per second", panels[0], |line| {
        &line.answers
    }));
    drawn.extend(panel(report, "attempts per second", panels[1], |line| {
        &line.attempts
    }));
    drawn.extend(time_axis(end, panels));
    drawn.extend(legend);
    drawn.join("\n") + "\n</svg>\n"
}

fn opening(report: &Report, height: u64) -> String {
    let name = escaped(&report.subject.name);
    let about = "Answers and attempts per second over the run, by policy; faults are shaded.";
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\" font-family=\"system-ui, sans-serif\" \
         font-size=\"12\" fill=\"#333\">\n<title>{name} over time</title>\n<desc>{about}</desc>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"18\" font-size=\"14\" font-weight=\"600\">{name}</text>"
    )
}

/// A fault's row in the strip, and its shade over the panels.
fn shades(fault: &MeasuredFault, end: u64, place: usize, panels: [u64; 2]) -> Vec<String> {
    let spans = spans(&fault.windows, end);
    let mut drawn = Vec::new();
    for &(from, to) in &spans {
        let (x, width) = (LEFT + from, (to - from).max(1));
        let shade = |y: u64, height: u64, opacity: &str| {
            format!(
                "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"#000\" \
                 opacity=\"{opacity}\"/>"
            )
        };
        drawn.extend(panels.map(|top| shade(top, PANEL, "0.07")));
        if place < MOST_ROWS {
            drawn.push(shade(HEAD + place as u64 * ROW + 3, ROW - 6, "0.45"));
        }
    }
    if place < MOST_ROWS {
        let y = HEAD + place as u64 * ROW + 12;
        drawn.push(text(LEFT - 8, y, "end", &shortened(&fault.name)));
    }
    drawn
}

/// When a fault is active, in pixels; intervals less than a pixel apart are merged.
fn spans(windows: &Windows, end: u64) -> Vec<(u64, u64)> {
    let pixel = |at: u64| scaled(at.min(end), end, PLOT);
    let mut spans: Vec<(u64, u64)> = Vec::new();
    let mut now = Instant::START;
    while let Some((start, over)) = windows.at_or_after(now) {
        if start.as_nanos() >= end {
            break;
        }
        let over = over.map_or(end, Instant::as_nanos);
        let from = pixel(start.as_nanos());
        let to = pixel(over).max(from + 1).min(PLOT);
        match spans.last_mut() {
            Some(last) if from <= last.1 => last.1 = to.max(last.1),
            _ => spans.push((from, to)),
        }
        // At least one pixel further, so that a fault with a million windows ends.
        let step = end.div_ceil(PLOT);
        now = Instant::from_nanos(over.max(now.as_nanos().saturating_add(step)));
        if now.as_nanos() >= end {
            break;
        }
    }
    spans
}

/// Axes, the load in grey, and one line for each policy.
fn panel(
    report: &Report,
    unit: &str,
    top: u64,
    counts: impl Fn(&Timeline) -> &Vec<u64>,
) -> Vec<String> {
    let end = nanos(report.subject.duration).max(1);
    let states = report.policies.iter().map(|policy| &policy.state);
    let rates = |counts: &[u64], runs: u64| rates(counts, runs, end);
    let mut lines: Vec<Vec<u64>> = states
        .clone()
        .map(|state| rates(counts(&state.timeline), state.runs))
        .collect();
    let load = states.clone().next();
    lines.extend(load.map(|state| rates(&state.timeline.calls, state.runs)));
    let most = lines.iter().flatten().copied().max().unwrap_or(0).max(1);
    let step = nice(most.div_ceil(5));
    let ceiling = most.div_ceil(step) * step;

    let mut drawn = vec![text(LEFT, top - 8, "start", unit)];
    for tick in (0..=ceiling / step).map(|n| n * step) {
        let y = top + PANEL - scaled(tick, ceiling, PANEL);
        let right = LEFT + PLOT;
        drawn.push(format!("<path d=\"M{LEFT} {y}H{right}\" stroke=\"#ddd\"/>"));
        let label = Ratio::whole(tick).divided_by(1_000).decimal(3);
        drawn.push(text(LEFT - 8, y + 4, "end", &label));
    }
    let policies = report.policies.len();
    // The load is drawn below the lines, and is dashed where it may cover them.
    let styles = (0..policies).map(style).chain([LOAD]);
    let mut drawn_lines: Vec<String> = lines
        .iter()
        .zip(styles)
        .map(|(line, style)| polyline(line, ceiling, top, style))
        .collect();
    drawn.extend(drawn_lines.pop());
    drawn.extend(drawn_lines);
    drawn
}

/// Thousandths per second of each interval, on average over the runs; the last may be shorter.
fn rates(counts: &[u64], runs: u64, end: u64) -> Vec<u64> {
    let stretch = end.div_ceil(counts.len().max(1) as u64).max(1);
    let rates = counts.iter().zip(0_u64..).map(|(&count, place)| {
        let length = end.saturating_sub(place * stretch).clamp(1, stretch);
        let exact = u128::from(count) * 1_000_000_000_000;
        let rate = exact / (u128::from(length) * u128::from(runs.max(1)));
        u64::try_from(rate).unwrap_or(u64::MAX >> 20)
    });
    rates.collect()
}

/// A line through the middles of the intervals.
fn polyline(rates: &[u64], ceiling: u64, top: u64, style: Style) -> String {
    let count = rates.len().max(1) as u64;
    let points = rates.iter().zip(0_u64..).map(|(&rate, place)| {
        let x = LEFT + (2 * place + 1) * PLOT / (2 * count);
        let y = top + PANEL - scaled(rate, ceiling, PANEL);
        format!("{x},{y}")
    });
    let points: Vec<String> = points.collect();
    format!(
        "<polyline points=\"{}\" fill=\"none\" {} stroke-linejoin=\"round\"/>",
        points.join(" "),
        style.stroke()
    )
}

fn time_axis(end: u64, panels: [u64; 2]) -> Vec<String> {
    let seconds = end / NANOS;
    let steps = STEPS.iter().copied().chain((1..).map(|n| n * 30 * 86_400));
    let mut wide_enough = steps.filter(|step| seconds / step <= MOST_TICKS);
    let step = wide_enough.next().unwrap_or(1).saturating_mul(NANOS);
    let bottom = panels[1] + PANEL;
    let mut drawn = vec![text(
        LEFT + PLOT,
        bottom + 32,
        "end",
        "time since the start",
    )];
    for tick in (0..=end / step).map(|n| n * step) {
        let x = LEFT + scaled(tick, end, PLOT);
        for top in panels {
            let foot = top + PANEL;
            drawn.push(format!("<path d=\"M{x} {foot}v4\" stroke=\"#333\"/>"));
        }
        let label = match tick {
            0 => "0".to_owned(),
            _ => duration::write(std::time::Duration::from_nanos(tick)),
        };
        drawn.push(text(x, bottom + 17, "middle", &label));
    }
    drawn
}

/// The legend: a name for each line, several in a row.
fn legend(report: &Report, top: u64) -> Vec<String> {
    let policies = report.policies.iter().enumerate();
    let named = policies.map(|(place, policy)| (style(place), policy.name.as_str()));
    let named = named.chain([(LOAD, "calls that arrived")]);
    let entries = named.zip(0_u64..).map(|((style, name), place)| {
        let x = LEFT + place % PER_LINE * (PLOT / PER_LINE);
        let y = top + place / PER_LINE * ROW;
        let sample = format!("<path d=\"M{x} {}h24\" {}/>", y + 8, style.stroke());
        format!(
            "{sample}\n{}",
            text(x + 30, y + 12, "start", &shortened(name))
        )
    });
    entries.collect()
}

fn text(x: u64, y: u64, anchor: &str, said: &str) -> String {
    let said = escaped(said);
    format!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{said}</text>")
}

/// Truncates names that are longer than the margin.
fn shortened(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    let kept: String = name.chars().take(LONGEST_NAME - 1).collect();
    format!("{kept}\u{2026}")
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

/// `part` of `whole`, on a scale of `length`; clamped to the scale.
fn scaled(part: u64, whole: u64, length: u64) -> u64 {
    let exact = u128::from(part) * u128::from(length) / u128::from(whole.max(1));
    u64::try_from(exact).unwrap_or(length).min(length)
}

/// The least of 1, 2, 5, 10, 20, … that is at least `least`.
fn nice(least: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        let fits = [1, 2, 5].map(|digit| power.saturating_mul(digit));
        if let Some(step) = fits.into_iter().find(|step| *step >= least) {
            return step;
        }
        power = power.saturating_mul(10);
    }
}

/// A line's colour, dashes and width.
#[derive(Clone, Copy)]
struct Style(&'static str, &'static str, u64);

impl Style {
    /// As SVG attributes.
    fn stroke(self) -> String {
        let Self(color, dashes, width) = self;
        format!("stroke=\"{color}\" stroke-width=\"{width}\" stroke-dasharray=\"{dashes}\"")
    }
}

/// Colours repeat after seven policies, with other dashes.
const fn style(place: usize) -> Style {
    let dashes = DASHES[(place + place / COLORS.len()) % DASHES.len()];
    Style(COLORS[place % COLORS.len()], dashes, 2)
}

/// Okabe and Ito's colours, but yellow, which is faint on white.
const COLORS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000",
];
const DASHES: [&str; 4] = ["none", "7 3", "2 3", "9 3 2 3"];
/// Broad and pale: without failures, the other lines cover it.
const LOAD: Style = Style("#ccc", "none", 6);

/// Seconds between two marks of the axis of time.
const STEPS: [u64; 20] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200,
    86_400, 172_800, 604_800,
];
const MOST_TICKS: u64 = 8;
const NANOS: u64 = 1_000_000_000;

// Pixels.
const WIDTH: u64 = 800;
const LEFT: u64 = 150;
const PLOT: u64 = 630;
const PANEL: u64 = 150;
const HEAD: u64 = 28;
const ROW: u64 = 16;
const GAP: u64 = 30;

const MOST_ROWS: usize = 8;
const PER_LINE: u64 = 3;
const LONGEST_NAME: usize = 22;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn scales_are_nice() {
        let scales = [0, 1, 2, 3, 5, 6, 11, 4_001].map(nice);
        assert_eq!(scales, [1, 1, 2, 5, 5, 10, 20, 5_000]);
        assert_eq!(nice(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_fault_that_comes_back_all_the_time_is_drawn_in_bounded_time() {
        let windows = Windows {
            at: Duration::from_secs(10),
            length: Some(Duration::from_nanos(1)),
            every: Some(Duration::from_nanos(2)),
        };
        assert_eq!(spans(&windows, 63 * NANOS), [(100, PLOT)]);
        let rare = Windows {
            length: Some(Duration::from_secs(1)),
            every: Some(Duration::from_secs(30)),
            ..windows
        };
        assert_eq!(spans(&rare, 63 * NANOS), [(100, 110), (400, 410)]);
    }

    #[test]
    fn rates_are_means_over_the_runs_and_the_last_stretch_may_be_short() {
        // 25 s in three intervals: 9 s, 9 s (rounded up), and the rest.
        let end = 25 * NANOS;
        let stretch = end.div_ceil(3);
        let rates = rates(&[50, 25, 0], 2, end);
        assert_eq!(
            rates[0],
            u64::try_from(25_000_u128 * u128::from(NANOS) / u128::from(stretch)).unwrap()
        );
        assert_eq!(rates[2], 0);
    }

    #[test]
    fn names_cannot_break_out() {
        let said = text(1, 2, "end", "<b>&amp;");
        assert_eq!(
            said,
            "<text x=\"1\" y=\"2\" text-anchor=\"end\">&lt;b&gt;&amp;amp;</text>"
        );
    }
}

//! Latencies on a logarithmic axis: a row for each policy, from the median to the longest.

use super::scale::{Log, scaled};
use super::sheet::{SCALE, Sheet};
use crate::report::histogram::Times;
use crate::report::run_stats::Scope;
use crate::report::{Ratio, Report, Unit};

/// Which lengths of time are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lengths {
    /// To the last byte, of calls that succeeded.
    Latency,
    /// To the first token.
    Ttft,
}

impl Lengths {
    const fn of(self, scope: &Scope) -> &Times {
        match self {
            Self::Latency => &scope.latency,
            Self::Ttft => &scope.ttft,
        }
    }

    const fn heading(self) -> &'static str {
        match self {
            Self::Latency => {
                "Time to the whole answer: bar to 99 %, dot 50 %, ring 95 %, stroke longest"
            }
            Self::Ttft => {
                "Time to the first token: bar to 99 %, dot 50 %, ring 95 %, stroke longest"
            }
        }
    }
}

/// A row for each policy with samples; nothing if none has any. `limits` are dotted, in
/// milliseconds.
pub(super) fn draw(sheet: &mut Sheet, report: &Report, lengths: Lengths, limits: &[u64]) {
    let times = report.policies.iter();
    let times = times.map(|policy| (policy, lengths.of(&policy.state.run)));
    let points = times.filter_map(|(policy, times)| Some((policy, points(times)?)));
    let points = Vec::from_iter(points);
    if points.is_empty() {
        return;
    }
    let all = points.iter().flat_map(|(_, points)| *points);
    let axis = Log::of(all.chain(limits.iter().copied()));
    let marks = axis.marks(9).into_iter();
    let marks = marks.map(|(ms, text)| (axis.at(ms, SCALE), text));
    let marks = Vec::from_iter(marks);
    sheet.heading(lengths.heading());
    for (policy, points) in points {
        let [half, p95, p99, longest] = points.map(|ms| axis.at(ms, SCALE));
        let shown = |ms: u64| Unit::Ms.shown(Ratio::whole(ms));
        let [at_50, at_95, at_99, _] = points.map(shown);
        let value = match sheet.is_wide() {
            true => format!("50 % {at_50}, 95 % {at_95}, 99 % {at_99}"),
            false => format!("95 % {at_95}"),
        };
        sheet.label(&policy.name, &value);
        let grid = marks.iter().map(|(x, _)| format!("M{x} 0V{ROW}"));
        let grid = String::from_iter(grid);
        let limits = limits
            .iter()
            .map(|ms| format!("M{} 0V{ROW}", axis.at(*ms, SCALE)));
        let limits = String::from_iter(limits);
        let dot = round(half, 5, sheet.plot_width());
        let ring = round(p95, 4, sheet.plot_width());
        let inner = format!(
            "<path class=\"back\" d=\"M0 0H{SCALE}V{ROW}H0Z\"/><path class=\"grid\" d=\"{grid}\"/>\
             <path class=\"tail\" d=\"M{half} 5H{p99}V15H{half}Z\"/>\
             <path class=\"thin\" d=\"M{p99} 10H{longest}M{longest} 5V15\"/>\
             <path class=\"far\" d=\"{ring}\"/><path class=\"point\" d=\"{dot}\"/>\
             <path class=\"limit\" d=\"{limits}\"/>"
        );
        sheet.plot(ROW, &inner, ["", ""]);
    }
    sheet.axis("log", &marks);
}

/// Half, 95 %, 99 % and the longest, in milliseconds.
fn points(times: &Times) -> Option<[u64; 4]> {
    let whole = |value: Ratio| {
        let (part, all) = value.parts();
        u64::try_from(part / all.max(1)).unwrap_or(u64::MAX)
    };
    let [half, p95, p99] = [50, 95, 99].map(|percent| times.quantile(percent).map(whole));
    Some([half?, p95?, p99?, times.max_ms])
}

/// A circle in a plot that is not drawn to scale: an ellipse in its units.
fn round(x: u64, radius: u64, width: u64) -> String {
    let wide = scaled(radius, width, SCALE);
    let from = x.saturating_sub(wide);
    format!(
        "M{from} 10a{wide} {radius} 0 1 0 {0} 0a{wide} {radius} 0 1 0 -{0} 0",
        2 * wide
    )
}

/// The height of a row, in pixels.
const ROW: u64 = 20;

//! The distribution of the latency of answered calls, as HdrHistogram prints it and its plotters
//! read it (`.hgrm`): a file for each policy. Values are milliseconds.

use std::fmt::Write as _;

use super::Screen;
use crate::report::{Judged, Report};

/// All policies of `report`, each after a line with its name.
pub(super) fn render(report: &Report, _: &Screen) -> String {
    let policies = report.policies.iter();
    let texts = policies.map(|policy| format!("#[Policy = {}]\n{}", policy.name, of(policy)));
    Vec::from_iter(texts).join("\n")
}

/// The name and the distribution of each policy.
pub(super) fn by_policy(report: &Report) -> Vec<(String, String)> {
    let policies = report.policies.iter();
    policies
        .map(|policy| (policy.name.clone(), of(policy)))
        .collect()
}

fn of(policy: &Judged) -> String {
    let times = &policy.state.run.latency;
    let heads = ("Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    let mut text = format!(
        "{:>12} {:>14} {:>10} {:>14}\n\n",
        heads.0, heads.1, heads.2, heads.3
    );
    for step in times.buckets.steps(TICKS) {
        let (value, share, count) = step;
        let _ = write!(text, "{value:>8}.000 {share:.12} {count:>10}");
        if share < 1.0 {
            let _ = write!(text, " {:>14.2}", 1.0 / (1.0 - share));
        }
        text.push('\n');
    }
    let mean = times
        .mean()
        .map_or_else(|| "0.000".to_owned(), |mean| mean.fixed(3));
    let (deviation, max) = (times.buckets.deviation(), times.max_ms);
    let count = times.buckets.count();
    let _ = writeln!(
        text,
        "#[Mean    = {mean:>12}, StdDeviation   = {deviation:>12.3}]"
    );
    let _ = writeln!(
        text,
        "#[Max     = {max:>8}.000, Total count    = {count:>12}]"
    );
    text
}

/// Rows from one halving of the distance to 100 % to the next.
const TICKS: u32 = 5;

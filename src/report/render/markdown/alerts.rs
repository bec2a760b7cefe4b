//! The section of alert rules: what each did under each policy.

use super::{Rows, Section, shown_of};
use crate::report::{Report, measures};

/// One row per policy and rule; none without rules.
pub(super) fn section(report: &Report) -> Option<Section> {
    let mut rows = Rows::new(&[
        "policy",
        "alert",
        "fired",
        "false alarms",
        "missed faults",
        "time to detect",
    ]);
    for policy in &report.policies {
        for (place, rule) in report.subject.alerts.iter().enumerate() {
            let shown = [
                measures::ALERTS,
                measures::FALSE_ALARMS,
                measures::MISSED_FAULTS,
                measures::TIME_TO_DETECT,
            ]
            .map(|measure| shown_of(report, policy, &measure, place));
            let head = [
                policy.name.clone(),
                format!("{}: `{}`", rule.name, rule.text),
            ];
            rows.push(head.into_iter().chain(shown));
        }
    }
    rows.section(
        "Alerts",
        "Per run; the longest time to detect. An alert is a false alarm when no fault that it is \
         meant to detect is active, or was within its window.",
    )
}

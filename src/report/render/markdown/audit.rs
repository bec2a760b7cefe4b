//! What the simulated network says of runs of the model engine.

use super::rows::Rows;
use crate::report::Report;
use crate::report::ratio::grouped;

/// Every run that both engines made; none without an audit.
pub(super) fn section(report: &Report) -> Option<String> {
    let audit = report.audit.as_ref()?;
    let mut rows = Rows::new(&[
        "policy",
        "seed",
        "calls",
        "the same",
        "measures that differ",
    ]);
    for run in &audit.runs {
        rows.push([
            run.policy.clone(),
            run.seed.to_string(),
            grouped(run.calls),
            grouped(run.agree),
            run.values(usize::MAX).join("; "),
        ]);
    }
    let mut text = rows
        .section("Audit", &format!("{}.", audit.summary()))?
        .written();
    for other in &audit.verdicts {
        text += &format!("\n\n**{}**: {}.", other.policy, other.told());
    }
    for run in audit.runs.iter().filter(|run| run.first.is_some()) {
        let (policy, seed, lines) = (&run.policy, run.seed, run.told().join("\n"));
        text += &format!("\n\n{policy}, seed {seed}:\n\n```text\n{lines}\n```");
    }
    Some(text)
}

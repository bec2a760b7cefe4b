//! Calls at given moments, one for each.

use std::sync::Arc;

use serde::Serializer;

use crate::text::Diagnostic;
use crate::text::place::Place;
use crate::time::Instant;
use crate::units::duration;

/// The moments, as a file has them.
pub(super) fn serialize<S: Serializer>(
    at: &Arc<Vec<Instant>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let written = at
        .iter()
        .map(|at| duration::write(at.since(Instant::START)));
    serializer.collect_seq(written)
}

/// Refuses moments out of order, or after the end of the run.
pub(super) fn check(place: &Place<'_>, at: &[Instant], end: Instant) -> Result<(), Diagnostic> {
    let written = |at: &Instant| duration::write(at.since(Instant::START));
    if at.is_empty() {
        let problem = place.problem("at", "this makes no calls");
        return Err(problem.hint("write the moment of each call: `at: [ 0s, 10s, 70s ]`"));
    }
    if let Some([before, after]) = at.array_windows().find(|[before, after]| before > after) {
        let (before, after) = (written(before), written(after));
        let problem = place.problem("at", format!("`{after}` stands behind `{before}`"));
        return Err(problem.hint("list the moments in order"));
    }
    match at.last().filter(|last| **last > end) {
        None => Ok(()),
        Some(last) => {
            let message = format!(
                "the call at `{}` arrives after the run's end",
                written(last)
            );
            let problem = place.problem("at", message);
            Err(problem.hint(format!(
                "the run ends at {} (`run.duration`)",
                written(&end)
            )))
        }
    }
}

//! Errors in the choice of providers: settings that leave no provider.

use crate::policy::config::{Overrides, Policy, ProviderOverride, Strategy, Task};
use crate::text::findings::Findings;
use crate::text::{Diagnostic, Document};

/// Checks that some provider has a weight, some part counts in the score, and a task has providers.
pub(super) fn check(policy: &Policy, document: &Document, findings: &mut Findings) {
    findings.part(&["route", "score"], || check_score(policy, document));
    for (name, task) in &policy.route.tasks {
        let path = ["route", "tasks", name];
        findings.part(&path, || check_task(name, task, document));
    }
    for (path, written) in policy.overrides.iter() {
        let place = path.each_ref().map(String::as_str);
        findings.part(&place, || check_places(written, document, &place));
    }
    findings.part(&["overrides"], || check_weights(policy, document));
}

fn check_score(policy: &Policy, document: &Document) -> Result<(), Diagnostic> {
    let score = &policy.route.score;
    let parts = [score.health, score.latency, score.cost, score.quality];
    if policy.route.strategy != Strategy::Score || parts.iter().any(|part| *part > 0) {
        return Ok(());
    }
    Err(document
        .problem_at_key(&["route", "score"], "nothing counts in the score")
        .hint("give `health`, `latency`, `cost` or `quality` more than `0`"))
}

fn check_task(name: &str, task: &Task, document: &Document) -> Result<(), Diagnostic> {
    let reserved = task.reserved_concurrency;
    if let Some(found) = reserved.filter(|places| !(1..=MOST_PLACES).contains(places)) {
        let path = ["route", "tasks", name, "reserved_concurrency"];
        return Err(document
            .problem(&path, format!("`{found}` is out of range"))
            .hint(format!("from `1` to `{MOST_PLACES}`, or `none`")));
    }
    if !task.only || !task.prefer.is_empty() {
        return Ok(());
    }
    let message = format!("the task `{name}` has no providers");
    let hint = "list providers or models in `prefer`, or leave out `only`";
    let path = ["route", "tasks", name, "only"];
    Err(document.problem(&path, message).hint(hint))
}

/// The last position repeats, so these are the weights of any fleet, unless some provider has one
/// by its name.
fn check_weights(policy: &Policy, document: &Document) -> Result<(), Diagnostic> {
    let is_nothing = |written: &ProviderOverride| written.weight == Some(0);
    let has_weight = |written: &ProviderOverride| written.weight.is_some_and(|weight| weight > 0);
    let Overrides {
        by_position,
        by_name,
    } = &policy.overrides;
    let all_nothing = !by_position.is_empty()
        && by_position.iter().all(is_nothing)
        && !by_name.values().any(has_weight);
    if policy.route.strategy != Strategy::Weighted || !all_nothing {
        return Ok(());
    }
    Err(document
        .problem(
            &["overrides", "by_position", "0", "weight"],
            "no provider has a weight",
        )
        .hint("give one more than `0`: under `weighted`, `0` is asked last"))
}

fn check_places(
    written: &ProviderOverride,
    document: &Document,
    place: &[&str],
) -> Result<(), Diagnostic> {
    for (key, found, most) in [
        ("weight", written.weight, MOST_WEIGHT),
        ("priority_group", written.priority_group, MOST_GROUP),
    ] {
        if let Some(found) = found.filter(|found| *found > most) {
            let path = [place, &[key]].concat();
            return Err(document
                .problem(&path, format!("`{found}` is out of range"))
                .hint(format!("from `0` to `{most}`")));
        }
    }
    Ok(())
}

/// As many as `limit.concurrency` takes.
const MOST_PLACES: u32 = 1_000_000;

/// The largest weight: shares finer than a millionth make no difference.
const MOST_WEIGHT: u32 = 1_000_000;

/// The largest priority group: a higher number is most likely a typing mistake.
const MOST_GROUP: u32 = 1_000;

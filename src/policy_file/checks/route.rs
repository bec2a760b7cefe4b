//! What a policy file can get wrong about whom a call asks: choices that leave nothing to choose.

use crate::policy::config::{Policy, Strategy, Tier};
use crate::text::{Diagnostic, Document};

/// Checks that somebody has a weight, something counts in the score, and a task asks somebody.
pub(super) fn check(policy: &Policy, document: &Document) -> Result<(), Diagnostic> {
    check_score(policy, document)?;
    check_tasks(policy, document)?;
    for (at, tier) in policy.tiers.iter().enumerate() {
        check_places(tier, document, ["tiers", &at.to_string()])?;
    }
    for (name, tier) in &policy.by_name {
        check_places(tier, document, ["by_name", name])?;
    }
    check_weights(policy, document)
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

fn check_tasks(policy: &Policy, document: &Document) -> Result<(), Diagnostic> {
    for (name, task) in &policy.route.tasks {
        if task.only && task.prefer.is_empty() {
            let message = format!("the task `{name}` asks nobody");
            return Err(document
                .problem(&["route", "tasks", name, "only"], message)
                .hint("list providers or models in `prefer`, or leave out `only`"));
        }
    }
    Ok(())
}

/// The last tier repeats, so these are the weights of the whole fleet, whatever it is, unless some
/// provider has one by its name.
fn check_weights(policy: &Policy, document: &Document) -> Result<(), Diagnostic> {
    let is_nothing = |tier: &Tier| tier.weight == Some(0);
    let has_weight = |tier: &Tier| tier.weight.is_some_and(|weight| weight > 0);
    let all_nothing = !policy.tiers.is_empty()
        && policy.tiers.iter().all(is_nothing)
        && !policy.by_name.values().any(has_weight);
    if policy.route.strategy != Strategy::Weighted || !all_nothing {
        return Ok(());
    }
    Err(document
        .problem(&["tiers", "0", "weight"], "no provider has a weight")
        .hint("give one more than `0`: under `weighted`, `0` is asked last"))
}

fn check_places(tier: &Tier, document: &Document, place: [&str; 2]) -> Result<(), Diagnostic> {
    for (key, found, most) in [
        ("weight", tier.weight, MOST_WEIGHT),
        ("priority_group", tier.priority_group, MOST_TIER),
    ] {
        if let Some(found) = found.filter(|found| *found > most) {
            let path = [place[0], place[1], key];
            return Err(document
                .problem(&path, format!("`{found}` is out of range"))
                .hint(format!("from `0` to `{most}`")));
        }
    }
    Ok(())
}

/// Weights are parts of their sum: a millionth is as fine as anybody can tell.
const MOST_WEIGHT: u32 = 1_000_000;

/// More tiers than any fleet has providers are a slip of the keyboard.
const MOST_TIER: u32 = 1_000;

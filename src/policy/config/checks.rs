//! What a policy file can get wrong although every key and every unit is right.

mod health;

use serde_json::Value;

use super::{Backoff, EVERY, Policy, TUNABLES, Tier, Tunable};
use crate::text::{Document, Problem};

/// Checks the name against the file's, every number against its range, and waits against caps.
pub(super) fn check(
    policy: &Policy,
    document: &Document,
    expected_stem: Option<&str>,
) -> Result<(), Problem> {
    check_name(policy, document, expected_stem)?;
    // The serialized form has every setting under its own path, with its unit.
    let settings = serde_json::to_value(policy).unwrap_or_default();
    check_ranges(&settings, document, &[], |tunable| tunable.path)?;
    check_backoff(&policy.retry.backoff, document, &["retry", "backoff"])?;
    if let Some(breaker) = &policy.breaker {
        health::check_breaker(breaker, document, &["breaker"])?;
    }
    if let Some(outlier) = &policy.outlier {
        health::check_outlier(outlier, document)?;
    }
    for (at, tier) in policy.tiers.iter().enumerate() {
        let place = ["tiers", &at.to_string()];
        check_tier(&settings["tiers"][at], tier, document, place)?;
    }
    for (name, tier) in &policy.by_name {
        let place = ["by_name", name.as_str()];
        let settings = &settings["by_name"][name];
        check_tier(settings, tier, document, place)?;
    }
    Ok(())
}

fn check_name(
    policy: &Policy,
    document: &Document,
    expected_stem: Option<&str>,
) -> Result<(), Problem> {
    match expected_stem {
        Some(stem) if policy.name != stem => {
            let message = format!(
                "the policy `{}` stands in a file of another name",
                policy.name
            );
            let hint = format!("write `name: {stem}`, or rename the file");
            Err(document.problem(&["name"], message).hint(hint))
        }
        _ if policy.name.is_empty() => Err(document.problem(&["name"], "the name is empty")),
        _ if policy.name == EVERY => {
            let message = format!("a policy cannot be called `{EVERY}`");
            let hint = "in a scenario's `expect` it stands for all of them: rename the file";
            Err(document.problem(&["name"], message).hint(hint))
        }
        _ => Ok(()),
    }
}

fn check_tier(
    settings: &Value,
    tier: &Tier,
    document: &Document,
    place: [&str; 2],
) -> Result<(), Problem> {
    // A tier has what the policy has under `retry` without that word.
    check_ranges(settings, document, &place, |tunable| {
        tunable.path.strip_prefix("retry.").unwrap_or(tunable.path)
    })?;
    if let Some(backoff) = &tier.backoff {
        check_backoff(backoff, document, &[place[0], place[1], "backoff"])?;
    }
    if let Some(breaker) = &tier.breaker {
        health::check_breaker(breaker, document, &[place[0], place[1], "breaker"])?;
    }
    Ok(())
}

/// Checks each tunable that `settings`, which stand at `place`, have under the path given by `at`.
fn check_ranges(
    settings: &Value,
    document: &Document,
    place: &[&str],
    at: fn(&Tunable) -> &'static str,
) -> Result<(), Problem> {
    for tunable in TUNABLES {
        let steps: Vec<&str> = at(tunable).split('.').collect();
        let found = match steps.iter().fold(settings, |value, step| &value[*step]) {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => continue,
        };
        let Some(value) = tunable.measure(&found) else {
            continue;
        };
        if !tunable.allows(value) {
            let (least, largest) = tunable.range;
            let path = [place, &steps].concat();
            let message = format!("`{found}` is out of range");
            let hint = format!("from `{least}` to `{largest}`");
            return Err(document.problem(&path, message).hint(hint));
        }
    }
    Ok(())
}

fn check_backoff(backoff: &Backoff, document: &Document, place: &[&str]) -> Result<(), Problem> {
    if backoff.base <= backoff.cap {
        return Ok(());
    }
    Err(cap_below(document, place, "wait", "base"))
}

/// At `place`, the `cap` of a kind of lengths is below the one that they begin with.
fn cap_below(document: &Document, place: &[&str], kind: &str, first: &str) -> Problem {
    // Whichever the file names: the other may be a default.
    let key = ["cap", first]
        .into_iter()
        .find(|key| document.keys(place).iter().any(|found| found == key));
    let path = [place, key.as_slice()].concat();
    let message = format!("the longest {kind} (`cap`) is shorter than the first (`{first}`)");
    let hint = format!("raise `cap`, or lower `{first}`");
    document.problem(&path, message).hint(hint)
}

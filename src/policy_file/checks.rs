//! Errors in a policy file whose keys and units are all valid.

mod health;
mod route;

use super::{knobs, lint};
use crate::policy::config::{Backoff, Budget, EVERY, Limit, Policy, ProviderOverride, Row};
use crate::policy::settings::Settings;
use crate::text::findings::Findings;
use crate::text::{Diagnostic, Document, secrets};
use crate::units::{Share, truncate};

/// Checks the name against the file's, every number against its range, and numbers against each
/// other.
pub(super) fn check(
    policy: &Policy,
    document: &Document,
    expected_stem: Option<&str>,
    findings: &mut Findings,
) {
    findings.part(&["name"], || check_name(policy, document, expected_stem));
    findings.part(&["allow"], || check_allow(policy, document));
    check_ranges(&policy.rows(), document, &[], findings);
    route::check(policy, document, findings);
    let path = ["retry", "backoff"];
    findings.part(&path, || {
        check_backoff(&policy.retry.backoff, document, &path)
    });
    if let Some(breaker) = &policy.breaker {
        let path = ["breaker"];
        findings.part(&path, || health::check_breaker(breaker, document, &path));
    }
    if let Some(outlier) = &policy.outlier {
        findings.part(&["outlier"], || health::check_outlier(outlier, document));
    }
    let budget = policy.retry.budget.as_ref();
    findings.part(&["retry", "budget"], || check_budget(budget, document));
    findings.part(&["limit"], || {
        check_limit(&policy.limit, document, &["limit"])
    });
    for (place, quirk) in policy.quirks.iter().enumerate() {
        let place = place.to_string();
        let place = ["quirks", place.as_str()];
        check_ranges(&quirk.rows(), document, &place, findings);
        if let Some(backoff) = quirk.backoff() {
            let path = [&place[..], &[quirk.name(), "backoff"]].concat();
            findings.part(&path, || check_backoff(backoff, document, &path));
        }
    }
    for (path, written) in policy.overrides.iter() {
        let place = path.each_ref().map(String::as_str);
        check_override(policy, written, document, &place, findings);
    }
}

fn check_name(
    policy: &Policy,
    document: &Document,
    expected_stem: Option<&str>,
) -> Result<(), Diagnostic> {
    match expected_stem {
        Some(stem) if policy.name != stem => {
            let message = format!(
                "the policy `{}` stands in a file of another name",
                policy.name
            );
            let hint = format!("write `name: {stem}`, or rename the file");
            Err(document.problem(&["name"], message).hint(hint))
        }
        _ if secrets::are_in(&policy.name) => {
            let problem = document.problem(&["name"], "this cannot name a policy");
            Err(problem.hint(secrets::NO_NAME))
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

/// Every rule that is allowed exists.
fn check_allow(policy: &Policy, document: &Document) -> Result<(), Diagnostic> {
    let is_unknown = |rule: &str| lint::codes().all(|code| code != rule);
    let mut allowed = policy.allow.iter().enumerate();
    let Some((place, rule)) = allowed.find(|(_, rule)| is_unknown(rule)) else {
        return Ok(());
    };
    let message = format!("`check` has no rule `{}`", truncate(rule));
    let problem = document.problem(&["allow", &place.to_string()], message);
    Err(problem.did_you_mean(rule, lint::codes()))
}

/// Checks an override where it and what it lies on could be read.
fn check_override(
    policy: &Policy,
    written: &ProviderOverride,
    document: &Document,
    place: &[&str],
    findings: &mut Findings,
) {
    let mut settings = Settings::of(policy);
    let below = settings.rows();
    settings.overlay(written);
    let is_own = |row: &Row| {
        !below
            .iter()
            .any(|one| one.path == row.path && one.value == row.value)
    };
    let own = Vec::from_iter(settings.rows().into_iter().filter(is_own));
    check_ranges(&own, document, place, findings);
    let at = |section| [place, &[section]].concat();
    if written.backoff.is_some() && findings.is_read(&["retry", "backoff"]) {
        let path = at("backoff");
        findings.part(&path, || check_backoff(&settings.backoff, document, &path));
    }
    if written.limit.is_some() && findings.is_read(&["limit"]) {
        let path = at("limit");
        findings.part(&path, || check_limit(&settings.limit, document, &path));
    }
    let breaker = settings.breaker.filter(|_| findings.is_read(&["breaker"]));
    if let (Some(_), Some(breaker)) = (&written.breaker, &breaker) {
        let path = at("breaker");
        findings.part(&path, || health::check_breaker(breaker, document, &path));
    }
}

/// Checks that each of `rows`, whose paths begin at `place`, lies in its range.
fn check_ranges(rows: &[Row], document: &Document, place: &[&str], findings: &mut Findings) {
    for row in rows.iter().filter(|row| !knobs::is_allowed(row)) {
        let path = [place, row.path.as_slice()].concat();
        findings.part(&path, || {
            let (least, largest) = row.range;
            let message = format!("`{}` is out of range", knobs::shown(row));
            let hint = format!("from `{least}` to `{largest}`");
            Err::<(), _>(document.problem(&path, message).hint(hint))
        });
    }
}

fn check_backoff(backoff: &Backoff, document: &Document, place: &[&str]) -> Result<(), Diagnostic> {
    if backoff.base <= backoff.max {
        return Ok(());
    }
    Err(max_below(document, place, "wait", ["max", "base"]))
}

/// The error that at `place` a maximum is below the initial value; `keys` are the initial value and
/// the maximum, in this order.
fn max_below(document: &Document, place: &[&str], kind: &str, keys: [&str; 2]) -> Diagnostic {
    let [max, first] = keys;
    // Points at the key that the file has, since the other may be a default.
    let key = keys
        .into_iter()
        .find(|key| document.keys(place).iter().any(|found| found == key));
    let path = [place, key.as_slice()].concat();
    let message = format!("the longest {kind} (`{max}`) is shorter than the first (`{first}`)");
    let hint = format!("raise `{max}`, or lower `{first}`");
    document.problem(&path, message).hint(hint)
}

/// Refuses a budget that never allows a retry, which has the effect of `max_attempts: 1`.
fn check_budget(budget: Option<&Budget>, document: &Document) -> Result<(), Diagnostic> {
    let Some(budget) = budget else {
        return Ok(());
    };
    let (window, per) = (budget.window.as_nanos(), budget.reserve.per.as_nanos());
    let reserve = u128::from(budget.reserve.count_nano).saturating_mul(window);
    if budget.ratio > Share::ZERO || reserve >= per.saturating_mul(1_000_000_000) {
        return Ok(());
    }
    let path = named(document, &["retry", "budget"], ["ratio", "reserve"]);
    let message = "no retry can ever be paid from this budget";
    let hint = "raise `ratio`, or let `reserve` bring at least one in a `window`";
    Err(document.problem(&path, message).hint(hint))
}

fn check_limit(limit: &Limit, document: &Document, place: &[&str]) -> Result<(), Diagnostic> {
    let Some(adaptive) = &limit.adaptive else {
        return Ok(());
    };
    let inner = [place, &["adaptive"]].concat();
    if adaptive.start < adaptive.min {
        let message = "it would start (`start`) below the least (`min`)";
        let path = named(document, &inner, ["start", "min"]);
        let hint = "raise `start`, or lower `min`";
        return Err(document.problem(&path, message).hint(hint));
    }
    let Some(most) = limit.concurrency else {
        return Ok(());
    };
    // The start may be a default, which the bulkhead reduces to the limit.
    let asked = document.keys(&inner).iter().any(|key| key == "start");
    for (key, value, counts) in [
        ("min", adaptive.min, true),
        ("start", adaptive.start, asked),
    ] {
        if counts && value > most {
            let path = [place, &["concurrency"]].concat();
            let message = format!("`concurrency` is less than `adaptive.{key}`, which is {value}");
            let hint = format!("raise it to {value} or more, or lower `adaptive.{key}`");
            return Err(document.problem(&path, message).hint(hint));
        }
    }
    Ok(())
}

/// The first of these keys that the file has, since the others may be defaults.
fn named<'a>(document: &Document, place: &[&'a str], keys: [&'a str; 2]) -> Vec<&'a str> {
    let found = document.keys(place);
    let key = keys.into_iter().find(|key| found.iter().any(|f| f == key));
    [place, key.as_slice()].concat()
}

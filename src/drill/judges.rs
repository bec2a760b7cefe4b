//! Which policy an expectation is about: checks the names under `expect`, and `--judge-as`.
//!
//! A mistyped name would leave its policy unjudged, and the run would pass. `expectations` checks
//! what is expected.

use super::{Changes, policies};
use crate::expect::Expectation;
use crate::policy::config::EVERY;
use crate::scenario::load::Loaded;
use crate::text::Diagnostic;

/// A problem for each policy under `expect`, and each policy that an expectation compares with,
/// that neither the scenario lists (`written` has the names before any stands in for another) nor
/// the user runs.
pub(super) fn check_names(
    loaded: &Loaded,
    changes: &Changes,
    written: &[String],
) -> Vec<Diagnostic> {
    // A list from `--set` is the user's choice, as `--policy` is: what is left out is not judged.
    if loaded.document.is_override(&["policies"]) {
        return Vec::new();
    }
    let known = policies::names(loaded, changes);
    let is_known = |name: &str| known.iter().chain(written).any(|known| known == name);
    let mut problems = Vec::new();
    for (policy, expected) in &loaded.scenario.expect {
        if policy != EVERY && !is_known(policy) {
            problems.push(unknown_key(loaded, policy, &known));
        }
        for (place, expectation) in expected.iter().enumerate() {
            let compared = expectation.than.as_deref();
            if let Some(name) = compared.filter(|name| !is_known(name)) {
                let at = ["expect", policy.as_str(), &place.to_string()];
                problems.push(unknown_than(loaded, &at, expectation, name, &known));
            }
        }
    }
    problems
}

fn unknown_key(loaded: &Loaded, policy: &str, known: &[String]) -> Diagnostic {
    let message = format!("`expect` names `{policy}`, which is not among the policies");
    let problem = loaded.document.problem_at_key(&["expect", policy], message);
    let names = known.iter().map(String::as_str).chain([EVERY]);
    suggest(problem, loaded, policy, names)
}

fn unknown_than(
    loaded: &Loaded,
    at: &[&str],
    expectation: &Expectation,
    name: &str,
    known: &[String],
) -> Diagnostic {
    let text = &expectation.text;
    let start = text.rfind(name).unwrap_or_default();
    let message = format!("`{name}`, to compare with, is not among the policies");
    let problem = loaded.document.problem(at, message);
    let problem = problem.within(text, start..start + name.len());
    suggest(problem, loaded, name, known.iter().map(String::as_str))
}

/// A policy that exists is only missing from the list.
fn suggest<'a>(
    problem: Diagnostic,
    loaded: &Loaded,
    name: &str,
    known: impl Iterator<Item = &'a str>,
) -> Diagnostic {
    if policies::exists(name, loaded) {
        return problem.hint(format!("add `{name}` to `policies`"));
    }
    problem.did_you_mean(name, known)
}

/// The expectations of a run in which each of `policies` is judged by those of `judge` as well.
///
/// They then stand under the name of each policy instead: comparing a policy with itself says
/// nothing, so such an expectation is left out.
pub(super) fn judged_as(
    expect: &[(String, Vec<Expectation>)],
    judge: &str,
    policies: &[String],
) -> Vec<(String, Vec<Expectation>)> {
    let runs = |name: &str| policies.iter().any(|policy| policy == name);
    let of_judge = expect.iter().filter(|(name, _)| name == judge);
    let of_judge = Vec::from_iter(of_judge.flat_map(|(_, expected)| expected));
    let kept = expect
        .iter()
        .filter(|(name, _)| name != judge || runs(name));
    let mut all = Vec::from_iter(kept.cloned());
    for policy in policies.iter().filter(|policy| *policy != judge) {
        let others = of_judge
            .iter()
            .filter(|one| one.than.as_ref() != Some(policy));
        all.push((policy.clone(), others.copied().cloned().collect()));
    }
    all
}

/// The problem with a policy to judge as that no expectation of this scenario is about.
pub(super) fn unknown_judge(loaded: &Loaded, judge: &str) -> Option<Diagnostic> {
    let names = loaded.scenario.expect.iter().map(|(name, _)| name.as_str());
    let names = Vec::from_iter(names.filter(|name| *name != EVERY));
    if names.contains(&judge) {
        return None;
    }
    let message = format!("no expectation is about `{judge}`");
    let problem = policies::on_command_line("--judge-as", judge, message);
    Some(match names.is_empty() {
        true => problem.hint(format!(
            "there is none about one policy: those of `{EVERY}` judge any policy without this"
        )),
        false => problem.did_you_mean(judge, names),
    })
}

//! GitLab's report on code quality: an issue at the line of each expectation that does not hold.
//!
//! The fingerprint is of the scenario's path, the policy and the expectation, so that GitLab knows
//! an issue again after lines moved or the value changed.

use serde_json::{Value, json};

use super::cases::{Case, Suite};
use crate::report::Report;
use crate::report::verdict::Verdict;

/// All `reports` as one array.
pub(super) fn render(reports: &[&Report]) -> String {
    let suites = Suite::all(reports);
    let issues = suites.iter().flat_map(|suite| {
        let cases = suite.cases.iter();
        cases.filter_map(move |case| issue(suite, case))
    });
    format!("{:#}\n", Value::from_iter(issues))
}

fn issue(suite: &Suite<'_>, case: &Case<'_>) -> Option<Value> {
    let severity = match case.verdict() {
        _ if !case.is_finding => return None,
        Verdict::Holds | Verdict::NotJudged => "info",
        Verdict::Inconclusive => "major",
        Verdict::Fails => "critical",
    };
    let path = &suite.report.path;
    Some(json!({
        "description": format!("{} {}: {}", suite.name, case.policy, case.sentence()),
        "check_name": format!("firedrill/{}", rule(case)),
        "fingerprint": fingerprint(&[path, &suite.name, case.policy, case.text]),
        "severity": severity,
        "location": { "path": path, "lines": { "begin": case.line.unwrap_or(1) } },
    }))
}

/// What is checked: the measure, without what it is about.
pub(super) fn rule<'a>(case: &Case<'a>) -> &'a str {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || "_.".contains(c);
    let end = case.text.find(|c| !is_of_name(c));
    match &case.text[..end.unwrap_or(case.text.len())] {
        "" => "not_judged",
        measure => measure,
    }
}

/// FNV-1a over all `parts`, which cannot run into each other.
pub(super) fn fingerprint(parts: &[&str]) -> String {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    let hash = bytes.fold(BASIS, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    });
    format!("{hash:016x}")
}

/// The constants of FNV-1a with 64 bits.
const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

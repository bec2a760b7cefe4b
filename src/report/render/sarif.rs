//! SARIF 2.1.0: a result for each expectation that does not hold, for code hosts and editors that
//! show findings at their lines.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::cases::{Case, Suite};
use super::gitlab::{fingerprint, rule};
use crate::report::Report;
use crate::report::verdict::Verdict;

/// All `reports` as the results of one run.
pub(super) fn render(reports: &[&Report]) -> String {
    let suites = Suite::all(reports);
    let cases = suites.iter().flat_map(|suite| {
        let cases = suite.cases.iter();
        cases.map(move |case| (suite, case))
    });
    let unmet = cases.filter(|(_, case)| case.is_finding);
    let unmet = Vec::from_iter(unmet);
    let rules: BTreeSet<&str> = unmet.iter().map(|(_, case)| rule(case)).collect();
    let rules = rules.iter().map(|id| json!({ "id": id }));
    let results = unmet.iter().map(|(suite, case)| result(suite, case));
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "Firedrill",
                "rules": Vec::from_iter(rules),
            } },
            "results": Vec::from_iter(results),
        }],
    });
    format!("{document:#}\n")
}

fn result(suite: &Suite<'_>, case: &Case<'_>) -> Value {
    let level = match case.verdict() {
        Verdict::Fails => "error",
        Verdict::Inconclusive => "warning",
        Verdict::NotJudged | Verdict::Holds => "note",
    };
    let path = &suite.report.path;
    let print = fingerprint(&[path, &suite.name, case.policy, case.text]);
    json!({
        "ruleId": rule(case),
        "level": level,
        "message": {
            "text": format!("{} {}: {}", suite.name, case.policy, case.sentence()),
        },
        "partialFingerprints": { "firedrill/1": print },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(path) },
            "region": { "startLine": case.line.unwrap_or(1) },
        } }],
    })
}

/// A path as a relative reference: bytes that have another meaning there are written in hex.
fn uri(path: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let each = path.bytes().map(|byte| match is_plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    each.collect()
}

//! The keys `expect` and `margins` of a file, each line by line.

use std::collections::BTreeMap;

use super::{Expectation, Margin, parse};
use crate::text::Document;
use crate::text::findings::Findings;

/// The expectations by policy. A fault that is wrong is still known by its name.
pub(crate) fn expectations(
    document: &Document,
    files: &BTreeMap<String, Vec<String>>,
    findings: &mut Findings,
) -> Vec<(String, Vec<Expectation>)> {
    let faults = document.keys(&["faults"]);
    if findings.may_be_mistyped(document, "faults") {
        return Vec::new();
    }
    let mut expect = Vec::new();
    for policy in document.keys(&["expect"]) {
        let texts = files.get(&policy).map(Vec::as_slice).unwrap_or_default();
        let is_read = findings.is_read(&["expect", &policy]);
        let mut expected = Vec::new();
        for (n, text) in texts.iter().enumerate().filter(|_| is_read) {
            let place = n.to_string();
            let path = ["expect", &policy, &place];
            let point =
                |range, message: String| document.problem(&path, message).within(text, range);
            let read = findings.take(parse(text, &faults, &point));
            let line = document.line(&path);
            expected.extend(read.map(|one| Expectation { line, ..one }));
        }
        expect.push((policy, expected));
    }
    expect
}

/// The margins that could be read.
pub(crate) fn margins(
    document: &Document,
    files: &BTreeMap<String, String>,
    findings: &mut Findings,
) -> Vec<Margin> {
    let mut margins = Vec::new();
    for name in document.keys(&["margins"]) {
        let path = ["margins", name.as_str()];
        let Some(value) = files.get(&name).filter(|_| findings.is_read(&path)) else {
            continue;
        };
        let at_name = |range, message: String| {
            let problem = document.problem_at_key(&path, message);
            problem.within(&name, range)
        };
        let at_value =
            |range, message: String| document.problem(&path, message).within(value, range);
        let margin = Margin::parse((&name, &at_name), (value, &at_value));
        margins.extend(findings.take(margin));
    }
    margins
}

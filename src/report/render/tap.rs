//! The Test Anything Protocol, version 14: a line per expectation, with the details of those that
//! do not hold as YAML below it.
//!
//! A failed expectation and an inconclusive one are `not ok`. One that was not judged is skipped.

use super::cases::{Case, Outcome, Suite};
use crate::report::Report;
use crate::report::verdict::Verdict;

/// All `reports` as one stream.
pub(super) fn render(reports: &[&Report]) -> String {
    let suites = Suite::all(reports);
    let all = suites.iter().map(|suite| suite.cases.len()).sum::<usize>();
    let mut text = format!("TAP version 14\n1..{all}\n");
    let cases = suites.iter().flat_map(|suite| {
        let cases = suite.cases.iter();
        cases.map(move |case| (suite, case))
    });
    for (number, (suite, case)) in (1..).zip(cases) {
        text += &test_point(number, suite, case);
    }
    text
}

fn test_point(number: usize, suite: &Suite<'_>, case: &Case<'_>) -> String {
    let name = format!("{} {}: {}", suite.name, case.policy, case.title());
    let (result, skip) = match case.verdict() {
        Verdict::Holds => ("ok", String::new()),
        Verdict::NotJudged => ("ok", format!(" # SKIP {}", one_line(case.finding()))),
        Verdict::Inconclusive | Verdict::Fails => ("not ok", String::new()),
    };
    let line = format!("{result} {number} - {}{skip}\n", description(&name));
    match result {
        "ok" => line,
        _ => line + &details(suite, case),
    }
}

/// The YAML block of a test point: JSON texts are YAML, so that any text can stand there.
fn details(suite: &Suite<'_>, case: &Case<'_>) -> String {
    let mut rows = vec![
        ("message", case.finding().to_owned()),
        ("severity", case.verdict().word().to_owned()),
        ("file", suite.report.path.clone()),
    ];
    if let Outcome::Judged(result) = &case.outcome
        && let Some((unit, value)) = result.value
    {
        rows.push(("value", unit.decimal(value)));
        rows.push(("unit", unit.name().to_owned()));
    }
    let rows = rows.iter().map(|(key, value)| (*key, json(value)));
    let line = case.line.map(|line| ("line", line.to_string()));
    let rows = rows.chain(line);
    let rows = rows.map(|(key, value)| format!("  {key}: {value}\n"));
    let story = suite.story(case);
    let story = story.iter().map(|line| format!("    - {}\n", json(line)));
    format!(
        "  ---\n{}  story:\n{}  ...\n",
        rows.collect::<String>(),
        story.collect::<String>()
    )
}

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// `text` as a description: it ends at a line break, and `#` begins a directive.
fn description(text: &str) -> String {
    one_line(text).replace('\\', "\\\\").replace('#', "\\#")
}

/// `text` on one line, without control characters.
fn one_line(text: &str) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(visible).collect()
}

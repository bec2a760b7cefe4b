//! JUnit XML, which most CI systems read: a suite per scenario, a case per expectation.
//!
//! An expectation that fails is a `failure`. One that is inconclusive is an `error`: a gate that
//! could not be judged must not be green. One that was not judged, because its policy did not run
//! or nothing is expected of it, is `skipped`. The class of a case is `SCENARIO.POLICY`, so that CI
//! systems group by policy; its properties have the value, the unit and the limit. There are no
//! times and no dates: the same result gives the same bytes.
//!
//! It is written here: writers of JUnit bring a clock and random identifiers, for attributes that
//! have to stay out.

use super::cases::{Case, Outcome, Suite};
use crate::report::Report;
use crate::report::verdict::Verdict;

/// All `reports` as one document.
pub(super) fn render(reports: &[&Report]) -> String {
    let suites = Suite::all(reports);
    let sum = |count: fn(&Suite<'_>) -> usize| suites.iter().map(count).sum::<usize>();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"firedrill\"{}>\n",
        counts(
            sum(|suite| suite.cases.len()),
            [
                sum(|suite| suite.count(Verdict::Fails)),
                sum(|suite| suite.count(Verdict::Inconclusive)),
                sum(|suite| suite.count(Verdict::NotJudged)),
            ],
        )
    );
    for suite in &suites {
        text += &of_suite(suite);
    }
    text + "</testsuites>\n"
}

fn of_suite(suite: &Suite<'_>) -> String {
    let head = format!(
        "  <testsuite{}{}>\n",
        attribute("name", &suite.name),
        counts(
            suite.cases.len(),
            [
                suite.count(Verdict::Fails),
                suite.count(Verdict::Inconclusive),
                suite.count(Verdict::NotJudged),
            ],
        )
    );
    let report = suite.report;
    let properties = [
        ("about", report.subject.about.trim()),
        ("scenario", &report.path),
        ("seeds", &report.seeds),
        ("verdict", report.verdict().word()),
    ];
    let cases = suite.cases.iter().map(|case| of_case(suite, case));
    format!(
        "{head}{}{}  </testsuite>\n",
        properties_of(&properties, "    "),
        cases.collect::<String>()
    )
}

fn of_case(suite: &Suite<'_>, case: &Case<'_>) -> String {
    let class = format!("{}.{}", suite.name, case.policy);
    let line = case.line.map(|line| attribute("line", &line.to_string()));
    let head = format!(
        "    <testcase{}{}{}{}>\n",
        attribute("name", case.title()),
        attribute("classname", &class),
        attribute("file", &suite.report.path),
        line.unwrap_or_default(),
    );
    let values = match &case.outcome {
        Outcome::Judged(result) => result.value.map(|(unit, value)| {
            let limit = result.limit.map(|limit| unit.decimal(limit));
            (unit.decimal(value), unit.name(), limit.unwrap_or_default())
        }),
        Outcome::NotJudged(_) => None,
    };
    let properties = values.map_or_else(String::new, |(value, unit, limit)| {
        let values = [("value", value.as_str()), ("unit", unit), ("limit", &limit)];
        properties_of(&values, "      ")
    });
    format!(
        "{head}{properties}{}    </testcase>\n",
        outcome(suite, case)
    )
}

/// What a case that holds does not have.
fn outcome(suite: &Suite<'_>, case: &Case<'_>) -> String {
    let message = attribute("message", case.finding());
    let (element, kind) = match case.verdict() {
        Verdict::Holds => return String::new(),
        Verdict::NotJudged => return format!("      <skipped{message}/>\n"),
        Verdict::Fails => ("failure", attribute("type", "fails")),
        Verdict::Inconclusive => ("error", attribute("type", "inconclusive")),
    };
    let story = [vec![suite.place(case)], suite.story(case)].concat();
    let story = escaped(&story.join("\n"));
    format!("      <{element}{message}{kind}>{story}</{element}>\n")
}

fn counts(tests: usize, [failures, errors, skipped]: [usize; 3]) -> String {
    format!(" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"")
}

fn properties_of(all: &[(&str, &str)], indent: &str) -> String {
    let each = all.iter().map(|(name, value)| {
        let (name, value) = (attribute("name", name), attribute("value", value));
        format!("{indent}  <property{name}{value}/>\n")
    });
    let each: String = each.collect();
    format!("{indent}<properties>\n{each}{indent}</properties>\n")
}

/// ` name="value"`. Line breaks are written as references: a reader would take them for blanks.
fn attribute(name: &str, value: &str) -> String {
    let value = escaped(value);
    let value = value.replace('\n', "&#10;").replace('\t', "&#9;");
    format!(" {name}=\"{value}\"")
}

/// `text` as XML 1.0 can hold it: characters that it has no form for become U+FFFD.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\r' => escaped += "&#13;",
            '\n' | '\t' => escaped.push(c),
            '\u{fffe}' | '\u{ffff}' => escaped.push(char::REPLACEMENT_CHARACTER),
            c if c.is_control() => escaped.push(char::REPLACEMENT_CHARACTER),
            c => escaped.push(c),
        }
    }
    escaped
}

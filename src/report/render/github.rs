//! Workflow commands of GitHub Actions: an annotation at the line of each expectation that does not
//! hold, then one line with the sum.
//!
//! GitHub shows ten errors, ten warnings and ten notices of a step at their lines; all of them stay
//! in its log. Paths are relative to the root of the repository when the command ran there.

use super::cases::{Case, Suite};
use crate::report::Report;
use crate::report::verdict::Verdict;

/// All `reports` as the output of one step: what fails comes first.
pub(super) fn render(reports: &[&Report]) -> String {
    let suites = Suite::all(reports);
    let mut lines = Vec::new();
    for (verdict, command) in COMMANDS {
        for suite in &suites {
            let cases = suite.cases.iter();
            let cases = cases.filter(|case| case.verdict() == verdict && case.is_finding);
            lines.extend(cases.map(|case| annotation(command, suite, case)));
        }
    }
    lines.push(sum(&suites));
    lines.join("\n") + "\n"
}

/// `2 of 14 expectations fail, 1 inconclusive, 3 not judged`.
pub(super) fn sum(suites: &[Suite<'_>]) -> String {
    let count = |verdict| {
        suites
            .iter()
            .map(|suite| suite.count(verdict))
            .sum::<usize>()
    };
    let [holds, fails] = [Verdict::Holds, Verdict::Fails].map(count);
    let [inconclusive, not_judged] = [Verdict::Inconclusive, Verdict::NotJudged].map(count);
    let judged = holds + fails + inconclusive;
    let mut text = match (judged, fails) {
        (0, _) => return "nothing was judged".to_owned(),
        (1, 0) if inconclusive == 0 => "1 expectation holds".to_owned(),
        (all, 0) if inconclusive == 0 => format!("all {all} expectations hold"),
        (1, fails) => format!("{fails} of 1 expectation fails"),
        (all, 1) => format!("1 of {all} expectations fails"),
        (all, fails) => format!("{fails} of {all} expectations fail"),
    };
    let rest = [(inconclusive, "inconclusive"), (not_judged, "not judged")];
    for (count, word) in rest.iter().filter(|(count, _)| *count > 0) {
        text += &format!(", {count} {word}");
    }
    text
}

fn annotation(command: &str, suite: &Suite<'_>, case: &Case<'_>) -> String {
    let title = format!("{} {}: {}", suite.name, case.policy, case.title());
    let line = case.line.map(|line| format!(",line={line}"));
    format!(
        "::{command} file={}{},title={}::{}",
        property(&suite.report.path),
        line.unwrap_or_default(),
        property(&title),
        data(&suite.story(case).join("\n")),
    )
}

/// The message of a command: a line break would end it.
fn data(text: &str) -> String {
    let text = text.replace('%', "%25");
    text.replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a command, which a comma or a colon would end.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// How much each verdict calls for, the most first.
const COMMANDS: [(Verdict, &str); 3] = [
    (Verdict::Fails, "error"),
    (Verdict::Inconclusive, "warning"),
    (Verdict::NotJudged, "notice"),
];

//! The text of a comment on a pull request, and of the summary of a CI step: what does not hold,
//! then every scenario in a row, then how the failing policies failed over time.
//!
//! Its first line is a hidden marker, by which a script finds the comment to replace. GitHub takes
//! no comment of 65,536 characters or more, so what is too long is left out and counted. It shows
//! no image from a `data:` address, and an image of an artefact cannot be linked to: the picture
//! is the strip of text.

use super::cases::{Case, Suite};
use super::markdown::rows::Rows;
use super::{failure, github};
use crate::report::verdict::Verdict;
use crate::report::{Judged, Report, overall, seeds};

/// All `reports` as one comment.
pub(super) fn render(reports: &[&Report]) -> String {
    let suites = Suite::all(reports);
    let verdict = overall(reports).word();
    let sum = capitalised(&github::sum(&suites));
    let mut text = format!("{MARKER}\n## Firedrill: {verdict}\n\n{sum}.");
    let parts = [vec![unmet(&suites), scenarios(&suites)], strips(&suites)].concat();
    let mut left_out = 0;
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        match text.len() + part.len() < MOST {
            true => text += &format!("\n\n{part}"),
            false => left_out += 1,
        }
    }
    if left_out > 0 {
        text += &format!("\n\nParts that are too long for a comment and left out: {left_out}.");
    }
    text + "\n"
}

/// The expectations that do not hold.
fn unmet(suites: &[Suite<'_>]) -> String {
    let mut rows = Rows::new(&["verdict", "scenario", "policy", "expectation", "finding"]);
    let (mut shown, mut more) = (0, 0);
    for verdict in [Verdict::Fails, Verdict::Inconclusive, Verdict::NotJudged] {
        for (suite, case) in of_verdict(suites, verdict) {
            if shown == MOST_ROWS {
                more += 1;
                continue;
            }
            shown += 1;
            let text = match case.text {
                "" => String::new(),
                text => code(text),
            };
            rows.push([
                format!("**{}**", verdict.word()),
                plain(&suite.name),
                plain(case.policy),
                text,
                plain(case.finding()),
            ]);
        }
    }
    match (shown, more) {
        (0, _) => String::new(),
        (_, 0) => rows.written(),
        (_, more) => format!("{}\n\nAnd {more} more.", rows.written()),
    }
}

fn of_verdict<'a>(
    suites: &'a [Suite<'a>],
    verdict: Verdict,
) -> impl Iterator<Item = (&'a Suite<'a>, &'a Case<'a>)> {
    suites.iter().flat_map(move |suite| {
        let cases = suite.cases.iter();
        let cases = cases.filter(move |case| case.verdict() == verdict && case.is_finding);
        cases.map(move |case| (suite, case))
    })
}

/// Every scenario in a row.
fn scenarios(suites: &[Suite<'_>]) -> String {
    let mut rows = Rows::new(&[
        "scenario",
        "verdict",
        "holds",
        "fails",
        "inconclusive",
        "seeds",
    ]);
    for suite in suites.iter().take(MOST_ROWS) {
        let count = |verdict| suite.count(verdict).to_string();
        let seeds = suite.report.seeds.as_str();
        rows.push([
            plain(&suite.name),
            suite.report.verdict().word().to_owned(),
            count(Verdict::Holds),
            count(Verdict::Fails),
            count(Verdict::Inconclusive),
            seeds::single(seeds).unwrap_or(seeds).to_owned(),
        ]);
    }
    folded("All scenarios", &rows.written())
}

/// How the policies that fail failed over time, each as a part of its own.
fn strips(suites: &[Suite<'_>]) -> Vec<String> {
    let mut parts = Vec::new();
    for suite in suites {
        for (place, policy) in suite.report.policies.iter().enumerate() {
            let fails = |judged: &Judged| {
                let mut results = judged.judgements.iter();
                results.any(|one| one.verdict == Verdict::Fails)
            };
            if fails(policy) {
                let lines = failure::lines(suite.report, place, policy);
                let title = format!("{}: how {} failed", suite.name, policy.name);
                let text = lines.join("\n").replace("```", "'''");
                parts.push(folded(&html(&title), &format!("```text\n{text}\n```")));
            }
        }
    }
    parts
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn folded(title: &str, text: &str) -> String {
    format!("<details><summary>{title}</summary>\n\n{text}\n\n</details>")
}

/// `text` as code, between backticks that it does not hold.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'"))
}

/// `text` in a cell: nothing in it is markup, and it mentions no one.
fn plain(text: &str) -> String {
    html(text).replace('@', "@<!-- -->")
}

fn html(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;")
}

/// The line by which a script finds the comment.
const MARKER: &str = "<!-- firedrill -->";

/// Bytes, which are at least as many as characters; GitHub's limit is 65,536 characters.
const MOST: usize = 60_000;

/// More rows of one table are left out and counted.
const MOST_ROWS: usize = 100;

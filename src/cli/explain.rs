//! `firedrill explain`: what a measure is, or what decided the expectations of a result.

use std::path::Path;

use super::output::{self, CliError, Exit};
use super::{Done, measures, results};
use crate::drill::{Changes, Drill};
use crate::report::{Case, Report};
use crate::text::Diagnostic;
use crate::units::truncate;

/// Explains a measure, or a result: which seeds, windows and calls decided each expectation.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: firedrill explain latency_failed.p95\n         \
                  firedrill explain out/flapping.json\n         \
                  firedrill explain out/flapping.json 'resilient: uptime >= 99%'"
)]
pub(super) struct Args {
    /// The name of a measure, or the file of a result, as `run --out DIR` writes it.
    #[arg(value_name = "MEASURE|RESULT")]
    subject: String,

    /// This expectation of the result only: its text, `POLICY: TEXT`, or a part that no other has.
    expectation: Option<String>,
}

/// Prints what is known of the measure, or of the result.
pub(super) fn explain(args: &Args) -> Done {
    let text = text(args).and_then(|text| output::print(&text));
    text.map_err(|trouble| vec![trouble])?;
    Ok(Exit::Holds)
}

fn text(args: &Args) -> Result<String, CliError> {
    let (path, expectation) = (Path::new(&args.subject), args.expectation.as_deref());
    if path.is_file() || path.extension().is_some_and(|end| end == "json") {
        return result(path, expectation);
    }
    let measure = measures::told(&args.subject)?;
    match expectation {
        None => Ok(measure),
        Some(_) => Err(CliError::new(
            format!("`{}` is a measure: no expectation decided it", args.subject),
            "name the file of a result, as `run --out DIR` writes it",
        )),
    }
}

/// What decided the expectations of the result at `path`: all, or the one that was asked for.
fn result(path: &Path, expectation: Option<&str>) -> Result<String, CliError> {
    let reports = results::read(path)?;
    let cases = reports.iter().enumerate();
    let cases = cases.flat_map(|(nth, report)| report.cases().map(move |case| (nth, case)));
    let mut cases = Vec::from_iter(cases);
    if let Some(asked) = expectation {
        cases = chosen(cases, asked.trim())?;
    }
    let sections = reports.iter().enumerate().filter_map(|(nth, report)| {
        let its = cases.iter().filter(|(place, _)| *place == nth);
        let its = Vec::from_iter(its.map(|(_, case)| *case));
        let is_asked = expectation.is_none() || !its.is_empty();
        is_asked.then(|| section(report, &its))
    });
    Ok(Vec::from_iter(sections).join("\n\n"))
}

/// A report: its heading, why calls cannot be opened if so, and its expectations.
fn section(report: &Report, cases: &[Case<'_>]) -> String {
    let (name, verdict, seeds) = (report.name(), report.verdict().word(), report.seeds());
    let mut lines = vec![format!("{name}: {verdict}, seeds {seeds}")];
    let repeats = repeats(report);
    lines.extend(repeats.as_ref().err().cloned());
    if cases.is_empty() {
        lines.extend(report.not_judged());
    }
    for case in cases {
        lines.push(String::new());
        lines.extend(case.lines(repeats.is_ok()));
    }
    lines.join("\n")
}

/// Whether `firedrill trace` makes the report's runs again here; why not, if not.
fn repeats(report: &Report) -> Result<(), String> {
    let traces = &report.subject().traces;
    if !traces.is_empty() {
        return Err(format!("the calls are in {}", traces.join(", ")));
    }
    let path = report.path();
    if !Path::new(path).is_file() {
        return Err(format!(
            "`{path}` is not there: with it, `firedrill trace` opens the calls"
        ));
    }
    let (policies, set) = report.asked();
    let changes = Changes {
        policies: policies.to_vec(),
        set: set.to_vec(),
        ..Changes::default()
    };
    let drill = Drill::load_with(path, changes).ok();
    match drill.is_some_and(|drill| report.is_of(&drill.subject().resolved, drill.policies())) {
        true => Ok(()),
        false => Err(format!(
            "`{path}`, a policy or a price has changed: `firedrill trace` shows other calls"
        )),
    }
}

/// The expectations that `asked` names: as a whole, or by a part that no other has.
fn chosen<'a>(
    cases: Vec<(usize, Case<'a>)>,
    asked: &str,
) -> Result<Vec<(usize, Case<'a>)>, CliError> {
    let is_named = |case: &Case<'_>| case.text() == asked || case.full_text() == asked;
    let is_part = |case: &Case<'_>| case.full_text().contains(asked);
    let some_named = cases.iter().any(|(_, case)| is_named(case));
    let found = cases.iter().filter(|(_, case)| match some_named {
        true => is_named(case),
        false => is_part(case),
    });
    let found = Vec::from_iter(found.copied());
    let mut texts = Vec::from_iter(found.iter().map(|(_, case)| case.text()));
    texts.sort_unstable();
    texts.dedup();
    let shown = truncate(asked);
    match texts[..] {
        [] => Err(unknown(&cases, asked)),
        [_] => Ok(found),
        _ => {
            let message = format!("`{shown}` is a part of {} expectations", found.len());
            Err(CliError::new(message, &some_of(&found)))
        }
    }
}

fn unknown(cases: &[(usize, Case<'_>)], asked: &str) -> CliError {
    let message = format!("the result has no expectation `{}`", truncate(asked));
    let full = Vec::from_iter(cases.iter().map(|(_, case)| case.full_text()));
    let known = cases.iter().map(|(_, case)| case.text());
    let known = known.chain(full.iter().map(String::as_str));
    let problem = Diagnostic::of_file("", message).did_you_mean(asked, known);
    let near = problem.hint_text().filter(|hint| hint.starts_with("did"));
    let hint = near.map_or_else(|| some_of(cases), str::to_owned);
    CliError::new(problem.message().to_owned(), &hint)
}

/// A hint that names the first of these expectations.
fn some_of(cases: &[(usize, Case<'_>)]) -> String {
    let all = cases
        .iter()
        .map(|(_, case)| format!("`{}`", case.full_text()));
    let some = Vec::from_iter(all.take(MOST_NAMED)).join(", ");
    match cases.len() {
        0 => "it has none at all".to_owned(),
        all if all > MOST_NAMED => format!("name one of its {all}, as in {some}"),
        _ => format!("name one of {some}"),
    }
}

/// So many expectations are named in a hint.
const MOST_NAMED: usize = 5;

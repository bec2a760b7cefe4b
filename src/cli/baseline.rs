//! `run --baseline`: each policy against its earlier result, paired by seed.
//!
//! The baseline is one result file or a folder of them. A measure is a regression when it can be
//! told apart from the baseline and is worse by more than its margin, which the scenario or the
//! command line says; then the exit code is 5.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::file_set::settle;
use super::output::{CliError, Exit, print_error};
use super::{results, values};
use crate::drill::{Drill, check_margin};
use crate::expect;
use crate::report::Report;
use crate::report::compare::{Comparison, Margin, Side};
use crate::report::measures;
use crate::text::Diagnostic;

/// The arguments of a run about its baseline.
#[derive(Debug, clap::Args)]
pub(super) struct BaselineArgs {
    /// Compare each policy with this earlier result, or with those in this folder.
    #[arg(long, value_name = "FILE|DIR")]
    baseline: Option<PathBuf>,

    /// How much worse a measure may be than the baseline, as in `success_rate=0.5%`; repeat it.
    /// Goes before the scenario's own `margins`.
    #[arg(
        long,
        value_name = "MEASURE=VALUE",
        requires = "baseline",
        value_parser = assignment
    )]
    margin: Vec<(String, String)>,
}

impl BaselineArgs {
    /// Whether there is a baseline.
    pub(super) const fn is_some(&self) -> bool {
        self.baseline.is_some()
    }

    /// The margins of the command line, for at least one of `drills` each; or all that is wrong.
    fn margins(&self, drills: &[Drill]) -> Result<Vec<expect::Margin>, Vec<CliError>> {
        let (mut margins, mut problems) = (Vec::new(), Vec::new());
        for (place, (measure, value)) in self.margin.iter().enumerate() {
            let mut earlier = self.margin[..place].iter();
            let is_again = earlier.any(|(known, _)| known == measure);
            match margin(measure, value, drills) {
                Ok(_) if is_again => problems.push(CliError::new(
                    format!("`--margin {measure}` is given twice"),
                    "leave one of the two out",
                )),
                Ok(margin) => margins.push(margin),
                Err(problem) => problems.push(problem.into()),
            }
        }
        match problems.is_empty() {
            true => Ok(margins),
            false => Err(problems),
        }
    }
}

/// `success_rate=0.5%`.
fn assignment(text: &str) -> Result<(String, String), String> {
    let hint = |_| "write `MEASURE=VALUE`, as in `success_rate=0.5%`".to_owned();
    values::assignment(text).map_err(hint)
}

/// The margin `--margin measure=value`, which at least one of `drills` must be able to have.
fn margin(measure: &str, value: &str, drills: &[Drill]) -> Result<expect::Margin, Diagnostic> {
    let words = format!("--margin {measure}={value}");
    let point = |from: usize, range: Range<usize>, message| {
        let range = from + range.start..from + range.end;
        Diagnostic::of_text("command line", &words, range, message)
    };
    let at_measure = |range, message| point("--margin ".len(), range, message);
    let start = words.len() - value.len();
    let at_value = |range, message| point(start, range, message);
    let margin = expect::Margin::parse((measure, &at_measure), (value, &at_value))?;
    let whole = |message| at_value(0..value.len(), message);
    let wrong = drills
        .iter()
        .map(|drill| check_margin(&margin, drill.subject(), &at_measure, &whole));
    let wrong: Option<Vec<Diagnostic>> = wrong.collect();
    match wrong.and_then(|all| all.into_iter().next()) {
        Some(problem) => Err(problem),
        None => Ok(margin),
    }
}

/// Earlier results, and what the run is worse in.
pub(super) struct Baseline {
    path: PathBuf,
    reports: Vec<Report>,
    /// The margins of the command line.
    margins: Vec<expect::Margin>,
    regressions: Vec<String>,
    /// What has no earlier result.
    missing: Vec<String>,
}

impl Baseline {
    /// The baseline that `args` name, if any, for a run of `drills`.
    pub(super) fn read(
        args: &BaselineArgs,
        drills: &[Drill],
    ) -> Result<Option<Self>, Vec<CliError>> {
        let Some(path) = &args.baseline else {
            return Ok(None);
        };
        let margins = args.margins(drills)?;
        let mut reports = Vec::new();
        let read = |file: PathBuf| results::read(&file).map(|more| reports.extend(more));
        let files = files(path);
        let read = files.and_then(|files| files.into_iter().try_for_each(read));
        read.map_err(|trouble| vec![trouble])?;
        Ok(Some(Self {
            path: path.clone(),
            reports,
            margins,
            regressions: Vec::new(),
            missing: Vec::new(),
        }))
    }

    /// `report` on `drill`, with the differences of its policies from the baseline.
    pub(super) fn judge(&mut self, drill: &Drill, report: Report) -> Report {
        let earlier = self.reports.iter().find(|one| one.name() == report.name());
        let label = self.path.display().to_string();
        let asked = || drill.scenario().margins.iter().chain(&self.margins);
        let margins = margins(asked());
        let mut comparisons = Vec::new();
        for (policy, _) in report.policies() {
            let side = |report, label| Side {
                report,
                policy,
                label,
            };
            let compared = earlier
                .and_then(|earlier| Comparison::new(side(earlier, &label), side(&report, policy)));
            let name = format!("{} {policy}", report.name());
            let Some(comparison) = compared else {
                self.missing.push(name);
                continue;
            };
            let unknown = asked().filter(|margin| !comparison.has(&margin.measure));
            let unknown = unknown.map(|margin| format!("{} of {name}", margin.measure));
            self.missing.extend(Vec::from_iter(unknown));
            let worse = comparison.regressions(&margins).into_iter();
            self.regressions
                .extend(worse.map(|regression| format!("{name}: {regression}")));
            comparisons.push((policy.to_owned(), comparison.summary()));
        }
        report.with_baseline(comparisons)
    }

    /// Prints the regressions; the exit code of a run that would end with `exit`.
    pub(super) fn finish(self, exit: Exit) -> Exit {
        for regression in &self.regressions {
            print_error(&format!("worse than the baseline: {regression}"));
        }
        if !self.missing.is_empty() {
            let (path, missing) = (self.path.display(), self.missing.join(", "));
            print_error(&format!(
                "not compared: `{path}` has no result of {missing}"
            ));
        }
        match exit {
            Exit::Holds | Exit::Inconclusive if !self.regressions.is_empty() => Exit::Regressed,
            Exit::Holds if !self.missing.is_empty() => Exit::Inconclusive,
            exit => exit,
        }
    }
}

/// The margin of each measure that is judged: of several for one, the last.
fn margins<'a>(asked: impl Iterator<Item = &'a expect::Margin>) -> BTreeMap<String, Margin> {
    let judged = JUDGED.iter().map(|name| ((*name).to_owned(), Margin::NONE));
    let asked = asked.filter_map(|margin| {
        let unit = measures::find(&margin.metric)?.unit;
        Some((margin.measure.clone(), Margin::new(margin.bound, unit)?))
    });
    judged.chain(asked).collect()
}

/// The file itself, or the results in a folder.
fn files(path: &Path) -> Result<Vec<PathBuf>, CliError> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let wrong = |why: String| {
        let message = format!("the baseline `{}` cannot be read: {why}", path.display());
        CliError::new(message, "name a result, or a folder that `run --out` wrote")
    };
    settle(path)?;
    let entries = fs::read_dir(path).map_err(|error| wrong(error.to_string()))?;
    let mut files = Vec::new();
    for entry in entries {
        let file = entry.map_err(|error| wrong(error.to_string()))?.path();
        if file.extension().is_some_and(|ending| ending == "json") {
            files.push(file);
        }
    }
    files.sort();
    match files.is_empty() {
        true => Err(wrong("it holds no result".to_owned())),
        false => Ok(files),
    }
}

/// The measures that are judged without a margin of their own: what users feel and pay. More would
/// be told apart by luck too often.
const JUDGED: [&str; 4] = ["success_rate", "uptime", "latency.p95", "cost_per_success"];

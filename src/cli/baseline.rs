//! `run --baseline`: each policy against its earlier result, paired by seed.
//!
//! The baseline is one result file or a folder of them. A measure is a regression when it can be
//! told apart from the baseline and is worse by more than its margin; then the exit code is 5.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::output::{CliError, Exit, print_error};
use super::{compare, results};
use crate::report::Report;
use crate::report::compare::{Comparison, Margin, Side};
use crate::report::measures;

/// The arguments of a run about its baseline.
#[derive(Debug, clap::Args)]
pub(super) struct BaselineArgs {
    /// Compare each policy with this earlier result, or with those in this folder.
    #[arg(long, value_name = "FILE|DIR")]
    baseline: Option<PathBuf>,

    /// How much worse a measure may be than the baseline, as in `success_rate=0.5%`; repeat it.
    #[arg(long, value_name = "MEASURE=VALUE", requires = "baseline", value_parser = margin)]
    margin: Vec<(String, Margin)>,
}

impl BaselineArgs {
    /// Whether there is a baseline.
    pub(super) const fn is_some(&self) -> bool {
        self.baseline.is_some()
    }
}

/// `success_rate=0.5%`, `latency.p95=200ms`, `latency.p95=10%`.
fn margin(text: &str) -> Result<(String, Margin), String> {
    let Some((name, value)) = text.split_once('=') else {
        return Err("write `MEASURE=VALUE`, as in `success_rate=0.5%`".to_owned());
    };
    let name = compare::measure(name.trim())?;
    let base = name.split_once('(').map_or(name.as_str(), |(base, _)| base);
    let unit = measures::find(base).map(|measure| measure.unit);
    let margin = unit.and_then(|unit| Margin::parse(value.trim(), unit));
    match (margin, unit) {
        (Some(margin), _) => Ok((name, margin)),
        (None, unit) => {
            let example = unit.map_or("a share", |unit| unit.example());
            Err(format!(
                "write {example}, or a share of the baseline such as `5%`"
            ))
        }
    }
}

/// Earlier results, and what the run is worse in.
pub(super) struct Baseline {
    path: PathBuf,
    reports: Vec<Report>,
    /// The measures that may regress, with their margins.
    margins: BTreeMap<String, Margin>,
    regressions: Vec<String>,
    /// What has no earlier result.
    missing: Vec<String>,
}

impl Baseline {
    /// The baseline that `args` name, if any.
    pub(super) fn read(args: &BaselineArgs) -> Result<Option<Self>, CliError> {
        let Some(path) = &args.baseline else {
            return Ok(None);
        };
        let mut reports = Vec::new();
        for file in files(path)? {
            reports.extend(results::read(&file)?);
        }
        let judged = JUDGED.iter().map(|name| ((*name).to_owned(), Margin::NONE));
        let margins = judged.chain(args.margin.iter().cloned());
        Ok(Some(Self {
            path: path.clone(),
            reports,
            margins: margins.collect(),
            regressions: Vec::new(),
            missing: Vec::new(),
        }))
    }

    /// `report`, with the differences of its policies from the baseline.
    pub(super) fn judge(&mut self, report: Report) -> Report {
        let earlier = self.reports.iter().find(|one| one.name() == report.name());
        let label = self.path.display().to_string();
        let mut comparisons = Vec::new();
        for (policy, _) in report.policies() {
            let side = |report, label| Side {
                report,
                policy,
                label,
            };
            let compared = earlier
                .and_then(|earlier| Comparison::new(side(earlier, &label), side(&report, policy)));
            let Some(comparison) = compared else {
                self.missing.push(format!("{} {policy}", report.name()));
                continue;
            };
            for regression in comparison.regressions(&self.margins) {
                let name = report.name();
                self.regressions
                    .push(format!("{name} {policy}: {regression}"));
            }
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

/// The file itself, or the results in a folder.
fn files(path: &Path) -> Result<Vec<PathBuf>, CliError> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let wrong = |why: String| {
        let message = format!("the baseline `{}` cannot be read: {why}", path.display());
        CliError::new(message, "name a result, or a folder that `run --out` wrote")
    };
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

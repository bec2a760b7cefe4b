//! `firedrill merge`: one report from results on parts of the seeds.

use std::path::PathBuf;

use super::output_args::OutputArgs;
use super::{Done, output};
use crate::report::{self, MergeError, Report};
use output::{CliError, Exit};

/// Merges results of the same scenarios and policies, exactly and in any order.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: firedrill run --seeds 40 --partition 2/8 --out parts\n         \
                  firedrill merge parts/*.json --out reports"
)]
pub(super) struct Args {
    /// Results that `run --out` or `run --format json` wrote, each on other seeds.
    #[arg(value_name = "RESULT", required = true)]
    results: Vec<PathBuf>,

    #[command(flatten)]
    output: OutputArgs,
}

/// Reads all results, merges those of one scenario, and prints the reports.
pub(super) fn merge(args: Args) -> Done {
    show(&args.results, &args.output)
}

/// Prints and writes the report on each scenario in `results`, merged where it is in several.
pub(super) fn show(results: &[PathBuf], output: &OutputArgs) -> Done {
    let mut found = Vec::new();
    let mut troubles = Vec::from_iter(output.problem(false));
    for path in results {
        match super::results::read(path) {
            Ok(reports) => found.extend(reports.into_iter().map(|report| (path.clone(), report))),
            Err(trouble) => troubles.push(trouble),
        }
    }
    if !troubles.is_empty() {
        return Err(troubles);
    }
    let merged = merge_all(found).map_err(|trouble| vec![trouble])?;
    let months = output.months().map_err(|trouble| vec![trouble])?;
    let reports = merged.into_iter().map(|merged| months.add(merged.report));
    let reports = Vec::from_iter(reports);
    finish(output, &reports)
}

/// The report on one scenario so far, and the file that it begins with.
struct Merged {
    first: PathBuf,
    report: Report,
}

/// One report for each scenario, in the order in which `run` would report on their files.
fn merge_all(found: Vec<(PathBuf, Report)>) -> Result<Vec<Merged>, CliError> {
    let mut merged: Vec<Merged> = Vec::new();
    for (path, report) in found {
        let known = merged
            .iter_mut()
            .find(|known| known.report.name() == report.name());
        let Some(known) = known else {
            let first = path;
            merged.push(Merged { first, report });
            continue;
        };
        known.report = known.report.merge(&report).map_err(|error| {
            let (one, two) = (known.first.display(), path.display());
            let message = format!("`{one}` and `{two}` cannot be merged: {error}");
            CliError::new(message, &hint(&error))
        })?;
    }
    merged.sort_by(|one, two| {
        let key = |merged: &Merged| {
            (
                merged.report.path().to_owned(),
                merged.report.name().to_owned(),
            )
        };
        key(one).cmp(&key(two))
    });
    Ok(merged)
}

fn hint(error: &MergeError) -> String {
    let hint = match error {
        MergeError::Overlap(_) => "name each result once, and run each part on other seeds",
        MergeError::NoSeeds(_) => "give the traces to `firedrill report` together",
        MergeError::Differ(difference) => {
            let advice = "run all parts from the same files, with the same `--set`";
            return format!("{difference}: {advice}");
        }
    };
    hint.to_owned()
}

/// Prints first: no result is lost when its files cannot be written.
fn finish(args: &OutputArgs, reports: &[Report]) -> Done {
    let all = Vec::from_iter(reports);
    let text = report::rendered(&all, args.format, &output::screen());
    let mut troubles = Vec::from_iter(output::print(&text).err());
    troubles.extend(args.write(reports).err());
    if !troubles.is_empty() {
        return Err(troubles);
    }
    let verdicts = reports.iter().map(output::told);
    Ok(verdicts.max().map_or(Exit::Holds, Exit::from))
}

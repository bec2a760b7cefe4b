//! `--format`, `--out` and `--also`: how reports are printed, and the files they are written to.

use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use super::file_set::FileSet;
use super::output::{self, CliError};
use super::recording::{Recording, Run};
use crate::drill::Drill;
use crate::report::story::Pick;
use crate::report::{Detail, Format, Report};
use crate::roi::{Assumptions, Observed, Roi, RoiError};

/// How reports are printed, and the files that they are written to.
#[derive(Debug, clap::Args)]
pub(super) struct OutputArgs {
    /// Write each report to DIR, as Markdown, as CSV and as JSON.
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,

    /// Write these formats to the folder of `--out` as well: `--also junit,tap`. Of `run`, also
    /// `jsonl` and `perfetto`: the worst seed of each policy, event by event.
    #[arg(
        long,
        value_name = "FORMAT,…",
        value_enum,
        value_delimiter = ',',
        requires = "out",
        hide_possible_values = true
    )]
    also: Vec<Also>,

    /// Show on pages and in Markdown what a month costs, under the assumptions of FILE
    /// (docs/roi.md).
    #[arg(long, value_name = "FILE")]
    assumptions: Option<PathBuf>,

    /// How reports are printed.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(super) format: Format,
}

/// Adds a month of money to reports, if there are assumptions.
#[derive(Debug)]
pub(super) struct Months(Option<Assumptions>);

impl Months {
    /// `report` with its month; without it, after a warning, where the assumptions do not fit.
    pub(super) fn add(&self, report: Report) -> Report {
        let Some(assumed) = &self.0 else {
            return report;
        };
        match Roi::new(&Observed::of(&report), assumed) {
            Ok(roi) => report.with_month(roi.month()),
            Err(error) => {
                let (name, RoiError { message, hint }) = (report.name(), error);
                output::print_error(&format!("warning: {name}: no month is shown: {message}"));
                output::print_error(&format!("  = help: {hint}"));
                report
            }
        }
    }
}

/// What `--also` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Also {
    Report(Format),
    Run(Recording),
}

/// Formats of reports first, then those of single runs.
const ALSO: &[Also] = &also();

const fn also() -> [Also; Format::ALL.len() + Recording::FILED.len()] {
    let mut all = [Also::Report(Format::Table); Format::ALL.len() + Recording::FILED.len()];
    let mut place = 0;
    while place < all.len() {
        all[place] = match place.checked_sub(Format::ALL.len()) {
            None => Also::Report(Format::ALL[place]),
            Some(place) => Also::Run(Recording::FILED[place]),
        };
        place += 1;
    }
    all
}

impl Also {
    /// As the command line names it.
    fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Whether it is kept in a file, where there are `runs` to write or none.
    fn has_file(self, runs: bool) -> bool {
        match self {
            Self::Report(format) => format.file_names().is_some(),
            Self::Run(_) => runs,
        }
    }
}

impl ValueEnum for Also {
    fn value_variants<'a>() -> &'a [Self] {
        ALSO
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Report(format) => format.to_possible_value(),
            Self::Run(recording) => recording.to_possible_value(),
        }
    }
}

impl OutputArgs {
    /// The problem with `--also`, if there is one, of a command that makes `runs` or none.
    pub(super) fn problem(&self, runs: bool) -> Option<CliError> {
        let also = self.also.iter().find(|also| !also.has_file(runs))?;
        let why = match also {
            Also::Report(_) => "has no file: it is for a terminal",
            Also::Run(_) => "is of single runs, and a result holds their sums alone",
        };
        let filed = ALSO.iter().filter(|one| one.has_file(runs));
        let filed = Vec::from_iter(filed.map(|one| one.name())).join(", ");
        Some(CliError::new(
            format!("`--also {}` {why}", also.name()),
            &format!("name some of {filed}"),
        ))
    }

    fn formats(&self) -> impl Iterator<Item = Format> {
        self.also.iter().filter_map(|also| match also {
            Also::Report(format) => Some(*format),
            Also::Run(_) => None,
        })
    }

    /// The files of `--out`, if it is given; the folder is made.
    pub(super) fn file_set<'a>(&self) -> Result<Option<FileSet<'a>>, CliError> {
        let Some(folder) = &self.out else {
            return Ok(None);
        };
        let set = FileSet::new("--out", folder.clone())?;
        Ok(Some(set.also(self.formats())))
    }

    /// Adds the files of single runs to `set`: of the worst seed of each policy in `report`, which
    /// is on `drill`, each made when the set is written.
    pub(super) fn add_runs<'a>(
        &self,
        set: &mut FileSet<'a>,
        name: &str,
        drill: &'a Drill,
        report: &Report,
    ) {
        let recordings = self.also.iter().filter_map(|also| match also {
            Also::Run(recording) => Some(*recording),
            Also::Report(_) => None,
        });
        for recording in recordings {
            for (policy, seed) in report.worst_seeds() {
                let Some(policy) = drill.policies().get(policy) else {
                    continue;
                };
                let file = format!("{name}.{}.{}", policy.name, recording.ending());
                let run = Run {
                    drill,
                    policy,
                    seed,
                };
                set.add_written(file, move |file| {
                    let written = recording.write(run, Pick::All, file);
                    written.map_err(std::io::Error::other)?.1
                });
            }
        }
    }

    /// What adds a month to reports; an error if the file of the assumptions is wrong.
    pub(super) fn months(&self) -> Result<Months, CliError> {
        let assumed = self.assumptions.as_deref().map(super::roi::assumptions);
        Ok(Months(assumed.transpose()?))
    }

    /// How much reports are to tell beside counts.
    pub(super) fn detail(&self) -> Detail {
        let formats = self.formats().chain([self.format]);
        let most = formats.map(Format::detail).max();
        most.unwrap_or(Detail::Counts)
    }

    /// Whether what it prints is for a step of GitHub Actions, which has a summary.
    pub(super) fn has_step_summary(&self) -> bool {
        let mut formats = self.formats().chain([self.format]);
        formats.any(|format| format == Format::Github)
    }

    /// Writes every report to the folder of `--out`, if there is one, under its own name: all or
    /// none; and the summary of the step.
    pub(super) fn write(&self, reports: &[Report]) -> Result<(), CliError> {
        if self.has_step_summary() {
            output::add_step_summary(&Format::Comment.together(&Vec::from_iter(reports)))?;
        }
        let Some(mut set) = self.file_set()? else {
            return Ok(());
        };
        for report in reports {
            set.add_report(report.name(), report);
        }
        set.write()
    }
}

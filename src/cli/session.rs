//! The output of a run: prints each report as it comes, and keeps what the exit code tells.
//!
//! A sweep has several reports of each scenario, one for each variant. As a table, these are the
//! rows of one, so they are kept until the last of them is there.

use std::ops::ControlFlow;

use indicatif::ProgressBar;

use super::file_set::FileSet;
use super::output::{self, CliError, Exit};
use super::output_args::Months;
use super::run::Args;
use super::sweep::Variant;
use super::{Done, files, partition};
use crate::drill::Drill;
use crate::report::{self, Detail, Following, Format, Report, Verdict};

/// The state of a run.
pub(super) struct Session<'a> {
    args: &'a Args,
    drills: &'a [Drill],
    /// What each scenario is run with; one for what is no sweep.
    variants: &'a [Variant],
    /// The files of `--out`, if its folder can be made; and their names, by drill.
    out: Option<FileSet<'a>>,
    months: Months,
    names: Vec<String>,
    bar: &'a ProgressBar,
    /// How many reports got each verdict, in the order of the type.
    tally: [usize; 4],
    /// The worst verdict that the exit code tells.
    worst: Verdict,
    /// How many texts were printed.
    printed: usize,
    /// Reports that are printed later: at the end as one document, or as the rows of a sweep.
    kept: Vec<Report>,
    /// The worst verdict on the reports that are kept.
    worst_kept: Verdict,
    /// Whether a result could not be written.
    has_lost: bool,
    /// Whether the rest is not to be run.
    is_stopped: bool,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        args: &'a Args,
        drills: &'a [Drill],
        variants: &'a [Variant],
        bar: &'a ProgressBar,
        months: Months,
    ) -> Self {
        let mut session = Self {
            args,
            months,
            drills,
            variants,
            out: None,
            names: files::names_of_files(drills).unwrap_or_default(),
            bar,
            tally: [0; 4],
            worst: Verdict::Holds,
            printed: 0,
            kept: Vec::new(),
            worst_kept: Verdict::Holds,
            has_lost: false,
            is_stopped: false,
        };
        match args.output.file_set() {
            Ok(out) => session.out = out,
            // The results still go to stdout.
            Err(trouble) => session.lose(Some(trouble)),
        }
        session
    }

    const fn is_sweep(&self) -> bool {
        self.variants.len() > 1
    }

    /// Whether reports are rows of a table per scenario.
    fn has_rows(&self) -> bool {
        self.is_sweep() && self.args.output.format == Format::Table
    }

    /// Whether all reports are printed at the end, as one document.
    fn is_one_document(&self) -> bool {
        match self.args.output.format.following() {
            Following::Whole => true,
            Following::Array => self.drills.len() > 1,
            _ => false,
        }
    }

    /// The variant of the drill at `place`.
    fn variant(&self, place: usize) -> &'a str {
        &self.variants[place % self.variants.len()].name
    }

    /// Whether there was a report on each drill, or the rest is not to be run. If not, the run was
    /// interrupted.
    pub(super) fn is_whole(&self) -> bool {
        self.is_stopped || self.tally.iter().sum::<usize>() == self.drills.len()
    }

    /// Prints and keeps the report on the drill at `place`; returns whether to go on.
    pub(super) fn take(&mut self, place: usize, report: Report) -> ControlFlow<()> {
        let flow = self.take_next(place, report);
        self.is_stopped = flow.is_break();
        flow
    }

    fn take_next(&mut self, place: usize, report: Report) -> ControlFlow<()> {
        // Stories cost further runs, and a sweep has many.
        let report = match self.args.output.detail() {
            Detail::Stories if !self.is_sweep() => self.drills[place].explain(report),
            Detail::Replays if !self.is_sweep() => self.drills[place].replay(report),
            _ => report,
        };
        let report = self.bar.suspend(|| self.months.add(report));
        let verdict = self.verdict(place, &report);
        self.tally[verdict as usize] += 1;
        self.worst = self.worst.max(match verdict {
            Verdict::NotJudged if !self.args.require_expectations => output::told(&report),
            verdict => verdict,
        });
        if let (Some(out), Some(name)) = (&mut self.out, self.names.get(place)) {
            let name = partition::file_name(self.args.partition, name);
            out.add_report(&name, &report);
            self.args
                .output
                .add_runs(out, &name, &self.drills[place], &report);
        }
        if let Err(trouble) = self.print(place, verdict, report) {
            self.lose(Some(trouble));
            if self.out.is_none() {
                return ControlFlow::Break(());
            }
        }
        if self.args.fail_fast && verdict == Verdict::Fails {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    /// Prints why a result could not be written. The run goes on, and the exit code says it.
    fn lose(&mut self, trouble: Option<CliError>) {
        if let Some(trouble) = trouble {
            self.has_lost = true;
            self.bar.suspend(|| output::print_errors(&[trouble]));
        }
    }

    /// The verdict, after a warning of every fault that fired under no policy, and of every policy
    /// that was not judged.
    fn verdict(&self, place: usize, report: &Report) -> Verdict {
        let never_fired = report.never_fired();
        // The table of one run has these warnings itself.
        if self.is_sweep() || self.args.output.format != Format::Table {
            let name = [report.name(), self.variant(place)].join(" ");
            let silent = report.silent_faults().into_iter();
            for warning in silent.chain(report.not_judged()) {
                let warning = format!("warning: {}: {warning}", name.trim_end());
                self.bar.suspend(|| output::print_error(&warning));
            }
        }
        if self.args.require_faults && !never_fired.is_empty() {
            return report.verdict().max(Verdict::Inconclusive);
        }
        report.verdict()
    }

    /// Prints a report, or keeps it for the document at the end, or for the table of its sweep.
    fn print(&mut self, place: usize, verdict: Verdict, report: Report) -> Result<(), CliError> {
        let format = self.args.output.format;
        let following = format.following();
        if self.has_rows() {
            self.kept.push(report);
            self.worst_kept = self.worst_kept.max(verdict);
            let is_last = (place + 1).is_multiple_of(self.variants.len());
            return if is_last { self.print_rows() } else { Ok(()) };
        }
        if self.is_one_document() {
            self.kept.push(report);
            return Ok(());
        }
        if format == Format::Table && self.args.quiet && verdict == Verdict::Holds {
            return Ok(());
        }
        let mut text = report.render_on(format, &output::screen());
        if following == Following::Rows {
            if self.is_sweep() {
                text = self.variants[place % self.variants.len()].before_rows(&text);
            }
            text = without_header(text, self.printed > 0);
        }
        self.print_next(&text)
    }

    /// Prints the table of the sweep whose reports are kept.
    fn print_rows(&mut self) -> Result<(), CliError> {
        let reports = std::mem::take(&mut self.kept);
        let verdict = std::mem::replace(&mut self.worst_kept, Verdict::Holds);
        if reports.is_empty() || self.args.quiet && verdict == Verdict::Holds {
            return Ok(());
        }
        let names = self.variants.iter().map(|variant| variant.name.clone());
        let rows = Vec::from_iter(names.zip(reports));
        self.print_next(&report::sweep(&rows))
    }

    /// Prints `text` after what was printed before.
    fn print_next(&mut self, text: &str) -> Result<(), CliError> {
        let is_apart = self.printed > 0 && self.args.output.format.following() == Following::Apart;
        let gap = if is_apart { "\n" } else { "" };
        self.printed += 1;
        self.bar.suspend(|| output::print(&(gap.to_owned() + text)))
    }

    /// The summary of the step, of the reports that are kept for the format or for `--also`.
    fn step_summary(&self) -> String {
        let reports = match (self.is_one_document(), &self.out) {
            (true, _) => self.kept.iter().collect(),
            (false, Some(out)) => out.reports().collect(),
            (false, None) => Vec::new(),
        };
        Format::Comment.together(&reports)
    }

    /// Prints the end of the output, and returns the exit code.
    pub(super) fn finish(mut self) -> Done {
        let several = self.drills.len() > 1;
        let format = self.args.output.format;
        // A sweep that was stopped has rows left.
        let mut printed = match self.has_rows() {
            true => self.print_rows(),
            false => Ok(()),
        };
        if self.is_one_document() {
            let reports = Vec::from_iter(&self.kept);
            printed = output::print(&format.together(&reports));
        } else if several && format == Format::Table && !self.args.quiet {
            let summary = summary(self.drills.len(), self.variants.len(), self.tally);
            printed = printed.and_then(|()| self.print_next(&summary));
        }
        let summed = match self.args.output.has_step_summary() {
            true => output::add_step_summary(&self.step_summary()),
            false => Ok(()),
        };
        // Printed first: no result is lost when its files cannot be written.
        let written = self.out.take().map_or(Ok(()), FileSet::write);
        for result in [printed, summed, written] {
            self.lose(result.err());
        }
        Ok(match self.has_lost {
            true => Exit::Usage,
            false => Exit::from(self.worst),
        })
    }
}

/// A CSV text, without its first line when that was printed before.
fn without_header(text: String, printed: bool) -> String {
    match text.split_once('\n') {
        Some((_, rows)) if printed => rows.to_owned(),
        _ => text,
    }
}

/// `8 scenarios: 7 hold, 1 fails`; of a sweep, `2 scenarios, 3 values each: 5 hold, 1 fails`.
fn summary(drills: usize, variants: usize, tally: [usize; 4]) -> String {
    let [hold, not_judged, inconclusive, fail] = tally;
    let verb = |count: usize, verb: &str| {
        let ending = if count == 1 { "s" } else { "" };
        format!("{count} {verb}{ending}")
    };
    let not_run = drills - tally.iter().sum::<usize>();
    let parts = [
        (hold, verb(hold, "hold")),
        (fail, verb(fail, "fail")),
        (inconclusive, format!("{inconclusive} inconclusive")),
        (not_judged, format!("{not_judged} not judged")),
        (not_run, format!("{not_run} not run")),
    ];
    let parts = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(_, text)| text);
    let scenarios = match drills / variants {
        1 => "1 scenario".to_owned(),
        several => format!("{several} scenarios"),
    };
    let each = match variants {
        1 => String::new(),
        _ => format!(", {variants} values each"),
    };
    format!("{scenarios}{each}: {}", Vec::from_iter(parts).join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_only_what_there_is() {
        assert_eq!(summary(8, 1, [7, 0, 0, 1]), "8 scenarios: 7 hold, 1 fails");
        assert_eq!(
            summary(8, 1, [6, 2, 0, 0]),
            "8 scenarios: 6 hold, 2 not judged"
        );
        assert_eq!(
            summary(2, 1, [1, 0, 1, 0]),
            "2 scenarios: 1 holds, 1 inconclusive"
        );
        assert_eq!(
            summary(8, 1, [2, 0, 0, 1]),
            "8 scenarios: 2 hold, 1 fails, 5 not run"
        );
        assert_eq!(
            summary(6, 3, [5, 0, 0, 1]),
            "2 scenarios, 3 values each: 5 hold, 1 fails"
        );
    }

    #[test]
    fn only_the_first_csv_has_a_header() {
        let text = "policy,value\nresilient,1\n";
        assert_eq!(without_header(text.to_owned(), false), text);
        assert_eq!(without_header(text.to_owned(), true), "resilient,1\n");
    }
}

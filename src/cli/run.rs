//! `firedrill run`: runs scenarios and prints reports.

use std::num::NonZero;
use std::ops::{ControlFlow, RangeInclusive};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indicatif::ProgressBar;

use super::baseline::{Baseline, BaselineArgs};
use super::partition::{self, Partition};
use super::sweep::{self, Override, Variant};
use super::{Done, files, output, values};
use crate::drill::{self, Changes, Drill};
use crate::prices::Book;
use crate::report::{self, Following, Format, Report, Verdict};
use crate::text::Diagnostic;
use files::{InputFile, Kind, Kinds};
use output::{CliError, Exit};

/// Runs scenarios and reports uptime, latency and cost.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: firedrill run scenarios/flapping.yaml --policy resilient --seeds 20"
)]
pub(super) struct Args {
    /// Scenarios, or folders to read at any depth [default: scenarios/*.yaml].
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Run this policy instead of the scenario's own; repeat it for more.
    #[arg(long = "policy", value_name = "NAME|FILE")]
    policies: Vec<String>,

    /// Judge those of `--policy` by the expectations of this policy as well.
    #[arg(long, value_name = "NAME", requires = "policies")]
    judge_as: Option<String>,

    /// Run exactly this seed.
    #[arg(long, value_name = "N", conflicts_with = "seeds")]
    seed: Option<u64>,

    /// Run seeds 1 to N, or A to B, both ends included.
    #[arg(long, value_name = "N|A..B", value_parser = values::seeds)]
    seeds: Option<RangeInclusive<u64>>,

    /// Run only a part of the seeds, 2/8 as in part 2 of 8; `auto` asks the job's variables.
    ///
    /// `auto` reads GitLab's CI_NODE_INDEX and CI_NODE_TOTAL, Slurm's SLURM_ARRAY_TASK_ID, _MIN and
    /// _COUNT, and Kubernetes' JOB_COMPLETION_INDEX with JOB_COMPLETIONS, which the job must set
    /// (or write `auto/8`). A GitHub matrix must pass them on:
    /// `env: { STRATEGY_JOB_INDEX: "${{ strategy.job-index }}",
    /// STRATEGY_JOB_TOTAL: "${{ strategy.job-total }}" }`.
    #[arg(long, value_name = "PART/PARTS|auto", value_parser = partition::parse)]
    partition: Option<Partition>,

    #[command(flatten)]
    baseline: BaselineArgs,

    /// Set a value of the scenario, or `policy.…` of every policy; repeat it for more. `PATH=2,4,8`
    /// runs each of the values, and shows them side by side.
    #[arg(long, value_name = "PATH=VALUE", value_parser = values::assignment)]
    set: Vec<(String, String)>,

    /// Take prices from FILE: our form, LiteLLM's JSON, or genai-prices' (docs/prices.md).
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,

    /// Write each report to DIR, as Markdown, as CSV and as JSON.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// How reports are printed.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,

    /// Runs at a time; changes nothing but speed [default: all cores].
    #[arg(long, value_name = "N", value_parser = values::jobs)]
    jobs: Option<NonZero<usize>>,

    /// Stop after the first scenario that fails.
    #[arg(long)]
    fail_fast: bool,

    /// Show no progress, and only the tables of scenarios that do not hold.
    #[arg(long, short)]
    quiet: bool,

    /// Take a scenario for inconclusive when one of its faults fires under no policy.
    #[arg(long)]
    require_faults: bool,

    /// Take a scenario without expectations for not judged, and exit with 3.
    #[arg(long)]
    require_expectations: bool,
}

/// Runs the scenarios of the command line.
pub(super) fn run(args: Args) -> Done {
    let workers = drill::workers(args.jobs);
    if sweep::is_sweep(&args.set) {
        let (drills, variants) = load_sweep(&args)?;
        return sweep::run(&drills, &variants, workers, args.format);
    }
    let drills = load(&args, &[&args.set])?.concat();
    let mut baseline = Baseline::read(&args.baseline).map_err(|trouble| vec![trouble])?;
    files::print_warnings(&drills);
    let runs = drills.iter().map(Drill::runs).fold(0, u64::saturating_add);
    let bar = output::progress(runs, args.quiet);
    let mut session = Session::new(&args, &drills, &bar);
    drill::run_all(
        &drills,
        workers,
        &mut || bar.inc(1),
        &mut |place, report| {
            let report = match &mut baseline {
                Some(baseline) => baseline.judge(report),
                None => report,
            };
            session.take(place, report)
        },
    );
    bar.finish_and_clear();
    let exit = session.finish()?;
    Ok(baseline.map_or(exit, |baseline| baseline.finish(exit)))
}

/// Each scenario once for each combination of the swept values.
fn load_sweep(args: &Args) -> Result<(Vec<Drill>, Vec<Variant>), Vec<CliError>> {
    let one = |trouble| vec![trouble];
    if args.out.is_some() || args.baseline.is_some() {
        let message = "several values of `--set` make a table and no files".to_owned();
        let hint = "leave out `--out` and `--baseline`, or run one value at a time";
        return Err(one(CliError::new(message, hint)));
    }
    let repeated = values::set_once(&args.set);
    if !repeated.is_empty() {
        return Err(repeated);
    }
    let variants = sweep::variants(&args.set).map_err(one)?;
    let sets = Vec::from_iter(variants.iter().map(|variant| variant.set.as_slice()));
    let by_variant = load(args, &sets)?.into_iter().map(Vec::into_iter);
    let mut by_variant = Vec::from_iter(by_variant);
    let mut drills = Vec::new();
    // Scenario by scenario: each has a table of its own.
    while let Some(first) = by_variant.first_mut().and_then(Iterator::next) {
        drills.push(first);
        drills.extend(by_variant.iter_mut().skip(1).filter_map(Iterator::next));
    }
    Ok((drills, variants))
}

/// Reads and checks all that the command line names, with each of `sets` as what `--set` sets:
/// every drill of each, or every error of the first that has one.
fn load(args: &Args, sets: &[&[Override]]) -> Result<Vec<Vec<Drill>>, Vec<CliError>> {
    let mut problems = values::set_once(&args.set);
    let prices = args.prices.as_deref().map(Book::read).transpose();
    let prices = prices.map_err(|problem| vec![CliError::from(problem)])?;
    let mut changes = Changes {
        policies: args.policies.clone(),
        judge_as: args.judge_as.clone(),
        seeds: args.seed.map(|seed| seed..=seed).or(args.seeds.clone()),
        set: Vec::new(),
        prices: prices.map(Arc::new),
    };
    let found = scenarios(args).unwrap_or_else(|more| {
        problems.extend(more);
        Vec::new()
    });
    let mut loaded = Vec::new();
    for set in sets {
        changes.set = set.to_vec();
        loaded.push(load_files(args, &found, &changes, &mut problems));
        if !problems.is_empty() {
            return Err(problems);
        }
    }
    Ok(loaded)
}

/// The drills of the files `found`, with `changes`; what is wrong is added to `problems`.
fn load_files(
    args: &Args,
    found: &[InputFile],
    changes: &Changes,
    problems: &mut Vec<CliError>,
) -> Vec<Drill> {
    let mut drills = Vec::new();
    for drill in files::load(found, changes, problems) {
        match partition::of(args.partition, drill) {
            Ok(drill) => drills.push(drill),
            Err(trouble) => problems.push(trouble),
        }
    }
    problems.extend(unknown_judge(&drills).map(CliError::from));
    if args.out.is_some() {
        problems.extend(same_names(&drills));
    }
    drills
}

/// The problem with `--judge-as` when no scenario has expectations of that policy: one that has
/// none of its own may lie beside others in a folder.
fn unknown_judge(drills: &[Drill]) -> Option<Diagnostic> {
    let problems = drills.iter().map(|drill| {
        let problem = drill.unknown_judge()?;
        Some((drill.scenario().expect.len(), problem))
    });
    let problems: Option<Vec<(usize, Diagnostic)>> = problems.collect();
    // The longest list of expectations has the most names to suggest.
    let most = problems?.into_iter().max_by_key(|(names, _)| *names);
    most.map(|(_, problem)| problem)
}

/// The scenarios of the command line. What a folder holds besides is named in a note.
fn scenarios(args: &Args) -> Result<Vec<InputFile>, Vec<CliError>> {
    let kinds = Kinds::new();
    let mut scenarios = Vec::new();
    let mut skipped = Vec::new();
    let mut problems = Vec::new();
    for file in files::find(&args.paths)? {
        match kinds.of(&file.path) {
            Kind::Scenario => scenarios.push(file),
            Kind::Policy if file.named => problems.push(no_scenario_but(
                &file.path,
                "policy",
                "run a scenario with it: `firedrill run SCENARIO --policy",
            )),
            Kind::Fleet if file.named => problems.push(no_scenario_but(
                &file.path,
                "fleet",
                "check it: `firedrill check",
            )),
            kind => skipped.push((file, kind)),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if !skipped.is_empty() && !args.quiet {
        output::print_error(&files::skipped(&skipped));
    }
    if scenarios.is_empty() {
        let shown = args.paths.first().map(|path| path.display().to_string());
        let name = shown.as_deref().unwrap_or("scenarios/*.yaml");
        return Err(vec![files::no_scenario(name)]);
    }
    Ok(scenarios)
}

/// The error for a file that is named as a scenario, and is of another kind. `command` is what to
/// do with it, up to its path.
fn no_scenario_but(path: &Path, kind: &str, command: &str) -> CliError {
    let path = path.display();
    let message = format!("`{path}` is a {kind}, not a scenario");
    CliError::new(message, &format!("{command} {path}`"))
}

/// An error for each scenario whose files under `--out` would overwrite another's.
fn same_names(drills: &[Drill]) -> Vec<CliError> {
    let mut problems = Vec::new();
    for (place, drill) in drills.iter().enumerate() {
        let name = &drill.scenario().name;
        let earlier = drills[..place]
            .iter()
            .find(|other| other.scenario().name == *name);
        if let Some(earlier) = earlier {
            let (first, second) = (earlier.path().display(), drill.path().display());
            let message = format!("two scenarios are named `{name}`: {first} and {second}");
            problems.push(CliError::new(
                message,
                "their files under `--out` would be the same",
            ));
        }
    }
    problems
}

/// The state of a run.
struct Session<'a> {
    args: &'a Args,
    drills: &'a [Drill],
    /// The folder of `--out`, if it can be written to.
    out: Option<PathBuf>,
    bar: &'a ProgressBar,
    /// How many scenarios got each verdict, in the order of the type.
    tally: [usize; 4],
    /// The worst verdict that the exit code tells.
    worst: Verdict,
    /// How many reports were printed.
    printed: usize,
    /// Reports that are printed at the end, as one document.
    kept: Vec<Report>,
    /// Whether a result could not be written.
    has_lost: bool,
}

impl<'a> Session<'a> {
    fn new(args: &'a Args, drills: &'a [Drill], bar: &'a ProgressBar) -> Self {
        let mut session = Self {
            args,
            drills,
            out: None,
            bar,
            tally: [0; 4],
            worst: Verdict::Holds,
            printed: 0,
            kept: Vec::new(),
            has_lost: false,
        };
        match args.out.clone().map(output::folder).transpose() {
            Ok(out) => session.out = out,
            // The results still go to stdout.
            Err(trouble) => session.lose(&[trouble]),
        }
        session
    }

    /// Prints and writes the report on the drill at `place`; returns whether to go on.
    fn take(&mut self, place: usize, report: Report) -> ControlFlow<()> {
        // Only tables tell stories, and stories cost further runs.
        let report = match self.args.format {
            Format::Table => self.drills[place].explain(report),
            _ => report,
        };
        let name = &self.drills[place].scenario().name;
        let verdict = self.verdict(name, &report);
        self.tally[verdict as usize] += 1;
        self.worst = self.worst.max(match verdict {
            Verdict::NotJudged if !self.args.require_expectations => output::told(&report),
            verdict => verdict,
        });
        if let Some(out) = &self.out {
            let name = partition::file_name(self.args.partition, name);
            self.lose(&output::write_report(out, &name, &report));
        }
        if let Err(trouble) = self.print(verdict, report) {
            self.lose(&[trouble]);
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
    fn lose(&mut self, troubles: &[CliError]) {
        if !troubles.is_empty() {
            self.has_lost = true;
            self.bar.suspend(|| output::print_errors(troubles));
        }
    }

    /// The verdict, after a warning of every fault that fired under no policy, and of every policy
    /// that was not judged.
    fn verdict(&self, name: &str, report: &Report) -> Verdict {
        let never_fired = report.never_fired();
        // The table itself has these warnings.
        if self.args.format != Format::Table {
            let silent = never_fired.iter();
            let silent = silent.map(|fault| format!("fault {fault} never fired"));
            for warning in silent.chain(report.not_judged()) {
                let warning = format!("warning: {name}: {warning}");
                self.bar.suspend(|| output::print_error(&warning));
            }
        }
        if self.args.require_faults && !never_fired.is_empty() {
            return report.verdict().max(Verdict::Inconclusive);
        }
        report.verdict()
    }

    /// Prints a report, or keeps it for the document at the end.
    fn print(&mut self, verdict: Verdict, report: Report) -> Result<(), CliError> {
        let follows = self.printed > 0;
        let gap = if follows { "\n" } else { "" };
        let format = self.args.format;
        let following = format.following();
        if following == Following::Array && self.drills.len() > 1 {
            self.kept.push(report);
            return Ok(());
        }
        if format == Format::Table && self.args.quiet && verdict == Verdict::Holds {
            return Ok(());
        }
        let text = report.render(format, output::has_color());
        let text = match following {
            Following::Apart => gap.to_owned() + &text,
            Following::Rows => without_header(text, follows),
            Following::Array => text,
        };
        self.printed += 1;
        self.bar.suspend(|| output::print(&text))
    }

    /// Prints the end of the output, and returns the exit code.
    fn finish(mut self) -> Done {
        let several = self.drills.len() > 1;
        let format = self.args.format;
        let last = if several && format.following() == Following::Array {
            report::json_array(&self.kept)
        } else if several && format == Format::Table && !self.args.quiet {
            format!("\n{}", summary(self.drills.len(), self.tally))
        } else {
            String::new()
        };
        if !last.is_empty()
            && let Err(trouble) = output::print(&last)
        {
            self.lose(&[trouble]);
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

/// `8 scenarios: 7 hold, 1 fails`.
fn summary(scenarios: usize, tally: [usize; 4]) -> String {
    let [hold, not_judged, inconclusive, fail] = tally;
    let verb = |count: usize, verb: &str| {
        let ending = if count == 1 { "s" } else { "" };
        format!("{count} {verb}{ending}")
    };
    let not_run = scenarios - tally.iter().sum::<usize>();
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
    format!(
        "{scenarios} scenarios: {}",
        Vec::from_iter(parts).join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_only_what_there_is() {
        assert_eq!(summary(8, [7, 0, 0, 1]), "8 scenarios: 7 hold, 1 fails");
        assert_eq!(
            summary(8, [6, 2, 0, 0]),
            "8 scenarios: 6 hold, 2 not judged"
        );
        assert_eq!(
            summary(2, [1, 0, 1, 0]),
            "2 scenarios: 1 holds, 1 inconclusive"
        );
        assert_eq!(
            summary(8, [2, 0, 0, 1]),
            "8 scenarios: 2 hold, 1 fails, 5 not run"
        );
    }

    #[test]
    fn only_the_first_csv_has_a_header() {
        let text = "policy,value\nresilient,1\n";
        assert_eq!(without_header(text.to_owned(), false), text);
        assert_eq!(without_header(text.to_owned(), true), "resilient,1\n");
    }
}

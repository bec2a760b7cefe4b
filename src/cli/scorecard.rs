//! `firedrill scorecard`: every preset over many scenarios, as one page and one table.

use std::num::NonZero;
use std::ops::{ControlFlow, RangeInclusive};
use std::path::PathBuf;

use super::file_set::FileSet;
use super::{Done, files, output, values};
use crate::drill::{self, Changes, Drill};
use crate::policy_file::presets;
use crate::report::Scorecard;
use files::{InputFile, Kind, Kinds};
use output::{CliError, Exit};

/// Runs every preset over scenarios, and says which holds where.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: firedrill scorecard --out reports")]
pub(super) struct Args {
    /// Scenarios, or folders [default: scenarios/*.yaml and scenarios/conduct].
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Run this policy instead of every preset; repeat it for more.
    #[arg(long = "policy", value_name = "NAME|FILE")]
    policies: Vec<String>,

    /// Run seeds 1 to N, or A to B, both ends included.
    #[arg(long, value_name = "N|A..B", default_value = "1", value_parser = values::seeds)]
    seeds: RangeInclusive<u64>,

    /// Write SCORECARD.md, SCORECARD.csv and SCORECARD.broken.csv to DIR instead of printing the
    /// page.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Runs at a time; changes nothing but speed [default: all cores].
    #[arg(long, value_name = "N", value_parser = values::jobs)]
    jobs: Option<NonZero<usize>>,

    /// Show no progress.
    #[arg(long, short)]
    quiet: bool,
}

/// Runs them, and prints or writes the scorecard. Failing policies are its content, not an error.
pub(super) fn scorecard(args: Args) -> Done {
    let out = args
        .out
        .clone()
        .map(|folder| FileSet::new("--out", folder))
        .transpose();
    let out = out.map_err(|trouble| vec![trouble])?;
    let drills = load(&args)?;
    files::print_warnings(&drills);
    let runs = drill::total_runs(&drills);
    let bar = output::progress(runs, args.quiet);
    let mut card = Scorecard::default();
    let threads = drill::run_all(
        &drills,
        drill::workers(args.jobs),
        &mut || bar.inc(1),
        &mut |_, report| {
            card.add(&report);
            ControlFlow::Continue(())
        },
    );
    bar.finish_and_clear();
    output::print_threads(threads).map_err(|trouble| vec![trouble])?;
    let told = match out {
        None => output::print(&card.markdown()),
        Some(set) => write(set, &card),
    };
    told.map(|()| Exit::Holds).map_err(|trouble| vec![trouble])
}

/// Every scenario, with the policies to compare.
fn load(args: &Args) -> Result<Vec<Drill>, Vec<CliError>> {
    let policies = match args.policies.is_empty() {
        true => presets::names().into_iter().map(str::to_owned).collect(),
        false => args.policies.clone(),
    };
    let changes = Changes {
        policies,
        seeds: Some(args.seeds.clone()),
        ..Changes::default()
    };
    let mut problems = Vec::new();
    let drills = files::load(&scenarios(args)?, &changes, &mut problems);
    match problems.is_empty() {
        true => Ok(drills),
        false => Err(problems),
    }
}

/// The scenarios of the command line; without paths the default ones, and the conduct pack if there
/// is one.
fn scenarios(args: &Args) -> Result<Vec<InputFile>, Vec<CliError>> {
    let mut found = files::find(&args.paths)?;
    let conduct = PathBuf::from(CONDUCT);
    if args.paths.is_empty() && conduct.is_dir() {
        found.extend(files::find(&[conduct])?);
    }
    let kinds = Kinds::new();
    let kind = |file: InputFile| (kinds.of(&file.path), file);
    let (scenarios, others): (Vec<_>, Vec<_>) = found
        .into_iter()
        .map(kind)
        .partition(|(kind, _)| *kind == Kind::Scenario);
    if !others.is_empty() && !args.quiet {
        let others = others.into_iter().map(|(kind, file)| (file, kind));
        output::print_error(&files::skipped(&Vec::from_iter(others)));
    }
    Ok(scenarios.into_iter().map(|(_, file)| file).collect())
}

fn write(mut set: FileSet, card: &Scorecard) -> Result<(), CliError> {
    set.add(format!("{NAME}.md"), card.markdown());
    set.add(format!("{NAME}.csv"), card.csv());
    set.add(format!("{NAME}.broken.csv"), card.broken_csv());
    set.write()
}

/// The files' name without its ending.
const NAME: &str = "SCORECARD";

/// The pack that tests how a client behaves, one failure mode per file.
const CONDUCT: &str = "scenarios/conduct";

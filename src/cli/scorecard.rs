//! `firedrill scorecard`: every preset over many scenarios, as one page and one table.

use std::num::NonZero;
use std::ops::{ControlFlow, RangeInclusive};
use std::path::PathBuf;

use super::{Done, files, output, values};
use crate::drill::{self, Changes, Drill};
use crate::policy_file::presets;
use crate::report::Scorecard;
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

    /// Write SCORECARD.md and SCORECARD.csv to DIR instead of printing the page.
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
    let out = args.out.clone().map(output::folder).transpose();
    let out = out.map_err(|trouble| vec![trouble])?;
    let drills = load(&args)?;
    let runs = drills.iter().map(Drill::runs).fold(0, u64::saturating_add);
    let bar = output::progress(runs, args.quiet);
    let mut card = Scorecard::default();
    drill::run_all(
        &drills,
        drill::workers(args.jobs),
        &mut || bar.inc(1),
        &mut |_, report| {
            card.add(&report);
            ControlFlow::Continue(())
        },
    );
    bar.finish_and_clear();
    let told = match out {
        None => output::print(&card.markdown()),
        Some(folder) => write(&folder.join(NAME), &card),
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
    let mut drills = Vec::new();
    let mut problems = Vec::new();
    for path in scenarios(&args.paths)? {
        match Drill::load_with(path, changes.clone()) {
            Ok(drill) => drills.push(drill),
            Err(more) => problems.extend(more.into_iter().map(CliError::from)),
        }
    }
    match problems.is_empty() {
        true => Ok(drills),
        false => Err(problems),
    }
}

/// The files of `paths`; without paths the default scenarios, and the conduct pack if there is one.
fn scenarios(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Vec<CliError>> {
    let mut found = files::find(paths)?;
    let conduct = PathBuf::from(CONDUCT);
    if paths.is_empty() && conduct.is_dir() {
        found.extend(files::find(&[conduct])?);
    }
    let kinds = files::Kinds::new();
    let is_scenario = |path: &PathBuf| kinds.of(path) == files::Kind::Scenario;
    let paths = found.into_iter().map(|file| file.path);
    Ok(paths.filter(is_scenario).collect())
}

fn write(stem: &std::path::Path, card: &Scorecard) -> Result<(), CliError> {
    for (ending, text) in [("md", card.markdown()), ("csv", card.csv())] {
        let path = stem.with_extension(ending);
        output::write_whole(&path, &text).map_err(|error| {
            let message = format!("cannot write `{}`: {error}", path.display());
            CliError::new(message, "name a folder that you may write to")
        })?;
    }
    Ok(())
}

/// The files' name without its ending.
const NAME: &str = "SCORECARD";

/// The pack that tests how a client behaves, one failure mode per file.
const CONDUCT: &str = "scenarios/conduct";

//! `firedrill tune`: searches for settings with which a policy does better, and writes them down.

use std::fmt::Write as _;
use std::num::NonZero;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

use indicatif::ProgressBar;
use serde_json::json;

use super::file_set::FileSet;
use super::interrupt::Interrupt;
use super::numbers::KeptNumbers;
use super::output::{self, CliError, Exit};
use super::{Done, files, values};
use crate::drill::{self, Changes, Drill, Engine};
use crate::prices::Book;
use crate::report::command::quoted;
use crate::search::batch::{Batches, Forgetful, Memory};
use crate::search::goal::Goal;
use crate::search::space::Space;
use crate::search::tune::{self, Plan, Progress, Tuned};
use crate::search::worlds::Worlds;
use crate::text::{Diagnostic, Document};
use crate::units::count;

/// Searches for settings with which a policy does better, and says whether that is sure.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: firedrill tune scenarios/tuning/backoff.yaml --policy \
                  scenarios/tuning/policies/sdk-backoff.yaml --space spaces/backoff.yaml --out tuned\n\n\
                  Exit codes: 0 better than the base, 1 a constraint fails, 2 usage or file error,\n\
                  3 cannot be told apart from the base, 130 interrupted."
)]
pub(super) struct Args {
    /// Scenarios; with several, the worst of them counts.
    #[arg(value_name = "SCENARIO", required = true)]
    scenarios: Vec<PathBuf>,

    /// The policy to begin with, the base; repeat it to tune several, each by itself.
    #[arg(long = "policy", value_name = "NAME|FILE", required = true)]
    policies: Vec<String>,

    /// What is searched (docs/tuning.md) [default: every number that the base has on, around its
    /// value].
    #[arg(long, value_name = "FILE")]
    space: Option<PathBuf>,

    /// What to make large or small, as in `maximise success_rate, then minimise cost`; several, by
    /// commas alone or by repetition, have a Pareto front [default: maximise success_rate, then
    /// minimise cost_per_success].
    #[arg(long = "objective", value_name = "GOAL")]
    objectives: Vec<String>,

    /// What must hold beside the scenarios' expectations of the base: `latency.p95 <= 4s`; several
    /// by commas or by repetition.
    #[arg(long, value_name = "EXPECTATION")]
    subject_to: Vec<String>,

    /// Hold candidates to the expectations of this policy as well.
    #[arg(long, value_name = "NAME")]
    judge_as: Option<String>,

    /// Let the weighted mean over the scenarios count, and not the worst: a weight for each.
    #[arg(long, value_name = "N,N", value_delimiter = ',')]
    weights: Vec<u64>,

    /// A scenario that chooses nothing, beside which the result is shown as well; repeat it for
    /// more.
    #[arg(long, value_name = "SCENARIO")]
    held_out: Vec<PathBuf>,

    /// The calls to spend on the search, such as 2M.
    #[arg(long, value_name = "CALLS", default_value = "2M", value_parser = calls)]
    budget: u64,

    /// The seeds that judge; those of the search are others [default: 1..20].
    #[arg(long, value_name = "N|A..B", value_parser = values::seeds)]
    seeds: Option<RangeInclusive<u64>>,

    /// Keys the search: another number tries other candidates under other seeds.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// How many of the seeds that judge the simulated network repeats, byte by byte.
    #[arg(long, value_name = "N", default_value_t = 2)]
    wire: u64,

    /// Set a value of the scenarios; repeat it for more.
    #[arg(long, value_name = "PATH=VALUE", value_parser = values::assignment)]
    set: Vec<(String, String)>,

    /// Take prices from FILE (docs/prices.md).
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,

    /// Write tuned.yaml, tune.md, tune.json, trials.csv, slices.csv and front.csv to DIR; with
    /// several policies, to a folder for each, and a table of all.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Keep what runs came to in DIR, and go on with what an interrupted search left there.
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,

    /// Write the table of what tuning gains, for several policies, to FILE.
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,

    /// Runs at a time; changes nothing but speed [default: all cores].
    #[arg(long, value_name = "N", value_parser = values::jobs)]
    jobs: Option<NonZero<usize>>,

    /// Show no progress.
    #[arg(long, short)]
    quiet: bool,
}

/// Tunes every policy of the command line.
pub(super) fn tune(args: Args) -> Done {
    let tasks = load(&args)?;
    let bar = output::progress_of(args.budget, "calls", args.quiet);
    let interrupt = Interrupt::watch(&bar);
    let mut exit = Exit::Holds;
    let mut gains = Gains::default();
    for task in &tasks {
        let (tuned, own) = one(&args, task, &bar, &interrupt)?;
        bar.suspend(|| output::print(&wrapped(&tune::summary(&tuned))))
            .map_err(|error| vec![error])?;
        if own == Exit::Interrupted {
            return Ok(own);
        }
        exit = worse(exit, own);
        gains.add(&tuned);
    }
    bar.finish_and_clear();
    if tasks.len() > 1 || args.table.is_some() {
        gains.finish(&args)?;
    }
    Ok(exit)
}

/// A policy to tune.
struct Task {
    base: String,
    worlds: Worlds,
    held_out: Option<Worlds>,
    space: Space,
    drill: Drill,
    goal: Goal,
    /// What tunes this policy, without the words on which nothing depends.
    command: String,
}

/// Everything that the command line names, or every mistake in it.
fn load(args: &Args) -> Result<Vec<Task>, Vec<CliError>> {
    let mut problems = values::set_once(&args.set);
    if !args.weights.is_empty() && args.weights.len() != args.scenarios.len() {
        let message = format!(
            "there are {} weights for {} scenarios",
            args.weights.len(),
            args.scenarios.len()
        );
        problems.push(CliError::new(
            message,
            "write one for each scenario, as in `--weights 2,1`",
        ));
    }
    if args
        .seeds
        .as_ref()
        .is_some_and(|seeds| seeds.start() == seeds.end())
    {
        let message = "one seed cannot judge: a difference needs several".to_owned();
        problems.push(CliError::new(message, "write as in `--seeds 20`"));
    }
    let goal = Goal::parse("--objective", &args.objectives, &args.subject_to);
    let prices = args.prices.as_deref().map(Book::read).transpose();
    let (goal, prices) = match (goal, prices) {
        (Ok(goal), Ok(prices)) if problems.is_empty() => (goal, prices.map(Arc::new)),
        (goal, prices) => {
            problems.extend(
                [goal.err(), prices.err()]
                    .into_iter()
                    .flatten()
                    .map(CliError::from),
            );
            return Err(problems);
        }
    };
    let mut tasks = Vec::new();
    for policy in &args.policies {
        let changes = Changes {
            policies: vec![policy.clone()],
            judge_as: args.judge_as.clone(),
            set: args.set.clone(),
            prices: prices.clone(),
            engine: Engine::Model,
            ..Changes::default()
        };
        match task(args, &goal, &changes) {
            Ok(task) => tasks.push(task),
            Err(more) => problems.extend(more),
        }
    }
    for (place, task) in tasks.iter().enumerate() {
        if tasks[..place]
            .iter()
            .any(|earlier| earlier.base == task.base)
        {
            let message = format!("two policies are named `{}`", task.base);
            problems.push(CliError::new(message, "leave one of them out"));
        }
    }
    match problems.is_empty() {
        true => Ok(tasks),
        false => Err(problems),
    }
}

fn task(args: &Args, goal: &Goal, changes: &Changes) -> Result<Task, Vec<CliError>> {
    let drills = drills(&args.scenarios, changes)?;
    let held_out = drills_of(&args.held_out, changes)?;
    let told = |problem: Diagnostic| vec![CliError::from(problem)];
    let Some(drill) = drills.first().cloned() else {
        return Err(vec![files::no_scenario("SCENARIO")]);
    };
    let (Some(base), Some(document)) = (drill.policies().first(), drill.policy_documents().first())
    else {
        return Err(vec![files::no_scenario("POLICY")]);
    };
    if let Some(other) = drills
        .iter()
        .find(|other| other.policies() != drill.policies())
    {
        let message = format!(
            "`{}` finds another policy of this name than `{}`",
            other.path().display(),
            drill.path().display()
        );
        return Err(vec![CliError::new(
            message,
            "name the policy's file, as in `./mine.yaml`",
        )]);
    }
    let space = match &args.space {
        Some(path) => Space::read(&Document::read(path).map_err(told)?, document).map_err(told)?,
        None => Space::around(base),
    };
    let weights = (!args.weights.is_empty()).then(|| args.weights.clone());
    let worlds = |drills: Vec<Drill>, weights| Worlds::new(drills, goal, weights).map_err(told);
    let base = drill
        .policies()
        .first()
        .map_or(String::new(), |policy| policy.name.clone());
    Ok(Task {
        base,
        worlds: worlds(drills, weights)?,
        held_out: match held_out.is_empty() {
            true => None,
            false => Some(worlds(held_out, None)?),
        },
        space,
        drill,
        goal: goal.clone(),
        command: command(args, changes),
    })
}

fn command(args: &Args, changes: &Changes) -> String {
    let mut words = vec!["firedrill".to_owned(), "tune".to_owned()];
    let path = |path: &PathBuf| path.display().to_string();
    words.extend(args.scenarios.iter().map(path));
    let mut flag = |name: &str, value: String| words.extend([name.to_owned(), value]);
    changes
        .policies
        .iter()
        .for_each(|one| flag("--policy", one.clone()));
    args.space.iter().for_each(|one| flag("--space", path(one)));
    args.objectives
        .iter()
        .for_each(|one| flag("--objective", one.clone()));
    args.subject_to
        .iter()
        .for_each(|one| flag("--subject-to", one.clone()));
    args.judge_as
        .iter()
        .for_each(|one| flag("--judge-as", one.clone()));
    if !args.weights.is_empty() {
        let weights = args.weights.iter().map(u64::to_string);
        flag("--weights", Vec::from_iter(weights).join(","));
    }
    args.held_out
        .iter()
        .for_each(|one| flag("--held-out", path(one)));
    flag("--budget", args.budget.to_string());
    if let Some(seeds) = &args.seeds {
        flag("--seeds", format!("{}..{}", seeds.start(), seeds.end()));
    }
    flag("--seed", args.seed.to_string());
    args.set
        .iter()
        .for_each(|(at, value)| flag("--set", format!("{at}={value}")));
    args.prices
        .iter()
        .for_each(|one| flag("--prices", path(one)));
    let words = words.iter().map(|word| quoted(word));
    Vec::from_iter(words).join(" ")
}

fn drills_of(paths: &[PathBuf], changes: &Changes) -> Result<Vec<Drill>, Vec<CliError>> {
    match paths.is_empty() {
        true => Ok(Vec::new()),
        false => drills(paths, changes),
    }
}

fn drills(paths: &[PathBuf], changes: &Changes) -> Result<Vec<Drill>, Vec<CliError>> {
    let mut problems = Vec::new();
    let found = files::find(paths)?;
    let drills = files::load(&found, changes, &mut problems);
    match problems.is_empty() {
        true => Ok(drills),
        false => Err(problems),
    }
}

/// Tunes one policy, and writes its files.
fn one(
    args: &Args,
    task: &Task,
    bar: &ProgressBar,
    interrupt: &Interrupt,
) -> Result<(Tuned, Exit), Vec<CliError>> {
    let folder = args.out.as_ref().map(|folder| match args.policies.len() {
        1 => folder.clone(),
        _ => folder.join(&task.base),
    });
    let base = task.drill.policies().first();
    let Some(base) = base else {
        return Err(vec![files::no_scenario("POLICY")]);
    };
    let plan = Plan {
        worlds: &task.worlds,
        goal: task.goal.words(),
        objectives: task.goal.names().map(str::to_owned).collect(),
        is_front: task.goal.is_front,
        base,
        space: &task.space,
        is_guided: true,
        budget: args.budget,
        seed: args.seed,
        judged_by: args.seeds.clone().unwrap_or(JUDGES),
        held_out: task.held_out.as_ref(),
        wire_seeds: args.wire,
    };
    let kept = args.resume.as_ref().map(|folder| {
        let name = format!("tune-{}", task.base);
        KeptNumbers::open(folder, &name, &question(args, task))
    });
    let kept = kept.transpose().map_err(|error| vec![error])?;
    let memory: &dyn Memory = kept.as_ref().map_or(&Forgetful, |kept| kept);
    let mut batches = Batches::new(drill::workers(args.jobs), memory, Some(interrupt.flag()));
    let tuned = tune::tune(&plan, &mut batches, &mut |progress| {
        show(bar, &task.base, progress)
    });
    let tuned = tuned.map_err(|error| vec![output::no_thread(&error)])?;
    output::print_errors(kept.as_ref().and_then(KeptNumbers::trouble).as_slice());
    if let Some(folder) = folder {
        write(folder, task, &tuned).map_err(|error| vec![error])?;
    }
    if tuned.is_interrupted {
        return Ok((tuned, Exit::Interrupted));
    }
    let exit = exit_of(&tuned);
    Ok((tuned, exit))
}

/// What the numbers of a search depend on.
fn question(args: &Args, task: &Task) -> serde_json::Value {
    let drills = |worlds: &Worlds| Vec::from_iter(worlds.drills().map(Drill::inputs));
    json!({
        "budget": args.budget,
        "goal": task.goal.words(),
        "held_out": task.held_out.as_ref().map(drills),
        "judged_by": args.seeds.as_ref().map(|seeds| format!("{seeds:?}")),
        "seed": args.seed,
        "space": format!("{:?}", task.space),
        "weights": args.weights,
        "wire": args.wire,
        "worlds": drills(&task.worlds),
    })
}

fn exit_of(tuned: &Tuned) -> Exit {
    let Some(judged) = &tuned.judged else {
        return Exit::Inconclusive;
    };
    let fails = match tuned.is_gain() {
        true => !judged.failed.is_empty(),
        false => !judged.failed_by_base.is_empty(),
    };
    match (fails, tuned.is_gain()) {
        (true, _) => Exit::Fails,
        (false, true) => Exit::Holds,
        (false, false) => Exit::Inconclusive,
    }
}

/// The one of two that outranks the other: that a constraint fails, then that nothing was told.
const fn worse(one: Exit, other: Exit) -> Exit {
    match (one, other) {
        (Exit::Fails, _) | (_, Exit::Fails) => Exit::Fails,
        (Exit::Inconclusive, _) | (_, Exit::Inconclusive) => Exit::Inconclusive,
        _ => one,
    }
}

fn show(bar: &ProgressBar, base: &str, progress: &Progress) {
    bar.set_length(progress.budget);
    bar.set_position(progress.spent.min(progress.budget));
    let best = progress
        .best
        .iter()
        .map(|(path, value)| format!("{path}={value}"));
    let best = match progress.best.is_empty() {
        true => "the base".to_owned(),
        false => Vec::from_iter(best).join(" "),
    };
    bar.set_message(format!(
        "{base}: {} candidates, best: {best}",
        progress.candidates
    ));
}

fn write(folder: PathBuf, task: &Task, tuned: &Tuned) -> Result<(), CliError> {
    let mut files = FileSet::new(folder)?;
    files.add("tuned.yaml".to_owned(), policy_text(task, tuned)?);
    files.add("tune.md".to_owned(), tune::markdown(tuned));
    let data = serde_json::to_string(tuned).unwrap_or_default();
    files.add("tune.json".to_owned(), data + "\n");
    files.add("trials.csv".to_owned(), tune::trials_csv(tuned));
    files.add("slices.csv".to_owned(), tune::slices_csv(tuned));
    files.add("front.csv".to_owned(), tune::front_csv(tuned));
    files.write()
}

/// The policy that was chosen, with its origin in comments.
fn policy_text(task: &Task, tuned: &Tuned) -> Result<String, CliError> {
    let mut settings = tuned.chosen().to_vec();
    settings.push(("name".to_owned(), "tuned".to_owned()));
    let (_, document) = task.drill.variant(0, &settings)?;
    let mut text = String::new();
    for line in origin(task, tuned) {
        let _ = writeln!(text, "# {line}");
    }
    Ok(text + &document.to_yaml())
}

fn origin(task: &Task, tuned: &Tuned) -> Vec<String> {
    let mut lines = vec![match (tuned.is_gain(), tuned.is_interrupted) {
        (_, true) => format!("The best so far, from {}; not judged.", tuned.base),
        (true, _) => format!("Tuned from {}, for: {}.", tuned.base, tuned.goal),
        (false, _) => format!(
            "{} itself: nothing better was found, for: {}.",
            tuned.base, tuned.goal
        ),
    }];
    lines.push(task.command.clone());
    if !tuned.chosen().is_empty() {
        let changes = tuned.changes.iter();
        lines.extend(changes.map(|(path, before, now)| format!("{path}: {now} (was {before})")));
    }
    let text = lines.join("\n");
    let options = textwrap::Options::new(96).break_words(false);
    text.lines()
        .flat_map(|line| textwrap::wrap(line, &options))
        .map(String::from)
        .collect()
}

/// Prose in lines of a terminal; tables as they are.
fn wrapped(text: &str) -> String {
    let line = |line: &str| match line.starts_with(' ') {
        true => line.to_owned(),
        false => textwrap::fill(line, COLUMNS),
    };
    let mut text = text.lines().map(line).collect::<Vec<_>>().join("\n");
    text.push('\n');
    text
}

/// The gains of several policies as one table.
#[derive(Default)]
struct Gains {
    rows: Vec<String>,
}

impl Gains {
    fn add(&mut self, tuned: &Tuned) {
        self.rows.extend(tune::gain_rows_markdown(tuned));
    }

    fn finish(self, args: &Args) -> Result<(), Vec<CliError>> {
        let text = format!("{}\n{}\n", tune::GAINS_HEAD, self.rows.join("\n"));
        output::print(&format!("\n{text}")).map_err(|error| vec![error])?;
        let in_folder = args.out.as_ref().filter(|_| args.policies.len() > 1);
        let in_folder = in_folder.map(|folder| folder.join("gains.md"));
        let text = format!("# What tuning gains\n\n{text}");
        let paths = in_folder.iter().chain(&args.table);
        let failed = paths.filter_map(|path| {
            let error = output::write_whole(path, &text).err()?;
            let message = format!("cannot write `{}`: {error}", path.display());
            Some(CliError::new(message, "choose another place"))
        });
        let failed = Vec::from_iter(failed);
        if failed.is_empty() {
            Ok(())
        } else {
            Err(failed)
        }
    }
}

/// A number of calls, at least one.
fn calls(text: &str) -> Result<u64, String> {
    match count::parse(text) {
        Ok(0) => Err("write at least one".to_owned()),
        Ok(calls) => Ok(calls),
        Err(error) => Err(error.to_string()),
    }
}

/// The seeds that judge, unless others are asked for.
const JUDGES: RangeInclusive<u64> = 1..=20;
const COLUMNS: usize = 80;

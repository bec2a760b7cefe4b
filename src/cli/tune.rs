//! `firedrill tune`: searches for settings with which a policy does better, and writes them down.

mod written;

use std::num::NonZero;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use indicatif::ProgressBar;
use serde_json::json;

use super::interrupt::Interrupt;
use super::numbers::KeptNumbers;
use super::output::{self, CliError, Exit};
use super::{Done, files, values};
use crate::drill::{self, Changes, Drill, Engine};
use crate::policy::config::Policy;
use crate::search::batch::{Batches, Forgetful, Memory};
use crate::search::goal::Goal;
use crate::search::space::Space;
use crate::search::tune::{self, Plan, Progress, Tuned};
use crate::search::worlds::Worlds;
use crate::text::{Diagnostic, Document};
use written::{Gains, command};

/// Searches for settings with which a policy does better, and says whether that is sure.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: firedrill tune scenarios/flapping.yaml --policy resilient --out DIR\n\n\
                  Exit codes: 0 better than the base, 1 a constraint fails, 2 usage or file\n\
                  error, 3 cannot be told apart from the base, 130 interrupted."
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
    #[arg(long, value_name = "CALLS", default_value = "2M", value_parser = values::calls)]
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

    /// Write tuned.yaml, tune.md, tune.html, tune.json, trials.csv, slices.csv and front.csv to
    /// DIR; with several policies, to a folder for each, and a table of all.
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
            bar.finish_and_clear();
            interrupt.settle();
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
    base: Policy,
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
    let prices = files::prices(args.prices.as_deref());
    let (goal, prices) = match (goal, prices) {
        (Ok(goal), Ok(prices)) if problems.is_empty() => (goal, prices),
        (goal, prices) => {
            problems.extend(goal.err().map(CliError::from));
            problems.extend(prices.err());
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
            .any(|earlier| earlier.base.name == task.base.name)
        {
            let message = format!("two policies are named `{}`", task.base.name);
            problems.push(CliError::new(message, "leave one of them out"));
        }
    }
    match problems.is_empty() {
        true => Ok(tasks),
        false => Err(problems),
    }
}

fn task(args: &Args, goal: &Goal, changes: &Changes) -> Result<Task, Vec<CliError>> {
    let held_out = drills(args, &args.held_out, changes)?;
    let drills = drills(args, &args.scenarios, changes)?;
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
    Ok(Task {
        base: base.clone(),
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

fn drills(args: &Args, paths: &[PathBuf], changes: &Changes) -> Result<Vec<Drill>, Vec<CliError>> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let found = files::scenarios(paths, args.quiet)?;
    let mut problems = Vec::new();
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
        _ => folder.join(&task.base.name),
    });
    let plan = Plan {
        worlds: &task.worlds,
        goal: task.goal.words(),
        objectives: task.goal.names().map(str::to_owned).collect(),
        is_front: task.goal.is_front,
        base: &task.base,
        space: &task.space,
        is_guided: true,
        budget: args.budget,
        seed: args.seed,
        judged_by: args.seeds.clone().unwrap_or(JUDGES),
        held_out: task.held_out.as_ref(),
        wire_seeds: args.wire,
    };
    let kept = args.resume.as_ref().map(|folder| {
        let name = format!("tune-{}", task.base.name);
        KeptNumbers::open(folder, &name, &question(args, task))
    });
    let kept = kept.transpose().map_err(|error| vec![error])?;
    let memory: &dyn Memory = kept.as_ref().map_or(&Forgetful, |kept| kept);
    let mut batches = Batches::new(drill::workers(args.jobs), memory, Some(interrupt.flag()));
    let tuned = tune::tune(&plan, &mut batches, &mut |progress| {
        show(bar, &task.base.name, progress)
    });
    let tuned = tuned.map_err(|error| vec![output::no_thread(&error)])?;
    output::print_errors(kept.as_ref().and_then(KeptNumbers::trouble).as_slice());
    if let Some(folder) = folder {
        written::write(folder, task, &tuned).map_err(|error| vec![error])?;
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

/// The seeds that judge, unless others are asked for.
const JUDGES: RangeInclusive<u64> = 1..=20;
const COLUMNS: usize = 80;

//! `firedrill run`: its arguments, and the drills that they name. `session` prints the reports.

use std::num::NonZero;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::baseline::{Baseline, BaselineArgs};
use super::checkpoint::Checkpoint;
use super::interrupt::Interrupt;
use super::output_args::OutputArgs;
use super::partition::{self, Partition};
use super::run_view::RunView;
use super::session::Session;
use super::sweep::{self, Variant};
use super::{Done, files, memory, output, values, verify, watch};
use crate::drill::{self, Changes, Control, Drill, Engine};
use crate::text::Diagnostic;
use crate::units::size;
use files::InputFile;
use output::{CliError, Exit};
use verify::{Size, USUAL_TEXT, Verify};

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
    pub(super) partition: Option<Partition>,

    #[command(flatten)]
    baseline: BaselineArgs,

    /// Set a value of the scenario, or `policy.…` of every policy; repeat it for more. `PATH=2,4,8`
    /// runs each of the values, and shows them side by side.
    #[arg(long, value_name = "PATH=VALUE", value_parser = values::assignment)]
    set: Vec<(String, String)>,

    /// What makes the runs: the simulated network, byte by byte, or the same decisions and physics
    /// over a queue of events, many times as fast.
    #[arg(long, value_enum, default_value_t)]
    engine: Engine,

    /// Make the first N seeds of each policy on the simulated network as well, and report whether
    /// and how they differ; for `--engine model`.
    ///
    /// Calls are compared one by one: their attempts, outcomes, and moments, within 1 ms. A
    /// difference changes no verdict, unless an expectation comes out differently on these seeds:
    /// then the scenario is inconclusive.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    audit: u64,

    /// Make some of the runs again, in another process, and exit with 4 when an event differs: a
    /// share of them or a number, 0 for none [default: none, or 2% where CI is set].
    #[arg(long, value_name = "SHARE|N", num_args = 0..=1, default_missing_value = USUAL_TEXT,
          value_parser = Size::parse)]
    verify: Option<Size>,

    /// Take prices from FILE: our form, LiteLLM's JSON, or genai-prices' (docs/prices.md).
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,

    #[command(flatten)]
    pub(super) output: OutputArgs,

    /// Keep finished runs in DIR, and go on with those that an interrupted process left there.
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,

    /// Run again whenever a scenario, policy or price file that it reads is saved, until Ctrl-C.
    #[arg(long, conflicts_with = "resume")]
    watch: bool,

    /// Runs at a time; changes nothing but speed [default: all cores].
    #[arg(long, value_name = "N", value_parser = values::jobs)]
    jobs: Option<NonZero<usize>>,

    /// The memory that runs may take, such as 4GB: what cannot fit is refused before it starts
    /// [default: half of the machine's].
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    memory: Option<u64>,

    /// Stop after the first scenario, or the first value of `--set`, that fails.
    #[arg(long)]
    pub(super) fail_fast: bool,

    /// Show no progress, and only the tables of scenarios that do not hold.
    #[arg(long, short)]
    pub(super) quiet: bool,

    /// Take a scenario for inconclusive when one of its faults fires under no policy.
    #[arg(long)]
    pub(super) require_faults: bool,

    /// Take a scenario without expectations for not judged, and exit with 3.
    #[arg(long)]
    pub(super) require_expectations: bool,
}

/// Runs the scenarios of the command line.
pub(super) fn run(mut args: Args) -> Done {
    if args.watch {
        // The runs themselves say what is wrong or skipped.
        args.quiet = true;
        return watch::watch(&args.paths, || drop(load(&args)));
    }
    let workers = drill::workers(args.jobs);
    let (drills, variants) = load(&args)?;
    let mut baseline = Baseline::read(&args.baseline, &drills)?;
    let months = args.output.months().map_err(|trouble| vec![trouble])?;
    files::print_warnings(&drills);
    let engines = (args.engine, args.audit > 0);
    let workers = memory::fit(&drills, engines, workers, args.memory)?;
    let checkpoint = args.resume.as_deref();
    let checkpoint = checkpoint.map(|folder| Checkpoint::open(folder, &drills));
    let checkpoint = checkpoint.transpose().map_err(|trouble| vec![trouble])?;
    let runs = drill::total_runs(&drills);
    let mut view = RunView::new(&drills, args.quiet);
    let bar = view.bar.clone();
    let interrupt = Interrupt::watch(&bar);
    let mut session = Session::new(&args, &drills, &variants, &bar, months);
    let mut verify = Verify::new(args.verify, &drills, workers);
    let mut finished = 0;
    let control = Control {
        checkpoint: checkpoint.as_ref().map(|one| one as _),
        sample: verify.sample(),
        interrupted: Some(interrupt.flag()),
    };
    let threads = drill::run_controlled(
        &drills,
        workers,
        control,
        &mut |made| {
            finished += 1;
            verify.note(made);
            view.take(made);
        },
        &mut |place, report| {
            let report = match &mut baseline {
                Some(baseline) => baseline.judge(&drills[place], report),
                None => report,
            };
            session.take(place, report)
        },
    );
    view.finish();
    output::print_threads(threads).map_err(|trouble| vec![trouble])?;
    let trouble = checkpoint.as_ref().and_then(Checkpoint::trouble);
    if !session.is_whole() {
        output::print_errors(trouble.as_slice());
        if !interrupt.is_set() {
            return Ok(Exit::Usage);
        }
        let finished = checkpoint.as_ref().map_or(finished, Checkpoint::count);
        interrupt.tell(finished, runs, args.resume.as_deref());
        return Ok(Exit::Interrupted);
    }
    let exit = session.finish()?;
    let exit = baseline.map_or(exit, |baseline| baseline.finish(exit));
    let verified = verify.finish(args.quiet, &interrupt);
    let mut troubles = Vec::from_iter(trouble);
    let differs = verified.unwrap_or_else(|trouble| {
        troubles.push(trouble);
        None
    });
    match troubles.is_empty() {
        false => Err(troubles),
        true => Ok(differs.filter(|_| exit != Exit::Usage).unwrap_or(exit)),
    }
}

/// Reads and checks all that the command line names: a drill for each scenario and each variant of
/// it (scenario by scenario), or every error of the first variant that has one.
fn load(args: &Args) -> Result<(Vec<Drill>, Vec<Variant>), Vec<CliError>> {
    let mut problems = values::set_once(&args.set);
    problems.extend(args.output.problem(true));
    let prices = files::prices(args.prices.as_deref()).map_err(|trouble| vec![trouble])?;
    let variants = sweep::variants(&args.set).map_err(|trouble| vec![trouble])?;
    if variants.len() > 1 && (args.output.out.is_some() || args.baseline.is_some()) {
        problems.push(CliError::new(
            "several values of `--set` make a table and no files".to_owned(),
            "leave out `--out` and `--baseline`, or run one value at a time",
        ));
    }
    if args.audit > 0 && args.engine == Engine::Wire {
        problems.push(CliError::new(
            "`--audit` is for the model engine: the simulated network makes these runs".to_owned(),
            "add `--engine model`, or leave out `--audit`",
        ));
    }
    let found = files::scenarios(&args.paths, args.quiet).unwrap_or_else(|more| {
        problems.extend(more);
        Vec::new()
    });
    let mut changes = Changes {
        policies: args.policies.clone(),
        judge_as: args.judge_as.clone(),
        seeds: args.seed.map(|seed| seed..=seed).or(args.seeds.clone()),
        set: Vec::new(),
        prices,
        engine: args.engine,
        audit: args.audit,
    };
    let mut by_variant = Vec::new();
    for variant in &variants {
        changes.set.clone_from(&variant.set);
        by_variant.push(load_files(args, &found, &changes, &mut problems).into_iter());
        if !problems.is_empty() {
            return Err(problems);
        }
    }
    let mut drills = Vec::new();
    for _ in &found {
        drills.extend(by_variant.iter_mut().filter_map(Iterator::next));
    }
    Ok((drills, variants))
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
    if args.output.out.is_some() {
        problems.extend(files::names_of_files(&drills).err());
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

//! `firedrill trace`: runs one seed and tells calls step by step.

use std::io;
use std::path::PathBuf;

use super::output::{self, CliError, Exit};
use super::recording::{Recording, Run};
use super::{Done, files, values};
use crate::drill::{Changes, Drill};
use crate::policy::CallId;
use crate::policy::config::Policy;
use crate::report::story::Pick;

/// Runs one seed and prints its calls, step by step, with the reason of each decision.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: firedrill trace scenarios/flapping.yaml --policy resilient --seed 7 \
                  --slowest 5"
)]
pub(super) struct Args {
    /// The scenario.
    #[arg(value_name = "SCENARIO")]
    path: PathBuf,

    /// Run this policy; needed if the scenario names several.
    #[arg(long, value_name = "NAME|FILE")]
    policy: Option<String>,

    /// Run this seed [default: the scenario's first].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Print only the call of this number.
    #[arg(long, value_name = "N", conflicts_with_all = ["failed", "slowest"])]
    call: Option<u64>,

    /// Print only the calls that failed.
    #[arg(long, conflicts_with = "slowest")]
    failed: bool,

    /// Print only the N calls that took longest.
    #[arg(long, value_name = "N", value_parser = slowest)]
    slowest: Option<usize>,

    /// Say instead which fault each failed call would not have failed without: one more run for
    /// each fault.
    #[arg(long, conflicts_with_all = ["call", "failed", "slowest", "format"])]
    blame: bool,

    /// How calls are printed.
    #[arg(long, value_enum, default_value_t = Recording::Text)]
    format: Recording,

    /// Set a value of the scenario, or `policy.…` of the policy; repeat it for more.
    #[arg(long, value_name = "PATH=VALUE", value_parser = values::assignment)]
    set: Vec<(String, String)>,

    /// Take prices from FILE, as `run` does: policies can decide by them.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
}

/// Traces one run.
pub(super) fn trace(mut args: Args) -> Done {
    let drill = load(&mut args)?;
    let policy = the_policy(&drill).map_err(|trouble| vec![trouble])?;
    let seed = *drill.seeds_to_run().start();
    if args.blame {
        return blame(&drill, policy, seed);
    }
    run(&args, &drill, policy, seed).map_err(|trouble| vec![trouble])
}

fn load(args: &mut Args) -> Result<Drill, Vec<CliError>> {
    let prices = files::prices(args.prices.as_deref()).map_err(|trouble| vec![trouble])?;
    let changes = Changes {
        prices,
        policies: Vec::from_iter(args.policy.take()),
        seeds: args.seed.map(|seed| seed..=seed),
        set: std::mem::take(&mut args.set),
        ..Changes::default()
    };
    Drill::load_with(&args.path, changes).map_err(CliError::all)
}

/// The policy to trace: the only one.
fn the_policy(drill: &Drill) -> Result<&Policy, CliError> {
    match drill.policies() {
        [policy] => Ok(policy),
        several => {
            let names = several.iter().map(|policy| policy.name.as_str());
            let names = Vec::from_iter(names).join(", ");
            let message = format!("the scenario runs several policies: {names}");
            Err(CliError::new(message, "name one of them with `--policy`"))
        }
    }
}

/// Prints the calls that were asked for, as they come.
fn run(args: &Args, drill: &Drill, policy: &Policy, seed: u64) -> Result<Exit, CliError> {
    let (format, pick) = (args.format, pick(args));
    if format == Recording::Perfetto && pick != Pick::All {
        return Err(CliError::new(
            "`--format perfetto` shows the whole run".to_owned(),
            "leave out `--call`, `--failed` and `--slowest`",
        ));
    }
    let run = Run {
        drill,
        policy,
        seed,
    };
    let written = format.write(run, pick, io::stdout());
    let (calls, result) = written.map_err(|error| output::no_thread(&error))?;
    output::printed(result)?;
    match format != Recording::Perfetto && calls == 0 {
        true => Err(no_call(args, drill, policy, seed)),
        false => Ok(Exit::Holds),
    }
}

const fn pick(args: &Args) -> Pick {
    match (args.call, args.slowest) {
        (Some(call), _) => Pick::Call(CallId(call)),
        (None, Some(most)) => Pick::Slowest(most),
        (None, None) if args.failed => Pick::Failed,
        (None, None) => Pick::All,
    }
}

/// Why nothing was printed.
fn no_call(args: &Args, drill: &Drill, policy: &Policy, seed: u64) -> CliError {
    let (name, policy) = (&drill.scenario().name, &policy.name);
    let run = format!("`{name}` under `{policy}` and seed {seed}");
    match args.call {
        Some(call) => CliError::new(
            format!("there is no call {call} in the run of {run}"),
            "`--slowest 5` shows the numbers of some calls",
        ),
        None if args.failed => CliError::new(
            format!("no call failed in the run of {run}"),
            "`--slowest 5` shows the slowest calls",
        ),
        None => CliError::new(format!("there is no call in the run of {run}"), ""),
    }
}

fn blame(drill: &Drill, policy: &Policy, seed: u64) -> Done {
    let blame = drill.blame(&policy.name, seed);
    let blame = blame.map_err(|error| vec![output::no_thread(&error)])?;
    let blame = blame.unwrap_or_default();
    let text = match blame.failed {
        0 => format!("no call failed under seed {seed}"),
        _ => format!("seed {seed}: {}", blame.line(&drill.names())),
    };
    output::print(&text).map_err(|trouble| vec![trouble])?;
    Ok(Exit::Holds)
}

/// At least one, and no more than a terminal can show.
fn slowest(text: &str) -> Result<usize, String> {
    let most = text.parse().ok();
    let most = most.filter(|most| (1..=MOST_SLOWEST).contains(most));
    most.ok_or_else(|| format!("write a number from 1 to {MOST_SLOWEST}, as in `5`"))
}

/// They are all in memory at once.
const MOST_SLOWEST: usize = 10_000;

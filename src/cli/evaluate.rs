//! `firedrill evaluate`: candidates as JSON lines in, one line of numbers out for each.
//!
//! An optimiser outside drives it over pipes, so each answer is written and flushed as soon as it
//! is known. Candidates that already wait in the input are made side by side. `input` reads lines,
//! `answers` writes them.

mod answers;
mod input;

use std::io::{self, ErrorKind};
use std::num::NonZero;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::output::{self, CliError, Exit};
use super::{Done, files, memory, values};
use crate::drill::{self, Changes, Drill, Engine};
use crate::search::evaluate::Evaluator;
use crate::search::goal::Goal;
use crate::text::Diagnostic;
use answers::Answers;
use input::{Asked, Input};

/// Reads candidates for a policy as JSON lines, and answers each with a line: what it comes to.
///
/// A candidate is an object of paths and values on top of the policy's file, as in
/// {"retry.backoff.base": "200ms", "breaker.consecutive_failures": 5}. What it has under "id" comes
/// back in the answer. A wrong candidate is answered with an "error".
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: echo '{\"retry.max_attempts\": 5}' | firedrill evaluate \
                  scenarios/tuning/backoff.yaml --policy scenarios/tuning/policies/sdk-backoff.yaml"
)]
pub(super) struct Args {
    /// Scenarios, or folders to read at any depth: each candidate runs in all.
    #[arg(value_name = "SCENARIO", required = true)]
    paths: Vec<PathBuf>,

    /// The policy that candidates change.
    #[arg(long, value_name = "NAME|FILE")]
    policy: String,

    /// Run seeds 1 to N, or A to B, both ends included [default: the scenario's].
    #[arg(long, value_name = "N|A..B", value_parser = values::seeds)]
    seeds: Option<RangeInclusive<u64>>,

    /// What makes the runs: the simulated network, byte by byte, or the same decisions and physics
    /// over a queue of events, many times as fast.
    #[arg(long, value_enum, default_value_t = Engine::Model)]
    engine: Engine,

    /// What to measure, as in `success_rate, latency.p95 during storm`.
    #[arg(long, value_name = "MEASURES", default_value = MEASURES)]
    measures: String,

    /// What must hold beside the scenario's own expectations; repeat it for more.
    #[arg(long, value_name = "EXPECTATION")]
    subject_to: Vec<String>,

    /// Runs at a time; changes nothing but speed [default: all cores].
    #[arg(long, value_name = "N", value_parser = values::jobs)]
    jobs: Option<NonZero<usize>>,
}

/// Answers candidates until the input ends.
pub(super) fn evaluate(args: &Args) -> Done {
    let drills = load(args)?;
    let workers = drill::workers(args.jobs);
    let workers = memory::fit(&drills, (args.engine, false), workers, None)?;
    files::print_warnings(&drills);
    let evaluator = evaluator(args, drills).map_err(|problem| vec![problem.into()])?;
    for (scenario, text) in evaluator.skipped() {
        output::print_error(&format!(
            "note: {scenario}: `{text}` compares with another policy, and is not judged"
        ));
    }
    match answer_all(&evaluator, workers) {
        Ok(()) => Ok(Exit::Holds),
        Err(trouble) => Err(vec![trouble]),
    }
}

fn load(args: &Args) -> Result<Vec<Drill>, Vec<CliError>> {
    let changes = Changes {
        policies: vec![args.policy.clone()],
        seeds: args.seeds.clone(),
        engine: args.engine,
        ..Changes::default()
    };
    let found = files::scenarios(&args.paths, false)?;
    let mut problems = Vec::new();
    let drills = files::load(&found, &changes, &mut problems);
    problems.extend(files::same_names(&drills, "answers name scenarios"));
    match problems.is_empty() {
        true => Ok(drills),
        false => Err(problems),
    }
}

fn evaluator(args: &Args, drills: Vec<Drill>) -> Result<Evaluator, Diagnostic> {
    let goal = Goal::parse("", &[], &args.subject_to)?;
    Evaluator::new(drills, "--measures", &args.measures, &goal)
}

/// Answers every line of the input, in order.
fn answer_all(evaluator: &Evaluator, workers: NonZero<usize>) -> Result<(), CliError> {
    let mut input = Input::new(io::stdin().lock());
    loop {
        let lines = input
            .waiting()
            .map_err(|error| CliError::new(format!("the input cannot be read: {error}"), ""))?;
        if lines.is_empty() {
            return Ok(());
        }
        let asked = Vec::from_iter(lines.iter().map(|line| Asked::new(line, evaluator)));
        let mut answers = Answers::new(evaluator, &asked, io::stdout().lock());
        let written = answers.write_all(workers);
        match written.map_err(|error| output::no_thread(&error))? {
            Ok(()) => {}
            // The optimiser has left.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => {
                let message = format!("cannot write to stdout: {error}");
                return Err(CliError::new(message, ""));
            }
        }
    }
}

/// What users feel and pay.
const MEASURES: &str = "success_rate, uptime, latency.p50, latency.p95, ttft.p95, \
                        attempts_per_call, cost_per_success, wasted_share";

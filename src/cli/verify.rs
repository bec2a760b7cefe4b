//! `run --verify`: makes a sample of the runs once more, in another process and on fewer threads,
//! and compares hashes of their events. `repeat` is the other process.
//!
//! ```text
//! run --verify 10%  --path, policies, seeds-->  firedrill repeat  --a fingerprint for each run-->
//! ```

use std::io::{self, BufRead, BufReader, Write};
use std::num::NonZero;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::thread;

use super::interrupt::Interrupt;
use super::output::{self, CliError, Exit};
use super::{Done, files, values};
use crate::drill::{
    self, Changes, Chosen, Difference, Drill, EndedRun, Engine, Fingerprint, Sample,
};
use crate::units::Share;

/// How many runs are repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// A share of all, at least one run unless it is 0 %.
    Share(Share),
    /// So many.
    Runs(u64),
}

impl Size {
    /// Reads `10%`, `20`, or `0` for none.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let runs = text.parse().map(Self::Runs).ok();
        let share = || Share::parse(text).map(Self::Share).ok();
        runs.or_else(share).ok_or_else(|| {
            "write a share of the runs as in `10%`, or a number; paths stand before it".to_owned()
        })
    }

    /// What is repeated unasked: some runs in CI, where time is not waited for, and else none.
    fn unasked(ci: Option<&str>) -> Self {
        match ci {
            None | Some("" | "0" | "false") => Self::Runs(0),
            Some(_) => USUAL,
        }
    }

    fn of(self, total: u64) -> u64 {
        match self {
            Self::Runs(runs) => runs,
            Self::Share(share) => share.of(total).max(u64::from(share > Share::ZERO)),
        }
    }
}

/// A sample of the runs, and what they came to.
pub(super) struct Verify<'a> {
    drills: &'a [Drill],
    workers: NonZero<usize>,
    sample: Sample,
    made: Vec<(u64, Fingerprint)>,
}

impl<'a> Verify<'a> {
    /// The sample of `--verify`: `asked` is its value, none if it is not given.
    pub(super) fn new(asked: Option<Size>, drills: &'a [Drill], workers: NonZero<usize>) -> Self {
        let ci = std::env::var("CI").ok();
        let size = asked.unwrap_or_else(|| Size::unasked(ci.as_deref()));
        let total = drill::total_runs(drills);
        let seed = drills
            .first()
            .map_or(0, |drill| *drill.seeds_to_run().start());
        Self {
            drills,
            workers,
            sample: Sample::new(total, size.of(total), seed),
            made: Vec::new(),
        }
    }

    /// The runs whose fingerprints are wanted.
    pub(super) const fn sample(&self) -> Sample {
        self.sample
    }

    /// Notes the fingerprint of a run of the sample.
    pub(super) fn note(&mut self, run: &EndedRun<'_>) {
        let made = run.fingerprint.map(|fingerprint| (run.number, fingerprint));
        self.made.extend(made);
    }

    /// Makes the runs of the sample that were made once more, and tells whether they were the same.
    /// Returns the exit code of a difference, or of a signal that came first; `quiet` tells
    /// differences alone.
    pub(super) fn finish(
        mut self,
        quiet: bool,
        interrupt: &Interrupt,
    ) -> Result<Option<Exit>, CliError> {
        self.made.sort_unstable_by_key(|(number, _)| *number);
        let (mut all, mut differ) = (0, 0);
        for (drill, first) in drill::numbered(self.drills) {
            let own = self.made.iter().filter_map(|(number, made)| {
                let number = number.checked_sub(first)?;
                (number < drill.runs()).then(|| (drill.run_at(number), *made))
            });
            let own = Vec::from_iter(own);
            all += own.len();
            differ += Repeated::new(drill, self.workers, own).verify(interrupt)?;
        }
        interrupt.settle();
        if interrupt.is_set() && all > 0 && differ == 0 {
            output::print_error("interrupted: not all runs of the sample were repeated");
            return Ok(Some(Exit::Interrupted));
        }
        if all > 0 && differ == 0 && !quiet {
            let runs = if all == 1 {
                "1 run"
            } else {
                &format!("{all} runs")
            };
            output::print_error(&format!("verified: {runs} repeated, the same events"));
        }
        Ok((differ > 0).then_some(Exit::NotDeterministic))
    }
}

/// Runs of one drill, to be repeated.
struct Repeated<'a> {
    drill: &'a Drill,
    /// One fewer than the first runs had, where they had several: never more than may be.
    workers: NonZero<usize>,
    runs: Vec<(Chosen, Fingerprint)>,
}

impl<'a> Repeated<'a> {
    fn new(drill: &'a Drill, first: NonZero<usize>, runs: Vec<(Chosen, Fingerprint)>) -> Self {
        let fewer = NonZero::new(first.get() - 1);
        Self {
            drill,
            workers: fewer.unwrap_or(first),
            runs,
        }
    }

    /// Prints every run that differs, and returns how many do. A signal ends it.
    fn verify(&self, interrupt: &Interrupt) -> Result<usize, CliError> {
        if self.runs.is_empty() || interrupt.is_set() {
            return Ok(0);
        }
        let chosen = Vec::from_iter(self.runs.iter().map(|(chosen, _)| *chosen));
        let (elsewhere, repeated) = match self.in_another_process(&chosen) {
            Ok(repeated) => (true, repeated),
            // The signal has ended the other process as well.
            Err(_) if interrupt.is_set() => return Ok(0),
            Err(why) => {
                let name = &self.drill.scenario().name;
                output::print_error(&format!(
                    "warning: {name}: runs were repeated in this process, as no other could:\n  \
                     {why}"
                ));
                let repeated = self.drill.fingerprints(&chosen, self.workers);
                (false, repeated.map_err(|error| output::no_thread(&error))?)
            }
        };
        let mut differ = 0;
        for ((chosen, first), again) in self.runs.iter().zip(repeated) {
            if *first != again {
                differ += 1;
                let problem = self.told(*chosen, [*first, again], elsewhere);
                output::print_errors(&[problem]);
            }
        }
        Ok(differ)
    }

    fn in_another_process(&self, runs: &[Chosen]) -> io::Result<Vec<Fingerprint>> {
        let output = self.child(runs, false)?.wait_with_output()?;
        let [text, problem] =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        let read = text.lines().map_while(|line| line.parse().ok());
        let read = Vec::from_iter(read);
        if !output.status.success() || read.len() != runs.len() {
            let problem = problem.lines().next();
            let problem = problem.unwrap_or("error: it wrote no fingerprints");
            return Err(io::Error::other(problem.trim_start_matches("error: ")));
        }
        Ok(read)
    }

    /// Another process that makes `runs`, and writes their fingerprints, or all events.
    fn child(&self, runs: &[Chosen], events: bool) -> io::Result<Child> {
        let changes = self.drill.changes();
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("repeat").arg(self.drill.path());
        command.args(["--jobs", &self.workers.to_string()]);
        command.args(["--engine", &changes.engine.to_string()]);
        for policy in &changes.policies {
            command.arg(format!("--policy={policy}"));
        }
        for (path, value) in &changes.set {
            command.arg(format!("--set={path}={value}"));
        }
        if let Some(book) = &changes.prices {
            command.arg(format!("--prices={}", book.path()));
        }
        if events {
            command.arg("--events");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let lines = runs.iter();
        let lines = lines.map(|(policy, seed)| format!("{policy} {seed}\n"));
        if let Some(mut stdin) = child.stdin.take() {
            // One that has ended reads nothing: its status says why.
            let _ = stdin.write_all(String::from_iter(lines).as_bytes());
        }
        Ok(child)
    }

    /// What differs in this run: it is made on both sides once more, to find the first event.
    fn told(&self, chosen: Chosen, [first, again]: [Fingerprint; 2], elsewhere: bool) -> CliError {
        let (policy, seed) = chosen;
        let policy = self.drill.policies().get(policy);
        let policy = policy.map_or("", |policy| policy.name.as_str());
        let name = &self.drill.scenario().name;
        let place = if elsewhere {
            "another process"
        } else {
            "this process"
        };
        let mut message = format!(
            "not deterministic: `{name}` under `{policy}` and seed {seed} had other events \
             in {place}"
        );
        let difference = match elsewhere {
            true => self.against_a_process(chosen),
            false => self.against_itself(chosen),
        };
        match difference {
            Err(why) => {
                message += &format!("\n  the first event that differs was not found: {why}")
            }
            Ok(Some(difference)) => {
                for line in difference.lines(&self.drill.names()) {
                    message += &format!("\n  {line}");
                }
            }
            Ok(None) => {
                message += &format!(
                    "\n  the hashes were {first} and {again} (number of events, hash); both were \
                     the same when both were made once more"
                );
            }
        }
        let hint = "a file that changed meanwhile does this; if none did, please report it";
        CliError::new(message, hint)
    }

    fn against_a_process(&self, chosen: Chosen) -> io::Result<Option<Difference>> {
        let mut child = self.child(&[chosen], true)?;
        let out = child.stdout.take();
        let lines = out.map(|out| BufReader::new(out).lines().map_while(Result::ok));
        let found = self
            .drill
            .first_difference(chosen, lines.into_iter().flatten());
        // Behind a difference it writes what is not read.
        let _ = child.kill();
        let _ = child.wait();
        found.map_err(io::Error::other)
    }

    fn against_itself(&self, chosen: Chosen) -> io::Result<Option<Difference>> {
        let (sender, receiver) = sync_channel(WAITING);
        let other = self.drill.clone();
        let other = thread::Builder::new().spawn(move || {
            other.event_lines(chosen, move |line| {
                // Behind a difference no line is wanted.
                let _ = sender.send(line.to_owned());
            })
        });
        let other = other?;
        let found = self.drill.first_difference(chosen, receiver.into_iter());
        let _ = other.join();
        found.map_err(io::Error::other)
    }
}

/// Makes runs again for `run --verify`: one line with the policy's position and the seed for each
/// on stdin, one line with its fingerprint on stdout.
#[derive(Debug, clap::Args)]
pub(super) struct RepeatArgs {
    path: PathBuf,
    #[arg(long = "policy")]
    policies: Vec<String>,
    #[arg(long, value_parser = values::assignment)]
    set: Vec<(String, String)>,
    #[arg(long, value_enum, default_value_t)]
    engine: Engine,
    #[arg(long)]
    prices: Option<PathBuf>,
    #[arg(long, value_parser = values::jobs, default_value = "1")]
    jobs: NonZero<usize>,
    /// Write the events of the first run instead, as lines of a trace file.
    #[arg(long)]
    events: bool,
}

/// Makes the runs that stdin names.
pub(super) fn repeat(args: RepeatArgs) -> Done {
    let one = |trouble| vec![trouble];
    let runs = io::read_to_string(io::stdin().lock()).unwrap_or_default();
    let runs = runs.lines().map_while(|line| {
        let (policy, seed) = line.split_once(' ')?;
        Some((policy.parse().ok()?, seed.parse().ok()?))
    });
    let runs: Vec<Chosen> = runs.collect();
    let prices = files::prices(args.prices.as_deref()).map_err(one)?;
    let changes = Changes {
        policies: args.policies,
        set: args.set,
        engine: args.engine,
        prices,
        ..Changes::default()
    };
    let drill = Drill::load_with(&args.path, changes).map_err(CliError::all)?;
    let refused = |error| one(output::no_thread(&error));
    if let (true, Some(run)) = (args.events, runs.first()) {
        let write = |line: &str| {
            let _ = output::print(line);
        };
        return drill
            .event_lines(*run, write)
            .map_err(refused)
            .map(|()| Exit::Holds);
    }
    let made = drill.fingerprints(&runs, args.jobs).map_err(refused)?;
    let lines = Vec::from_iter(made.iter().map(Fingerprint::to_string));
    output::print(&lines.join("\n")).map_err(one)?;
    Ok(Exit::Holds)
}

/// What is repeated where `CI` is set.
const USUAL: Size = Size::Share(Share::percent(2));

/// The text of the usual size, for `--verify` without a value.
pub(super) const USUAL_TEXT: &str = "2%";

/// Events of a repeated run that wait to be compared.
const WAITING: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_repeats_at_least_one_run_and_nothing_repeats_none() {
        let of = |text| Size::parse(text).map(|size| size.of(40));
        assert_eq!(of("10%"), Ok(4));
        assert_eq!(of("2%"), Ok(1));
        assert_eq!(of("100%"), Ok(40));
        assert_eq!((of("7"), of("0"), of("0%")), (Ok(7), Ok(0), Ok(0)));
        assert!(Size::parse("scenarios/a.yaml").is_err());
        assert_eq!(Size::parse(USUAL_TEXT), Ok(USUAL));
    }

    #[test]
    fn only_ci_repeats_runs_unasked() {
        for ci in [None, Some(""), Some("0"), Some("false")] {
            assert_eq!(Size::unasked(ci), Size::Runs(0), "{ci:?}");
        }
        for ci in ["true", "1", "woodpecker"] {
            assert_eq!(Size::unasked(Some(ci)), USUAL, "{ci}");
        }
    }
}

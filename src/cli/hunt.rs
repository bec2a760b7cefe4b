//! `firedrill hunt`: searches a world that a policy does not survive, and writes it as a scenario.

use std::num::NonZero;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::ProgressBar;
use serde_json::json;

use super::interrupt::Interrupt;
use super::numbers::KeptNumbers;
use super::output::{self, CliError, Exit};
use super::{Done, files, init, values};
use crate::client::FleetFile;
use crate::drill::{self, Changes, Drill, Engine};
use crate::policy_file::presets;
use crate::report::{Verdict, command};
use crate::search::batch::{Batches, Forgetful, Memory, Stopped};
use crate::search::hunt::{Coverage, Found, Hazards, Hunt, Options, Outcome, Progress, fleet};
use crate::text::{Diagnostic, Document, columns};
use crate::units::{count, duration};

/// Searches faults and loads for a world that a policy does not survive, makes it as small as it
/// gets, and writes it as a scenario.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: firedrill hunt scenarios/no-faults.yaml --policy retry-only \
                  --until 'success_rate < 95%'\n\n\
                  Exit codes: 1 a world was found, 3 none was found within the budget, 2 usage or \
                  file error,\n130 interrupted. docs/hunting.md tells more."
)]
pub(super) struct Args {
    /// The scenario to hunt in.
    #[arg(value_name = "SCENARIO", required_unless_present = "fleet")]
    path: Option<PathBuf>,

    /// Hunt in a usual scenario of the providers of this fleet file instead.
    #[arg(long, value_name = "FILE", conflicts_with = "path")]
    fleet: Option<PathBuf>,

    /// The policy that is hunted.
    #[arg(long, value_name = "NAME|FILE")]
    policy: String,

    /// The world is found when this holds, written as an expectation is: `success_rate < 95%`.
    #[arg(
        long,
        value_name = "EXPECTATION",
        required_unless_present = "metastable"
    )]
    until: Option<String>,

    /// Look for a fault after whose end the system does not recover within this time: `--until`,
    /// `success_rate < 50%` by default, is about the calls that arrive later.
    #[arg(long, value_name = "TIME", num_args = 0..=1, default_missing_value = "5m",
          value_parser = duration::parse)]
    metastable: Option<Duration>,

    /// What may happen [default: the usual faults, two of them, at one provider at a time].
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,

    /// The most simulated calls, such as 500k.
    #[arg(long, value_name = "CALLS", default_value = "2M", value_parser = values::calls)]
    budget: u64,

    /// The world must break the policy under seeds 1 to N, or A to B.
    #[arg(long, value_name = "N|A..B", default_value = "3", value_parser = values::seeds)]
    seeds: RangeInclusive<u64>,

    /// The seed of the search itself: another one looks elsewhere.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Show what this policy does in the found world; repeat it for more [default: every preset].
    #[arg(long, value_name = "NAME|FILE")]
    against: Vec<String>,

    /// The name of the found scenario [default: made of the policy and the faults].
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Write the found scenario to DIR.
    #[arg(long, value_name = "DIR", default_value = "scenarios/found")]
    out: PathBuf,

    /// Keep what runs come to in DIR, and go on with what an interrupted process left there.
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,

    /// Set a value of the scenario, or `policy.…` of the policy; repeat it for more.
    #[arg(long, value_name = "PATH=VALUE", value_parser = values::assignment)]
    set: Vec<(String, String)>,

    /// Take prices from FILE, as `run` does.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,

    /// Runs at a time; changes nothing but speed [default: all cores].
    #[arg(long, value_name = "N", value_parser = values::jobs)]
    jobs: Option<NonZero<usize>>,

    /// Show no progress.
    #[arg(long, short)]
    quiet: bool,
}

/// Hunts, and prints and writes what was found.
pub(super) fn hunt(args: &Args) -> Done {
    let hunt = load(args)?;
    let kept = kept(args, &hunt).map_err(|trouble| vec![trouble])?;
    let memory: &dyn Memory = kept.as_ref().map_or(&Forgetful, |kept| kept);
    let bar = output::progress_of(args.budget, "calls", args.quiet);
    let interrupt = Interrupt::watch(&bar);
    let workers = drill::workers(args.jobs);
    let mut batches = Batches::new(workers, memory, Some(interrupt.flag()));
    let outcome = hunt.run(&mut batches, &mut |progress| show(&bar, progress));
    bar.finish_and_clear();
    interrupt.settle();
    output::print_errors(kept.as_ref().and_then(KeptNumbers::trouble).as_slice());
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(Stopped::Interrupted) => return Ok(interrupted(args)),
        Err(Stopped::NoThread(error)) => return Err(vec![output::no_thread(&error)]),
    };
    match &outcome.found {
        Some(found) => tell_found(args, &hunt, found, &outcome.coverage),
        None => tell_nothing(&hunt, &outcome).map_err(|trouble| vec![trouble]),
    }
}

/// Reads and checks all that the command line names.
fn load(args: &Args) -> Result<Hunt, Vec<CliError>> {
    let one = |problem: Diagnostic| vec![CliError::from(problem)];
    let prices = files::prices(args.prices.as_deref()).map_err(|trouble| vec![trouble])?;
    let changes = Changes {
        policies: vec![args.policy.clone()],
        set: args.set.clone(),
        prices,
        engine: Engine::Model,
        ..Changes::default()
    };
    let drill = match (&args.path, &args.fleet) {
        (Some(path), _) => Drill::load_with(path, changes),
        (None, Some(path)) => {
            let run = USUAL_RUN + args.metastable.unwrap_or_default();
            let file = FleetFile::read(path).map_err(one)?;
            let document = fleet::scenario(&file, run).map_err(one)?;
            Drill::of_document(
                document,
                path.with_file_name(format!("{}.yaml", fleet::NAME)),
                changes,
            )
        }
        (None, None) => Err(Vec::new()),
    };
    let drill = drill.map_err(CliError::all)?;
    let hazards = match &args.faults {
        None => Hazards::usual(),
        Some(path) => Document::read(path).and_then(|document| Hazards::of(&document)),
    };
    let hazards = hazards.map_err(one)?;
    let until = args.until.as_deref().unwrap_or(NOT_RECOVERED);
    let options = Options {
        seeds: args.seeds.clone(),
        budget: args.budget,
        seed: args.seed,
    };
    Hunt::new(&drill, &hazards, until, args.metastable, options).map_err(one)
}

/// The numbers that are kept, if the user wants that.
fn kept(args: &Args, hunt: &Hunt) -> Result<Option<KeptNumbers>, CliError> {
    let question = json!({
        "until": hunt.until(),
        "metastable": args.metastable.map(duration::write),
        "budget": args.budget,
        "seeds": [args.seeds.start(), args.seeds.end()],
        "seed": args.seed,
        "bounds": hunt.bounds(),
        "drill": hunt.drill().inputs(),
    });
    let folder = args.resume.as_deref();
    folder
        .map(|folder| KeptNumbers::open(folder, "hunt", &question))
        .transpose()
}

fn show(bar: &ProgressBar, progress: Progress) {
    bar.set_position(progress.calls);
    let nearest = match progress.nearest {
        _ if progress.is_found => "found, and made smaller".to_owned(),
        Some(slack) => format!("{} worlds, nearest {:+.1}%", progress.worlds, slack * 100.0),
        None => format!("{} worlds", progress.worlds),
    };
    bar.set_message(nearest);
}

fn interrupted(args: &Args) -> Exit {
    let told = match &args.resume {
        Some(folder) => format!(
            "interrupted: what was tried is kept in `{}`; the same command goes on",
            folder.display()
        ),
        None => "interrupted: nothing was written\n  = help: `--resume DIR` keeps what was tried \
                 in DIR, and goes on"
            .to_owned(),
    };
    output::print_error(&told);
    Exit::Interrupted
}

/// Prints what was found, and writes its files.
fn tell_found(args: &Args, hunt: &Hunt, found: &Found, coverage: &Coverage) -> Done {
    let one = |trouble: CliError| vec![trouble];
    let policy = hunt.policy().map_or("", |policy| policy.name.as_str());
    let name = args.name.clone();
    let name = name.unwrap_or_else(|| format!("{policy}-{}", found.title));
    let origin = origin(args, hunt, coverage);
    let files = found
        .files(&args.out, &name, &origin)
        .map_err(|problem| vec![problem.into()])?;
    let others = others(args, found)?;
    for (file, text) in &files {
        init::write(&args.out.join(file), text).map_err(one)?;
    }
    let path = args.out.join(&files[0].0);
    let mut lines = vec![format!("{policy} does not survive this: {}", hunt.until())];
    lines.extend(found.words.iter().map(|words| format!("  {words}")));
    let seeds = Vec::from_iter(found.seeds.iter().map(u64::to_string));
    lines.push(format!("  it {} under seed {}", found.finding, seeds[0]));
    lines.push(format!("  it breaks under seeds {}", seeds.join(", ")));
    lines.push(covered(coverage));
    if let Some(story) = found.story() {
        lines.push(format!(
            "\nThe first call that failed, under seed {}:",
            seeds[0]
        ));
        lines.extend(story.lines().map(|line| format!("  {line}")));
    }
    lines.push(format!(
        "\nOther policies there, by {}:",
        found.expectation().text
    ));
    lines.extend(others);
    lines.push(format!("\n{}", on_the_wire(&path, found)?));
    lines.push(format!("wrote {}", path.display()));
    output::print(&lines.join("\n")).map_err(one)?;
    Ok(Exit::Fails)
}

/// What other policies do in the found world, a line each.
fn others(args: &Args, found: &Found) -> Result<Vec<String>, Vec<CliError>> {
    let others = match args.against.is_empty() {
        true => presets::names().into_iter().map(str::to_owned).collect(),
        false => args.against.clone(),
    };
    let others = found.others(&others);
    let others = others.map_err(CliError::all)?;
    let rows = others.iter().map(|other| {
        let word = match other.verdict {
            Verdict::Holds => "breaks",
            Verdict::Fails => "survives",
            Verdict::Inconclusive | Verdict::NotJudged => "unclear",
        };
        [other.name.clone(), word.to_owned(), other.finding.clone()]
    });
    Ok(table(&Vec::from_iter(rows)))
}

/// Whether the file that was written shows the same on the simulated network.
fn on_the_wire(path: &Path, found: &Found) -> Result<String, Vec<CliError>> {
    let written = Drill::load(path).map_err(|problem| vec![problem.into()])?;
    let Some(wire) = found.on_the_wire(&written) else {
        return Ok(String::new());
    };
    Ok(match wire.verdict {
        Verdict::Holds => format!("On the wire it is the same: it {}.", wire.finding),
        _ => format!(
            "On the wire it does not break: it {}. Only the model engine shows it.",
            wire.finding
        ),
    })
}

/// Where the found scenario comes from, a line each.
fn origin(args: &Args, hunt: &Hunt, coverage: &Coverage) -> Vec<String> {
    let mut words = vec!["firedrill hunt".to_owned()];
    let path = |path: &Path| command::quoted(&path.display().to_string());
    words.extend(args.path.as_deref().map(path));
    words.extend(
        args.fleet
            .as_deref()
            .map(|fleet| format!("--fleet {}", path(fleet))),
    );
    words.push(format!("--policy {}", command::quoted(&args.policy)));
    words.extend(
        args.until
            .as_ref()
            .map(|until| format!("--until {}", command::quoted(until))),
    );
    words.extend(
        args.metastable
            .map(|time| format!("--metastable {}", duration::write(time))),
    );
    words.extend(
        args.faults
            .as_deref()
            .map(|faults| format!("--faults {}", path(faults))),
    );
    words.extend(
        args.set
            .iter()
            .map(|(path, value)| format!("--set {}", command::quoted(&format!("{path}={value}")))),
    );
    words.push(format!("--budget {}", count::write(args.budget)));
    words.push(format!(
        "--seeds {}..{}",
        args.seeds.start(),
        args.seeds.end()
    ));
    words.push(format!("--seed {}", args.seed));
    let policy = hunt.policy().map_or("", |policy| policy.name.as_str());
    let first =
        format!("What `{policy}` does not survive: found, and made as small as it gets, by");
    let mut lines = Vec::from_iter(schema(&args.out));
    lines.extend([first, String::from(" ")]);
    for word in words {
        let last = lines.len() - 1;
        match lines[last].len() + word.len() < WIDEST_LINE {
            true => lines[last] += &format!(" {word}"),
            false => {
                lines[last] += " \\";
                lines.push(format!("    {word}"));
            }
        }
    }
    lines.push(covered(coverage));
    lines
}

/// The line for editors, where a folder around `out` has the schema.
fn schema(out: &Path) -> Option<String> {
    let mut around = out.ancestors().enumerate();
    let (up, _) = around.find(|(_, folder)| folder.join(SCHEMA).is_file())?;
    Some(format!(
        "yaml-language-server: $schema={}{SCHEMA}",
        "../".repeat(up)
    ))
}

/// How much was tried, in a sentence.
fn covered(coverage: &Coverage) -> String {
    let whole = match (coverage.shrunk, coverage.is_shrunk_whole) {
        (0, false) => String::new(),
        (steps, true) => format!("; {steps} steps made it smaller"),
        (steps, false) => format!("; {steps} steps made it smaller, then the budget was spent"),
    };
    let (worlds, calls) = (coverage.worlds, coverage.calls);
    format!("Tried {worlds} worlds with {calls} calls{whole}.")
}

/// Prints what was tried in vain.
fn tell_nothing(hunt: &Hunt, outcome: &Outcome) -> Result<Exit, CliError> {
    let coverage = &outcome.coverage;
    let policy = hunt.policy().map_or("", |policy| policy.name.as_str());
    let mut lines = vec![
        format!(
            "nothing found: {policy} survived all that was tried ({})",
            hunt.until()
        ),
        covered(coverage),
    ];
    if let Some((words, finding)) = &coverage.nearest {
        lines.push(format!("\nThe nearest, under the first seed, {finding}:"));
        lines.extend(words.iter().map(|words| format!("  {words}")));
        if words.is_empty() {
            lines.push("  the scenario as it is".to_owned());
        }
    }
    lines.push("\nWorlds with each kind of fault:".to_owned());
    let rows = coverage
        .kinds
        .iter()
        .map(|(kind, worlds)| [kind.clone(), worlds.to_string()]);
    lines.extend(table(&Vec::from_iter(rows)));
    lines.push("\nBounds:".to_owned());
    lines.extend(hunt.bounds().into_iter().map(|bound| format!("  {bound}")));
    output::print(&lines.join("\n"))?;
    Ok(Exit::Inconclusive)
}

/// Rows in columns, indented.
fn table<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let width = |column: usize| columns::width(rows.iter().map(|row| row[column].as_str()));
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells = row
            .iter()
            .zip(widths)
            .map(|(text, width)| columns::left(text, width));
        format!("  {}", Vec::from_iter(cells).join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// Where `init` and a repository like ours have it.
const SCHEMA: &str = "schema/scenario.json";
/// A longer command goes on in the next line.
const WIDEST_LINE: usize = 90;
/// The length of a run in a fleet's usual scenario, besides the time of `--metastable`.
const USUAL_RUN: Duration = Duration::from_secs(600);
/// What `--metastable` looks for.
const NOT_RECOVERED: &str = "success_rate < 50%";

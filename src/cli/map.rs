//! `firedrill map`: where policies recover from a fault, by its length and the load.

use std::fmt::Write as _;
use std::num::NonZero;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::file_set::FileSet;
use super::interrupt::Interrupt;
use super::output::{self, CliError, Exit};
use super::{Done, files, values};
use crate::drill::{self, Changes, Drill, Engine};
use crate::policy::config::KnobKind;
use crate::policy_file::Scale;
use crate::report::{self, Map};
use crate::search::batch::{Batches, Forgetful, Stopped};
use crate::search::dimension::{self, Numbers};
use crate::search::map::{Cell, Plane, State, Watch};
use crate::text::Diagnostic;
use crate::units::duration;

/// Draws the plane of load and fault length: where policies recover, recover late, or never do.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: firedrill map scenarios/retry-storm.yaml --policy retry-only \
                  --load 0.5..1.5 --fault-length 1s..10m --out maps\n\ndocs/hunting.md defines the \
                  words."
)]
pub(super) struct Args {
    /// The scenario, with the fault.
    #[arg(value_name = "SCENARIO")]
    path: PathBuf,

    /// Draw this policy instead of the scenario's own; repeat it for more.
    #[arg(long = "policy", value_name = "NAME|FILE")]
    policies: Vec<String>,

    /// The fault whose length changes; needed if the scenario has several.
    #[arg(long, value_name = "NAME")]
    fault: Option<String>,

    /// The loads, times the scenario's.
    #[arg(long, value_name = "LOW..HIGH", default_value = "0.5..1.5")]
    load: String,

    /// The lengths of the fault, in equal ratios unless `linear` stands behind.
    #[arg(long, value_name = "LOW..HIGH", default_value = "1s..10m")]
    fault_length: String,

    /// So many loads, and as many lengths.
    #[arg(long, value_name = "N", default_value_t = 9,
          value_parser = clap::value_parser!(u8).range(2..=41))]
    steps: u8,

    /// A policy recovers when all is well this long after the fault's end.
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = duration::parse)]
    within: Duration,

    /// It never does when all is not well so many times that long after the fault's end.
    #[arg(long, value_name = "N", default_value_t = 10,
          value_parser = clap::value_parser!(u32).range(2..=100))]
    pieces: u32,

    /// Run seeds 1 to N, or A to B; the worst counts.
    #[arg(long, value_name = "N|A..B", default_value = "1", value_parser = values::seeds)]
    seeds: RangeInclusive<u64>,

    /// Set a value of the scenario, or `policy.…` of every policy; repeat it for more.
    #[arg(long, value_name = "PATH=VALUE", value_parser = values::assignment)]
    set: Vec<(String, String)>,

    /// Take prices from FILE, as `run` does.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,

    /// Write SCENARIO.map.csv, one row a run, and SCENARIO.map.svg and .html to DIR.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Runs at a time; changes nothing but speed [default: all cores].
    #[arg(long, value_name = "N", value_parser = values::jobs)]
    jobs: Option<NonZero<usize>>,

    /// Show no progress.
    #[arg(long, short)]
    quiet: bool,
}

/// The worst of all seeds, by length and load, for one policy.
type Grid = Vec<Vec<State>>;

/// Draws the map, and prints or writes it.
pub(super) fn map(args: &Args) -> Done {
    let one = |trouble: CliError| vec![trouble];
    let out = args
        .out
        .clone()
        .map(|folder| FileSet::new("--out", folder))
        .transpose()
        .map_err(one)?;
    let plane = load(args)?;
    let bar = output::progress(plane.runs(), args.quiet);
    let interrupt = Interrupt::watch(&bar);
    let workers = drill::workers(args.jobs);
    let mut batches = Batches::new(workers, &Forgetful, Some(interrupt.flag()));
    let cells = plane.cells(&mut batches, &mut |runs| bar.inc(runs));
    bar.finish_and_clear();
    interrupt.settle();
    let cells = match cells {
        Ok(cells) => cells,
        Err(Stopped::Interrupted) => {
            output::print_error("interrupted: no map is drawn, and no file is written");
            return Ok(Exit::Interrupted);
        }
        Err(Stopped::NoThread(error)) => return Err(vec![output::no_thread(&error)]),
    };
    let policies = plane.drill().policies();
    let names = Vec::from_iter(policies.iter().map(|policy| policy.name.as_str()));
    let grids = names
        .iter()
        .enumerate()
        .map(|(policy, name)| (*name, grid(&plane, &cells, policy)));
    let grids = Vec::from_iter(grids);
    output::print(&text(&plane, &grids)).map_err(one)?;
    if let Some(mut set) = out {
        let name = &plane.drill().scenario().name;
        set.add(format!("{name}.map.csv"), csv(&plane, &names, &cells));
        let shown = picture(&plane, &grids, false);
        let page = report::document(&markdown(&plane, &grids), &[shown]);
        set.add(format!("{name}.map.html"), page);
        set.add(format!("{name}.map.svg"), picture(&plane, &grids, true));
        set.write().map_err(one)?;
    }
    Ok(Exit::Holds)
}

fn load(args: &Args) -> Result<Plane, Vec<CliError>> {
    let one = |problem: Diagnostic| vec![CliError::from(problem)];
    let loads = range("--load", &args.load, KnobKind::Factor, Scale::Linear).map_err(one)?;
    let lengths = range(
        "--fault-length",
        &args.fault_length,
        KnobKind::Time,
        Scale::Log,
    );
    let lengths = lengths.map_err(one)?;
    let prices = files::prices(args.prices.as_deref()).map_err(|trouble| vec![trouble])?;
    let changes = Changes {
        policies: args.policies.clone(),
        set: args.set.clone(),
        prices,
        engine: Engine::Model,
        ..Changes::default()
    };
    let drill = Drill::load_with(&args.path, changes).map_err(CliError::all)?;
    let watch = Watch {
        piece: args.within,
        pieces: args.pieces,
    };
    let steps = usize::from(args.steps);
    let (fault, seeds) = (args.fault.as_deref(), args.seeds.clone());
    Plane::new(&drill, fault, (loads, lengths), steps, watch, seeds).map_err(one)
}

/// The range that `flag` has.
fn range(flag: &str, text: &str, kind: KnobKind, scale: Scale) -> Result<Numbers, Diagnostic> {
    dimension::read(text, Some(kind), Some(scale)).map_err(|(range, error)| {
        let words = format!("{flag} {text}");
        let start = flag.len() + 1;
        let range = range.start + start..range.end + start;
        Diagnostic::of_text("command line", &words, range, error.message()).hint_of(&error)
    })
}

fn grid(plane: &Plane, cells: &[Cell], policy: usize) -> Grid {
    let mut grid = vec![vec![State::Recovers; plane.loads().len()]; plane.lengths().len()];
    for cell in cells.iter().filter(|cell| cell.policy == policy) {
        let worst = &mut grid[cell.length][cell.load];
        *worst = cell.state.max(*worst);
    }
    grid
}

/// What the map asks.
fn question(plane: &Plane) -> String {
    let (name, fault) = (&plane.drill().scenario().name, plane.fault());
    format!("{name}: does it recover from {fault}?")
}

/// The maps as SVG; a page has the title itself.
fn picture(plane: &Plane, grids: &[(&str, Grid)], is_titled: bool) -> String {
    let question = question(plane);
    let number = |state: &State| State::ALL.iter().position(|one| one == state);
    let numbers = |row: &Vec<State>| Vec::from_iter(row.iter().filter_map(number));
    let panels = grids.iter();
    let panels = panels.map(|(name, grid)| (*name, Vec::from_iter(grid.iter().map(numbers))));
    let map = Map {
        title: is_titled.then_some(question.as_str()),
        about: "Where each policy recovers",
        across: ("load, times the scenario's", "load", plane.loads()),
        up: ("length of the fault", "fault", plane.lengths()),
        states: &State::ALL.map(|state| (color(state), state.words())),
        panels: panels.collect(),
    };
    map.draw()
}

/// Told apart in grey, and with any kind of colour blindness (Okabe and Ito).
const fn color(state: State) -> &'static str {
    match state {
        State::Recovers => "#a6dcc5",
        State::RecoversLate => "#e69f00",
        State::Never => "#a3260b",
        State::Overloaded => "#555555",
    }
}

/// The maps in words, for a page: a table for each policy, the longest fault on top.
fn markdown(plane: &Plane, grids: &[(&str, Grid)]) -> String {
    let mut text = format!("# {}\n", question(plane));
    let loads = plane.loads().iter().map(|load| format!(" load {load} |"));
    let heads = loads.collect::<String>();
    for (policy, grid) in grids {
        let rule = "---|".repeat(plane.loads().len());
        let _ = write!(
            text,
            "\n## {policy}\n\n| the fault lasts |{heads}\n|---|{rule}\n"
        );
        for (length, row) in plane.lengths().iter().zip(grid).rev() {
            let cells = row.iter().map(|state| format!(" {} |", state.words()));
            let _ = writeln!(text, "| {length} |{}", cells.collect::<String>());
        }
    }
    text
}

/// A small map of each policy, and what the signs mean.
fn text(plane: &Plane, grids: &[(&str, Grid)]) -> String {
    let width = |texts: &[String]| texts.iter().map(String::len).max().unwrap_or(0);
    let (side, column) = (
        width(plane.lengths()).max("load".len()),
        width(plane.loads()) + 1,
    );
    let (name, fault) = (&plane.drill().scenario().name, plane.fault());
    let mut text = format!("{name}: how long `{fault}` lasts (up), and the load (across)\n");
    for (policy, grid) in grids {
        let _ = writeln!(text, "\n{policy}");
        for (length, row) in plane.lengths().iter().zip(grid).rev() {
            let signs = row.iter().map(|state| format!("{:>column$}", sign(*state)));
            let _ = writeln!(text, "  {length:>side$} {}", signs.collect::<String>());
        }
        let loads = plane.loads().iter().map(|load| format!("{load:>column$}"));
        let _ = writeln!(text, "  {:>side$} {}", "load", loads.collect::<String>());
    }
    let signs = State::ALL.map(|state| format!("{} {}", sign(state), state.words()));
    text + "\n" + &signs.join("   ")
}

const fn sign(state: State) -> char {
    match state {
        State::Recovers => '.',
        State::RecoversLate => 'o',
        State::Never => 'X',
        State::Overloaded => '#',
    }
}

/// One row for each run.
fn csv(plane: &Plane, names: &[&str], cells: &[Cell]) -> String {
    let mut text =
        "policy,load,fault_length,seed,state,recovered_after_s,last_success_rate\n".to_owned();
    for cell in cells {
        let after = cell
            .recovered_after
            .map(|after| after.as_secs_f64().to_string());
        let last = cell.last.map(|rate| format!("{rate:.4}"));
        let _ = writeln!(
            text,
            "{},{},{},{},{},{},{}",
            names[cell.policy],
            plane.loads()[cell.load],
            plane.lengths()[cell.length],
            cell.seed,
            cell.state.words(),
            after.unwrap_or_default(),
            last.unwrap_or_default(),
        );
    }
    text
}

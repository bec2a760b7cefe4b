//! The plane of load and fault length: where a policy recovers, recovers late, or never does.
//!
//! The time after the fault's end is cut into pieces of equal length. In a piece all is well when
//! nine of ten calls that arrive in it succeed. A policy recovers when all is well from the second
//! piece on, late when it is well in the last piece, and never when it is not. Where nine of ten
//! calls do not succeed even without the fault, it is overloaded, and the fault tells nothing.

use std::io;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::batch::{Batches, Stopped, Values};
use super::dimension::{Domain, Numbers};
use crate::drill::{Drill, Engine};
use crate::expect::Expectation;
use crate::report::RunStats;
use crate::scenario::fault::Fault;
use crate::text::Diagnostic;
use crate::units::{Factor, duration, truncate};

/// The plane to draw.
#[derive(Clone, Debug)]
pub struct Plane {
    drill: Drill,
    fault: String,
    loads: Vec<String>,
    lengths: Vec<String>,
    watch: Watch,
    seeds: RangeInclusive<u64>,
}

/// How the time after the fault is cut.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    /// The length of a piece.
    pub piece: Duration,
    /// The number of pieces, at least two.
    pub pieces: u32,
}

/// What a policy does after the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// All is well from the second piece on.
    Recovers,
    /// All is well in the last piece, but not in each from the second on.
    RecoversLate,
    /// In the last piece all is not well.
    Never,
    /// All is not well even without the fault.
    Overloaded,
}

/// One run: a point of the plane, under one policy and one seed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Cell {
    /// The policy, by position.
    pub policy: usize,
    /// The load, by position.
    pub load: usize,
    /// The fault's length, by position.
    pub length: usize,
    /// The seed.
    pub seed: u64,
    /// What the policy does.
    pub state: State,
    /// The share of the calls of the last piece that succeeded.
    pub last: Option<f64>,
    /// From the fault's end to the piece from which on all is well; none if there is none.
    pub recovered_after: Option<Duration>,
}

/// A run to make.
struct Job<'a> {
    world: &'a World,
    policy: usize,
    length: usize,
    seed: u64,
}

/// A point of the plane, as a drill.
struct World {
    drill: Drill,
    load: usize,
    length: usize,
    /// One for each piece; none for the world without the fault.
    pieces: Vec<Expectation>,
}

impl State {
    /// Every state, the best first.
    pub const ALL: [Self; 4] = [
        Self::Recovers,
        Self::RecoversLate,
        Self::Never,
        Self::Overloaded,
    ];

    /// The words in tables.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Recovers => "recovers",
            Self::RecoversLate => "recovers late",
            Self::Never => "never",
            Self::Overloaded => "overloaded",
        }
    }
}

impl Plane {
    /// The plane of `drill` for the fault of this name, which may be left out where there is one.
    ///
    /// # Errors
    /// When there is no such fault, it has no end, or the load cannot be changed.
    pub fn new(
        drill: &Drill,
        fault: Option<&str>,
        (load, length): (Numbers, Numbers),
        steps: usize,
        watch: Watch,
        seeds: RangeInclusive<u64>,
    ) -> Result<Self, Diagnostic> {
        let found = the_fault(drill, fault)?;
        if drill.scenario().load.scaled(Factor::ONE).is_none() {
            let problem = drill
                .document()
                .problem(&["load"], "a trace has its own load");
            return Err(problem.hint("write a `rate`, or `users`"));
        }
        let at = found.windows.at;
        let over = at + Duration::from_nanos(length.high) + watch.piece * watch.pieces;
        let run = over.max(drill.scenario().run.duration);
        let mut frame = vec![
            ("expect".to_owned(), "{}".to_owned()),
            ("run.duration".to_owned(), duration::write(run)),
        ];
        if drill
            .document()
            .keys(&[])
            .iter()
            .any(|key| key == "margins")
        {
            frame.push(("margins".to_owned(), "{}".to_owned()));
        }
        let plane = Self {
            drill: drill.in_world(&frame)?.engine(Engine::Model),
            fault: found.name.clone(),
            loads: texts(load, steps),
            lengths: texts(length, steps),
            watch,
            seeds,
        };
        // Whatever is wrong with a point shows before the first run.
        plane.world(0, 0)?;
        plane.world(0, plane.lengths.len() - 1)?;
        Ok(plane)
    }

    /// The loads, times the scenario's.
    pub fn loads(&self) -> &[String] {
        &self.loads
    }

    /// The lengths of the fault.
    pub fn lengths(&self) -> &[String] {
        &self.lengths
    }

    /// The fault.
    pub fn fault(&self) -> &str {
        &self.fault
    }

    /// The scenario, whose policies are drawn.
    pub const fn drill(&self) -> &Drill {
        &self.drill
    }

    /// The number of runs.
    pub fn runs(&self) -> u64 {
        let points = self.loads.len() * (self.lengths.len() + 1);
        let policies = self.drill.policies().len();
        (points * policies) as u64 * self.seeds.clone().count() as u64
    }

    /// What comes of every point, policy by policy; `on_row` is told after each load how many runs
    /// it was.
    ///
    /// # Errors
    /// When the caller stops it, or the machine cannot start a thread.
    pub fn cells(
        &self,
        batches: &mut Batches<'_>,
        on_row: &mut dyn FnMut(u64),
    ) -> Result<Vec<Cell>, Stopped> {
        let mut cells = Vec::new();
        for load in 0..self.loads.len() {
            let alone = self.without(load);
            let lengths = (0..self.lengths.len()).map(|length| self.world(load, length));
            let worlds = Vec::from_iter(lengths.chain([alone]).filter_map(Result::ok));
            let mut jobs = Vec::new();
            for policy in 0..self.drill.policies().len() {
                for world in &worlds {
                    jobs.extend(self.seeds.clone().map(|seed| Job {
                        world,
                        policy,
                        length: world.length,
                        seed,
                    }));
                }
            }
            let values = batches.make(&jobs, Job::make)?;
            on_row(jobs.len() as u64);
            let made = Vec::from_iter(jobs.iter().zip(values));
            for (job, values) in &made {
                let is_sick = made.iter().any(|(other, values)| {
                    let is_same = (other.policy, other.seed) == (job.policy, job.seed);
                    is_same && other.world.pieces.is_empty() && !is_well(values[0])
                });
                if !job.world.pieces.is_empty() {
                    cells.push(self.cell(job, values, is_sick));
                }
            }
        }
        cells.sort_by_key(|cell| (cell.policy, cell.load, cell.length, cell.seed));
        Ok(cells)
    }

    fn cell(&self, job: &Job<'_>, values: &Values, is_sick: bool) -> Cell {
        let bad = values.iter().rposition(|value| !is_well(*value));
        let first = bad.map_or(0, |bad| bad + 1);
        let is_over = first < values.len();
        Cell {
            policy: job.policy,
            load: job.world.load,
            length: job.length,
            seed: job.seed,
            state: match is_over {
                _ if is_sick => State::Overloaded,
                false => State::Never,
                true if first <= 1 => State::Recovers,
                true => State::RecoversLate,
            },
            last: values.last().copied().flatten(),
            recovered_after: is_over.then(|| self.watch.piece * first as u32),
        }
    }

    fn set(&self, load: usize) -> Vec<(String, String)> {
        let factor = Factor::parse(&self.loads[load]).unwrap_or(Factor::ONE);
        let scaled = self.drill.scenario().load.scaled(factor);
        let load = scaled.map(|(path, value)| (path.to_owned(), value));
        load.into_iter().collect()
    }

    /// The world at a point of the plane.
    fn world(&self, load: usize, length: usize) -> Result<World, Diagnostic> {
        let mut set = self.set(load);
        set.push((
            format!("faults.{}.for", self.fault),
            self.lengths[length].clone(),
        ));
        let drill = self.drill.in_world(&set)?;
        let pieces = (0..self.watch.pieces).map(|nth| {
            let end = |nth| duration::write(self.watch.piece * nth);
            let (fault, from, to) = (&self.fault, end(nth), end(nth + 1));
            let text = format!("success_rate after {fault} from {from} to {to} >= 90%");
            drill.expectation(&text, &|_, message| Diagnostic::of_file("", message))
        });
        let pieces = pieces.collect::<Result<Vec<_>, _>>()?;
        Ok(World {
            drill: drill.counting(pieces.clone()),
            load,
            length,
            pieces,
        })
    }

    /// The world with this load, and without the fault.
    fn without(&self, load: usize) -> Result<World, Diagnostic> {
        Ok(World {
            drill: self
                .drill
                .in_world(&self.set(load))?
                .without_fault(&self.fault),
            load,
            length: usize::MAX,
            pieces: Vec::new(),
        })
    }
}

/// The fault of this name, or the only one.
fn the_fault<'a>(drill: &'a Drill, name: Option<&str>) -> Result<&'a Fault, Diagnostic> {
    let faults = &drill.scenario().faults;
    let names = faults.iter().map(|fault| fault.name.as_str());
    let Some(name) = name else {
        if let [only] = faults.as_slice() {
            return Ok(only);
        }
        let message = format!("a map is of one fault, and there are {}", faults.len());
        let problem = drill.document().problem(&["faults"], message);
        let names = Vec::from_iter(names).join(", ");
        return Err(match names.is_empty() {
            true => problem.hint("write one under `faults`"),
            false => problem.hint(format!("name one with `--fault`: {names}")),
        });
    };
    faults.iter().find(|one| one.name == name).ok_or_else(|| {
        let message = format!("there is no fault `{}`", truncate(name));
        let problem = drill.document().problem(&["faults"], message);
        problem.did_you_mean(name, names)
    })
}

/// So many of these numbers, from end to end, as a file has them.
fn texts(numbers: Numbers, steps: usize) -> Vec<String> {
    let domain = Domain::Numbers(numbers);
    let last = steps.max(2) - 1;
    let texts = (0..=last).map(|at| domain.text(at as f64 / last as f64));
    let mut texts = Vec::from_iter(texts);
    texts.dedup();
    texts
}

impl Job<'_> {
    /// The success rate of each piece; without pieces that of the run.
    fn make(&self) -> io::Result<Values> {
        let World { drill, pieces, .. } = self.world;
        let Some(policy) = drill.policies().get(self.policy) else {
            return Ok(Values::new());
        };
        let stats = drill.stats(policy, self.seed)?;
        if pieces.is_empty() {
            return Ok(vec![rate(&stats)]);
        }
        let prices = drill.subject().prices();
        let rates = pieces
            .iter()
            .map(|piece| super::goal::value(piece, &stats, &prices));
        Ok(rates.collect())
    }
}

fn rate(stats: &RunStats) -> Option<f64> {
    let calls = stats.run.calls;
    (calls > 0).then(|| stats.run.succeeded as f64 / calls as f64)
}

/// Whether enough calls succeeded, or there were none.
fn is_well(rate: Option<f64>) -> bool {
    rate.is_none_or(|rate| rate >= WELL)
}

/// Nine of ten calls.
const WELL: f64 = 0.9;

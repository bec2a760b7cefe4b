//! What came of a search, as data.

use serde::Serialize;

use super::super::ranking::{self, differences, violation};
use super::super::space::Settings;
use super::super::worlds::{Row, WATCHED, Worlds};
use super::contest::Contest;
use super::{BASE, Plan};
use crate::report::{Unit, measures, statistics};

/// What came of a search.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Tuned {
    /// The base.
    pub base: String,
    /// The scenarios that chose.
    pub scenarios: Vec<String>,
    /// The goal in words.
    pub goal: String,
    /// Expectations that compare with another policy, which no candidate can be held to.
    pub left_out: Vec<String>,
    /// The key of the draws and the seeds.
    pub seed: u64,
    /// The calls to spend.
    pub budget: u64,
    /// The calls of the search.
    pub spent: u64,
    /// How many candidates there were.
    pub candidates: usize,
    /// Of these, those that were clearly worse before they had met every seed of their race.
    pub dropped: usize,
    /// What the tuned policy sets on top of the base: path, value there, value now.
    pub changes: Vec<(String, String, String)>,
    /// The same, to be set.
    pub settings: Settings,
    /// What it gained under the seeds that chose it, which flatters.
    pub searched: Vec<Gain>,
    /// The judgement; none when the base is the best that was found, or the search was interrupted.
    pub judged: Option<Judged>,
    /// The candidates that no other beats in every objective, by number; empty without a front.
    pub front: Vec<usize>,
    /// The objective by which slices are cut: the first in which base and tuned policy differ.
    pub sliced_by: usize,
    /// How that objective depends on each setting, the most effective first.
    pub slices: Vec<Slice>,
    /// Every candidate.
    pub trials: Vec<TrialRow>,
    /// Whether it was stopped before its end.
    pub is_interrupted: bool,
    /// The objectives, their units, and whether more is better.
    #[serde(skip)]
    pub(crate) objectives: Vec<(String, Unit, bool)>,
}

/// What base and tuned policy come to in one objective.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Gain {
    /// The objective.
    pub objective: String,
    #[serde(skip)]
    pub(super) unit: Unit,
    /// Whether more is better.
    pub is_more_better: bool,
    /// The base's mean over the seeds.
    pub base: f64,
    /// The tuned policy's.
    pub tuned: f64,
    /// The mean difference, tuned less base, and the ends of its interval of 95 %.
    pub difference: Option<[f64; 3]>,
}

/// Base and tuned policy under seeds that chose nothing.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Judged {
    /// How many seeds.
    pub seeds: usize,
    /// What they say.
    pub finding: Finding,
    /// By objective.
    pub gains: Vec<Gain>,
    /// The constraints that the tuned policy fails.
    pub failed: Vec<String>,
    /// The constraints that the base fails.
    pub failed_by_base: Vec<String>,
    /// What people want to see, by scenario.
    pub tables: Vec<WorldTable>,
    /// The same on the simulated network.
    pub replay: Option<Replay>,
}

/// What the seeds that judge say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Finding {
    /// Better in this objective, and not worse in one before it.
    Better(usize),
    /// The base fails a constraint, and this fails none.
    Holds,
    /// Both fail a constraint, this one by less.
    FailsLess,
    /// Better in one objective, worse in another.
    Trades,
    /// The two cannot be told apart.
    NotApart,
    /// Worse: what the search saw was luck.
    Worse,
}

impl Finding {
    /// Whether the tuned policy is taken, and not the base.
    pub const fn is_gain(self) -> bool {
        !matches!(self, Self::NotApart | Self::Worse)
    }
}

/// The measures of base and tuned policy in one scenario.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct WorldTable {
    /// The scenario.
    pub scenario: String,
    /// Whether it chose nothing.
    pub is_held_out: bool,
    /// Each measure: its name, the base's mean, the tuned policy's mean.
    pub measures: Vec<(String, Option<f64>, Option<f64>)>,
}

/// The objectives on both engines, under the same few seeds.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Replay {
    /// How many seeds.
    pub seeds: usize,
    /// By objective: by the model.
    pub model: Vec<Gain>,
    /// By objective: on the wire.
    pub wire: Vec<Gain>,
}

/// How an objective depends on one setting.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Slice {
    /// The setting.
    pub path: String,
    /// Along its range.
    pub points: Vec<SlicePoint>,
    /// How much worse the worst point is than the best, with the ends of its interval of 95 %; none
    /// without enough seeds.
    pub effect: Option<[f64; 3]>,
}

/// A point of a slice.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SlicePoint {
    /// The setting's value.
    pub value: String,
    /// How much worse the objective is than with the tuned value.
    pub worse_by: f64,
    /// The ends of its interval of 95 %.
    pub interval: Option<(f64, f64)>,
    /// Whether it fails no constraint.
    pub is_allowed: bool,
    #[serde(skip)]
    pub(super) rows: Vec<Row>,
}

/// A candidate.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct TrialRow {
    /// What it sets on top of the base.
    pub settings: Settings,
    /// The seeds that it met.
    pub seeds: usize,
    /// Whether it was clearly worse than another.
    pub is_dropped: bool,
    /// By how much it fails constraints, relative to their bounds.
    pub violation: f64,
    /// The mean of each objective.
    pub objectives: Vec<f64>,
}

impl Tuned {
    pub(super) fn new(plan: &Plan<'_>) -> Self {
        let (worlds, again) = (plan.worlds.iter(), plan.worlds.iter());
        let scenarios = worlds.map(|world| world.drill.scenario().name.clone());
        let left_out = again.flat_map(|world| world.left_out.iter().cloned());
        Self {
            base: plan.base.name.clone(),
            scenarios: scenarios.collect(),
            goal: plan.goal.clone(),
            left_out: left_out.collect(),
            seed: plan.seed,
            budget: plan.budget,
            spent: 0,
            candidates: 0,
            dropped: 0,
            changes: Vec::new(),
            settings: Settings::new(),
            searched: Vec::new(),
            judged: None,
            front: Vec::new(),
            sliced_by: 0,
            slices: Vec::new(),
            trials: Vec::new(),
            is_interrupted: false,
            objectives: objectives(plan),
        }
    }

    /// Takes over what the contest knows, at its end or at an interruption.
    pub(super) fn take_trials(&mut self, contest: &Contest<'_, '_>) {
        let best = match self.is_interrupted {
            true => contest.pool.first().copied().unwrap_or(BASE),
            false => contest.best,
        };
        self.settings = contest.trials[best].settings.clone();
        self.changes = changes(contest.plan, &self.settings);
        self.spent = contest.spent;
        let ran = contest.trials.iter().filter(|trial| !trial.rows.is_empty());
        self.candidates = ran.clone().count();
        self.dropped = ran.filter(|trial| trial.is_dropped).count();
        self.trials = (0..contest.trials.len())
            .map(|place| self.row(contest, place))
            .collect();
    }

    fn row(&self, contest: &Contest<'_, '_>, place: usize) -> TrialRow {
        let trial = &contest.trials[place];
        let means = self.objectives.iter().enumerate();
        let means = means.map(|(objective, (_, _, is_more_better))| {
            let mean = contest.mean_objective(place, objective);
            if *is_more_better { -mean } else { mean }
        });
        TrialRow {
            settings: trial.settings.clone(),
            seeds: trial.rows.len(),
            is_dropped: trial.is_dropped,
            violation: violation(&trial.rows),
            objectives: means.collect(),
        }
    }

    /// Whether the tuned policy is taken, and not the base.
    pub fn is_gain(&self) -> bool {
        self.judged
            .as_ref()
            .is_some_and(|judged| judged.finding.is_gain())
    }

    /// What the policy that is written sets on top of the base: nothing where the base wins.
    pub fn chosen(&self) -> &[(String, String)] {
        match self.is_gain() || self.is_interrupted {
            true => &self.settings,
            false => &[],
        }
    }
}

fn objectives(plan: &Plan<'_>) -> Vec<(String, Unit, bool)> {
    let names = plan.objectives.iter().zip(plan.worlds.directions());
    names
        .map(|(name, is_more_better)| {
            let metric = name.split([' ', '(']).next().unwrap_or(name);
            let unit = measures::find(metric).map_or(Unit::Number, |measure| measure.unit);
            (name.clone(), unit, *is_more_better)
        })
        .collect()
}

fn changes(plan: &Plan<'_>, settings: &Settings) -> Vec<(String, String, String)> {
    let dimensions = plan.space.dimensions();
    let change = |(path, value): &(String, String)| {
        let dimension = dimensions.iter().find(|one| one.path == *path);
        let before = dimension.and_then(|one| one.base.clone());
        let value = if value == "{}" { "on" } else { value };
        (
            path.clone(),
            before.unwrap_or_else(|| "none".to_owned()),
            value.to_owned(),
        )
    };
    settings.iter().map(change).collect()
}

impl Gain {
    /// Of each objective, under the seeds of both.
    pub(super) fn all(plan: &Plan<'_>, base: &[Row], tuned: &[Row]) -> Vec<Self> {
        let both = base.len().min(tuned.len());
        let (base, tuned) = (&base[..both], &tuned[..both]);
        let objectives = objectives(plan).into_iter().enumerate();
        objectives
            .map(|(place, (objective, unit, is_more_better))| {
                let sign = if is_more_better { -1.0 } else { 1.0 };
                let mean = |rows: &[Row]| {
                    let values = rows.iter().map(|row| sign * row.objectives[place]);
                    ranking::mean(&Vec::from_iter(values))
                };
                let less = differences(tuned, base, place).into_iter();
                let interval = statistics::paired(&Vec::from_iter(less.map(|one| sign * one)));
                Self {
                    objective,
                    unit,
                    is_more_better,
                    base: mean(base),
                    tuned: mean(tuned),
                    difference: interval.map(|one| [one.mean, one.low, one.high]),
                }
            })
            .collect()
    }

    /// 1 when it is better, -1 when it is worse, 0 when the two cannot be told apart.
    pub(super) fn sign(&self) -> i8 {
        let Some([_, low, high]) = self.difference else {
            return 0;
        };
        match (low > 0.0, high < 0.0) {
            (true, _) => {
                if self.is_more_better {
                    1
                } else {
                    -1
                }
            }
            (_, true) => {
                if self.is_more_better {
                    -1
                } else {
                    1
                }
            }
            _ => 0,
        }
    }
}

impl WorldTable {
    pub(super) fn all(
        worlds: &Worlds,
        base: &[Row],
        tuned: &[Row],
        is_held_out: bool,
    ) -> Vec<Self> {
        let mean = |rows: &[Row], place: usize| {
            let values = rows.iter().filter_map(|row| *row.watched.get(place)?);
            let values = Vec::from_iter(values);
            (!values.is_empty()).then(|| ranking::mean(&values))
        };
        let table = |(place, world): (usize, &super::super::worlds::World)| {
            let measures = WATCHED.iter().enumerate().map(|(number, measure)| {
                let at = place * WATCHED.len() + number;
                (measure.name.to_owned(), mean(base, at), mean(tuned, at))
            });
            Self {
                scenario: world.drill.scenario().name.clone(),
                is_held_out,
                measures: measures.collect(),
            }
        };
        worlds.iter().enumerate().map(table).collect()
    }
}

impl Replay {
    pub(super) fn new(plan: &Plan<'_>, model: [&[Row]; 2], wire: &[Vec<Row>; 2]) -> Self {
        Self {
            seeds: wire[0].len(),
            model: Gain::all(plan, model[0], model[1]),
            wire: Gain::all(plan, &wire[0], &wire[1]),
        }
    }
}

impl Slice {
    /// None with less than two points.
    pub(super) fn new(path: &str, points: Vec<SlicePoint>, objective: usize) -> Option<Self> {
        let order = |one: &&SlicePoint, two: &&SlicePoint| one.worse_by.total_cmp(&two.worse_by);
        let (best, worst) = (points.iter().min_by(order)?, points.iter().max_by(order)?);
        if points.len() < 2 {
            return None;
        }
        let effect = statistics::paired(&differences(&worst.rows, &best.rows, objective));
        Some(Self {
            effect: effect.map(|one| [one.mean, one.low, one.high]),
            path: path.to_owned(),
            points,
        })
    }

    pub(super) fn effect(&self) -> f64 {
        self.effect.map_or(0.0, |[mean, ..]| mean)
    }
}

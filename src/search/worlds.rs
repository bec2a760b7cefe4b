//! The scenarios of a search: makes single runs of them, and turns each into numbers.
//!
//! A run comes to [`Values`]: its calls, the objectives, by how much each constraint holds, and a
//! few measures that people want to see. All scenarios under one seed make a row: there the
//! worst scenario decides, or the weighted mean.

use std::io;

use super::batch::Values;
use super::goal::{Constraint, Goal, Objective, value};
use crate::drill::{Drill, Engine};
use crate::expect::{Expectation, expected_of};
use crate::policy::config::Policy;
use crate::prices::Price;
use crate::report::measures::{self, Measure, View};
use crate::text::Diagnostic;

/// The scenarios of a search.
#[derive(Clone, Debug)]
pub struct Worlds {
    worlds: Vec<World>,
    /// Whether more of each objective is better.
    directions: Vec<bool>,
    /// The weight of each scenario; none = the worst one counts.
    weights: Option<Vec<u64>>,
}

/// A scenario, whose first policy is the base.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) drill: Drill,
    objectives: Vec<Objective>,
    pub(super) constraints: Vec<Constraint>,
    prices: Vec<Price>,
    /// Expectations that compare with another policy: no constraints.
    pub(super) left_out: Vec<String>,
}

/// What all scenarios under one seed come to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) calls: u64,
    /// The objectives, turned so that less is better.
    pub(super) objectives: Vec<f64>,
    /// By how much each constraint of each scenario holds, relative to its bound; below 0 it fails.
    pub(super) slacks: Vec<f64>,
    /// [`WATCHED`] of each scenario, one scenario after the other.
    pub(super) watched: Vec<Option<f64>>,
}

impl Worlds {
    /// The scenarios of `drills`, each with the base as its one policy, under `goal`; with as many
    /// weights as scenarios, or none.
    pub fn new(
        drills: Vec<Drill>,
        goal: &Goal,
        weights: Option<Vec<u64>>,
    ) -> Result<Self, Diagnostic> {
        let worlds = drills.into_iter().map(|drill| World::new(drill, goal));
        Ok(Self {
            worlds: worlds.collect::<Result<_, _>>()?,
            directions: goal.directions().collect(),
            weights,
        })
    }

    /// How many scenarios there are.
    pub fn count(&self) -> usize {
        self.worlds.len()
    }

    /// Their drills.
    pub fn drills(&self) -> impl Iterator<Item = &Drill> {
        self.worlds.iter().map(|world| &world.drill)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &World> {
        self.worlds.iter()
    }

    pub(super) fn directions(&self) -> &[bool] {
        &self.directions
    }

    /// The values of one run of the scenario at `world`.
    pub(super) fn values(
        &self,
        world: usize,
        engine: Engine,
        policy: &Policy,
        seed: u64,
    ) -> io::Result<Values> {
        match self.worlds.get(world) {
            Some(world) => world.values(engine, policy, seed),
            None => Ok(Vec::new()),
        }
    }

    /// The row of the values of all scenarios, in their order.
    pub(super) fn row(&self, all: &[Values]) -> Row {
        let mut row = Row {
            calls: 0,
            objectives: Vec::new(),
            slacks: Vec::new(),
            watched: Vec::new(),
        };
        let count = self.directions.len();
        let mut by_objective = vec![Vec::new(); count];
        for (world, values) in self.worlds.iter().zip(all) {
            let (calls, rest) = values.split_first().unwrap_or((&None, &[]));
            row.calls += calls.unwrap_or(0.0) as u64;
            let (objectives, rest) = rest.split_at(count.min(rest.len()));
            for (place, (objective, is_more_better)) in
                objectives.iter().zip(&self.directions).enumerate()
            {
                let sign = if *is_more_better { -1.0 } else { 1.0 };
                by_objective[place].push(sign * objective.unwrap_or(0.0));
                // What has no value is worse than anything that has one.
                row.slacks
                    .push(if objective.is_some() { 0.0 } else { UNDEFINED });
            }
            let (slacks, watched) = rest.split_at(world.constraints.len().min(rest.len()));
            row.slacks
                .extend(slacks.iter().map(|slack| slack.unwrap_or(UNDEFINED)));
            row.watched.extend(watched);
        }
        row.objectives = by_objective
            .iter()
            .map(|each| self.over_scenarios(each))
            .collect();
        row
    }

    fn over_scenarios(&self, each: &[f64]) -> f64 {
        match &self.weights {
            None => each.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Some(weights) => {
                let sum = each
                    .iter()
                    .zip(weights)
                    .map(|(value, weight)| value * *weight as f64);
                sum.sum::<f64>() / weights.iter().sum::<u64>().max(1) as f64
            }
        }
    }

    /// What to say where a constraint fails, in the order of a row's slacks, each with its
    /// scenario: its text, or that an objective has no value.
    pub(super) fn constraint_names(&self) -> Vec<(usize, String)> {
        let each = self.worlds.iter().enumerate();
        each.flat_map(|(place, world)| {
            let objectives = world.objectives.iter();
            let defined = objectives.map(|one| format!("{} has no value", one.quantity.text));
            let constraints = world.constraints.iter();
            let constraints = constraints.map(|one| one.expectation.text.clone());
            defined.chain(constraints).map(move |text| (place, text))
        })
        .collect()
    }
}

impl World {
    fn new(drill: Drill, goal: &Goal) -> Result<Self, Diagnostic> {
        let objectives = goal.objectives(&drill)?;
        let further = goal.constraints(&drill)?;
        let base = drill
            .policies()
            .first()
            .map_or("", |policy| policy.name.as_str());
        let own = Vec::from_iter(expected_of(&drill.subject().expect, base).cloned());
        let all = Vec::from_iter(own.into_iter().chain(further));
        let left_out = all.iter().filter(|one| Constraint::new(one).is_none());
        let left_out = left_out.map(|one| one.text.clone()).collect();
        let constraints = Vec::from_iter(all.iter().filter_map(Constraint::new));
        let counted = objectives
            .iter()
            .map(|objective| objective.quantity.clone());
        let counted: Vec<Expectation> = counted.chain(all).collect();
        let drill = drill.counting(counted);
        Ok(Self {
            prices: drill.subject().prices(),
            drill,
            objectives,
            constraints,
            left_out,
        })
    }

    fn values(&self, engine: Engine, policy: &Policy, seed: u64) -> io::Result<Values> {
        let stats = self.drill.stats_by(engine, policy, seed)?;
        let view = View::all(&stats, &self.prices);
        let mut values = vec![Some(stats.run.calls as f64)];
        let objectives = self.objectives.iter();
        values.extend(objectives.map(|one| value(&one.quantity, &stats, &self.prices)));
        let constraints = self.constraints.iter();
        values.extend(constraints.map(|one| one.slack(&stats, &self.prices)));
        values.extend(
            WATCHED
                .iter()
                .map(|measure| Some(measure.of(&view)?.to_float())),
        );
        Ok(values)
    }
}

/// What people want to see of every candidate, whatever the goal is.
pub(super) const WATCHED: [Measure; 4] = [
    measures::SUCCESS_RATE,
    measures::LATENCY_P95,
    measures::COST_PER_SUCCESS,
    measures::ATTEMPTS_PER_CALL,
];

/// The slack of a constraint without a value.
const UNDEFINED: f64 = -1.0;

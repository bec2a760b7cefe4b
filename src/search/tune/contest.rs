//! Candidates, and races between them: the clearly worse leave early, the others meet more seeds.
//!
//! A race begins with a few seeds for each new candidate. After each round the candidates that are
//! worse than the best so far, by a test whose error over all rounds and candidates of a race is
//! below 5 %, are dropped; the better half of the others goes on to twice as many seeds.

use std::collections::BTreeMap;

use super::super::batch::{Batches, Stopped};
use super::super::optimizer::Point;
use super::super::ranking::{self, compare, is_clearly_worse, ranked};
use super::super::space::Settings;
use super::super::surrogate::Surrogate;
use super::super::worlds::Row;
use super::tuned::Gain;
use super::{BASE, FINAL_SHARE, Plan, Progress};
use crate::drill::Engine;
use crate::policy::config::Policy;

/// A candidate.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    pub(super) point: Point,
    /// What it sets on top of the base.
    pub(super) settings: Settings,
    policy: Policy,
    /// What it came to under each seed of the search.
    pub(super) rows: Vec<Row>,
    /// Whether it was clearly worse than another.
    pub(super) is_dropped: bool,
}

/// All candidates so far.
pub(super) struct Contest<'a, 'b> {
    pub(super) plan: &'a Plan<'a>,
    batches: &'a mut Batches<'b>,
    on_progress: &'a mut dyn FnMut(&Progress),
    pub(super) trials: Vec<Trial>,
    by_settings: BTreeMap<Settings, usize>,
    /// The best candidates so far, the best first.
    pub(super) pool: Vec<usize>,
    /// The candidate that is judged.
    pub(super) best: usize,
    /// Calls so far.
    pub(super) spent: u64,
}

impl<'a, 'b> Contest<'a, 'b> {
    pub(super) fn new(
        plan: &'a Plan<'a>,
        batches: &'a mut Batches<'b>,
        on_progress: &'a mut dyn FnMut(&Progress),
    ) -> Self {
        let base = Trial {
            point: plan.space.base_point(),
            settings: Settings::new(),
            policy: plan.base.clone(),
            rows: Vec::new(),
            is_dropped: false,
        };
        Self {
            plan,
            batches,
            on_progress,
            by_settings: BTreeMap::from([(Settings::new(), BASE)]),
            trials: vec![base],
            pool: vec![BASE],
            best: BASE,
            spent: 0,
        }
    }

    /// Runs the base.
    pub(super) fn begin(&mut self) -> Result<(), Stopped> {
        self.fill(&[BASE], ROUNDS[0])
    }

    /// So much of the budget.
    pub(super) fn share(&self, share: f64) -> u64 {
        (self.plan.budget as f64 * share) as u64
    }

    /// Adds the candidates at these points that are new and valid.
    pub(super) fn add_all(&mut self, points: Vec<Point>) -> Vec<usize> {
        let mut new = Vec::new();
        for point in points {
            let settings = self.plan.space.settings(&point);
            if !self.by_settings.contains_key(&settings) {
                new.extend(self.add(point, settings));
            }
        }
        new
    }

    /// The candidate with these settings, new or not; none when they are not valid.
    pub(super) fn add(&mut self, point: Point, settings: Settings) -> Option<usize> {
        if let Some(known) = self.by_settings.get(&settings) {
            return Some(*known);
        }
        let drill = &self.plan.worlds.iter().next()?.drill;
        // Settings that contradict each other are no candidate.
        let (policy, _) = drill.variant(0, &settings).ok()?;
        let place = self.trials.len();
        self.by_settings.insert(settings.clone(), place);
        self.trials.push(Trial {
            point,
            settings,
            policy,
            rows: Vec::new(),
            is_dropped: false,
        });
        Some(place)
    }

    /// Runs each of `which` under the first `seeds` seeds.
    pub(super) fn fill(&mut self, which: &[usize], seeds: usize) -> Result<(), Stopped> {
        let plan = self.plan;
        let mut jobs = Vec::new();
        for &place in which {
            let trial = &self.trials[place];
            for number in trial.rows.len()..seeds.max(trial.rows.len()) {
                let seed = plan.search_seed(number);
                jobs.extend((0..plan.worlds.count()).map(|world| (&trial.policy, world, seed)));
            }
        }
        let all = self.batches.make(&jobs, |(policy, world, seed)| {
            plan.worlds.values(*world, Engine::Model, policy, *seed)
        })?;
        let mut rows = all
            .chunks(plan.worlds.count().max(1))
            .map(|all| plan.worlds.row(all));
        for &place in which {
            let trial = &mut self.trials[place];
            let missing = seeds.saturating_sub(trial.rows.len());
            let new = Vec::from_iter(rows.by_ref().take(missing));
            self.spent += new.iter().map(|row| row.calls).sum::<u64>();
            trial.rows.extend(new);
        }
        self.tell();
        Ok(())
    }

    /// As [`Self::fill`], with fewer seeds where the calls are then more than `share` of the
    /// budget.
    pub(super) fn fill_within(
        &mut self,
        which: &[usize],
        seeds: usize,
        share: f64,
    ) -> Result<(), Stopped> {
        self.fill(which, self.affordable(which, seeds, share))
    }

    /// The number of seeds, at most `seeds`, that all of `which` can have met before more than
    /// `share` of the budget is spent.
    pub(super) fn affordable(&self, which: &[usize], seeds: usize, share: f64) -> usize {
        let each = self.trials[BASE]
            .rows
            .first()
            .map_or(1, |row| row.calls.max(1));
        let left = self.share(share).saturating_sub(self.spent) / each;
        let missing = |seeds: usize| {
            let rows = which.iter().map(|place| self.trials[*place].rows.len());
            rows.map(|rows| seeds.saturating_sub(rows) as u64)
                .sum::<u64>()
        };
        (0..=seeds)
            .rev()
            .find(|seeds| missing(*seeds) <= left)
            .unwrap_or(0)
    }

    fn tell(&mut self) {
        let best = self.pool.first().copied().unwrap_or(BASE);
        (self.on_progress)(&Progress {
            spent: self.spent,
            budget: self.plan.budget,
            candidates: self.trials.len(),
            best: self.trials[best].settings.clone(),
        });
    }

    /// Races new candidates against the best so far.
    pub(super) fn race(&mut self, new: &[usize]) -> Result<(), Stopped> {
        let error = ERROR / (new.len().max(1) * ROUNDS.len()) as f64;
        let mut going = new.to_vec();
        for seeds in ROUNDS {
            let leader = self.pool.first().copied().unwrap_or(BASE);
            // The base meets every seed: what others gain is told as the difference to it.
            let mut which = vec![BASE, leader];
            which.extend(&going);
            which.sort_unstable();
            which.dedup();
            self.fill(&which, seeds)?;
            for &place in &going {
                let (rows, of_leader) = (&self.trials[place].rows, &self.trials[leader].rows);
                let rule = self.plan.rule();
                self.trials[place].is_dropped = is_clearly_worse(rows, of_leader, rule, error);
            }
            going.retain(|place| !self.trials[*place].is_dropped);
            self.pool.extend(&going);
            self.rank_pool();
            let better = going.len().div_ceil(PROMOTED);
            let pool = &self.pool;
            going.sort_by_key(|place| pool.iter().position(|one| one == place));
            going.truncate(better);
        }
        Ok(())
    }

    fn rank_pool(&mut self) {
        self.pool.sort_unstable();
        self.pool.dedup();
        self.pool = self.ranked(&self.pool);
        self.pool.truncate(POOL);
    }

    fn ranked(&self, which: &[usize]) -> Vec<usize> {
        let rows = Vec::from_iter(
            which
                .iter()
                .map(|place| self.trials[*place].rows.as_slice()),
        );
        let order = ranked(&rows, self.plan.rule());
        order.into_iter().map(|place| which[place]).collect()
    }

    /// The points near which to look further, the best first.
    pub(super) fn good_points(&self) -> Vec<&[f64]> {
        let good = self.pool.iter().take(PARENTS);
        good.map(|place| self.trials[*place].point.as_slice())
            .collect()
    }

    /// The `count` of `proposed` that are worth a race.
    pub(super) fn worth_trying(&self, proposed: Vec<Point>, count: usize) -> Vec<Point> {
        let space = self.plan.space;
        let ordered = space.dimensions().iter().map(|one| one.domain.is_ordered());
        let ordered = Vec::from_iter(ordered);
        let tried = self.tried();
        let points = tried
            .iter()
            .map(|place| space.settled(&self.trials[*place].point));
        let surrogate = Surrogate::new(
            &ordered,
            points.collect(),
            self.ranks_by_objectives(&tried),
            self.failures(&tried),
        );
        let settled = Vec::from_iter(proposed.iter().map(|point| space.settled(point)));
        let chosen = surrogate.choose(&settled, count);
        chosen
            .into_iter()
            .map(|place| proposed[place].clone())
            .collect()
    }

    /// The candidates from which to learn: those of the pool, and the last others.
    fn tried(&self) -> Vec<usize> {
        let is_other =
            |place: &usize| !self.pool.contains(place) && !self.trials[*place].rows.is_empty();
        let others = (0..self.trials.len()).rev().filter(is_other);
        let others = others.take(LEARNT.saturating_sub(self.pool.len()));
        others.chain(self.pool.iter().copied()).collect()
    }

    /// The rank of each of `which` where constraints do not count.
    fn ranks_by_objectives(&self, which: &[usize]) -> Vec<f64> {
        let free = |place: &usize| {
            let rows = self.trials[*place].rows.iter().cloned();
            Vec::from_iter(rows.map(|row| Row {
                slacks: Vec::new(),
                ..row
            }))
        };
        let rows = Vec::from_iter(which.iter().map(free));
        let rows = Vec::from_iter(rows.iter().map(Vec::as_slice));
        let mut ranks = vec![0.0; which.len()];
        for (rank, place) in ranked(&rows, self.plan.rule()).into_iter().enumerate() {
            ranks[place] = rank as f64;
        }
        ranks
    }

    /// By how much each of `which` fails to hold each constraint beyond luck.
    fn failures(&self, which: &[usize]) -> Vec<Vec<f64>> {
        let rows = which
            .iter()
            .map(|place| self.trials[*place].rows.as_slice());
        let rows = Vec::from_iter(rows);
        let margins = ranking::margins(&rows, USUAL_FINAL_SEEDS);
        let slacks = Vec::from_iter(rows.iter().map(|rows| ranking::mean_slacks(rows)));
        let margins = margins.into_iter().enumerate();
        margins
            .map(|(place, margin)| slacks.iter().map(|one| margin - one[place]).collect())
            .collect()
    }

    /// The best of the finalists, after many more seeds; and the front, if there is one.
    pub(super) fn decide(&mut self) -> Result<(usize, Vec<usize>), Stopped> {
        let count = if self.plan.is_front { FRONT } else { FINALISTS };
        let mut finalists = Vec::new();
        for (seeds, part) in FINAL_ROUNDS {
            finalists = Vec::from_iter(self.pool.iter().copied().take(count.div_ceil(part)));
            finalists.push(BASE);
            finalists.sort_unstable();
            finalists.dedup();
            self.fill_within(&finalists, seeds, FINAL_SHARE)?;
            self.pool = self.ranked(&finalists);
        }
        if !self.plan.is_front {
            return Ok((self.pool[0], Vec::new()));
        }
        let front = self.not_beaten(&finalists);
        Ok((self.middle_of(&front), front))
    }

    /// Those that no other beats, by the first objective.
    fn not_beaten(&self, which: &[usize]) -> Vec<usize> {
        let rule = self.plan.rule();
        let beats = |other: usize, one: usize| {
            compare(&self.trials[other].rows, &self.trials[one].rows, rule).is_lt()
        };
        let free = which
            .iter()
            .copied()
            .filter(|one| which.iter().all(|other| !beats(*other, *one)));
        let mut free = Vec::from_iter(free);
        let first = |place: &usize| self.mean_objective(*place, 0);
        free.sort_by(|one, other| first(one).total_cmp(&first(other)));
        free
    }

    /// The point of a front that is nearest to the best of every objective at once, each scaled to
    /// the front's range.
    fn middle_of(&self, front: &[usize]) -> usize {
        let mut distances = vec![0.0; front.len()];
        for objective in 0..self.plan.objectives.len() {
            let means =
                Vec::from_iter(front.iter().map(|one| self.mean_objective(*one, objective)));
            let low = means.iter().copied().fold(f64::INFINITY, f64::min);
            let high = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            for (distance, mean) in distances.iter_mut().zip(&means) {
                let part = if high > low {
                    (mean - low) / (high - low)
                } else {
                    0.0
                };
                *distance += part * part;
            }
        }
        let nearest =
            (0..front.len()).min_by(|one, two| distances[*one].total_cmp(&distances[*two]));
        nearest.map_or(BASE, |place| front[place])
    }

    pub(super) fn mean_objective(&self, place: usize, objective: usize) -> f64 {
        let rows = self.trials[place].rows.iter();
        ranking::mean(&Vec::from_iter(rows.map(|row| row.objectives[objective])))
    }

    /// What the best gains over the base, under the seeds that chose it.
    pub(super) fn gains_searched(&self) -> Vec<Gain> {
        let (base, best) = (&self.trials[BASE].rows, &self.trials[self.best].rows);
        Gain::all(self.plan, base, best)
    }

    /// Runs base and best by `engine` under `seeds`, in `worlds`.
    pub(super) fn both_under(
        &mut self,
        worlds: &super::Worlds,
        engine: Engine,
        seeds: impl Iterator<Item = u64>,
    ) -> Result<[Vec<Row>; 2], Stopped> {
        let seeds = Vec::from_iter(seeds);
        let [base, best] = [BASE, self.best].map(|place| &self.trials[place].policy);
        let mut jobs = Vec::new();
        for policy in [base, best] {
            for seed in &seeds {
                jobs.extend((0..worlds.count()).map(|world| (policy, world, *seed)));
            }
        }
        let all = self.batches.make(&jobs, |(policy, world, seed)| {
            worlds.values(*world, engine, policy, *seed)
        })?;
        let mut rows = all.chunks(worlds.count().max(1)).map(|all| worlds.row(all));
        let of_base = Vec::from_iter(rows.by_ref().take(seeds.len()));
        Ok([of_base, rows.collect()])
    }
}

impl Plan<'_> {
    /// The seed of this number for candidates, from 0; never one that judges.
    fn search_seed(&self, number: usize) -> u64 {
        let first = SEARCH_SEEDS.wrapping_add(self.seed.wrapping_mul(1 << 20));
        let seed = first.wrapping_add(number as u64);
        match self.judged_by.contains(&seed) {
            true => seed.wrapping_add(1 << 40),
            false => seed,
        }
    }
}

/// Seeds for each new candidate; of those that go on, in all.
const ROUNDS: [usize; 3] = [2, 6, 12];
/// One in so many goes on to the next round.
const PROMOTED: usize = 3;
/// Seeds for finalists, in all; and which part of them meets so many.
const FINAL_ROUNDS: [(usize, usize); 3] = [(12, 1), (24, 2), (48, 4)];
/// The seeds that most finalists meet: under so many has a constraint to hold beyond luck.
const USUAL_FINAL_SEEDS: usize = 24;
/// A race drops any candidate that is as good as the best in less than this share of cases.
const ERROR: f64 = 0.05;
/// Candidates from which the surrogate learns.
const LEARNT: usize = 64;
/// Candidates that are remembered as good.
const POOL: usize = 32;
/// Of these, the parents of new ones.
const PARENTS: usize = 8;
const FINALISTS: usize = 8;
/// The most points of a front.
const FRONT: usize = 12;
/// The seeds of candidates begin here, far from those that people write.
const SEARCH_SEEDS: u64 = 1 << 50;

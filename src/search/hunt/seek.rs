//! The search: worlds that came near have descendants, until one breaks the policy.

use std::collections::BTreeMap;

use super::super::batch::{Batches, Stopped};
use super::super::optimizer::{Optimizer, Point};
use super::candidate::{Candidate, Measured};
use super::space::World;
use super::{Hunt, Progress};

/// What was tried.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Coverage {
    /// Worlds.
    pub worlds: u64,
    /// Calls in all runs.
    pub calls: u64,
    /// Steps by which the found world was made smaller.
    pub shrunk: u64,
    /// Whether there was budget to make it as small as it gets.
    pub is_shrunk_whole: bool,
    /// How many of the worlds had each kind of fault, by its word.
    pub kinds: Vec<(String, u64)>,
    /// The world that came nearest, in words, with how the expectation came out.
    pub nearest: Option<(Vec<String>, String)>,
    /// What nearness was.
    slack: Option<f64>,
}

/// A search that goes on.
pub(super) struct Seeker<'h, 'b, 'm> {
    pub(super) hunt: &'h Hunt,
    batches: &'b mut Batches<'m>,
    on_progress: &'b mut dyn FnMut(Progress),
    pub(super) coverage: Coverage,
    by_kind: Vec<u64>,
    nearest: Option<Candidate>,
    /// Whether the world without its faults is healthy, by its load.
    healthy: BTreeMap<String, bool>,
}

/// A world that was tried, with its point.
struct Tried {
    point: Point,
    candidate: Candidate,
    measured: Measured,
}

impl<'h, 'b, 'm> Seeker<'h, 'b, 'm> {
    pub(super) fn new(
        hunt: &'h Hunt,
        batches: &'b mut Batches<'m>,
        on_progress: &'b mut dyn FnMut(Progress),
    ) -> Self {
        Self {
            hunt,
            batches,
            on_progress,
            coverage: Coverage::default(),
            by_kind: vec![0; hunt.space.kinds.len()],
            nearest: None,
            healthy: BTreeMap::new(),
        }
    }

    /// A world that breaks the policy, and the seeds under which it does: all of them, or, if no
    /// such world is found, as many as possible.
    pub(super) fn seek(&mut self) -> Result<Option<(Candidate, Vec<u64>)>, Stopped> {
        let hunt = self.hunt;
        let domains = hunt.space.domains();
        let mut optimizer = Optimizer::new(&domains, hunt.options.seed);
        let mut good: Vec<Good> = Vec::new();
        let mut best: Option<(Candidate, Vec<u64>)> = None;
        let plain = hunt.candidate(hunt.space.plain());
        let mut batch = Vec::from_iter(plain.map(|candidate| (Vec::new(), candidate)));
        batch.extend(self.proposed(|count| optimizer.start(count), FIRST_BATCH));
        let budget = (hunt.options.budget as f64 * SEARCH_SHARE) as u64;
        while !batch.is_empty() {
            let mut tried = self.try_all(batch)?;
            good.extend(tried.iter().filter_map(Tried::good));
            choose(&mut good);
            tried.retain(|one| one.measured.is_broken);
            tried.sort_by_key(|one| one.candidate.world.faults.len());
            for one in tried.into_iter().take(MOST_CONFIRMED) {
                let seeds = self.seeds_that_break(&one.candidate)?;
                let is_whole = seeds.len() as u64 == hunt.seed_count();
                if best
                    .as_ref()
                    .is_none_or(|(_, known)| known.len() < seeds.len())
                {
                    best = Some((one.candidate, seeds));
                }
                if is_whole {
                    return Ok(best);
                }
            }
            if self.coverage.calls >= budget {
                break;
            }
            let points = Vec::from_iter(good.iter().map(|one| one.point.as_slice()));
            let progress = self.coverage.calls as f64 / budget.max(1) as f64;
            batch = self.proposed(|count| optimizer.next(&points, progress, count), BATCH);
        }
        Ok(best)
    }

    /// Points that make a world within the bounds; few do not.
    fn proposed(
        &self,
        mut propose: impl FnMut(usize) -> Vec<Point>,
        count: usize,
    ) -> Vec<(Point, Candidate)> {
        let mut found = Vec::new();
        for _ in 0..MOST_PROPOSED {
            for point in propose(count - found.len()) {
                let candidate = self.hunt.candidate(self.hunt.space.world(&point));
                found.extend(candidate.map(|candidate| (point, candidate)));
            }
            if found.len() == count {
                break;
            }
        }
        found
    }

    /// Runs worlds under the first seed. Those that are not healthy without their faults are left
    /// out, where that matters.
    fn try_all(&mut self, batch: Vec<(Point, Candidate)>) -> Result<Vec<Tried>, Stopped> {
        let seed = *self.hunt.options.seeds.start();
        let worlds = batch.iter().map(|(_, candidate)| candidate.world.clone());
        let healthy = self.healthy(&Vec::from_iter(worlds))?;
        let mut healthy = healthy.into_iter();
        let mut batch = batch;
        batch.retain(|_| healthy.next().unwrap_or(true));
        let jobs = Vec::from_iter(batch.iter().map(|(_, candidate)| (candidate, seed)));
        let measured = self.measure(&jobs)?;
        let mut tried = Vec::new();
        for ((point, candidate), measured) in batch.into_iter().zip(measured) {
            self.note(&candidate, &measured);
            tried.push(Tried {
                point,
                candidate,
                measured,
            });
        }
        self.tell(false);
        Ok(tried)
    }

    fn note(&mut self, candidate: &Candidate, measured: &Measured) {
        self.coverage.worlds += 1;
        let mut kinds = Vec::from_iter(candidate.world.faults.iter().map(|fault| fault.kind));
        kinds.sort_unstable();
        kinds.dedup();
        for kind in kinds {
            self.by_kind[kind] += 1;
        }
        if let Some(slack) = measured.slack
            && self.coverage.slack.is_none_or(|nearest| slack > nearest)
        {
            self.coverage.slack = Some(slack);
            self.nearest = Some(candidate.clone());
        }
    }

    /// Tells the caller how far it is.
    pub(super) fn tell(&mut self, is_found: bool) {
        (self.on_progress)(Progress {
            calls: self.coverage.calls,
            worlds: self.coverage.worlds,
            nearest: self.coverage.slack,
            is_found,
        });
    }

    /// What each run comes to.
    pub(super) fn measure(&mut self, jobs: &[(&Candidate, u64)]) -> Result<Vec<Measured>, Stopped> {
        let prices = &self.hunt.prices;
        let values = self
            .batches
            .make(jobs, |(candidate, seed)| candidate.measure(*seed, prices))?;
        let measured = jobs.iter().zip(&values);
        let measured = measured.map(|((candidate, _), values)| candidate.measured(values));
        let measured = Vec::from_iter(measured);
        self.coverage.calls += measured.iter().map(|one| one.calls).sum::<u64>();
        Ok(measured)
    }

    /// The seeds under which the world breaks the policy.
    fn seeds_that_break(&mut self, candidate: &Candidate) -> Result<Vec<u64>, Stopped> {
        let seeds = Vec::from_iter(self.hunt.options.seeds.clone());
        let jobs = Vec::from_iter(seeds.iter().map(|seed| (candidate, *seed)));
        let measured = self.measure(&jobs)?;
        let broken = seeds
            .into_iter()
            .zip(measured)
            .filter(|(_, one)| one.is_broken);
        Ok(broken.map(|(seed, _)| seed).collect())
    }

    /// Whether each world is healthy without its faults, under the first seed; without
    /// `--metastable` nothing depends on that.
    pub(super) fn healthy(&mut self, worlds: &[World]) -> Result<Vec<bool>, Stopped> {
        if self.hunt.calm.is_none() {
            return Ok(vec![true; worlds.len()]);
        }
        let hunt = self.hunt;
        let mut unknown: Vec<(String, Candidate)> = Vec::new();
        for world in worlds {
            let load = hunt.space.load_text(world);
            let is_known = self.healthy.contains_key(&load);
            if is_known || unknown.iter().any(|(known, _)| *known == load) {
                continue;
            }
            let faults = Vec::new();
            let without = World {
                faults,
                load: world.load,
            };
            unknown.extend(hunt.candidate(without).map(|candidate| (load, candidate)));
        }
        let seed = *hunt.options.seeds.start();
        let jobs = Vec::from_iter(unknown.iter().map(|(_, candidate)| (candidate, seed)));
        let measured = self.measure(&jobs)?;
        for ((load, _), measured) in unknown.into_iter().zip(measured) {
            self.healthy.insert(load, Hunt::is_healthy(&measured));
        }
        let is_healthy = |world: &World| {
            let load = hunt.space.load_text(world);
            self.healthy.get(&load).copied().unwrap_or_default()
        };
        Ok(worlds.iter().map(is_healthy).collect())
    }

    /// What was tried, with the world that came nearest.
    pub(super) fn coverage(&mut self) -> Coverage {
        let kinds = self.hunt.space.kinds.iter().zip(&self.by_kind);
        let kinds = kinds
            .map(|(kind, count)| (kind.name.clone(), *count))
            .collect();
        let seed = *self.hunt.options.seeds.start();
        let nearest = self.nearest.take().map(|candidate| {
            let words = self.hunt.space.words(&candidate.world);
            (words, candidate.finding(seed))
        });
        Coverage {
            kinds,
            nearest,
            ..self.coverage.clone()
        }
    }
}

/// A point that came near.
struct Good {
    slack: f64,
    /// The kinds of its faults, in order.
    kinds: Vec<usize>,
    point: Point,
}

impl Tried {
    /// None without a point or a value.
    fn good(&self) -> Option<Good> {
        let faults = self.candidate.world.faults.iter();
        let mut kinds = Vec::from_iter(faults.map(|fault| fault.kind));
        kinds.sort_unstable();
        let good = self.measured.slack.map(|slack| Good {
            slack,
            kinds,
            point: self.point.clone(),
        });
        good.filter(|good| !good.point.is_empty())
    }
}

/// Keeps the nearest, and few of the same kinds: where nothing gets nearer by one kind of fault,
/// others are tried.
fn choose(good: &mut Vec<Good>) {
    good.sort_by(|one, two| two.slack.total_cmp(&one.slack));
    let mut alike: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
    good.retain(|one| {
        let count = alike.entry(one.kinds.clone()).or_default();
        *count += 1;
        *count <= MOST_ALIKE
    });
    good.truncate(GOOD);
}

impl Hunt {
    /// How many seeds a world must break under.
    fn seed_count(&self) -> u64 {
        let seeds = &self.options.seeds;
        (seeds.end() + 1).saturating_sub(*seeds.start())
    }
}

/// Worlds of the first batch, spread evenly.
const FIRST_BATCH: usize = 31;
/// Worlds of each later batch. It does not depend on the number of threads: results do not.
const BATCH: usize = 16;
/// Worlds that have descendants.
const GOOD: usize = 12;
/// Of these, with the same kinds of faults.
const MOST_ALIKE: usize = 2;
/// Worlds of a batch that are tried under all seeds.
const MOST_CONFIRMED: usize = 4;
/// Rounds of proposals for a batch: points outside of the bounds are proposed again.
const MOST_PROPOSED: usize = 20;
/// The part of the budget that may be spent until one is found; the rest makes it smaller.
const SEARCH_SHARE: f64 = 0.8;

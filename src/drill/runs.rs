//! Many runs side by side: the same bytes whatever the number of threads.
//!
//! A run is one scenario under one policy and one seed. States are merged in the order of the runs,
//! so neither what comes of it, nor the scenario at which a caller stops, depends on the speed of
//! workers. `side_by_side` has the threads.

use std::io;
use std::num::NonZero;
use std::ops::{ControlFlow, RangeInclusive};
use std::sync::{Arc, Mutex};

use super::audit::{Audited, Calls};
use super::side_by_side::{NoThread, Results, Threads, side_by_side};
use super::verify::{Chosen, Fingerprint, Hashing};
use super::{Control, Drill, Engine, Finished, audit, subject};
use crate::policy::config::Policy;
use crate::prices::Book;
use crate::report::measures::View;
use crate::report::{Audit, BROKEN, BySeed, CallOutcomes, Collector, Report, RunStats};
use crate::trace::{Event, Recorder};

/// Runs `drills` on `workers` threads. Calls `on_run` for each run that ends, in any order, and
/// `on_report` with each drill's position and report, in order; that may stop the rest.
///
/// # Errors
/// When the machine can start no thread: reports that are not there yet do not come.
pub fn run_all(
    drills: &[Drill],
    workers: NonZero<usize>,
    on_run: &mut dyn FnMut(),
    on_report: &mut dyn FnMut(usize, Report) -> ControlFlow<()>,
) -> Result<Threads, NoThread> {
    let on_run = &mut |_: &EndedRun<'_>| on_run();
    run_controlled(drills, workers, Control::default(), on_run, on_report)
}

/// As [`run_all`], under the control of the caller; `on_run` gets what each run came to. Runs are
/// numbered from 0, drill by drill, policy by policy, seed by seed.
///
/// # Errors
/// As [`run_all`].
pub fn run_controlled(
    drills: &[Drill],
    workers: NonZero<usize>,
    control: Control<'_>,
    on_run: &mut dyn FnMut(&EndedRun<'_>),
    on_report: &mut dyn FnMut(usize, Report) -> ControlFlow<()>,
) -> Result<Threads, NoThread> {
    let total = usize::try_from(total_runs(drills)).unwrap_or(usize::MAX);
    let total = NonZero::new(total);
    let jobs = numbered(drills).flat_map(jobs_of);
    side_by_side(
        workers.min(total.unwrap_or(NonZero::<usize>::MIN)),
        jobs.take_while(|_| !control.is_interrupted()),
        |_, (job, run)| match *job {
            Job::Run(number) => run
                .find_or_make(number, control)
                .map(Box::new)
                .map(Made::Run),
            Job::Audit => run.audit().map(Box::new).map(Made::Audit),
        },
        &mut |made| {
            if let Made::Run(ended) = made {
                on_run(&ended.told());
            }
        },
        |results| {
            for (place, drill) in drills.iter().enumerate() {
                // Without a report a worker panicked, and that is passed on; or there is no thread;
                // or the runs were interrupted, or one that was finished cannot be read.
                let Some(report) = report(drill, control, results) else {
                    break;
                };
                if control.is_interrupted() || on_report(place, report).is_break() {
                    break;
                }
            }
        },
    )
}

/// One scenario under one policy and one seed.
pub(super) struct Run<'a> {
    pub(super) drill: &'a Drill,
    pub(super) policy: &'a Policy,
    pub(super) seed: u64,
}

/// What is done with a run.
#[derive(Clone, Copy)]
enum Job {
    /// It is made; this is its number.
    Run(u64),
    /// Both engines make it, and are compared.
    Audit,
}

/// What came of a job.
enum Made {
    Run(Box<Ended>),
    Audit(Box<Audited>),
}

/// A run that has ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct EndedRun<'a> {
    /// Its number.
    pub number: u64,
    /// What it came to; none if it was finished before.
    pub state: Option<&'a RunStats>,
    /// If it is of the sample.
    pub fingerprint: Option<Fingerprint>,
}

/// A run that has ended, with what is counted of it.
struct Ended {
    number: u64,
    /// None when the checkpoint has it: it is read when its turn comes, so that there are not many
    /// in memory.
    finished: Option<Finished>,
}

impl Ended {
    fn told(&self) -> EndedRun<'_> {
        let finished = self.finished.as_ref();
        EndedRun {
            number: self.number,
            state: finished.map(|finished| &finished.state),
            fingerprint: finished.and_then(|finished| finished.fingerprint),
        }
    }
}

/// The number of runs of all drills.
pub(crate) fn total_runs(drills: &[Drill]) -> u64 {
    drills.iter().map(Drill::runs).fold(0, u64::saturating_add)
}

/// The drills, each with the number of its first run.
pub(crate) fn numbered(drills: &[Drill]) -> impl Iterator<Item = (&Drill, u64)> {
    drills.iter().scan(0, |next: &mut u64, drill| {
        let first = *next;
        *next = next.saturating_add(drill.runs());
        Some((drill, first))
    })
}

impl Drill {
    /// The run of this number, counted from the first of the drill: as `jobs_of` numbers them.
    pub(crate) fn run_at(&self, number: u64) -> Chosen {
        let seeds = self.seed_count().max(1);
        let policy = usize::try_from(number / seeds).unwrap_or(usize::MAX);
        (policy, self.seeds_to_run().start() + number % seeds)
    }
}

/// The jobs of a drill, whose first run has this number: policy by policy, seed by seed; then the
/// audited runs, in the same order.
fn jobs_of<'a>((drill, first): (&'a Drill, u64)) -> impl Iterator<Item = (Job, Run<'a>)> + Send {
    let runs = move |seeds: RangeInclusive<u64>| {
        drill.policies().iter().flat_map(move |policy| {
            let seeds = seeds.clone();
            seeds.map(move |seed| Run {
                drill,
                policy,
                seed,
            })
        })
    };
    let made = (first..).map(Job::Run).zip(runs(drill.seeds_to_run()));
    let audited = drill.audited_seeds().into_iter().flat_map(runs);
    made.chain(audited.map(|run| (Job::Audit, run)))
}

impl Run<'_> {
    /// The run, which is made and kept unless it was finished before.
    fn find_or_make(&self, number: u64, control: Control<'_>) -> io::Result<Ended> {
        let is_sampled = control.sample.contains(number);
        let finished = match control.has(number) {
            true if is_sampled => match control.load(number) {
                // It was kept unverified: made again, it has the same counts.
                Some(kept) if kept.fingerprint.is_none() => Some(self.make(true)?),
                kept => kept,
            },
            true => None,
            false => {
                let finished = self.make(is_sampled)?;
                control.save(number, &finished);
                Some(finished)
            }
        };
        Ok(Ended { number, finished })
    }

    fn make(&self, is_sampled: bool) -> io::Result<Finished> {
        let hashing = is_sampled.then(|| Arc::new(Hashing::default()));
        let beside = hashing.clone().map(|hashing| hashing as Arc<dyn Recorder>);
        let (state, calls) = self.counted(self.drill.changes.engine, beside)?;
        Ok(Finished {
            state,
            calls,
            fingerprint: hashing.map(|hashing| hashing.fingerprint()),
        })
    }

    /// Makes the run, and counts it; `beside` gets the events as well. Panics when an event
    /// panicked while it was counted.
    pub(super) fn counted(
        &self,
        engine: Engine,
        beside: Option<Arc<dyn Recorder>>,
    ) -> io::Result<(RunStats, CallOutcomes)> {
        let scenario = self.drill.scenario();
        let subject = subject::under_seed(self.drill.subject(), scenario, self.seed);
        let origins = subject::origins(scenario, self.seed);
        let fold = Collector::with_origins(&subject, origins);
        let fold = Arc::new(Mutex::new(fold));
        let recorder: Arc<dyn Recorder> = match beside {
            Some(beside) => Arc::new(Both(fold.clone(), beside)),
            None => fold.clone(),
        };
        engine.run(scenario, self.policy, self.seed, recorder)?;
        let mut fold = fold.lock().expect(BROKEN);
        let fold = std::mem::replace(&mut *fold, Collector::new(&subject));
        Ok(fold.finish_by_call())
    }

    fn audit(&self) -> io::Result<Audited> {
        let by = |engine| {
            let calls = Arc::new(Calls::default());
            let (state, _) = self.counted(engine, Some(calls.clone()))?;
            Ok::<_, io::Error>((state, calls))
        };
        let ((wire, on_wire), (model, on_model)) = (by(Engine::Wire)?, by(Engine::Model)?);
        let agreement = on_wire.agreement(&on_model);
        Ok(Audited {
            run: audit::run(
                self.drill,
                (self.policy, self.seed),
                agreement,
                [&wire, &model],
            ),
            wire,
            model,
        })
    }
}

/// Passes events on to two recorders, neither of which wants reasons.
struct Both(Arc<Mutex<Collector>>, Arc<dyn Recorder>);

impl Recorder for Both {
    fn record(&self, event: &Event) {
        self.0.record(event);
        self.1.record(event);
    }
}

/// The report on `drill`, whose results come next.
fn report(drill: &Drill, control: Control<'_>, results: &mut Results<'_, Made>) -> Option<Report> {
    let seeds = drill.seeds_to_run();
    let prices = drill.subject().prices();
    let (mut policies, mut runs, mut configs) = (Vec::new(), Vec::new(), Vec::new());
    for policy in drill.policies() {
        let mut merged: Option<RunStats> = None;
        let mut by_seed = BySeed::default();
        for seed in seeds.clone() {
            let Made::Run(ended) = results.next()? else {
                return None;
            };
            let Ended { number, finished } = *ended;
            let finished = finished.or_else(|| control.load(number))?;
            let Finished { state, calls, .. } = finished;
            by_seed.add(seed, &View::all(&state, &prices), calls);
            match &mut merged {
                Some(merged) => merged.merge(&state),
                None => merged = Some(state),
            }
        }
        let nothing = || Collector::new(drill.subject()).finish();
        policies.push((policy.name.clone(), merged.unwrap_or_else(nothing)));
        runs.push(by_seed);
        configs.push(serde_json::to_value(policy).unwrap_or_default());
    }
    let seeds = format!("{}..{}", seeds.start(), seeds.end());
    let path = drill.path().display().to_string();
    let report = Report::new(drill.subject(), &path, &seeds, policies)
        .with_policies_as_written(&drill.changes.policies)
        .with_judge(drill.changes.judge_as.as_deref())
        .with_engine(drill.changes.engine.word())
        .with_price_file(drill.changes.prices.as_deref().map(Book::path))
        .with_overrides(&drill.changes.set);
    let report = report.with_configs(configs).with_runs(runs);
    Some(report.with_audit(audit(drill, results)?))
}

/// The audit of `drill`, whose audited runs come next: an empty one is none.
fn audit(drill: &Drill, results: &mut Results<'_, Made>) -> Option<Option<Audit>> {
    let Some(seeds) = drill.audited_seeds() else {
        return Some(None);
    };
    let mut all = Vec::new();
    for _ in drill.policies() {
        for _ in seeds.clone() {
            let Made::Audit(audited) = results.next()? else {
                return None;
            };
            all.push(*audited);
        }
    }
    Some(Some(audit::of_runs(drill, all)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_found_by_the_number_that_it_has_among_all() {
        let drill = Drill::load("scenarios/primary-outage.yaml").expect("it is shipped");
        let drills = [drill.clone().seeds(3..=4), drill.seeds(1..=5)];
        let mut numbers = 0..total_runs(&drills);
        for (drill, first) in numbered(&drills) {
            for (job, run) in jobs_of((drill, first)) {
                let Job::Run(number) = job else {
                    panic!("nothing is audited");
                };
                assert_eq!(Some(number), numbers.next());
                let (policy, seed) = drill.run_at(number - first);
                assert_eq!((&drill.policies()[policy], seed), (run.policy, run.seed));
            }
        }
        assert_eq!(numbers.next(), None);
    }
}

//! Many runs side by side: the same bytes whatever the number of threads.
//!
//! ```text
//! runs, in order --> workers --> results, by number --> merged in order --> reports, in order
//! ```
//!
//! A run is one scenario under one policy and one seed. Workers take the next open run; results
//! wait until their turn. So the order of merging, and the scenario at which a caller stops, do not
//! depend on the speed of workers.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Drill, Engine, subject};
use crate::policy::config::Policy;
use crate::prices::Book;
use crate::report::measures::View;
use crate::report::subject::Subject;
use crate::report::{BROKEN, BySeed, CallOutcomes, Collector, Report, RunStats};
use crate::scenario::Scenario;

/// Runs `drills` on `workers` threads. Calls `on_run` for each run that ends, in any order, and
/// `on_report` with each drill's position and report, in order; that may stop the rest.
pub fn run_all(
    drills: &[Drill],
    workers: NonZero<usize>,
    on_run: &mut dyn FnMut(),
    on_report: &mut dyn FnMut(usize, Report) -> ControlFlow<()>,
) {
    let runs = Mutex::new(drills.iter().flat_map(runs_of).enumerate());
    let stopped = AtomicBool::new(false);
    let (sender, receiver) = mpsc::channel();
    let total: u64 = drills.iter().map(Drill::runs).fold(0, u64::saturating_add);
    let workers = workers
        .get()
        .min(usize::try_from(total).unwrap_or(usize::MAX));
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let sender = sender.clone();
            scope.spawn(|| work(&runs, &stopped, sender));
        }
        drop(sender);
        let mut results = Results::new(receiver, on_run);
        for (place, drill) in drills.iter().enumerate() {
            // Without a report a worker panicked: the scope passes the panic on.
            let Some(report) = report(drill, &mut results) else {
                break;
            };
            if on_report(place, report).is_break() {
                break;
            }
        }
        stopped.store(true, Ordering::Relaxed);
    });
}

/// What a run came to, and how each of its calls ended.
type Ended = (RunStats, CallOutcomes);

/// One scenario under one policy and one seed.
struct Run<'a> {
    scenario: &'a Scenario,
    subject: &'a Subject,
    policy: &'a Policy,
    seed: u64,
    engine: Engine,
}

/// The runs of a drill: policy by policy, seed by seed.
fn runs_of(drill: &Drill) -> impl Iterator<Item = Run<'_>> + Send {
    drill.policies().iter().flat_map(|policy| {
        drill.seeds_to_run().map(|seed| Run {
            scenario: drill.scenario(),
            subject: drill.subject(),
            policy,
            seed,
            engine: drill.changes.engine,
        })
    })
}

/// Takes runs and makes them until none is left, or until the caller stops.
fn work<'a>(
    runs: &Mutex<impl Iterator<Item = (usize, Run<'a>)>>,
    stopped: &AtomicBool,
    results: Sender<(usize, Ended)>,
) {
    while !stopped.load(Ordering::Relaxed) {
        let next = runs.lock().unwrap_or_else(PoisonError::into_inner).next();
        let Some((number, run)) = next else {
            return;
        };
        if results.send((number, run.make())).is_err() {
            return;
        }
    }
}

impl Run<'_> {
    /// Makes the run, and counts it. Panics when an event panicked while it was counted.
    fn make(&self) -> Ended {
        let subject = subject::under_seed(self.subject, self.scenario, self.seed);
        let origins = subject::origins(self.scenario, self.seed);
        let fold = Collector::with_origins(&subject, origins);
        let fold = Arc::new(Mutex::new(fold));
        let recorder = fold.clone();
        self.engine
            .run(self.scenario, self.policy, self.seed, recorder);
        let mut fold = fold.lock().expect(BROKEN);
        std::mem::replace(&mut *fold, Collector::new(&subject)).finish_by_call()
    }
}

/// The report on `drill`, whose results come next.
fn report(drill: &Drill, results: &mut Results<Ended>) -> Option<Report> {
    let seeds = drill.seeds_to_run();
    let prices = drill.subject().prices();
    let (mut policies, mut runs, mut configs) = (Vec::new(), Vec::new(), Vec::new());
    for policy in drill.policies() {
        let mut merged: Option<RunStats> = None;
        let mut by_seed = BySeed::default();
        for seed in seeds.clone() {
            let (state, calls) = results.next()?;
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
        .with_price_file(drill.changes.prices.as_deref().map(Book::path))
        .with_overrides(&drill.changes.set);
    Some(report.with_configs(configs).with_runs(runs))
}

/// Results as they come, handed out by number.
struct Results<'a, T> {
    incoming: Receiver<(usize, T)>,
    on_run: &'a mut dyn FnMut(),
    early: BTreeMap<usize, T>,
    next: usize,
}

impl<'a, T> Results<'a, T> {
    fn new(incoming: Receiver<(usize, T)>, on_run: &'a mut dyn FnMut()) -> Self {
        Self {
            incoming,
            on_run,
            early: BTreeMap::new(),
            next: 0,
        }
    }

    /// The next result in order; none when all workers have ended.
    fn next(&mut self) -> Option<T> {
        loop {
            if let Some(result) = self.early.remove(&self.next) {
                self.next += 1;
                return Some(result);
            }
            let (number, result) = self.incoming.recv().ok()?;
            (self.on_run)();
            self.early.insert(number, result);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_out_by_number_whatever_order_they_come_in() {
        let (sender, receiver) = mpsc::channel();
        for (number, result) in [(2, "c"), (0, "a"), (1, "b")] {
            sender.send((number, result)).expect("the receiver is here");
        }
        drop(sender);
        let mut ended = 0;
        let mut on_run = || ended += 1;
        let mut results = Results::new(receiver, &mut on_run);
        let all = Vec::from_iter(std::iter::from_fn(|| results.next()));
        assert_eq!(all, ["a", "b", "c"]);
        assert_eq!(ended, 3);
    }

    #[test]
    fn a_result_that_never_comes_ends_the_wait() {
        let (sender, receiver) = mpsc::channel();
        sender.send((1, "b")).expect("the receiver is here");
        drop(sender);
        let mut on_run = || ();
        assert_eq!(Results::new(receiver, &mut on_run).next(), None);
    }
}

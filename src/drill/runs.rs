//! Many runs side by side: the same bytes whatever the number of threads.
//!
//! A run is one scenario under one policy and one seed. States are merged in the order of the runs,
//! so neither what comes of it, nor the scenario at which a caller stops, depends on the speed of
//! workers. `side_by_side` has the threads.

use std::io;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use super::side_by_side::{NoThread, Results, Threads, side_by_side};
use super::verify::{Fingerprint, Hashing};
use super::{Control, Drill, Engine, Finished, subject};
use crate::policy::config::Policy;
use crate::prices::Book;
use crate::report::measures::View;
use crate::report::subject::Subject;
use crate::report::{BROKEN, BySeed, Collector, Report, RunStats};
use crate::scenario::Scenario;
use crate::trace::Recorder;

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
    let on_run = &mut |_: Option<(u64, Fingerprint)>| on_run();
    run_controlled(drills, workers, Control::default(), on_run, on_report)
}

/// As [`run_all`], under the control of the caller; `on_run` gets the number and the fingerprint of
/// each run of its sample. Runs are numbered from 0, drill by drill, policy by policy, seed by seed.
///
/// # Errors
/// As [`run_all`].
pub fn run_controlled(
    drills: &[Drill],
    workers: NonZero<usize>,
    control: Control<'_>,
    on_run: &mut dyn FnMut(Option<(u64, Fingerprint)>),
    on_report: &mut dyn FnMut(usize, Report) -> ControlFlow<()>,
) -> Result<Threads, NoThread> {
    let runs = drills.iter().flat_map(runs_of);
    let total: u64 = drills.iter().map(Drill::runs).fold(0, u64::saturating_add);
    let total = NonZero::new(usize::try_from(total).unwrap_or(usize::MAX));
    side_by_side(
        workers.min(total.unwrap_or(NonZero::<usize>::MIN)),
        runs.take_while(|_| !control.is_interrupted()),
        |number, run: &Run<'_>| run.find_or_make(number as u64, control),
        &mut |ended: &Ended| on_run(ended.fingerprint()),
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

/// A run that has ended.
struct Ended {
    number: u64,
    /// None when the checkpoint has it: it is read when its turn comes, so that there are not many
    /// in memory.
    finished: Option<Finished>,
}

impl Ended {
    fn fingerprint(&self) -> Option<(u64, Fingerprint)> {
        let fingerprint = self.finished.as_ref()?.fingerprint?;
        Some((self.number, fingerprint))
    }
}

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

impl Run<'_> {
    /// The run, which is made and kept unless it was finished before.
    fn find_or_make(&self, number: u64, control: Control<'_>) -> io::Result<Ended> {
        let is_sampled = control.sample.contains(number);
        let finished = match control.has(number) {
            true if is_sampled => control.load(number),
            true => None,
            false => {
                let finished = self.make(is_sampled)?;
                control.save(number, &finished);
                Some(finished)
            }
        };
        Ok(Ended { number, finished })
    }

    /// Makes the run, and counts it. Panics when an event panicked while it was counted.
    fn make(&self, is_sampled: bool) -> io::Result<Finished> {
        let subject = subject::under_seed(self.subject, self.scenario, self.seed);
        let origins = subject::origins(self.scenario, self.seed);
        let fold = Collector::with_origins(&subject, origins);
        let fold = Arc::new(Mutex::new(fold));
        let hashing = is_sampled.then(|| Arc::new(Hashing::new(Some(fold.clone()))));
        let recorder = match &hashing {
            Some(hashing) => hashing.clone() as Arc<dyn Recorder>,
            None => fold.clone(),
        };
        self.engine
            .run(self.scenario, self.policy, self.seed, recorder)?;
        let mut fold = fold.lock().expect(BROKEN);
        let fold = std::mem::replace(&mut *fold, Collector::new(&subject));
        let (state, calls) = fold.finish_by_call();
        Ok(Finished {
            state,
            calls,
            fingerprint: hashing.map(|hashing| hashing.fingerprint()),
        })
    }
}

/// The report on `drill`, whose results come next.
fn report(drill: &Drill, control: Control<'_>, results: &mut Results<'_, Ended>) -> Option<Report> {
    let seeds = drill.seeds_to_run();
    let prices = drill.subject().prices();
    let (mut policies, mut runs, mut configs) = (Vec::new(), Vec::new(), Vec::new());
    for policy in drill.policies() {
        let mut merged: Option<RunStats> = None;
        let mut by_seed = BySeed::default();
        for seed in seeds.clone() {
            let Ended { number, finished } = results.next()?;
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
        .with_price_file(drill.changes.prices.as_deref().map(Book::path))
        .with_overrides(&drill.changes.set);
    Some(report.with_configs(configs).with_runs(runs))
}

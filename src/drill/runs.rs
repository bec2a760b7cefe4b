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
use super::verify::{Fingerprint, Hashing, Sample};
use super::{Drill, Engine, subject};
use crate::policy::config::Policy;
use crate::prices::Book;
use crate::report::measures::View;
use crate::report::subject::Subject;
use crate::report::{BROKEN, BySeed, CallOutcomes, Collector, Report, RunStats};
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
    run_sampled(drills, workers, Sample::default(), on_run, on_report)
}

/// As [`run_all`]; `on_run` gets the number and the fingerprint of each run of `sample`. Runs are
/// numbered from 0, drill by drill, policy by policy, seed by seed.
///
/// # Errors
/// As [`run_all`].
pub fn run_sampled(
    drills: &[Drill],
    workers: NonZero<usize>,
    sample: Sample,
    on_run: &mut dyn FnMut(Option<(u64, Fingerprint)>),
    on_report: &mut dyn FnMut(usize, Report) -> ControlFlow<()>,
) -> Result<Threads, NoThread> {
    let total: u64 = drills.iter().map(Drill::runs).fold(0, u64::saturating_add);
    let total = NonZero::new(usize::try_from(total).unwrap_or(usize::MAX));
    side_by_side(
        workers.min(total.unwrap_or(NonZero::<usize>::MIN)),
        drills.iter().flat_map(runs_of),
        |number, run: &Run<'_>| run.make(number as u64, sample),
        &mut |ended: &Ended| on_run(ended.fingerprint),
        |results| {
            for (place, drill) in drills.iter().enumerate() {
                // Without a report a worker panicked, and that is passed on; or there is no thread.
                let Some(report) = report(drill, results) else {
                    break;
                };
                if on_report(place, report).is_break() {
                    break;
                }
            }
        },
    )
}

/// What a run came to, and how each of its calls ended.
struct Ended {
    state: RunStats,
    calls: CallOutcomes,
    /// Its number and its fingerprint, if it is in the sample.
    fingerprint: Option<(u64, Fingerprint)>,
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
    /// Makes the run, and counts it. Panics when an event panicked while it was counted.
    fn make(&self, number: u64, sample: Sample) -> io::Result<Ended> {
        let subject = subject::under_seed(self.subject, self.scenario, self.seed);
        let origins = subject::origins(self.scenario, self.seed);
        let fold = Collector::with_origins(&subject, origins);
        let fold = Arc::new(Mutex::new(fold));
        let hashing = sample.contains(number);
        let hashing = hashing.then(|| Arc::new(Hashing::new(Some(fold.clone()))));
        let recorder = match &hashing {
            Some(hashing) => hashing.clone() as Arc<dyn Recorder>,
            None => fold.clone(),
        };
        self.engine
            .run(self.scenario, self.policy, self.seed, recorder)?;
        let mut fold = fold.lock().expect(BROKEN);
        let fold = std::mem::replace(&mut *fold, Collector::new(&subject));
        let (state, calls) = fold.finish_by_call();
        Ok(Ended {
            state,
            calls,
            fingerprint: hashing.map(|hashing| (number, hashing.fingerprint())),
        })
    }
}

/// The report on `drill`, whose results come next.
fn report(drill: &Drill, results: &mut Results<'_, Ended>) -> Option<Report> {
    let seeds = drill.seeds_to_run();
    let prices = drill.subject().prices();
    let (mut policies, mut runs, mut configs) = (Vec::new(), Vec::new(), Vec::new());
    for policy in drill.policies() {
        let mut merged: Option<RunStats> = None;
        let mut by_seed = BySeed::default();
        for seed in seeds.clone() {
            let Ended { state, calls, .. } = results.next()?;
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

//! The hunter against planted defects: it finds each, and makes it small.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use firedrill::Document;
use firedrill::drill::{Changes, Drill};
use firedrill::search::batch::{Batches, Forgetful, Memory, Stopped, Values};
use firedrill::search::hunt::{Hazards, Hunt, Options, Outcome};

const FOLDER: &str = "tests/scenarios/hunted";

/// A hunt of a planted defect: a world that is healthy by itself has a fault after which, a minute
/// later, most calls still fail.
fn hunt(policy: &str, faults: &str, budget: u64) -> Hunt {
    let changes = Changes {
        policies: vec![format!("{FOLDER}/policies/{policy}.yaml")],
        set: vec![("run.duration".to_owned(), "3m".to_owned())],
        ..Changes::default()
    };
    let drill = Drill::load_with(format!("{FOLDER}/pond.yaml"), changes).expect("a drill");
    let document = Document::parse("faults.yaml", faults).expect("YAML");
    let hazards = Hazards::of(&document).expect("faults");
    let options = Options {
        seeds: 1..=2,
        budget,
        seed: 1,
    };
    let calm = Some(Duration::from_secs(60));
    Hunt::new(&drill, &hazards, "success_rate < 50%", calm, options).expect("a hunt")
}

fn run(hunt: &Hunt, workers: usize, memory: &dyn Memory) -> Outcome {
    let workers = NonZero::new(workers).expect("not none");
    let mut batches = Batches::new(workers, memory, None);
    hunt.run(&mut batches, &mut |_| ()).expect("it ends")
}

/// All that a hunt shows and writes.
fn bytes(outcome: &Outcome) -> String {
    let found = outcome.found.as_ref().expect("a world");
    let files = found
        .files(&PathBuf::from("."), "found", &[])
        .expect("a scenario");
    format!(
        "{files:?} {:?} {:?} {:?}",
        found.finding,
        found.story(),
        outcome.coverage
    )
}

/// Two faults that hold places, and two that only fail.
const FAULTS: &str = "
at_most: 2
load: 0.8..1.2
faults:
  hang: { inject: hang, rate: 10%..100% }
  reset: { inject: reset, rate: 10%..100% }
  blackhole: { inject: blackhole }
  overloaded: { inject: overloaded, rate: 10%..100% }
";

#[test]
fn a_limiter_that_starves_is_found_with_one_fault_that_holds_its_places() {
    let outcome = run(&hunt("starving-limiter", FAULTS, 60_000), 2, &Forgetful);
    let found = outcome.found.as_ref().expect("a world");
    assert_eq!(found.words.len(), 1, "{:?}", found.words);
    assert!(
        ["hang", "blackhole"].contains(&found.title.as_str()),
        "{:?}",
        found.words
    );
    assert_eq!(found.seeds, [1, 2]);
    assert!(outcome.coverage.calls <= 60_000, "{:?}", outcome.coverage);
    let patient = ["resilient".to_owned()];
    let others = found.others(&patient).expect("a preset");
    assert_eq!(others[0].verdict.word(), "fails", "{:?}", others[0]);
}

#[test]
fn a_breaker_that_wedges_is_found_with_one_fault_and_breaks_on_the_wire_as_well() {
    let outcome = run(&hunt("wedged-breaker", FAULTS, 60_000), 2, &Forgetful);
    let found = outcome.found.expect("a world");
    assert_eq!(found.words.len(), 1, "{:?}", found.words);
    let folder = tempfile::tempdir().expect("a folder");
    let files = found
        .files(folder.path(), "wedged", &["Why.".to_owned()])
        .expect("files");
    for (file, text) in &files {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    assert!(
        files[0].1.starts_with("# Why.\n# hunted-1: "),
        "{}",
        files[0].1
    );
    let written = Drill::load(folder.path().join("wedged.yaml")).expect("a scenario");
    assert!(written.scenario().about.ends_with('?'));
    written.run().assert();
}

#[test]
fn a_hunt_has_the_same_bytes_on_one_thread_and_on_two_and_after_an_interruption() {
    let hunt = hunt("starving-limiter", FAULTS, 60_000);
    let kept = Kept::default();
    let one = bytes(&run(&hunt, 1, &kept));
    // What was kept up to the middle, as an interrupted process leaves it.
    let mut numbers = kept.0.into_inner().expect("no panic");
    let half = numbers.len() as u64 / 2;
    numbers.retain(|job, _| *job < half);
    let rest = Kept(Mutex::new(numbers));
    assert_eq!(bytes(&run(&hunt, 2, &rest)), one);
}

#[test]
fn an_interrupted_hunt_stops() {
    let flag = AtomicBool::new(false);
    let workers = NonZero::<usize>::MIN;
    let mut batches = Batches::new(workers, &Forgetful, Some(&flag));
    let stopped = hunt("starving-limiter", FAULTS, 60_000)
        .run(&mut batches, &mut |_| flag.store(true, Ordering::Relaxed));
    assert!(matches!(stopped, Err(Stopped::Interrupted)));
}

#[test]
fn a_fault_that_does_no_harm_finds_nothing_and_the_coverage_says_so() {
    let faults = "load: 0.8..1\nfaults: { twice: { inject: double_billed, rate: 10%..50% } }\n";
    let outcome = run(&hunt("wedged-breaker", faults, 20_000), 2, &Forgetful);
    assert!(outcome.found.is_none());
    let coverage = outcome.coverage;
    assert!(
        coverage.worlds > 20 && coverage.calls >= 16_000,
        "{coverage:?}"
    );
    assert_eq!(coverage.kinds, [("twice".to_owned(), coverage.worlds - 1)]);
    assert!(coverage.nearest.is_some());
}

#[derive(Default)]
struct Kept(Mutex<BTreeMap<u64, Values>>);

impl Memory for Kept {
    fn recall(&self, job: u64) -> Option<Values> {
        self.0.lock().expect("no panic").get(&job).cloned()
    }

    fn keep(&self, job: u64, values: &Values) {
        self.0.lock().expect("no panic").insert(job, values.clone());
    }
}

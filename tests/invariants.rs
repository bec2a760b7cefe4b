//! What must hold for every call whatever the world does to it: small random scenarios, with faults
//! out of the whole catalogue, under random policies with every mechanism on and off, through the
//! real client. `drawn` makes them up, and `law` reads the trace of each run.

use std::sync::{Arc, Mutex};

use drawn::{Case, cases};
use firedrill::policy::config::Policy;
use firedrill::scenario::{Scenario, load};
use firedrill::trace::{Event, Recorder};
use firedrill::world;
use law::Law;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

#[path = "invariants/drawn.rs"]
mod drawn;
#[path = "invariants/law.rs"]
mod law;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 160,
        failure_persistence: None,
        max_shrink_iters: 200,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_world_makes_a_call_break_its_bounds(case in cases()) {
        let (scenario, policy) = case.read();
        let trace = run(&scenario, &policy, case.seed);
        let broken = Law::new(&case, &scenario, &policy).broken(&trace);
        prop_assert!(broken.is_empty(), "{}\n{case}", broken.join("\n"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 8,
        failure_persistence: None,
        max_shrink_iters: 0,
        rng_seed: RngSeed::Fixed(2),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_same_case_is_the_same_story(case in cases()) {
        let (scenario, policy) = case.read();
        let [first, second] = [(); 2].map(|()| run(&scenario, &policy, case.seed));
        prop_assert!(first == second, "two runs differ\n{case}");
    }
}

fn run(scenario: &Scenario, policy: &Policy, seed: u64) -> Vec<Event> {
    let trace = Arc::new(Trace::default());
    world::run(scenario, policy, seed, trace.clone());
    std::mem::take(&mut trace.0.lock().expect("no panic"))
}

impl Case {
    /// The scenario and the policy, through the files' own readers.
    fn read(&self) -> (Scenario, Policy) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("drill.yaml");
        std::fs::write(&path, &self.scenario).expect("a file");
        let loaded = load::load(&path, &[]);
        let loaded = loaded.unwrap_or_else(|problem| panic!("{problem}\n{self}"));
        let policy = Policy::parse("mine.yaml", &self.policy);
        let policy = policy.unwrap_or_else(|problem| panic!("{problem}\n{self}"));
        (loaded.scenario, policy)
    }
}

/// Keeps all that happens, in order.
#[derive(Default)]
struct Trace(Mutex<Vec<Event>>);

impl Recorder for Trace {
    fn record(&self, event: &Event) {
        self.0.lock().expect("no panic").push(event.clone());
    }
}

//! The search of `tune`, beside random search with the same races: what each finds for the same
//! calls, and how often a search claims a gain where there is none.
//!
//! Not a matter of time: counts, the same on every machine. It takes some minutes.

use std::num::NonZero;
use std::path::Path;

use firedrill::Document;
use firedrill::drill::{self, Changes, Drill, Engine};
use firedrill::search::batch::{Batches, Forgetful};
use firedrill::search::goal::Goal;
use firedrill::search::space::Space;
use firedrill::search::tune::{Plan, Tuned, tune};
use firedrill::search::worlds::Worlds;

/// A question: its scenario, base, space and the words of its goal.
struct Question {
    name: &'static str,
    drill: Drill,
    space: Space,
}

impl Question {
    fn new(name: &'static str, scenario: &str, policy: &str, space: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let changes = Changes {
            policies: vec![root.join(policy).display().to_string()],
            engine: Engine::Model,
            ..Changes::default()
        };
        let drill = Drill::load_with(root.join(scenario), changes).expect("it is shipped");
        let document = match space.contains('\n') {
            true => Document::parse("space.yaml", space),
            false => Document::read(&root.join(space)),
        };
        let space = Space::read(&document.expect("YAML"), &drill.policy_documents()[0]);
        Self {
            name,
            drill,
            space: space.expect("a space"),
        }
    }

    fn answer(&self, is_guided: bool, budget: u64, seed: u64) -> Tuned {
        let goal = Goal::default();
        let worlds = Worlds::new(vec![self.drill.clone()], &goal, None).expect("a goal");
        let base = &self.drill.policies()[0];
        let plan = Plan {
            worlds: &worlds,
            goal: goal.words(),
            objectives: goal.names().map(str::to_owned).collect(),
            is_front: false,
            base,
            space: &self.space,
            is_guided,
            budget,
            seed,
            judged_by: 1..=20,
            held_out: None,
            wire_seeds: 0,
        };
        let workers: NonZero<usize> = drill::workers(None);
        let mut batches = Batches::new(workers, &Forgetful, None);
        tune(&plan, &mut batches, &mut |_| ()).expect("threads")
    }
}

/// The share of calls that the chosen policy answers under the seeds that judge; what fails a
/// constraint there is worth nothing.
fn worth(tuned: &Tuned) -> f64 {
    match &tuned.judged {
        Some(judged) if tuned.is_gain() && judged.failed.is_empty() => judged.gains[0].tuned,
        Some(judged) => judged.gains[0].base,
        None => 0.0,
    }
}

fn compare(question: &Question, budget: u64) {
    let (mut at_least, mut with_half) = (0, 0);
    for seed in 1..=REPETITIONS {
        let random = worth(&question.answer(false, budget, seed));
        let guided = worth(&question.answer(true, budget, seed));
        let half = worth(&question.answer(true, budget / 2, seed));
        at_least += u64::from(guided >= random - TIE);
        with_half += u64::from(half >= random - TIE);
        println!(
            "{} seed {seed}: random {:.2} %, guided {:.2} %, guided with half of the calls {:.2} %",
            question.name,
            random * 100.0,
            guided * 100.0,
            half * 100.0
        );
    }
    println!(
        "{}: guided is at least as good as random search in {at_least} of {REPETITIONS}, and with \
         half of the calls in {with_half}",
        question.name
    );
}

/// How often a search over settings that change only luck claims a gain.
fn false_claims() {
    let luck = Question::new(
        "only-luck",
        "tests/scenarios/planted/only-luck.yaml",
        "tests/scenarios/planted/policies/weighted-once.yaml",
        "overrides.by_name.one.weight: [1, 2, 3, 4, 5, 6, 7, 8, 9]\n",
    );
    let claims = (1..=SEARCHES).filter(|seed| luck.answer(true, 20_000, *seed).is_gain());
    println!(
        "only-luck: {} of {SEARCHES} searches claim a gain",
        claims.count()
    );
}

fn main() {
    // The ordinary test run only builds it.
    if !std::env::args().any(|word| word == "--bench") {
        return;
    }
    false_claims();
    for (name, policy) in [
        ("backoff", "sdk-backoff"),
        ("breaker", "usual-breaker"),
        ("hedging", "no-hedge"),
    ] {
        let question = Question::new(
            name,
            &format!("scenarios/tuning/{name}.yaml"),
            &format!("scenarios/tuning/policies/{policy}.yaml"),
            &format!("spaces/{name}.yaml"),
        );
        compare(&question, BUDGET);
    }
}

const REPETITIONS: u64 = 10;
/// Searches for a gain that is not there.
const SEARCHES: u64 = 200;
/// Calls of each search: few enough that what is tried matters.
const BUDGET: u64 = 400_000;
/// Differences below this come from the seeds that judge.
const TIE: f64 = 0.002;

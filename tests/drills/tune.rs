//! Searches with known answers, end to end: scenario, policy and space in, a tuned policy out.

use std::num::NonZero;
use std::path::Path;

use firedrill::Document;
use firedrill::drill::{Changes, Drill, Engine};
use firedrill::search::batch::{Batches, Forgetful};
use firedrill::search::goal::Goal;
use firedrill::search::space::Space;
use firedrill::search::tune::{Finding, Plan, Tuned, tune};
use firedrill::search::worlds::Worlds;
use firedrill::units::duration;

/// A search, of which only the question differs.
struct Question<'a> {
    scenario: &'a str,
    policy: &'a str,
    space: &'a str,
    goal: &'a str,
    set: &'a [(&'a str, &'a str)],
    budget: u64,
    seed: u64,
    jobs: usize,
}

impl Question<'_> {
    fn answer(&self) -> Tuned {
        let planted = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/planted");
        let set = self.set.iter();
        let changes = Changes {
            policies: vec![
                planted
                    .join("policies")
                    .join(self.policy)
                    .display()
                    .to_string(),
            ],
            set: set
                .map(|(path, value)| ((*path).to_owned(), (*value).to_owned()))
                .collect(),
            engine: Engine::Model,
            ..Changes::default()
        };
        let drill = Drill::load_with(planted.join(self.scenario), changes).expect("it is right");
        let space = Document::parse("space.yaml", self.space).expect("YAML");
        let space = Space::read(&space, &drill.policy_documents()[0]).expect("a space");
        let goals = match self.goal {
            "" => Vec::new(),
            goal => vec![goal.to_owned()],
        };
        let goal = Goal::parse("--objective", &goals, &[]).expect("a goal");
        let base = drill.policies()[0].clone();
        let worlds = Worlds::new(vec![drill], &goal, None).expect("a goal of this scenario");
        let plan = Plan {
            worlds: &worlds,
            goal: goal.words(),
            objectives: goal.names().map(str::to_owned).collect(),
            is_front: goal.is_front,
            base: &base,
            space: &space,
            is_guided: true,
            budget: self.budget,
            seed: self.seed,
            judged_by: 1..=12,
            held_out: None,
            wire_seeds: 0,
        };
        let jobs = NonZero::new(self.jobs).expect("not none");
        let mut batches = Batches::new(jobs, &Forgetful, None);
        tune(&plan, &mut batches, &mut |_| ()).expect("threads")
    }
}

const QUESTION: Question<'static> = Question {
    scenario: "attempt-timeout.yaml",
    policy: "many-attempts.yaml",
    space: "timeouts.attempt: 200ms..4s log\n",
    goal: "",
    set: &[("run.duration", "40s")],
    budget: 20_000,
    seed: 1,
    jobs: 2,
};

fn chosen<'a>(tuned: &'a Tuned, path: &str) -> Option<&'a str> {
    let found = tuned.chosen().iter().find(|(set, _)| set == path);
    found.map(|(_, value)| value.as_str())
}

fn finding(tuned: &Tuned) -> Option<Finding> {
    tuned.judged.as_ref().map(|judged| judged.finding)
}

#[test]
fn the_best_timeout_is_the_one_that_follows_from_arithmetic() {
    let tuned = QUESTION.answer();
    assert_eq!(finding(&tuned), Some(Finding::Better(0)));
    let timeout = chosen(&tuned, "timeouts.attempt").expect("it changed");
    let timeout = duration::parse(timeout).expect("a time").as_millis();
    assert!((1_002..=1_298).contains(&timeout), "{timeout} ms");
    let judged = tuned.judged.expect("it was judged");
    let gain = &judged.gains[0];
    assert!((0.90..0.97).contains(&gain.tuned), "{gain:?}");
    let [mean, low, high] = gain.difference.expect("many seeds");
    assert!(low > 0.0 && low < mean && mean < high, "{gain:?}");
}

#[test]
fn where_retries_cannot_help_there_are_none() {
    let in_vain = Question {
        scenario: "retries-in-vain.yaml",
        policy: "four-attempts.yaml",
        space: "retry.max_attempts: 1..8\nretry.backoff.base: 1ms..1s log\n",
        budget: 30_000,
        ..QUESTION
    };
    let tuned = in_vain.answer();
    assert_eq!(finding(&tuned), Some(Finding::Better(1)), "cheaper");
    assert_eq!(chosen(&tuned, "retry.max_attempts"), Some("1"));
    assert_eq!(
        chosen(&tuned, "retry.backoff.base"),
        None,
        "it has no effect"
    );
    let unbilled = Question {
        set: &[("run.duration", "40s"), ("faults.broken.billed", "false")],
        ..in_vain
    };
    let tuned = unbilled.answer();
    assert!(
        !tuned.is_gain() && tuned.chosen().is_empty(),
        "{:?}",
        tuned.changes
    );
}

#[test]
fn where_only_the_order_matters_the_order_is_found() {
    let order = Question {
        scenario: "order.yaml",
        policy: "in-order.yaml",
        space: "overrides.by_name.cheap.priority_group: [0, 1]\n\
                overrides.by_name.dear.priority_group: [0, 1]\n\
                retry.max_attempts: 1..8\n",
        budget: 20_000,
        ..QUESTION
    };
    let tuned = order.answer();
    assert_eq!(finding(&tuned), Some(Finding::Better(1)));
    let cheap = chosen(&tuned, "overrides.by_name.cheap.priority_group");
    assert_eq!((cheap, tuned.chosen().len()), (Some("0"), 1));
}

#[test]
fn luck_is_no_gain() {
    let claims = (1..=12).filter(|seed| {
        let luck = Question {
            scenario: "only-luck.yaml",
            policy: "weighted-once.yaml",
            space: "overrides.by_name.one.weight: [1, 2, 3, 5, 8]\n",
            set: &[("run.duration", "15s")],
            budget: 3_000,
            seed: *seed,
            ..QUESTION
        };
        luck.answer().is_gain()
    });
    let claims = claims.count();
    assert!(
        claims <= 3,
        "{claims} of 12 searches claim a gain where there is none"
    );
}

#[test]
fn a_search_is_the_same_whatever_the_number_of_threads() {
    let one = Question {
        jobs: 1,
        ..QUESTION
    };
    let three = Question {
        jobs: 3,
        ..QUESTION
    };
    assert_eq!(
        format!("{:?}", one.answer()),
        format!("{:?}", three.answer())
    );
    let other = Question {
        seed: 2,
        ..QUESTION
    };
    assert_ne!(
        format!("{:?}", one.answer().trials),
        format!("{:?}", other.answer().trials)
    );
}

#[test]
fn several_objectives_have_a_front_whose_points_beat_each_other_in_none() {
    let front = Question {
        goal: "maximise success_rate, minimise latency.p95",
        budget: 25_000,
        ..QUESTION
    };
    let tuned = front.answer();
    let points = Vec::from_iter(
        tuned
            .front
            .iter()
            .map(|place| &tuned.trials[*place].objectives),
    );
    assert!(points.len() >= 2, "{points:?}");
    for one in &points {
        let beats = |other: &&Vec<f64>| other[0] > one[0] && other[1] < one[1];
        assert!(!points.iter().any(beats), "{points:?}");
    }
}

//! Blame: the fault that a random incident was planted with is the one that is named.
//!
//! In half of the incidents the planted fault strikes the failed calls itself. In the others it
//! strikes the primary, all calls go to a backup with a small limit, and fail there: no fault
//! strikes them, but they would not fail without it.

use std::fmt::Write as _;

use firedrill::drill::{Changes, Drill};

/// A small generator of numbers below a bound (an LCG with Knuth's constants).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

/// A scenario of twenty seconds; its planted fault is called `planted`.
fn incident(dice: &mut Dice, is_direct: bool) -> String {
    let (at, length) = (2 + dice.below(8), 5 + dice.below(6));
    let planted = match is_direct {
        true => {
            let inject = dice.of(&["outage", "503", "reset", "auth", "429", "early_fin"]);
            format!("inject: {inject}, rate: {}%", dice.of(&[70, 85, 100]))
                .replace("outage, rate: 70%", "outage")
                .replace("outage, rate: 85%", "outage")
                .replace("outage, rate: 100%", "outage")
        }
        false => format!("inject: {}", dice.of(&["outage", "503", "reset"])),
    };
    let mut faults = vec![
        format!("planted: {{ at: {at}s, for: {length}s, target: main, {planted} }}"),
        "slow: { target: main, inject: slow, factor: 1.5 }".to_owned(),
        format!(
            "noise: {{ target: main, inject: 503, rate: {}% }}",
            1 + dice.below(4)
        ),
        format!(
            "aside: {{ at: {}s, target: backup, inject: slow, factor: 2 }}",
            dice.below(9)
        ),
    ];
    let shift = dice.below(faults.len() as u64) as usize;
    faults.rotate_left(shift);
    let mut text = "name: incident\nabout: Which fault is it?\n\
        run: { duration: 20s, seeds: 1..1 }\nproviders:\n"
        .to_owned();
    let provider = "dialect: openai, model: gpt-4.1, ttft: { p50: 200ms, p99: 600ms }, \
        speed: 200 tok/s";
    let _ = writeln!(text, "  main: {{ {provider} }}");
    let _ = writeln!(text, "  backup: {{ {provider}, limits: {{ rpm: 6 }} }}");
    text += "load: { arrivals: poisson, rate: 2/s, prompt: { p50: 100 tok, p99: 200 tok }, \
        output: { p50: 10 tok, p99: 40 tok } }\nfaults:\n";
    for fault in &faults {
        let _ = writeln!(text, "  {fault}");
    }
    let policy = if is_direct {
        "no-failover"
    } else {
        "priority-fallback"
    };
    let _ = writeln!(text, "policies: [ {policy} ]");
    text
}

#[test]
fn the_planted_fault_of_a_random_incident_is_blamed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("incident.yaml");
    let mut dice = Dice(1);
    let mut missed = Vec::new();
    for number in 0..100 {
        let text = incident(&mut dice, number % 2 == 0);
        std::fs::write(&path, &text).expect("a file");
        let drill = Drill::load_with(&path, Changes::default());
        let drill = drill.unwrap_or_else(|problems| panic!("{}\n{text}", problems[0]));
        let planted = drill.scenario().faults.iter();
        let planted = planted.clone().position(|fault| fault.name == "planted");
        let policy = drill.policies()[0].name.clone();
        let blame = drill.blame(&policy, number);
        let blame = blame.expect("a thread starts").expect("the drill runs it");
        assert!(blame.untried.is_empty());
        if blame.first().map(|fault| fault.index()) != planted {
            missed.push(format!("{number}: {blame:?}\n{text}"));
        }
    }
    assert!(
        missed.len() <= 5,
        "{} missed\n{}",
        missed.len(),
        missed.join("\n")
    );
}

#[test]
fn identical_runs_blame_identically_and_a_calm_run_blames_nothing() {
    let drill = Drill::load("scenarios/no-faults.yaml").expect("it ships");
    let policy = drill.policies()[0].name.clone();
    let again = |policy: &str| drill.blame(policy, 1).expect("a thread starts");
    let blame = again(&policy).expect("the drill runs it");
    assert_eq!(blame.first(), None);
    assert_eq!(Some(blame), again(&policy));
    assert_eq!(again("another"), None);
}

//! Spaces from files and around policies, and the mistakes in them.

use super::*;
use crate::drill::Drill;
use crate::text::{Diagnostic, Document};

fn drill(policy: &str) -> Drill {
    let drill = Drill::load("scenarios/primary-outage.yaml").expect("it is shipped");
    drill.policy(policy).expect("a preset")
}

fn read(text: &str) -> Result<Space, Diagnostic> {
    let document = Document::parse("space.yaml", text).expect("YAML");
    Space::read(&document, &drill("resilient").policy_documents()[0])
}

#[test]
fn what_lies_below_a_section_is_searched_only_where_it_is_on() {
    let space = read(
        "hedge: [none, on]\nhedge.delay: [p90, 1s]\nretry.max_attempts: 1..8\n\
         route.strategy: [priority, score]\n\
         route.score.cost: { range: 1..9, only_when: { route.strategy: score } }\n",
    )
    .expect("it is right");
    let set = |point: &[f64]| {
        let set = space.settings(point).into_iter();
        let set = Vec::from_iter(set.map(|(path, value)| format!("{path}={value}")));
        set.join(" ")
    };
    assert_eq!(set(&[0.0, 0.0, 0.0, 0.0, 0.0]), "retry.max_attempts=1");
    assert_eq!(
        set(&[0.9, 0.9, 0.0, 0.9, 0.0]),
        "hedge={} hedge.delay=1s retry.max_attempts=1 route.strategy=score route.score.cost=1"
    );
    let base = space.base_point();
    assert_eq!(set(&base), "", "the base sets nothing on top of itself");
}

#[test]
fn every_policy_that_ships_can_be_searched_without_a_file() {
    for name in crate::policy_file::presets::names() {
        let drill = drill(name);
        let space = Space::around(&drill.policies()[0]);
        assert_eq!(space.settings(&space.base_point()), [], "{name}");
        for at in [0.0, 0.3, 1.0] {
            let point = vec![at; space.dimensions().len()];
            // Ends of ranges may contradict each other; that is told, and no panic.
            let _ = drill.variant(0, &space.settings(&point));
        }
    }
}

#[test]
fn mistakes_are_shown_where_they_are() {
    let all = [
        "retry.max_attempt: 1..8\n",
        "retry.max_attempts: 0..8\n",
        "retry.max_attempts: 8..1\n",
        "retry.backoff.base: 5..8\n",
        "route.strategy: [priority, random]\n",
        "rout.strategy: [priority, score]\n",
        "hedge.delay: []\n",
        "retry.max_attempts: { range: 1..8, when: x }\n",
        "retry.max_attempts: { only_when: { hedge: on } }\n",
    ];
    let told = all.map(|text| read(text).expect_err(text).to_string());
    insta::assert_snapshot!(told.join("\n"));
}

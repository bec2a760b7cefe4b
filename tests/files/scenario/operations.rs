//! The client's side of a scenario file: keys, known facts, operations.

use firedrill::policy::ProviderId;
use firedrill::scenario::{Operation, Per, Work};
use firedrill::time::Instant;
use serde_json::json;

use super::{story, understood};

const TWO: &str =
    "speed: 130 tok/s\n  backup: { profile: anthropic/claude-haiku-4.5, one_way: 2ms }";

fn operations(text: &str) -> firedrill::scenario::Scenario {
    let story = story("speed: 130 tok/s", TWO);
    let with = format!("operations: {{ {text} }}\npolicies:");
    understood(&story.replace("policies:", &with), &[]).scenario
}

fn at(seconds: u64) -> Instant {
    Instant::from_nanos(seconds * 1_000_000_000)
}

#[test]
fn what_a_client_knows_of_a_provider_is_understood() {
    let keys = "speed: 1 tok/s\n    context: 128k tok\n    quality: 90\n    keys: 3\n    \
                limits: { rpm: 60, per: key }";
    let scenario = understood(&story("speed: 130 tok/s", keys), &[]).scenario;
    let provider = &scenario.providers[0];
    assert_eq!(provider.context, Some(128_000));
    assert_eq!(provider.quality, Some(90));
    assert_eq!(provider.limits.per, Per::Key);
    let keys: Vec<String> = provider.keys().collect();
    assert_eq!(keys, ["key-1", "key-2", "key-3"]);
    let shown = &scenario.resolved()["providers"][0];
    assert_eq!(shown["context"], "128k tok");
    assert_eq!(shown["quality"], 90);
    assert_eq!(shown["keys"], 3);
    assert_eq!(shown["limits"]["per"], "key");
}

#[test]
fn what_is_left_out_is_one_key_and_nothing_known() {
    let scenario = understood(&story("speed: 130 tok/s", "speed: 1 tok/s"), &[]).scenario;
    let provider = &scenario.providers[0];
    assert_eq!((provider.context, provider.quality), (None, None));
    assert_eq!(provider.keys().collect::<Vec<_>>(), ["key-1"]);
    let resolved = scenario.resolved();
    assert_eq!(resolved["providers"][0]["keys"], json!(null));
    assert_eq!(resolved["operations"], json!(null));
}

#[test]
fn operations_are_understood_in_their_order() {
    let text = "drain: { at: 1m, for: 2m, isolate: openai }, back: { pin: backup }";
    let scenario = operations(text);
    let works: Vec<_> = scenario
        .operations
        .iter()
        .map(|Operation { name, work, .. }| (name.as_str(), *work))
        .collect();
    let expected = [
        ("drain", Work::Isolate(ProviderId(0))),
        ("back", Work::Pin(ProviderId(1))),
    ];
    assert_eq!(works, expected);
    assert_eq!(
        scenario.resolved()["operations"],
        json!([
            { "name": "drain", "at": "1m", "for": "2m", "isolate": "openai" },
            { "name": "back", "at": "0s", "for": null, "pin": "backup" },
        ])
    );
}

#[test]
fn operations_hold_while_their_time_lasts() {
    let scenario = operations(
        "one: { at: 1m, for: 2m, isolate: openai }, two: { at: 2m, for: 2m, isolate: openai }",
    );
    let (openai, backup) = (ProviderId(0), ProviderId(1));
    assert_eq!(scenario.turns(), [60, 120, 180, 240].map(at));
    let isolated = |second| scenario.is_isolated(openai, at(second));
    assert_eq!(
        [59, 60, 180, 239, 240].map(isolated),
        [false, true, true, true, false]
    );
    assert!(!scenario.is_isolated(backup, at(100)));
    assert_eq!(scenario.pinned(at(100)), None);
}

#[test]
fn the_last_pin_counts_and_the_one_before_comes_back() {
    let scenario =
        operations("all: { at: 1m, pin: openai }, some: { at: 2m, for: 1m, pin: backup }");
    let pinned = |second| scenario.pinned(at(second)).map(|id| id.0);
    assert_eq!(
        [59, 60, 120, 179, 180].map(pinned),
        [None, Some(0), Some(1), Some(1), Some(0)]
    );
}

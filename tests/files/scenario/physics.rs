//! A provider's limits, capacity, cache and price in a scenario file.

use std::time::Duration;

use firedrill::scenario::{Charge, CountRefused, Limit, Span};
use serde_json::{Value, json};

use super::{Project, refused, story, understood};

#[test]
fn the_physics_of_a_provider_are_understood_in_full() {
    let limits = "limits: { rpm: 600, rpd: 10k, tpm: 2M, itpm: 1M, otpm: 400k, tpd: 1_000M, \
                  concurrency: 50, window: sliding, rpm_over: 10s, charge: reserve, \
                  count_refused: true, shrinks_to: 40%, account: org-1 }";
    let capacity = "capacity: { slots: 64, queue: 200, slowdown: 2.5, \
                    degrade: { to: 40%, within: 30s, recover: 5m } }";
    let price = "price: { input: 2 USD, output: 8 USD, cached: 0.2 USD }";
    let text = story(
        "speed: 130 tok/s",
        &format!(
            "speed: 1 tok/s\n    {limits}\n    {capacity}\n    {price}\n    cache: {{ ttl: 5m }}"
        ),
    );
    let scenario = understood(&text, &[]).scenario;
    let shown = &scenario.resolved()["providers"][0];
    let limit = |count, per| json!([{ "count": count, "per": per, "window": "sliding" }]);
    let two = |one: Value, other: Value| json!([one[0], other[0]]);
    assert_eq!(
        shown["limits"],
        json!({
            "requests": two(limit("100", "10s"), limit("10k", "1d")),
            "tokens": two(limit("2M", "1m"), limit("1000M", "1d")),
            "input": limit("1M", "1m"),
            "output": limit("400k", "1m"),
            "concurrency": 50, "charge": "reserve", "count_refused": true,
            "shrinks_to": "40%", "account": "org-1",
        })
    );
    assert_eq!(
        shown["capacity"],
        json!({
            "slots": 64, "queue": 200, "slowdown": "2.5",
            "degrade": { "to": "40%", "within": "30s", "recover": "5m" },
        })
    );
    assert_eq!(shown["cache"], json!({ "ttl": "5m" }));
    assert_eq!(shown["price"]["cached"], "0.2 USD");
    assert_eq!(scenario.providers[0].price.cached.usd(), "0.2");
}

#[test]
fn what_a_file_leaves_open_is_as_the_provider_keeps_it() {
    let kept = |dialect: &str| {
        let text = story("dialect: openai", &format!("dialect: {dialect}"));
        let set = [("providers.openai.limits", "{ rpm: 600, tpm: 1M }")];
        understood(&text, &set).scenario.providers.remove(0).limits
    };
    let minute = Duration::from_secs(60);
    let bucket = kept("openai");
    assert_eq!(bucket.requests[0], limit(600, minute, Span::Bucket));
    assert_eq!(
        (bucket.charge, bucket.count_refused),
        (Charge::Admission, CountRefused::Nowhere)
    );
    let azure = kept("azure");
    assert_eq!(azure.requests[0], limit(100, minute / 6, Span::Fixed));
    assert_eq!(azure.tokens[0], limit(1_000_000, minute, Span::Fixed));
    let anthropic = kept("anthropic");
    assert_eq!(anthropic.requests, bucket.requests);
    assert_eq!(anthropic.charge, Charge::Completion);
}

fn limit(count: u64, per: Duration, span: Span) -> Limit {
    Limit { count, per, span }
}

#[test]
fn an_account_has_one_set_of_limits() {
    let with = |rpm: u64| {
        let other = format!(
            "  other: {{ dialect: openai, model: gpt-4.1, ttft: 1s, speed: 1 tok/s, \
             limits: {{ rpm: {rpm}, account: org }} }}\nload:"
        );
        let first = "speed: 130 tok/s\n    limits: { rpm: 600, account: org }";
        story("speed: 130 tok/s", first).replace("load:", &other)
    };
    let scenario = understood(&with(600), &[]).scenario;
    assert_eq!(scenario.providers[0].limits, scenario.providers[1].limits);
    let words = ["other limits in `openai`", "name another account"];
    refused(&Project::new(), with(601).as_bytes(), (10, 100), words);
}

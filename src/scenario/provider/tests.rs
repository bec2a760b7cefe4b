//! A provider's profile, and what the file says beside it.

use std::fs;
use std::time::Duration;

use crate::profiles;
use crate::scenario::{Dialect, Scenario, load};
use crate::units::TokenRate;

#[test]
fn a_profile_fills_in_what_the_file_leaves_out() {
    let scenario = understood("{ profile: anthropic/claude-sonnet-4.5 }");
    let provider = &scenario.providers[0];
    assert_eq!(provider.dialect, Dialect::Anthropic);
    assert_eq!(provider.model, "claude-sonnet-4.5");
    assert_eq!(provider.ttft.p50, Duration::from_millis(1_261));
    assert_eq!(provider.limits.requests[0].count, 1_000);
    assert_eq!(provider.limits.input[0].count, 450_000);
    assert!(provider.price.source.starts_with("genai-prices"));
}

#[test]
fn what_the_file_says_wins_over_its_profile() {
    let scenario = understood(
        "{ profile: openai/gpt-4.1, model: gpt-4.1-mini, ttft: 2s, speed: 5 tok/s, \
         limits: { rpm: 7 }, dialect: openrouter }",
    );
    let provider = &scenario.providers[0];
    assert_eq!(provider.dialect, Dialect::Openrouter);
    assert_eq!(provider.model, "gpt-4.1-mini");
    assert_eq!(provider.ttft.p99, Duration::from_secs(2));
    assert_eq!(
        (provider.speed.p50, provider.speed.p99),
        (TokenRate::per_second(5), TokenRate::per_second(5))
    );
    assert_eq!(provider.limits.requests[0].count, 7);
    assert_eq!(
        provider.limits.tokens[0].count, 450_000,
        "still the profile's"
    );
}

#[test]
fn every_profile_has_a_price_and_makes_a_scenario() {
    for name in profiles::names() {
        understood(&format!("{{ profile: {name} }}"));
    }
}

fn understood(provider: &str) -> Scenario {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("drill.yaml");
    let text = format!(
        "name: drill\nrun: {{ duration: 1m }}\nproviders: {{ p: {provider} }}\n\
         load: {{ rate: 1/s, prompt: 9 tok, output: 9 tok }}\npolicies: [resilient]\n"
    );
    fs::write(&path, text).expect("a file");
    load(&path, &[])
        .unwrap_or_else(|problem| panic!("{problem}"))
        .scenario
}

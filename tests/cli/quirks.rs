//! What single quirks change: one small world each, under a policy with the quirk and without, in
//! both engines.

use crate::{Project, stdout};

/// A quirk, the world (providers, load, faults), the policy, and a measure with its values without
/// the quirk and with it.
struct Row {
    quirk: &'static str,
    faults: &'static str,
    policy: &'static str,
    measure: &'static str,
    without: f64,
    with: f64,
}

const ROWS: &[Row] = &[
    // Every second call begins at the one that is down, and stays there for three attempts. With
    // the quirk each retry is drawn: it fails where the draw is that one twice more, a quarter.
    Row {
        quirk: "retries_draw_again",
        faults: "down: { target: first, inject: 503 }",
        policy: "route: { strategy: weighted }\n\
                 retry: { max_attempts: 3, max_attempts_per_provider: 3 }\n",
        measure: "success_rate",
        without: 0.5,
        with: 0.875,
    },
    // A hundred failures in a row would open it; one does.
    Row {
        quirk: "opens_at_once: [rate_limited]",
        faults: "limited: { target: first, times: 1, inject: 429 }",
        policy: "retry: { max_attempts: 1 }\nbreaker: { consecutive_failures: 100 }\n",
        measure: "breaker.opened",
        without: 0.0,
        with: 1.0,
    },
    // Each call asks the first in vain; with the quirk only the first call does.
    Row {
        quirk: "rotation_goes_on",
        faults: "down: { target: first, inject: 503 }",
        policy: "retry: { max_attempts_per_provider: 1 }\n",
        measure: "attempts_per_call",
        without: 2.0,
        with: 1.0,
    },
    Row {
        quirk: "repeats_resets",
        faults: "cut: { target: first, inject: reset }\n  more: { target: second, inject: reset }",
        policy: "retry: { max_attempts: 1 }\n",
        measure: "attempts_per_call",
        without: 1.0,
        with: 2.0,
    },
    // Three calls fail at 60, 61 and 62 s and open it until 92 s; ten answers are still under way.
    // Then three probes of 10 s, one after the other, close it at 122 s; with the quirk the first
    // is enough, at 102 s.
    Row {
        quirk: "late_successes_count",
        faults: "slow: { target: first, inject: slow_first_token, by: 10s }\n  \
                 down: { at: 60s, for: 3s, target: first, inject: 503 }",
        policy: "retry: { max_attempts: 1 }\nbreaker: { consecutive_failures: none, \
                 max_failures: 3, success_threshold: 3, max_probes: 1, open: { initial: 30s } }\n\
                 overrides: { by_name: { second: { priority_group: 1 } } }\n",
        measure: "attempt_share(first)",
        without: 0.75,
        with: 0.833,
    },
    // It hangs from 60 s on for 15 s, and attempts end after 10 s: those of 60, 61 and 62 s open it
    // at 72 s, for 30 s. Ten more are under way; the last, at 82 s, has it open until 112 s.
    Row {
        quirk: "late_failures_prolong",
        faults: "hang: { at: 60s, for: 15s, target: first, inject: hang }",
        policy: "retry: { max_attempts: 1 }\ntimeouts: { attempt: 10s }\n\
                 breaker: { consecutive_failures: 3, open: { initial: 30s } }\n",
        measure: "attempt_share(first)",
        without: 0.875,
        with: 0.833,
    },
    // It opens at 62 s for 30 s. Probes of 93 and 94 s succeed, and that of 95 s fails: it opens
    // again, or needs two more failures.
    Row {
        quirk: "successes_forgive",
        faults: "down: { at: 60s, for: 3s, target: first, inject: 503 }\n  \
                 again: { at: 95s, for: 1s, target: first, inject: 503 }",
        policy: "retry: { max_attempts: 1 }\nbreaker: { consecutive_failures: 3, \
                 success_threshold: 10, open: { initial: 30s } }\n\
                 overrides: { by_name: { second: { priority_group: 1 } } }\n",
        measure: "breaker.opened",
        without: 2.0,
        with: 1.0,
    },
    // The first probe, at 93 s, fails; answers that came late have forgiven what was before.
    Row {
        quirk: "late_successes_count, successes_forgive",
        faults: "slow: { target: first, inject: slow_first_token, by: 10s }\n  \
                 down: { at: 60s, for: 3s, target: first, inject: 503 }\n  \
                 again: { at: 92s, for: 2s, target: first, inject: 503 }",
        policy: "retry: { max_attempts: 1 }\nbreaker: { consecutive_failures: none, \
                 max_failures: 3, success_threshold: 30, open: { initial: 30s } }\n\
                 overrides: { by_name: { second: { priority_group: 1 } } }\n",
        measure: "breaker.opened",
        without: 2.0,
        with: 1.0,
    },
];

/// Two providers, and a call each second for four minutes.
fn world(faults: &str) -> String {
    let provider = "{ dialect: openai, model: gpt-4.1, ttft: 200ms, speed: 200 tok/s }";
    format!(
        "name: quirk
run: {{ duration: 4m, seeds: 1 }}
providers: {{ first: {provider}, second: {provider} }}
load: {{ arrivals: constant, rate: 1/s, prompt: 100 tok, output: 20 tok, deadline: 40s }}
faults:\n  {faults}\npolicies: [once]\n"
    )
}

/// The value of a measure under this policy.
fn measured(faults: &str, policy: &str, measure: &str, engine: &str) -> f64 {
    measured_in(&world(faults), policy, measure, engine)
}

fn measured_in(world: &str, policy: &str, measure: &str, engine: &str) -> f64 {
    let project = Project::new()
        .with("quirk.yaml", world)
        .with("policies/once.yaml", &format!("name: once\n{policy}"));
    let words = format!("run quirk.yaml --format json --engine {engine}");
    let output = project.output(&words);
    let result: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let measures = &result["policies"]["once"]["measures"];
    measures[measure]["value"].as_f64().unwrap_or(0.0)
}

#[test]
fn a_quirk_changes_what_it_says_in_both_engines() {
    for row in ROWS {
        let quirks = match row.quirk.split_once(": ") {
            Some((name, settings)) => format!("quirks: [ {{ {name}: {settings} }} ]\n"),
            None => format!("quirks: [ {} ]\n", row.quirk),
        };
        for engine in ["model", "wire"] {
            let of = |policy: &str| measured(row.faults, policy, row.measure, engine);
            let (without, with) = (of(row.policy), of(&format!("{}{quirks}", row.policy)));
            let is_near = |is: f64, be: f64| (is - be).abs() <= 0.02 * be;
            assert!(
                is_near(without, row.without) && is_near(with, row.with),
                "{} by {engine}: {without}, and with it {with}",
                row.quirk
            );
        }
    }
}

/// Without the quirk each of the 240 streams fails; with it each is an answer with a hole in it.
#[test]
fn who_skips_what_is_no_json_takes_the_rest_for_an_answer() {
    let odd = world("odd: { target: first, inject: malformed_event, after: 5 tok }");
    let streamed = odd.replace("deadline: 40s", "stream: 100%, deadline: 40s");
    for engine in ["model", "wire"] {
        let of = |quirks: &str, measure| {
            let policy = format!("retry: {{ max_attempts: 1 }}\n{quirks}");
            measured_in(&streamed, &policy, measure, engine)
        };
        let quirks = "quirks: [ skips_what_is_no_json ]\n";
        let told = ["failed_calls(interrupted)", "truncated_successes"];
        assert_eq!(
            told.map(|measure| of("", measure)),
            [240.0, 0.0],
            "{engine}"
        );
        assert_eq!(
            told.map(|measure| of(quirks, measure)),
            [0.0, 240.0],
            "{engine}"
        );
    }
}

/// Every second request is told to wait for 2 s, so calls take 300 ms and a multiple of 2 s; with
/// jitter of 100 %, each wait has up to 2 s more.
#[test]
fn the_jitter_of_an_sdk_inside_spreads_its_hints() {
    let faults = "limited: { target: first, rate: 50%, inject: 429, retry_after: 2s }";
    let longest = |jitter: u32| {
        let inner = format!(
            "retry: {{ max_attempts: 1 }}\nquirks: [ {{ inner_retries: {{ max_attempts: 9, \
             failures: {{ rate_limited: retry }}, hints: {{ jitter: {jitter}% }} }} }} ]\n"
        );
        measured(faults, &inner, "latency.max", "model")
    };
    let (without, with) = (longest(0), longest(100));
    assert!(
        without > 2_000.0 && (without - 300.0) % 2_000.0 < 50.0,
        "{without}"
    );
    assert!(with > without + 500.0, "{without}, with jitter {with}");
}

//! What the world gives to its clients: keys, data of providers, operations, checks.

use firedrill::drill::Drill;
use firedrill::policy::FailureClass;
use firedrill::report::RunStats;

/// One scenario and one policy in a project of their own.
fn run(providers: &str, rest: &str, policy: &str) -> RunStats {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drill.yaml");
    let text = format!(
        "name: drill\nabout: A test.\nrun: {{ duration: 10m, seeds: 1..1 }}\n\
         providers:\n{providers}\n{rest}\npolicies: [mine.yaml]\n"
    );
    std::fs::write(&path, text).unwrap();
    let policy = format!("name: mine\nabout: A test.\n{policy}\n");
    std::fs::write(folder.path().join("mine.yaml"), policy).unwrap();
    let drill = Drill::load(&path).unwrap_or_else(|problem| panic!("{problem}"));
    let report = drill.run();
    let (_, state) = report.policies().next().expect("the policy ran");
    state.clone()
}

const TWO: &str = "
  openai: { dialect: openai, model: gpt-4.1, ttft: 600ms, speed: 100 tok/s }
  kimi: { dialect: openai, model: kimi-k2, ttft: 1s, speed: 50 tok/s }
";

const LOAD: &str = "load: { arrivals: constant, rate: 1/s, prompt: 900 tok, output: 20 tok }";

const ONCE: &str = "retry: { max_attempts: 1, max_attempts_per_provider: 1 }";

fn attempts(state: &RunStats) -> Vec<u64> {
    let providers = state.run.providers.iter();
    providers.map(|tally| tally.attempts).collect()
}

#[test]
fn an_isolated_provider_is_asked_nothing_for_a_while() {
    let operations = "operations: { drain: { at: 2m, for: 3m, isolate: openai } }";
    let state = run(TWO, &format!("{LOAD}\n{operations}"), ONCE);
    assert_eq!(state.run.succeeded, 600);
    // Calls come at whole seconds: one at the very time of an operation may come before it.
    let [openai, kimi] = attempts(&state)[..] else {
        panic!("{state:?}")
    };
    assert!((179..=181).contains(&kimi), "{kimi}");
    assert_eq!(openai + kimi, 600);
}

#[test]
fn calls_are_pinned_from_the_start_to_the_end() {
    let operations = "operations: { back: { pin: kimi } }";
    let clients = LOAD.replace("rate:", "clients: 3, rate:");
    let state = run(TWO, &format!("{clients}\n{operations}"), ONCE);
    assert_eq!(attempts(&state), [0, 600]);
}

#[test]
fn a_prompt_that_does_not_fit_is_refused_in_the_dialect() {
    let providers = TWO.replace("speed: 100 tok/s", "speed: 100 tok/s, context: 800 tok");
    let state = run(
        &providers,
        LOAD,
        &format!("{ONCE}\nfailures: {{ context_too_long: stop }}"),
    );
    let refused = state.run.failures(Some(FailureClass::ContextTooLong));
    assert_eq!(refused, state.run.providers[0].attempts);
    let [small, large] = attempts(&state)[..] else {
        panic!("{state:?}")
    };
    assert!(small == 600 || large == 600, "{small} {large}");
}

#[test]
fn the_first_key_is_shown_and_faults_can_look_at_it() {
    for (key, refused) in [("key-1", 600), ("key-2", 0)] {
        let faults = format!(
            "faults: {{ revoked: {{ target: openai, inject: auth, when: {{ key: {key} }} }} }}"
        );
        let state = run(TWO, &format!("{LOAD}\n{faults}"), ONCE);
        assert_eq!(
            state.run.failures(Some(FailureClass::Auth)),
            refused,
            "{key}"
        );
    }
}

#[test]
fn calls_that_are_taken_whole_are_not_handed_over_token_by_token() {
    let streamed = LOAD.replace("rate:", "stream: 100%, whole: 100%, rate:");
    let whole = run(TWO, &streamed, ONCE);
    let live = run(TWO, &streamed.replace("whole: 100%", "whole: 0%"), ONCE);
    assert_eq!((whole.run.succeeded, live.run.succeeded), (600, 600));
    assert!(live.run.ttft.mean() < live.run.latency.mean());
    assert_ne!(whole.run.ttft, live.run.ttft);
}

#[test]
fn health_checks_are_paid_for_and_keep_no_run_alive() {
    let policy = format!("{ONCE}\nhealth_check: {{ interval: 10s, timeout: 5s, targets: all }}");
    let state = run(TWO, LOAD, &policy);
    let checks: Vec<u64> = state.run.providers.iter().map(|one| one.checks).collect();
    // Ten minutes, and the seconds in which the last calls end.
    assert!(
        checks.iter().all(|count| (58..=62).contains(count)),
        "{checks:?}"
    );
    for tally in &state.run.providers {
        assert!(
            tally.ledger.checks.input >= tally.checks * 1_000,
            "{tally:?}"
        );
        assert!(tally.ledger.billed().input >= tally.ledger.checks.input);
    }
    // A check is not an attempt of a call.
    assert_eq!(attempts(&state), [600, 0]);
}

//! A storm that is not injected: after two minutes of outage, naive retries keep a provider that is
//! up and busy from ever answering in time. The shipped scenario holds, and not by chance: the same
//! provider serves the same load under the same policy without the outage.

use firedrill::drill::Drill;
use firedrill::policy::FailureClass;
use firedrill::report::{RunStats, Scope, Timeline};

const STORM: &str = "scenarios/retry-storm.yaml";

/// The report on the storm's scenario with `set`, under `policy` and this many seeds.
fn told(policy: &str, seeds: u64, set: &[(&str, &str)]) -> RunStats {
    let drill = Drill::load(STORM).and_then(|drill| drill.policy(policy));
    let drill = set.iter().fold(drill, |drill, (path, value)| {
        drill.and_then(|drill| drill.set(path, value))
    });
    let drill = drill.unwrap_or_else(|problem| panic!("{problem}"));
    let report = drill.seeds(1..=seeds).run();
    report.policies().next().expect("the policy ran").1.clone()
}

/// The calls that arrived this long after the outage, in minutes.
fn after(state: &RunStats, from: u64, to: Option<u64>) -> &Scope {
    let minutes = |count: u64| count * 60_000_000_000;
    let asked = (minutes(from), to.map(minutes));
    let mut after = state.after.iter();
    let found = after.find(|one| (one.from_ns, one.to_ns) == asked);
    &found.expect("the scenario asks for it").calls
}

/// In percent.
fn share(part: u64, whole: u64) -> u64 {
    part * 100 / whole
}

/// The intervals of half a minute each, from minute to minute.
fn stretches(timeline: &Timeline, from: usize, to: usize) -> std::ops::Range<usize> {
    assert_eq!(timeline.stretch_ns, 30_000_000_000);
    2 * from..2 * to
}

#[test]
fn naive_retries_stay_below_half_for_ten_times_the_outage() {
    let naive = told("naive", 2, &[]);
    let storm = after(&naive, 0, Some(20));
    assert!(storm.succeeded * 2 < storm.calls, "{}", storm.succeeded);
    // Not on average only: after the first minute it never reaches half.
    let line = &naive.timeline;
    for place in stretches(line, 8, 27) {
        let (answers, calls) = (line.answers[place], line.calls[place]);
        assert!(
            answers * 2 < calls,
            "{answers} of {calls} in stretch {place}"
        );
        assert!(
            line.attempts[place] > calls * 2,
            "it is still asked, in stretch {place}"
        );
    }
}

#[test]
fn in_the_storm_the_provider_is_up_and_works_for_nobody() {
    let naive = told("naive", 1, &[]);
    let storm = after(&naive, 1, Some(20));
    let provider = &storm.providers[0];
    assert_eq!(provider.failures.get(&FailureClass::Connect), None);
    let overloaded = provider.failures[&FailureClass::Overloaded];
    let too_late = provider.failures[&FailureClass::TimeoutAttempt];
    assert!(
        overloaded > storm.calls / 2,
        "its queue is full: {overloaded}"
    );
    assert!(
        too_late > storm.calls / 2,
        "its answers come too late: {too_late}"
    );

    // It makes more attempts than without an outage, and nearly all of them in vain.
    let calm = told("resilient", 1, &[]);
    let calm = &after(&calm, 1, Some(20)).providers[0];
    assert!(provider.ledger.billed().output > calm.ledger.billed().output);
    assert!(
        share(
            provider.ledger.wasted().output,
            provider.ledger.billed().output
        ) >= 80
    );
    assert!(share(calm.ledger.wasted().output, calm.ledger.billed().output) <= 5);
}

#[test]
fn a_bounded_policy_is_back_within_a_minute() {
    for policy in ["resilient", "retry-only"] {
        let state = told(policy, 5, &[("run.duration", "12m")]);
        let back = after(&state, 1, None);
        assert!(
            share(back.succeeded, back.calls) >= 99,
            "{policy}: {}",
            back.succeeded
        );
    }
}

/// The load is not the cause: without the outage, the same policy serves every call.
#[test]
fn without_the_outage_naive_retries_do_no_harm() {
    let naive = told("naive", 2, &[("faults.down.at", "29m")]);
    let line = &naive.timeline;
    let failed: u64 = line.failed[stretches(line, 0, 28)].iter().sum();
    let calls: u64 = line.calls[stretches(line, 0, 28)].iter().sum();
    assert!(failed * 100 < calls, "{failed} of {calls}");

    // Nor is any outage: one of a second has no lasting effect.
    let blip = told("naive", 2, &[("faults.down.for", "1s")]);
    let back = after(&blip, 1, None);
    assert!(
        back.succeeded * 1_000 > back.calls * 999,
        "{}",
        back.succeeded
    );
}

/// The storm sustains itself: after two minutes without calls, the provider recovers.
#[test]
fn the_storm_ends_when_the_load_does_and_does_not_come_back_with_it() {
    let pause = "{ curve: steps, steps: [{ at: 0s, rate: 2.7/s }, { at: 15m, rate: 0/s }, \
                 { at: 17m, rate: 2.7/s }] }";
    let naive = told("naive", 1, &[("load.rate", pause)]);
    let line = &naive.timeline;
    let failed = |from, to| {
        let place = stretches(line, from, to);
        let calls: u64 = line.calls[place.clone()].iter().sum();
        share(line.failed[place].iter().sum(), calls)
    };
    assert!(failed(8, 15) >= 80, "{} %", failed(8, 15));
    assert!(failed(17, 30) <= 1, "{} %", failed(17, 30));
}

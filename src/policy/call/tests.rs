//! Interactions of several attempts, several calls, and pins set by hand.

mod contexts;
mod reasons;
mod returning;
mod throttle;

use super::*;
use crate::policy::config::Policy;
use crate::policy::fleet::tests::at;
use crate::policy::provider_info::ProviderInfo;

/// An attempt without a token for a second is hedged, at most twice per call.
const HEDGED: &str = "name: sample\nretry: { max_attempts: 4, max_attempts_per_provider: 2 }\n\
    hedge: { delay: 1s, budget: 100%, max_hedges: 2 }\n";

#[test]
fn whoever_answers_first_has_answered_whatever_the_others_say() {
    for late in [Reply::Succeeded, failure(FailureClass::Reset)] {
        let (mut fleet, mut call) = hedged(Delivery::Plain);
        call.on_reply(&mut fleet, AttemptId(2), &Reply::Succeeded, at(2));
        call.on_reply(&mut fleet, AttemptId(1), &late, at(2));
        let attempt = AttemptId(2);
        let answered = Step::Finish(Outcome::Succeeded { attempt });
        assert_eq!(call.step(&mut fleet, at(2)), answered, "{late:?}");
    }
}

#[test]
fn nobody_answers_for_the_one_whose_tokens_the_caller_holds() {
    let (mut fleet, mut call) = hedged(Delivery::Live);
    call.on_first_token_delivered(AttemptId(1));
    call.on_first_token_delivered(AttemptId(2));
    call.on_reply(&mut fleet, AttemptId(2), &Reply::Succeeded, at(2));
    assert_eq!(call.step(&mut fleet, at(2)), Step::Wait { until: None });
    let broken = failure(FailureClass::Reset);
    call.on_reply(&mut fleet, AttemptId(1), &broken, at(3));
    let ending = FailureReason::Interrupted(FailureClass::Reset);
    let interrupted = Step::Finish(Outcome::Failed(ending));
    assert_eq!(call.step(&mut fleet, at(3)), interrupted);
}

#[test]
fn a_key_is_tried_once_per_call_though_nothing_speaks_against_it() {
    let policy = "name: sample\nretry: { max_attempts: 9 }\nfailures: { server_error: rotate_key \
        }\n";
    let mut fleet = fleet(policy, [keys(3), keys(1)]);
    let mut call = call(0, Delivery::Plain);
    let mut asked = Vec::new();
    while let Step::Start(start) = call.step(&mut fleet, at(0)) {
        asked.push((start.provider.0, start.key.0));
        let failed = failure(FailureClass::ServerError);
        call.on_reply(&mut fleet, start.attempt, &failed, at(0));
    }
    assert_eq!(asked, [(0, 0), (0, 1), (0, 2), (1, 0)]);
}

#[test]
fn who_waits_for_room_hears_when_a_breaker_lets_go() {
    let policy = "name: sample\nretry: { max_attempts: 1 }\nlimit: { concurrency: 1 }\n\
        breaker: { consecutive_failures: 1, open: { initial: 3s, jitter: none } }\nqueue: { \
            max_wait: 60s }\n";
    let mut fleet = fleet(policy, [keys(1), keys(1)]);
    let mut first = call(0, Delivery::Plain);
    let mut second = call(1, Delivery::Plain);
    let mut third = call(2, Delivery::Plain);
    assert_eq!(started(&mut first, &mut fleet, 0), ProviderId(0));
    assert_eq!(started(&mut second, &mut fleet, 0), ProviderId(1));
    let refused = failure(FailureClass::Connect);
    second.on_reply(&mut fleet, AttemptId(1), &refused, at(0));
    assert_eq!(
        third.step(&mut fleet, at(1)),
        Step::WaitForCapacity { until: at(3) }
    );
    assert_eq!(started(&mut third, &mut fleet, 3), ProviderId(1));
}

#[test]
fn who_waits_does_not_wait_for_somebody_whose_time_is_up() {
    let policy = "name: sample\nlimit: { rpm: 6 }\nqueue: { max_wait: 5s }\n";
    let mut fleet = fleet(policy, [keys(1)]);
    let mut calls = [0, 1, 2].map(|id| call(id, Delivery::Plain));
    started(&mut calls[0], &mut fleet, 0);
    let parked = calls[1].step(&mut fleet, at(0));
    assert_eq!(parked, Step::WaitForCapacity { until: at(5) });
    // The first call in the queue is not stepped again: its caller does something else.
    let parked = calls[2].step(&mut fleet, at(4));
    assert_eq!(
        parked,
        Step::WaitForCapacity { until: at(5) },
        "until the first one's wait ends"
    );
    let parked = calls[2].step(&mut fleet, at(5));
    assert_eq!(parked, Step::WaitForCapacity { until: at(9) });
    fleet.pin(None);
    assert_eq!(fleet.take_woken().last(), Some(&CallId(2)));
}

#[test]
fn a_hedge_does_not_overtake_those_that_wait_for_room() {
    let policy = format!("{HEDGED}limit: {{ concurrency: 1 }}\nqueue: {{ max_wait: 60s }}\n");
    let mut fleet = fleet(&policy, [keys(1), keys(1)]);
    let mut calls = [0, 1, 2].map(|id| call(id, Delivery::Plain));
    started(&mut calls[0], &mut fleet, 0);
    started(&mut calls[1], &mut fleet, 0);
    assert!(matches!(
        calls[2].step(&mut fleet, at(0)),
        Step::WaitForCapacity { .. }
    ));
    calls[1].on_dropped(&mut fleet, at(1));
    // The third call gets the capacity that the second frees, even if the first is stepped before
    // it.
    let step = calls[0].step(&mut fleet, at(1));
    assert_eq!(step, Step::Wait { until: None });
    assert_eq!(started(&mut calls[2], &mut fleet, 1), ProviderId(1));
}

#[test]
fn calls_that_made_no_attempt_pay_for_no_retry() {
    let policy = "name: sample\nlimit: { concurrency: 1 }\n\
        retry: { max_attempts_per_provider: 2, budget: { ratio: 50%, reserve: 1/h } }\n";
    let mut fleet = fleet(policy, [keys(1)]);
    let mut first = call(0, Delivery::Plain);
    started(&mut first, &mut fleet, 0);
    for id in 1..100 {
        let shed = Step::Finish(Outcome::Failed(FailureReason::Shed));
        assert_eq!(call(id, Delivery::Plain).step(&mut fleet, at(0)), shed);
    }
    let failed = failure(FailureClass::Reset);
    first.on_reply(&mut fleet, AttemptId(1), &failed, at(0));
    let ending = FailureReason::Exhausted(FailureClass::Reset);
    let exhausted = Step::Finish(Outcome::Failed(ending));
    assert_eq!(first.step(&mut fleet, at(0)), exhausted);
}

/// A call with two attempts in flight, both silent, two seconds after the start.
fn hedged(delivery: Delivery) -> (Fleet, Call) {
    let mut fleet = fleet(HEDGED, [keys(1), keys(1), keys(1)]);
    let mut call = call(0, delivery);
    started(&mut call, &mut fleet, 0);
    started(&mut call, &mut fleet, 1);
    (fleet, call)
}

/// The provider that a call starts an attempt at, at this second.
fn started(call: &mut Call, fleet: &mut Fleet, second: u64) -> ProviderId {
    match call.step(fleet, at(second)) {
        Step::Start(start) => start.provider,
        other => panic!("{other:?}"),
    }
}

fn call(id: u64, delivery: Delivery) -> Call {
    let ask = CallContext {
        delivery,
        ..CallContext::default()
    };
    Call::new(CallId(id), at(0), ask, RngStreams::new(1))
}

fn failure(class: FailureClass) -> Reply {
    Reply::Failed(Failure::of(class))
}

fn fleet<const N: usize>(policy: &str, members: [ProviderInfo; N]) -> Fleet {
    let policy = Policy::parse("sample.yaml", policy).unwrap();
    Fleet::new(policy, members.into(), RngStreams::new(1))
}

/// A provider with this many keys.
fn keys(keys: u16) -> ProviderInfo {
    ProviderInfo {
        keys,
        ..ProviderInfo::named("p")
    }
}

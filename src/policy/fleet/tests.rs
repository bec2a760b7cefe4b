//! What a fleet keeps, and what it reports.

use std::time::Duration;

use super::super::reason::{Notes, Refusal};
use super::*;
use crate::policy::step::Failure;
use crate::units::Share;

#[test]
fn transitions_are_told_once_and_in_order() {
    let mut fleet = fleet(policy(), 2);
    let provider = ProviderId(1);
    let fail = |fleet: &mut Fleet, second| {
        fail_at(fleet, provider, FailureClass::Reset, second);
    };
    fail(&mut fleet, 0);
    fail(&mut fleet, 0);
    fail(&mut fleet, 10);
    let told: Vec<_> = fleet.take_transitions();
    assert!(
        told.iter()
            .all(|transition| transition.provider == provider)
    );
    assert_eq!(
        told.iter()
            .map(|told| (told.from, told.to))
            .collect::<Vec<_>>(),
        [
            (State::Closed, State::Open),
            (State::Open, State::HalfOpen),
            (State::HalfOpen, State::Open),
        ]
    );
    assert_eq!(fleet.take_transitions(), []);
    assert_eq!(fleet.state(ProviderId(0)), State::Closed);
}

#[test]
fn a_probe_that_meets_a_bad_request_finds_the_provider_alive() {
    let mut fleet = fleet(policy(), 1);
    let provider = ProviderId(0);
    for (second, class) in [
        (0, FailureClass::ServerError),
        (0, FailureClass::ServerError),
        (10, FailureClass::BadRequest),
    ] {
        fail_at(&mut fleet, provider, class, second);
    }
    assert_eq!(fleet.state(provider), State::Closed);
}

#[test]
fn a_probe_that_meets_a_dead_account_does_not_close_the_breaker() {
    // With one key the debt is the provider's failure; with two, only that of a key.
    for (keys, after) in [(1, State::Open), (2, State::HalfOpen)] {
        let mut rotating = policy();
        let rotate = Action::RotateKey;
        rotating.failures.insert(FailureClass::Quota, rotate);
        let members = vec![ProviderInfo {
            keys,
            ..ProviderInfo::named("p")
        }];
        let mut fleet = Fleet::new(rotating, members, RngStreams::new(1));
        for (second, class) in [
            (0, FailureClass::ServerError),
            (0, FailureClass::ServerError),
            (10, FailureClass::Quota),
        ] {
            fail_at(&mut fleet, ProviderId(0), class, second);
        }
        assert_eq!(fleet.state(ProviderId(0)), after, "{keys} keys");
    }
}

#[test]
fn a_rejected_probe_says_nothing_of_its_provider() {
    let mut fleet = fleet(policy(), 1);
    let provider = ProviderId(0);
    for (second, class) in [
        (0, FailureClass::ServerError),
        (0, FailureClass::ServerError),
        (10, FailureClass::Rejected),
    ] {
        fail_at(&mut fleet, provider, class, second);
    }
    assert_eq!(fleet.state(provider), State::HalfOpen);
    assert!(admit_at(&mut fleet, provider, 10).unwrap().is_probe());
}

#[test]
fn without_a_breaker_nobody_is_refused() {
    let mut policy = policy();
    policy.breaker = None;
    let mut fleet = fleet(policy, 1);
    let provider = ProviderId(0);
    for _ in 0..100 {
        let pass = fail_at(&mut fleet, provider, FailureClass::Connect, 0);
        assert!(!pass.is_probe());
    }
    assert_eq!(fleet.take_transitions(), []);
}

#[test]
fn a_policy_overrides_what_a_class_leads_to() {
    let mut policy = policy();
    policy.failures.insert(FailureClass::Reset, Action::Stop);
    let fleet = fleet(policy, 1);
    assert_eq!(fleet.action(FailureClass::Reset, None), Action::Stop);
    assert_eq!(fleet.action(FailureClass::Connect, None), Action::Retry);
}

#[test]
fn a_pinned_provider_still_tells_its_breaker_how_it_is() {
    let mut fleet = fleet(policy(), 2);
    let provider = ProviderId(1);
    fail_at(&mut fleet, provider, FailureClass::Reset, 0);
    fail_at(&mut fleet, provider, FailureClass::Reset, 0);
    fleet.pin(Some(provider));
    fail_at(&mut fleet, provider, FailureClass::Reset, 1);
    assert_eq!(
        fleet.state(provider),
        State::Open,
        "a pinned provider is used although its breaker is open"
    );
    let pass = admit_at(&mut fleet, provider, 10).unwrap();
    assert!(pass.is_probe());
    fleet.on_success(&pass, Duration::ZERO, at(10));
    assert_eq!(fleet.state(provider), State::Closed);
}

#[test]
fn a_provider_that_was_taken_out_by_hand_is_no_reason_for_calm() {
    let mut policy = policy();
    policy.route.panic_threshold = Share::percent(50);
    let mut fleet = fleet(policy, 2);
    fleet.isolate(ProviderId(0), true);
    fail_at(&mut fleet, ProviderId(1), FailureClass::Reset, 0);
    fail_at(&mut fleet, ProviderId(1), FailureClass::Reset, 0);
    let taken_out = Err(Refusal::Isolated);
    assert_eq!(admit_at(&mut fleet, ProviderId(0), 1), taken_out);
    assert!(
        admit_at(&mut fleet, ProviderId(1), 1).is_ok(),
        "no other provider is in use"
    );
}

#[test]
fn a_slow_start_is_spent_on_attempts_that_have_room() {
    let text = "name: sample\nroute: { slow_start: { window: 10s, initial_share: 50% } }\n\
        breaker: { consecutive_failures: 1, open: { initial: 1s } }\nlimit: { concurrency: 1 }\n";
    let mut fleet = fleet(Policy::parse("sample.yaml", text).unwrap(), 1);
    let provider = ProviderId(0);
    fail_at(&mut fleet, provider, FailureClass::Reset, 0);
    let probe = admit_at(&mut fleet, provider, 2).unwrap();
    fleet.on_success(&probe, Duration::ZERO, at(2));
    let inside = admit_at(&mut fleet, provider, 2).unwrap();
    let picky = |fleet: &mut Fleet| admit(fleet, provider, true, 2);
    for _ in 0..9 {
        assert_eq!(picky(&mut fleet), Err(Refusal::BulkheadFull { limit: 1 }));
    }
    fleet.on_cancelled(&inside, false, at(2));
    let next = picky(&mut fleet).expect("slow start admits the first call");
    fleet.on_cancelled(&next, false, at(2));
    let next = picky(&mut fleet);
    assert_eq!(next, Err(Refusal::SlowStart), "then every other");
}

#[test]
fn answers_that_nobody_reads_to_the_end_were_not_rejected() {
    for (spoke, refused) in [(true, 0..1), (false, 20..80)] {
        let text = "name: sample\nthrottle: {}\n";
        let mut fleet = fleet(Policy::parse("sample.yaml", text).unwrap(), 1);
        let mut shut = 0;
        for call in 0..100 {
            let ask = CallContext::default();
            let call = CallId(call);
            match fleet.admit(
                ProviderId(0),
                AdmissionRequest {
                    call,
                    ..bid(&ask, false, 0)
                },
                &mut Notes::default(),
            ) {
                Ok(pass) => fleet.on_cancelled(&pass, spoke, at(0)),
                Err(refused) => {
                    assert!(matches!(refused, Refusal::Throttled { .. }));
                    shut += 1;
                }
            }
        }
        assert!(refused.contains(&shut), "{shut}");
    }
}

#[test]
fn failures_that_nobody_bills_cost_nothing() {
    let text = "name: sample\nspend: { max: 1 USD, per: 1h }\n";
    for (class, free) in [
        (FailureClass::Connect, true),
        (FailureClass::RateLimited, true),
        (FailureClass::BadRequest, true),
        (FailureClass::TimeoutIdle, false),
        (FailureClass::Truncated, false),
    ] {
        let mut fleet = Fleet::new(
            Policy::parse("sample.yaml", text).unwrap(),
            vec![ProviderInfo {
                input: Some(Money::from_nanos(1_000_000_000)),
                output: Some(Money::ZERO),
                ..ProviderInfo::named("p")
            }],
            RngStreams::new(1),
        );
        // A prompt that costs half of the spend budget.
        let ask = CallContext {
            prompt: 500_000,
            ..CallContext::default()
        };
        for _ in 0..2 {
            let pass = admit_for(&mut fleet, &ask).unwrap();
            fleet.on_failure(&pass, &Failure::of(class), at(0));
        }
        let again = admit_for(&mut fleet, &ask);
        assert_eq!(again.is_ok(), free, "{class}");
    }
}

#[test]
fn what_was_used_is_counted_once_however_often_it_is_told() {
    let text = "name: sample\nlimit: { tpm: 6000 }\n";
    let mut fleet = fleet(Policy::parse("sample.yaml", text).unwrap(), 1);
    let ask = CallContext {
        prompt: 600,
        ..CallContext::default()
    };
    let mut pass = admit_for(&mut fleet, &ask).unwrap();
    for _ in 0..5 {
        fleet.on_usage(&mut pass, 500, 50, at(0));
    }
    let ready = at(0) + Duration::from_millis(5_500);
    let full = Err(Refusal::RateLimited { until: ready });
    assert_eq!(admit_for(&mut fleet, &ask), full);
}

#[test]
fn when_too_few_are_well_breakers_are_passed_over() {
    let mut policy = policy();
    policy.route.panic_threshold = Share::percent(50);
    let mut fleet = fleet(policy, 2);
    for _ in 0..2 {
        fail_at(&mut fleet, ProviderId(0), FailureClass::Connect, 0);
    }
    assert!(
        fleet.standing(ProviderId(0), at(1)).is_err(),
        "half are healthy"
    );
    for _ in 0..2 {
        fail_at(&mut fleet, ProviderId(1), FailureClass::Connect, 0);
    }
    let pass = fail_at(&mut fleet, ProviderId(0), FailureClass::Connect, 1);
    assert!(!pass.is_probe());
    assert_eq!(fleet.state(ProviderId(0)), State::Open, "it is ignored");
}

/// Makes an attempt that fails at once.
fn fail_at(fleet: &mut Fleet, provider: ProviderId, class: FailureClass, second: u64) -> Permit {
    let pass = admit_at(fleet, provider, second).unwrap();
    fleet.on_failure(&pass, &Failure::of(class), at(second));
    pass
}

fn admit_at(fleet: &mut Fleet, provider: ProviderId, second: u64) -> Result<Permit, Refusal> {
    admit(fleet, provider, false, second)
}

fn admit(
    fleet: &mut Fleet,
    provider: ProviderId,
    picky: bool,
    second: u64,
) -> Result<Permit, Refusal> {
    let context = CallContext::default();
    let bid = bid(&context, picky, second);
    fleet.admit(provider, bid, &mut Notes::default())
}

fn admit_for(fleet: &mut Fleet, ask: &CallContext) -> Result<Permit, Refusal> {
    fleet.admit(ProviderId(0), bid(ask, false, 0), &mut Notes::default())
}

const fn bid(ask: &CallContext, picky: bool, second: u64) -> AdmissionRequest<'_> {
    AdmissionRequest {
        call: CallId(0),
        ask,
        attempts: 0,
        picky,
        now: Instant::from_nanos(second * 1_000_000_000),
    }
}

/// A fleet of `count` providers.
pub(in super::super) fn fleet(policy: Policy, count: usize) -> Fleet {
    let members = (0..count).map(|position| ProviderInfo::named(format!("p{position}")));
    Fleet::new(policy, members.collect(), RngStreams::new(1))
}

/// Three attempts, two of them at one provider after exactly 1 s; a breaker that opens after
/// two failures, for 10 s; hints up to 60 s; no timeout.
pub(in super::super) fn policy() -> Policy {
    let text = "name: sample\n\
        retry: { max_attempts: 3, max_attempts_per_provider: 2, backoff: { base: 1s, jitter: none \
            } }\n\
        breaker: { consecutive_failures: 2, open: { initial: 10s } }\n";
    Policy::parse("sample.yaml", text).unwrap()
}

/// The moment this many seconds after the start.
pub(in super::super) fn at(second: u64) -> Instant {
    Instant::START + Duration::from_secs(second)
}

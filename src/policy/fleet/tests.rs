//! What a fleet keeps, and what it tells.

use std::time::Duration;

use super::*;

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
    assert_eq!(fleet.action(FailureClass::Reset), Action::Stop);
    assert_eq!(fleet.action(FailureClass::Connect), Action::Retry);
}

#[test]
fn when_too_few_are_well_breakers_are_passed_over() {
    let mut policy = policy();
    policy.route.panic_below = 500_000_000;
    let mut fleet = fleet(policy, 2);
    for _ in 0..2 {
        fail_at(&mut fleet, ProviderId(0), FailureClass::Connect, 0);
    }
    assert!(!fleet.would_admit(ProviderId(0), at(1)), "half are well");
    for _ in 0..2 {
        fail_at(&mut fleet, ProviderId(1), FailureClass::Connect, 0);
    }
    let pass = fail_at(&mut fleet, ProviderId(0), FailureClass::Connect, 1);
    assert!(!pass.is_probe());
    assert_eq!(fleet.state(ProviderId(0)), State::Open, "it hears nothing");
}

/// Makes an attempt that fails at once.
fn fail_at(fleet: &mut Fleet, provider: ProviderId, class: FailureClass, second: u64) -> Pass {
    let ask = Ask::default();
    let bid = Bid {
        call: CallId(0),
        ask: &ask,
        attempts: 0,
        picky: false,
        now: at(second),
    };
    let pass = fleet.admit(provider, bid).unwrap();
    fleet.on_failure(&pass, class, None, at(second));
    pass
}

/// A fleet of `count` providers.
pub(in super::super) fn fleet(policy: Policy, count: usize) -> Fleet {
    let members = (0..count).map(|position| Member::named(format!("p{position}")));
    Fleet::new(policy, members.collect(), Draws::new(1))
}

/// Three attempts, two of them at one provider after exactly 1 s; a breaker that opens after
/// two failures, for 10 s; hints up to 60 s; no timeout.
pub(in super::super) fn policy() -> Policy {
    let text = "name: sample\n\
        retry: { attempts: 3, per_provider: 2, backoff: { base: 1s, jitter: none } }\n\
        breaker: { consecutive: 2, open: { first: 10s } }\n";
    Policy::parse("sample.yaml", text).unwrap()
}

/// The moment this many seconds after the start.
pub(in super::super) fn at(second: u64) -> Instant {
    Instant::START + Duration::from_secs(second)
}

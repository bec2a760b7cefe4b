//! Single mechanisms, step by step: keys, larger models, hints, budgets, operations, panic mode,
//! and capacity.

use std::time::Duration;

use firedrill::policy::FailureClass::{
    self, Auth, BadRequest, ContextTooLong, RateLimited, ServerError,
};
use firedrill::policy::config::{HintMode, Policy};
use firedrill::policy::{
    AttemptId, Call, CallContext, CallId, Cause, Failure, FailureReason, Fleet, KeyId, Outcome,
    Priority, ProviderId, ProviderInfo, Reply, RngStreams, Start, Step,
};
use firedrill::units::Share;

use crate::rig::fleet_of;
use crate::teller::{Teller, at, fleet, policy, policy_of};

#[test]
fn every_key_is_tried_once_and_at_once() {
    // Only the first of these classes makes a key rest.
    for class in [Auth, ServerError] {
        let mut policy = policy_of("retry: { max_attempts: 9, max_attempts_per_provider: 1 }\n");
        let rotate = firedrill::policy::Action::RotateKey;
        policy.failures.insert(class, rotate);
        let several = |name: &str| ProviderInfo {
            keys: 3,
            ..ProviderInfo::named(name)
        };
        let mut fleet = fleet_of(&policy, vec![several("p0"), ProviderInfo::named("p1")]);
        let mut call = Teller::new(&mut fleet, 0);
        for (key, cause) in [(0, Cause::First), (1, Cause::Retry), (2, Cause::Retry)] {
            let start = call.starts(0);
            assert_eq!((start.key, start.cause), (KeyId(key), cause));
            call.fails(class);
        }
        assert_eq!(call.starts(1).cause, Cause::Fallback);
    }
}

#[test]
fn a_prompt_that_is_too_long_goes_to_a_model_that_takes_more() {
    let policy = policy_of(
        "retry: { max_attempts: 9, max_attempts_per_provider: 2 }\nfailures: { context_too_long: \
            larger_model }\n",
    );
    let with = |name: &str, context| ProviderInfo {
        context,
        ..ProviderInfo::named(name)
    };
    let members = [Some(8_000), Some(4_000), Some(8_000), None, Some(32_000)];
    let members = ["p0", "p1", "p2", "p3", "p4"].into_iter().zip(members);
    let members = members.map(|(name, context)| with(name, context));
    let mut fleet = fleet_of(&policy, members.collect());
    let mut call = Teller::new(&mut fleet, 0);
    call.starts(0);
    call.fails(ContextTooLong);
    for provider in [3, 4] {
        assert_eq!(call.starts(provider).cause, Cause::Fallback);
        call.fails(ContextTooLong);
    }
    call.ends(FailureReason::Exhausted(ContextTooLong));
}

#[test]
fn a_status_has_an_action_of_its_own_whatever_its_class() {
    let policy = policy_of(
        "retry: { max_attempts: 9, max_attempts_per_provider: 2, backoff: { base: 1s, \
            jitter: none } }\nfailures: { server_error: stop, 502: fallback, 503: retry }\n",
    );
    let mut fleet = fleet(&policy, 3);
    let mut call = Teller::new(&mut fleet, 0);
    let with = |status| {
        Reply::Failed(Failure {
            status: Some(status),
            ..Failure::of(ServerError)
        })
    };
    call.starts(0);
    call.replies_to(1, &with(502));
    assert_eq!(call.starts(1).cause, Cause::Fallback);
    call.replies_to(2, &with(503));
    call.waits_until(1);
    assert_eq!(call.starts(1).cause, Cause::Retry);
    call.replies_to(3, &with(500));
    call.ends(FailureReason::Stopped(ServerError));
    let shown = serde_json::to_string(&policy).unwrap();
    assert!(
        shown.contains(r#""502":"fallback","503":"retry""#),
        "{shown}"
    );
}

#[test]
fn the_server_says_whether_another_try_is_worth_it() {
    let says = |call: &mut Teller, class, should_retry| {
        call.starts(0);
        call.replies_to(
            1,
            &Reply::Failed(Failure {
                should_retry: Some(should_retry),
                ..Failure::of(class)
            }),
        );
    };
    let mut policy = policy();
    let mut heeding = fleet(&policy, 2);
    let mut call = Teller::new(&mut heeding, 0);
    says(&mut call, ServerError, false);
    assert_eq!(call.starts(1).cause, Cause::Fallback);
    let mut call = Teller::new(&mut heeding, 0);
    says(&mut call, BadRequest, true);
    call.waits_until(1);
    assert_eq!(call.starts(0).cause, Cause::Retry);

    policy.hints.should_retry = HintMode::Ignore;
    let mut deaf = fleet(&policy, 2);
    let mut call = Teller::new(&mut deaf, 0);
    says(&mut call, ServerError, false);
    call.waits_until(1);
    assert_eq!(call.starts(0).cause, Cause::Retry);
    let mut call = Teller::new(&mut deaf, 1);
    says(&mut call, BadRequest, true);
    call.ends(FailureReason::Stopped(BadRequest));
}

#[test]
fn a_class_may_have_fewer_retries_than_others() {
    let mut policy = policy_of(
        "retry: { max_attempts: 9, max_attempts_per_provider: 9, max_retries_by_class: \
            { rate_limited: 1 } }\n",
    );
    policy.retry.backoff.max = Duration::ZERO;
    let mut fleet = fleet(&policy, 2);
    let mut call = Teller::new(&mut fleet, 0);
    call.starts(0);
    for class in [RateLimited, ServerError, ServerError, RateLimited] {
        call.fails(class);
        let expected = u16::from(call.attempt() == AttemptId(4));
        call.starts(expected);
    }
    call.succeeds();
}

#[test]
fn a_retry_that_nobody_pays_for_leads_away() {
    let mut policy = policy_of(
        "retry: { max_attempts: 4, max_attempts_per_provider: 4,\n  \
         budget: { ratio: 0%, reserve: 6/min, window: 10s } }\n",
    );
    policy.retry.backoff.max = Duration::ZERO;
    let mut fleet = fleet(&policy, 2);
    let mut call = Teller::new(&mut fleet, 0);
    call.starts(0);
    call.fails(ServerError);
    assert_eq!(call.starts(0).cause, Cause::Retry);
    call.fails(ServerError);
    assert_eq!(call.starts(1).cause, Cause::Fallback);
    let mut later = Teller::new(&mut fleet, 11);
    later.starts(0);
    later.fails(ServerError);
    assert_eq!(later.starts(0).cause, Cause::Retry, "the reserve is back");
}

#[test]
fn a_pin_holds_whatever_is_thought_of_the_provider() {
    let mut fleet = fleet(&policy(), 3);
    fail_twice(&mut fleet, 0);
    fleet.pin(Some(ProviderId(0)));
    let mut call = Teller::new(&mut fleet, 1);
    assert!(!call.starts(0).probe, "its breaker is not asked");
    call.fails(FailureClass::Quota);
    call.ends(FailureReason::Exhausted(FailureClass::Quota));
    fleet.pin(None);
    Teller::new(&mut fleet, 1).starts(1);
}

#[test]
fn a_provider_that_was_taken_out_is_asked_for_nothing_more() {
    let mut fleet = fleet(&policy(), 2);
    let mut call = Teller::new(&mut fleet, 0);
    call.starts(0);
    call.fleet.isolate(ProviderId(0), true);
    call.fails(ServerError);
    assert_eq!(
        call.starts(1).cause,
        Cause::Fallback,
        "not even for a retry"
    );
    call.succeeds();
    Teller::new(&mut fleet, 0).starts(1);
    fleet.isolate(ProviderId(0), false);
    Teller::new(&mut fleet, 0).starts(0);
}

#[test]
fn a_provider_that_is_just_back_is_passed_by_until_nobody_else_is_left() {
    let mut policy = policy();
    let slow_start = policy_of("route: { slow_start: { window: 100s, initial_share: 10% } }\n");
    policy.route.slow_start = slow_start.route.slow_start;
    let mut fleet = fleet(&policy, 2);
    fail_twice(&mut fleet, 0);
    let mut probing = Teller::new(&mut fleet, 10);
    assert!(probing.starts(0).probe);
    probing.succeeds();
    let mut asked = Vec::new();
    for _ in 0..11 {
        let mut call = Teller::new(&mut fleet, 10);
        let Step::Start(Start { provider, .. }) = call.step() else {
            panic!("there is a provider to ask");
        };
        asked.push(provider.0);
    }
    assert_eq!(asked, [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0], "one in ten");
    fleet.isolate(ProviderId(1), true);
    Teller::new(&mut fleet, 10).starts(0);
}

#[test]
fn when_too_few_are_well_breakers_are_passed_over() {
    let mut policy = policy();
    policy.route.panic_threshold = Share::percent(60);
    let mut panicking = fleet(&policy, 2);
    fail_twice(&mut panicking, 0);
    let start = Teller::new(&mut panicking, 1).starts(0);
    assert!(!start.probe, "its breaker is open, and not asked");

    policy.route.panic_threshold = Share::percent(50);
    let mut calm = fleet(&policy, 2);
    fail_twice(&mut calm, 0);
    Teller::new(&mut calm, 1).starts(1);
}

#[test]
fn clients_that_got_one_hint_do_not_come_back_together() {
    let mut policy = policy();
    policy.hints.jitter = Share::percent(50);
    let mut waits = Vec::new();
    for id in 0..50 {
        let mut fleet = fleet(&policy, 1);
        let mut call = Teller::new(&mut fleet, 0);
        call.call = Call::new(
            CallId(id),
            at(0),
            CallContext::default(),
            RngStreams::new(1),
        );
        call.starts(0);
        call.fails_with_hint(RateLimited, 20);
        let Step::Wait { until: Some(until) } = call.step() else {
            panic!("it waits");
        };
        waits.push(until.since_start().as_millis());
    }
    waits.sort_unstable();
    assert!(20_000 <= waits[0] && waits[49] <= 30_000, "{waits:?}");
    assert!(waits[49] - waits[0] > 8_000, "{waits:?}");
}

#[test]
fn the_most_important_goes_first_and_then_who_came_first() {
    let mut fleet = fleet(&crowded("queue: { max_calls: 9, max_wait: 60s }"), 1);
    let mut served = call_of(0, Priority::NORMAL);
    assert!(starts(&mut served, &mut fleet, 0));
    let mut waiting = [
        call_of(1, Priority::LOW),
        call_of(2, Priority::NORMAL),
        call_of(3, Priority::HIGH),
        call_of(4, Priority::NORMAL),
    ];
    for call in &mut waiting {
        assert_eq!(
            call.step(&mut fleet, at(0)),
            Step::WaitForCapacity { until: at(60) }
        );
    }
    assert_eq!(fleet.take_woken(), []);
    for next in [3, 2, 4, 1] {
        served.on_reply(&mut fleet, AttemptId(1), &Reply::Succeeded, at(1));
        assert_eq!(fleet.take_woken(), [CallId(next)]);
        let mut newcomer = call_of(9, Priority::LOW);
        assert!(!starts(&mut newcomer, &mut fleet, 1), "it stands behind");
        newcomer.on_dropped(&mut fleet, at(1));
        served = std::mem::replace(&mut waiting[next as usize - 1], newcomer);
        assert!(starts(&mut served, &mut fleet, 1));
        fleet.take_woken();
    }
}

#[test]
fn who_is_pushed_out_hears_of_it_and_who_finds_no_place_leaves_at_once() {
    let mut fleet = fleet(&crowded("queue: { max_calls: 1, max_wait: 60s }"), 1);
    let shed = Step::Finish(Outcome::Failed(FailureReason::Shed));
    assert!(starts(&mut call_of(0, Priority::NORMAL), &mut fleet, 0));
    let mut low = call_of(1, Priority::LOW);
    assert_eq!(
        low.step(&mut fleet, at(0)),
        Step::WaitForCapacity { until: at(60) }
    );
    let mut high = call_of(2, Priority::HIGH);
    assert_eq!(
        high.step(&mut fleet, at(1)),
        Step::WaitForCapacity { until: at(61) }
    );
    assert_eq!(fleet.take_woken(), [CallId(1)]);
    assert_eq!(low.step(&mut fleet, at(1)), shed);
    assert_eq!(call_of(3, Priority::HIGH).step(&mut fleet, at(2)), shed);
    assert_eq!(high.step(&mut fleet, at(61)), shed, "its time is up");
}

#[test]
fn a_call_waits_until_the_limiter_has_room() {
    let policy = policy_of("limit: { rpm: 10 }\nqueue: { max_calls: 9, max_wait: 60s }\n");
    let mut fleet = fleet(&policy, 1);
    assert!(starts(&mut call_of(0, Priority::NORMAL), &mut fleet, 0));
    let mut next = call_of(1, Priority::NORMAL);
    let mut third = call_of(2, Priority::NORMAL);
    assert_eq!(
        next.step(&mut fleet, at(1)),
        Step::WaitForCapacity { until: at(6) }
    );
    assert_eq!(
        third.step(&mut fleet, at(1)),
        Step::WaitForCapacity { until: at(61) }
    );
    assert!(starts(&mut next, &mut fleet, 6));
    assert_eq!(fleet.take_woken(), [CallId(2)], "it is the first now");
    assert_eq!(
        third.step(&mut fleet, at(6)),
        Step::WaitForCapacity { until: at(12) }
    );
    assert!(starts(&mut third, &mut fleet, 12));
}

#[test]
fn a_call_that_leaves_the_queue_lets_the_next_go_on() {
    let mut fleet = fleet(&crowded("queue: { max_calls: 9, max_wait: 60s }"), 1);
    let mut served = call_of(0, Priority::NORMAL);
    assert!(starts(&mut served, &mut fleet, 0));
    let (mut gone, mut next) = (call_of(1, Priority::NORMAL), call_of(2, Priority::NORMAL));
    assert!(!starts(&mut gone, &mut fleet, 0) && !starts(&mut next, &mut fleet, 0));
    served.on_dropped(&mut fleet, at(1));
    assert_eq!(fleet.take_woken(), [CallId(1)]);
    gone.on_dropped(&mut fleet, at(1));
    assert_eq!(fleet.take_woken(), [CallId(2)], "no wake-up is lost");
    assert!(starts(&mut next, &mut fleet, 1));
}

/// Two failures at this provider, at once: its breaker opens for 10 s.
fn fail_twice(fleet: &mut Fleet, provider: u16) {
    for _ in 0..2 {
        let mut victim = Teller::new(fleet, 0);
        victim.starts(provider);
        victim.fails(ServerError);
    }
}

fn call_of(id: u64, priority: Priority) -> Call {
    let ask = CallContext {
        priority,
        ..CallContext::default()
    };
    Call::new(CallId(id), at(0), ask, RngStreams::new(1))
}

/// Whether its next step starts an attempt.
fn starts(call: &mut Call, fleet: &mut Fleet, second: u64) -> bool {
    matches!(call.step(fleet, at(second)), Step::Start(_))
}

/// Capacity for one at a time.
fn crowded(queue: &str) -> Policy {
    let mut policy = policy_of(&format!("limit: {{ concurrency: 1 }}\n{queue}\n"));
    policy.timeouts.call = Some(Duration::from_secs(3_600));
    policy
}

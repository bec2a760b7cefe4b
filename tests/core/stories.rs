//! Single calls, step by step: one claim about their order each. Hedges and all other mechanisms
//! are in its siblings.

use std::time::Duration;

use firedrill::policy::config::{AboveMax, Jitter, ProviderOverride, Strategy, Timeouts};
use firedrill::policy::{
    Action, AttemptId, Call, CallId, Cause, FailureClass, FailureReason, Fleet, ProviderId,
    RngStreams, Step,
};

use crate::teller::{Teller, asked, at, fleet, policy};
use FailureClass::{BadRequest, Quota, RateLimited, Rejected, ServerError};

#[test]
fn a_cancelled_probe_frees_its_slot() {
    let mut policy = policy();
    policy.retry.max_attempts = 1;
    let mut fleet = fleet(&policy, 1);
    for _ in 0..2 {
        let mut victim = Teller::new(&mut fleet, 0);
        victim.starts(0);
        victim.fails(ServerError);
        victim.ends(FailureReason::Exhausted(ServerError));
    }
    let mut hanging = Teller::with_deadline(&mut fleet, 10, 5);
    assert!(hanging.starts(0).probe);
    hanging.now = at(15);
    let attempt = AttemptId(1);
    assert_eq!(hanging.step(), Step::Cancel { attempt });
    hanging.ends(FailureReason::Deadline);

    let mut left = Teller::new(&mut fleet, 16);
    assert!(left.starts(0).probe);
    assert_eq!(left.call.on_dropped(left.fleet, at(17)), [attempt]);
    left.ends(FailureReason::Unfinished);

    let mut next = Teller::new(&mut fleet, 18);
    assert!(next.starts(0).probe);
    next.succeeds();
}

#[test]
fn a_retry_comes_after_its_backoff_and_then_another_provider_at_once() {
    let mut fleet = fleet(&policy(), 2);
    let mut call = Teller::new(&mut fleet, 0);
    let first = call.starts(0);
    assert_eq!((first.cause, first.nth), (Cause::First, 0));
    call.fails(ServerError);
    call.waits_until(1);
    let second = call.starts(0);
    assert_eq!((second.cause, second.nth), (Cause::Retry, 1));
    call.fails(ServerError);
    let third = call.starts(1);
    assert_eq!((third.cause, third.nth), (Cause::Fallback, 0));
    assert_eq!(call.now, at(1));
    call.succeeds();
}

#[test]
fn the_last_failure_names_an_exhausted_call() {
    let mut fleet = fleet(&policy(), 2);
    let mut call = Teller::new(&mut fleet, 0);
    for (provider, class) in [(0, Quota), (1, FailureClass::Auth)] {
        call.starts(provider);
        call.fails(class);
    }
    call.ends(FailureReason::Exhausted(FailureClass::Auth));
}

#[test]
fn a_failure_that_is_wrong_everywhere_stops_the_call() {
    let mut fleet = fleet(&policy(), 2);
    let mut call = Teller::new(&mut fleet, 0);
    call.starts(0);
    call.fails(BadRequest);
    call.ends(FailureReason::Stopped(BadRequest));
}

#[test]
fn an_honoured_hint_is_the_wait_even_when_backoff_is_longer() {
    for (hint, until) in [(0, 0), (20, 20), (60, 60)] {
        let mut policy = policy();
        policy.retry.backoff.base = Duration::from_secs(8);
        let mut fleet = fleet(&policy, 2);
        let mut call = Teller::new(&mut fleet, 0);
        call.starts(0);
        call.fails_with_hint(RateLimited, hint);
        call.waits_until(until);
        assert_eq!(call.starts(0).cause, Cause::Retry);
    }
}

#[test]
fn a_hint_binds_its_own_provider_only() {
    let mut policy = policy();
    policy.retry.max_attempts_per_provider = 1;
    policy.hints.above_max = AboveMax::Stop;
    let mut fleet = fleet(&policy, 2);
    let mut call = Teller::new(&mut fleet, 0);
    call.starts(0);
    call.fails_with_hint(RateLimited, 3_600);
    assert_eq!(call.starts(1).cause, Cause::Fallback);
}

#[test]
fn a_hint_beyond_the_cap_leads_away_or_ends_the_call() {
    let mut policy = policy();
    let mut leaving = fleet(&policy, 2);
    let mut call = Teller::new(&mut leaving, 0);
    call.starts(0);
    call.fails_with_hint(RateLimited, 61);
    call.starts(1);

    policy.hints.above_max = AboveMax::Stop;
    let mut stopping = fleet(&policy, 2);
    let mut call = Teller::new(&mut stopping, 0);
    call.starts(0);
    call.fails_with_hint(RateLimited, 61);
    call.ends(FailureReason::Stopped(RateLimited));
}

#[test]
fn a_wait_that_the_deadline_would_cut_is_not_begun() {
    for (providers, hint, deadline) in [(2, 5, 5), (1, 5, 5), (2, 0, 1), (1, 6, 5)] {
        let mut fleet = fleet(&policy(), providers);
        let mut call = Teller::with_deadline(&mut fleet, 0, deadline);
        call.starts(0);
        if hint == 0 {
            call.fails(RateLimited);
        } else {
            call.fails_with_hint(RateLimited, hint);
        }
        match providers {
            1 => call.ends(FailureReason::Exhausted(RateLimited)),
            _ => assert_eq!(call.starts(1).cause, Cause::Fallback),
        }
    }
}

#[test]
fn the_earlier_deadline_holds() {
    for (given, own, deadline) in [(30, Some(20), 20), (10, Some(20), 10), (30, None, 30)] {
        let mut policy = policy();
        policy.timeouts.call = own.map(Duration::from_secs);
        let mut fleet = fleet(&policy, 1);
        let mut call = Teller::with_deadline(&mut fleet, 100, given);
        call.starts(0);
        let until = Some(at(100 + deadline));
        assert_eq!(call.step(), Step::Wait { until });
        call.now = at(100 + deadline);
        let attempt = AttemptId(1);
        assert_eq!(call.step(), Step::Cancel { attempt });
        call.ends(FailureReason::Deadline);
    }
}

#[test]
fn a_call_that_arrives_at_its_deadline_makes_no_attempt() {
    let mut fleet = fleet(&policy(), 1);
    Teller::with_deadline(&mut fleet, 0, 0).ends(FailureReason::Deadline);
}

#[test]
fn after_the_first_token_of_a_stream_nobody_else_can_answer() {
    for (streamed, attempt, interrupted) in [(true, 1, true), (true, 2, false), (false, 1, false)] {
        let mut fleet = fleet(&policy(), 1);
        let mut call = Teller::new(&mut fleet, 0);
        call.call = Call::new(CallId(0), at(0), asked(streamed), RngStreams::new(1));
        call.starts(0);
        call.hands_over(AttemptId(attempt));
        call.fails(FailureClass::Reset);
        if interrupted {
            call.ends(FailureReason::Interrupted(FailureClass::Reset));
        } else {
            call.waits_until(1);
        }
    }
}

#[test]
fn a_call_refused_everywhere_is_unavailable_without_an_attempt() {
    let mut fleet = fleet(&policy(), 2);
    for provider in [0, 1] {
        let mut victim = Teller::new(&mut fleet, 0);
        for _ in 0..2 {
            victim.starts(provider);
            victim.fails(ServerError);
            victim.now = at(1);
        }
    }
    Teller::new(&mut fleet, 2).ends(FailureReason::Unavailable);
    let mut empty = Fleet::new(policy(), Vec::new(), RngStreams::new(1));
    Teller::new(&mut empty, 0).ends(FailureReason::Unavailable);
}

#[test]
fn nobody_waits_for_a_provider_that_will_refuse() {
    let mut policy = policy();
    policy.breaker.as_mut().unwrap().consecutive_failures = Some(1);
    let mut fleet = fleet(&policy, 2);
    let mut call = Teller::new(&mut fleet, 0);
    call.starts(0);
    call.fails(ServerError);
    call.starts(1);
    call.fails_with_hint(RateLimited, 10);
    call.waits_until(10);
    assert!(call.starts(1).probe, "its breaker is half-open by then");
}

#[test]
fn a_breaker_that_opens_during_the_wait_sends_the_call_elsewhere() {
    let policy = policy();
    let mut fleet = fleet(&policy, 2);
    let mut waiting = Teller::new(&mut fleet, 0);
    waiting.starts(0);
    waiting.fails(ServerError);
    waiting.waits_until(1);
    let mut first = waiting.call;

    let mut other = Teller::new(&mut fleet, 0);
    other.starts(0);
    other.fails(ServerError);

    let Step::Start(start) = first.step(&mut fleet, at(1)) else {
        panic!("there is another provider");
    };
    assert_eq!(
        (start.provider, start.cause),
        (ProviderId(1), Cause::Fallback)
    );
}

#[test]
fn round_robin_takes_one_turn_per_call_and_falls_back_from_there() {
    let mut policy = policy();
    policy.route.strategy = Strategy::RoundRobin;
    let mut fleet = fleet(&policy, 3);
    for order in [[0, 1, 2], [1, 2, 0], [2, 0, 1]] {
        let mut call = Teller::new(&mut fleet, 0);
        for provider in order {
            call.starts(provider);
            call.fails(FailureClass::ContextTooLong);
        }
    }
}

#[test]
fn decorrelated_waits_grow_from_the_wait_before_not_from_a_hint() {
    let mut policy = policy();
    (
        policy.retry.max_attempts,
        policy.retry.max_attempts_per_provider,
    ) = (4, 4);
    policy.retry.backoff.jitter = Jitter::Decorrelated;
    policy.retry.backoff.max = Duration::from_secs(600);
    policy.breaker = None;
    for id in 0..50 {
        let mut fleet = fleet(&policy, 1);
        let mut call = Teller::new(&mut fleet, 0);
        call.call = Call::new(CallId(id), at(0), asked(false), RngStreams::new(1));
        call.starts(0);
        call.fails_with_hint(RateLimited, 60);
        call.waits_until(60);
        call.starts(0);
        let first = call.fails_and_waits(ServerError);
        assert!((1_000..=3_000).contains(&first.as_millis()), "{first:?}");
        call.starts(0);
        let second = call.fails_and_waits(ServerError);
        assert!(Duration::from_secs(1) <= second && second <= 3 * first);
    }
}

#[test]
fn an_attempt_gets_the_timeouts_of_its_provider_as_far_as_they_apply() {
    let seconds = |n| Some(Duration::from_secs(n));
    let mut policy = policy();
    policy.timeouts = Timeouts {
        connect: seconds(1),
        first_token: seconds(2),
        idle: seconds(3),
        attempt: seconds(4),
        call: seconds(5),
    };
    let mut written = ProviderOverride::default();
    written.timeouts.attempt = seconds(9);
    policy.overrides.by_name.insert("p0".into(), written);
    let mut fleet = fleet(&policy, 1);
    let plain = Timeouts {
        connect: seconds(1),
        attempt: seconds(9),
        ..Timeouts::default()
    };
    assert_eq!(Teller::new(&mut fleet, 0).starts(0).timeouts, plain);

    let mut streamed = Teller::new(&mut fleet, 0);
    streamed.call = Call::new(CallId(1), at(0), asked(true), RngStreams::new(1));
    let (first_token, idle) = (seconds(2), seconds(3));
    assert_eq!(
        streamed.starts(0).timeouts,
        Timeouts {
            first_token,
            idle,
            ..plain
        }
    );
}

#[test]
fn a_call_that_two_providers_reject_stops() {
    let mut fleet = fleet(&policy(), 3);
    let mut call = Teller::new(&mut fleet, 0);
    call.starts(0);
    call.fails(Rejected);
    call.starts(1);
    call.fails(Rejected);
    call.ends(FailureReason::Stopped(Rejected));
}

#[test]
fn a_policy_may_send_a_rejected_call_to_every_provider() {
    let mut policy = policy();
    policy.failures = [(Rejected, Action::Fallback)].into();
    let mut fleet = fleet(&policy, 3);
    let mut call = Teller::new(&mut fleet, 0);
    for provider in 0..3 {
        call.starts(provider);
        call.fails(Rejected);
    }
    call.ends(FailureReason::Exhausted(Rejected));
}

#[test]
fn the_policy_decides_what_a_class_leads_to() {
    let mut policy = policy();
    policy.failures = [(ServerError, Action::Stop), (BadRequest, Action::Fallback)].into();
    let mut fleet = fleet(&policy, 2);
    let mut call = Teller::new(&mut fleet, 0);
    call.starts(0);
    call.fails(BadRequest);
    call.starts(1);
    call.fails(ServerError);
    call.ends(FailureReason::Stopped(ServerError));
}

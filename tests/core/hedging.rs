//! Calls with more than one attempt in flight, step by step, and the effect of delivery on their
//! tokens.

use std::time::Duration;

use firedrill::policy::FailureClass::{self, BadRequest, ServerError, Truncated};
use firedrill::policy::config::Policy;
use firedrill::policy::{
    AttemptId, CallContext, Cause, Delivery, Failure, FailureReason, Fleet, Reply,
};
use firedrill::units::Share;

use crate::teller::{Teller, at, fleet, policy, policy_of};

#[test]
fn a_hedge_that_answers_first_wins() {
    let mut fleet = fleet(&hedging(), 3);
    let mut call = hedged(&mut fleet, Delivery::Plain);
    call.only_waits();
    call.replies_to(2, &Reply::Succeeded);
    call.cancels(1);
    call.has_succeeded(AttemptId(2));
}

#[test]
fn a_hedge_that_is_late_loses() {
    let mut fleet = fleet(&hedging(), 3);
    let mut call = hedged(&mut fleet, Delivery::Plain);
    call.replies_to(1, &Reply::Succeeded);
    call.cancels(2);
    call.has_succeeded(AttemptId(1));
}

#[test]
fn when_both_fail_the_call_goes_on_from_the_last() {
    let mut fleet = fleet(&hedging(), 3);
    let mut call = hedged(&mut fleet, Delivery::Plain);
    call.replies_to(1, &failed(ServerError));
    call.only_waits();
    call.replies_to(2, &failed(ServerError));
    call.waits_until(3);
    assert_eq!(call.starts(1).cause, Cause::Retry);
    call.fails(ServerError);
    assert_eq!(call.starts(2).cause, Cause::Fallback);
    call.succeeds();
}

#[test]
fn what_is_wrong_everywhere_is_not_tried_elsewhere_once_the_other_failed_too() {
    let mut fleet = fleet(&hedging(), 3);
    let mut call = hedged(&mut fleet, Delivery::Plain);
    call.replies_to(1, &failed(BadRequest));
    call.only_waits();
    call.replies_to(2, &failed(ServerError));
    call.ends(FailureReason::Stopped(BadRequest));
}

#[test]
fn beside_what_is_wrong_everywhere_another_may_still_answer() {
    let mut policy = hedging();
    policy.hedge.as_mut().unwrap().max_hedges = 2;
    let mut fleet = fleet(&policy, 3);
    let mut call = hedged(&mut fleet, Delivery::Plain);
    call.replies_to(1, &failed(BadRequest));
    call.now = at(60);
    call.only_waits();
    call.succeeds();
}

#[test]
fn nobody_hedges_what_speaks() {
    let mut fleet = fleet(&hedging(), 2);
    let mut call = Teller::asking(&mut fleet, 0, asked(Delivery::Whole));
    call.starts(0);
    let (attempt, now) = (AttemptId(1), at(1));
    call.call.on_first_token_received(call.fleet, attempt, now);
    call.now = at(60);
    call.only_waits();
}

#[test]
fn a_hedge_that_nobody_pays_for_is_not_made() {
    let mut policy = hedging();
    policy.hedge.as_mut().unwrap().budget = Share::percent(50);
    let mut fleet = fleet(&policy, 2);
    let mut first = Teller::new(&mut fleet, 0);
    first.starts(0);
    first.waits_until(2);
    first.only_waits();
    let mut second = Teller::new(&mut fleet, 0);
    second.starts(0);
    second.waits_until(2);
    assert_eq!(second.starts(1).cause, Cause::Hedge);
}

#[test]
fn a_hedge_without_anybody_to_ask_costs_nothing() {
    let mut fleet = fleet(&hedging(), 1);
    for _ in 0..3 {
        let mut call = Teller::new(&mut fleet, 0);
        call.starts(0);
        call.waits_until(2);
        call.only_waits();
        call.succeeds();
    }
}

#[test]
fn whose_token_is_handed_over_first_has_the_call() {
    let mut fleet = fleet(&hedging(), 3);
    let mut call = hedged(&mut fleet, Delivery::Live);
    for attempt in [1, 2] {
        call.call
            .on_first_token_received(call.fleet, AttemptId(attempt), at(2));
    }
    call.only_waits();
    call.call.on_first_token_delivered(AttemptId(2));
    call.cancels(1);
    call.only_waits();
    call.replies_to(2, &failed(Truncated));
    call.ends(FailureReason::Interrupted(Truncated));
}

#[test]
fn another_attempt_that_is_heard_too_late_is_not_mixed_in() {
    for late in [Reply::Succeeded, failed(BadRequest)] {
        let mut fleet = fleet(&hedging(), 3);
        let mut call = hedged(&mut fleet, Delivery::Live);
        for attempt in [1, 2] {
            call.hands_over(AttemptId(attempt));
        }
        call.replies_to(2, &late);
        call.only_waits();
        call.replies_to(1, &Reply::Succeeded);
        call.has_succeeded(AttemptId(1));
    }
}

#[test]
fn a_failure_that_is_heard_after_the_answer_changes_nothing() {
    let mut fleet = fleet(&hedging(), 3);
    let mut call = hedged(&mut fleet, Delivery::Plain);
    call.replies_to(1, &Reply::Succeeded);
    call.replies_to(2, &failed(ServerError));
    call.has_succeeded(AttemptId(1));
}

#[test]
fn a_whole_answer_falls_back_however_much_had_come() {
    let mut fleet = fleet(&policy(), 2);
    let mut call = Teller::asking(&mut fleet, 0, asked(Delivery::Whole));
    call.starts(0);
    call.hands_over(AttemptId(1));
    call.fails(Truncated);
    call.waits_until(1);
    call.starts(0);
    call.hands_over(AttemptId(2));
    call.fails(Truncated);
    assert_eq!(call.starts(1).cause, Cause::Fallback);
    call.succeeds();
}

/// A call whose second attempt has just begun beside its first, at 2 s.
fn hedged(fleet: &mut Fleet, delivery: Delivery) -> Teller<'_> {
    let mut call = Teller::asking(fleet, 0, asked(delivery));
    call.starts(0);
    call.waits_until(2);
    let hedge = call.starts(1);
    assert_eq!((hedge.cause, hedge.attempt), (Cause::Hedge, AttemptId(2)));
    call
}

fn asked(delivery: Delivery) -> CallContext {
    CallContext {
        delivery,
        ..CallContext::default()
    }
}

fn failed(class: FailureClass) -> Reply {
    Reply::Failed(Failure::of(class))
}

/// A hedge after 2 s, for every call.
fn hedging() -> Policy {
    let mut policy = policy_of("hedge: { delay: 2s, budget: 100% }\n");
    policy.retry = self::policy().retry;
    policy.retry.max_attempts = 4;
    policy.retry.backoff.base = Duration::from_secs(1);
    policy
}

//! What a call says of its decisions: what it did, with the numbers that decided it.

use super::*;
use crate::policy::classify::Action;
use crate::policy::reason::{Lead, Leaving, NoHedge, OpenedBy, Reason, Refusal, Stop, Wait};

#[test]
fn a_call_that_is_not_asked_says_nothing() {
    let mut fleet = fleet("name: sample\n", [keys(1)]);
    let mut call = call(0, Delivery::Plain);
    started(&mut call, &mut fleet, 0);
    assert_eq!(call.take_reasons(), []);
}

#[test]
fn it_says_why_the_first_is_first_and_why_others_are_passed_over() {
    let policy = "name: sample\nretry: { max_attempts: 1 }\n\
        breaker: { consecutive_failures: 1, open: { initial: 9s, jitter: none } }\n";
    let mut fleet = fleet(policy, [keys(1), keys(1)]);
    failed(
        &mut call(0, Delivery::Plain),
        &mut fleet,
        FailureClass::Reset,
    );
    let mut call = explained(1);
    assert_eq!(started(&mut call, &mut fleet, 1), ProviderId(1));
    let reasons = call.take_reasons();
    let Reason::Ordered {
        led_by, providers, ..
    } = &reasons[0]
    else {
        panic!("{reasons:?}");
    };
    assert_eq!((*led_by, providers.len()), (Lead::Rank, 2));
    let why = Refusal::BreakerOpen {
        until: at(9),
        by: OpenedBy::ConsecutiveFailures { failures: 1 },
    };
    let provider = ProviderId(0);
    assert_eq!(reasons[1..], [Reason::PassedOver { provider, why }]);
    assert_eq!(fleet.opened(provider).map(|(until, _)| until), Some(at(9)));
}

#[test]
fn it_says_why_it_waits_and_for_how_long() {
    let policy = "name: sample\nhints: { jitter: 0% }\n\
        retry: { max_attempts: 3, max_attempts_per_provider: 3, \
        backoff: { base: 2s, factor: 2, jitter: full } }\n";
    let mut fleet = fleet(policy, [keys(1)]);
    let mut call = explained(0);
    let Wait::Backoff {
        nth,
        low,
        high,
        wait,
        ..
    } = waited(&mut call, &mut fleet, Failure::of(FailureClass::Reset))
    else {
        panic!("there is no hint");
    };
    assert_eq!(
        (nth, low, high),
        (1, Duration::ZERO, Duration::from_secs(2))
    );
    let Step::Wait { until: Some(until) } = call.step(&mut fleet, at(0)) else {
        panic!("it waits");
    };
    assert_eq!(until, at(0) + wait, "it waits as long as it says");
    let hint = Duration::from_secs(3);
    let failure = Failure {
        hint: Some(hint),
        ..Failure::of(FailureClass::RateLimited)
    };
    assert!(matches!(call.step(&mut fleet, until), Step::Start(_)));
    let wait = replied(&mut call, &mut fleet, AttemptId(2), failure, until);
    assert_eq!(wait, Some(Wait::Hint { hint, wait: hint }));
}

#[test]
fn it_says_why_it_leaves_a_provider() {
    let once = "retry: { max_attempts: 2, max_attempts_per_provider: 1 }\n";
    let never = "retry: { max_attempts: 3, max_attempts_per_provider: 3, budget: { ratio: 50%, \
        reserve: 1/h } }\n";
    let rotates = "failures: { auth: rotate_key }\n";
    let (reset, auth) = (FailureClass::Reset, FailureClass::Auth);
    let action = Action::Fallback;
    for (policy, class, why) in [
        (once, reset, Leaving::AttemptsPerProvider { attempts: 1 }),
        (never, reset, Leaving::RetryBudgetEmpty),
        (rotates, auth, Leaving::NoOtherKey),
        (
            "",
            auth,
            Leaving::Class {
                class: auth,
                action,
            },
        ),
    ] {
        let mut fleet = fleet(&format!("name: sample\n{policy}"), [keys(1), keys(1)]);
        let mut call = explained(0);
        failed(&mut call, &mut fleet, class);
        let provider = ProviderId(0);
        let reasons = call.take_reasons();
        let left = Reason::Leaves { provider, why };
        assert!(reasons.contains(&left), "{class:?}: {reasons:?}");
    }
}

#[test]
fn it_says_which_rule_ends_it() {
    let stopped = |policy: &str, class| {
        let mut fleet = fleet(&format!("name: sample\n{policy}"), [keys(1)]);
        let mut call = explained(0);
        failed(&mut call, &mut fleet, class);
        match call.take_reasons().pop() {
            Some(Reason::Stops { why }) => why,
            other => panic!("{other:?}"),
        }
    };
    let once = "retry: { max_attempts: 1 }\n";
    let (reset, bad) = (FailureClass::Reset, FailureClass::BadRequest);
    assert_eq!(stopped(once, reset), Stop::AttemptsSpent { attempts: 1 });
    assert_eq!(stopped("", bad), Stop::Class { class: bad });
    let per_provider = "retry: { max_attempts: 9, max_attempts_per_provider: 1 }\n";
    assert_eq!(stopped(per_provider, reset), Stop::NoProvider);
}

#[test]
fn a_provider_that_does_not_support_the_request_is_never_asked() {
    let mut fleet = fleet(
        "name: sample\nroute: { strategy: priority }\n",
        [keys(1), keys(1)],
    );
    fleet.pin(Some(ProviderId(0)));
    let unsupporting = |unsupported: &[u16]| {
        let ask = CallContext {
            unsupported: unsupported.iter().copied().map(ProviderId).collect(),
            ..CallContext::default()
        };
        let mut call = Call::new(CallId(0), at(0), ask, RngStreams::new(1));
        call.explain();
        call
    };
    let (provider, why) = (ProviderId(0), Refusal::Unsupported);
    let mut pinned = unsupporting(&[0]);
    let unavailable = Step::Finish(Outcome::Failed(FailureReason::Unavailable));
    assert_eq!(pinned.step(&mut fleet, at(0)), unavailable);
    fleet.pin(None);
    let mut some = unsupporting(&[0]);
    assert_eq!(started(&mut some, &mut fleet, 0), ProviderId(1));
    assert_eq!(
        some.take_reasons()[1..],
        [Reason::PassedOver { provider, why }]
    );
    let mut none = unsupporting(&[0, 1]);
    let stopped = Outcome::Failed(FailureReason::Stopped(FailureClass::BadRequest));
    assert_eq!(none.step(&mut fleet, at(0)), Step::Finish(stopped));
    let why = Stop::Unsupported;
    assert_eq!(none.take_reasons().last(), Some(&Reason::Stops { why }));
}

#[test]
fn it_says_what_is_full_and_repeats_nothing_while_it_waits_for_room() {
    let policy = "name: sample\nlimit: { concurrency: 1 }\nqueue: { max_wait: 5s }\n";
    let mut fleet = fleet(policy, [keys(1)]);
    let mut inside = call(0, Delivery::Plain);
    started(&mut inside, &mut fleet, 0);
    let mut call = explained(1);
    for second in 0..3 {
        call.step(&mut fleet, at(second));
    }
    let (provider, why) = (ProviderId(0), Refusal::BulkheadFull { limit: 1 });
    let queued = Reason::Queued { until: at(5) };
    let passed = Reason::PassedOver { provider, why };
    assert_eq!(call.take_reasons()[1..], [passed, queued]);
    call.step(&mut fleet, at(5));
    let why = Stop::QueueTimeout;
    assert_eq!(call.take_reasons(), [Reason::Stops { why }]);
}

#[test]
fn it_says_when_it_hedges_and_why_it_does_not() {
    let mut fleet = fleet(HEDGED, [keys(1), keys(1)]);
    let mut call = explained(0);
    started(&mut call, &mut fleet, 0);
    call.take_reasons();
    started(&mut call, &mut fleet, 1);
    let silent = Duration::from_secs(1);
    let provider = ProviderId(0);
    assert_eq!(call.take_reasons()[0], Reason::Hedges { provider, silent });
    call.step(&mut fleet, at(2));
    let why = NoHedge::BudgetEmpty;
    assert_eq!(call.take_reasons().last(), Some(&Reason::HedgesNot { why }));
}

#[test]
fn it_says_who_is_asked_in_panic_or_by_hand() {
    let policy = "name: sample\nretry: { max_attempts: 1 }\nroute: { panic_threshold: 100% }\n\
        breaker: { consecutive_failures: 1 }\n";
    let mut fleet = fleet(policy, [keys(1)]);
    failed(
        &mut call(0, Delivery::Plain),
        &mut fleet,
        FailureClass::Reset,
    );
    let mut call = explained(1);
    let provider = started(&mut call, &mut fleet, 0);
    let reasons = call.take_reasons();
    assert!(matches!(
        reasons.last(),
        Some(Reason::Panic {
            despite: Refusal::BreakerOpen { .. },
            ..
        })
    ));
    fleet.pin(Some(provider));
    let mut call = explained(2);
    started(&mut call, &mut fleet, 0);
    assert_eq!(call.take_reasons().pop(), Some(Reason::Pinned { provider }));
}

/// A call that notes its reasons.
fn explained(id: u64) -> Call {
    let mut call = call(id, Delivery::Plain);
    call.explain();
    call
}

/// Its first attempt fails at once; takes the step after that.
fn failed(call: &mut Call, fleet: &mut Fleet, class: FailureClass) {
    started(call, fleet, 0);
    call.on_reply(fleet, AttemptId(1), &failure(class), at(0));
    call.step(fleet, at(0));
}

/// The wait after its first attempt has failed at once.
fn waited(call: &mut Call, fleet: &mut Fleet, failure: Failure) -> Wait {
    started(call, fleet, 0);
    let wait = replied(call, fleet, AttemptId(1), failure, at(0));
    wait.expect("it waits")
}

fn replied(
    call: &mut Call,
    fleet: &mut Fleet,
    attempt: AttemptId,
    failure: Failure,
    now: Instant,
) -> Option<Wait> {
    call.on_reply(fleet, attempt, &Reply::Failed(failure), now);
    call.step(fleet, now);
    match call.take_reasons().pop() {
        Some(Reason::Waits { wait, .. }) => Some(wait),
        _ => None,
    }
}

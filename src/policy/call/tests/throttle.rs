//! Stepping a call again must not count as another request at a throttled provider.
//!
//! Each test runs the same calls twice: once plainly, and once so that the core considers the
//! throttled provider several times per call. Both runs must send the same calls there.

use super::*;

/// The first provider never answers, so its throttle soon refuses most calls.
const THROTTLED: &str = "name: sample\nretry: { max_attempts: 2 }\nthrottle: {}\n\
    breaker: { consecutive_failures: 1, open: { initial: 1s, jitter: none } }\n";

#[test]
fn a_second_pass_for_slow_start_counts_no_second_request() {
    let slow_start =
        format!("{THROTTLED}route: {{ slow_start: {{ initial_share: 1%, window: 1h }} }}\n");
    let sent = |policy: &str| {
        let mut fleet = fleet(policy, [keys(1), keys(1)]);
        fleet.pin(Some(ProviderId(1)));
        let mut broken = call(1_000, Delivery::Plain);
        started(&mut broken, &mut fleet, 0);
        broken.on_reply(
            &mut fleet,
            AttemptId(1),
            &failure(FailureClass::Reset),
            at(0),
        );
        let mut probe = call(1_001, Delivery::Plain);
        started(&mut probe, &mut fleet, 1);
        probe.on_reply(&mut fleet, AttemptId(1), &Reply::Succeeded, at(1));
        fleet.pin(None);
        sent_to_first(&mut fleet, |_, _| {})
    };
    assert_eq!(sent(&slow_start), sent(THROTTLED));
}

#[test]
fn a_hedge_does_not_ask_a_throttle_that_has_refused_its_call() {
    let hedged = format!("{THROTTLED}hedge: {{ delay: 1s, budget: 100%, max_hedges: 1 }}\n");
    let sent = |policy: &str| {
        let mut fleet = fleet(policy, [keys(1), keys(1)]);
        sent_to_first(&mut fleet, |call, fleet| {
            call.step(fleet, at(3));
        })
    };
    assert_eq!(sent(&hedged), sent(THROTTLED));
}

#[test]
fn a_queued_call_that_is_woken_often_counts_one_request() {
    let queued = format!("{THROTTLED}limit: {{ concurrency: 1 }}\nqueue: {{ max_wait: 60s }}\n");
    let sent = |polls: u32| {
        let mut fleet = fleet(&queued, [keys(1), keys(1)]);
        fleet.pin(Some(ProviderId(1)));
        started(&mut call(1_000, Delivery::Plain), &mut fleet, 0);
        fleet.pin(None);
        sent_to_first(&mut fleet, |call, fleet| {
            for _ in 1..polls {
                let step = call.step(fleet, at(2));
                assert_eq!(step, Step::WaitForCapacity { until: at(62) });
            }
        })
    };
    assert_eq!(sent(20), sent(1));
}

/// The calls that were sent to the first of two providers at 2 s. What the others do before they
/// are dropped is the test's choice.
fn sent_to_first(fleet: &mut Fleet, others: impl Fn(&mut Call, &mut Fleet)) -> Vec<u64> {
    let mut sent = Vec::new();
    for id in 0..CALLS {
        let mut call = Call::new(
            CallId(id),
            at(2),
            CallContext::default(),
            RngStreams::new(1),
        );
        match call.step(fleet, at(2)) {
            Step::Start(start) if start.provider == ProviderId(0) => sent.push(id),
            _ => others(&mut call, fleet),
        }
        call.on_dropped(fleet, at(2));
    }
    assert!((20..CALLS as usize / 2).contains(&sent.len()), "{sent:?}");
    sent
}

/// Enough for the throttle to refuse many of them.
const CALLS: u64 = 300;

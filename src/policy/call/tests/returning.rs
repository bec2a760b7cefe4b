//! Calls that wait for the return of a provider.

use super::*;
use crate::policy::reason::{Reason, Stop};

/// Both breakers are open until 10 s; calls may wait for as long as `max_wait`.
fn both_open(max_wait: &str) -> Fleet {
    let policy = format!(
        "name: sample\nretry: {{ max_attempts: 2, max_attempts_per_provider: 1 }}\n\
         breaker: {{ consecutive_failures: 1, open: {{ initial: 10s, factor: 2 }} }}\n\
         queue: {{ max_wait: {max_wait}, when_unavailable: wait }}\n"
    );
    let mut fleet = fleet(&policy, [keys(1), keys(1)]);
    let mut struck = call(0, Delivery::Plain);
    for attempt in 1..=2 {
        struck.step(&mut fleet, at(0));
        let failed = failure(FailureClass::Connect);
        struck.on_reply(&mut fleet, AttemptId(attempt), &failed, at(0));
    }
    let class = FailureClass::Connect;
    let exhausted = Outcome::Failed(FailureReason::Exhausted(class));
    assert_eq!(
        struck.step(&mut fleet, at(0)),
        Step::Finish(exhausted),
        "a call that has left both providers does not wait for them"
    );
    fleet
}

#[test]
fn a_call_waits_for_the_first_provider_to_return() {
    let mut fleet = both_open("30s");
    let mut waiting = [1, 2].map(|id| call(id, Delivery::Plain));
    for call in &mut waiting {
        let until = at(10);
        assert_eq!(
            call.step(&mut fleet, at(1)),
            Step::WaitForCapacity { until }
        );
    }
    let [mut first, mut second] = waiting;
    assert_eq!(started(&mut first, &mut fleet, 10), ProviderId(0));
    assert_eq!(started(&mut second, &mut fleet, 10), ProviderId(1));
}

#[test]
fn the_end_of_a_probe_wakes_all_that_wait() {
    for ends_well in [true, false] {
        let mut fleet = both_open("30s");
        fleet.isolate(ProviderId(1), true);
        let mut waiting = [1, 2, 3].map(|id| call(id, Delivery::Plain));
        for call in &mut waiting {
            call.step(&mut fleet, at(1));
        }
        let [mut probe, mut second, mut third] = waiting;
        assert_eq!(started(&mut probe, &mut fleet, 10), ProviderId(0));
        for call in [&mut second, &mut third] {
            let stays = call.step(&mut fleet, at(10));
            assert!(matches!(stays, Step::WaitForCapacity { .. }), "{stays:?}");
        }
        fleet.take_woken();
        let reply = match ends_well {
            true => Reply::Succeeded,
            false => failure(FailureClass::Connect),
        };
        probe.on_reply(&mut fleet, AttemptId(1), &reply, at(12));
        assert_eq!(fleet.take_woken(), [CallId(2), CallId(3)]);
        match ends_well {
            true => {
                assert_eq!(started(&mut second, &mut fleet, 12), ProviderId(0));
                assert_eq!(started(&mut third, &mut fleet, 12), ProviderId(0));
            }
            // It is open for twice as long: until 32 s, and their wait ends at 31 s.
            false => assert_eq!(second.step(&mut fleet, at(12)), unavailable()),
        }
    }
}

#[test]
fn a_wait_that_would_be_in_vain_is_not_begun() {
    let mut fleet = both_open("9s");
    let mut early = call(1, Delivery::Plain);
    assert_eq!(early.step(&mut fleet, at(1)), unavailable(), "max_wait");
    let mut late = call(2, Delivery::Plain);
    let until = at(10);
    assert_eq!(
        late.step(&mut fleet, at(2)),
        Step::WaitForCapacity { until }
    );
    let ask = CallContext {
        deadline: Some(Duration::from_secs(5)),
        ..CallContext::default()
    };
    let mut hurried = Call::new(CallId(3), at(3), ask, RngStreams::new(1));
    assert_eq!(hurried.step(&mut fleet, at(3)), unavailable(), "deadline");
}

#[test]
fn who_waits_for_a_return_delays_no_call_that_another_provider_admits() {
    let mut fleet = both_open("30s");
    let mut probe = call(1, Delivery::Plain);
    assert_eq!(started(&mut probe, &mut fleet, 10), ProviderId(0));
    let failed = failure(FailureClass::Connect);
    let mut other = call(2, Delivery::Plain);
    assert_eq!(started(&mut other, &mut fleet, 10), ProviderId(1));
    probe.on_reply(&mut fleet, AttemptId(1), &failed, at(11));
    // It has left the first provider, and waits for the end of the other's probe.
    let waits = probe.step(&mut fleet, at(11));
    assert!(matches!(waits, Step::WaitForCapacity { .. }), "{waits:?}");
    other.on_reply(&mut fleet, AttemptId(1), &Reply::Succeeded, at(12));
    let mut newcomer = call(3, Delivery::Plain);
    assert_eq!(started(&mut newcomer, &mut fleet, 12), ProviderId(1));
    assert_eq!(started(&mut probe, &mut fleet, 12), ProviderId(1));
}

#[test]
fn a_call_says_that_it_waits_for_a_return_and_that_none_came() {
    let mut fleet = both_open("15s");
    fleet.isolate(ProviderId(1), true);
    let mut probe = call(1, Delivery::Plain);
    assert_eq!(started(&mut probe, &mut fleet, 10), ProviderId(0));
    let mut waiting = call(2, Delivery::Plain);
    waiting.explain();
    let until = at(25);
    assert_eq!(
        waiting.step(&mut fleet, at(10)),
        Step::WaitForCapacity { until }
    );
    assert_eq!(
        waiting.take_reasons().pop(),
        Some(Reason::AwaitsReturn { until })
    );
    assert_eq!(waiting.step(&mut fleet, until), unavailable());
    let why = Stop::NoReturn;
    assert_eq!(waiting.take_reasons(), [Reason::Stops { why }]);
}

fn unavailable() -> Step {
    Step::Finish(Outcome::Failed(FailureReason::Unavailable))
}

//! Faults of the provider itself, and how its load shows in an exchange.

use super::*;
use crate::units::{Bandwidth, TokenRate};

fn seconds(seconds: u64) -> Instant {
    Instant::from_nanos(seconds * 1_000_000_000)
}

fn worked_on(faults: &[FaultKind], place: SlotGrant, request: &Request) -> Vec<(u64, Done)> {
    let mut provider = provider(faults);
    let quotas = Quotas::default();
    let exchange = provider.work(&request.seen(NOW), request, place, quotas);
    done(exchange).0
}

#[test]
fn who_waits_for_a_slot_begins_later_and_who_has_company_is_slower() {
    let place = SlotGrant {
        start: NOW + Duration::from_secs(2),
        slowdown: Factor::milli(1_500),
    };
    let played = worked_on(&[], place, &request(false, 100));
    let expected = [
        (2_000, Done::Billed(900, 0)),
        (2_000 + 900 + 1_500, Done::Billed(0, 100)),
        (4_400, Done::Answered),
        (4_400, Done::Write),
    ];
    assert_eq!(played, expected);
    let played = worked_on(&[], place, &request(true, 11));
    assert_eq!(moments(&played, &Done::Write), [2_900, 3_000, 3_050]);
}

#[test]
fn a_loss_of_capacity_strikes_whom_it_keeps_waiting() {
    let loss = [
        FaultKind::CapacityLoss {
            remaining: Share::percent(50),
        },
        slow(2_000),
    ];
    let place = |wait, slow_milli| SlotGrant {
        start: NOW + Duration::from_secs(wait),
        slowdown: Factor::milli(slow_milli),
    };
    let fired = |place| {
        let played = worked_on(&loss, place, &request(false, 1));
        let fired = played
            .into_iter()
            .filter(|(_, done)| matches!(done, Done::Fired(_)));
        fired.map(|(_, done)| done).collect::<Vec<_>>()
    };
    assert_eq!(fired(place(0, 1_000)), [Done::Fired(1)]);
    assert_eq!(fired(place(1, 1_000)), [Done::Fired(0), Done::Fired(1)]);
    assert_eq!(fired(place(0, 1_001)), [Done::Fired(0), Done::Fired(1)]);
}

#[test]
fn losses_multiply_while_they_are_at_work() {
    let half = || FaultKind::CapacityLoss {
        remaining: Share::percent(50),
    };
    let faults = [
        half(),
        half(),
        FaultKind::LimitShrink {
            remaining: Share::percent(30),
        },
    ];
    let mut scenario = scenario(&faults);
    scenario.faults[1].windows.length = Some(Duration::from_secs(10));
    scenario.faults[2].windows.at = Duration::from_secs(10);
    let mut faults = Faults::new(&scenario, ProviderId(0), RngStreams::new(1));
    let mut left = |at| {
        (
            faults.slots_left(seconds(at)).of(100),
            faults.limits_left(seconds(at)).of(100),
        )
    };
    assert_eq!(left(9), (25, 100));
    assert_eq!(left(10), (50, 30));
}

#[test]
fn shrunken_limits_strike_whom_they_refuse_and_who_is_told_of_them() {
    let mut scenario = scenario(&[FaultKind::LimitShrink {
        remaining: Share::percent(10),
    }]);
    let mut fired = |limits| {
        scenario.providers[0].limits.requests = limits;
        let mut provider = Provider::new(&scenario, ProviderId(0), RngStreams::new(1));
        let (played, _) = play(&mut provider, &request(false, 1));
        played.contains(&(0, Done::Fired(0)))
    };
    assert!(!fired(vec![]));
    assert!(fired(vec![per_minute(100)]));
    assert!(fired(vec![per_minute(0)]));
}

#[test]
fn a_full_queue_is_an_overload_and_the_loss_has_a_hand_in_it() {
    let faults = [
        FaultKind::LimitShrink {
            remaining: Share::ZERO,
        },
        FaultKind::CapacityLoss {
            remaining: Share::ZERO,
        },
    ];
    let mut provider = provider(&faults);
    let mut way = |cause, quotas| provider.in_the_way(NOW, &quotas, &Refusal::of(cause));
    let none = Quotas::default();
    let told = provider_with_limit().exhausted(None, &Refusal::with_status(429));
    assert_eq!(way(Cause::Overloaded, none), [FaultId(1)]);
    assert_eq!(way(Cause::Overloaded, told), [FaultId(0), FaultId(1)]);
    assert_eq!(way(Cause::TokenLimit, none), [FaultId(0)]);
}

#[test]
fn a_prompt_beyond_the_context_is_refused_and_takes_nothing_from_the_limits() {
    let mut scenario = scenario(&[]);
    scenario.providers[0].context = Some(900);
    scenario.providers[0].limits = Limits::per_minute(Some(1));
    let mut provider = Provider::new(&scenario, ProviderId(0), RngStreams::new(1));
    let mut long = request(false, 9);
    long.tokens.input = 901;
    let refused: Vec<Action> = provider
        .on_request(NOW, &long)
        .map(|(_, action)| action)
        .collect();
    let [Action::Write(bytes)] = refused.as_slice() else {
        panic!("{refused:?}");
    };
    let text = String::from_utf8_lossy(bytes);
    assert!(text.contains("context_length_exceeded"), "{text}");
    assert_eq!(request(false, 9).tokens.input, 900);
    let (fits, _) = done(provider.on_request(NOW, &request(false, 9)));
    assert_eq!(fits.last().map(|(_, done)| done), Some(&Done::Write));
    assert!(fits.iter().any(|(_, done)| *done == Done::Answered));
}

fn provider_with_limit() -> Provider {
    let mut scenario = scenario(&[]);
    scenario.providers[0].limits.requests = vec![per_minute(1)];
    Provider::new(&scenario, ProviderId(0), RngStreams::new(1))
}

/// A slot for one at a time, and a queue for one.
fn narrow(faults: &[FaultKind]) -> Provider {
    let mut scenario = scenario(faults);
    scenario.providers[0].capacity = Some(scenario::Capacity {
        slots: 2,
        queue: 1,
        slowdown: Factor::ONE,
        degrade: None,
    });
    Provider::new(&scenario, ProviderId(0), RngStreams::new(1))
}

#[test]
fn lost_slots_keep_waiting_and_then_refuse() {
    let mut provider = narrow(&[FaultKind::CapacityLoss {
        remaining: Share::percent(50),
    }]);
    let mut next = || play(&mut provider, &request(false, 100));
    let (alone, waits) = (next().0, next().0);
    assert_eq!(alone.last(), Some(&(1_600, Done::Write)));
    assert_eq!(waits[0], (0, Done::Fired(0)));
    assert_eq!(waits[1], (1_600, Done::Billed(900, 0)));
    assert_eq!(waits.last(), Some(&(3_200, Done::Write)));
    let (refused, bytes) = next();
    assert_eq!(refused, [(0, Done::Fired(0)), (0, Done::Write)]);
    assert_eq!(Answer::read(&bytes).status, 503);
}

#[test]
fn a_slot_is_taken_until_the_last_byte_has_left_or_the_stream_is_cut() {
    let begins = |fault: FaultKind| {
        let mut provider = narrow(&[
            FaultKind::CapacityLoss {
                remaining: Share::percent(50),
            },
            fault,
        ]);
        let mut first = provider.on_request(NOW, &request(true, 300));
        let end = first.by_ref().last().map(|(at, _)| at);
        let second = provider.on_request(NOW, &request(true, 1));
        let billed = second.filter(|(_, action)| matches!(action, Action::Billed(_)));
        (end, billed.map(|(at, _)| at).min())
    };
    for fault in [
        cut(25, CloseMode::Rst),
        stall(25, Duration::from_secs(9)),
        FaultKind::Drip {
            speed: TokenRate::per_second(10),
        },
        FaultKind::Bandwidth {
            cap: Bandwidth::per_second(900),
        },
        FaultKind::Split,
    ] {
        let (end, begins) = begins(fault.clone());
        assert_eq!(begins, end, "{fault:?}");
    }
}

//! What is billed.

use super::*;
use crate::scenario::fault::Flaw;
use crate::seeded::Prefix;
use crate::wire::fake::{Body, Choices};

fn bills(faults: &[FaultKind], request: &Request) -> Vec<Bill> {
    let exchange = provider(faults).on_request(NOW, request);
    let bills = exchange.filter_map(|(_, action)| match action {
        Action::Billed(bill) => Some(bill),
        _ => None,
    });
    bills.collect()
}

#[test]
fn a_price_is_a_factor_of_all_that_is_billed() {
    let faults = [2_000, 1_500, 1_000].map(Factor::milli);
    let faults = faults.map(|factor| FaultKind::Price { factor });
    let bill = |input, output| Bill {
        price_milli: 3_000,
        ..Bill::of(input, output)
    };
    let request = request(true, 40);
    assert_eq!(bills(&faults, &request), [bill(900, 0), bill(0, 40)]);
    let (played, _) = play(&mut provider(&faults), &request);
    let fired = [(0, Done::Fired(0)), (0, Done::Fired(1))];
    assert_eq!(played[..2], fired);
    assert!(!played.contains(&(0, Done::Fired(2))));
}

#[test]
fn a_double_bill_is_each_bill_twice() {
    let twice = [FaultKind::DoubleBilled, FaultKind::DoubleBilled];
    for streamed in [true, false] {
        let request = request(streamed, 40);
        let (input, output) = (Bill::of(900, 0), Bill::of(0, 40));
        assert_eq!(bills(&twice, &request), [input, input, output, output]);
        let (played, _) = play(&mut provider(&twice), &request);
        assert_eq!(moments(&played, &Done::Fired(0)), [0]);
        assert!(moments(&played, &Done::Fired(1)).is_empty());
    }
}

#[test]
fn what_the_cache_held_is_billed_apart_and_stated() {
    let (provider, request) = (provider(&[]), request(false, 40));
    let mut work = Work {
        request: &request,
        read: NOW,
        place: SlotGrant {
            start: NOW,
            slowdown: Factor::ONE,
        },
        quotas: Quotas::default(),
        effects: Default::default(),
        billing: Billing::default(),
        usage: Usage {
            input: 900,
            cached: 600,
            output: 40,
        },
    };
    work.billing.price = Factor::milli(500);
    let first = provider.answer(work, &[]).next();
    let bill = Bill {
        input: 300,
        cached: 600,
        output: 0,
        price_milli: 500,
    };
    assert_eq!(first, Some((NOW, Action::Billed(bill))));
}

#[test]
fn a_cache_that_held_nothing_is_not_lost() {
    let (played, _) = play(&mut provider(&[FaultKind::CacheMiss]), &request(false, 1));
    assert!(!played.contains(&(0, Done::Fired(0))));
    let mut faults = Faults::new(
        &scenario(&[FaultKind::DoubleBilled, FaultKind::CacheMiss]),
        ProviderId(0),
        RngStreams::new(1),
    );
    let lost = faults.cache_miss(&request(false, 1).seen(NOW));
    assert_eq!(lost, Some(FaultId(1)));
}

#[test]
fn a_cache_is_lost_while_the_fault_lasts_and_not_emptied() {
    let mut scenario = scenario(&[FaultKind::CacheMiss]);
    scenario.providers[0].cache = Some(scenario::Cache {
        ttl: Duration::from_secs(300),
    });
    let windows = &mut scenario.faults[0].windows;
    (windows.at, windows.length) = (Duration::from_secs(10), Some(Duration::from_secs(10)));
    let mut provider = Provider::new(&scenario, ProviderId(0), RngStreams::new(1));
    let mut request = request(false, 40);
    request.tokens.prefix = Some(Prefix { id: 1, tokens: 640 });
    let mut cached = |at: u64| {
        let exchange = provider.on_request(Instant::from_nanos(at * 1_000_000_000), &request);
        let (mut fired, mut cached) = (false, 0);
        for (_, action) in exchange {
            match action {
                Action::Fired(_) => fired = true,
                Action::Billed(bill) => {
                    assert!(bill.input + bill.cached == 900 || bill.input == 0);
                    cached += bill.cached;
                }
                _ => {}
            }
        }
        (fired, cached)
    };
    assert_eq!(cached(1), (false, 0));
    let (_, held) = cached(9);
    assert!(held > 0);
    assert_eq!(cached(15), (true, 0));
    assert_eq!(cached(25), (false, held));
}

#[test]
fn a_body_in_the_place_of_an_answer_bills_the_prompt_alone() {
    for body in [Body::Empty, Body::Html, Body::Error(Cause::ServerError)] {
        for streamed in [true, false] {
            let faults = [
                cut(3, CloseMode::Rst),
                slow(2_000),
                FaultKind::Split,
                FaultKind::Flaw(Flaw::Body(body)),
            ];
            let (played, _) = play(&mut provider(&faults), &request(streamed, 40));
            let expected = [
                (0, Done::Fired(1)),
                (0, Done::Fired(3)),
                (0, Done::Billed(900, 0)),
                (1_200, Done::Write),
            ];
            assert_eq!(played, expected);
        }
    }
}

#[test]
fn an_answer_with_other_flaws_is_billed_like_a_right_one() {
    for (flaw, streamed) in [
        (Flaw::Body(Body::HalfJson), false),
        (Flaw::Choices(Choices::Null), false),
        (Flaw::Choices(Choices::Empty), true),
    ] {
        let (played, _) = play(
            &mut provider(&[FaultKind::Flaw(flaw)]),
            &request(streamed, 40),
        );
        assert_eq!(moments(&played, &Done::Billed(0, 40)).len(), 1);
        assert!(moments(&played, &Done::Answered).is_empty());
    }
}

#[test]
fn an_error_in_band_bills_what_came_before_it() {
    let fault = |after| FaultKind::InBand {
        after,
        cause: Cause::Overloaded,
    };
    let request = request(true, 40);
    assert_eq!(bills(&[fault(0)], &request), [Bill::of(900, 0)]);
    let some = [Bill::of(900, 0), Bill::of(0, 25)];
    assert_eq!(bills(&[fault(25)], &request), some);
    let (played, _) = play(&mut provider(&[fault(40)]), &request);
    assert!(moments(&played, &Done::Answered).is_empty());
    assert!(!played.iter().any(|(_, done)| *done == Done::Fin));
}

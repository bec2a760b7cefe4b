//! Faults that replace an answer, and in what order faults meet a request.

use super::*;

#[test]
fn an_early_end_is_a_fin_and_bills_nothing() {
    let (played, bytes) = play(&mut provider(&[FaultKind::EarlyFin]), &request(true, 300));
    assert_eq!(played, [(0, Done::Fired(0)), (0, Done::Fin)]);
    assert!(bytes.is_empty());
}

#[test]
fn a_head_alone_is_that_of_an_answer_and_nothing_follows() {
    for (streamed, kind) in [
        (true, "text/event-stream; charset=utf-8"),
        (false, "application/json"),
    ] {
        let mut provider = provider(&[FaultKind::HeadersOnly { then: None }]);
        let (played, bytes) = play(&mut provider, &request(streamed, 300));
        let expected = [(0, Done::Fired(0)), (0, Done::Write), (0, Done::Silence)];
        assert_eq!(played, expected);
        assert!(bytes.ends_with(b"\r\n\r\n"));
        let answer = Answer::read(&bytes);
        assert_eq!((answer.status, answer.body.as_str()), (200, ""));
        assert_eq!(answer.fields["content-type"], kind);
        assert!(!answer.is_terminated);
    }
}

#[test]
fn a_refusal_may_bill_the_prompt() {
    let fault = FaultKind::Refuse {
        refusal: Refusal::with_status(500),
        billed: true,
        late: Duration::ZERO,
    };
    let (played, bytes) = play(&mut provider(&[fault]), &request(false, 300));
    let expected = [
        (0, Done::Fired(0)),
        (0, Done::Billed(900, 0)),
        (0, Done::Write),
    ];
    assert_eq!(played, expected);
    assert_eq!(Answer::read(&bytes).status, 500);
}

#[test]
fn an_injected_429_says_that_the_limit_that_it_names_is_used_up() {
    let remaining = |cause| {
        let hinted = Refusal::of(cause).after(Duration::from_secs(20));
        let mut scenario = scenario(&[refuse(hinted)]);
        scenario.providers[0].limits.requests = vec![per_minute(7)];
        let provider = Provider::new(&scenario, ProviderId(0), RngStreams::new(1));
        let quotas = provider.exhausted(None, &hinted);
        (quotas.requests.map(|q| (q.remaining, q.reset)), quotas)
    };
    let used_up = Some((0, Duration::from_secs(20)));
    assert_eq!(remaining(Cause::RateLimit).0, used_up);
    assert_eq!(remaining(Cause::RateLimit).1.tokens, None);
    assert_eq!(remaining(Cause::TokenLimit).0, None);
    assert_eq!(remaining(Cause::Overloaded).1, Quotas::default());
}

#[test]
fn exchange_comes_before_limits_and_limits_before_the_answer() {
    let faults = [
        slow(2_000),
        FaultKind::DoubleBilled,
        refuse(Refusal::with_status(500)),
    ];
    let mut scenario = scenario(&faults);
    scenario.providers[0].limits.requests = vec![per_minute(1)];
    scenario.faults[2].windows.at = Duration::from_secs(60);
    let mut provider = Provider::new(&scenario, ProviderId(0), RngStreams::new(1));
    let mut fired = |at: u64| {
        let now = Instant::from_nanos(at * 1_000_000_000);
        let exchange = provider.on_request(now, &request(false, 1));
        let fired = exchange.filter_map(|(_, action)| match action {
            Action::Fired(fault) => Some(fault.0),
            _ => None,
        });
        fired.collect::<Vec<_>>()
    };
    assert_eq!(fired(1), [0, 1]);
    // The limit refuses, so there is neither an answer nor a bill.
    assert_eq!(fired(2), [0_u16; 0]);
    // An error comes before the limit, and takes nothing from it.
    assert_eq!(fired(61), [2]);
}

#[test]
fn what_follows_a_verdict_has_not_struck() {
    let faults = [
        FaultKind::KeepAlive { by: None },
        FaultKind::EarlyFin,
        FaultKind::HeadersOnly { then: None },
        FaultKind::CapacityLoss {
            remaining: Share::ZERO,
        },
    ];
    let (played, _) = play(&mut provider(&faults), &request(true, 300));
    assert_eq!(played, [(0, Done::Fired(1)), (0, Done::Fin)]);
}

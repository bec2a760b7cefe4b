//! Claims about all limits of an account together.

use super::window::FOREVER;
use super::*;
use crate::scenario::{Limit, Span};
use proptest::prelude::*;

fn limit(count: u64, span: Span) -> Vec<Limit> {
    vec![Limit {
        count,
        per: MINUTE,
        span,
    }]
}

fn limits(limits: &scenario::Limits) -> Limits {
    Limits::new(limits)
}

fn at(seconds: u64) -> Instant {
    Instant::from_nanos(seconds * 1_000_000_000)
}

fn ask(input: u64, output: u64) -> LimitRequest {
    LimitRequest { input, output }
}

const KEY: Option<&str> = None;

fn denied(result: Result<Quotas, Box<Denied>>) -> Denied {
    *result.expect_err("it is refused")
}

#[test]
fn without_limits_everybody_is_admitted_and_nothing_is_said() {
    let mut limits = limits(&scenario::Limits::default());
    let huge = ask(u64::MAX, u64::MAX);
    assert_eq!(
        limits.admit(at(0), KEY, huge, Share::ZERO),
        Ok(Quotas::default())
    );
    assert_eq!(limits.exhausted(KEY, MINUTE), Quotas::default());
}

#[test]
fn what_is_shown_is_what_the_next_request_would_find_and_changes_nothing() {
    let mut limits = limits(&scenario::Limits {
        requests: limit(10, Span::Bucket),
        concurrency: Some(3),
        per: Per::Key,
        ..Default::default()
    });
    assert_eq!(limits.state(at(0), Share::WHOLE), []);
    let key = Some("a");
    limits.admit(at(0), key, ask(1, 1), Share::WHOLE).unwrap();
    limits.settle(at(5), 1, 1);
    let shown = |limits: &mut Limits, now| {
        let states = limits.state(at(now), Share::WHOLE).into_iter();
        Vec::from_iter(states.map(|one| (one.key, one.counts, one.limit, one.remaining)))
    };
    let a = || Some("a".to_owned());
    let expected = [(a(), "requests", 10, 9), (a(), "concurrency", 3, 2)];
    assert_eq!(shown(&mut limits, 1), expected);
    assert_eq!(shown(&mut limits, 1), expected);
    let later = [(a(), "requests", 10, 10), (a(), "concurrency", 3, 3)];
    assert_eq!(shown(&mut limits, 6), later);
}

#[test]
fn a_request_is_admitted_by_all_limits_or_by_none() {
    for span in [Span::Bucket, Span::Sliding, Span::Fixed] {
        let mut limits = limits(&scenario::Limits {
            requests: limit(10, span),
            tokens: limit(1_000, span),
            ..Default::default()
        });
        let quotas = limits
            .admit(at(0), KEY, ask(300, 200), Share::WHOLE)
            .unwrap();
        assert_eq!(quotas.requests.unwrap().remaining, 9);
        assert_eq!(quotas.tokens.unwrap().remaining, 500);
        let denied = denied(limits.admit(at(0), KEY, ask(300, 300), Share::WHOLE));
        assert_eq!(denied.cause, Cause::TokenLimit);
        assert_eq!(denied.quotas, quotas, "a refused request takes nothing");
        assert!(
            limits
                .admit(at(0), KEY, ask(300, 200), Share::WHOLE)
                .is_ok()
        );
        let empty = limits.admit(at(0) + denied.wait, KEY, ask(300, 300), Share::WHOLE);
        assert_eq!(empty.is_ok(), span != Span::Bucket, "{span:?}");
    }
}

#[test]
fn of_several_limits_the_one_that_lasts_longest_is_named() {
    let day = Duration::from_secs(86_400);
    let mut requests = limit(2, Span::Fixed);
    requests.push(Limit {
        count: 3,
        per: day,
        span: Span::Fixed,
    });
    let mut limits = limits(&scenario::Limits {
        requests,
        ..Default::default()
    });
    let mut admit = |now| limits.admit(at(now), KEY, ask(1, 1), Share::WHOLE);
    assert_eq!(admit(0).unwrap().requests.unwrap().remaining, 1);
    admit(0).unwrap();
    let minute = denied(admit(20));
    assert_eq!(
        (minute.cause, minute.wait.as_secs()),
        (Cause::RateLimit, 40)
    );
    assert_eq!(admit(60).unwrap().requests.unwrap().limit, 3);
    let daily = denied(admit(61));
    assert_eq!(
        (daily.cause, daily.wait),
        (Cause::DailyLimit, day - Duration::from_secs(61))
    );
    assert!(admit(86_400).is_ok());
}

#[test]
fn on_completion_a_burst_overshoots_and_later_requests_pay() {
    let mut limits = limits(&scenario::Limits {
        tokens: limit(600, Span::Bucket),
        charge: Charge::Completion,
        ..Default::default()
    });
    for _ in 0..10 {
        let quotas = limits
            .admit(at(0), KEY, ask(100, 9_999), Share::WHOLE)
            .unwrap();
        assert_eq!(quotas.tokens.unwrap().remaining, 600);
        limits.settle(at(10), 100, 20);
    }
    assert!(limits.admit(at(9), KEY, ask(100, 1), Share::WHOLE).is_ok());
    let denied = denied(limits.admit(at(10), KEY, ask(1, 1), Share::WHOLE));
    assert_eq!(denied.cause, Cause::TokenLimit);
    assert_eq!(denied.quotas.tokens.unwrap().remaining, 0);
    assert_eq!(denied.wait, Duration::from_millis(60_100));
    assert!(
        limits
            .admit(at(10) + denied.wait, KEY, ask(1, 1), Share::WHOLE)
            .is_ok()
    );
}

#[test]
fn a_reserve_gives_back_what_was_not_used_and_admission_does_not() {
    for (charge, left) in [(Charge::Reserve, 850), (Charge::Admission, 400)] {
        for span in [Span::Sliding, Span::Fixed] {
            let mut limits = limits(&scenario::Limits {
                tokens: limit(1_000, span),
                charge,
                ..Default::default()
            });
            let quotas = limits
                .admit(at(0), KEY, ask(100, 500), Share::WHOLE)
                .unwrap();
            assert_eq!(quotas.tokens.unwrap().remaining, 400);
            limits.settle(at(5), 100, 50);
            let quotas = limits.admit(at(5), KEY, ask(0, 0), Share::WHOLE).unwrap();
            assert_eq!(
                quotas.tokens.unwrap().remaining,
                left,
                "{charge:?} {span:?}"
            );
        }
    }
}

#[test]
fn prompts_are_charged_on_admission_however_output_is() {
    let mut limits = limits(&scenario::Limits {
        input: limit(1_000, Span::Bucket),
        output: limit(1_000, Span::Bucket),
        charge: Charge::Completion,
        ..Default::default()
    });
    let quotas = limits
        .admit(at(0), KEY, ask(600, 5_000), Share::WHOLE)
        .unwrap();
    assert_eq!(quotas.input.unwrap().remaining, 400);
    assert_eq!(quotas.output.unwrap().remaining, 1_000);
    let denied = denied(limits.admit(at(0), KEY, ask(600, 1), Share::WHOLE));
    assert_eq!(
        (denied.cause, denied.wait.as_secs()),
        (Cause::TokenLimit, 12)
    );
}

#[test]
fn requests_at_once_are_counted_until_their_work_is_done() {
    let mut limits = limits(&scenario::Limits {
        concurrency: Some(2),
        ..Default::default()
    });
    for end in [30, 20] {
        limits.admit(at(0), KEY, ask(1, 1), Share::WHOLE).unwrap();
        limits.settle(at(end), 1, 1);
    }
    let denied = denied(limits.admit(at(5), KEY, ask(1, 1), Share::WHOLE));
    assert_eq!(
        (denied.cause, denied.wait.as_secs()),
        (Cause::Concurrency, 15)
    );
    assert!(limits.admit(at(20), KEY, ask(1, 1), Share::WHOLE).is_ok());
    // It was not worked on after all: its place is free.
    limits.settle(at(20), 0, 0);
    assert!(limits.admit(at(20), KEY, ask(1, 1), Share::WHOLE).is_ok());
    limits.settle(at(60), 1, 1);
    assert!(limits.admit(at(25), KEY, ask(1, 1), Share::WHOLE).is_err());
    limits.clear();
    assert!(limits.admit(at(25), KEY, ask(1, 1), Share::WHOLE).is_ok());
}

#[test]
fn refused_requests_count_where_the_provider_counts_them() {
    use CountRefused::{Everywhere, Nowhere, Requests, Tokens};
    for (count_refused, by_requests, by_tokens) in [
        (Nowhere, false, false),
        (Requests, true, false),
        (Tokens, false, true),
        (Everywhere, true, true),
    ] {
        counted(
            count_refused,
            limit(60, Span::Sliding),
            Vec::new(),
            by_requests,
        );
        counted(
            count_refused,
            Vec::new(),
            limit(120, Span::Sliding),
            by_tokens,
        );
    }
}

/// One request of two tokens each half second, under a limit on requests or on tokens.
fn counted(
    count_refused: CountRefused,
    requests: Vec<scenario::Limit>,
    tokens: Vec<scenario::Limit>,
    counts: bool,
) {
    let mut limits = limits(&scenario::Limits {
        requests,
        tokens,
        count_refused,
        ..Default::default()
    });
    // The load is twice the limit, for ten minutes.
    let admitted = (0..1_200).filter(|half| {
        let now = Instant::from_nanos(half * 500_000_000);
        limits.admit(now, KEY, ask(1, 1), Share::WHOLE).is_ok()
    });
    let expected = if counts { 60 } else { 600 };
    let off = admitted.count().abs_diff(expected);
    assert!(off <= 10, "{count_refused:?}: {off} off {expected}");
}

#[test]
fn a_request_larger_than_the_limit_is_refused_for_ever() {
    for span in [Span::Bucket, Span::Sliding, Span::Fixed] {
        let mut limits = limits(&scenario::Limits {
            tokens: limit(1_000, span),
            ..Default::default()
        });
        let never = denied(limits.admit(at(0), KEY, ask(1_000, 1), Share::WHOLE));
        assert_eq!((never.cause, never.wait), (Cause::TokenLimit, FOREVER));
        assert!(
            limits
                .admit(at(0), KEY, ask(900, 100), Share::WHOLE)
                .is_ok()
        );
    }
}

#[test]
fn what_a_fault_leaves_of_the_limits_is_all_that_admits() {
    let mut limits = limits(&scenario::Limits {
        requests: limit(10, Span::Fixed),
        tokens: limit(1_000, Span::Fixed),
        concurrency: Some(3),
        ..Default::default()
    });
    let quarter = Share::percent(25);
    let large = denied(limits.admit(at(0), KEY, ask(300, 0), quarter));
    assert_eq!((large.cause, large.wait), (Cause::TokenLimit, MINUTE));
    let quotas = limits.admit(at(0), KEY, ask(100, 0), quarter).unwrap();
    assert_eq!(
        quotas.requests.map(|q| (q.limit, q.remaining)),
        Some((3, 2))
    );
    assert_eq!(
        quotas.tokens.map(|q| (q.limit, q.remaining)),
        Some((250, 150))
    );
    limits.settle(at(7), 100, 0);
    let busy = denied(limits.admit(at(1), KEY, ask(1, 0), quarter));
    assert_eq!((busy.cause, busy.wait.as_secs()), (Cause::Concurrency, 6));
    let nothing = denied(limits.admit(at(1), KEY, ask(1, 0), Share::ZERO));
    assert_eq!((nothing.cause, nothing.wait), (Cause::RateLimit, MINUTE));
    assert!(limits.admit(at(1), KEY, ask(300, 0), Share::WHOLE).is_ok());
}

#[test]
fn limits_on_tokens_shrink_as_slots_fill() {
    let mut limits = limits(&scenario::Limits {
        requests: limit(10, Span::Fixed),
        tokens: limit(1_000, Span::Fixed),
        shrinks_to: Some(Share::percent(40)),
        ..Default::default()
    });
    for (busy, expected) in [(0, 1_000), (50, 700), (100, 400), (0, 1_000)] {
        limits.press(Share::percent(busy));
        let quotas = limits.admit(at(0), KEY, ask(0, 0), Share::WHOLE).unwrap();
        assert_eq!(quotas.tokens.unwrap().limit, expected);
        assert_eq!(quotas.requests.unwrap().limit, 10);
    }
}

#[test]
fn providers_of_one_account_draw_on_the_same_limits() {
    let mut one = limits(&scenario::Limits {
        requests: limit(2, Span::Bucket),
        ..Default::default()
    });
    let mut other = one.shared();
    assert!(one.admit(at(0), KEY, ask(1, 1), Share::WHOLE).is_ok());
    assert!(other.admit(at(0), KEY, ask(1, 1), Share::WHOLE).is_ok());
    assert!(one.admit(at(0), KEY, ask(1, 1), Share::WHOLE).is_err());
}

#[test]
fn each_key_may_have_limits_of_its_own() {
    for (per, admits_the_other) in [(Per::Account, false), (Per::Key, true)] {
        let mut limits = limits(&scenario::Limits {
            requests: limit(2, Span::Bucket),
            tokens: limit(1_000, Span::Bucket),
            charge: Charge::Reserve,
            per,
            ..Default::default()
        });
        let mut admit = |key, ask| limits.admit(at(0), Some(key), ask, Share::WHOLE);
        assert!(admit("a", ask(1, 1)).is_ok() && admit("a", ask(900, 0)).is_ok());
        assert!(admit("a", ask(1, 1)).is_err());
        let other = admit("b", ask(900, 0));
        assert_eq!(other.is_ok(), admits_the_other, "{per:?}");
        // The refund goes to the last admitted request.
        limits.settle(at(1), 400, 0);
        let mut left = |key| {
            limits
                .admit(at(1), Some(key), ask(500, 0), Share::WHOLE)
                .is_ok()
        };
        assert_eq!(left("b"), admits_the_other, "{per:?}");
    }
}

fn any_limits() -> impl Strategy<Value = scenario::Limits> {
    let span = prop_oneof![Just(Span::Bucket), Just(Span::Sliding), Just(Span::Fixed)];
    let some = || {
        let one = (1_u64..500, 1_u64..90, span.clone()).prop_map(|(count, per, span)| Limit {
            count,
            per: Duration::from_secs(per),
            span,
        });
        proptest::collection::vec(one, 0..3)
    };
    let concurrency = proptest::option::of(1_u64..5);
    let charge = prop_oneof![
        Just(Charge::Admission),
        Just(Charge::Reserve),
        Just(Charge::Completion)
    ];
    (
        some(),
        some(),
        some(),
        some(),
        concurrency,
        charge,
        prop_oneof![
            Just(CountRefused::Nowhere),
            Just(CountRefused::Requests),
            Just(CountRefused::Tokens),
            Just(CountRefused::Everywhere),
        ],
    )
        .prop_map(
            |(requests, tokens, input, output, concurrency, charge, count_refused)| {
                scenario::Limits {
                    requests,
                    tokens,
                    input,
                    output,
                    concurrency,
                    charge,
                    count_refused,
                    shrinks_to: None,
                    per: Per::Account,
                    account: None,
                }
            },
        )
}

proptest! {
    /// A request with a hint is refused until then, and admitted then, unless work in progress is
    /// settled meanwhile.
    #[test]
    fn waits_are_honest(
        written in any_limits(),
        calls in proptest::collection::vec((0_u64..20, 0_u64..200, 0_u64..200, 0_u64..30), 1..80),
    ) {
        let mut limits = limits(&written);
        let mut now = at(0);
        for (gap, input, output, length) in calls {
            now = now + Duration::from_secs(gap);
            let asked = ask(input, output);
            match limits.admit(now, KEY, asked, Share::WHOLE) {
                Ok(_) => limits.settle(now + Duration::from_secs(length), input, output / 2),
                Err(denied) if denied.wait == FOREVER => {}
                Err(denied) => {
                    prop_assert!(denied.wait > Duration::ZERO);
                    let is_settled = written.charge == Charge::Admission;
                    let holders = limits.holders().unwrap();
                    let account = &holders.known[""];
                    let then = now + denied.wait;
                    let mut patient = account.clone();
                    patient.advance(then - Duration::from_nanos(1), Share::WHOLE);
                    let early = patient.refusal(asked, Share::WHOLE);
                    prop_assert!(early.is_some() || !is_settled, "{denied:?}");
                    let mut patient = account.clone();
                    patient.advance(then, Share::WHOLE);
                    let late = patient.refusal(asked, Share::WHOLE);
                    prop_assert!(late.is_none() || !is_settled, "{denied:?} {late:?}");
                }
            }
            let holders = limits.holders();
            let accounts = holders.iter().flat_map(|holders| holders.known.values());
            let mut unsettled = accounts.flat_map(|account| account.unsettled.iter());
            let late = unsettled.any(|Reverse(work)| work.end < now);
            prop_assert!(!late, "what has ended is forgotten");
        }
    }
}

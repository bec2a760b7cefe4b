//! Properties that hold under any set of faults.

use proptest::prelude::*;

use super::*;
use crate::scenario::fault::{Delayed, Flaw, SlowPart, StreamAnomaly};
use crate::units::{Bandwidth, TokenRate};
use crate::wire::fake::{Body, Choices, Counting, Finish, Inside, Label, Terminator};

proptest! {
    #[test]
    fn every_exchange_runs_forward_ends_and_parses(
        output in 0_u64..2_000,
        speed_milli in prop_oneof![Just(0), 1_000_u64..10_000_000],
        streamed: bool,
        rpm in proptest::option::of(0_u64..3),
        faults in proptest::collection::vec(prop_oneof![any_verdict(), any_timing()], 0..5),
    ) {
        let mut scenario = scenario(&faults);
        scenario.providers[0].speed = Quantiles {
            p50: TokenRate::milli(speed_milli),
            p99: TokenRate::milli(speed_milli),
        };
        scenario.providers[0].limits.requests = Vec::from_iter(rpm.map(per_minute));
        let mut provider = Provider::new(&scenario, ProviderId(0), RngStreams::new(1));
        let request = request(streamed, output);
        let (played, bytes) = play(&mut provider, &request);
        check_order(&played)?;
        let billed: u64 = played.iter().map(|(_, done)| done.output()).sum();
        if bytes.is_empty() {
            prop_assert_eq!(billed, 0);
            return Ok(());
        }
        let answer = Answer::read(&bytes);
        let is_cut = matches!(played.last(), Some((_, Done::Rst | Done::Fin)));
        if answer.status != 200 {
            prop_assert!(answer.is_terminated && billed == 0);
        } else if streamed {
            prop_assert_eq!(answer.tokens(), billed);
            prop_assert_eq!(answer.is_terminated, !is_cut);
            prop_assert!(is_cut || billed == output);
        } else if !is_cut {
            prop_assert!(answer.is_terminated && billed == output);
            serde_json::from_str::<Value>(&answer.body).unwrap();
        }
        let is_answered = answer.status == 200 && !is_cut;
        let answered = moments(&played, &Done::Answered);
        prop_assert_eq!(answered.len(), usize::from(is_answered));
        let mut fresh = Provider::new(&scenario, ProviderId(0), RngStreams::new(1));
        let again = play(&mut fresh, &request);
        prop_assert_eq!(again, (played, bytes));
    }

    #[test]
    fn every_end_is_known_before_the_beginning(
        output in 0_u64..500,
        streamed: bool,
        faults in proptest::collection::vec(
            prop_oneof![2 => any_timing(), 2 => any_content(), 1 => any_state()],
            0..7,
        ),
    ) {
        let request = request(streamed, output);
        let exchange = || provider(&faults).on_request(NOW, &request);
        let last = exchange().last().map(|(at, _)| at);
        prop_assert_eq!(exchange().end(), last);
        let (played, _) = done(exchange());
        check_order(&played)?;
        prop_assert_eq!(done(exchange()).0, played);
    }

    #[test]
    fn only_faults_of_the_scenario_strike_each_once_and_in_order(
        output in 0_u64..500,
        streamed: bool,
        faults in proptest::collection::vec(
            prop_oneof![any_verdict(), any_timing(), any_content(), any_state()],
            0..9,
        ),
    ) {
        let (played, _) = done(provider(&faults).on_request(NOW, &request(streamed, output)));
        let fired: Vec<u16> = played
            .iter()
            .filter_map(|(_, done)| match done {
                Done::Fired(fault) => Some(*fault),
                _ => None,
            })
            .collect();
        prop_assert!(fired.windows(2).all(|two| two[0] < two[1]), "{fired:?}");
        // Without those that did not strike all is the same, but for their numbers.
        let struck = fired.iter().map(|at| faults[usize::from(*at)].clone());
        let struck: Vec<FaultKind> = struck.collect();
        if !struck.iter().any(|fault| matches!(fault, FaultKind::HeavyTail { .. })) {
            let (alone, _) = done(provider(&struck).on_request(NOW, &request(streamed, output)));
            let without = |played: &[(u64, Done)]| {
                let others = played.iter().filter(|(_, done)| !matches!(done, Done::Fired(_)));
                others.cloned().collect::<Vec<_>>()
            };
            prop_assert_eq!(without(&alone), without(&played));
        }
    }
}

/// Times never decrease, and nothing follows an end.
fn check_order(played: &[(u64, Done)]) -> Result<(), TestCaseError> {
    prop_assert!(played.is_sorted_by_key(|(at, _)| *at));
    let ending = [Done::Rst, Done::Fin, Done::Silence];
    let open = &played[..played.len() - 1];
    prop_assert!(!open.iter().any(|(_, done)| ending.contains(done)));
    Ok(())
}

fn length() -> impl Strategy<Value = Duration> + Clone {
    (0_u64..10_000_000_000).prop_map(Duration::from_nanos)
}

fn any_verdict() -> impl Strategy<Value = FaultKind> {
    prop_oneof![
        Just(FaultKind::Hang { then: None }),
        Just(FaultKind::Reset),
        Just(FaultKind::EarlyFin),
        (400_u16..600, proptest::option::of(length())).prop_map(|(status, wait)| {
            let refusal = Refusal::with_status(status);
            refuse(wait.map_or(refusal, |wait| refusal.after(wait)))
        }),
    ]
}

fn any_timing() -> impl Strategy<Value = FaultKind> {
    let what = prop_oneof![
        Just(SlowPart::All),
        Just(SlowPart::Ttft),
        Just(SlowPart::Tokens)
    ];
    let delayed = prop_oneof![Just(Delayed::Headers), Just(Delayed::FirstToken)];
    let with = prop_oneof![Just(CloseMode::Rst), Just(CloseMode::Fin)];
    let factor = (0_u64..10_000).prop_map(Factor::milli);
    let index = (500_u64..5_000).prop_map(Factor::milli);
    let speed = (1_000_u64..2_000_000).prop_map(TokenRate::milli);
    let cap = (100_u64..1_000_000).prop_map(Bandwidth::per_second);
    let then = proptest::option::weighted(0.2, with.clone());
    prop_oneof![
        8 => (factor, what).prop_map(|(factor, what)| FaultKind::Slow { factor, what }),
        8 => (0_u64..2_000, with).prop_map(|(after, with)| cut(after, with)),
        8 => (0_u64..2_000, length(), then)
            .prop_map(|(after, length, then)| FaultKind::Stall { after, length, then }),
        8 => (delayed, length()).prop_map(|(what, by)| FaultKind::Delay { what, by }),
        4 => index.prop_map(|index| FaultKind::HeavyTail { index }),
        4 => speed.prop_map(|speed| FaultKind::Drip { speed }),
        2 => cap.prop_map(|cap| FaultKind::Bandwidth { cap }),
        4 => Just(FaultKind::Split),
        4 => length().prop_map(|by| FaultKind::KeepAlive { by: Some(by) }),
        1 => Just(FaultKind::KeepAlive { by: None }),
    ]
}

fn any_content() -> impl Strategy<Value = FaultKind> {
    let after = 0_u64..600;
    let inside = prop_oneof![
        Just(None),
        Just(Some(Inside::Json)),
        Just(Some(Inside::Utf8))
    ];
    let odd = prop_oneof![
        Just(StreamAnomaly::Malformed),
        Just(StreamAnomaly::Duplicate),
        Just(StreamAnomaly::Reordered)
    ];
    let body = prop_oneof![
        Just(Body::Empty),
        Just(Body::Html),
        Just(Body::Error(Cause::Overloaded)),
        Just(Body::HalfJson),
        Just(Body::NoJson),
    ];
    let factor = (0_u64..3_000).prop_map(Factor::milli);
    let flaw = prop_oneof![
        4 => Just(Flaw::Model("other".into())),
        4 => factor.prop_map(|factor| Flaw::Usage(Counting::Times(factor))),
        4 => Just(Flaw::Usage(Counting::Missing)),
        2 => Just(Flaw::Choices(Choices::Null)),
        2 => Just(Flaw::Finish(Finish::Length)),
        4 => Just(Flaw::Terminator(Terminator::Twice)),
        4 => Just(Flaw::Label(Label::Missing)),
        1 => body.prop_map(Flaw::Body),
    ];
    prop_oneof![
        (after.clone(), inside).prop_map(|(after, inside)| FaultKind::StreamCut {
            after,
            with: CloseMode::End,
            inside,
        }),
        after.clone().prop_map(|after| FaultKind::InBand {
            after,
            cause: Cause::RateLimit,
        }),
        (after, odd).prop_map(|(after, event)| FaultKind::Event { after, event }),
        flaw.prop_map(FaultKind::Flaw),
    ]
}

fn any_state() -> impl Strategy<Value = FaultKind> {
    let left = (0_u64..=1_000_000_000).prop_map(Share::from_parts);
    let factor = (0_u64..3_000).prop_map(Factor::milli);
    prop_oneof![
        left.clone()
            .prop_map(|remaining| FaultKind::CapacityLoss { remaining }),
        left.prop_map(|remaining| FaultKind::LimitShrink { remaining }),
        factor.prop_map(|factor| FaultKind::Price { factor }),
        Just(FaultKind::DoubleBilled),
        Just(FaultKind::CacheMiss),
    ]
}

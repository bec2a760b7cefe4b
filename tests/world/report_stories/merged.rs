//! In any order of events: states merge exactly, and windows fold as a direct computation judges
//! them.

use firedrill::policy::{AttemptId, CallId, FailureClass, FailureReason, Outcome};
use firedrill::prices::Price;
use firedrill::report::RunStats;
use firedrill::report::measures::{MEASURES, View};
use firedrill::trace::EventKind;
use proptest::prelude::*;

use super::rig::{BACKUP, PRIMARY, Story, fault, subject};

/// Calls as (arrival, length, outcome, tokens), as one run.
fn run(calls: &[(u64, u64, u8, u64)]) -> RunStats {
    let mut subject = subject();
    subject.faults = vec![fault("flap", 20, 20, Some(60))];
    let mut story = Story::of(&subject);
    let mut calls = calls.to_vec();
    calls.sort_unstable();
    for (at, length, luck, tokens) in calls {
        let end = at + length;
        let mut call = story.call(at);
        call.asks(at, PRIMARY).billed(at, tokens, tokens / 2);
        match luck {
            0 => call.answered(end),
            1 => call.first_token(at + 1).answered(end),
            2 => call
                .fails(end, FailureClass::Reset)
                .asks(end, BACKUP)
                .answered(end),
            3 => call
                .fails(end, FailureClass::Quota)
                .ends(end, FailureReason::Stopped(FailureClass::Quota)),
            _ => call.cancelled(end).ends(end, FailureReason::Deadline),
        }
        story.fires(end, 0);
    }
    story.end()
}

fn runs() -> impl Strategy<Value = RunStats> {
    let call = (0..200_000_u64, 0..90_000_u64, 0..5_u8, 0..5_000_u64);
    prop::collection::vec(call, 0..80).prop_map(|calls| run(&calls))
}

/// Calls as (arrival, length, fails), in order of time; the tally of windows.
fn folded(calls: &[(u64, u64, bool)]) -> (u64, u64, u64) {
    let mut moments = Vec::new();
    for (number, &(at, length, fails)) in calls.iter().enumerate() {
        let (call, attempt) = (CallId(number as u64), AttemptId(1));
        let streamed = false;
        let outcome = match fails {
            true => Outcome::Failed(FailureReason::Deadline),
            false => Outcome::Succeeded { attempt },
        };
        moments.push((at, 0, EventKind::Arrived { call, streamed }));
        moments.push((at + length, 1, EventKind::Ended { call, outcome }));
    }
    moments.sort_by_key(|(at, order, _)| (*at, *order));
    let mut story = Story::of(&subject());
    for (at, _, kind) in moments {
        story.tell(at, kind);
    }
    let uptime = story.end().run.uptime;
    (uptime.windows, uptime.down, uptime.longest)
}

/// The same, with all calls at hand: 360 windows of 10 s, 5 %, two failures or all.
fn at_leisure(calls: &[(u64, u64, bool)]) -> (u64, u64, u64) {
    let states = (0..360_u64).scan(None, |last, index| {
        let here = calls.iter().filter(|(at, ..)| at / 10_000 == index);
        let total = here.clone().count();
        let failed = here.filter(|(.., fails)| *fails).count();
        if total > 0 {
            *last = Some(failed == total || failed >= 2 && failed * 20 > total);
        }
        Some(*last)
    });
    let states = Vec::from_iter(states.flatten());
    let down = states.iter().filter(|is_down| **is_down).count();
    let outages = states.split(|is_down| !is_down).map(<[bool]>::len);
    let longest = outages.max().unwrap_or(0);
    (states.len() as u64, down as u64, longest as u64)
}

fn merged(states: &[&RunStats]) -> RunStats {
    let mut sum = RunStats::default();
    for state in states {
        sum.merge(state);
    }
    sum
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn merging_is_commutative_and_associative(a in runs(), b in runs(), c in runs()) {
        let abc = merged(&[&a, &b, &c]);
        prop_assert_eq!(&abc, &merged(&[&c, &a, &b]));
        prop_assert_eq!(&abc, &merged(&[&a, &merged(&[&b, &c])]));
        prop_assert_eq!(abc.run.calls, a.run.calls + b.run.calls + c.run.calls);
        let longest = [&a, &b, &c].map(|state| state.run.uptime.longest);
        prop_assert_eq!(Some(abc.run.uptime.longest), longest.into_iter().max());
    }

    #[test]
    fn no_measure_depends_on_the_number_of_equal_runs(one in runs()) {
        let all = merged(&[&one, &one, &one]);
        for measure in MEASURES {
            let arguments = measure.argument().map_or(1, |kind| kind.names(&one).len());
            for place in 0..arguments {
                let value = |state| {
                    let providers = subject().providers.into_iter();
                    let prices: Vec<Price> = providers.map(|one| one.price).collect();
                    let view = View::all(state, &prices);
                    match measure.argument() {
                        None => measure.of(&view),
                        Some(_) => measure.of_one(&view, place),
                    }
                };
                prop_assert_eq!(value(&all), value(&one), "{}", measure.name);
            }
        }
    }

    #[test]
    fn windows_fold_as_they_would_be_judged_at_leisure(
        calls in prop::collection::vec(
            (0..3_600_000_u64, 0..90_000_u64, prop::bool::weighted(0.2)),
            0..600,
        ),
    ) {
        prop_assert_eq!(folded(&calls), at_leisure(&calls));
    }

    #[test]
    fn a_state_that_is_written_and_read_is_the_same(state in runs()) {
        let text = serde_json::to_string(&state).unwrap();
        let read: RunStats = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&read, &state);
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }
}

#[test]
fn nothing_is_neutral() {
    let state = run(&[(1, 2, 0, 3), (40_000, 9, 3, 1)]);
    assert_eq!(merged(&[&state]), state);
}

//! Alert rules on loads of one call a second, with the moments counted by hand.

use super::*;
use crate::units::Share;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn at(second: u64) -> Instant {
    Instant::START + seconds(second)
}

fn rule(signal: Signal, op: Op, bound: Bound) -> AlertRule {
    AlertRule {
        name: "a".to_owned(),
        text: String::new(),
        signal,
        op,
        bound,
        over: vec![seconds(60)],
        every: seconds(15),
        pending: Duration::ZERO,
        detects: Vec::new(),
    }
}

/// From 100 s to 200 s.
const FAULT: Windows = Windows {
    at: Duration::from_secs(100),
    length: Some(Duration::from_secs(100)),
    every: None,
};

const HALF: u64 = 500_000_000;

/// A call a second, of which those in `failing` fail, in a run of 600 s.
fn tally(rule: AlertRule, failing: std::ops::Range<u64>) -> AlertTally {
    let mut fold = RuleFold::new(rule, vec![FAULT]);
    for second in 0..600 {
        fold.advance(at(second));
        let latency = (!failing.contains(&second)).then_some(seconds(1));
        let fell_back = false;
        let call = Observation::Call { latency, fell_back };
        fold.current.count(&fold.rule, call);
    }
    fold.finish(at(600))
}

#[test]
fn an_alert_detects_a_fault_once_its_window_holds_enough_failures() {
    let rule = rule(Signal::SuccessRate, Op::Below, Bound::Share(HALF));
    // More than half of the last minute failed for the first time at 135 s: 35 of 60 calls.
    let detected = tally(rule.clone(), 100..200);
    let detection = Longest {
        count: 1,
        ns: 35_000_000_000,
        unended: 0,
    };
    let expected = AlertTally {
        fired: 1,
        faults: 1,
        detection,
        ..AlertTally::default()
    };
    assert_eq!(detected, expected);
    let pending = AlertRule {
        pending: seconds(30),
        ..rule
    };
    assert_eq!(tally(pending, 100..200).detection.ns, 65_000_000_000);
}

#[test]
fn what_fires_at_another_time_is_a_false_alarm_and_the_fault_is_missed() {
    let rule = rule(Signal::SuccessRate, Op::Below, Bound::Share(HALF));
    let told = tally(rule.clone(), 400..500);
    assert_eq!((told.fired, told.false_alarms), (1, 1));
    assert_eq!((told.faults, told.missed), (1, 1));
    // The rule still sees the fault's failures for a minute after its end.
    let late = tally(rule, 180..240);
    assert_eq!((late.fired, late.false_alarms, late.missed), (1, 0, 0));
}

#[test]
fn a_burn_must_hold_over_all_its_windows() {
    let budget = Share::percent(1);
    let signal = Signal::BurnRate { budget };
    // Ten times the budget of 1 % is a failed tenth.
    let mut rule = rule(signal, Op::Above, Bound::Number(10_000_000_000));
    assert_eq!(tally(rule.clone(), 100..110).fired, 1);
    rule.over = vec![seconds(60), seconds(300)];
    assert_eq!(tally(rule.clone(), 100..110).fired, 0);
    assert_eq!(tally(rule, 100..150).fired, 1);
}

#[test]
fn a_percentile_is_beyond_when_more_than_the_rest_of_the_calls_are() {
    let slow = rule(Signal::Latency(95), Op::Above, Bound::Time(2_000_000_000));
    let counted = |slow_calls: u64, op| {
        let rule = AlertRule { op, ..slow.clone() };
        let mut counts = Counts::default();
        for call in 0..100 {
            let latency = Some(seconds(if call < slow_calls { 3 } else { 1 }));
            let fell_back = false;
            counts.count(&rule, Observation::Call { latency, fell_back });
        }
        counts.meets(&rule)
    };
    assert!(!counted(5, Op::Above) && counted(6, Op::Above));
    assert!(counted(5, Op::AtMost) && !counted(6, Op::AtMost));
}

#[test]
fn money_and_attempts_count_in_their_window_only() {
    let mut fold = RuleFold::new(rule(Signal::Cost, Op::Above, Bound::Money(99)), vec![FAULT]);
    for second in [0, 20, 200] {
        fold.advance(at(second));
        fold.current.count(&fold.rule, Observation::Billed(50));
    }
    let told = fold.finish(at(600));
    assert_eq!(
        (told.fired, told.missed),
        (1, 1),
        "two bills within one minute, once"
    );
    let down = Signal::FailureRate(ProviderId(1));
    let rule = rule(down, Op::Above, Bound::Share(HALF));
    let mut counts = Counts::default();
    assert!(!counts.meets(&rule), "without attempts nothing is known");
    for (provider, failed) in [(0, false), (1, true), (0, false)] {
        let provider = ProviderId(provider);
        counts.count(&rule, Observation::Attempt { provider, failed });
    }
    assert!(counts.meets(&rule));
}

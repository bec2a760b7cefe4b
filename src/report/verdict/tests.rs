//! Verdicts at the bound, without samples, and against another policy.

use super::super::fault_impact::Longest;
use super::*;
use crate::trace::FaultId;

fn expectation(metric: &str, op: Op, bound: Bound) -> Expectation {
    Expectation {
        text: format!("{metric} …"),
        metric: metric.to_owned(),
        argument: None,
        when: When::Always,
        op,
        bound,
        of: None,
        than: None,
        shift: None,
        by_interval: false,
        line: None,
    }
}

fn judged(expectation: &Expectation, state: &RunStats, never_fired: bool) -> ExpectationResult {
    let facts = Facts {
        state,
        prices: &[],
        other: &|_| None,
        never_fired: &|_| never_fired,
    };
    judge(expectation, &facts)
}

fn two_of_three() -> RunStats {
    let mut state = RunStats::default();
    state.run.calls = 3;
    state.run.succeeded = 2;
    state
}

fn verdict(op: Op, share: u64) -> Verdict {
    let expected = expectation("success_rate", op, Bound::Share(share));
    judged(&expected, &two_of_three(), false).verdict
}

#[test]
fn verdicts_are_exact_at_the_bound() {
    // Two thirds lie between these two neighbours.
    assert_eq!(verdict(Op::AtLeast, 666_666_666), Verdict::Holds);
    assert_eq!(verdict(Op::AtLeast, 666_666_667), Verdict::Fails);
    let exactly_two = |op| {
        let expected = expectation("succeeded", op, Bound::Number(2_000_000_000));
        judged(&expected, &two_of_three(), false).verdict
    };
    assert_eq!(exactly_two(Op::AtLeast), Verdict::Holds);
    assert_eq!(exactly_two(Op::AtMost), Verdict::Holds);
    assert_eq!(exactly_two(Op::Above), Verdict::Fails);
    assert_eq!(exactly_two(Op::Below), Verdict::Fails);
}

#[test]
fn no_samples_are_inconclusive() {
    let expected = expectation("latency.p95", Op::Below, Bound::Time(1));
    let judged = judged(&expected, &two_of_three(), false);
    assert_eq!(judged.verdict, Verdict::Inconclusive);
    assert_eq!(
        (judged.value, judged.finding.as_str()),
        (None, "no samples")
    );
}

#[test]
fn a_fault_that_never_fired_makes_what_names_it_inconclusive() {
    let mut state = two_of_three();
    state.faults = vec!["storm".to_owned()];
    state.during = vec![state.run.clone()];
    let mut expected = expectation("success_rate", Op::AtLeast, Bound::Share(1));
    expected.when = When::During(FaultId(0));
    let silent = judged(&expected, &state, true);
    assert_eq!(silent.verdict, Verdict::Inconclusive);
    assert_eq!(silent.finding, "storm never fired");
    let heard = judged(&expected, &state, false);
    assert_eq!(heard.verdict, Verdict::Holds);
}

#[test]
fn what_was_not_over_is_a_lower_bound() {
    let mut state = two_of_three();
    state.providers = vec!["openai".to_owned()];
    state.comebacks = vec![Longest {
        count: 1,
        ns: 60_000_000_000,
        unended: 1,
    }];
    let verdict = |op, seconds: u64| {
        let bound = Bound::Time(seconds * 1_000_000_000);
        let mut expected = expectation("recovery_time", op, bound);
        expected.argument = Some("openai".to_owned());
        judged(&expected, &state, false).verdict
    };
    assert_eq!(verdict(Op::AtMost, 60), Verdict::Inconclusive);
    assert_eq!(verdict(Op::AtMost, 59), Verdict::Fails);
    assert_eq!(verdict(Op::AtLeast, 60), Verdict::Holds);
    assert_eq!(verdict(Op::AtLeast, 61), Verdict::Inconclusive);
}

#[test]
fn an_interval_decides_only_what_is_clear() {
    let mut state = RunStats::default();
    let mut verdict = |succeeded, calls, share| {
        (state.run.succeeded, state.run.calls) = (succeeded, calls);
        let mut expected = expectation("success_rate", Op::AtLeast, Bound::Share(share));
        expected.by_interval = true;
        judged(&expected, &state, false).verdict
    };
    // Wilson's interval of 95 of 100 is 88.82 % to 97.85 %.
    assert_eq!(verdict(95, 100, 888_000_000), Verdict::Holds);
    assert_eq!(verdict(95, 100, 889_000_000), Verdict::Inconclusive);
    assert_eq!(verdict(95, 100, 978_000_000), Verdict::Inconclusive);
    assert_eq!(verdict(95, 100, 979_000_000), Verdict::Fails);
    assert_eq!(verdict(10_000_000, 10_000_000, 999_999_000), Verdict::Holds);
}

#[test]
fn a_policy_may_be_compared_with_another() {
    let (ours, mut theirs) = (two_of_three(), two_of_three());
    theirs.run.calls = 4;
    let verdict = |op, factor| {
        let mut expected = expectation("success_rate", op, Bound::Times(factor));
        expected.than = Some("theirs".to_owned());
        let facts = Facts {
            state: &ours,
            prices: &[],
            other: &|name| (name == "theirs").then_some(&theirs),
            never_fired: &|_| false,
        };
        judge(&expected, &facts).verdict
    };
    // Two thirds against a half.
    assert_eq!(verdict(Op::AtLeast, 1_333_333_333), Verdict::Holds);
    assert_eq!(verdict(Op::AtLeast, 1_333_333_334), Verdict::Fails);
}

//! Compares expectations with measures: each holds, fails, or is inconclusive.
//!
//! [`check`] is for before a run: is the expectation valid? [`judge`] is for after it.
//! [`crate::expect`] parses expectations.

use super::measures::{self, Argument, MEASURES, Measure, View};
use super::ratio::{Ratio, grouped};
use super::run_stats::RunStats;
use super::subject::Subject;
use super::unit::Unit;
use crate::expect::{Bound, Expectation, Op, When};
use crate::prices::Price;

/// The verdict on an expectation, or a whole report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// Of a policy or a report: no expectation was judged.
    NotJudged,
    /// It cannot be judged: no samples, or a fault that it names never fired.
    Inconclusive,
    /// It fails.
    Fails,
}

impl Verdict {
    /// The word in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::NotJudged => "not judged",
            Self::Inconclusive => "inconclusive",
            Self::Fails => "fails",
        }
    }
}

/// The result of an expectation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ExpectationResult {
    /// The expectation, as it was written.
    pub text: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The value of the measure, in its unit; none when that is undefined.
    pub value: Option<(Unit, Ratio)>,
    /// For people: `was 66.71%`, or why it is inconclusive.
    pub finding: String,
}

/// The inputs for judging a policy.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    /// The policy's stats.
    pub state: &'a RunStats,
    /// What tokens cost, by provider.
    pub prices: &'a [Price],
    /// The stats of the other policies of the run, by name.
    pub other: &'a dyn Fn(&str) -> Option<&'a RunStats>,
    /// Whether a fault, by position, fired under no policy of the run.
    pub never_fired: &'a dyn Fn(usize) -> bool,
}

/// A measure's value; it may be only a lower bound, of an interval that was not over at the end of
/// the run.
#[derive(Clone, Copy)]
pub(super) struct MeasuredValue {
    pub(super) measure: &'static Measure,
    pub(super) value: Ratio,
    is_unended: bool,
}

/// Judges `expectation` of the policy in `facts`.
pub(crate) fn judge(expectation: &Expectation, facts: &Facts<'_>) -> ExpectationResult {
    let worth = measured(expectation, facts.state, facts.prices);
    let (verdict, finding) = decide(expectation, facts, worth);
    ExpectationResult {
        text: expectation.text.clone(),
        verdict,
        value: worth.map(|worth| (worth.measure.unit, worth.value)),
        finding,
    }
}

fn decide(
    expectation: &Expectation,
    facts: &Facts<'_>,
    worth: Option<MeasuredValue>,
) -> (Verdict, String) {
    let untold = |finding: &str| (Verdict::Inconclusive, finding.to_owned());
    let named = named_fault(expectation, facts.state);
    if let Some(fault) = named.filter(|&fault| (facts.never_fired)(fault)) {
        let names = &facts.state.faults;
        let name = names.get(fault).map_or("its fault", String::as_str);
        return untold(&format!("{name} never fired"));
    }
    let Some(measure) = measures::find(&expectation.metric) else {
        return untold("no such measure");
    };
    let bound = match (expectation.bound, &expectation.than) {
        (Bound::Times(parts), Some(policy)) => {
            let other = (facts.other)(policy);
            let other = other.and_then(|state| self::measured(expectation, state, facts.prices));
            other.map(|other| other.value.times(parts).divided_by(BILLION))
        }
        (bound, _) => match measure.unit.worth(bound) {
            Some(bound) => Some(bound),
            None => return untold("no such measure in that unit"),
        },
    };
    match worth.zip(bound) {
        None => untold("no samples"),
        Some((worth, bound)) => compared(expectation, worth, bound),
    }
}

fn compared(expectation: &Expectation, worth: MeasuredValue, bound: Ratio) -> (Verdict, String) {
    let MeasuredValue { measure, value, .. } = worth;
    let shown = measure.unit.shown_beside(value, bound);
    let holds = holds(value, expectation.op, bound);
    let verdict = if holds {
        Verdict::Holds
    } else {
        Verdict::Fails
    };
    let is_upper = matches!(expectation.op, Op::AtMost | Op::Below);
    if worth.is_unended {
        // The true value is at least this.
        return match holds == is_upper {
            true => (Verdict::Inconclusive, format!("not over after {shown}")),
            false => (verdict, format!("was at least {shown}")),
        };
    }
    if expectation.by_interval && !is_clear(value, bound) {
        let calls = u64::try_from(value.parts().1).unwrap_or(u64::MAX);
        let finding = format!("was {shown}, too close for {} calls", grouped(calls));
        return (Verdict::Inconclusive, finding);
    }
    match &expectation.than {
        Some(policy) => {
            let limit = measure.unit.shown_beside(bound, value);
            (verdict, format!("was {shown}, {policy} allows {limit}"))
        }
        None => (verdict, format!("was {shown}")),
    }
}

/// The value that the expectation is about, for a policy with the stats `state`.
pub(super) fn measured(
    expectation: &Expectation,
    state: &RunStats,
    prices: &[Price],
) -> Option<MeasuredValue> {
    let measure = measures::find(&expectation.metric)?;
    let view = View::new(state, expectation.when, prices)?;
    let Some(argument) = measure.argument() else {
        return measure.of(&view).map(|value| MeasuredValue {
            measure,
            value,
            is_unended: false,
        });
    };
    let name = expectation.argument.as_deref()?;
    let place = argument
        .names(state)
        .iter()
        .position(|known| *known == name)?;
    Some(MeasuredValue {
        measure,
        value: measure.of_one(&view, place)?,
        is_unended: measure.is_unended(state, place),
    })
}

/// The position of the fault that an expectation names.
fn named_fault(expectation: &Expectation, state: &RunStats) -> Option<usize> {
    if let Some(fault) = expectation.when.fault() {
        return Some(fault.index());
    }
    let measure = measures::find(&expectation.metric)?;
    let name = expectation.argument.as_ref()?;
    let is_fault = measure.argument() == Some(Argument::Fault);
    let place = state.faults.iter().position(|known| known == name);
    place.filter(|_| is_fault)
}

/// Whether the bound lies outside the interval of 95 % (Wilson's) around a share of calls.
fn is_clear(share: Ratio, bound: Ratio) -> bool {
    let ((part, all), (limit, whole)) = (share.parts(), bound.parts());
    let apart = part
        .saturating_mul(whole)
        .abs_diff(all.saturating_mul(limit));
    let spread = all
        .saturating_mul(limit)
        .saturating_mul(whole.saturating_sub(limit));
    // (part / all - p)^2 > z^2 p (1 - p) / all, times all denominators; z is 1.96.
    apart.saturating_mul(apart).saturating_mul(10_000) > spread.saturating_mul(38_416)
}

/// What is wrong with an expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExpectationError {
    /// The measure does not exist.
    UnknownMetric,
    /// The bound is not in the measure's unit.
    WrongUnit(Unit),
    /// The measure takes an argument, and there is none.
    NoArgument(Argument),
    /// The argument does not exist.
    UnknownArgument(Argument),
    /// The measure takes no argument.
    NeedlessArgument,
    /// The measure is about the run as a whole.
    NeedlessMoment,
    /// The fault never ends, or not for this long.
    NeverAfter,
    /// There is no interval for this measure, or this bound.
    NoInterval,
}

/// Checks that `expectation` names a known measure, its argument, and a bound in its unit.
pub(crate) fn check(expectation: &Expectation, subject: &Subject) -> Result<(), ExpectationError> {
    let measure = measures::find(&expectation.metric).ok_or(ExpectationError::UnknownMetric)?;
    check_argument(expectation, measure, subject)?;
    let is_multiple = matches!(expectation.bound, Bound::Times(_));
    if !is_multiple && measure.unit.worth(expectation.bound).is_none() {
        return Err(ExpectationError::WrongUnit(measure.unit));
    }
    if expectation.by_interval && (is_multiple || !measure.is_share_of_calls()) {
        return Err(ExpectationError::NoInterval);
    }
    let When::After { fault, .. } = expectation.when else {
        return Ok(());
    };
    let fault = subject.faults.get(fault.index());
    match fault.and_then(|fault| expectation.when.windows(&fault.windows)) {
        Some(_) => Ok(()),
        None => Err(ExpectationError::NeverAfter),
    }
}

fn check_argument(
    expectation: &Expectation,
    measure: &Measure,
    subject: &Subject,
) -> Result<(), ExpectationError> {
    let (argument, name) = match (measure.argument(), &expectation.argument) {
        (None, None) => return Ok(()),
        (None, Some(_)) => return Err(ExpectationError::NeedlessArgument),
        (Some(argument), None) => return Err(ExpectationError::NoArgument(argument)),
        (Some(argument), Some(name)) => (argument, name),
    };
    if !names(argument, subject).contains(&name.as_str()) {
        return Err(ExpectationError::UnknownArgument(argument));
    }
    if expectation.when != When::Always && measure.is_of_whole_run() {
        return Err(ExpectationError::NeedlessMoment);
    }
    Ok(())
}

/// The valid arguments.
pub(crate) fn names(argument: Argument, subject: &Subject) -> Vec<&str> {
    match argument {
        Argument::Provider => Vec::from_iter(subject.providers.iter().map(|one| one.name.as_str())),
        Argument::Fault => Vec::from_iter(subject.faults.iter().map(|one| one.name.as_str())),
        Argument::Alert => Vec::from_iter(subject.alerts.iter().map(|one| one.name.as_str())),
        Argument::Reason => measures::reasons().collect(),
    }
}

/// The names of all measures.
pub(crate) fn metrics() -> impl Iterator<Item = &'static str> {
    MEASURES.iter().map(|measure| measure.name)
}

fn holds(value: Ratio, op: Op, bound: Ratio) -> bool {
    match op {
        Op::AtLeast => value >= bound,
        Op::AtMost => value <= bound,
        Op::Above => value > bound,
        Op::Below => value < bound,
    }
}

const BILLION: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
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
            than: None,
            by_interval: false,
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
}

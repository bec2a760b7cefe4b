//! Expectations against measures: each holds, fails, or cannot be told.
//!
//! [`check`] is for before a run: does the expectation make sense at all? [`judge`] is for after
//! it. Reading expectations is [`crate::scenario::expect`]'s matter.

use super::measures::{self, MEASURES, View};
use super::state::State;
use super::unit::Unit;
use super::value::Value;
use crate::prices::Price;
use crate::scenario::expect::{Expectation, Op};

/// What an expectation, or a whole report, comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It cannot be told: no samples, or a fault that it names never fired.
    Inconclusive,
    /// It fails.
    Fails,
}

impl Verdict {
    /// As reports say it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Inconclusive => "inconclusive",
            Self::Fails => "fails",
        }
    }
}

/// An expectation, judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The expectation, as it was written.
    pub text: String,
    /// What it comes to.
    pub verdict: Verdict,
    /// What the measure is worth, in its unit; none when that is undefined.
    pub value: Option<(Unit, Value)>,
    /// For people: `was 66.71%`, or why it cannot be told.
    pub finding: String,
}

/// Judges `expectation` of the policy that came to `state`. `never_fired` tells whether a fault,
/// by place, fired under no policy of the run.
pub fn judge(
    expectation: &Expectation,
    state: &State,
    prices: &[Price],
    never_fired: impl Fn(usize) -> bool,
) -> Judgement {
    let during = expectation.during.map(crate::trace::FaultId::index);
    let measure = measures::find(&expectation.metric);
    let bound = measure.and_then(|measure| measure.unit.worth(expectation.bound));
    let view = View::new(state, during, prices);
    let value = measure.zip(view).and_then(|(measure, view)| {
        let value = measure.of(&view)?;
        Some((measure.unit, value))
    });
    let judged = |verdict, finding| Judgement {
        text: expectation.text.clone(),
        verdict,
        value,
        finding,
    };
    if let Some(fault) = during.filter(|&fault| never_fired(fault)) {
        let name = state.faults.get(fault).map_or("its fault", String::as_str);
        return judged(Verdict::Inconclusive, format!("{name} never fired"));
    }
    match (value, bound) {
        (_, None) => judged(
            Verdict::Inconclusive,
            "no such measure in that unit".to_owned(),
        ),
        (None, _) => judged(Verdict::Inconclusive, "no samples".to_owned()),
        (Some((unit, value)), Some(bound)) => {
            let finding = format!("was {}", unit.shown_beside(value, bound));
            let verdict = if holds(value, expectation.op, bound) {
                Verdict::Holds
            } else {
                Verdict::Fails
            };
            judged(verdict, finding)
        }
    }
}

/// What is wrong with an expectation as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// There is no such measure.
    UnknownMetric,
    /// The bound is not in the measure's unit.
    WrongUnit(Unit),
}

/// Whether `expectation` names a known measure, with a bound in its unit.
pub fn check(expectation: &Expectation) -> Result<(), Mistake> {
    let measure = measures::find(&expectation.metric).ok_or(Mistake::UnknownMetric)?;
    match measure.unit.worth(expectation.bound) {
        Some(_) => Ok(()),
        None => Err(Mistake::WrongUnit(measure.unit)),
    }
}

/// The names that an expectation may name.
pub fn metrics() -> impl Iterator<Item = &'static str> {
    MEASURES.iter().map(|measure| measure.name)
}

fn holds(value: Value, op: Op, bound: Value) -> bool {
    match op {
        Op::AtLeast => value >= bound,
        Op::AtMost => value <= bound,
        Op::Above => value > bound,
        Op::Below => value < bound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::expect::Bound;
    use crate::trace::FaultId;

    fn expectation(metric: &str, op: Op, bound: Bound) -> Expectation {
        Expectation {
            text: format!("{metric} …"),
            metric: metric.to_owned(),
            during: None,
            op,
            bound,
        }
    }

    fn two_of_three() -> State {
        let mut state = State::default();
        state.run.calls = 3;
        state.run.succeeded = 2;
        state
    }

    fn verdict(op: Op, share: u64) -> Verdict {
        let expected = expectation("success_rate", op, Bound::Share(share));
        judge(&expected, &two_of_three(), &[], |_| false).verdict
    }

    #[test]
    fn verdicts_are_exact_at_the_bound() {
        // Two thirds lie between these two neighbours.
        assert_eq!(verdict(Op::AtLeast, 666_666_666), Verdict::Holds);
        assert_eq!(verdict(Op::AtLeast, 666_666_667), Verdict::Fails);
        let exactly_two = |op| {
            let expected = expectation("succeeded", op, Bound::Number(2_000_000_000));
            judge(&expected, &two_of_three(), &[], |_| false).verdict
        };
        assert_eq!(exactly_two(Op::AtLeast), Verdict::Holds);
        assert_eq!(exactly_two(Op::AtMost), Verdict::Holds);
        assert_eq!(exactly_two(Op::Above), Verdict::Fails);
        assert_eq!(exactly_two(Op::Below), Verdict::Fails);
    }

    #[test]
    fn no_samples_are_inconclusive() {
        let expected = expectation("latency.p95", Op::Below, Bound::Time(1));
        let judged = judge(&expected, &two_of_three(), &[], |_| false);
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
        expected.during = Some(FaultId(0));
        let judged = judge(&expected, &state, &[], |fault| fault == 0);
        assert_eq!(judged.verdict, Verdict::Inconclusive);
        assert_eq!(judged.finding, "storm never fired");
        let judged = judge(&expected, &state, &[], |_| false);
        assert_eq!(judged.verdict, Verdict::Holds);
    }

    #[test]
    fn a_bound_must_be_in_the_unit_of_its_measure() {
        let good = expectation("uptime", Op::AtLeast, Bound::Share(1));
        let bare = expectation("uptime", Op::AtLeast, Bound::Number(99));
        let odd = expectation("uptimes", Op::AtLeast, Bound::Share(1));
        assert_eq!(check(&good), Ok(()));
        assert_eq!(check(&bare), Err(Mistake::WrongUnit(Unit::Ratio)));
        assert_eq!(check(&odd), Err(Mistake::UnknownMetric));
    }
}

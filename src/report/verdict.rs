//! Compares expectations with measures: each holds, fails, or is inconclusive.
//!
//! [`check`] is for before a run: is the expectation valid? [`judge`] is for after it.
//! [`crate::expect`] parses expectations.

use super::breakdown;
use super::compare::Margin;
use super::measures::{self, Argument, Better, MEASURES, Measure, View};
use super::ratio::{Ratio, grouped};
use super::run_stats::RunStats;
use super::subject::Subject;
use super::unit::Unit;
use crate::expect::{Bound, Expectation, Of, Op, Shift, When};
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
    /// All of them, the best first.
    pub const ALL: [Self; 4] = [
        Self::Holds,
        Self::NotJudged,
        Self::Inconclusive,
        Self::Fails,
    ];

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
    /// Its line in the scenario's file.
    pub line: Option<u64>,
    /// The verdict.
    pub verdict: Verdict,
    /// The value of the measure, in its unit; none when that is undefined.
    pub value: Option<(Unit, Ratio)>,
    /// Whether the true value is at least that one, since the run ended first.
    pub is_lower_bound: bool,
    /// What the value is compared with; none when that is undefined.
    pub limit: Option<Ratio>,
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
pub(crate) struct MeasuredValue {
    pub(crate) measure: &'static Measure,
    pub(crate) value: Ratio,
    is_unended: bool,
}

/// Judges `expectation` of the policy in `facts`.
pub(crate) fn judge(expectation: &Expectation, facts: &Facts<'_>) -> ExpectationResult {
    let worth = measured(expectation, facts.state, facts.prices);
    let (verdict, finding) = decide(expectation, facts, worth);
    ExpectationResult {
        text: expectation.text.clone(),
        line: expectation.line,
        verdict,
        value: worth.map(|worth| (worth.measure.unit, worth.value)),
        is_lower_bound: worth.is_some_and(|worth| worth.is_unended),
        limit: measures::find(&expectation.metric)
            .and_then(|measure| Limit::of(expectation, facts, measure).ok())
            .map(|limit| limit.value),
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
    let limit = match Limit::of(expectation, facts, measure) {
        Ok(limit) => limit,
        Err(finding) => return untold(&finding),
    };
    match worth {
        None => untold("no samples"),
        Some(worth) => compared(expectation, worth, &limit),
    }
}

/// What a value is compared with.
struct Limit<'a> {
    value: Ratio,
    /// The other policy, with its value, if the limit depends on it.
    other: Option<(&'a str, MeasuredValue)>,
    /// Whether the limit is another policy's value as it is.
    is_its_value: bool,
}

impl<'a> Limit<'a> {
    /// The limit of `expectation`; or why there is none.
    fn of(
        expectation: &'a Expectation,
        facts: &Facts<'_>,
        measure: &Measure,
    ) -> Result<Self, String> {
        let in_unit = |bound| {
            let value = measure.unit.worth(bound);
            value.ok_or_else(|| "no such measure in that unit".to_owned())
        };
        let (Bound::Times(parts), Some(policy)) = (expectation.bound, &expectation.than) else {
            return Ok(Self {
                value: in_unit(expectation.bound)?,
                other: None,
                is_its_value: false,
            });
        };
        let other = (facts.other)(policy);
        let other = other.and_then(|state| measured(expectation, state, facts.prices));
        let other = other.ok_or_else(|| format!("{policy} has no samples"))?;
        let multiple = match parts {
            BILLION => other.value,
            _ => other.value.times(parts).divided_by(BILLION),
        };
        let value = match expectation.shift {
            None => multiple,
            Some(Shift { is_less: true, by }) => multiple.minus(in_unit(by)?),
            Some(Shift { is_less: false, by }) => multiple.plus(in_unit(by)?),
        };
        Ok(Self {
            value,
            other: Some((policy, other)),
            is_its_value: parts == BILLION && expectation.shift.is_none(),
        })
    }

    /// Whether the other policy's value is only a lower bound.
    fn is_unended(&self) -> bool {
        self.other.is_some_and(|(_, other)| other.is_unended)
    }

    /// `, other has 95.00%: needs 100.00%`; nothing without another policy.
    fn told(&self, worth: &MeasuredValue, op: Op) -> String {
        let (unit, value) = (worth.measure.unit, worth.value);
        let Some((policy, other)) = self.other else {
            return String::new();
        };
        let has = unit.shown_beside(other.value, value);
        if self.is_its_value {
            return format!(", {policy} has {has}");
        }
        let limit = unit.shown_beside(self.value, value);
        let word = if op.is_upper() { "allows" } else { "needs" };
        format!(", {policy} has {has}: {word} {limit}")
    }
}

fn compared(
    expectation: &Expectation,
    worth: MeasuredValue,
    limit: &Limit<'_>,
) -> (Verdict, String) {
    let MeasuredValue { measure, value, .. } = worth;
    let shown = measure.unit.shown_beside(value, limit.value);
    let told = limit.told(&worth, expectation.op);
    let holds = holds(value, expectation.op, limit.value);
    let verdict = if holds {
        Verdict::Holds
    } else {
        Verdict::Fails
    };
    let is_upper = expectation.op.is_upper();
    // The true value of an interval that was not over is at least what was measured.
    let is_sure = match (worth.is_unended, limit.is_unended()) {
        (false, false) => true,
        (true, false) => holds != is_upper,
        (false, true) => holds == is_upper,
        (true, true) => false,
    };
    if !is_sure {
        let length = if worth.is_unended {
            "not over after"
        } else {
            "was"
        };
        let theirs = if limit.is_unended() { " or more" } else { "" };
        let finding = format!("{length} {shown}{told}{theirs}");
        return (Verdict::Inconclusive, finding);
    }
    if worth.is_unended {
        return (verdict, format!("was at least {shown}{told}"));
    }
    if expectation.by_interval && !is_clear(value, limit.value) {
        let calls = u64::try_from(value.parts().1).unwrap_or(u64::MAX);
        let finding = format!("was {shown}, too close for {} calls", grouped(calls));
        return (Verdict::Inconclusive, finding);
    }
    (verdict, format!("was {shown}{told}"))
}

/// The value that the expectation is about, for a policy with the stats `state`.
pub(crate) fn measured(
    expectation: &Expectation,
    state: &RunStats,
    prices: &[Price],
) -> Option<MeasuredValue> {
    let measure = measures::find(&expectation.metric)?;
    let view = View::of(state, expectation.of.as_ref(), expectation.when, prices)?;
    let name = expectation.argument.as_deref();
    let Some(argument) = measure.argument() else {
        let value = match name {
            None => measure.of(&view),
            Some(name) => {
                let scope = &breakdown::narrowed(state, view.scope, name)?;
                measure.of(&View { scope, ..view })
            }
        };
        return value.map(|value| MeasuredValue {
            measure,
            value,
            is_unended: false,
        });
    };
    let name = name?;
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
    /// The provider has not this key, but so many.
    UnknownKey(u16),
    /// The measure does not count by key.
    NotByKey,
    /// The load has no such task.
    UnknownTask,
    /// There is no such client process, but so many.
    UnknownClient(u32),
    /// The measure does not count calls.
    NotOfCalls,
    /// The measure is about the run as a whole.
    NeedlessMoment,
    /// The fault never ends, or not for this long.
    NeverAfter,
    /// There is no interval for this measure, or this bound.
    NoInterval,
    /// No value of the measure is worse than another: a margin never ends.
    NeverWorse,
}

/// Checks that `expectation` names a known measure, its argument, and a bound in its unit.
pub(crate) fn check(expectation: &Expectation, subject: &Subject) -> Result<(), ExpectationError> {
    let measure = measures::find(&expectation.metric).ok_or(ExpectationError::UnknownMetric)?;
    check_argument(expectation, measure, subject)?;
    check_part(expectation, measure, subject)?;
    let is_multiple = matches!(expectation.bound, Bound::Times(_));
    let amount = match expectation.bound {
        Bound::Times(_) => expectation.shift.map(|shift| shift.by),
        bound => Some(bound),
    };
    if amount.is_some_and(|amount| measure.unit.worth(amount).is_none()) {
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

/// Checks that a margin is of a known measure, with a known argument or for each, that values of it
/// can be worse, and that the margin is in its unit.
pub(crate) fn check_margin(
    margin: &Expectation,
    subject: &Subject,
) -> Result<(), ExpectationError> {
    let measure = measures::find(&margin.metric).ok_or(ExpectationError::UnknownMetric)?;
    match check_argument(margin, measure, subject) {
        Ok(()) | Err(ExpectationError::NoArgument(_)) => {}
        Err(error) => return Err(error),
    }
    if measure.better == Better::Neither {
        return Err(ExpectationError::NeverWorse);
    }
    match Margin::new(margin.bound, measure.unit) {
        Some(_) => Ok(()),
        None => Err(ExpectationError::WrongUnit(measure.unit)),
    }
}

fn check_argument(
    expectation: &Expectation,
    measure: &Measure,
    subject: &Subject,
) -> Result<(), ExpectationError> {
    let (argument, name) = match (measure.argument(), &expectation.argument) {
        (None, None) => return Ok(()),
        (None, Some(_)) if !measure.is_at_providers() => {
            return Err(ExpectationError::NeedlessArgument);
        }
        (None, Some(name)) => return check_place(name, measure, subject),
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

/// Checks the provider that `name` is, or the key of one.
fn check_place(name: &str, measure: &Measure, subject: &Subject) -> Result<(), ExpectationError> {
    let (name, key) = breakdown::at(name);
    let mut providers = subject.providers.iter();
    let provider = providers.find(|provider| provider.name == name);
    let provider = provider.ok_or(ExpectationError::UnknownArgument(Argument::Provider))?;
    match key {
        None => Ok(()),
        Some(_) if !measure.is_with_keys() => Err(ExpectationError::NotByKey),
        // Of a single key the provider itself is asked for.
        Some(Some(key)) if key > 0 && key <= provider.keys.into() && provider.keys > 1 => Ok(()),
        Some(_) => Err(ExpectationError::UnknownKey(provider.keys)),
    }
}

/// Checks that the calls can be narrowed to the task or client.
fn check_part(
    expectation: &Expectation,
    measure: &Measure,
    subject: &Subject,
) -> Result<(), ExpectationError> {
    let fits = match &expectation.of {
        None => return Ok(()),
        Some(Of::Task(task)) if !subject.tasks.contains(task) => {
            return Err(ExpectationError::UnknownTask);
        }
        Some(Of::Client(client)) if *client >= subject.clients => {
            return Err(ExpectationError::UnknownClient(subject.clients));
        }
        Some(_) => measure.is_of_calls(),
    };
    fits.then_some(()).ok_or(ExpectationError::NotOfCalls)
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

pub(super) fn holds(value: Ratio, op: Op, bound: Ratio) -> bool {
    match op {
        Op::AtLeast => value >= bound,
        Op::AtMost => value <= bound,
        Op::Above => value > bound,
        Op::Below => value < bound,
    }
}

const BILLION: u64 = 1_000_000_000;

#[cfg(test)]
mod tests;

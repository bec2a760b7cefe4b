//! The values of all measures, or of all that fit a part, as documents list them.

use super::MEASURES;
use super::functions::usd;
use super::measure::Measure;
use super::view::{Argument, View};
use crate::prices::Price;
use crate::report::ratio::Ratio;
use crate::report::run_stats::{Endings, ProviderTally, RunStats};
use crate::report::unit::Unit;

/// All measures without an argument, with their values, in the table's order; without those that
/// are silent and zero.
pub(crate) fn worth_saying<'a>(
    view: &'a View<'_>,
) -> impl Iterator<Item = (&'static Measure, Option<Ratio>)> + 'a {
    let plain = MEASURES
        .iter()
        .filter(|measure| measure.argument().is_none());
    let values = plain.map(|measure| (measure, measure.of(view)));
    values.filter(|(measure, value)| {
        !measure.is_silent_at_zero() || value.is_some_and(|value| value > Ratio::whole(0))
    })
}

/// The reasons for which calls fail.
pub(crate) fn reasons() -> impl Iterator<Item = &'static str> {
    Endings::REASONS.iter().map(|(name, _)| *name)
}

/// The full names of the measures whose values are lower bounds, since the run ended first.
pub(crate) fn unended(state: &RunStats) -> Vec<String> {
    let mut unended = Vec::new();
    for measure in MEASURES {
        let names = measure.argument().map(|argument| argument.names(state));
        for (place, name) in names.unwrap_or_default().iter().enumerate() {
            if measure.is_unended(state, place) {
                unended.push(format!("{}({name})", measure.name));
            }
        }
    }
    unended
}

/// The measures that take an argument, by their full names as in `failover_time(primary-down)`,
/// where they are defined and worth saying: first those of faults, then of providers and reasons.
pub(crate) fn named_each(view: &View<'_>) -> Vec<(String, Unit, Ratio)> {
    let mut figures = Vec::new();
    for argument in [
        Argument::Fault,
        Argument::Alert,
        Argument::Provider,
        Argument::Reason,
    ] {
        let names = argument.names(view.state);
        let taking = MEASURES
            .iter()
            .filter(|one| one.argument() == Some(argument));
        for measure in taking {
            for (place, name) in names.iter().enumerate() {
                let value = measure.of_one(view, place);
                let is_said =
                    |value: &Ratio| !measure.is_silent_at_zero() || *value > Ratio::whole(0);
                if let Some(value) = value.filter(is_said) {
                    figures.push((format!("{}({name})", measure.name), measure.unit, value));
                }
            }
        }
    }
    figures
}

/// Every measure that is defined, with its full name and its value; silent ones as well.
pub(crate) fn exact(view: &View<'_>) -> Vec<(String, Ratio)> {
    let mut all = Vec::new();
    for measure in MEASURES {
        let Some(argument) = measure.argument() else {
            all.extend(
                measure
                    .of(view)
                    .map(|value| (measure.name.to_owned(), value)),
            );
            continue;
        };
        for (place, name) in argument.names(view.state).iter().enumerate() {
            let value = measure.of_one(view, place);
            all.extend(value.map(|value| (format!("{}({name})", measure.name), value)));
        }
    }
    all
}

/// The measures of the calls of one task, with their values; those that count calls, and are worth
/// saying.
pub(crate) fn of_part(view: &View<'_>) -> Vec<(String, Unit, Option<Ratio>)> {
    let plain = worth_saying(view).filter(|(measure, _)| measure.is_of_calls());
    let plain = plain.map(|(measure, value)| (measure.name.to_owned(), measure.unit, value));
    let mut figures: Vec<_> = plain.collect();
    for measure in MEASURES.iter().filter(|measure| measure.is_of_calls()) {
        let Some(argument) = measure.argument() else {
            continue;
        };
        for (place, name) in argument.names(view.state).iter().enumerate() {
            let value = measure.of_one(view, place);
            let is_said = |value: &Ratio| *value > Ratio::whole(0);
            if let Some(value) = value.filter(is_said) {
                let name = format!("{}({name})", measure.name);
                figures.push((name, measure.unit, Some(value)));
            }
        }
    }
    figures
}

/// The figures of one provider, each for one of `runs`: name, unit and value; failures only of the
/// classes that occurred.
pub(crate) fn of_provider(
    tally: &ProviderTally,
    price: &Price,
    runs: u64,
) -> Vec<(String, Unit, Ratio)> {
    let runs = runs.max(1);
    let figure = |name: &str, unit, sum: Ratio| (name.to_owned(), unit, sum.divided_by(runs));
    let counted = |name: &str, count| figure(name, Unit::CountPerRun, Ratio::whole(count));
    let priced = |name: &str, amount| figure(name, Unit::UsdPerRun, usd(amount));
    let mut figures = vec![
        counted("attempts", tally.attempts),
        counted("answered", tally.answered),
    ];
    for (class, count) in &tally.failures {
        figures.push(counted(&format!("failures.{}", class.name()), *count));
    }
    figures.extend([
        counted("breaker.opened", tally.breaker.opened),
        counted("breaker.half_opened", tally.breaker.half_opened),
        counted("breaker.closed", tally.breaker.closed),
        priced("cost", tally.ledger.billed().cost(price)),
        priced("wasted_cost", tally.ledger.wasted().cost(price)),
    ]);
    for (key, tally) in (1..).zip(&tally.keys) {
        let cost = tally.ledger.billed().cost(price);
        figures.extend([
            counted(&format!("keys.{key}.attempts"), tally.attempts),
            counted(&format!("keys.{key}.answered"), tally.answered),
            priced(&format!("keys.{key}.cost"), cost),
        ]);
    }
    let quiet = [
        counted("ejections", tally.ejections),
        counted("checks", tally.checks),
        priced("check_cost", tally.ledger.checks.cost(price)),
    ];
    let said = quiet
        .into_iter()
        .filter(|(.., value)| *value > Ratio::whole(0));
    figures.extend(said);
    figures
}

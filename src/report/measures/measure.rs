//! A measure as a type: what it says of itself, how it is computed, and what it can be narrowed to.
//!
//! [`super`] declares each, `functions` computes those that are more than a counter.

use super::view::{Argument, View};
use crate::policy::classify::FailureClass;
use crate::report::alerts::AlertTally;
use crate::report::fault_impact::Longest;
use crate::report::ratio::Ratio;
use crate::report::run_stats::{Endings, RunStats, Scope};
use crate::report::unit::Unit;

/// A measure.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Measure {
    /// As expectations and documents name it.
    pub name: &'static str,
    /// What its values count.
    pub unit: Unit,
    /// A bound of it in an expectation, as an example.
    pub(crate) bound: &'static str,
    /// What it means, in a sentence.
    pub about: &'static str,
    pub(super) rule: Rule,
    /// Which values are better.
    pub better: Better,
    /// What it counts, and so what it can be narrowed to.
    counts: Counts,
    /// Whether it is the most in any run, and no sum or ratio over all.
    pub(crate) is_most: bool,
    /// Whether documents leave it out when it is zero.
    is_quiet: bool,
}

/// Which values of a measure are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Better {
    /// Low ones, as of most measures.
    Less,
    /// High ones.
    More,
    /// Neither: it counts what a policy does.
    Neither,
}

/// What a measure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    /// Calls: it can be of a task or a client.
    Calls,
    /// Attempts of calls: it can also be at a provider, or with one of its keys.
    Attempts,
    /// What happens at a provider and belongs to no call: it can be at a provider only.
    Providers,
}

/// How a measure is computed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    Of(fn(&View<'_>) -> Option<Ratio>),
    /// Defined without calls, too.
    Always(fn(&View<'_>) -> Option<Ratio>),
    /// The share of calls that this counts.
    ShareOfCalls(fn(&Scope) -> u64),
    Failures(FailureClass),
    OfProvider(fn(&View<'_>, usize) -> Option<Ratio>),
    OfFault(fn(&View<'_>, usize) -> Option<Ratio>),
    OfReason,
    OfAlert(fn(&AlertTally) -> u64),
    OfLongest(Argument, fn(&RunStats, usize) -> Option<&Longest>),
}

impl Measure {
    const fn new(
        name: &'static str,
        unit: Unit,
        bound: &'static str,
        about: &'static str,
        rule: Rule,
    ) -> Self {
        Self {
            name,
            unit,
            bound,
            about,
            rule,
            better: Better::Less,
            counts: Counts::Calls,
            is_most: false,
            is_quiet: false,
        }
    }

    /// Counted by attempts.
    pub(super) const fn by_attempts(self) -> Self {
        let counts = Counts::Attempts;
        Self { counts, ..self }
    }

    /// Counted at providers, by time.
    pub(super) const fn by_providers(self) -> Self {
        let counts = Counts::Providers;
        Self { counts, ..self }
    }

    /// High values are better.
    pub(super) const fn more_is_better(self) -> Self {
        let better = Better::More;
        Self { better, ..self }
    }

    /// No value is better than another.
    pub(super) const fn no_value_is_better(self) -> Self {
        let better = Better::Neither;
        Self { better, ..self }
    }

    /// The most in any run.
    pub(super) const fn most(self) -> Self {
        let is_most = true;
        Self { is_most, ..self }
    }

    /// Left out of documents when it is zero.
    pub(super) const fn or_silent(self) -> Self {
        Self {
            is_quiet: true,
            ..self
        }
    }

    /// The value; `None` when it is undefined, or takes an argument.
    pub fn of(&self, view: &View<'_>) -> Option<Ratio> {
        self.sum(view).map(|sum| self.per_run(view, sum))
    }

    /// A sum over all runs as this measure's value: for each run, if it is per run.
    fn per_run(&self, view: &View<'_>, sum: Ratio) -> Ratio {
        match self.unit.is_per_run() {
            true => sum.divided_by(view.state.runs.max(1)),
            false => sum,
        }
    }

    /// The value, or the sum over all runs of what is per run.
    fn sum(&self, view: &View<'_>) -> Option<Ratio> {
        let is_always = matches!(self.rule, Rule::Always(_));
        if view.scope.calls == 0 && !is_always {
            return None;
        }
        match self.rule {
            Rule::Of(function) | Rule::Always(function) => function(view),
            Rule::ShareOfCalls(count) => Ratio::share(count(view.scope), view.scope.calls),
            Rule::Failures(class) => Some(Ratio::whole(view.scope.failures(Some(class)))),
            Rule::OfProvider(_)
            | Rule::OfFault(_)
            | Rule::OfReason
            | Rule::OfAlert(_)
            | Rule::OfLongest(..) => None,
        }
    }

    /// What it is worth for the provider, fault or reason at `place`; `None` when it is undefined,
    /// or takes no argument.
    pub fn of_one(&self, view: &View<'_>, place: usize) -> Option<Ratio> {
        let sum = self.sum_of_one(view, place);
        sum.map(|sum| self.per_run(view, sum))
    }

    fn sum_of_one(&self, view: &View<'_>, place: usize) -> Option<Ratio> {
        if view.scope.calls == 0 {
            return None;
        }
        match self.rule {
            Rule::OfProvider(function) | Rule::OfFault(function) => function(view, place),
            Rule::OfReason => {
                let (_, count) = Endings::REASONS.get(place)?;
                Some(Ratio::whole(count(&view.scope.endings)))
            }
            Rule::OfAlert(count) => view.state.alerting.get(place).map(count).map(Ratio::whole),
            Rule::OfLongest(_, find) => {
                let found = find(view.state, place)?;
                Some(Ratio::whole(found.ns).divided_by(NANOS_PER_MS))
            }
            Rule::Of(_) | Rule::Always(_) | Rule::ShareOfCalls(_) | Rule::Failures(_) => None,
        }
    }

    /// Whether the value at `place` is only a lower bound, since the run ended first.
    pub(crate) fn is_unended(&self, state: &RunStats, place: usize) -> bool {
        match self.rule {
            Rule::OfLongest(_, find) => find(state, place).is_some_and(|found| found.unended > 0),
            _ => false,
        }
    }

    /// The kind of its argument in parentheses.
    pub const fn argument(&self) -> Option<Argument> {
        match self.rule {
            Rule::OfProvider(_) => Some(Argument::Provider),
            Rule::OfFault(_) => Some(Argument::Fault),
            Rule::OfReason => Some(Argument::Reason),
            Rule::OfAlert(_) => Some(Argument::Alert),
            Rule::OfLongest(argument, _) => Some(argument),
            Rule::Of(_) | Rule::Always(_) | Rule::ShareOfCalls(_) | Rule::Failures(_) => None,
        }
    }

    /// Whether it is the same in every scope.
    pub(crate) const fn is_of_whole_run(&self) -> bool {
        matches!(
            self.rule,
            Rule::OfFault(_) | Rule::OfAlert(_) | Rule::OfLongest(..)
        )
    }

    /// Whether it can be of the calls of one task or client.
    pub(crate) fn is_of_calls(&self) -> bool {
        !self.is_of_whole_run() && self.counts != Counts::Providers
    }

    /// Whether it can be at one provider, though it needs none.
    pub fn is_at_providers(&self) -> bool {
        self.counts != Counts::Calls && self.argument().is_none()
    }

    /// Whether it can be with one key of a provider.
    pub fn is_with_keys(&self) -> bool {
        self.counts == Counts::Attempts && self.argument().is_none()
    }

    /// Whether it is a share of calls, with equal weights: an interval can decide it.
    pub(crate) const fn is_share_of_calls(&self) -> bool {
        matches!(self.rule, Rule::ShareOfCalls(_))
    }

    /// Whether documents leave it out when it is zero: one class of failures of several, or an
    /// action that only some policies take.
    pub(crate) const fn is_silent_at_zero(&self) -> bool {
        self.is_quiet
    }
}

pub(super) const fn measure(
    name: &'static str,
    unit: Unit,
    bound: &'static str,
    about: &'static str,
    function: fn(&View<'_>) -> Option<Ratio>,
) -> Measure {
    Measure::new(name, unit, bound, about, Rule::Of(function))
}

/// A length of time.
pub(super) const fn time(
    name: &'static str,
    bound: &'static str,
    about: &'static str,
    function: fn(&View<'_>) -> Option<Ratio>,
) -> Measure {
    measure(name, Unit::Ms, bound, about, function)
}

pub(super) const fn quiet(
    name: &'static str,
    unit: Unit,
    bound: &'static str,
    about: &'static str,
    function: fn(&View<'_>) -> Option<Ratio>,
) -> Measure {
    measure(name, unit, bound, about, function).or_silent()
}

/// The one measure that is defined without calls.
pub(super) const fn always(
    name: &'static str,
    unit: Unit,
    bound: &'static str,
    about: &'static str,
    function: fn(&View<'_>) -> Option<Ratio>,
) -> Measure {
    Measure::new(name, unit, bound, about, Rule::Always(function))
}

pub(super) const fn share_of_calls(
    name: &'static str,
    bound: &'static str,
    about: &'static str,
    count: fn(&Scope) -> u64,
) -> Measure {
    Measure::new(name, Unit::Ratio, bound, about, Rule::ShareOfCalls(count))
}

pub(super) const fn quiet_share_of_calls(
    name: &'static str,
    bound: &'static str,
    about: &'static str,
    count: fn(&Scope) -> u64,
) -> Measure {
    share_of_calls(name, bound, about, count).or_silent()
}

pub(super) const fn about_provider(
    name: &'static str,
    unit: Unit,
    bound: &'static str,
    about: &'static str,
    function: fn(&View<'_>, usize) -> Option<Ratio>,
) -> Measure {
    Measure::new(name, unit, bound, about, Rule::OfProvider(function))
}

pub(super) const fn about_fault(
    name: &'static str,
    bound: &'static str,
    about: &'static str,
    function: fn(&View<'_>, usize) -> Option<Ratio>,
) -> Measure {
    Measure::new(name, Unit::Number, bound, about, Rule::OfFault(function))
}

pub(super) const fn about_reason(
    name: &'static str,
    bound: &'static str,
    about: &'static str,
) -> Measure {
    Measure::new(name, Unit::CountPerRun, bound, about, Rule::OfReason).or_silent()
}

pub(super) const fn about_alert(
    name: &'static str,
    bound: &'static str,
    about: &'static str,
    count: fn(&AlertTally) -> u64,
) -> Measure {
    Measure::new(name, Unit::CountPerRun, bound, about, Rule::OfAlert(count))
}

pub(super) const fn longest(
    name: &'static str,
    bound: &'static str,
    about: &'static str,
    argument: Argument,
    find: fn(&RunStats, usize) -> Option<&Longest>,
) -> Measure {
    Measure::new(
        name,
        Unit::Ms,
        bound,
        about,
        Rule::OfLongest(argument, find),
    )
    .most()
}

pub(super) const fn failures(name: &'static str, class: FailureClass) -> Measure {
    let about = "Attempts that failed in this way, per run.";
    let rule = Rule::Failures(class);
    let measure = Measure::new(name, Unit::CountPerRun, "<= 10", about, rule);
    measure.or_silent().by_attempts()
}

const NANOS_PER_MS: u64 = 1_000_000;

//! Every measure, defined once: name, unit, meaning, function. Expectations, reports and documents
//! derive from this table.
//!
//! A measure is a function of a [`Scope`], so that each has a value over a whole run and over the
//! calls that arrived during a fault, or after it. Counts and money are per run, the mean over the
//! seeds, so that a bound does not depend on the number of seeds; maxima and ratios are over the
//! calls of all runs. Some are about one provider or one fault, named
//! in parentheses; of those, the ones about a fault, or about recovery from one, are the same in
//! every scope. Without calls only `calls` is defined. `verdict` compares measures with
//! expectations.
//!
//! This file is long because it is the table of all measures.

use super::alerts::AlertTally;
use super::cost;
use super::fault_impact::{Aftermath, Longest};
use super::ratio::Ratio;
use super::run_stats::{Endings, ProviderTally, RunStats, Scope};
use super::unit::Unit;
use crate::expect::{Of, When};
use crate::policy::classify::FailureClass;
use crate::prices::Price;
use crate::units::Money;

/// A measure.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Measure {
    /// As expectations and documents name it.
    pub name: &'static str,
    /// What its values count.
    pub unit: Unit,
    /// What it means, in a sentence.
    pub about: &'static str,
    rule: Rule,
    /// Which values are better.
    pub better: Better,
    /// What it counts, and so what it can be narrowed to.
    counts: Counts,
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
enum Rule {
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

/// What a measure takes in parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Argument {
    /// The name of a provider.
    Provider,
    /// The name of a fault.
    Fault,
    /// The name of an alert rule.
    Alert,
    /// A reason for which calls fail, one of [`Endings::REASONS`].
    Reason,
}

impl Argument {
    /// The word for messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Fault => "fault",
            Self::Alert => "alert",
            Self::Reason => "reason",
        }
    }

    /// What it can be in runs that came to `state`, by place.
    pub fn names(self, state: &RunStats) -> Vec<&str> {
        match self {
            Self::Provider => state.providers.iter().map(String::as_str).collect(),
            Self::Fault => state.faults.iter().map(String::as_str).collect(),
            Self::Alert => state.alerts.iter().map(String::as_str).collect(),
            Self::Reason => reasons().collect(),
        }
    }
}

/// The input of a measure: a set of calls, with its context.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The calls.
    pub scope: &'a Scope,
    /// The stats of the run.
    pub state: &'a RunStats,
    /// What tokens cost, by provider.
    pub prices: &'a [Price],
}

impl<'a> View<'a> {
    /// All calls of `state`.
    pub const fn all(state: &'a RunStats, prices: &'a [Price]) -> Self {
        Self {
            scope: &state.run,
            state,
            prices,
        }
    }

    /// The calls of `state` that an expectation selects. `None` when the fault does not exist, or
    /// the scope was not counted in this run.
    pub fn new(state: &'a RunStats, when: When, prices: &'a [Price]) -> Option<Self> {
        let scope = match when {
            When::Always => &state.run,
            When::During(fault) => state.during.get(fault.index())?,
            When::After { fault, from, to } => {
                let key = (fault.index(), from, to);
                let mut after = state.after.iter();
                let found = after.find(|one| (one.fault, one.from_ns, one.to_ns) == key)?;
                &found.calls
            }
        };
        let all = Self::all(state, prices);
        Some(Self { scope, ..all })
    }

    /// The calls of one part that an expectation selects. `None` as for [`View::new`].
    pub(crate) fn of(
        state: &'a RunStats,
        of: Option<&Of>,
        when: When,
        prices: &'a [Price],
    ) -> Option<Self> {
        let Some(of) = of else {
            return Self::new(state, when, prices);
        };
        let mut slices = state.slices.iter();
        let found = slices.find(|slice| slice.of.as_ref() == Some(of) && slice.when == when)?;
        let all = Self::all(state, prices);
        Some(Self {
            scope: &found.calls,
            ..all
        })
    }

    fn windows_in_ms(&self, windows: u64, of: u64) -> Option<Ratio> {
        let nanos = u128::from(windows) * u128::from(self.state.window_ns);
        Ratio::fraction(nanos, u128::from(of) * 1_000_000)
    }
}

impl Measure {
    const fn new(name: &'static str, unit: Unit, about: &'static str, rule: Rule) -> Self {
        Self {
            name,
            unit,
            about,
            rule,
            better: Better::Less,
            counts: Counts::Calls,
            is_quiet: false,
        }
    }

    /// Counted by attempts.
    const fn by_attempts(self) -> Self {
        let counts = Counts::Attempts;
        Self { counts, ..self }
    }

    /// Counted at providers, by time.
    const fn by_providers(self) -> Self {
        let counts = Counts::Providers;
        Self { counts, ..self }
    }

    /// High values are better.
    const fn more_is_better(self) -> Self {
        let better = Better::More;
        Self { better, ..self }
    }

    /// No value is better than another.
    const fn no_value_is_better(self) -> Self {
        let better = Better::Neither;
        Self { better, ..self }
    }

    /// Left out of documents when it is zero.
    const fn or_silent(self) -> Self {
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
    pub(crate) fn is_at_providers(&self) -> bool {
        self.counts != Counts::Calls && self.argument().is_none()
    }

    /// Whether it can be with one key of a provider.
    pub(crate) fn is_with_keys(&self) -> bool {
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

/// The measure of this name.
pub fn find(name: &str) -> Option<&'static Measure> {
    MEASURES.iter().find(|measure| measure.name == name)
}

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

const fn measure(
    name: &'static str,
    unit: Unit,
    about: &'static str,
    function: fn(&View<'_>) -> Option<Ratio>,
) -> Measure {
    Measure::new(name, unit, about, Rule::Of(function))
}

const fn quiet(
    name: &'static str,
    unit: Unit,
    about: &'static str,
    function: fn(&View<'_>) -> Option<Ratio>,
) -> Measure {
    measure(name, unit, about, function).or_silent()
}

/// The one measure that is defined without calls.
const fn always(
    name: &'static str,
    unit: Unit,
    about: &'static str,
    function: fn(&View<'_>) -> Option<Ratio>,
) -> Measure {
    Measure::new(name, unit, about, Rule::Always(function))
}

const fn share_of_calls(
    name: &'static str,
    about: &'static str,
    count: fn(&Scope) -> u64,
) -> Measure {
    Measure::new(name, Unit::Ratio, about, Rule::ShareOfCalls(count))
}

const fn quiet_share_of_calls(
    name: &'static str,
    about: &'static str,
    count: fn(&Scope) -> u64,
) -> Measure {
    share_of_calls(name, about, count).or_silent()
}

const fn about_provider(
    name: &'static str,
    unit: Unit,
    about: &'static str,
    function: fn(&View<'_>, usize) -> Option<Ratio>,
) -> Measure {
    Measure::new(name, unit, about, Rule::OfProvider(function))
}

const fn about_fault(
    name: &'static str,
    about: &'static str,
    function: fn(&View<'_>, usize) -> Option<Ratio>,
) -> Measure {
    Measure::new(name, Unit::Number, about, Rule::OfFault(function))
}

const fn about_reason(name: &'static str, about: &'static str) -> Measure {
    Measure::new(name, Unit::CountPerRun, about, Rule::OfReason).or_silent()
}

const fn about_alert(
    name: &'static str,
    about: &'static str,
    count: fn(&AlertTally) -> u64,
) -> Measure {
    Measure::new(name, Unit::CountPerRun, about, Rule::OfAlert(count))
}

const fn longest(
    name: &'static str,
    about: &'static str,
    argument: Argument,
    find: fn(&RunStats, usize) -> Option<&Longest>,
) -> Measure {
    Measure::new(name, Unit::Ms, about, Rule::OfLongest(argument, find))
}

const fn failures(name: &'static str, class: FailureClass) -> Measure {
    let about = "Attempts that failed in this way, per run.";
    let measure = Measure::new(name, Unit::CountPerRun, about, Rule::Failures(class));
    measure.or_silent().by_attempts()
}

fn usd(amount: Money) -> Ratio {
    Ratio::billionths(amount.as_nanos())
}

fn uptime(view: &View<'_>) -> Option<Ratio> {
    let tally = &view.scope.uptime;
    Ratio::share(tally.windows.saturating_sub(tally.down), tally.windows)
}

fn failed_attempts(view: &View<'_>) -> Option<Ratio> {
    Some(Ratio::whole(view.scope.failures(None)))
}

fn sum_of(view: &View<'_>, of: fn(&ProviderTally) -> u64) -> Option<Ratio> {
    let counts = view.scope.providers.iter().map(of);
    Some(Ratio::whole(counts.fold(0, u64::saturating_add)))
}

fn cost_of(view: &View<'_>) -> Money {
    cost::billed(view.scope, view.prices)
}

fn wasted_of(view: &View<'_>) -> Money {
    cost::wasted(view.scope, view.prices)
}

fn wasted_share(view: &View<'_>) -> Option<Ratio> {
    Ratio::share(wasted_of(view).as_nanos(), cost_of(view).as_nanos())
}

fn cost_per_success(view: &View<'_>) -> Option<Ratio> {
    let succeeded = view.scope.succeeded;
    (succeeded > 0).then(|| usd(cost_of(view)).divided_by(succeeded))
}

/// Attempts per second at a fault's targets, relative to before the fault.
fn relative(aftermath: &Aftermath, attempts: u64, length_ns: u64) -> Option<Ratio> {
    let before = &aftermath.before;
    let now = u128::from(attempts).saturating_mul(u128::from(before.length_ns));
    let then = u128::from(before.attempts).saturating_mul(u128::from(length_ns));
    Ratio::fraction(now, then)
}

fn load_during(view: &View<'_>, fault: usize) -> Option<Ratio> {
    let aftermath = view.state.aftermath.get(fault)?;
    let during = &aftermath.during;
    relative(aftermath, during.attempts, during.length_ns)
}

fn thundering_herd(view: &View<'_>, fault: usize) -> Option<Ratio> {
    let aftermath = view.state.aftermath.get(fault).filter(|one| one.ends > 0)?;
    let before = &aftermath.before;
    // Below one attempt a second, one attempt by chance would look like a herd.
    if u128::from(before.attempts) * u128::from(NANOS_PER_S) < u128::from(before.length_ns) {
        return None;
    }
    relative(aftermath, aftermath.surge, NANOS_PER_S)
}

fn peak_attempts(view: &View<'_>, provider: usize) -> Option<Ratio> {
    Some(Ratio::whole(view.scope.providers.get(provider)?.peak))
}

fn check_uptime(view: &View<'_>, provider: usize) -> Option<Ratio> {
    let tally = view.scope.providers.get(provider)?;
    Ratio::share(tally.checks_passed, tally.checks)
}

fn attempt_success_rate(view: &View<'_>) -> Option<Ratio> {
    let answered = view.scope.providers.iter().map(|tally| tally.answered);
    let answered = answered.fold(0, u64::saturating_add);
    Ratio::share(answered, view.scope.attempts())
}

fn attempt_share(view: &View<'_>, provider: usize) -> Option<Ratio> {
    let tally = view.scope.providers.get(provider)?;
    Ratio::share(tally.attempts, view.scope.attempts())
}

/// All billed tokens; they are counted in thousandths.
fn tokens(view: &View<'_>) -> Ratio {
    let billed = view.scope.providers.iter().map(|tally| {
        let billed = tally.ledger.billed();
        let prompt = billed.input.saturating_add(billed.cached);
        prompt.saturating_add(billed.output)
    });
    let thousandths = billed.fold(0, u64::saturating_add);
    Ratio::whole(thousandths).divided_by(1_000)
}

fn tokens_per_minute(view: &View<'_>) -> Option<Ratio> {
    let length = view.scope.length_ns;
    (length > 0).then(|| tokens(view).times(NANOS_PER_MINUTE).divided_by(length))
}

fn failover(state: &RunStats, fault: usize) -> Option<&Longest> {
    let aftermath = state.aftermath.get(fault)?;
    (aftermath.during.length_ns > 0).then_some(&aftermath.failover)
}

fn detection(state: &RunStats, alert: usize) -> Option<&Longest> {
    let detection = &state.alerting.get(alert)?.detection;
    (detection.count > 0).then_some(detection)
}

fn comeback(state: &RunStats, provider: usize) -> Option<&Longest> {
    let comeback = state.comebacks.get(provider)?;
    (comeback.count > 0).then_some(comeback)
}

fn goodput(view: &View<'_>) -> Option<Ratio> {
    let succeeded = u128::from(view.scope.succeeded) * u128::from(NANOS_PER_S);
    Ratio::fraction(succeeded, u128::from(view.scope.length_ns))
}

/// Declares each measure as a constant and lists all of them, in the order of documents. Code uses
/// the constants, so that a mistyped name does not compile; expectations look a name up.
macro_rules! measures {
    ($($id:ident = $rule:ident($name:literal, $($rest:tt)*)$(.$mark:ident())*;)*) => {
        $(
            #[doc = concat!("The measure `", $name, "`.")]
            pub const $id: Measure = $rule($name, $($rest)*)$(.$mark())*;
        )*

        /// All measures, in the order in which documents list them.
        pub const MEASURES: &[Measure] = &[$($id),*];
    };
}

measures! {
    CALLS = always("calls", Unit::CountPerRun, "Calls that arrived, per run.", |view| {
        Some(Ratio::whole(view.scope.calls))
    }).no_value_is_better();
    SUCCEEDED = measure(
        "succeeded",
        Unit::CountPerRun,
        "Calls that got a whole answer, per run.",
        |view| Some(Ratio::whole(view.scope.succeeded)),
    ).more_is_better();
    SUCCESS_RATE = share_of_calls(
        "success_rate",
        "Share of calls that got a whole answer.",
        |scope| scope.succeeded,
    ).more_is_better();
    GOODPUT = measure(
        "goodput",
        Unit::PerSecond,
        "Calls that got a whole answer, for each second in which calls arrived.",
        goodput,
    ).more_is_better();
    UPTIME = measure(
        "uptime",
        Unit::Ratio,
        "Share of time windows that were up.",
        uptime,
    ).more_is_better();
    OUTAGES = measure(
        "outages",
        Unit::CountPerRun,
        "Maximal runs of windows that were down, per run.",
        |view| Some(Ratio::whole(view.scope.uptime.outages)),
    );
    OUTAGE_LONGEST = measure(
        "outage_longest",
        Unit::Ms,
        "Length of the longest outage.",
        |view| view.windows_in_ms(view.scope.uptime.longest, 1),
    );
    OUTAGE_MEAN = measure(
        "outage_mean",
        Unit::Ms,
        "Mean length of an outage.",
        |view| view.windows_in_ms(view.scope.uptime.down, view.scope.uptime.outages),
    );
    LATENCY_MEAN = measure("latency.mean", Unit::Ms, LATENCY, |view| {
        view.scope.latency.mean()
    });
    LATENCY_P50 = measure("latency.p50", Unit::Ms, LATENCY, |view| {
        view.scope.latency.quantile(50)
    });
    LATENCY_P90 = measure("latency.p90", Unit::Ms, LATENCY, |view| {
        view.scope.latency.quantile(90)
    });
    LATENCY_P95 = measure("latency.p95", Unit::Ms, LATENCY, |view| {
        view.scope.latency.quantile(95)
    });
    LATENCY_P99 = measure("latency.p99", Unit::Ms, LATENCY, |view| {
        view.scope.latency.quantile(99)
    });
    LATENCY_MAX = measure("latency.max", Unit::Ms, LATENCY, |view| {
        view.scope.latency.max()
    });
    LATENCY_FAILED_MEAN = measure("latency_failed.mean", Unit::Ms, LATENCY_FAILED, |view| {
        view.scope.latency_failed.mean()
    });
    LATENCY_FAILED_P50 = measure("latency_failed.p50", Unit::Ms, LATENCY_FAILED, |view| {
        view.scope.latency_failed.quantile(50)
    });
    LATENCY_FAILED_P90 = measure("latency_failed.p90", Unit::Ms, LATENCY_FAILED, |view| {
        view.scope.latency_failed.quantile(90)
    });
    LATENCY_FAILED_P95 = measure("latency_failed.p95", Unit::Ms, LATENCY_FAILED, |view| {
        view.scope.latency_failed.quantile(95)
    });
    LATENCY_FAILED_P99 = measure("latency_failed.p99", Unit::Ms, LATENCY_FAILED, |view| {
        view.scope.latency_failed.quantile(99)
    });
    LATENCY_FAILED_MAX = measure("latency_failed.max", Unit::Ms, LATENCY_FAILED, |view| {
        view.scope.latency_failed.max()
    });
    TTFT_MEAN = measure("ttft.mean", Unit::Ms, TTFT, |view| view.scope.ttft.mean());
    TTFT_P50 = measure("ttft.p50", Unit::Ms, TTFT, |view| {
        view.scope.ttft.quantile(50)
    });
    TTFT_P90 = measure("ttft.p90", Unit::Ms, TTFT, |view| {
        view.scope.ttft.quantile(90)
    });
    TTFT_P95 = measure("ttft.p95", Unit::Ms, TTFT, |view| {
        view.scope.ttft.quantile(95)
    });
    TTFT_P99 = measure("ttft.p99", Unit::Ms, TTFT, |view| {
        view.scope.ttft.quantile(99)
    });
    TTFT_MAX = measure("ttft.max", Unit::Ms, TTFT, |view| view.scope.ttft.max());
    ATTEMPTS = measure("attempts", Unit::CountPerRun, "Attempts, per run.", |view| {
        Some(Ratio::whole(view.scope.attempts()))
    }).by_attempts();
    ANSWERED = measure(
        "answered",
        Unit::CountPerRun,
        "Attempts that brought a whole answer, per run.",
        |view| sum_of(view, |tally| tally.answered),
    ).more_is_better().by_attempts();
    ATTEMPT_SUCCESS_RATE = measure(
        "attempt_success_rate",
        Unit::Ratio,
        "Share of attempts that brought a whole answer.",
        attempt_success_rate,
    ).more_is_better().by_attempts();
    ATTEMPT_SHARE = about_provider(
        "attempt_share",
        Unit::Ratio,
        "Share of all attempts that were made at the provider.",
        attempt_share,
    ).no_value_is_better();
    ATTEMPTS_PER_CALL = measure(
        "attempts_per_call",
        Unit::Number,
        "Attempts made for a call, on average.",
        |view| Ratio::share(view.scope.attempts(), view.scope.calls),
    );
    FALLBACK_RATE = share_of_calls(
        "fallback_rate",
        "Share of calls with a fallback.",
        |scope| scope.fell_back,
    ).no_value_is_better();
    HEDGE_RATE = quiet(
        "hedge_rate",
        Unit::Ratio,
        "Hedges, relative to calls.",
        |view| Ratio::share(view.scope.hedges, view.scope.calls),
    ).no_value_is_better();
    SHED_RATE = quiet_share_of_calls(
        "shed_rate",
        "Share of calls that the client held back, since there was no room.",
        |scope| scope.endings.shed,
    );
    UNFINISHED = measure(
        "unfinished",
        Unit::CountPerRun,
        "Calls that never ended, per run.",
        |view| Some(Ratio::whole(view.scope.endings.unfinished)),
    );
    FAILED_CALLS = about_reason(
        "failed_calls",
        "Calls that failed for this reason, per run: `exhausted`, `deadline`, `stopped`, \
         `unavailable`, `interrupted`, `shed`, `unfinished` or `wrong_answer`.",
    );
    ATTEMPTS_MAX = measure(
        "attempts_max",
        Unit::Count,
        "The most attempts made for one call.",
        |view| Some(Ratio::whole(view.scope.conduct.attempts_max)),
    );
    TRUNCATED_SUCCESSES = measure(
        "truncated_successes",
        Unit::CountPerRun,
        "Calls whose client took for an answer what the provider had not written whole, per run: \
         they count as failed, for the reason `wrong_answer`.",
        |view| Some(Ratio::whole(view.scope.endings.wrong_answer)),
    );
    USELESS_RETRIES = measure(
        "useless_retries",
        Unit::CountPerRun,
        "Attempts at a provider that had failed the call in a way that no retry mends, per run.",
        |view| Some(Ratio::whole(view.scope.conduct.useless_retries)),
    );
    HINTS_VIOLATED = measure(
        "hints_violated",
        Unit::CountPerRun,
        "Attempts before the wait was over that the provider had asked of the same call, per run.",
        |view| Some(Ratio::whole(view.scope.conduct.hints_violated)),
    );
    HINTS_VIOLATED_CLIENT = measure(
        "hints_violated.client",
        Unit::CountPerRun,
        "Attempts before the wait was over that the provider had asked of the same client, per \
         run.",
        |view| Some(Ratio::whole(view.scope.conduct.hints_violated_by_client)),
    );
    PROBES_AT_ONCE = measure(
        "probes_at_once",
        Unit::Count,
        "The most probes that one client had in flight at one provider.",
        |view| Some(Ratio::whole(view.scope.conduct.probes_at_once)),
    );
    PEAK_ATTEMPTS = about_provider(
        "peak_attempts",
        Unit::Count,
        "The most attempts at the provider that began within one second of the run.",
        peak_attempts,
    ).by_providers();
    RECOVERY_TIME = longest(
        "recovery_time",
        "From a fault's end until the provider gave half of its former answers for each call \
         again, over at least 20 calls; the longest.",
        Argument::Provider,
        comeback,
    );
    FAILOVER_TIME = longest(
        "failover_time",
        "From the fault's start to the first window that was up after one that was down; the \
         longest.",
        Argument::Fault,
        failover,
    );
    TIME_TO_DETECT = longest(
        "time_to_detect",
        "From the start of a fault that the alert is meant to detect until it fired; the longest.",
        Argument::Alert,
        detection,
    );
    ALERTS = about_alert("alerts", "How often the alert fired, per run.", |tally| tally.fired)
        .no_value_is_better();
    FALSE_ALARMS = about_alert(
        "false_alarms",
        "How often the alert fired while no fault that it is meant to detect was active, nor had \
         been within its window, per run.",
        |tally| tally.false_alarms,
    );
    MISSED_FAULTS = about_alert(
        "missed_faults",
        "Windows of faults that the alert is meant to detect, during which it did not begin to \
         fire, per run.",
        |tally| tally.missed,
    );
    LOAD_DURING = about_fault(
        "load_during",
        "Attempts per second at the fault's targets while it was at work, relative to before.",
        load_during,
    );
    THUNDERING_HERD = about_fault(
        "thundering_herd",
        "The most attempts at the fault's targets within a second of the ten after its end, \
         relative to before; not told when they had less than one attempt a second before.",
        thundering_herd,
    );
    FAILURES = measure(
        "failures",
        Unit::CountPerRun,
        "Attempts that failed, per run.",
        failed_attempts,
    ).by_attempts();
    FAILURES_RATE_LIMITED = failures("failures.rate_limited", FailureClass::RateLimited);
    FAILURES_QUOTA = failures("failures.quota", FailureClass::Quota);
    FAILURES_OVERLOADED = failures("failures.overloaded", FailureClass::Overloaded);
    FAILURES_SERVER_ERROR = failures("failures.server_error", FailureClass::ServerError);
    FAILURES_CONNECT = failures("failures.connect", FailureClass::Connect);
    FAILURES_TIMEOUT_CONNECT = failures("failures.timeout_connect", FailureClass::TimeoutConnect);
    FAILURES_TIMEOUT_FIRST_TOKEN =
        failures("failures.timeout_first_token", FailureClass::TimeoutFirstToken);
    FAILURES_TIMEOUT_IDLE = failures("failures.timeout_idle", FailureClass::TimeoutIdle);
    FAILURES_TIMEOUT_ATTEMPT = failures("failures.timeout_attempt", FailureClass::TimeoutAttempt);
    FAILURES_RESET = failures("failures.reset", FailureClass::Reset);
    FAILURES_TRUNCATED = failures("failures.truncated", FailureClass::Truncated);
    FAILURES_MALFORMED = failures("failures.malformed", FailureClass::Malformed);
    FAILURES_AUTH = failures("failures.auth", FailureClass::Auth);
    FAILURES_FORBIDDEN = failures("failures.forbidden", FailureClass::Forbidden);
    FAILURES_MODEL_GONE = failures("failures.model_gone", FailureClass::ModelGone);
    FAILURES_BAD_REQUEST = failures("failures.bad_request", FailureClass::BadRequest);
    FAILURES_CONTEXT_TOO_LONG = failures("failures.context_too_long", FailureClass::ContextTooLong);
    FAILURES_CONTENT_FILTER = failures("failures.content_filter", FailureClass::ContentFilter);
    BREAKER_OPENED = measure(
        "breaker.opened",
        Unit::CountPerRun,
        "Breakers that opened, per run.",
        |view| Some(Ratio::whole(view.scope.transitions().opened)),
    ).no_value_is_better().by_providers();
    BREAKER_HALF_OPENED = measure(
        "breaker.half_opened",
        Unit::CountPerRun,
        "Breakers that began to probe, per run.",
        |view| Some(Ratio::whole(view.scope.transitions().half_opened)),
    ).no_value_is_better().by_providers();
    BREAKER_CLOSED = measure(
        "breaker.closed",
        Unit::CountPerRun,
        "Breakers that closed, per run.",
        |view| Some(Ratio::whole(view.scope.transitions().closed)),
    ).no_value_is_better().by_providers();
    EJECTIONS = quiet(
        "ejections",
        Unit::CountPerRun,
        "Providers that were left out because their peers did better, per run.",
        |view| sum_of(view, |tally| tally.ejections),
    ).no_value_is_better().by_providers();
    CHECKS = quiet("checks", Unit::CountPerRun, "Health checks that ended, per run.", |view| {
        sum_of(view, |tally| tally.checks)
    }).no_value_is_better().by_providers();
    CHECK_UPTIME = about_provider(
        "check_uptime",
        Unit::Ratio,
        "Share of the health checks of the provider that passed: the uptime that a monitor shows, \
         whatever users see.",
        check_uptime,
    ).more_is_better().by_providers();
    COST = measure("cost", Unit::UsdPerRun, "All that providers billed, per run.", |view| {
        Some(usd(cost_of(view)))
    }).by_attempts();
    WASTED = measure("wasted_cost", Unit::UsdPerRun, "Billed and not delivered, per run.", |view| {
        Some(usd(wasted_of(view)))
    }).by_attempts();
    WASTED_SHARE = measure(
        "wasted_share",
        Unit::Ratio,
        "Share of the cost that was wasted.",
        wasted_share,
    ).by_attempts();
    CHECK_COST = quiet(
        "check_cost",
        Unit::UsdPerRun,
        "Billed for health checks, per run; a part of `wasted_cost`: no call asked for it.",
        |view| Some(usd(cost::checked(view.scope, view.prices))),
    ).by_providers();
    TOKENS = measure(
        "tokens",
        Unit::TokensPerRun,
        "Tokens that providers billed, prompts and answers, per run; at one and a half times the \
         usual price a token counts as one and a half.",
        |view| Some(tokens(view)),
    ).by_attempts();
    TOKENS_PER_MINUTE = measure(
        "tokens_per_minute",
        Unit::Tokens,
        "Tokens that providers billed, for each minute in which calls arrived: the mean, not the \
         highest.",
        tokens_per_minute,
    ).by_attempts();
    COST_PER_SUCCESS = measure(
        "cost_per_success",
        Unit::Usd,
        "Cost for each call that succeeded.",
        cost_per_success,
    );
}

const LATENCY: &str = "From the arrival to the last byte, of calls that succeeded.";
const LATENCY_FAILED: &str = "From the arrival to the error (or the wrong answer), of calls that \
                              failed; calls that never ended are left out.";
const NANOS_PER_MS: u64 = 1_000_000;
const NANOS_PER_S: u64 = 1_000_000_000;
const NANOS_PER_MINUTE: u64 = 60 * NANOS_PER_S;
const TTFT: &str = "From the arrival to the first token, of streamed calls that succeeded.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for measure in MEASURES {
            let same = MEASURES.iter().filter(|other| other.name == measure.name);
            assert_eq!(same.count(), 1, "{}", measure.name);
        }
    }

    #[test]
    fn classes_are_named_as_policy_files_name_them() {
        let mut classes = 0;
        for measure in MEASURES {
            let Rule::Failures(class) = measure.rule else {
                continue;
            };
            classes += 1;
            let named = serde_json::to_value(class).unwrap();
            assert_eq!(named.as_str(), Some(class.name()));
            assert_eq!(measure.name, format!("failures.{}", class.name()));
        }
        assert_eq!(classes, 18);
    }

    #[test]
    fn without_calls_only_their_number_is_defined() {
        let state = RunStats::default();
        let view = View::all(&state, &[]);
        for measure in MEASURES {
            let value = measure.of(&view);
            let expected = (measure.name == "calls").then(|| Ratio::whole(0));
            assert_eq!(value, expected, "{}", measure.name);
            assert_eq!(measure.of_one(&view, 0), None, "{}", measure.name);
        }
    }
}

//! Every measure, defined once: name, unit, meaning, function. Expectations, reports and documents
//! derive from this table.
//!
//! A measure is a function of a [`Scope`], so that each is worth something over a whole run and
//! over the calls that arrived while a fault was at work. Without calls only `calls` is defined.
//! What is expected of a measure is [`super::verdict`]'s matter.

use super::cost;
use super::state::{ProviderTally, Scope, State};
use super::unit::Unit;
use super::value::Value;
use crate::money::Money;
use crate::policy::classify::FailureClass;
use crate::prices::Price;

/// A measure.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// As expectations and documents name it.
    pub name: &'static str,
    /// What its values count.
    pub unit: Unit,
    /// What it means, in a sentence.
    pub about: &'static str,
    rule: Rule,
}

/// How a measure is worked out.
#[derive(Clone, Copy, Debug)]
enum Rule {
    Of(fn(&View<'_>) -> Option<Value>),
    Failures(FailureClass),
}

/// What is measured: a set of calls, and what it takes to read it.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The calls.
    pub scope: &'a Scope,
    /// The length of a base window of uptime, in nanoseconds.
    pub window_ns: u64,
    /// What tokens cost, by provider.
    pub prices: &'a [Price],
}

impl<'a> View<'a> {
    /// All calls of `state`, or those that arrived while a fault (by place) was at work. `None`
    /// when there is no such fault.
    pub fn new(state: &'a State, during: Option<usize>, prices: &'a [Price]) -> Option<Self> {
        let scope = match during {
            Some(fault) => state.during.get(fault)?,
            None => &state.run,
        };
        Some(Self {
            scope,
            window_ns: state.window_ns,
            prices,
        })
    }

    fn windows_in_ms(&self, windows: u64, of: u64) -> Option<Value> {
        let nanos = u128::from(windows) * u128::from(self.window_ns);
        Value::fraction(nanos, u128::from(of) * 1_000_000)
    }
}

impl Measure {
    /// What it is worth; `None` when it is undefined.
    pub fn of(&self, view: &View<'_>) -> Option<Value> {
        if view.scope.calls == 0 && self.name != "calls" {
            return None;
        }
        match self.rule {
            Rule::Of(function) => function(view),
            Rule::Failures(class) => Some(Value::whole(view.scope.failures(Some(class)))),
        }
    }

    /// Whether it goes without saying when it is zero: one class of failures of many.
    pub const fn is_silent_at_zero(&self) -> bool {
        matches!(self.rule, Rule::Failures(_))
    }
}

/// The measure of this name.
pub fn find(name: &str) -> Option<&'static Measure> {
    MEASURES.iter().find(|measure| measure.name == name)
}

/// All measures but those that are silent and zero, with their values, in the table's order.
pub fn worth_saying<'a>(
    view: &'a View<'_>,
) -> impl Iterator<Item = (&'static Measure, Option<Value>)> + 'a {
    let values = MEASURES.iter().map(|measure| (measure, measure.of(view)));
    values.filter(|(measure, value)| {
        !measure.is_silent_at_zero() || value.is_some_and(|value| value > Value::whole(0))
    })
}

/// What one provider came to: name, unit and value of each figure; failures only of the classes
/// that occurred.
pub fn of_provider(tally: &ProviderTally, price: &Price) -> Vec<(String, Unit, Value)> {
    let counted = |name: &str, count| (name.to_owned(), Unit::Count, Value::whole(count));
    let priced = |name: &str, amount| (name.to_owned(), Unit::Usd, usd(amount));
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
        priced("cost", tally.billed.cost(price)),
        priced("wasted", tally.wasted.cost(price)),
    ]);
    figures
}

const fn measure(
    name: &'static str,
    unit: Unit,
    about: &'static str,
    function: fn(&View<'_>) -> Option<Value>,
) -> Measure {
    Measure {
        name,
        unit,
        about,
        rule: Rule::Of(function),
    }
}

const fn failures(class: FailureClass, name: &'static str) -> Measure {
    Measure {
        name,
        unit: Unit::Count,
        about: "Attempts that failed in this way.",
        rule: Rule::Failures(class),
    }
}

fn usd(amount: Money) -> Value {
    Value::billionths(amount.as_nanos())
}

fn uptime(view: &View<'_>) -> Option<Value> {
    let tally = &view.scope.uptime;
    Value::share(tally.windows.saturating_sub(tally.down), tally.windows)
}

fn failed_attempts(view: &View<'_>) -> Option<Value> {
    Some(Value::whole(view.scope.failures(None)))
}

fn cost_of(view: &View<'_>) -> Money {
    cost::billed(view.scope, view.prices)
}

fn wasted_of(view: &View<'_>) -> Money {
    cost::wasted(view.scope, view.prices)
}

fn wasted_share(view: &View<'_>) -> Option<Value> {
    Value::share(wasted_of(view).as_nanos(), cost_of(view).as_nanos())
}

fn cost_per_success(view: &View<'_>) -> Option<Value> {
    let succeeded = view.scope.succeeded;
    (succeeded > 0).then(|| usd(cost_of(view)).divided_by(succeeded))
}

/// All measures, in the order in which documents list them.
pub const MEASURES: &[Measure] = &[
    measure("calls", Unit::Count, "Calls that arrived.", |view| {
        Some(Value::whole(view.scope.calls))
    }),
    measure(
        "succeeded",
        Unit::Count,
        "Calls that got a whole answer.",
        |view| Some(Value::whole(view.scope.succeeded)),
    ),
    measure(
        "success_rate",
        Unit::Ratio,
        "Share of calls that got a whole answer.",
        |view| Value::share(view.scope.succeeded, view.scope.calls),
    ),
    measure(
        "uptime",
        Unit::Ratio,
        "Share of time windows that were up.",
        uptime,
    ),
    measure(
        "outages",
        Unit::Count,
        "Maximal runs of windows that were down.",
        |view| Some(Value::whole(view.scope.uptime.outages)),
    ),
    measure(
        "outage_longest",
        Unit::Ms,
        "Length of the longest outage.",
        |view| view.windows_in_ms(view.scope.uptime.longest, 1),
    ),
    measure(
        "outage_mean",
        Unit::Ms,
        "Mean length of an outage.",
        |view| view.windows_in_ms(view.scope.uptime.down, view.scope.uptime.outages),
    ),
    measure("latency.mean", Unit::Ms, LATENCY, |view| {
        view.scope.latency.mean()
    }),
    measure("latency.p50", Unit::Ms, LATENCY, |view| {
        view.scope.latency.quantile(50)
    }),
    measure("latency.p90", Unit::Ms, LATENCY, |view| {
        view.scope.latency.quantile(90)
    }),
    measure("latency.p95", Unit::Ms, LATENCY, |view| {
        view.scope.latency.quantile(95)
    }),
    measure("latency.p99", Unit::Ms, LATENCY, |view| {
        view.scope.latency.quantile(99)
    }),
    measure("latency.max", Unit::Ms, LATENCY, |view| {
        view.scope.latency.max()
    }),
    measure("ttft.mean", Unit::Ms, TTFT, |view| view.scope.ttft.mean()),
    measure("ttft.p50", Unit::Ms, TTFT, |view| {
        view.scope.ttft.quantile(50)
    }),
    measure("ttft.p90", Unit::Ms, TTFT, |view| {
        view.scope.ttft.quantile(90)
    }),
    measure("ttft.p95", Unit::Ms, TTFT, |view| {
        view.scope.ttft.quantile(95)
    }),
    measure("ttft.p99", Unit::Ms, TTFT, |view| {
        view.scope.ttft.quantile(99)
    }),
    measure("ttft.max", Unit::Ms, TTFT, |view| view.scope.ttft.max()),
    measure(
        "attempts_per_call",
        Unit::Number,
        "Attempts made for a call, on average.",
        |view| Value::share(view.scope.attempts(), view.scope.calls),
    ),
    measure(
        "fallback_rate",
        Unit::Ratio,
        "Share of calls with a fallback.",
        |view| Value::share(view.scope.fell_back, view.scope.calls),
    ),
    measure(
        "unfinished",
        Unit::Count,
        "Calls that never ended.",
        |view| Some(Value::whole(view.scope.endings.unfinished)),
    ),
    measure(
        "failures",
        Unit::Count,
        "Attempts that failed.",
        failed_attempts,
    ),
    failures(FailureClass::RateLimited, "failures.rate_limited"),
    failures(FailureClass::Quota, "failures.quota"),
    failures(FailureClass::Overloaded, "failures.overloaded"),
    failures(FailureClass::ServerError, "failures.server_error"),
    failures(FailureClass::Connect, "failures.connect"),
    failures(FailureClass::TimeoutConnect, "failures.timeout_connect"),
    failures(
        FailureClass::TimeoutFirstToken,
        "failures.timeout_first_token",
    ),
    failures(FailureClass::TimeoutIdle, "failures.timeout_idle"),
    failures(FailureClass::TimeoutAttempt, "failures.timeout_attempt"),
    failures(FailureClass::Reset, "failures.reset"),
    failures(FailureClass::Truncated, "failures.truncated"),
    failures(FailureClass::Malformed, "failures.malformed"),
    failures(FailureClass::Auth, "failures.auth"),
    failures(FailureClass::Forbidden, "failures.forbidden"),
    failures(FailureClass::ModelGone, "failures.model_gone"),
    failures(FailureClass::BadRequest, "failures.bad_request"),
    failures(FailureClass::ContextTooLong, "failures.context_too_long"),
    failures(FailureClass::ContentFilter, "failures.content_filter"),
    measure(
        "breaker.opened",
        Unit::Count,
        "Breakers that opened.",
        |view| Some(Value::whole(view.scope.transitions().opened)),
    ),
    measure(
        "breaker.half_opened",
        Unit::Count,
        "Breakers that began to probe.",
        |view| Some(Value::whole(view.scope.transitions().half_opened)),
    ),
    measure(
        "breaker.closed",
        Unit::Count,
        "Breakers that closed.",
        |view| Some(Value::whole(view.scope.transitions().closed)),
    ),
    measure("cost", Unit::Usd, "All that providers billed.", |view| {
        Some(usd(cost_of(view)))
    }),
    measure("wasted", Unit::Usd, "Billed and not delivered.", |view| {
        Some(usd(wasted_of(view)))
    }),
    measure(
        "wasted_share",
        Unit::Ratio,
        "Share of the cost that was wasted.",
        wasted_share,
    ),
    measure(
        "cost_per_success",
        Unit::Usd,
        "Cost for each call that succeeded.",
        cost_per_success,
    ),
];

const LATENCY: &str = "From the arrival to the last byte, of calls that succeeded.";
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
        let state = State::default();
        let view = View::new(&state, None, &[]).unwrap();
        for measure in MEASURES {
            let value = measure.of(&view);
            let expected = (measure.name == "calls").then(|| Value::whole(0));
            assert_eq!(value, expected, "{}", measure.name);
        }
    }
}

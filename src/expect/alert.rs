//! Alert rules, as a monitor has them: a signal, a threshold, and the time that it looks back on.
//!
//! `scenario` reads rules from a file, `report` evaluates them in simulated time. The table of
//! [`SIGNALS`] is what both go by.

use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Bound, Expectation, Op, Point, When, value_in};
use crate::policy::ProviderId;
use crate::text::Diagnostic;
use crate::trace::FaultId;
use crate::units::{Factor, Money, Share, UnitError, duration};

/// An alert rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AlertRule {
    /// Its name.
    pub name: String,
    /// Its condition, as it was written.
    pub text: String,
    /// What it looks at.
    pub signal: Signal,
    /// How the signal is compared.
    pub op: Op,
    /// The threshold, in the unit that was written.
    pub bound: Bound,
    /// The windows of time that it looks back on: the comparison must hold in all of them.
    pub over: Vec<Duration>,
    /// From evaluation to evaluation.
    pub every: Duration,
    /// How long the comparison must hold before the alert fires.
    pub pending: Duration,
    /// The faults that it is meant to detect.
    pub detects: Vec<FaultId>,
}

/// What an alert looks at. All count what ended within the window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Signal {
    /// The share of calls that succeeded.
    SuccessRate,
    /// The share of calls with a fallback.
    FallbackRate,
    /// This percentile of the latency of calls that succeeded.
    Latency(u8),
    /// What providers billed.
    Cost,
    /// The share of attempts at a provider that failed.
    FailureRate(ProviderId),
    /// The share of calls that failed, as a multiple of what the objective allows.
    BurnRate {
        /// The share of calls that may fail.
        budget: Share,
    },
}

/// A row of the table of signals.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SignalRow {
    /// As `if` names it.
    pub name: &'static str,
    /// An example of a rule's `if`.
    pub example: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// Whether a provider stands behind it in parentheses.
    pub takes_provider: bool,
    signal: fn(ProviderId, Share) -> Signal,
    fits: fn(Bound) -> bool,
    /// Reads a threshold, for its hint.
    read: fn(&str) -> Result<(), UnitError>,
}

macro_rules! signals {
    ($($name:literal $(($provider:ident))?, $bound:ident, $example:literal, $about:literal
        => |$id:pat_param, $budget:pat_param| $signal:expr;)*) => {
        /// Every signal.
        pub const SIGNALS: &[SignalRow] = &[$(SignalRow {
            name: $name,
            example: $example,
            about: $about,
            takes_provider: signals!(@provider $($provider)?),
            signal: |$id, $budget| $signal,
            fits: |bound| matches!(bound, Bound::$bound(_)),
            read: signals!(@read $bound),
        }),*];
    };
    (@provider provider) => { true };
    (@provider) => { false };
    (@read Share) => { |text| Share::parse(text).map(drop) };
    (@read Time) => { |text| duration::parse(text).map(drop) };
    (@read Money) => { |text| Money::parse(text).map(drop) };
    (@read Number) => { |text| Factor::parse(text).map(drop) };
}

signals! {
    "success_rate", Share, "success_rate < 99%", "The share of calls that succeeded."
        => |_, _| Signal::SuccessRate;
    "fallback_rate", Share, "fallback_rate > 20%", "The share of calls with a fallback."
        => |_, _| Signal::FallbackRate;
    "latency.p50", Time, "latency.p50 > 2s", "The median latency of calls that succeeded."
        => |_, _| Signal::Latency(50);
    "latency.p90", Time, "latency.p90 > 3s", "The 90th percentile of the same."
        => |_, _| Signal::Latency(90);
    "latency.p95", Time, "latency.p95 > 4s", "The 95th percentile of the same."
        => |_, _| Signal::Latency(95);
    "latency.p99", Time, "latency.p99 > 8s", "The 99th percentile of the same."
        => |_, _| Signal::Latency(99);
    "cost", Money, "cost > 5 USD", "What providers billed."
        => |_, _| Signal::Cost;
    "failure_rate" (provider), Share, "failure_rate(openai) > 50%",
        "The share of attempts at a provider that failed: the provider is down."
        => |provider, _| Signal::FailureRate(provider);
    "burn_rate", Number, "burn_rate > 14.4",
        "The share of calls that failed, as a multiple of what the objective `slo` allows."
        => |_, budget| Signal::BurnRate { budget };
}

impl SignalRow {
    /// The row of this name.
    pub fn of(name: &str) -> Option<&'static Self> {
        SIGNALS.iter().find(|row| row.name == name)
    }

    /// Whether the threshold of `rule` is in this signal's unit, and nothing is in `rule` that a
    /// monitor cannot know. `point` makes a diagnostic for a range of its text.
    pub(crate) fn check(&self, rule: &Expectation, point: Point<'_>) -> Result<(), Diagnostic> {
        let wrong = |range: Range<usize>, message: &str| {
            let problem = point(range, message.to_owned());
            Err(problem.hint(format!("write as in `{}`", self.example)))
        };
        let named = 0..rule.metric.len();
        if rule.when != When::Always || rule.than.is_some() || rule.by_interval || rule.of.is_some()
        {
            let message = "an alert compares a signal with a number, and nothing else";
            return wrong(0..rule.text.len(), message);
        }
        match (self.takes_provider, &rule.argument) {
            (true, None) => return wrong(named, "the signal is about one provider"),
            (false, Some(name)) => {
                let start = rule.text.find(name).unwrap_or_default();
                return wrong(start..start + name.len(), "the signal takes no argument");
            }
            _ => {}
        }
        if (self.fits)(rule.bound) {
            return Ok(());
        }
        let value = value_in(&rule.text);
        let problem = wrong(value.clone(), "the signal is not measured in this unit");
        let error = (self.read)(&rule.text[value]).err();
        let hint = error.as_ref().and_then(UnitError::hint);
        match hint.filter(|hint| !hint.starts_with("write as in")) {
            Some(hint) => problem.map_err(|problem| problem.hint(hint)),
            None => problem,
        }
    }

    /// The signal, about this provider or with this share of calls that may fail.
    pub(crate) fn signal(&self, provider: ProviderId, budget: Share) -> Signal {
        (self.signal)(provider, budget)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Diagnostic;

    #[test]
    fn the_example_of_each_signal_is_a_rule() {
        for row in SIGNALS {
            let point = |range, message| Diagnostic::of_text("x.yaml", row.example, range, message);
            let rule = super::super::parse(row.example, &[], &point);
            let rule = rule.unwrap_or_else(|problem| panic!("{problem}"));
            assert_eq!(rule.metric, row.name);
            assert!(row.check(&rule, &point).is_ok(), "{}", row.name);
        }
    }
}

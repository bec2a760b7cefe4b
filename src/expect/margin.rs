//! How much worse a measure may be than in a baseline, from text to type: `success_rate: 0.5%`.
//!
//! A share is of percentage points for a share, and of the baseline's value for all else: the
//! measure's unit decides, which `report` knows.

use super::{Bound, Expectation, Op, Point, When, subject, value};
use crate::text::Diagnostic;

/// How much worse a measure may be than in a baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Margin {
    /// The measure as it was written: `latency.p95`, `recovery_time(openai)`.
    pub measure: String,
    /// Its name.
    pub metric: String,
    /// Its argument in parentheses.
    pub argument: Option<String>,
    /// The margin.
    pub bound: Bound,
}

impl Margin {
    /// Reads a measure and its margin; each has its own place, at which it can be wrong.
    pub fn parse(
        (measure, at_measure): (&str, Point<'_>),
        (value, at_value): (&str, Point<'_>),
    ) -> Result<Self, Diagnostic> {
        let named = subject::read(measure, measure.len(), &[], at_measure)?;
        if named.of.is_some() {
            let start = measure.find(" of ").map_or(0, |at| at + 1);
            let problem = at_measure(start..measure.len(), "a margin is for all calls".into());
            return Err(problem.hint(format!("write `{}`", measure[..start].trim_end())));
        }
        let read = value::read(value, 0, at_value)?;
        if read.than.is_some() || read.by_interval {
            let problem = at_value(0..value.len(), "this is no margin".to_owned());
            return Err(problem.hint("write as in `0.5%`, `200ms` or `0.001 USD`"));
        }
        Ok(Self {
            measure: measure.to_owned(),
            metric: named.metric,
            argument: named.argument,
            bound: read.bound,
        })
    }

    /// As if the measure were expected not to be above the margin.
    pub(crate) fn as_expectation(&self) -> Expectation {
        Expectation {
            text: self.measure.clone(),
            metric: self.metric.clone(),
            argument: self.argument.clone(),
            of: None,
            when: When::Always,
            op: Op::AtMost,
            bound: self.bound,
            than: None,
            shift: None,
            by_interval: false,
            line: None,
        }
    }
}

//! What a policy costs in a month, and what it saves: the money of a result, scaled to a volume.
//!
//! ```text
//! report -> observed (counts, ledgers, prices) --+-> month (one per policy) -> rows -> render
//!                                 assumptions ---+
//! ```
//!
//! A policy that fails bills little. So that it does not look cheap, each call that it loses has a
//! price, costs are also given for each answer, and a warning names the policy. Every number that
//! was not measured is an assumption, and is listed with its source. All amounts are integers.

mod assumptions;
mod month;
mod observed;
mod render;
mod rows;

pub(crate) use assumptions::{Assumptions, Written};
pub(crate) use observed::Observed;

use crate::units::Money;
use assumptions::{Listed, Source};
use month::{Frame, Month};

/// The months of all policies of one result.
#[derive(Debug)]
pub(crate) struct Roi {
    scenario: String,
    seeds: String,
    baseline: String,
    months: Vec<Month>,
    assumptions: Vec<Listed>,
    warnings: Vec<String>,
}

impl Roi {
    /// Scales what was `observed` to the month that is `assumed`; an error names a policy or a
    /// provider that is not in the result, or says what is missing.
    pub(crate) fn new(observed: &Observed, assumed: &Assumptions) -> Result<Self, RoiError> {
        let frame = Frame::new(observed, assumed)?;
        let months: Vec<Month> = observed
            .policies
            .iter()
            .map(|policy| Month::new(policy, &frame))
            .collect();
        let baseline = &observed.policies[frame.baseline].name;
        Ok(Self {
            scenario: observed.scenario.clone(),
            seeds: observed.seeds.clone(),
            warnings: warnings(&months, assumed, &frame),
            assumptions: assumed.listed(observed, &frame),
            months: month::compared(months, frame.baseline, frame.integration),
            baseline: baseline.clone(),
        })
    }
}

/// The reason why there is no month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoiError {
    /// What is wrong.
    pub(crate) message: String,
    /// What to write instead; may be empty.
    pub(crate) hint: String,
}

impl RoiError {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
        }
    }
}

/// What makes a result look better than it is, one sentence each.
fn warnings(months: &[Month], assumed: &Assumptions, frame: &Frame<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    let best = months.iter().min_by_key(|month| month.lost);
    for month in months {
        let Some(best) = best.filter(|best| best.lost < month.lost) else {
            continue;
        };
        let (bill, other) = (month.billed(), best.billed());
        let lost = u128::from(month.lost - best.lost);
        if bill < other && lost * month::LUCK > month.calls.into() {
            let each = u64::try_from((other - bill) / lost).unwrap_or(u64::MAX);
            warnings.push(format!(
                "`{}` bills {} USD less than `{}`, and loses {} more calls a month: it saves {} \
                 USD for each",
                month.policy,
                rows::dollars(i128::try_from(other - bill).unwrap_or(i128::MAX)),
                best.policy,
                rows::grouped(month.lost - best.lost),
                Money::from_nanos(each).usd(),
            ));
        }
    }
    let loses = months.iter().any(|month| month.lost > 0);
    if loses && frame.lost_call == Money::ZERO {
        let cause = "a lost call costs nothing here, so that a policy that fails looks cheap";
        warnings.push(cause.to_owned());
    }
    if loses && assumed.exposure.source == Source::Default {
        warnings.push(
            "all calls of the month go as in the scenario: write `--exposure 2%` if only 2% do"
                .to_owned(),
        );
    }
    warnings
}

#[cfg(test)]
mod tests;

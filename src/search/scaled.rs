//! A load so many times as heavy, as a value to set in a scenario.

use serde_json::json;

use crate::scenario::{Calls, Load, RateCurve};
use crate::units::{Factor, Rate};

impl Load {
    /// Where a file says how many calls there are, and its value for so many times as many; none
    /// where each call is listed.
    pub(super) fn scaled(&self, by: Factor) -> Option<(&'static str, String)> {
        match &self.calls {
            Calls::Drawn { rate, .. } => {
                let rate = json!(rate.scaled(by));
                let text = rate
                    .as_str()
                    .map_or_else(|| rate.to_string(), str::to_owned);
                Some(("load.rate", text))
            }
            Calls::Users { users } => {
                let count = by.times(users.count).max(1);
                Some(("load.users.count", count.to_string()))
            }
            Calls::Listed { .. } | Calls::Trace { .. } => None,
        }
    }
}

impl RateCurve {
    /// The same curve, so many times as high.
    fn scaled(&self, by: Factor) -> Self {
        let mut curve = self.clone();
        let more = |rates: &mut [&mut Rate]| {
            for rate in rates {
                **rate = rate.scaled(by);
            }
        };
        match &mut curve {
            Self::Constant(rate) => more(&mut [rate]),
            Self::Diurnal { mean, peak, .. } => more(&mut [mean, peak]),
            Self::Ramp { from, to, .. } => more(&mut [from, to]),
            Self::Spike { base, peak, .. } => more(&mut [base, peak]),
            Self::Steps { steps } => steps
                .iter_mut()
                .for_each(|step| more(&mut [&mut step.rate])),
        }
        curve
    }
}

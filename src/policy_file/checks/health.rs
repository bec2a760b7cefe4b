//! Settings of breakers and outliers that cannot work together.

use super::max_below;
use crate::policy::config::{Breaker, HintMode, Outlier};
use crate::text::{Diagnostic, Document};
use crate::units::Share;

/// Checks the breaker at `place`.
pub(super) fn check_breaker(
    breaker: &Breaker,
    document: &Document,
    place: &[&str],
) -> Result<(), Diagnostic> {
    let has_signal = breaker.consecutive_failures.is_some()
        || breaker.max_failures.is_some()
        || breaker.min_success_rate.is_some()
        || breaker.slow_call.is_some()
        || breaker.open.hint == HintMode::Honour;
    if !has_signal {
        let path = [place, &["consecutive_failures"]].concat();
        let hint = "write `consecutive_failures: 5`, `min_success_rate: 80%` or `open: { hint: \
            honour }`";
        return Err(document
            .problem(&path, "nothing ever opens this breaker")
            .hint(hint));
    }
    if breaker.slow_call.is_some() && breaker.max_slow_rate >= Share::WHOLE {
        let path = [place, &["max_slow_rate"]].concat();
        let message = "no share of slow attempts is above 100%";
        let hint = "write `99%`, or leave `slow_call` out";
        return Err(document.problem(&path, message).hint(hint));
    }
    let open = &breaker.open;
    if open.initial > open.max {
        let place = [place, &["open"]].concat();
        return Err(max_below(document, &place, "time", ["max", "initial"]));
    }
    Ok(())
}

/// Checks the outlier settings.
pub(super) fn check_outlier(outlier: &Outlier, document: &Document) -> Result<(), Diagnostic> {
    if outlier.base_ejection_time > outlier.max_ejection_time {
        let keys = ["max_ejection_time", "base_ejection_time"];
        return Err(max_below(document, &["outlier"], "time", keys));
    }
    Ok(())
}

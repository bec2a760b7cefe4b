//! Settings of breakers and outliers that cannot work together.

use super::cap_below;
use crate::policy::config::{Breaker, HintMode, Outlier};
use crate::text::units::share::WHOLE;
use crate::text::{Diagnostic, Document};

/// Checks the breaker at `place`.
pub(super) fn check_breaker(
    breaker: &Breaker,
    document: &Document,
    place: &[&str],
) -> Result<(), Diagnostic> {
    let has_signal = breaker.consecutive.is_some()
        || breaker.success_below.is_some()
        || breaker.slow.is_some()
        || breaker.open.hint == HintMode::Honour;
    if !has_signal {
        let path = [place, &["consecutive"]].concat();
        let hint = "write `consecutive: 5`, `success_below: 80%` or `open: { hint: honour }`";
        return Err(document
            .problem(&path, "nothing ever opens this breaker")
            .hint(hint));
    }
    if breaker.slow.is_some() && breaker.slow_above >= WHOLE {
        let path = [place, &["slow_above"]].concat();
        let message = "no share of slow attempts is above 100%";
        let hint = "write `99%`, or leave `slow` out";
        return Err(document.problem(&path, message).hint(hint));
    }
    let open = &breaker.open;
    if open.first > open.cap {
        let place = [place, &["open"]].concat();
        return Err(cap_below(document, &place, "time", "first"));
    }
    Ok(())
}

/// Checks the outlier settings.
pub(super) fn check_outlier(outlier: &Outlier, document: &Document) -> Result<(), Diagnostic> {
    if outlier.eject > outlier.cap {
        return Err(cap_below(document, &["outlier"], "time", "eject"));
    }
    Ok(())
}

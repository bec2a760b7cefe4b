//! The quirks of a policy that concern breakers.

use crate::policy::config::{Quirk, Quirks};

/// What a breaker does otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Habits {
    /// It closes at the end of its open time.
    pub(super) closes_by_time: bool,
    /// It keeps the slots of probes for ever.
    pub(super) leaks_probes: bool,
    pub(super) counts_late_successes: bool,
    pub(super) late_failures_prolong: bool,
    /// A failure after a success does not open a half-open one at once.
    pub(super) successes_forgive: bool,
}

impl Habits {
    /// Those that `quirks` have.
    pub(super) fn of(quirks: &Quirks) -> Self {
        Self {
            closes_by_time: quirks.has(&Quirk::BreakerClosesByTime),
            leaks_probes: quirks.has(&Quirk::ProbesLeak),
            counts_late_successes: quirks.has(&Quirk::LateSuccessesCount),
            late_failures_prolong: quirks.has(&Quirk::LateFailuresProlong),
            successes_forgive: quirks.has(&Quirk::SuccessesForgive),
        }
    }
}

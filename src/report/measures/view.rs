//! What a measure is computed from: a set of calls with its context, and what it can take in
//! parentheses.

use super::lists::reasons;
use crate::expect::{Of, When};
use crate::prices::Price;
use crate::report::ratio::Ratio;
use crate::report::run_stats::{RunStats, Scope};

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

    /// The length of `windows` windows, divided by `of`.
    pub(super) fn windows_in_ms(&self, windows: u64, of: u64) -> Option<Ratio> {
        let nanos = u128::from(windows) * u128::from(self.state.window_ns);
        Ratio::fraction(nanos, u128::from(of) * 1_000_000)
    }
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
    /// A reason for which calls fail, one of `Endings::REASONS`.
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

//! Stories of single calls: what happened to a call, step by step, and the reason of each step.
//!
//! ```text
//! events of one run -> keeper -> the calls that were asked for -> tell -> lines of text
//! ```
//!
//! - `keeper`: keeps the events of open calls, and of those ended ones that were asked for.
//! - `worst`: which failed (or slow) calls of a run are worth telling, and why its calls failed.
//! - `blame`: which fault each failed call would not have failed without.
//! - `question`: which runs of a report are to be told.
//! - `words`: the text of a reason. `tell`: the lines of a call. `chapter`: those of a policy.
//! - `event`: the line of any event.
//!
//! `drill` makes the runs.

mod blame;
mod chapter;
mod event;
mod keeper;
mod question;
mod tell;
mod words;
mod worst;

use crate::policy::call::{FailureReason, Outcome};
use crate::policy::{AttemptId, CallId};
use crate::time::Instant;
use crate::trace::{Event, EventKind};

pub use blame::Blame;
pub(crate) use event::{call_line, event_line};
pub(crate) use keeper::{Keeper, Pick};
pub(crate) use question::Question;
pub(crate) use tell::Names;
pub(super) use words::{clock, length, outcome_text};
pub(crate) use worst::{Worst, WorstBy};

/// A call of a traced run, from its arrival to its end.
#[derive(Clone, Debug)]
pub(crate) struct CallStory {
    pub(crate) call: CallId,
    pub(crate) arrived: Instant,
    /// Its end; none while it is open.
    pub(crate) ended: Option<(Instant, Outcome)>,
    /// Its events in order, its arrival first, with the breakers that its failures opened.
    pub(crate) events: Vec<Event>,
}

/// Why a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It ended without an answer, and its client knows why.
    NoAnswer(FailureReason),
    /// Its client took for an answer what was none: not whole, or not correct.
    WrongAnswer,
}

impl CallStory {
    /// Why it failed; none if it did not.
    pub(crate) fn failure(&self) -> Option<Failure> {
        match self.ended?.1 {
            Outcome::Failed(reason) => Some(Failure::NoAnswer(reason)),
            Outcome::Succeeded { attempt } => {
                (!self.is_whole(attempt)).then_some(Failure::WrongAnswer)
            }
        }
    }

    /// Whether the provider has written a whole and correct answer to this attempt, as
    /// `call_record` counts it.
    fn is_whole(&self, attempt: AttemptId) -> bool {
        let started = self.events.iter().find_map(|event| match event.kind {
            EventKind::Started {
                attempt: id,
                provider,
                nth,
                ..
            } => (id == attempt).then_some((provider, nth)),
            _ => None,
        });
        let has_written = |(provider, nth)| {
            self.events.iter().any(|event| {
                matches!(event.kind, EventKind::Answered { provider: one, nth: other, .. }
                    if (one, other) == (provider, nth))
            })
        };
        started.is_none_or(has_written)
    }

    /// Nanoseconds from its arrival to its end.
    pub(crate) fn took(&self) -> u64 {
        let ended = self.ended.map_or(self.arrived, |(at, _)| at);
        ended.as_nanos().saturating_sub(self.arrived.as_nanos())
    }
}

/// Why a policy failed an expectation: one run of it, told.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    /// The policy's position in the report.
    pub(crate) policy: usize,
    /// The seed of the run.
    pub(crate) seed: u64,
    /// The calls that are told, and why calls failed.
    pub(crate) worst: Worst,
    /// The faults that made calls fail; none when no call failed.
    pub(crate) blame: Option<Blame>,
}

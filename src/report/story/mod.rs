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
//!
//! `drill` makes the runs.

mod blame;
mod chapter;
mod keeper;
mod question;
mod tell;
mod words;
mod worst;

use crate::policy::CallId;
use crate::policy::call::{FailureReason, Outcome};
use crate::time::Instant;
use crate::trace::Event;

pub use blame::Blame;
pub(crate) use keeper::{Keeper, Pick};
pub(crate) use tell::Names;
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

impl CallStory {
    /// Why it failed; none if it did not.
    pub(crate) fn failure(&self) -> Option<FailureReason> {
        match self.ended {
            Some((_, Outcome::Failed(reason))) => Some(reason),
            _ => None,
        }
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

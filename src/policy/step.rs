//! What a call answers when it is asked, and what it is told in between.
//!
//! Plain values: the adapter acts on them, the trace records them. How a call arrives at them is
//! [`super::call`]'s matter, which also hands them out.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::classify::FailureClass;
use super::config::Timeouts;
use super::keys::KeyId;
use super::{AttemptId, ProviderId};
use crate::time::Instant;

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Start this attempt.
    Start(Start),
    /// Nothing to do before `until`, or before an attempt in flight reports (`None`: only that).
    Wait {
        /// When to ask again at the latest.
        until: Option<Instant>,
    },
    /// Nothing to do before `until`, or before another call frees what this one needs.
    WaitForCapacity {
        /// When to ask again at the latest.
        until: Instant,
    },
    /// Abandon this attempt, which is in flight; the core has already forgotten it.
    Cancel {
        /// The attempt.
        attempt: AttemptId,
    },
    /// The call is over. Asking again gives the same answer.
    Finish(Outcome),
}

/// An attempt to start.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// Its number within the call, from 1.
    pub attempt: AttemptId,
    /// Whom to ask.
    pub provider: ProviderId,
    /// How many attempts this call has made at this provider before, from 0.
    pub nth: u32,
    /// Why it is made.
    pub cause: Cause,
    /// Whether a half-open breaker admitted it.
    pub probe: bool,
    /// With which of the provider's keys.
    pub key: KeyId,
    /// How long to wait for what, as far as it applies: no `first_token` or `idle` unless the call
    /// is streamed, and no `call`. The adapter keeps them, the core keeps the call's deadline.
    pub timeouts: Timeouts,
}

/// Why an attempt is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// The call's first.
    First,
    /// After a failure, at the same provider.
    Retry,
    /// After a failure, at another provider.
    Fallback,
    /// Beside an attempt in flight that is slow, at another provider.
    Hedge,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// With a whole answer.
    Succeeded,
    /// With a failure.
    Failed(Failure),
}

/// An attempt that went wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// How.
    pub class: FailureClass,
    /// How long the server asks to wait, if it does.
    pub hint: Option<Duration>,
    /// Whether the server says that another try is worth it, if it says so at all.
    pub should_retry: Option<bool>,
}

impl Failure {
    /// A failure of which nothing is known but its class.
    pub const fn of(class: FailureClass) -> Self {
        Self {
            class,
            hint: None,
            should_retry: None,
        }
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With this attempt's answer.
    Succeeded {
        /// The attempt that answered.
        attempt: AttemptId,
    },
    /// With an error.
    Failed(FailureReason),
}

/// Why a call failed: the error as its caller receives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureReason {
    /// A failure that the policy does not try again.
    Stopped(FailureClass),
    /// Out of attempts or of providers; the class is the last failure's.
    Exhausted(FailureClass),
    /// After the first token: the answer broke off in the caller's hands.
    Interrupted(FailureClass),
    /// The deadline passed.
    Deadline,
    /// Every provider was refused by its breaker before any attempt could be made.
    Unavailable,
    /// There was no room: the client's own limits or budgets held it back, for longer than it
    /// could wait, before any attempt could be made.
    Shed,
    /// Dropped before it ended: its caller left, or the run did.
    Unfinished,
}

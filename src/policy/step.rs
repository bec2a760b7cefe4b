//! The steps that a call returns, and the replies that it gets in between.
//!
//! Plain values: the client carries them out, the trace records them. [`super::call`] decides on
//! them.

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
    /// Cancel this attempt, which is in flight; the call has already removed it.
    Cancel {
        /// The attempt.
        attempt: AttemptId,
    },
    /// The call is over. Further steps return the same outcome.
    Finish(Outcome),
}

/// An attempt to start.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// Its number within the call, from 1.
    pub attempt: AttemptId,
    /// The provider to send it to.
    pub provider: ProviderId,
    /// How many attempts this call has made at this provider before, from 0.
    pub nth: u32,
    /// Why it is made.
    pub cause: Cause,
    /// Whether a half-open breaker admitted it.
    pub probe: bool,
    /// The provider's key to use.
    pub key: KeyId,
    /// The timeouts that apply: no `first_token` or `idle` unless the call is streamed, and no
    /// `call`. The client enforces them; the call enforces its own deadline.
    pub timeouts: Timeouts,
}

impl Start {
    /// The attempt of a health check, which belongs to no call.
    pub(crate) fn check(provider: ProviderId, key: KeyId, within: Duration) -> Self {
        Self {
            attempt: AttemptId(1),
            provider,
            nth: 0,
            cause: Cause::First,
            probe: false,
            key,
            timeouts: Timeouts {
                attempt: Some(within),
                ..Timeouts::default()
            },
        }
    }
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

impl Cause {
    /// Its name, as traces write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Retry => "retry",
            Self::Fallback => "fallback",
            Self::Hedge => "hedge",
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// With a complete answer.
    Succeeded,
    /// With a failure.
    Failed(Failure),
}

/// The failure of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its class.
    pub class: FailureClass,
    /// How long the server asks to wait, if it does.
    pub hint: Option<Duration>,
    /// Whether the server recommends a retry, if it says so at all.
    pub should_retry: Option<bool>,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// Whether the answer was an error in JSON.
    pub is_json: bool,
    /// Whether the head of a good answer had come before.
    pub after_head: bool,
}

impl Failure {
    /// A failure of which only the class is known.
    pub const fn of(class: FailureClass) -> Self {
        Self {
            class,
            hint: None,
            should_retry: None,
            status: None,
            is_json: false,
            after_head: false,
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
    /// A failure after which the policy ends the call.
    Stopped(FailureClass),
    /// Out of attempts or of providers; the class is the last failure's.
    Exhausted(FailureClass),
    /// A failure after a token was delivered to the caller.
    Interrupted(FailureClass),
    /// The deadline passed.
    Deadline,
    /// No attempt was made, since every provider was refused (breaker, ejection, health check,
    /// throttle).
    Unavailable,
    /// The client's own limits or budgets held the call back for longer than it could wait, before
    /// any attempt could be made.
    Shed,
    /// Dropped before it ended, by its caller or because the run ended.
    Unfinished,
}

//! The state of a call, and what it keeps of its attempts.

use std::time::Duration;

use super::super::classify::FailureClass;
use super::super::fleet::Permit;
use super::super::keys::KeyId;
use super::super::queue::WaitsFor;
use super::super::reason::Leaving;
use super::super::{AttemptId, ProviderId};
use super::{Cause, Failure, Outcome};
use crate::time::Instant;

#[derive(Clone, Copy, Debug)]
pub(super) enum CallState {
    Arrived,
    Queued(Queued),
    InFlight,
    Failed(Failed),
    Waiting(Waiting),
    Finished(Outcome),
}

/// A call's attempts at one provider.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visit {
    pub(super) provider: ProviderId,
    pub(super) key: KeyId,
    pub(super) attempts: u32,
    /// The latest backoff there (waits for a hint do not count), in nanoseconds; zero before the
    /// first.
    pub(super) backoff_nanos: u64,
    /// Retries of the SDK inside the latest of these attempts, if a quirk has one.
    pub(super) inside: u32,
    /// Whether the library below the policy has sent the latest of them again.
    pub(super) resent: bool,
    /// Whether the policy does not count the attempt that is to be started.
    pub(super) uncounted: bool,
}

impl Visit {
    pub(super) const fn new(pass: &Permit) -> Self {
        Self {
            key: pass.key,
            ..Self::at(pass.provider)
        }
    }

    /// At this provider, before the first attempt.
    pub(super) const fn at(provider: ProviderId) -> Self {
        Self {
            provider,
            key: KeyId(0),
            attempts: 0,
            backoff_nanos: 0,
            inside: 0,
            resent: false,
            uncounted: false,
        }
    }
}

/// An attempt in flight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    pub(super) attempt: AttemptId,
    pub(super) visit: Visit,
    pub(super) pass: Permit,
    pub(super) since: Instant,
    pub(super) first_token: Option<Instant>,
}

impl Flight {
    /// How long it took: to its first token, if it was streamed.
    pub(super) fn took(&self, now: Instant) -> Duration {
        self.first_token.unwrap_or(now).since(self.since)
    }
}

/// A failure that the call has not reacted to yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failed {
    pub(super) visit: Visit,
    pub(super) failure: Failure,
    pub(super) at: Instant,
}

/// Waiting to retry at a provider.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) visit: Visit,
    pub(super) class: FailureClass,
    pub(super) until: Instant,
    pub(super) then: Then,
}

/// What a call does at the end of a wait.
#[derive(Clone, Copy, Debug)]
pub(super) enum Then {
    /// Returns to the provider.
    Return,
    /// Leaves it.
    Leave(Leaving),
    /// Begins again with the first provider.
    StartOver,
    /// Ends, since no attempt is left.
    GiveUp,
}

/// Waiting in the queue for any provider: for capacity, or for the return of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queued {
    /// Why the attempt will be made.
    pub(super) cause: Cause,
    /// The failure before it, if there was one.
    pub(super) last: Option<FailureClass>,
    pub(super) until: Instant,
    pub(super) waits_for: WaitsFor,
}

/// The result of asking the providers, in order, to admit an attempt.
#[derive(Clone, Copy, Debug)]
pub(super) enum Choice {
    /// A provider admits it.
    Leave(Permit),
    /// A provider would, but is full: until that moment, or (none) until an attempt ends.
    Full(Option<Instant>),
    /// None is full, but a provider would if it were healthy: not before that moment; none =
    /// unknown.
    Unhealthy(Option<Instant>),
    /// No provider may be tried.
    NoProvider,
}

impl Choice {
    /// This choice, or waiting for a provider that is full until `ready`: whichever comes first.
    pub(super) fn or_full(self, ready: Option<Instant>) -> Self {
        match self {
            Self::Leave(_) => self,
            Self::NoProvider | Self::Unhealthy(_) => Self::Full(ready),
            Self::Full(before) => Self::Full(earlier(before, ready)),
        }
    }

    /// This choice, or waiting for an unhealthy provider until `returns`: whichever comes first.
    pub(super) fn or_unhealthy(self, returns: Option<Instant>) -> Self {
        match self {
            Self::Leave(_) | Self::Full(_) => self,
            Self::NoProvider => Self::Unhealthy(returns),
            Self::Unhealthy(before) => {
                let earlier = before.zip(returns).map(|(before, at)| before.min(at));
                Self::Unhealthy(earlier)
            }
        }
    }
}

/// The earlier of two moments, of which each may be none.
pub(super) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

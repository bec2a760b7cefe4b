//! Why the core decided as it did: plain data, written down where the decision is made.
//!
//! A call notes its reasons only when it is asked to ([`Call::explain`](super::Call::explain)).
//! Otherwise a note is a test of one flag, and no reason is made. A refusal is a reason as well:
//! the core refuses by returning one, so that what it says and what it does cannot differ.
//!
//! Texts are made elsewhere, by whoever shows a trace.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ProviderId;
use super::classify::{Action, FailureClass};
use super::config::Strategy;
use super::keys::KeyId;
use crate::time::Instant;
use crate::units::Share;

/// The reason of one decision of a call. The step that it leads to follows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Reason {
    /// The order in which this call asks providers.
    Ordered {
        /// The strategy that ranks them.
        strategy: Strategy,
        /// What put the first in front of the others.
        led_by: Lead,
        /// The providers, in order.
        providers: Vec<Ranked>,
    },
    /// A provider that came before the chosen one was passed over.
    PassedOver {
        /// The provider.
        provider: ProviderId,
        /// Why.
        why: Refusal,
    },
    /// An operator pinned all attempts to this provider.
    Pinned {
        /// The provider.
        provider: ProviderId,
    },
    /// So few providers are well that their refusals are passed over: this one is asked although
    /// something speaks against it.
    Panic {
        /// The provider.
        provider: ProviderId,
        /// What speaks against it.
        despite: Refusal,
    },
    /// The call returns to a provider after a wait.
    Waits {
        /// The provider.
        provider: ProviderId,
        /// The end of the wait.
        until: Instant,
        /// How long it is, and why.
        wait: Wait,
    },
    /// The call waits for capacity at any provider.
    Queued {
        /// The end of the wait, if no capacity is free before.
        until: Instant,
    },
    /// No provider admits the call: it waits for the first that does again.
    AwaitsReturn {
        /// The end of the wait, if no provider admits it before.
        until: Instant,
    },
    /// The call goes on at once with another key of the provider.
    RotatesKey {
        /// The provider.
        provider: ProviderId,
        /// The key of the failed attempt.
        from: KeyId,
        /// The next key.
        to: KeyId,
    },
    /// The call leaves a provider, and does not return to it.
    Leaves {
        /// The provider.
        provider: ProviderId,
        /// Why.
        why: Leaving,
    },
    /// The attempt in flight has been silent for too long: another is to be started beside it.
    Hedges {
        /// The provider of the silent attempt.
        provider: ProviderId,
        /// How long it has been.
        silent: Duration,
    },
    /// No hedge is started after all.
    HedgesNot {
        /// Why.
        why: NoHedge,
    },
    /// The call ends without an answer.
    Stops {
        /// Why.
        why: Stop,
    },
}

/// What put the first of a call's providers in front of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Lead {
    /// It ranks first.
    Rank,
    /// It is its turn.
    Turn,
    /// It is the session's own.
    Session,
    /// It is the better of two that were drawn.
    TwoDrawn,
}

/// A provider in a call's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Ranked {
    /// The provider.
    pub provider: ProviderId,
    /// The position, from 0, of the word in the task's `prefer` that means it; none if no word
    /// does.
    pub preferred: Option<u32>,
    /// Its priority group.
    pub priority_group: u32,
    /// What the strategy compares; none where it compares nothing, or knows nothing.
    pub measured: Option<Measured>,
}

/// What a strategy compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Measured {
    /// What the call costs there, in nano-dollars.
    Cost(u64),
    /// How good its answers are, as the fleet rates them.
    Quality(u64),
    /// The tenths of recent attempts that went well, rounded up.
    HealthTenths(u64),
    /// How soon it answers, in nanoseconds, times the attempts that would be in flight.
    Latency(u64),
    /// The sum of its weighted parts, each in millionths.
    Score(u64),
}

/// Why a provider gives no leave for an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Refusal {
    /// The task's rule leaves it out.
    OutsideTask,
    /// Its dialect lacks something that the request asks for.
    Unsupported,
    /// The prompt does not fit as many tokens as it takes.
    ContextTooSmall {
        /// Its context, in tokens.
        context: u64,
    },
    /// The call has left it, or its throttle has refused this call.
    AlreadyTried,
    /// An attempt of this call is in flight there.
    InFlight,
    /// An operator pinned all attempts to another.
    PinnedElsewhere {
        /// To this one.
        to: ProviderId,
    },
    /// An operator took it out.
    Isolated,
    /// Its breaker is open.
    BreakerOpen {
        /// Until then.
        until: Instant,
        /// What opened it.
        by: OpenedBy,
    },
    /// Its breaker is half-open, and all its probes are in flight.
    ProbesInFlight {
        /// How many there may be.
        max_probes: u32,
    },
    /// Health checks say that it is down.
    HealthCheckDown,
    /// It is ejected as an outlier.
    Ejected {
        /// Until then.
        until: Instant,
    },
    /// It has only just come back, and gets a share of the calls for now.
    SlowStart,
    /// The throttle refused the call: the provider has rejected too much.
    Throttled {
        /// The probability of that.
        probability: Share,
    },
    /// The bulkhead is full.
    BulkheadFull {
        /// How many attempts may be in flight.
        limit: u32,
    },
    /// The bulkhead's last free places are kept for other tasks.
    PlacesReserved {
        /// How many are free.
        free: u32,
    },
    /// The client's own limit of attempts or tokens per minute is used up.
    RateLimited {
        /// Until then.
        until: Instant,
    },
    /// The budget in money is spent.
    SpendExhausted {
        /// Until then.
        until: Instant,
    },
}

impl Refusal {
    /// Whether the client's own limits are reached, and until when: none = until another attempt
    /// ends.
    pub(super) const fn full_until(self) -> Option<Option<Instant>> {
        match self {
            Self::BulkheadFull { .. } | Self::PlacesReserved { .. } => Some(None),
            Self::RateLimited { until } | Self::SpendExhausted { until } => Some(Some(until)),
            _ => None,
        }
    }

    /// Whether the provider is refused for its health, and until when: none = unknown.
    pub(super) const fn unhealthy_until(self) -> Option<Option<Instant>> {
        match self {
            Self::BreakerOpen { until, .. } | Self::Ejected { until } => Some(Some(until)),
            Self::ProbesInFlight { .. } | Self::HealthCheckDown => Some(None),
            _ => None,
        }
    }
}

/// What opened a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum OpenedBy {
    /// Failures in a row.
    ConsecutiveFailures {
        /// How many.
        failures: u32,
    },
    /// Failures within the window.
    Failures {
        /// How many.
        failures: u64,
    },
    /// The share of attempts within the window that succeeded.
    SuccessRate {
        /// How many failed.
        failed: u64,
        /// Of how many.
        attempts: u64,
    },
    /// The share of attempts within the window that were slow.
    SlowRate {
        /// How many were slow.
        slow: u64,
        /// Of how many.
        attempts: u64,
    },
    /// A probe that failed.
    FailedProbe,
    /// A probe that was slow.
    SlowProbe,
    /// The provider, which asked for this long.
    Hint {
        /// How long.
        hint: Duration,
    },
}

/// Why a call waits before it returns to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Wait {
    /// The policy's backoff.
    Backoff {
        /// The number of this return to the provider, from 1.
        nth: u32,
        /// The policy's base.
        base: Duration,
        /// The wait is drawn from here,
        low: Duration,
        /// to here (both are the same without jitter),
        high: Duration,
        /// and is this, no longer than the policy's maximum.
        wait: Duration,
    },
    /// The provider's hint.
    Hint {
        /// What it asks for.
        hint: Duration,
        /// What is waited: jitter comes on top.
        wait: Duration,
    },
}

impl Wait {
    /// How long it is.
    pub const fn length(self) -> Duration {
        match self {
            Self::Backoff { wait, .. } | Self::Hint { wait, .. } => wait,
        }
    }
}

/// Why a call leaves a provider after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Leaving {
    /// The policy does not return to a provider after failures of this class.
    Class {
        /// The class.
        class: FailureClass,
        /// What the policy does instead.
        action: Action,
    },
    /// The server says that another try is not worth it.
    ServerForbidsRetry,
    /// The prompt does not fit.
    ContextTooSmall,
    /// The attempts at one provider are spent.
    AttemptsPerProvider {
        /// How many were made.
        attempts: u32,
    },
    /// The retries after failures of this class are spent.
    RetriesByClass {
        /// The class.
        class: FailureClass,
        /// How many were made.
        retries: u32,
    },
    /// The provider asks for a longer wait than the policy's maximum, or than the call has left.
    HintTooLong {
        /// What it asks for.
        hint: Duration,
        /// The policy's maximum.
        max: Duration,
        /// The time until the deadline; none = the call has none.
        left: Option<Duration>,
    },
    /// The wait would end after the deadline.
    DeadlineBefore {
        /// The end of the wait.
        until: Instant,
    },
    /// The retry budget is empty.
    RetryBudgetEmpty,
    /// No other key is good, or was not tried yet.
    NoOtherKey,
    /// It gives no leave for another attempt, or will give none at the end of the wait.
    Refused(Refusal),
}

/// Why no hedge is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoHedge {
    /// Other calls wait for capacity.
    OthersWait,
    /// The budget for hedges is empty.
    BudgetEmpty,
    /// No other provider gives leave.
    NoProvider,
}

/// Why a call ends without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Stop {
    /// The policy makes no other attempt after a failure of this class.
    Class {
        /// The class.
        class: FailureClass,
    },
    /// The attempts of the call are spent.
    AttemptsSpent {
        /// How many were made.
        attempts: u32,
    },
    /// The provider asks for a longer wait than the policy's maximum, or than the call has left.
    HintTooLong {
        /// What it asks for.
        hint: Duration,
        /// The policy's maximum.
        max: Duration,
        /// The time until the deadline; none = the call has none.
        left: Option<Duration>,
    },
    /// No provider that the call may still ask gives leave.
    NoProvider,
    /// No provider's dialect has what the request asks for.
    Unsupported,
    /// There is no capacity, and no place in the queue.
    QueueFull,
    /// No capacity was free in time, or a more important call took its place in the queue.
    QueueTimeout,
    /// No provider admitted the call again in time.
    NoReturn,
    /// The deadline has passed.
    Deadline,
    /// The answer broke off after a token of it was delivered.
    Interrupted {
        /// How.
        class: FailureClass,
    },
    /// The caller left.
    Dropped,
}

/// Notes the reasons of a call, when it is asked to.
#[derive(Debug, Default)]
pub(super) struct Notes(Option<Vec<Reason>>);

impl Notes {
    /// Notes reasons from here on.
    pub(super) fn begin(&mut self) {
        self.0.get_or_insert_default();
    }

    /// Notes a reason, which is only made when it is wanted.
    pub(super) fn add(&mut self, reason: impl FnOnce() -> Reason) {
        if let Some(notes) = &mut self.0 {
            notes.push(reason());
        }
    }

    /// Whether reasons are wanted.
    pub(super) const fn are_wanted(&self) -> bool {
        self.0.is_some()
    }

    /// Notes that a provider was passed over, unless that was noted among those after `since`.
    pub(super) fn add_passed(&mut self, since: usize, provider: ProviderId, why: Refusal) {
        let Some(notes) = &mut self.0 else {
            return;
        };
        let is_noted = |note: &Reason| match note {
            Reason::PassedOver {
                provider: passed, ..
            } => *passed == provider,
            _ => false,
        };
        if !notes.iter().skip(since).any(is_noted) {
            notes.push(Reason::PassedOver { provider, why });
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.as_ref().map_or(0, Vec::len)
    }

    /// Forgets all but the first `count`.
    pub(super) fn truncate(&mut self, count: usize) {
        if let Some(notes) = &mut self.0 {
            notes.truncate(count);
        }
    }

    /// The reasons since the last time this was asked.
    pub(super) fn take(&mut self) -> Vec<Reason> {
        self.0.as_mut().map(std::mem::take).unwrap_or_default()
    }
}

//! The events of a run, as one stream: the only input of a report.
//!
//! Client, providers and world pass events to a [`Recorder`], which folds the stream as it comes;
//! the whole stream is never stored in memory. An event carries no wall-clock time and no text.
//!
//! [`lines`] stores a trace in a file, for production.
//!
//! Order within one call: `Arrived`, then for each attempt `Started`, perhaps
//! `FirstTokenDelivered`, and `Replied` or `Cancelled`; at last `Ended`. `Billed` may come at any
//! time after `Started`, also after `Ended`: providers bill work that no client reads. For the
//! attempt that answers, every `Billed` comes before its `Replied`. `Decided` comes before the
//! event that it explains.

pub mod lines;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::policy::breaker::State;
use crate::policy::call::{Cause, Outcome, Start};
use crate::policy::classify::FailureClass;
use crate::policy::fleet::{Fleet, Transition};
use crate::policy::keys::KeyId;
use crate::policy::reason::{OpenedBy, Reason};
use crate::policy::{AttemptId, CallId, ProviderId};
use crate::time::Instant;

/// A fault's number: its position in the scenario, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FaultId(pub u16);

impl FaultId {
    /// As an index into the scenario's faults.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// An event and its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Its time.
    pub at: Instant,
    /// Its kind.
    pub kind: EventKind,
}

/// The kinds of events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum EventKind {
    /// A call arrived; latency counts from here.
    Arrived {
        /// The call.
        call: CallId,
        /// Whether it is streamed.
        streamed: bool,
    },
    /// An attempt was started.
    Started {
        /// Its call.
        call: CallId,
        /// Its number within the call.
        attempt: AttemptId,
        /// Its provider.
        provider: ProviderId,
        /// How many attempts this call made at this provider before.
        nth: u32,
        /// Why it is made.
        cause: Cause,
        /// Whether a half-open breaker admitted it.
        probe: bool,
        /// The provider's key that it uses.
        #[serde(default)]
        key: KeyId,
    },
    /// The first output token was delivered to the caller. It may have been received earlier: the
    /// policy's prebuffer lies in between. Trace files call this `first_token`.
    #[serde(rename = "first_token")]
    FirstTokenDelivered {
        /// The call.
        call: CallId,
        /// The attempt that brought it.
        attempt: AttemptId,
    },
    /// An attempt ended by itself; `failure` is `None` for a whole answer.
    Replied {
        /// Its call.
        call: CallId,
        /// The attempt.
        attempt: AttemptId,
        /// Its provider.
        provider: ProviderId,
        /// Its failure class, if it failed.
        failure: Option<FailureClass>,
        /// The provider's hint to wait, if any.
        hint: Option<Duration>,
    },
    /// An attempt in flight was abandoned.
    Cancelled {
        /// Its call.
        call: CallId,
        /// The attempt.
        attempt: AttemptId,
        /// Its provider.
        provider: ProviderId,
    },
    /// The call is over.
    Ended {
        /// The call.
        call: CallId,
        /// Its outcome.
        outcome: Outcome,
    },
    /// A breaker changed its state.
    Breaker {
        /// The breaker's provider.
        provider: ProviderId,
        /// The old state.
        from: State,
        /// The new state.
        to: State,
    },
    /// A provider was ejected as an outlier.
    Ejected {
        /// The provider.
        provider: ProviderId,
        /// The end of the ejection.
        until: Instant,
    },
    /// A health check ended.
    Checked {
        /// The provider.
        provider: ProviderId,
        /// Whether an answer came in time.
        passed: bool,
    },
    /// A provider billed tokens.
    Billed {
        /// The provider.
        provider: ProviderId,
        /// For which call, as the request said; none for a health check, or an unknown caller.
        call: Option<CallId>,
        /// The attempt's number among that call's attempts at this provider, from 0.
        nth: u32,
        /// The tokens.
        bill: Bill,
    },
    /// A provider has written a whole and correct answer. Any other answer that a client accepts is
    /// wrong.
    Answered {
        /// The provider.
        provider: ProviderId,
        /// The call, as the request said; none for an unknown caller.
        call: Option<CallId>,
        /// The attempt's number among that call's attempts at this provider, from 0.
        nth: u32,
    },
    /// A fault struck an exchange or a connection once.
    Fired {
        /// The fault.
        fault: FaultId,
        /// The call whose exchange it struck; none for a connection, or an unknown caller.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<CallId>,
    },
    /// The core decided something about a call, for this reason: the step that it leads to follows.
    /// Only for a recorder that [wants reasons](Recorder::wants_reasons).
    Decided {
        /// The call.
        call: CallId,
        /// The reason.
        reason: Reason,
    },
    /// What opened a breaker, after its `Breaker`. Only for a recorder that
    /// [wants reasons](Recorder::wants_reasons).
    Opened {
        /// The breaker's provider.
        provider: ProviderId,
        /// Until when it is open.
        until: Instant,
        /// What opened it.
        by: OpenedBy,
    },
}

impl EventKind {
    /// Its provider, if it is about one.
    pub const fn provider(&self) -> Option<ProviderId> {
        match self {
            Self::Started { provider, .. }
            | Self::Replied { provider, .. }
            | Self::Cancelled { provider, .. }
            | Self::Breaker { provider, .. }
            | Self::Ejected { provider, .. }
            | Self::Opened { provider, .. }
            | Self::Checked { provider, .. }
            | Self::Billed { provider, .. }
            | Self::Answered { provider, .. } => Some(*provider),
            Self::Arrived { .. }
            | Self::FirstTokenDelivered { .. }
            | Self::Ended { .. }
            | Self::Decided { .. }
            | Self::Fired { .. } => None,
        }
    }

    /// Its call, if it is about one.
    pub const fn call(&self) -> Option<CallId> {
        match self {
            Self::Arrived { call, .. }
            | Self::Started { call, .. }
            | Self::FirstTokenDelivered { call, .. }
            | Self::Replied { call, .. }
            | Self::Cancelled { call, .. }
            | Self::Ended { call, .. }
            | Self::Decided { call, .. } => Some(*call),
            Self::Billed { call, .. } | Self::Answered { call, .. } | Self::Fired { call, .. } => {
                *call
            }
            Self::Breaker { .. }
            | Self::Ejected { .. }
            | Self::Checked { .. }
            | Self::Opened { .. } => None,
        }
    }
}

impl EventKind {
    /// The news of a fleet since the last call of this function: breakers that changed, with what
    /// opened them if the recorder wants reasons, and providers that were ejected.
    pub(crate) fn news(fleet: &mut Fleet, explains: bool) -> Vec<Self> {
        let mut news = Vec::new();
        for Transition { provider, from, to } in fleet.take_transitions() {
            news.push(Self::Breaker { provider, from, to });
            if let Some((until, by)) = fleet.opened(provider).filter(|_| explains) {
                news.push(Self::Opened {
                    provider,
                    until,
                    by,
                });
            }
        }
        let ejected = fleet.take_ejected().into_iter();
        news.extend(ejected.map(|(provider, until)| Self::Ejected { provider, until }));
        news
    }

    /// That this attempt of `call` was started.
    pub(crate) const fn started(call: CallId, start: &Start) -> Self {
        Self::Started {
            call,
            attempt: start.attempt,
            provider: start.provider,
            nth: start.nth,
            cause: start.cause,
            probe: start.probe,
            key: start.key,
        }
    }
}

/// Tokens that a provider bills at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bill {
    /// Prompt tokens at full price.
    pub input: u64,
    /// Prompt tokens at the price of the cache.
    pub cached: u64,
    /// Output tokens.
    pub output: u64,
    /// The price, in thousandths of the usual price.
    pub price_milli: u64,
}

impl Bill {
    /// These tokens, at the usual price.
    pub const fn of(input: u64, output: u64) -> Self {
        Self {
            input,
            cached: 0,
            output,
            price_milli: 1_000,
        }
    }
}

/// Receives events. Called under no lock; it must return quickly.
pub trait Recorder: Send + Sync {
    /// Receives one event.
    fn record(&self, event: &Event);

    /// Receives events that follow each other, as if each came alone: what takes a lock for an
    /// event may take it once for all.
    fn record_all(&self, events: &[Event]) {
        events.iter().for_each(|event| self.record(event));
    }

    /// Whether the reasons of decisions are to be recorded as well. They take time and memory.
    fn wants_reasons(&self) -> bool {
        false
    }
}

/// Discards all events.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoopRecorder;

impl Recorder for NoopRecorder {
    fn record(&self, _: &Event) {}
}

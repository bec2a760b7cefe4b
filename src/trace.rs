//! What happened, as one stream of events: the only thing a report reads.
//!
//! Client, providers and world tell a [`Recorder`] as things happen; who listens folds the stream
//! as it comes, and nothing keeps all of it. An event carries no wall-clock time and no text.
//!
//! [`lines`] keeps a trace in a file, for production.
//!
//! Order within one call: `Arrived`, then for each attempt `Started`, perhaps
//! `FirstTokenDelivered`, and `Replied` or `Cancelled`; at last `Ended`. `Billed` may come at any
//! time after `Started`, also after `Ended`: providers bill work that no client reads any more.
//! For the attempt that answers, every `Billed` comes before its `Replied`.

pub mod lines;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::policy::breaker::State;
use crate::policy::call::{Cause, Outcome};
use crate::policy::classify::FailureClass;
use crate::policy::keys::KeyId;
use crate::policy::{AttemptId, CallId, ProviderId};
use crate::time::Instant;

/// A fault's number: its place in the scenario, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FaultId(pub u16);

impl FaultId {
    /// As an index into the scenario's faults.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Something that happened, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum EventKind {
    /// A call arrived; latency counts from here.
    Arrived {
        /// The call.
        call: CallId,
        /// Whether it wants its answer token by token.
        streamed: bool,
    },
    /// An attempt was started.
    Started {
        /// Its call.
        call: CallId,
        /// Its number within the call.
        attempt: AttemptId,
        /// Whom it asks.
        provider: ProviderId,
        /// How many attempts this call made at this provider before.
        nth: u32,
        /// Why it is made.
        cause: Cause,
        /// Whether a half-open breaker admitted it.
        probe: bool,
        /// With which of the provider's keys.
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
        /// Whom it asked.
        provider: ProviderId,
        /// How it failed, if it did.
        failure: Option<FailureClass>,
        /// How long the provider asked to wait, if it did.
        hint: Option<Duration>,
    },
    /// An attempt in flight was abandoned.
    Cancelled {
        /// Its call.
        call: CallId,
        /// The attempt.
        attempt: AttemptId,
        /// Whom it asked.
        provider: ProviderId,
    },
    /// The call is over.
    Ended {
        /// The call.
        call: CallId,
        /// How.
        outcome: Outcome,
    },
    /// A breaker changed its state.
    Breaker {
        /// Whose breaker.
        provider: ProviderId,
        /// From this state.
        from: State,
        /// To this one.
        to: State,
    },
    /// A provider was left out, since its peers did better.
    Ejected {
        /// Who.
        provider: ProviderId,
        /// Until then.
        until: Instant,
    },
    /// A health check ended.
    Checked {
        /// Who was asked.
        provider: ProviderId,
        /// Whether an answer came in time.
        passed: bool,
    },
    /// A provider billed tokens.
    Billed {
        /// Who bills.
        provider: ProviderId,
        /// For which call, as the request said; none for a health check, or an unknown caller.
        call: Option<CallId>,
        /// For the how-manieth attempt of that call at this provider, from 0.
        nth: u32,
        /// What it bills.
        bill: Bill,
    },
    /// A provider has written a whole answer, and a right one: whatever else a client takes for an
    /// answer is none.
    Answered {
        /// Who answers.
        provider: ProviderId,
        /// Which call, as the request said; none for an unknown caller.
        call: Option<CallId>,
        /// The how-manieth attempt of that call at this provider, from 0.
        nth: u32,
    },
    /// A fault struck once: an exchange, or a connection.
    Fired {
        /// The fault.
        fault: FaultId,
    },
}

/// What a provider bills at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bill {
    /// Prompt tokens at full price.
    pub input: u64,
    /// Prompt tokens at the price of the cache.
    pub cached: u64,
    /// Output tokens.
    pub output: u64,
    /// So many thousandths of the usual price.
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

/// Who listens to what happens. Called under no lock; it must be quick.
pub trait Recorder: Send + Sync {
    /// Takes note of one event.
    fn record(&self, event: &Event);
}

/// Listens to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoopRecorder;

impl Recorder for NoopRecorder {
    fn record(&self, _: &Event) {}
}

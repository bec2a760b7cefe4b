//! What a fault does: every kind there is, by the layer at which it acts.
//!
//! An attempt passes the layers in this order: the client, the way to the provider, the connection,
//! the exchange, the provider itself (its capacity, its limits, its prices), the answer. `world`
//! and `provider` implement the faults; `catalogue` defines the word and keys of each kind.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::units::{Bandwidth, Factor, Share, TokenRate};
use crate::wire::fake::{
    Body, Cause, Choices, Counting, Finish, Inside, Label, Refusal, Terminator,
};

/// What a fault does.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum FaultKind {
    // The way to the provider.
    /// New connections are refused, open ones reset, exchanges in flight included.
    Outage,
    /// Packets vanish.
    Blackhole,
    /// The name of its host cannot be resolved.
    Dns,
    /// New connections are refused; open ones go on.
    Refused,

    // The connection.
    /// A TLS alert instead of a handshake, then the end.
    Tls,
    /// Accepted, and nothing is ever read.
    AcceptOnly,
    /// Accepted, and closed before a byte.
    Closed(CloseMode),
    /// A kept-alive connection that was idle for this time fails at the next request.
    StaleKeepAlive {
        /// For at least this long.
        idle: Duration,
        /// How it closes.
        with: CloseMode,
    },
    /// The answer is complete and announces that the connection closes, but it closes late.
    SlowClose {
        /// By how much.
        by: Duration,
    },

    // The exchange.
    /// The request is read and never answered, even after the window.
    Hang {
        /// How the connection is closed after a while; none = it stays open.
        then: Option<LateClose>,
    },
    /// RST after the request is read.
    Reset,
    /// FIN after the request is read.
    EarlyFin,
    /// The head of an answer, then silence.
    HeadersOnly {
        /// How the connection is closed after a while; none = it stays open.
        then: Option<LateClose>,
    },
    /// An error.
    Refuse {
        /// Which.
        refusal: Refusal,
        /// Whether the prompt is billed nevertheless.
        billed: bool,
        /// How long after the request it is sent.
        late: Duration,
    },

    // The answer: when it leaves.
    /// Time to first token, gaps between tokens, or both are multiplied.
    Slow {
        /// By this factor.
        factor: Factor,
        /// What is slow.
        what: SlowPart,
    },
    /// A part of the answer is sent later.
    Delay {
        /// What.
        what: Delayed,
        /// By how much.
        by: Duration,
    },
    /// Time to first token is multiplied by a draw with a heavy tail (Pareto).
    HeavyTail {
        /// The tail's index: a smaller index is a heavier tail.
        index: Factor,
    },
    /// Tokens are sent one by one, at this rate.
    Drip {
        /// No faster than this.
        speed: TokenRate,
    },
    /// Bytes are sent at no more than this bandwidth.
    Bandwidth {
        /// The most.
        cap: Bandwidth,
    },
    /// Comments or blank lines come instead of the answer, which comes later or never.
    KeepAlive {
        /// How much later; none = never.
        by: Option<Duration>,
    },
    /// The stream is silent for a while, then goes on or ends.
    Stall {
        /// After this many output tokens.
        after: u64,
        /// For this long.
        length: Duration,
        /// How it ends then; none = it goes on.
        then: Option<CloseMode>,
    },

    // The answer: what it says.
    /// The stream is cut.
    StreamCut {
        /// After this many output tokens.
        after: u64,
        /// How.
        with: CloseMode,
        /// Inside an event.
        inside: Option<Inside>,
    },
    /// An error in band: the stream is over.
    InBand {
        /// After this many output tokens.
        after: u64,
        /// Which.
        cause: Cause,
    },
    /// An event in a stream that should not be there.
    Event {
        /// After this many output tokens.
        after: u64,
        /// What.
        event: StreamAnomaly,
    },
    /// Events are split over writes, in the middle of a character.
    Split,
    /// The answer as a whole is flawed.
    Flaw(Flaw),

    // The provider itself.
    /// Only a share of its slots is left.
    CapacityLoss {
        /// What is left.
        remaining: Share,
    },
    /// Only a share of its limits is left.
    LimitShrink {
        /// What is left.
        remaining: Share,
    },
    /// Tokens cost a multiple of their price.
    Price {
        /// The multiple.
        factor: Factor,
    },
    /// Everything is billed twice.
    DoubleBilled,
    /// No prompt is found in the cache.
    CacheMiss,

    // The client.
    /// The client process is paused: it reads, decides and sends nothing.
    ClientPause,
}

/// What a [`FaultKind::Slow`] multiplies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SlowPart {
    /// Time to first token, and gaps between tokens.
    #[default]
    All,
    /// Time to first token.
    Ttft,
    /// Gaps between tokens.
    Tokens,
}

/// What a [`FaultKind::Delay`] delays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delayed {
    /// The whole answer, its head included.
    Headers,
    /// The first token; the head is in time.
    FirstToken,
}

/// An event in a stream that should not be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamAnomaly {
    /// An event that is not JSON.
    Malformed,
    /// An event that was already sent.
    Duplicate,
    /// Events in the wrong order.
    Reordered,
}

/// What is wrong with an answer as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// Another model served than was requested.
    Model(Arc<str>),
    /// The usage block.
    Usage(Counting),
    /// The choices.
    Choices(Choices),
    /// The finish reason.
    Finish(Finish),
    /// The terminator.
    Terminator(Terminator),
    /// The content type.
    Label(Label),
    /// The whole body.
    Body(Body),
}

/// How a connection or a stream ends too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum CloseMode {
    /// The connection is reset.
    Rst,
    /// The connection is closed with a FIN in the middle of the HTTP body.
    Fin,
    /// The HTTP body ends as if it were complete (streams only).
    End,
}

/// The end of a connection on which nothing has come for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateClose {
    /// For how long.
    pub silence: Duration,
    /// How it is closed.
    pub with: CloseMode,
}

/// The layer at which a fault acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Layer {
    /// The client process.
    Client,
    /// The way to the provider.
    Network,
    /// The connection.
    Connection,
    /// The exchange: instead of an answer.
    Exchange,
    /// The provider itself.
    Provider,
    /// The answer.
    Answer,
}

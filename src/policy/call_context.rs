//! What a call brings with it: everything besides the fleet that decisions may depend on.

use std::time::Duration;

use super::ProviderId;

/// What a caller requests, as far as decisions depend on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallContext {
    /// How long the caller waits, from the call's arrival; none = without limit.
    pub deadline: Option<Duration>,
    /// How the answer is delivered to the caller.
    pub delivery: Delivery,
    /// The task's name, for which a policy may have a rule.
    pub task: Option<String>,
    /// Its priority when capacity is short.
    pub priority: Priority,
    /// Calls of one session share this number; a policy may keep them at one provider.
    pub session: Option<u64>,
    /// Tokens of the prompt, as far as the caller can tell.
    pub prompt: u64,
    /// Tokens of the answer that are expected at most.
    pub output: u64,
    /// Providers whose dialect lacks something that the request asks for; they are never asked.
    pub unsupported: Vec<ProviderId>,
}

/// How an answer reaches its caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// In one piece, and requested in one piece.
    #[default]
    Plain,
    /// Token by token: once a token is delivered, no other provider can answer.
    Live,
    /// Requested token by token, so that silence is noticed, and delivered in one piece: until its
    /// end another provider can still answer.
    Whole,
}

impl Delivery {
    /// Whether a stream is requested from the provider.
    pub const fn is_streamed(self) -> bool {
        !matches!(self, Self::Plain)
    }
}

/// How important a call is; a larger number is more important.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(pub u8);

impl Priority {
    /// May wait, such as a batch.
    pub const LOW: Self = Self(0);
    /// The default.
    pub const NORMAL: Self = Self(1);
    /// A user is waiting for the answer.
    pub const HIGH: Self = Self(2);
}

impl Default for Priority {
    fn default() -> Self {
        Self::NORMAL
    }
}

//! What a call brings with it: all that decisions may depend on beside the fleet.

use std::time::Duration;

/// What a caller asks for, as far as decisions need to know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallContext {
    /// How long the caller waits, from the call's arrival; none = for ever.
    pub deadline: Option<Duration>,
    /// How the answer is to reach the caller.
    pub delivery: Delivery,
    /// The task, which a policy may have a rule for.
    pub task: Option<String>,
    /// How important it is when there is not room for all.
    pub priority: Priority,
    /// Calls of one session share this number; a policy may keep them at one provider.
    pub session: Option<u64>,
    /// Tokens of the prompt, as far as the caller can tell.
    pub prompt: u64,
    /// Tokens of the answer that are expected at most.
    pub output: u64,
}

/// How an answer reaches its caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// In one piece, and asked for in one piece.
    #[default]
    Plain,
    /// Token by token: once one is handed over, nobody else can answer.
    Live,
    /// Asked for token by token, so that silence shows, and handed over in one piece: until its
    /// end another provider can still answer.
    Whole,
}

impl Delivery {
    /// Whether the provider is asked for a stream.
    pub const fn is_streamed(self) -> bool {
        !matches!(self, Self::Plain)
    }
}

/// How important a call is: the larger, the more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(pub u8);

impl Priority {
    /// It may wait: a batch.
    pub const LOW: Self = Self(0);
    /// As any other.
    pub const NORMAL: Self = Self(1);
    /// Somebody is looking at it.
    pub const HIGH: Self = Self(2);
}

impl Default for Priority {
    fn default() -> Self {
        Self::NORMAL
    }
}

//! What the fake provider writes: whole HTTP/1.1 answers, as bytes, built by hand.
//!
//! - [`openai`]: chat completions, plain and streamed; `refusal`: the bodies of its errors.
//! - `head`: status line and fields; `quota`: the `x-ratelimit-*` fields.
//!
//! No HTTP server can be made to emit half of what real providers emit, so there is none here.
//! It shares no code with the readers, so that one cannot hide the other's mistake. When bytes
//! leave, and why an answer is what it is, is `provider`'s matter. Nothing here depends on a
//! clock: there is no `date` field, and an answer's date of creation is a constant.

mod head;
pub mod openai;
mod quota;
mod refusal;

use std::time::Duration;

pub use quota::Quota;

/// What all bytes of one exchange share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The provider's number; with the two below it makes the ids.
    pub provider: u64,
    /// The call's number.
    pub call: u64,
    /// The how-manieth attempt of that call at this provider, from 0.
    pub nth: u32,
    /// How long the provider says that it took, in whole milliseconds.
    pub processing: Duration,
    /// What is left of its limit, when it has one.
    pub quota: Option<Quota>,
}

/// Token counts, as an answer states them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Of the prompt.
    pub input: u64,
    /// Of the answer.
    pub output: u64,
}

/// One write of a streamed answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// It is the first: head and role come before all else.
    pub opens: bool,
    /// It brings so many output tokens, in one event.
    pub tokens: u64,
    /// It is the last of a whole answer: finish reason, usage and terminators follow.
    pub closes: Option<Usage>,
}

/// An error instead of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its status, 400 to 599.
    pub status: u16,
    /// The hint to wait that goes with it.
    pub retry_after: Option<Duration>,
}

impl Stamp {
    /// The part that is unique in all ids of this exchange.
    fn id(&self) -> String {
        format!("{:04x}{:016x}{:08x}", self.provider, self.call, self.nth)
    }
}

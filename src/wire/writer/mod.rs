//! What the fake provider writes: whole HTTP/1.1 answers, as bytes, built by hand.
//!
//! - [`openai`]: chat completions, plain and streamed; `refusal`: the bodies of its errors.
//! - `head`: status line and fields; `quota`: the `x-ratelimit-*` fields.
//!
//! No HTTP server can be made to emit half of what real providers emit, so there is none here.
//! It shares no code with the readers, so that one cannot hide the other's mistake. When bytes
//! leave, and why an answer is what it is, is `provider`'s matter. Nothing here depends on a
//! clock: there is no `date` field, and an answer's date of creation is a constant.

mod cause;
mod flaw;
mod head;
pub mod openai;
mod quota;
mod refusal;

use std::time::Duration;

use bytes::Bytes;

pub use cause::Cause;
pub use flaw::{Body, Choices, Counting, Extra, Finish, Flaws, Inside, Label, Terminator};
pub use quota::{Quota, Quotas};

use super::Dialect;
use crate::time::Instant;
use openai::Openai;

/// Writes what one provider says, in its dialect.
#[derive(Clone, Debug)]
pub enum Writer {
    /// In OpenAI's form, or that of a variant.
    Openai(Openai),
}

/// What all bytes of one exchange share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The provider's number; with the two below it makes the ids.
    pub provider: u64,
    /// The call's number.
    pub call: u64,
    /// The how-manieth attempt of that call at this provider, from 0.
    pub nth: u32,
    /// When its head leaves; the world begins on 2025-01-01.
    pub at: Instant,
    /// How long the provider says that it took, in whole milliseconds.
    pub processing: Duration,
    /// What is left of its limits, of those that it has.
    pub quotas: Quotas,
    /// What is wrong with the answer; nothing, as a rule.
    pub flaws: Option<Box<Flaws>>,
}

/// Token counts, as an answer states them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Of the prompt, all of it.
    pub input: u64,
    /// Of the prompt, what came out of a cache.
    pub cached: u64,
    /// Of the answer.
    pub output: u64,
}

/// One write of a streamed answer: head, opening, tokens, extra, closing, each if it is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The head of the answer comes before all else.
    pub head: bool,
    /// The role, or whatever else a stream begins with, comes before the tokens.
    pub opens: bool,
    /// What the opening says of the prompt where it does (Anthropic); nothing: there were none.
    pub prompt: Option<Usage>,
    /// It brings so many output tokens, in one event.
    pub tokens: u64,
    /// Something that should not be there.
    pub extra: Option<Extra>,
    /// It is the last of a whole answer: finish reason, usage and terminators follow.
    pub closes: Option<Usage>,
    /// The stream's body ends here as HTTP has it, whatever it lacks.
    pub ends: bool,
    /// The bytes end inside the last event.
    pub inside: Option<Inside>,
}

/// An error instead of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// A status from 400 to 599 instead of the one that the cause has in the dialect.
    pub status: Option<u16>,
    /// Why.
    pub cause: Cause,
    /// The hint to wait that goes with it.
    pub hint: Option<Hint>,
    /// What `x-should-retry` says, if it is there.
    pub should_retry: Option<bool>,
}

/// A hint to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hint {
    /// How long.
    pub wait: Duration,
    /// How it is put.
    pub form: Form,
}

/// How a hint is put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// As the dialect puts it.
    #[default]
    Own,
    /// `retry-after`, in seconds.
    Seconds,
    /// `retry-after-ms`.
    Millis,
    /// `retry-after`, as an HTTP date, beside a `date`.
    Date,
    /// In the body alone, as Gemini has it.
    Body,
    /// `retry-after`, as an HTTP date that has passed.
    Past,
    /// `retry-after`, less than nothing.
    Negative,
    /// `retry-after`, no number at all: `NaN`.
    Nan,
    /// `retry-after`, in seconds, far beyond any patience: a hundred years.
    Absurd,
}

impl Writer {
    /// A writer for the provider of `model` that speaks `dialect`.
    pub fn new(dialect: Dialect, model: &str) -> Self {
        match dialect {
            _ => Self::Openai(Openai::new(model)),
        }
    }

    /// A whole plain answer.
    pub fn completion(&self, stamp: &Stamp, usage: Usage) -> Bytes {
        match self {
            Self::Openai(writer) => writer.completion(stamp, usage),
        }
    }

    /// The head and the body of a whole plain answer, for who sends the body later.
    pub fn completion_apart(&self, stamp: &Stamp, usage: Usage) -> [Bytes; 2] {
        let mut head = self.completion(stamp, usage);
        let end = head.windows(4).position(|four| four == b"\r\n\r\n");
        let body = head.split_off(end.map_or(head.len(), |end| end + 4));
        [head, body]
    }

    /// What keeps somebody waiting: a comment or a ping before the first token of a stream, a
    /// blank line before a plain answer. The first of them comes after the head of the answer,
    /// which is in chunks then. The rest of a stream follows as parts without `head`, that of a
    /// plain answer as [`late_completion`](Self::late_completion).
    pub fn waiting(&self, stamp: &Stamp, streamed: bool, first: bool) -> Bytes {
        if streamed {
            let part = Part {
                head: first,
                extra: Some(Extra::KeepAlive),
                ..Part::default()
            };
            return self.part(stamp, &part);
        }
        let mut bytes = String::new();
        if first {
            let head = head::Head::new(200, stamp);
            bytes = head.before_chunks("application/json");
        }
        bytes.push_str("1\r\n\n\r\n");
        Bytes::from(bytes)
    }

    /// The body of a plain answer whose head has left with [`waiting`](Self::waiting), and its
    /// end.
    pub fn late_completion(&self, stamp: &Stamp, usage: Usage) -> Bytes {
        let [_, body] = self.completion_apart(stamp, usage);
        let size = format!("{:x}\r\n", body.len());
        Bytes::from([size.as_bytes(), &body, b"\r\n0\r\n\r\n"].concat())
    }

    /// One write of a streamed answer. Nothing for an empty part.
    pub fn part(&self, stamp: &Stamp, part: &Part) -> Bytes {
        match self {
            Self::Openai(writer) => writer.part(stamp, part),
        }
    }

    /// One write of a streamed answer, in two: the first ends in the middle of a character of its
    /// tokens, or, without any, in the middle of its last event's JSON. `inside` is not heeded.
    pub fn split(&self, stamp: &Stamp, part: &Part) -> [Bytes; 2] {
        let mut rest = self.part(stamp, part);
        let first = rest.split_to(rest.len() / 2);
        [first, rest]
    }

    /// An error.
    pub fn refusal(&self, stamp: &Stamp, refusal: &Refusal) -> Bytes {
        match self {
            Self::Openai(writer) => writer.refusal(stamp, refusal),
        }
    }
}

impl Refusal {
    /// An error for this cause, and nothing more.
    pub const fn of(cause: Cause) -> Self {
        Self {
            status: None,
            cause,
            hint: None,
            should_retry: None,
        }
    }

    /// An error with this status, and what it means by itself.
    pub const fn with_status(status: u16) -> Self {
        Self {
            status: Some(status),
            ..Self::of(Cause::of_status(status))
        }
    }

    /// With a hint to wait for so long, as the dialect puts it.
    #[must_use]
    pub const fn after(self, wait: Duration) -> Self {
        let hint = Hint {
            wait,
            form: Form::Own,
        };
        Self {
            hint: Some(hint),
            ..self
        }
    }
}

impl Stamp {
    /// The part that is unique in all ids of this exchange.
    fn id(&self) -> String {
        format!("{:04x}{:016x}{:08x}", self.provider, self.call, self.nth)
    }
}

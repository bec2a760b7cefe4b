//! The fake provider's answers: whole HTTP/1.1 answers as bytes, written by hand.
//!
//! - One file per dialect: its `FakeSpec`, with its errors as a table, and its good answers unless
//!   they have another's form. `chat` writes OpenAI's form for all dialects that have it, with the
//!   `habits` of each; `grammar`: the functions of such a form.
//! - `responses`, `embeddings`: OpenAI's other interfaces, where a vendor has them.
//! - `stream`: the events of a write, and its framing in chunks.
//! - `refusal`: the errors, from the dialect's table; `template` fills them, `hint` adds hints to
//!   wait.
//! - `site`: the vendor's list of models, and its answers to wrong paths.
//! - `head`: status line and fields; `quota`: remaining limits; `date`: the calendar.
//! - `cause`, `flaw`: why a provider refuses, and flaws of an answer; `form`: the form that a
//!   request asks for; `sample`: a value for a JSON schema.
//!
//! An HTTP server cannot emit half of what real providers emit, so there is none here. This code is
//! not shared with the readers, so that a mistake in one is not hidden by the same mistake in the
//! other. `provider` decides when bytes are sent, and what the answer is. Nothing here reads a
//! clock: the world begins on 2025-01-01, when all answers were created, and a `date` field is
//! written only beside a hint that needs one.

pub(super) mod anthropic;
pub(super) mod azure;
mod cause;
mod chat;
mod date;
pub(super) mod deepseek;
mod embeddings;
mod flaw;
mod form;
pub(super) mod gemini;
mod grammar;
mod habits;
mod head;
mod hint;
pub(super) mod moonshot;
pub(super) mod openai;
pub(super) mod openrouter;
mod quota;
mod refusal;
mod responses;
mod sample;
mod site;
mod spec;
mod stream;
mod template;
pub(super) mod xai;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub use cause::Cause;
pub(crate) use embeddings::Vectors;
pub use flaw::{Body, Choices, Counting, Finish, Inside, Label, Terminator};
pub(crate) use flaw::{Extra, Flaws};
pub(crate) use form::{Api, Call, Content, Form};
pub(crate) use quota::{Quota, Quotas};
pub(crate) use sample::sample;
pub(crate) use stream::text_length;

use super::Dialect;
use crate::time::Instant;
use grammar::Grammar;
use head::Head;
use responses::Responses;
pub(super) use spec::FakeSpec;

/// Writes the answers of one provider, in its dialect.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    dialect: Dialect,
    grammar: Arc<dyn Grammar>,
    responses: Option<Arc<dyn Grammar>>,
}

/// The values that all bytes of one exchange share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// The provider's number; with the two below it makes the ids.
    pub provider: u64,
    /// The call's number.
    pub call: u64,
    /// The attempt's number among that call's attempts at this provider, from 0.
    pub nth: u32,
    /// When its head is sent; the world begins on 2025-01-01.
    pub at: Instant,
    /// The processing time that the provider states, in whole milliseconds.
    pub processing: Duration,
    /// The remaining quotas, of the limits that it has.
    pub quotas: Quotas,
    /// The form that the request asks for.
    pub form: Form,
    /// The flaws of the answer; usually none.
    pub flaws: Option<Box<Flaws>>,
}

/// Token counts, as an answer states them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Tokens of the prompt.
    pub input: u64,
    /// Cached tokens of the prompt.
    pub cached: u64,
    /// Tokens of the answer.
    pub output: u64,
}

/// One write of a streamed answer: head, opening, tokens, extra, closing, each if it is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Part {
    /// The head of the answer comes before all else.
    pub head: bool,
    /// The opening events of a stream come before the tokens.
    pub opens: bool,
    /// The prompt's usage in the opening events, where they state it (Anthropic).
    pub prompt: Option<Usage>,
    /// The number of its output tokens, in one event.
    pub tokens: u64,
    /// The number of output tokens in the writes before it.
    pub before: u64,
    /// The number of output tokens of the whole answer.
    pub total: u64,
    /// An extra event.
    pub extra: Option<Extra>,
    /// It is the last of a whole answer: finish reason, usage and terminators follow.
    pub closes: Option<Usage>,
    /// The stream's body ends here as in HTTP, even if it is incomplete.
    pub ends: bool,
    /// The bytes end inside the last event.
    pub inside: Option<Inside>,
}

/// An error instead of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// A status from 400 to 599 in place of the cause's status in the dialect.
    pub status: Option<u16>,
    /// The cause.
    pub cause: Cause,
    /// Its hint to wait.
    pub hint: Option<Hint>,
    /// The value of `x-should-retry`, if it has one.
    pub should_retry: Option<bool>,
}

/// A hint to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The wait.
    pub wait: Duration,
    /// The form.
    pub form: HintFormat,
}

/// `hint`: how a hint to wait is put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HintFormat {
    // Not at all where the dialect has no such habit (DeepSeek), or never for this cause (lack of
    // money).
    /// As the provider puts it.
    #[default]
    Own,
    /// `Retry-After` in seconds.
    Seconds,
    /// `retry-after-ms`.
    #[serde(rename = "ms")]
    Millis,
    // Beside a `date`.
    /// `Retry-After` as a date.
    Date,
    // As Gemini has it.
    /// In the body alone.
    Body,
    /// A date that is over.
    Past,
    /// A negative number.
    Negative,
    // `NaN`.
    /// No number.
    Nan,
    // A hundred years, in seconds.
    /// Far too long.
    Absurd,
}

impl Writer {
    /// A writer for the provider of `model` that speaks `dialect`.
    pub(crate) fn new(dialect: Dialect, model: &str) -> Self {
        let spec = dialect.fake();
        Self {
            dialect,
            grammar: (spec.grammar)(model),
            responses: spec.responses.then(|| Responses::grammar(spec, model)),
        }
    }

    /// A whole plain answer.
    pub(crate) fn completion(&self, stamp: &Stamp, usage: Usage) -> Bytes {
        let (kind, body) = self.body(stamp, usage);
        let mut bytes = Head::new(self.spec(), 200, stamp).with_body(kind, &body);
        if stamp.is_short() {
            bytes.truncate(bytes.len() - body.len().div_ceil(2));
        }
        bytes
    }

    /// The head and the body of a whole plain answer, for a body that is sent later.
    pub(crate) fn completion_apart(&self, stamp: &Stamp, usage: Usage) -> [Bytes; 2] {
        let (kind, text) = self.body(stamp, usage);
        let mut head = Head::new(self.spec(), 200, stamp).with_body(kind, &text);
        let mut body = head.split_off(head.len() - text.len());
        if stamp.is_short() {
            body.truncate(text.len() / 2);
        }
        [head, body]
    }

    /// A keep-alive: a comment or a ping before the first token of a stream, a blank line before a
    /// plain answer. The first one comes after the head of the answer, which is then chunked. The
    /// rest of a stream follows as parts without `head`, that of a plain answer as
    /// [`late_completion`](Self::late_completion).
    pub(crate) fn waiting(&self, stamp: &Stamp, streamed: bool, first: bool) -> Bytes {
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
            let head = Head::new(self.spec(), 200, stamp);
            bytes = head.before_chunks(self.grammar(stamp).plain_type());
        }
        stream::chunk(&mut bytes, "\n");
        Bytes::from(bytes)
    }

    /// The body of a plain answer whose head was sent with [`waiting`](Self::waiting), and its end.
    pub(crate) fn late_completion(&self, stamp: &Stamp, usage: Usage) -> Bytes {
        let mut bytes = String::new();
        stream::chunk(&mut bytes, &self.body(stamp, usage).1);
        match stamp.is_short() {
            true => bytes.truncate(bytes.floor_char_boundary(bytes.len() / 2)),
            false => bytes.push_str(stream::LAST_CHUNK),
        }
        Bytes::from(bytes)
    }

    /// One write of a streamed answer. Nothing for an empty part.
    ///
    /// A body in place of the whole stream is sent with the head, and nothing after it.
    pub(crate) fn part(&self, stamp: &Stamp, part: &Part) -> Bytes {
        match self.substitute(stamp) {
            Some(_) if !part.head => Bytes::new(),
            Some((kind, body)) => Head::new(self.spec(), 200, stamp).with_body(kind, &body),
            None => stream::part(self.grammar(stamp), stamp, part),
        }
    }

    /// One write of a streamed answer, in two: the first ends in the middle of a character of its
    /// tokens, or, without any, in the middle of its last event's JSON. `inside` is ignored.
    pub(crate) fn split(&self, stamp: &Stamp, part: &Part) -> [Bytes; 2] {
        match self.substitute(stamp) {
            Some(_) => [self.part(stamp, part), Bytes::new()],
            None => stream::split(self.grammar(stamp), stamp, part),
        }
    }

    /// An error.
    pub(crate) fn refusal(&self, stamp: &Stamp, refusal: &Refusal) -> Bytes {
        refusal::write(self.grammar(stamp), stamp, refusal)
    }

    /// The list of the provider's models, of which each can read `context` tokens.
    pub(crate) fn models(&self, stamp: &Stamp, context: Option<u64>) -> Bytes {
        site::models(self.grammar(stamp), stamp, context)
    }

    /// The provider's model `id` alone; an error when it is another's.
    pub(crate) fn model(&self, stamp: &Stamp, id: &str, context: Option<u64>) -> Bytes {
        if id == self.grammar(stamp).model().name {
            return site::model(self.grammar(stamp), stamp, context);
        }
        let other = Self::new(self.dialect, id);
        other.refusal(stamp, &Refusal::of(Cause::ModelGone))
    }

    /// The answer to a request for a path that there is not.
    pub(crate) fn no_path(&self, stamp: &Stamp, method: &str, path: &str) -> Bytes {
        site::no_path(self.grammar(stamp), stamp, method, path)
    }

    /// The answer to a request with a method that its path does not take; it takes `allowed`.
    pub(crate) fn no_method(
        &self,
        stamp: &Stamp,
        method: &str,
        path: &str,
        allowed: &str,
    ) -> Bytes {
        site::no_method(self.grammar(stamp), stamp, [method, path, allowed])
    }

    /// The status of an error for `cause`.
    #[cfg(test)]
    pub(crate) fn status_of(&self, cause: Cause) -> u16 {
        refusal::status_of(self.spec(), cause)
    }

    /// Content type and body of a plain answer.
    fn body(&self, stamp: &Stamp, usage: Usage) -> (&'static str, String) {
        if let Some(substitute) = self.substitute(stamp) {
            return substitute;
        }
        let grammar = self.grammar(stamp);
        let mut body = match &stamp.form.api {
            Api::Embeddings(vectors) => embeddings::body(grammar.model(), stamp, vectors, usage),
            Api::Chat | Api::Responses => grammar.plain(stamp, usage),
        };
        if stamp.flaws().body == Body::HalfJson {
            body.truncate(body.floor_char_boundary(body.len() / 2));
        }
        (grammar.plain_type(), body)
    }

    /// Content type and text of a body in place of the answer.
    fn substitute(&self, stamp: &Stamp) -> Option<(&'static str, String)> {
        let grammar = self.grammar(stamp);
        let json = grammar.plain_type();
        match stamp.flaws().body {
            Body::Whole | Body::HalfJson | Body::Short => None,
            Body::Empty => Some((json, String::new())),
            Body::Html => Some(("text/html; charset=UTF-8", refusal::html(self.spec(), 502))),
            Body::Error(cause) => Some((json, refusal::in_place(grammar, stamp, cause))),
            Body::NoJson => Some((json, NO_JSON.to_owned())),
        }
    }

    /// Whether the vendor has this interface.
    pub(crate) fn serves(&self, api: &Api) -> bool {
        match api {
            Api::Chat => true,
            Api::Responses => self.responses.is_some(),
            Api::Embeddings(_) => self.spec().embeddings,
        }
    }

    /// The form of good answers to the request.
    fn grammar(&self, stamp: &Stamp) -> &dyn Grammar {
        match &self.responses {
            Some(responses) if stamp.form.api == Api::Responses => &**responses,
            _ => &*self.grammar,
        }
    }

    fn spec(&self) -> &'static FakeSpec {
        self.dialect.fake()
    }
}

impl Cause {
    /// Whether `dialect` has its own form for it, rather than that of a related cause.
    pub fn has_form_in(self, dialect: Dialect) -> bool {
        refusal::has(dialect.fake(), self)
    }
}

/// Whether a stream of `dialect` has no terminator but its finish reason.
pub(crate) fn finish_is_terminator(dialect: Dialect) -> bool {
    dialect.fake().finish_is_terminator
}

impl Refusal {
    /// An error for this cause, without more.
    pub const fn of(cause: Cause) -> Self {
        Self {
            status: None,
            cause,
            hint: None,
            should_retry: None,
        }
    }

    /// An error with this status, and its usual cause.
    pub const fn with_status(status: u16) -> Self {
        Self {
            status: Some(status),
            ..Self::of(Cause::of_status(status))
        }
    }

    /// Adds a hint to wait, in the dialect's form.
    #[must_use]
    pub const fn after(self, wait: Duration) -> Self {
        let hint = Hint {
            wait,
            form: HintFormat::Own,
        };
        Self {
            hint: Some(hint),
            ..self
        }
    }
}

impl Stamp {
    /// The unique part of all ids of this exchange.
    fn id(&self) -> UniqueId {
        let mut digits = [0; 28];
        set_hex(&mut digits[..4], self.provider);
        set_hex(&mut digits[4..20], self.call);
        set_hex(&mut digits[20..], u64::from(self.nth));
        UniqueId(digits)
    }

    /// The same as a UUID.
    fn uuid(&self) -> String {
        let id = self.id();
        let id = id.as_str();
        format!(
            "0000{}-{}-{}-{}-{}",
            &id[..4],
            &id[4..8],
            &id[8..12],
            &id[12..16],
            &id[16..]
        )
    }

    /// The same in OpenRouter's form: seconds, then the unique part.
    fn generation(&self) -> String {
        format!("{}-{}", date::EPOCH, self.id())
    }

    /// The finish reason that it states.
    fn finish(&self) -> Finish {
        match self.flaws().finish {
            Finish::Stop => self.form.finish(),
            untrue => untrue,
        }
    }

    /// Whether half of the body is all that comes.
    pub(crate) fn is_short(&self) -> bool {
        self.flaws().body == Body::Short
    }

    fn flaws(&self) -> &Flaws {
        self.flaws.as_deref().unwrap_or(&flaw::SOUND)
    }
}

/// The unique part of the ids of an exchange, in hexadecimal digits.
struct UniqueId([u8; 28]);

impl UniqueId {
    fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for UniqueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Writes the last digits of `value`. Each event of a stream has an id, and formatting one takes
/// ten times as long.
fn set_hex(digits: &mut [u8], value: u64) {
    for (place, digit) in digits.iter_mut().rev().enumerate() {
        *digit = b"0123456789abcdef"[(value >> (4 * place)) as usize & 0xf];
    }
}

/// The message of a proxy in place of the service.
const NO_JSON: &str = "upstream connect error or disconnect/reset before headers. reset reason: \
                       connection termination";

#[cfg(test)]
pub(crate) mod tests;

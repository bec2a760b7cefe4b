//! A request, and its form in each dialect.
//!
//! A [`Request`] names no provider and no model: those are in the fleet. It holds what OpenAI's
//! form holds, as JSON texts: the OpenAI family gets them unchanged, the other families translated.
//! [`Request::body`] writes the body for one model in one dialect, and [`Request::loss`] tells what
//! the dialect lacks; [`path`], [`key_header`] and [`fixed_headers`] give URL and headers. The
//! headers with a call's name are defined here as well, because the fake provider reads them.
//!
//! - `message`: messages and their parts. `settings`: all other fields, from code and from JSON.
//! - `raw`: JSON as its text. `form`: reads it, for the dialects that translate it.
//! - `table`: what becomes of each field in each family.

pub(in crate::wire) mod form;
mod message;
pub(in crate::wire) mod raw;
mod settings;
pub(in crate::wire) mod table;

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use crate::wire::Dialect;
use crate::wire::dialect::Family;

pub use message::{Message, MessageContent, Part, ToolCall};
pub use settings::{RequestError, Tool, ToolChoice};
pub use table::Lossy;

use raw::{Fields, Raw};
use table::{Fate, Losses};

/// Carries the call's name: `PREFIX-NUMBER`, the same for every attempt of a call.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Carries the number of earlier attempts of this call at this provider, from 0.
pub(crate) const RETRY_COUNT: &str = "x-retry-count";

/// A caller's request, independent of the provider.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Shared by all clones: a conversation may be long.
    pub(super) messages: Arc<Vec<Message>>,
    pub(super) max_tokens: Option<u32>,
    /// All other fields of OpenAI's form.
    pub(super) fields: Fields,
    deadline: Option<Duration>,
    id: Option<u64>,
    task: Option<String>,
    session: Option<u64>,
    priority: Option<u8>,
    prompt_tokens: Option<u64>,
}

impl Request {
    /// A request of one user message.
    pub fn user(content: impl Into<String>) -> Self {
        Self::default().message("user", content)
    }

    /// Adds a message. A `system` message is written where the dialect requires it, at any position
    /// here.
    #[must_use]
    pub fn message(self, role: impl Into<String>, content: impl Into<String>) -> Self {
        self.push(Message::text(role, content))
    }

    /// Adds a message of any form.
    #[must_use]
    pub fn push(mut self, message: Message) -> Self {
        Arc::make_mut(&mut self.messages).push(message);
        self
    }

    /// Sets an upper limit on output tokens. Without one the provider's own holds, except where a
    /// dialect requires one: for Anthropic it is 4,096.
    #[must_use]
    pub fn max_tokens(mut self, max_tokens: u32) -> Self {
        self.max_tokens = Some(max_tokens);
        self
    }

    /// Sets a deadline, from the call's start; the policy's own may be earlier.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets the call's number, to join the caller's logs with the trace. By default the client
    /// counts. Two calls of one client must not share a number.
    #[must_use]
    pub fn id(mut self, id: u64) -> Self {
        self.id = Some(id);
        self
    }

    /// Sets the name of its task, for which a policy may have a rule.
    #[must_use]
    pub fn task(mut self, task: impl Into<String>) -> Self {
        self.task = Some(task.into());
        self
    }

    /// Sets the number of its session: a policy may keep the calls of one session at one provider,
    /// whose prompt cache may still hold their prefix.
    #[must_use]
    pub fn session(mut self, session: u64) -> Self {
        self.session = Some(session);
        self
    }

    /// Sets its priority when capacity is short: 0 is low (it may wait, such as a batch), 1 normal,
    /// 2 high (such as an interactive call). The default is normal.
    #[must_use]
    pub fn priority(mut self, priority: u8) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Sets the number of the prompt's tokens. By default they are estimated.
    #[must_use]
    pub fn prompt_tokens(mut self, tokens: u64) -> Self {
        self.prompt_tokens = Some(tokens);
        self
    }

    /// The deadline, if set.
    pub(crate) fn given_deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// The call's number, if set.
    pub(crate) fn given_id(&self) -> Option<u64> {
        self.id
    }

    /// The task, if set.
    pub(crate) fn given_task(&self) -> Option<&str> {
        self.task.as_deref()
    }

    /// The session, if set.
    pub(crate) fn given_session(&self) -> Option<u64> {
        self.session
    }

    /// The priority; 1 by default.
    pub(crate) fn given_priority(&self) -> u8 {
        self.priority.unwrap_or(NORMAL)
    }

    /// The limit on output tokens, if set.
    pub(crate) fn given_max_tokens(&self) -> Option<u32> {
        self.max_tokens
    }

    /// Tokens of the prompt: the caller's own count, or one for each four bytes of all messages and
    /// tools, the usual ratio of English text; at least 1.
    pub(crate) fn prompt_estimate(&self) -> u64 {
        let messages = self.messages.iter().map(Message::weight);
        let tools = self.fields.get("tools");
        let bytes = messages.chain(tools.map(|tools| tools.text().len() as u64));
        let tokens = self.prompt_tokens;
        tokens
            .unwrap_or_else(|| bytes.sum::<u64>() / BYTES_PER_TOKEN)
            .max(1)
    }

    /// Whether every dialect has all of it.
    pub(crate) fn is_plain(&self) -> bool {
        self.fields.is_empty() && self.messages.iter().all(Message::is_plain)
    }

    /// What the request loses in this dialect, if it may not be sent there for that.
    pub(crate) fn loss(&self, dialect: Dialect, lossy: Lossy) -> Option<String> {
        (dialect.client().losses)(self).forbidding(lossy)
    }

    /// The fields that have a place in this family's form; the others are noted as lost.
    pub(super) fn mapped(&self, family: Family, losses: &mut Losses) -> Vec<(&str, &Raw)> {
        let all = self.fields.iter();
        let kept = all.filter(|(name, value)| {
            let fate = table::fate(table::REQUEST, family, name, value);
            losses.note(fate, name);
            matches!(fate, Some(Fate::As(_)))
        });
        kept.collect()
    }

    /// The body for `model`, streamed or plain.
    pub(crate) fn body(&self, dialect: Dialect, model: &str, streamed: bool) -> Bytes {
        (dialect.client().body)(self, model, streamed)
    }
}

/// The path and query for `model`, to be appended to a base URL without a slash at its end.
///
/// Base URLs are those that the vendor's own SDK takes: `…/v1` at OpenAI and its imitations, the
/// root of the host at Anthropic and Gemini, the resource's root at Azure, where `model` is the
/// name of the deployment.
pub(crate) fn path(dialect: Dialect, to: &Destination<'_>) -> String {
    (dialect.client().path)(to)
}

/// What a path may name.
pub(crate) struct Destination<'a> {
    /// The model.
    pub(crate) model: &'a str,
    /// Whether the answer is to be streamed.
    pub(crate) streamed: bool,
    /// The version of the interface, for a dialect that has several; its latest by default.
    pub(crate) version: Option<&'a str>,
}

/// The header that holds `key`, as name and value.
pub(crate) fn key_header(dialect: Dialect, key: &str) -> (&'static str, String) {
    let place = &dialect.client().key;
    (place.header, format!("{}{key}", place.scheme))
}

/// Headers of every request in this dialect, as names and values.
pub(crate) fn fixed_headers(dialect: Dialect) -> &'static [(&'static str, &'static str)] {
    dialect.client().headers
}

/// Serializes `body`.
pub(super) fn json(body: &impl Serialize) -> Bytes {
    // The body has only texts, numbers and checked JSON, so that serialization cannot fail.
    Bytes::from(serde_json::to_vec(body).unwrap_or_default())
}

/// `text` as a part of a path (RFC 3986); slashes stay as they are if `divide` is set.
pub(super) fn escaped(text: &str, divide: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte));
            }
            b'/' if divide => escaped.push('/'),
            // Writing to a string cannot fail.
            _ => drop(write!(escaped, "%{byte:02X}")),
        }
    }
    escaped
}

const NORMAL: u8 = 1;

/// For English text, by the vendors' own guides.
pub(crate) const BYTES_PER_TOKEN: u64 = 4;

#[cfg(test)]
mod tests;

//! What the client asks, as each dialect writes it.
//!
//! A [`Request`] names no provider and no model: those are the fleet's. [`Request::body`] writes
//! it down for one model in one dialect; [`path`], [`key_header`] and [`fixed_headers`] say where
//! it goes and what goes with it. The headers that carry a call's name are named here as well,
//! because the fake provider reads what the client writes.

mod anthropic;
mod gemini;
mod openai;

use std::fmt::Write;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use super::{Dialect, Family};

pub use anthropic::MAX_TOKENS as ANTHROPIC_MAX_TOKENS;

/// Carries the call's name: `PREFIX-NUMBER`, the same for every attempt of a call.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Carries how many attempts this call has made at this provider before, from 0.
pub const RETRY_COUNT: &str = "x-retry-count";

/// What a caller asks, whoever will answer.
#[derive(Clone, Debug, Default)]
pub struct Request {
    messages: Vec<Message>,
    max_tokens: Option<u32>,
    deadline: Option<Duration>,
    id: Option<u64>,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// The text.
    pub content: String,
}

impl Message {
    /// Whether it instructs the model, rather than being a part of the conversation. Dialects
    /// that keep instructions apart take OpenAI's newer word for the role as well.
    fn is_system(&self) -> bool {
        matches!(self.role.as_str(), "system" | "developer")
    }
}

impl Request {
    /// A request of one user message.
    pub fn user(content: impl Into<String>) -> Self {
        Self::default().message("user", content)
    }

    /// With one more message. A `system` message stands where the dialect wants it, wherever it
    /// is given here.
    #[must_use]
    pub fn message(mut self, role: impl Into<String>, content: impl Into<String>) -> Self {
        self.messages.push(Message {
            role: role.into(),
            content: content.into(),
        });
        self
    }

    /// With an upper bound on output tokens. Without one the provider's own holds, except where a
    /// dialect demands one: Anthropic is asked for [`ANTHROPIC_MAX_TOKENS`].
    #[must_use]
    pub fn max_tokens(mut self, max_tokens: u32) -> Self {
        self.max_tokens = Some(max_tokens);
        self
    }

    /// With a deadline, counted from the call's start; the policy's own may be shorter.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// With a number of the caller's own, to join its logs with the trace. Without one the client
    /// counts. Two calls of one client must not share a number.
    #[must_use]
    pub fn id(mut self, id: u64) -> Self {
        self.id = Some(id);
        self
    }

    /// The deadline, if any.
    pub fn given_deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// The caller's own number, if any.
    pub fn given_id(&self) -> Option<u64> {
        self.id
    }

    /// The body that asks `model`, streamed or plain.
    pub fn body(&self, dialect: Dialect, model: &str, streamed: bool) -> Bytes {
        match dialect.family() {
            Family::Openai => openai::body(self, model, streamed),
            Family::Anthropic => anthropic::body(self, model, streamed),
            Family::Gemini => gemini::body(self),
        }
    }
}

/// The path and query that ask `model`, to be put behind a base URL without a slash at its end.
///
/// Base URLs are those that the vendor's own SDK takes: `…/v1` at OpenAI and what imitates it, the
/// root of the host at Anthropic and Gemini, the resource's root at Azure, where `model` is the
/// name of the deployment.
pub fn path(dialect: Dialect, model: &str, streamed: bool) -> String {
    match (dialect, dialect.family()) {
        (Dialect::Azure, _) => openai::azure_path(model),
        (_, Family::Openai) => openai::PATH.to_owned(),
        (_, Family::Anthropic) => anthropic::PATH.to_owned(),
        (_, Family::Gemini) => gemini::path(model, streamed),
    }
}

/// The header that shows `key`, as name and value.
pub fn key_header(dialect: Dialect, key: &str) -> (&'static str, String) {
    match (dialect, dialect.family()) {
        (Dialect::Azure, _) => ("api-key", key.to_owned()),
        (_, Family::Openai) => ("authorization", format!("Bearer {key}")),
        (_, Family::Anthropic) => ("x-api-key", key.to_owned()),
        (_, Family::Gemini) => ("x-goog-api-key", key.to_owned()),
    }
}

/// Headers that every request in this dialect has, as names and values.
pub fn fixed_headers(dialect: Dialect) -> &'static [(&'static str, &'static str)] {
    match dialect.family() {
        Family::Anthropic => &[("anthropic-version", anthropic::VERSION)],
        Family::Openai | Family::Gemini => &[],
    }
}

/// Writes `body` down.
fn json(body: &impl Serialize) -> Bytes {
    // Strings and integers only: there is nothing in it that JSON cannot say.
    Bytes::from(serde_json::to_vec(body).unwrap_or_default())
}

/// `text` as a part of a path (RFC 3986), with slashes left as they are if they may `divide` it.
fn escaped(text: &str, divide: bool) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_has_its_own_place() {
        for (dialect, plain, streamed) in [
            (Dialect::Openai, "/chat/completions", "/chat/completions"),
            (
                Dialect::Azure,
                "/openai/deployments/my%20gpt%2F4/chat/completions?api-version=2024-10-21",
                "/openai/deployments/my%20gpt%2F4/chat/completions?api-version=2024-10-21",
            ),
            (Dialect::Anthropic, "/v1/messages", "/v1/messages"),
            (
                Dialect::Gemini,
                "/v1beta/models/my%20gpt/4:generateContent",
                "/v1beta/models/my%20gpt/4:streamGenerateContent?alt=sse",
            ),
        ] {
            assert_eq!(path(dialect, "my gpt/4", false), plain);
            assert_eq!(path(dialect, "my gpt/4", true), streamed);
        }
    }

    #[test]
    fn every_dialect_has_its_own_header_for_the_key() {
        for (dialect, name, value) in [
            (Dialect::Openai, "authorization", "Bearer k"),
            (Dialect::Azure, "api-key", "k"),
            (Dialect::Deepseek, "authorization", "Bearer k"),
            (Dialect::Moonshot, "authorization", "Bearer k"),
            (Dialect::Openrouter, "authorization", "Bearer k"),
            (Dialect::Anthropic, "x-api-key", "k"),
            (Dialect::Gemini, "x-goog-api-key", "k"),
        ] {
            assert_eq!(key_header(dialect, "k"), (name, value.to_owned()));
        }
    }

    #[test]
    fn only_anthropic_wants_a_version() {
        let versioned = Dialect::ALL
            .into_iter()
            .filter(|dialect| !fixed_headers(*dialect).is_empty());
        assert_eq!(versioned.collect::<Vec<_>>(), [Dialect::Anthropic]);
    }
}

//! A request, and its form in each dialect.
//!
//! A [`Request`] names no provider and no model: those are in the fleet. [`Request::body`] writes
//! the body for one model in one dialect; [`path`], [`key_header`] and [`fixed_headers`] give its
//! URL and headers. The headers with a call's name are defined here as well, because the fake
//! provider reads them.

use std::fmt::Write;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use crate::wire::Dialect;

/// Carries the call's name: `PREFIX-NUMBER`, the same for every attempt of a call.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Carries the number of earlier attempts of this call at this provider, from 0.
pub(crate) const RETRY_COUNT: &str = "x-retry-count";

/// A caller's request, independent of the provider.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub(super) messages: Vec<Message>,
    pub(super) max_tokens: Option<u32>,
    deadline: Option<Duration>,
    id: Option<u64>,
    task: Option<String>,
    session: Option<u64>,
    priority: Option<u8>,
    prompt_tokens: Option<u64>,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// The text.
    pub content: String,
}

impl Message {
    /// Whether it is a system instruction rather than a part of the conversation. Dialects that
    /// keep instructions apart accept OpenAI's newer name for the role as well.
    pub(super) fn is_system(&self) -> bool {
        matches!(self.role.as_str(), "system" | "developer")
    }
}

impl Request {
    /// A request of one user message.
    pub fn user(content: impl Into<String>) -> Self {
        Self::default().message("user", content)
    }

    /// Adds a message. A `system` message is written where the dialect requires it, at any position
    /// here.
    #[must_use]
    pub fn message(mut self, role: impl Into<String>, content: impl Into<String>) -> Self {
        self.messages.push(Message {
            role: role.into(),
            content: content.into(),
        });
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

    /// Tokens of the prompt: the caller's own count, or one for each four bytes of all messages,
    /// the usual ratio of English text; at least 1.
    pub(crate) fn prompt_estimate(&self) -> u64 {
        let bytes = self.messages.iter().map(|one| one.content.len() as u64);
        let tokens = self.prompt_tokens;
        tokens
            .unwrap_or_else(|| bytes.sum::<u64>() / BYTES_PER_TOKEN)
            .max(1)
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
pub(crate) fn path(dialect: Dialect, model: &str, streamed: bool) -> String {
    (dialect.client().path)(model, streamed)
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
    // The body has only strings and integers, so that serialization cannot fail.
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
mod tests {
    use super::*;

    #[test]
    fn a_request_tells_decisions_what_it_is() {
        let plain = Request::user("Hello, there");
        assert_eq!((plain.given_task(), plain.given_session()), (None, None));
        assert_eq!(
            (plain.given_priority(), plain.given_max_tokens()),
            (1, None)
        );
        let told = plain.task("chat").session(7).priority(2).max_tokens(99);
        assert_eq!(
            (told.given_task(), told.given_session()),
            (Some("chat"), Some(7))
        );
        assert_eq!(
            (told.given_priority(), told.given_max_tokens()),
            (2, Some(99))
        );
    }

    #[test]
    fn a_prompt_is_estimated_unless_the_caller_counts() {
        let request = Request::user("x".repeat(397)).message("system", "xyz");
        assert_eq!(request.prompt_estimate(), 100);
        assert_eq!(request.prompt_tokens(7).prompt_estimate(), 7);
        assert_eq!(Request::default().prompt_estimate(), 1);
        assert_eq!(Request::user("").prompt_tokens(0).prompt_estimate(), 1);
    }

    #[test]
    fn what_decisions_are_told_is_not_sent() {
        let plain = Request::user("x");
        let told = Request::user("x")
            .task("t")
            .session(1)
            .priority(0)
            .prompt_tokens(9);
        for dialect in Dialect::ALL {
            assert_eq!(
                plain.body(dialect, "m", true),
                told.body(dialect, "m", true)
            );
        }
    }

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
            (Dialect::Xai, "authorization", "Bearer k"),
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

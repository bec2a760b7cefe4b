//! What the client asks, as the OpenAI dialect writes it.
//!
//! A [`Request`] names no provider and no model: those are the fleet's. [`Request::body`] writes
//! it down for one model; the headers that carry a call's name are named here, because the fake
//! provider reads what the client writes.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

/// The path of chat completions below a provider's base URL.
pub const CHAT_COMPLETIONS: &str = "/chat/completions";

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

impl Request {
    /// A request of one user message.
    pub fn user(content: impl Into<String>) -> Self {
        Self::default().message("user", content)
    }

    /// With one more message.
    #[must_use]
    pub fn message(mut self, role: impl Into<String>, content: impl Into<String>) -> Self {
        self.messages.push(Message {
            role: role.into(),
            content: content.into(),
        });
        self
    }

    /// With an upper bound on output tokens.
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
    pub fn body(&self, model: &str, streamed: bool) -> Bytes {
        let body = Body {
            model,
            messages: &self.messages,
            max_tokens: self.max_tokens,
            stream: streamed.then_some(true),
            stream_options: streamed.then_some(StreamOptions {
                include_usage: true,
            }),
        };
        // Strings and integers only: there is nothing in it that JSON cannot say.
        Bytes::from(serde_json::to_vec(&body).unwrap_or_default())
    }
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: &'a [Message],
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_request_says_no_more_than_it_must() {
        let body = Request::user("hi").body("gpt-4.1", false);
        let expected = r#"{"model":"gpt-4.1","messages":[{"role":"user","content":"hi"}]}"#;
        assert_eq!(body, expected.as_bytes());
    }

    #[test]
    fn a_streamed_request_asks_for_its_usage() {
        let body = Request::user("hi").max_tokens(5).body("m", true);
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value["stream"], true);
        assert_eq!(value["stream_options"]["include_usage"], true);
        assert_eq!(value["max_tokens"], 5);
    }
}

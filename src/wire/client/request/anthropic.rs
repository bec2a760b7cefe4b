//! A request to Anthropic's messages.
//!
//! Instructions stand apart from the conversation, joined by a blank line where there are
//! several, and a bound on output tokens is demanded.

use bytes::Bytes;
use serde::Serialize;

use super::{Message, Request, json};

/// The bound on output tokens for a request that has none of its own, since Anthropic demands
/// one: what its smallest model still in service can write, so that no model refuses it.
pub const MAX_TOKENS: u32 = 4_096;

/// Below the root of a host, such as `https://api.anthropic.com`.
pub(super) const PATH: &str = "/v1/messages";

/// The version of the interface, which every request must name.
pub(super) const VERSION: &str = "2023-06-01";

pub(super) fn body(request: &Request, model: &str, streamed: bool) -> Bytes {
    let (system, messages): (Vec<_>, Vec<_>) = request
        .messages
        .iter()
        .partition(|message| message.is_system());
    let system: Vec<&str> = system.iter().map(|said| said.content.as_str()).collect();
    json(&Body {
        model,
        max_tokens: request.max_tokens.unwrap_or(MAX_TOKENS),
        system: (!system.is_empty()).then(|| system.join("\n\n")),
        messages,
        stream: streamed.then_some(true),
    })
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    messages: Vec<&'a Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_without_a_bound_is_given_one() {
        let body = body(&Request::user("hi"), "claude-sonnet-4.5", false);
        let expected = concat!(
            r#"{"model":"claude-sonnet-4.5","max_tokens":4096,"#,
            r#""messages":[{"role":"user","content":"hi"}]}"#
        );
        assert_eq!(body, expected.as_bytes());
    }

    #[test]
    fn instructions_stand_apart() {
        let request = Request::default()
            .message("system", "Be brief.")
            .message("user", "hi")
            .message("assistant", "hello")
            .message("developer", "Be kind.")
            .message("user", "bye")
            .max_tokens(7);
        let body = body(&request, "m", true);
        let expected = serde_json::json!({
            "model": "m", "max_tokens": 7, "system": "Be brief.\n\nBe kind.", "stream": true,
            "messages": [
                { "role": "user", "content": "hi" },
                { "role": "assistant", "content": "hello" },
                { "role": "user", "content": "bye" },
            ],
        });
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value, expected);
    }
}

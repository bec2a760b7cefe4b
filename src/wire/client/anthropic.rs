//! Anthropic messages: requests and answers.
//!
//! In a request, system instructions are separate from the conversation, joined by a blank line if
//! there are several, and a limit on output tokens is required. Events of a stream are told apart
//! by the `type` in their data, not by their names. Unknown ones are skipped, as Anthropic asks of
//! its clients.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::{Counted, Piece, Wrong, object};
use super::in_band::{self, said};
use super::lenient::{Count, Loose, Word};
use super::parts::Parts;
use super::request::{Message, Request, json};
use super::{ClientSpec, Key, finish};

/// Anthropic's own service.
pub(in crate::wire) const SPEC: ClientSpec = ClientSpec {
    base_path: "",
    path: |_model, _streamed| "/v1/messages".to_owned(),
    key: Key {
        header: "x-api-key",
        scheme: "",
    },
    // Every request must name the version of the API.
    headers: &[("anthropic-version", "2023-06-01")],
    body,
    read_plain,
    read_event,
};

/// The limit on output tokens for a request without one, since Anthropic requires it: the maximum
/// of its smallest model still in service, so that no model refuses it.
pub(crate) const MAX_TOKENS: u32 = 4_096;

fn body(request: &Request, model: &str, streamed: bool) -> Bytes {
    let (system, messages): (Vec<_>, Vec<_>) = request
        .messages
        .iter()
        .partition(|message| message.is_system());
    let system: Vec<&str> = system.iter().map(|said| said.content.as_str()).collect();
    json(&Asked {
        model,
        max_tokens: request.max_tokens.unwrap_or(MAX_TOKENS),
        system: (!system.is_empty()).then(|| system.join("\n\n")),
        messages,
        stream: streamed.then_some(true),
    })
}

#[derive(Serialize)]
struct Asked<'a> {
    model: &'a str,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    messages: Vec<&'a Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
}

fn read_plain(bytes: &[u8]) -> Result<Piece, Wrong> {
    let message: AnswerMessage = object(bytes)?;
    said(message.error)?;
    if !message.content.given {
        return Err(Wrong::Malformed);
    }
    Ok(Piece {
        finish: finish::read(message.stop_reason.0)?,
        counted: counted(message.usage.0),
        model: message.model.0,
        busy: message.content.busy,
        spoken: message.content.spoken,
        text: message.content.text,
        ..Piece::default()
    })
}

fn read_event(data: &[u8]) -> Result<Piece, Wrong> {
    let event: Event = object(data)?;
    let mut piece = Piece::default();
    match event.kind.0.as_deref() {
        Some("content_block_delta") => piece.take(event.delta.0.unwrap_or_default().content()),
        // The empty text of a block that begins is not yet what the model says.
        Some("content_block_start") => {
            piece.take(event.content_block);
            piece.spoken = false;
        }
        Some("message_start") => {
            let message = event.message.0.unwrap_or_default();
            piece.counted = counted(message.usage.0);
            piece.model = message.model.0;
        }
        Some("message_delta") => {
            piece.counted = counted(event.usage.0);
            piece.finish = finish::read(event.delta.0.unwrap_or_default().stop_reason.0)?;
        }
        Some("message_stop") => piece.ends = true,
        // An error is known by its type, whatever its form.
        Some(kind) if kind.contains("error") => return Err(in_band::announced(data)),
        Some(_) => said(event.error)?,
        None => match in_band::complaint(data) {
            Some(complaint) => return Err(complaint),
            None if data.trim_ascii() == b"{}" => {}
            None => return Err(Wrong::Malformed),
        },
    }
    Ok(piece)
}

impl Piece {
    /// Handles the start of a block, or a delta. A block that is not text is reasoning, or a tool's
    /// arguments.
    fn take(&mut self, parts: Parts) {
        self.spoken = parts.spoken;
        self.busy = parts.busy;
        self.text = parts.text;
    }
}

/// An event of any type; what it does not have is empty.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Event {
    #[serde(rename = "type")]
    kind: Word,
    delta: Loose<Delta>,
    content_block: Parts,
    message: Loose<AnswerMessage>,
    usage: Loose<Counts>,
    error: Option<Value>,
}

/// The delta of a block, or of the message.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Delta {
    #[serde(rename = "type")]
    kind: Word,
    text: Parts,
    stop_reason: Word,
}

impl Delta {
    /// A delta that is not text is reasoning, or a tool's arguments.
    fn content(self) -> Parts {
        match self.kind.0.as_deref() {
            None | Some("text" | "text_delta") => self.text,
            Some(_) => Parts {
                busy: true,
                ..Parts::default()
            },
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AnswerMessage {
    content: Parts,
    stop_reason: Word,
    usage: Loose<Counts>,
    model: Word,
    error: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Counts {
    input_tokens: Count,
    cache_creation_input_tokens: Count,
    cache_read_input_tokens: Count,
    output_tokens: Count,
}

/// Anthropic counts tokens read from its cache, or written to it, separately.
fn counted(counts: Option<Counts>) -> Counted {
    let counts = counts.unwrap_or_default();
    let read = counts.cache_read_input_tokens.0;
    let beside = [counts.cache_creation_input_tokens.0, read];
    let beside = beside.into_iter().flatten();
    Counted {
        prompt: counts
            .input_tokens
            .0
            .map(|input| beside.fold(input, u64::saturating_add)),
        cached: read,
        completion: counts.output_tokens.0,
    }
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

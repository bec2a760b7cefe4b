//! Anthropic messages: requests and answers.
//!
//! In a request, system instructions are separate from the conversation, joined by a blank line if
//! there are several, and a limit on output tokens is required. Events of a stream are told apart
//! by the `type` in their data, not by their names. Unknown ones are skipped, as Anthropic asks of
//! its clients.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::{
    Counted, ErrorBody, Finish, FinishReason, Piece, Wrong, named, object, or_error, said,
};
use super::request::{Message, Request, json};
use super::{ClientSpec, Key};

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
    // The terminator after the finish reason is never left out.
    may_end_without_terminator: false,
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
    let mut piece = Piece {
        finish: finish(message.stop_reason),
        counted: counted(message.usage),
        model: named(message.model),
        ..Piece::default()
    };
    for block in message.content.ok_or(Wrong::Malformed)? {
        if let Some(text) = block.text() {
            piece.spoken = true;
            piece.text.push_str(&text);
        }
    }
    Ok(piece)
}

fn read_event(data: &[u8]) -> Result<Piece, Wrong> {
    let Tag { kind } = object(data)?;
    let mut piece = Piece::default();
    match kind.as_ref() {
        "content_block_delta" => {
            let DeltaEvent { delta } = object(data)?;
            piece.take(delta);
        }
        "content_block_start" => {
            let StartEvent { content_block } = object(data)?;
            piece.take(content_block);
        }
        "message_start" => {
            let MessageEvent { message } = object(data)?;
            piece.counted = counted(message.usage);
            piece.model = named(message.model);
        }
        "message_delta" => {
            let EndEvent { delta, usage } = object(data)?;
            piece.finish = finish(delta.stop_reason);
            piece.counted = counted(usage);
        }
        "message_stop" => piece.ends = true,
        "error" => {
            let ErrorEvent { error } = object(data)?;
            return Err(Wrong::Error(Box::new(ErrorBody::of(&error))));
        }
        // Without a type it is an error in another form, or not from Anthropic.
        "" => return Err(or_error(Wrong::Malformed, data)),
        _ => {}
    }
    Ok(piece)
}

impl Piece {
    /// Handles the start of a block, or a delta. A block that is not text is reasoning, or a tool's
    /// arguments.
    fn take(&mut self, block: Block) {
        match block.text() {
            Some(text) => {
                self.spoken = true;
                self.text = text;
            }
            None => self.busy = true,
        }
    }
}

#[derive(Deserialize)]
struct Tag<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Cow<'a, str>,
}

#[derive(Deserialize)]
struct MessageEvent {
    message: AnswerMessage,
}

#[derive(Deserialize)]
struct StartEvent {
    content_block: Block,
}

#[derive(Deserialize)]
struct DeltaEvent {
    delta: Block,
}

#[derive(Deserialize)]
struct EndEvent {
    delta: End,
    usage: Option<Counts>,
}

#[derive(Deserialize)]
struct End {
    stop_reason: Option<String>,
}

#[derive(Deserialize)]
struct ErrorEvent {
    error: Value,
}

#[derive(Deserialize)]
struct AnswerMessage {
    content: Option<Vec<Block>>,
    stop_reason: Option<String>,
    usage: Option<Counts>,
    model: Option<Value>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Block {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
}

impl Block {
    fn text(self) -> Option<String> {
        let is_text = matches!(self.kind.as_str(), "text" | "text_delta");
        self.text.filter(|_| is_text)
    }
}

#[derive(Deserialize)]
struct Counts {
    input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

fn finish(raw: Option<String>) -> Option<Finish> {
    let raw = raw?;
    let reason = match raw.as_str() {
        "end_turn" | "stop_sequence" => FinishReason::Stop,
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "tool_use" => FinishReason::ToolCalls,
        "refusal" => FinishReason::ContentFilter,
        _ => FinishReason::Other,
    };
    Some(Finish { reason, raw })
}

/// Anthropic counts tokens read from its cache, or written to it, separately.
fn counted(counts: Option<Counts>) -> Counted {
    let Some(counts) = counts else {
        return Counted::default();
    };
    let read = counts.cache_read_input_tokens;
    let beside = [counts.cache_creation_input_tokens, read];
    let beside = beside.into_iter().flatten();
    Counted {
        prompt: counts
            .input_tokens
            .map(|input| beside.fold(input, u64::saturating_add)),
        cached: read,
        completion: counts.output_tokens,
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

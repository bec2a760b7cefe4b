//! Answers of Anthropic's messages.
//!
//! Events are told apart by the `type` in their data, not by their names. Those that are not
//! known are read over, as Anthropic asks of its clients.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use super::{Counted, Finish, FinishReason, Piece, Wrong, named, object, said};

pub(super) fn read_plain(bytes: &[u8]) -> Result<Piece, Wrong> {
    let message: Message = object(bytes)?;
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

pub(super) fn read_event(data: &[u8]) -> Result<Piece, Wrong> {
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
            return Err(Wrong::Error(Box::new(super::ErrorBody::of(&error))));
        }
        // No type at all: an error in another's form, or nothing that Anthropic sends.
        "" => return Err(super::or_error(Wrong::Malformed, data)),
        _ => {}
    }
    Ok(piece)
}

impl Piece {
    /// Takes a block that begins, or what one gains. What is no text is reasoning, or a tool's
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
    message: Message,
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
struct Message {
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

/// Anthropic counts what it read from its cache, or wrote to it, apart from the rest.
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

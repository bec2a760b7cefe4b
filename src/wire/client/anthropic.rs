//! Anthropic messages: requests and answers.
//!
//! Events of a stream are told apart by the `type` in their data, not by their names. Unknown ones
//! are skipped, as Anthropic asks of its clients.

mod beside;
mod request;

use serde::Deserialize;
use serde_json::Value;

use super::answer::{Counted, Piece, Wrong, object};
use super::in_band::{self, said};
use super::lenient::{Count, Loose, Word};
use super::parts::Parts;
use super::{ClientSpec, Key, finish};

/// Anthropic's own service.
pub(in crate::wire) const SPEC: ClientSpec = ClientSpec {
    base_path: "",
    path: |_| "/v1/messages".to_owned(),
    key: Key {
        header: "x-api-key",
        scheme: "",
    },
    // Every request must name the version of the API.
    headers: &[("anthropic-version", "2023-06-01")],
    body: request::body,
    losses: request::losses,
    read_plain,
    read_event,
    collect: beside::collect,
};

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

//! OpenAI chat completions: requests and answers.
//!
//! The services with this form have files of their own beside this one, which state only their
//! differences. The limit on output tokens is `max_tokens`, which all of them accept; only OpenAI's
//! own reasoning models refuse that name, and need `max_completion_tokens`.

mod beside;
mod request;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::answer::{Counted, Piece, Wrong, object};
use super::in_band::{self, said};
use super::lenient::{Count, First, Loose, Word};
use super::parts::Parts;
use super::request::table::Losses;
use super::{ClientSpec, Key, finish};

/// OpenAI's own service.
pub(in crate::wire) const SPEC: ClientSpec = ClientSpec {
    base_path: "/v1",
    path: |_| PATH.to_owned(),
    key: Key {
        header: "authorization",
        scheme: "Bearer ",
    },
    headers: &[],
    body: request::body,
    losses: |_| Losses::default(),
    read_plain,
    read_event,
    collect: beside::collect,
};

/// Below a base URL such as `https://api.openai.com/v1`.
pub(super) const PATH: &str = "/chat/completions";

fn read_plain(bytes: &[u8]) -> Result<Piece, Wrong> {
    let body = Body::read(bytes)?;
    let choice = body.choices.and_then(|First(choice)| choice);
    let choice = choice.ok_or(Wrong::Malformed)?;
    let (said, piece) = choice.read(body.usage)?;
    let message = said.message.or(said.delta).ok_or(Wrong::Malformed)?;
    Ok(Piece {
        model: body.model.0,
        spoken: message.spoken(),
        ..piece.with(message)
    })
}

/// Azure sends chunks without a choice before the first token, and all services send the
/// usage in one. A `message` counts only where there is no `delta`, see [`Piece::message`].
fn read_event(data: &[u8]) -> Result<Piece, Wrong> {
    if data == b"[DONE]" {
        return Ok(Piece {
            ends: true,
            ..Piece::default()
        });
    }
    let body = Body::read(data)?;
    let is_listed = body.choices.is_some();
    let Some(choice) = body.choices.and_then(|First(choice)| choice) else {
        let counted = Counted::of(body.usage.0);
        let has_usage = counted.usage().is_some();
        let complaint = in_band::complaint(data).filter(|_| !has_usage);
        return complaint.map_or_else(
            || {
                Ok(Piece {
                    model: body.model.0,
                    odd: !is_listed && !has_usage,
                    counted,
                    ..Piece::default()
                })
            },
            Err,
        );
    };
    let (Said { message, delta }, piece) = choice.read(body.usage)?;
    let message = message.unwrap_or_default();
    let is_stated = |part: &MessagePart| part.spoken() && piece.finish.is_some();
    // The empty content beside the role only opens the stream.
    let spoken = match &delta {
        Some(delta) => is_stated(delta) || (delta.spoken() && delta.role.is_none()),
        None => is_stated(&message),
    };
    let is_busy = delta.is_none() && message.busy();
    let piece = piece.with(delta.unwrap_or_default());
    Ok(Piece {
        model: body.model.0,
        spoken,
        busy: piece.busy || is_busy,
        message: Some(message.text()).filter(|text| !text.is_empty()),
        ..piece
    })
}

#[derive(Deserialize)]
struct Body {
    choices: Option<First<Choice>>,
    #[serde(default)]
    usage: Loose<Counts>,
    #[serde(default)]
    model: Word,
    error: Option<Value>,
    /// xAI's code for the error.
    #[serde(default)]
    code: Value,
}

impl Body {
    /// A body that says no error.
    fn read(bytes: &[u8]) -> Result<Self, Wrong> {
        let mut body: Self = object(bytes)?;
        match (said(body.error.take()), &body.code) {
            (Err(Wrong::Error(error)), code) => Err(Wrong::Error(Box::new(error.or_code(code)))),
            (found, _) => found.map(|()| body),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Choice {
    message: Loose<MessagePart>,
    delta: Loose<MessagePart>,
    /// The text of completions that are no chat.
    text: Parts,
    finish_reason: Word,
    /// Moonshot's field in streams.
    usage: Loose<Counts>,
    /// OpenRouter's field for an error after the model had begun.
    error: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MessagePart {
    role: Option<IgnoredAny>,
    content: Parts,
    refusal: Parts,
    /// DeepSeek's and Moonshot's name.
    reasoning_content: Parts,
    /// OpenRouter's.
    reasoning: Parts,
    tool_calls: First<IgnoredAny>,
}

impl MessagePart {
    fn spoken(&self) -> bool {
        self.content.spoken || self.refusal.spoken
    }

    fn busy(&self) -> bool {
        !self.reasoning_content.text.is_empty()
            || !self.reasoning.text.is_empty()
            || self.content.busy
            || self.tool_calls.0.is_some()
    }

    fn refused(&self) -> bool {
        self.content.text.is_empty() && !self.refusal.text.is_empty()
    }

    /// A refusal by the model itself is its answer.
    fn text(self) -> String {
        match self.content.text.is_empty() {
            false => self.content.text,
            true => self.refusal.text,
        }
    }
}

/// The parts of a choice that may hold text.
struct Said {
    message: Option<MessagePart>,
    delta: Option<MessagePart>,
}

impl Choice {
    fn read(self, usage: Loose<Counts>) -> Result<(Said, Piece), Wrong> {
        said(self.error)?;
        let finish = finish::read(self.finish_reason.0)?;
        let counted = Counted::of(usage.0.or(self.usage.0));
        let completed = self.text.spoken.then_some(MessagePart {
            content: self.text,
            ..MessagePart::default()
        });
        let said = Said {
            message: self.message.0,
            delta: self.delta.0.or(completed),
        };
        let piece = Piece {
            finish,
            counted,
            ..Piece::default()
        };
        Ok((said, piece))
    }
}

impl Piece {
    fn with(self, message: MessagePart) -> Self {
        Self {
            busy: message.busy(),
            refused: message.refused(),
            text: message.text(),
            ..self
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Counts {
    prompt_tokens: Count,
    completion_tokens: Count,
    prompt_tokens_details: Loose<PromptDetails>,
    /// DeepSeek's name for cached tokens.
    prompt_cache_hit_tokens: Count,
    /// Moonshot's.
    cached_tokens: Count,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PromptDetails {
    cached_tokens: Count,
}

impl Counted {
    fn of(counts: Option<Counts>) -> Self {
        let counts = counts.unwrap_or_default();
        let details = counts.prompt_tokens_details.0.unwrap_or_default();
        Self {
            prompt: counts.prompt_tokens.0,
            cached: details
                .cached_tokens
                .0
                .or(counts.prompt_cache_hit_tokens.0)
                .or(counts.cached_tokens.0),
            completion: counts.completion_tokens.0,
        }
    }
}

//! Answers of any dialect, parsed into one form: whole answers, streams, errors.
//!
//! Readers are lenient where vendors differ (missing usage, unknown fields and events) and strict
//! where a caller could take a bad answer for a good one:
//!
//! - An answer without any content, not even an empty text, is [`Wrong::Malformed`]: no choice, no
//!   candidate, a null content. So is an empty text without an end. An answer that reached its
//!   token limit before any text is an answer; its [`Finish`] says so.
//! - An answer that the provider withheld is [`Wrong::Filtered`], like a refusal before the answer.
//!   An answer of which a part was withheld is an answer with the reason
//!   [`FinishReason::ContentFilter`].
//! - A stream is whole when its dialect says so: by its terminator (OpenAI, Anthropic), or by a
//!   finish reason before its body ends (OpenAI, Gemini). Anything else is [`Wrong::Truncated`].

pub(crate) use super::error::{ErrorBody, read_error};
pub(crate) use super::stream::{StreamReader, Token};

use super::error;
use crate::wire::Dialect;

/// Token counts of the provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Tokens of the prompt, including cached ones.
    pub prompt_tokens: u64,
    /// Tokens of the prompt that came from the provider's cache.
    pub cached_tokens: u64,
    /// Tokens of the answer, including hidden reasoning.
    pub completion_tokens: u64,
}

/// Why an answer ends: a common reason, and the provider's own word.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finish {
    /// The reason, in terms common to all dialects.
    pub reason: FinishReason,
    /// The provider's word: `stop`, `end_turn`, `MAX_TOKENS`, …
    pub raw: String,
}

/// Why an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FinishReason {
    /// The model has finished.
    Stop,
    /// The limit on output tokens, or the model's context, is reached.
    Length,
    /// The model wants tools to be called.
    ToolCalls,
    /// The provider, or the model, withheld the rest.
    ContentFilter,
    /// Anything else.
    Other,
}

/// A whole answer's content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Content {
    /// The text; empty for a stream, whose text was handed out.
    pub text: String,
    /// Why it ends, if the provider said so.
    pub finish: Option<Finish>,
    /// Tokens, if the provider reported them.
    pub usage: Option<Usage>,
    /// The model that answered, as the provider calls it, if it said so.
    pub model: Option<String>,
}

/// Why the bytes are not an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// The bytes are not valid in the dialect, or have no content.
    Malformed,
    /// It ended before it was complete.
    Truncated,
    /// The provider withheld it, for this reason if it gave one.
    Filtered(Option<String>),
    /// The provider reported an error.
    Error(Box<ErrorBody>),
}

/// Parses a plain answer.
///
/// # Errors
/// When the bytes are not an answer; an error object in a 200 is [`Wrong::Error`].
pub(crate) fn read_plain(dialect: Dialect, bytes: &[u8]) -> Result<Content, Wrong> {
    let read = dialect.client().read_plain;
    let piece = read(bytes).map_err(|wrong| or_error(wrong, bytes))?;
    let content = Content {
        usage: piece.counted.usage(),
        text: piece.text,
        finish: piece.finish,
        model: piece.model,
    };
    let has_text = !content.text.is_empty();
    judge(content, has_text, piece.spoken)
}

/// A part of an answer: an event of a stream, or all of it.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) text: String,
    /// It had a field for text, even if that was empty.
    pub(super) spoken: bool,
    /// The model produced something other than text: reasoning, a tool's arguments.
    pub(super) busy: bool,
    pub(super) finish: Option<Finish>,
    pub(super) counted: Counted,
    pub(super) model: Option<String>,
    /// The dialect's terminator.
    pub(super) ends: bool,
}

/// Token counts, some of which may still be unknown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted {
    pub(super) prompt: Option<u64>,
    pub(super) cached: Option<u64>,
    pub(super) completion: Option<u64>,
}

impl Counted {
    /// Updated by a later count: counts in streams are totals so far.
    pub(super) fn then(self, later: Self) -> Self {
        Self {
            prompt: later.prompt.or(self.prompt),
            cached: later.cached.or(self.cached),
            completion: later.completion.or(self.completion),
        }
    }

    pub(super) fn usage(self) -> Option<Usage> {
        self.prompt.or(self.cached).or(self.completion)?;
        Some(Usage {
            prompt_tokens: self.prompt.unwrap_or(0),
            cached_tokens: self.cached.unwrap_or(0),
            completion_tokens: self.completion.unwrap_or(0),
        })
    }
}

/// Whether a complete body or stream is an answer.
pub(super) fn judge(content: Content, has_text: bool, spoken: bool) -> Result<Content, Wrong> {
    if has_text {
        return Ok(content);
    }
    match &content.finish {
        Some(finish) => match finish.reason {
            FinishReason::ContentFilter => Err(Wrong::Filtered(Some(finish.raw.clone()))),
            FinishReason::Length | FinishReason::ToolCalls => Ok(content),
            FinishReason::Stop | FinishReason::Other if spoken => Ok(content),
            FinishReason::Stop | FinishReason::Other => Err(Wrong::Malformed),
        },
        None => Err(Wrong::Malformed),
    }
}

/// Bytes that are not of the dialect's form may be an error in another's.
pub(super) fn or_error(wrong: Wrong, bytes: &[u8]) -> Wrong {
    match (wrong, error::find(bytes)) {
        (Wrong::Malformed, Some(error)) => Wrong::Error(Box::new(error)),
        (wrong, _) => wrong,
    }
}

/// Parses a JSON object as a `T`. An array is refused, though serde would take its elements for
/// fields.
pub(super) fn object<'a, T: serde::Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Wrong> {
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(Wrong::Malformed);
    }
    serde_json::from_slice(bytes).map_err(|_| Wrong::Malformed)
}

/// The model in an answer. Values that are not names are ignored: Azure's first chunk has an empty
/// one.
pub(super) fn named(model: Option<serde_json::Value>) -> Option<String> {
    match model {
        Some(serde_json::Value::String(name)) if !name.is_empty() => Some(name),
        _ => None,
    }
}

/// An `error` field with an error: some providers always send the field.
pub(super) fn said(error: Option<serde_json::Value>) -> Result<(), Wrong> {
    use serde_json::Value::{Bool, Null, String};
    match error {
        None | Some(Null | Bool(false)) => Ok(()),
        Some(String(text)) if text.is_empty() => Ok(()),
        Some(error) => Err(Wrong::Error(Box::new(ErrorBody::of(&error)))),
    }
}

#[cfg(test)]
mod tests;

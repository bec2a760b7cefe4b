//! Answers of any dialect, parsed into one form: whole answers, streams, errors.
//!
//! Readers are lenient where vendors differ (missing usage, unknown fields and events, odd values
//! beside the text, JSON or events whatever was asked) and strict where a caller could take a bad
//! answer for a good one:
//!
//! - An answer without any content, not even an empty text, is [`Wrong::Malformed`]: no choice, no
//!   candidate, a null content. So is an empty text without an end, and a stream without a token
//!   that does not state an empty text: the empty content that opens a stream states none. An
//!   answer that reached its token limit before any text is an answer; its [`Finish`] says so.
//! - An answer that the provider withheld is [`Wrong::Filtered`], like a refusal before the answer.
//!   An answer of which a part was withheld is an answer with the reason
//!   [`FinishReason::ContentFilter`].
//! - A stream is whole when the provider says so: by its reason to end, or by its dialect's
//!   terminator. Anything else is [`Wrong::Truncated`]. So is a text whose reason to end is `abort`
//!   or an unknown word.
//! - Whatever says error before the answer is whole is [`Wrong::Error`]; behind that, nothing can
//!   undo the answer.

pub(crate) use super::body::AnswerReader;
pub(crate) use super::encoding::{Decoder, Undecodable};
pub(crate) use super::error::{ErrorBody, read_error};

use super::beside::Beside;
use super::finish;
use super::request::ToolCall;

/// The longest answer that is read, in bytes.
pub(crate) const LONGEST: usize = 32 << 20;

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
    /// The text is the model's refusal to answer.
    pub refused: bool,
    /// The tools that the model asks for.
    pub tool_calls: Vec<ToolCall>,
    /// The model's reasoning, if the provider shows it.
    pub reasoning: Option<String>,
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

/// An item of an answer as it arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A piece of the answer's text, never empty.
    Text(String),
    /// Activity without text: reasoning, a tool's arguments.
    Busy,
}

/// A part of an answer: an event of a stream, or all of it.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) text: String,
    /// The text of a `message` where a stream should have pieces: the next piece, or the whole text
    /// so far.
    pub(super) message: Option<String>,
    /// It stated a text, even if that was empty. What only opens a stream states none.
    pub(super) spoken: bool,
    /// It is an object that holds nothing of an answer.
    pub(super) odd: bool,
    /// Its text is the model's refusal to answer.
    pub(super) refused: bool,
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

/// Whether a complete body or stream is an answer. A reason to end that is not known proves
/// nothing: the text beside it may be half of one.
pub(super) fn judge(
    mut content: Content,
    has_text: bool,
    spoken: bool,
    beside: Beside,
) -> Result<Content, Wrong> {
    let has_calls = beside.has_calls();
    let is_unknown = |finish: &Finish| !finish::is_known(finish);
    if content.finish.as_ref().is_some_and(is_unknown) {
        return Err(match has_text {
            true => Wrong::Truncated,
            false => Wrong::Malformed,
        });
    }
    beside.into_content(&mut content)?;
    if has_text || has_calls {
        return Ok(content);
    }
    match &content.finish {
        Some(finish) => match finish.reason {
            FinishReason::ContentFilter => Err(Wrong::Filtered(Some(finish.raw.clone()))),
            FinishReason::Length => Ok(content),
            // There are none.
            FinishReason::ToolCalls => Err(Wrong::Malformed),
            FinishReason::Stop | FinishReason::Other if spoken => Ok(content),
            FinishReason::Stop | FinishReason::Other => Err(Wrong::Malformed),
        },
        None => Err(Wrong::Malformed),
    }
}

/// Parses a JSON object as a `T`. An array is refused, though serde would take its elements for
/// fields.
pub(super) fn object<'a, T: serde::Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Wrong> {
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(Wrong::Malformed);
    }
    // Checked once, and not again for each text in it. Bytes that are no text may still be an
    // answer: what is ignored may hold anything.
    let read = match std::str::from_utf8(bytes) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(bytes),
    };
    read.map_err(|_| Wrong::Malformed)
}

#[cfg(test)]
mod tests;

//! What a family of dialects has to write: the bodies of plain answers, and the events of streams,
//! each without its framing in HTTP, which `stream` adds.

use std::fmt::{Arguments, Debug};

use super::spec::FakeSpec;
use super::{Counting, Flaws, Stamp, Usage};

/// The form of good answers.
///
/// Writers apply the flaws of the stamp, except those of the whole body and of the content type.
/// Events are appended to `events`, each with its end.
pub(super) trait Grammar: Debug + Send + Sync {
    /// The dialect that it is a part of.
    fn spec(&self) -> &'static FakeSpec;

    /// The model of the answers.
    fn model(&self) -> &Model;

    /// The body of a plain answer.
    fn plain(&self, stamp: &Stamp, usage: Usage) -> String;

    /// The opening events of a stream; `prompt` is the usage that they may state.
    fn opening(&self, events: &mut String, stamp: &Stamp, prompt: Option<Usage>);

    /// One event with `text`, which needs no escape and holds the tokens of `span`.
    fn tokens(&self, events: &mut String, stamp: &Stamp, span: Span, text: Arguments<'_>);

    /// Finish reason, usage and terminators.
    fn closing(&self, events: &mut String, stamp: &Stamp, usage: Usage);

    /// An error in band after `sent` tokens, `error` being the dialect's error body.
    fn in_band(&self, events: &mut String, stamp: &Stamp, sent: u64, error: &str);

    /// An event that is no JSON.
    fn malformed(&self) -> &'static str;

    /// The keep-alive of a stream.
    fn keep_alive(&self) -> &'static str;

    /// The end of a line.
    fn line(&self) -> &'static str {
        "\n\n"
    }

    /// The content type of plain answers.
    fn plain_type(&self) -> &'static str {
        "application/json"
    }

    /// The content type of streams.
    fn stream_type(&self) -> &'static str;
}

/// Some tokens of an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// The number of tokens before them.
    pub(super) before: u64,
    /// Their number.
    pub(super) tokens: u64,
    /// The number of tokens of the whole answer.
    pub(super) total: u64,
}

/// The name of a model.
#[derive(Clone, Debug)]
pub(super) struct Model {
    /// As it is.
    pub(super) name: String,
    /// As JSON has it, in quotes.
    pub(super) quoted: String,
}

impl Model {
    /// The model of this name.
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            quoted: quoted(name),
        }
    }

    /// The quoted name of the model that an answer states.
    pub(super) fn served(&self, flaws: &Flaws) -> std::borrow::Cow<'_, str> {
        match &flaws.model {
            Some(other) => quoted(other).into(),
            None => self.quoted.as_str().into(),
        }
    }
}

/// `text` as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `usage` as a flawed answer counts it; none when it has no usage.
pub(super) fn counted(usage: Usage, flaws: &Flaws) -> Option<Usage> {
    match flaws.usage {
        Counting::Right => Some(usage),
        Counting::Missing => None,
        Counting::Times(factor) => Some(Usage {
            input: factor.times(usage.input),
            cached: factor.times(usage.cached),
            output: factor.times(usage.output),
        }),
    }
}

/// Appends all of `pieces`: several times as fast as formatting them.
pub(super) fn push(out: &mut String, pieces: &[&str]) {
    for piece in pieces {
        out.push_str(piece);
    }
}

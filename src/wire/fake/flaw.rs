//! Flaws of an answer that the network delivers whole: errors of the provider.
//!
//! A [`Flaws`] value is for the whole answer, an [`Extra`] for one position in a stream. The
//! dialect's writer gives a flaw its form; `provider` decides which flaws an answer has.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Cause;
use crate::units::Factor;

/// The flaws of a whole answer. By default none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flaws {
    /// The answer names this model instead of the requested one.
    pub model: Option<Arc<str>>,
    /// How the usage block counts.
    pub usage: Counting,
    /// The form of the choices (candidates, content blocks).
    pub choices: Choices,
    /// The finish reason.
    pub finish: Finish,
    /// The number of terminators of a stream.
    pub terminator: Terminator,
    /// The content type field.
    pub label: Label,
    /// The body as a whole.
    pub body: Body,
    /// The head has `connection: close`: the connection ends after the answer.
    pub closes: bool,
}

/// Nothing is wrong.
pub(super) static SOUND: Flaws = Flaws {
    model: None,
    usage: Counting::Right,
    choices: Choices::Whole,
    finish: Finish::Stop,
    terminator: Terminator::Once,
    label: Label::Right,
    body: Body::Whole,
    closes: false,
};

/// How the usage block counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Counting {
    /// Right.
    #[default]
    Right,
    /// There is none.
    Missing,
    /// Multiplied by this factor.
    Times(Factor),
}

/// The form of the choices (candidates, content blocks), in a stream in every event that has some
/// of the content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Choices {
    /// Correct.
    #[default]
    Whole,
    /// An empty list.
    Empty,
    /// `null`.
    Null,
    /// A choice whose content is `null`; at Gemini a candidate without parts.
    NullContent,
    /// The key is missing; at Gemini the answer says that the prompt was blocked.
    Missing,
}

/// `says`: a finish reason that is not true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "cli", schemars(rename = "WrongFinish"))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Finish {
    // The true reason: no file asks for it.
    /// It was done.
    #[default]
    #[serde(skip)]
    Stop,
    /// The bound on output is met.
    Length,
    /// The content is filtered.
    ContentFilter,
    /// It does not say.
    #[serde(skip)]
    Missing,
}

/// The number of terminators of a stream. Gemini has no terminator but the finish reason: there
/// `Never` is a last event without one, and `Twice` is the last event twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Terminator {
    /// Once.
    #[default]
    Once,
    /// Never, though the finish reason is there.
    Never,
    /// Twice.
    Twice,
}

/// The content type field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Label {
    /// What the body is.
    #[default]
    Right,
    /// `text/plain`.
    Wrong,
    /// The field is not there.
    Missing,
}

/// The body of a 200 as a whole, plain or streamed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Body {
    /// It is there.
    #[default]
    Whole,
    /// It is empty.
    Empty,
    /// An HTML page stands in its place.
    Html,
    /// An error object stands in its place.
    Error(Cause),
    /// The first half, with a matching length. Only for plain answers: a stream stays whole.
    HalfJson,
    /// The first half, with the length of the whole. Only for plain answers: a stream stays whole.
    Short,
    /// A line of plain text stands in its place, though it is said to be JSON.
    NoJson,
}

/// Something extra in a stream, after the tokens of its write and before its closing events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extra {
    /// A comment or a ping, the dialect's keep-alive.
    KeepAlive,
    /// An event that is no JSON.
    Malformed,
    /// The last event once more; in a write that has none yet, the event that opens a stream.
    Duplicate,
    /// The events of the write, last event first. Two tokens or more come in two events then.
    Reordered,
    /// An error in band: the stream is over after it, its body ends as in HTTP, and closing events
    /// of the part are left out.
    Error(Cause),
}

/// `inside`: where in an event a cut lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "cli", schemars(rename = "Within"))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Inside {
    /// In its JSON.
    Json,
    /// In a character.
    Utf8,
}

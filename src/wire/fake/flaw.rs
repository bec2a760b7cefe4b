//! What may be wrong with an answer that is otherwise whole: the bytes are the provider's fault,
//! not the network's.
//!
//! A [`Flaws`] value says it for the whole answer, an [`Extra`] for one place in a stream. What a
//! flaw looks like in a dialect is its writer's business; why an answer has it is `provider`'s.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Cause;
use crate::units::Factor;

/// What is wrong with a whole answer. By default nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flaws {
    /// Another model served than was asked for; this one is named.
    pub model: Option<Arc<str>>,
    /// How the usage block counts.
    pub usage: Counting,
    /// What becomes of the choices (candidates, content blocks).
    pub choices: Choices,
    /// Why the answer says that it ends.
    pub finish: Finish,
    /// How often a stream says that it is over.
    pub terminator: Terminator,
    /// What the content type field says.
    pub label: Label,
    /// What becomes of the body as a whole.
    pub body: Body,
    /// The head says `connection: close`: nothing can follow on this connection.
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
pub enum Counting {
    /// Right.
    #[default]
    Right,
    /// There is none.
    Missing,
    /// Multiplied by this factor.
    Times(Factor),
}

/// What becomes of the choices (candidates, content blocks), in a stream in every event that has
/// some of the content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choices {
    /// As they should be.
    #[default]
    Whole,
    /// An empty list.
    Empty,
    /// `null`.
    Null,
    /// A choice whose content is `null`; at Gemini a candidate without parts, as it has them.
    NullContent,
    /// The key is not there at all; at Gemini the answer says that the prompt was blocked.
    Missing,
}

/// `says`: a finish reason that is not true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "cli", schemars(rename = "WrongFinish"))]
#[serde(rename_all = "snake_case")]
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

/// How often a stream says that it is over. Gemini has no terminator but the finish reason: there
/// `Never` is a last event without one, and `Twice` is the last event twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Terminator {
    /// Once.
    #[default]
    Once,
    /// Never, though the finish reason is there.
    Never,
    /// Twice.
    Twice,
}

/// What the content type field says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Label {
    /// What the body is.
    #[default]
    Right,
    /// `text/plain`.
    Wrong,
    /// The field is not there.
    Missing,
}

/// What becomes of the body of a 200 as a whole, plain or streamed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// Half of it is there, and its length says that this is all. Plain answers alone: a stream
    /// stays whole.
    HalfJson,
    /// A line of plain text stands in its place, though it is said to be JSON.
    NoJson,
}

/// Something in a stream that should not be there, after the tokens of its write and before what
/// closes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// A comment or a ping, as the dialect sends while it keeps somebody waiting.
    KeepAlive,
    /// An event that is no JSON.
    Malformed,
    /// The last event once more; in a write that has none yet, the event that opens a stream.
    Duplicate,
    /// What the write opens and its tokens, last event first. Two tokens and more come in two
    /// events then.
    Reordered,
    /// An error in band: the stream is over after it, its body ends as HTTP has it, and what the
    /// part says of closing is not heeded.
    Error(Cause),
}

/// `inside`: where in an event a cut lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "cli", schemars(rename = "Within"))]
#[serde(rename_all = "snake_case")]
pub enum Inside {
    /// In its JSON.
    Json,
    /// In a character.
    Utf8,
}

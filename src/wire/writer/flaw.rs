//! What may be wrong with an answer that is otherwise whole: the bytes are the provider's fault,
//! not the network's.
//!
//! A [`Flaws`] value says it for the whole answer, an [`Extra`] for one place in a stream. What a
//! flaw looks like in a dialect is its writer's business; why an answer has it is `provider`'s.

use std::sync::Arc;

use super::Cause;

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
}

/// How the usage block counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Counting {
    /// Right.
    #[default]
    Right,
    /// There is none.
    Missing,
    /// Multiplied by so many thousandths.
    Times(u64),
}

/// What becomes of the choices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choices {
    /// As they should be.
    #[default]
    Whole,
    /// An empty list.
    Empty,
    /// `null`.
    Null,
    /// A choice whose content is `null`.
    NullContent,
    /// The key is not there at all.
    Missing,
}

/// Why the answer says that it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Finish {
    /// It was done.
    #[default]
    Stop,
    /// It met the bound on tokens: a lie, if it was done.
    Length,
    /// Its content was cut off by a filter.
    ContentFilter,
    /// It does not say.
    Missing,
}

/// How often a stream says that it is over.
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
    /// Half of it is there, and its length says that this is all (plain answers).
    HalfJson,
    /// It is no JSON (plain answers).
    NoJson,
}

/// Something in a stream that should not be there, after the tokens of its write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// A comment or a ping, as the dialect sends while it keeps somebody waiting.
    KeepAlive,
    /// An event that is no JSON.
    Malformed,
    /// The last event once more.
    Duplicate,
    /// The write's events in the wrong order.
    Reordered,
    /// An error in band: the stream is over after it.
    Error(Cause),
}

/// Where inside the last event of a write the bytes end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inside {
    /// In the middle of its JSON.
    Json,
    /// In the middle of a character.
    Utf8,
}

//! What the model's providers write: a description where a reader would find nothing else in the
//! bytes, and the bytes themselves everywhere else.

use std::sync::Arc;

use bytes::Bytes;

use crate::provider::Payload;
use crate::wire::fake::{Form, HintFormat, Part, Refusal, Stamp, Usage, Writer, text_length};

/// What a write carries.
#[derive(Clone, Debug)]
pub(super) enum Described {
    /// A whole and sound plain answer.
    Answer(Usage),
    /// A part of a sound stream: bytes of text, and the usage if the stream ends here.
    Part { text: usize, closes: Option<Usage> },
    /// An error. Its bytes are written only if nothing like it was read before.
    Refusal(Box<Error>),
    /// Anything else.
    Bytes(Bytes),
}

/// An error that has not been written.
#[derive(Clone, Debug)]
pub(super) struct Error {
    pub(super) writer: Arc<Writer>,
    pub(super) stamp: Stamp,
    pub(super) refusal: Refusal,
}

impl From<Bytes> for Described {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl Payload for Described {
    fn completion(form: &Form, usage: Usage) -> Option<Self> {
        form.is_plain_chat().then_some(Self::Answer(usage))
    }

    fn part(writer: &Arc<Writer>, stamp: &Stamp, part: &Part, exact: bool) -> Self {
        let form = &stamp.form;
        match exact || form.without_usage || !form.is_plain_chat() {
            true => Self::Bytes(writer.part(stamp, part)),
            false => Self::Part {
                text: text_length(part.tokens),
                closes: part.closes,
            },
        }
    }

    fn refusal(writer: &Arc<Writer>, stamp: Stamp, refusal: &Refusal) -> Self {
        Self::Refusal(Box::new(Error {
            writer: writer.clone(),
            stamp,
            refusal: *refusal,
        }))
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Part {
                text: 0,
                closes: None,
            } => true,
            Self::Bytes(bytes) => bytes.is_empty(),
            _ => false,
        }
    }

    /// Only an answer that is written exactly is sent in pieces.
    fn into_bytes(self) -> Bytes {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Refusal(error) => error.writer.refusal(&error.stamp, &error.refusal),
            Self::Answer(_) | Self::Part { .. } => Bytes::new(),
        }
    }
}

impl Error {
    /// Whether the client makes the same of both: all but the exchange's ids is equal.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let stated = |error: &Self| (error.refusal, error.stamp.quotas, error.stamp.processing);
        stated(self) == stated(other) && self.stamp.flaws == other.stamp.flaws
    }

    /// Whether its hint is a date, so that the moment counts.
    pub(super) fn tells_the_time(&self) -> bool {
        let form = self.refusal.hint.map(|hint| hint.form);
        matches!(form, Some(HintFormat::Date | HintFormat::Past))
    }
}

//! What a write of the provider carries.
//!
//! On a socket these are bytes. An engine without bytes needs only what a reader would make of
//! them, which for a sound answer is known without writing it; so the exchange is generic over what
//! it carries, and the physics around it are the same code.

use std::fmt::Debug;
use std::sync::Arc;

use bytes::Bytes;

use crate::wire::fake::{Form, Part, Refusal, Stamp, Usage, Writer};

/// What a write carries. `exact` says that the bytes of an answer hold more than its tokens and its
/// usage tell: a flaw, an early end, a piece cut off.
pub(crate) trait Payload: Clone + Debug + From<Bytes> {
    /// A whole and sound plain answer, if it needs no bytes.
    fn completion(form: &Form, usage: Usage) -> Option<Self>;

    /// One write of a streamed answer.
    fn part(writer: &Arc<Writer>, stamp: &Stamp, part: &Part, exact: bool) -> Self;

    /// An error.
    fn refusal(writer: &Arc<Writer>, stamp: Stamp, refusal: &Refusal) -> Self;

    /// Whether there is nothing to write.
    fn is_empty(&self) -> bool;

    /// Its bytes, to be sent in pieces.
    fn into_bytes(self) -> Bytes;
}

impl Payload for Bytes {
    fn completion(_: &Form, _: Usage) -> Option<Self> {
        None
    }

    fn part(writer: &Arc<Writer>, stamp: &Stamp, part: &Part, _: bool) -> Self {
        writer.part(stamp, part)
    }

    fn refusal(writer: &Arc<Writer>, stamp: Stamp, refusal: &Refusal) -> Self {
        writer.refusal(&stamp, refusal)
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn into_bytes(self) -> Bytes {
        self
    }
}

//! The client's side: writes requests, and parses answers.
//!
//! - [`request`]: a request, in one form. [`answer`]: an answer, in one form.
//! - One file per dialect: its `ClientSpec`, with the writer of its requests and the reader of its
//!   answers. A dialect with another's form states only the differences.
//! - `stream`: parses a streamed answer. `error`: parses an error in any dialect's form.

pub(crate) mod answer;
pub(super) mod anthropic;
pub(super) mod azure;
pub(super) mod deepseek;
mod error;
pub(super) mod gemini;
pub(super) mod moonshot;
pub(super) mod openai;
pub(super) mod openrouter;
pub(crate) mod request;
mod stream;
pub(super) mod xai;

use bytes::Bytes;

use answer::{Piece, Wrong};
use request::Request;

/// The client's side of one dialect.
pub(super) struct ClientSpec {
    /// The path in the vendor's own base URL.
    pub(super) base_path: &'static str,
    /// Path and query for a model, streamed or plain, below the base URL.
    path: fn(model: &str, streamed: bool) -> String,
    /// The header of the key.
    key: Key,
    /// Headers of every request, as names and values.
    headers: &'static [(&'static str, &'static str)],
    /// The body for a model, streamed or plain.
    body: fn(&Request, model: &str, streamed: bool) -> Bytes,
    /// Parses a plain answer.
    read_plain: fn(&[u8]) -> Result<Piece, Wrong>,
    /// Parses the data of one event of a stream.
    read_event: fn(&[u8]) -> Result<Piece, Wrong>,
    /// A stream is whole when its body ends after a finish reason, even without a terminator.
    may_end_without_terminator: bool,
}

/// The header that holds the key.
struct Key {
    header: &'static str,
    /// The prefix of the key.
    scheme: &'static str,
}

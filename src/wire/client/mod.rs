//! How the client speaks: what it asks, and how it reads what comes back.
//!
//! - [`request`]: what is asked, in one form. [`answer`]: what comes back, in one form.
//! - One file per dialect: its `ClientSpec`, with the writer of its requests and the reader of
//!   its answers. A dialect that speaks another's form states what it does differently.
//! - `stream`: reads a streamed answer. `error`: reads an error in any dialect's form.

pub mod answer;
pub(super) mod anthropic;
pub(super) mod azure;
pub(super) mod deepseek;
mod error;
pub(super) mod gemini;
pub(super) mod moonshot;
pub(super) mod openai;
pub(super) mod openrouter;
pub mod request;
mod stream;
pub(super) mod xai;

use bytes::Bytes;

use answer::{Piece, Wrong};
use request::Request;

/// How the client speaks one dialect.
pub(super) struct ClientSpec {
    /// What the vendor's own base URL has after its host.
    pub(super) base_path: &'static str,
    /// Path and query that ask a model, streamed or plain, below the base URL.
    path: fn(model: &str, streamed: bool) -> String,
    /// Where the key stands.
    key: Key,
    /// Headers that every request has, as names and values.
    headers: &'static [(&'static str, &'static str)],
    /// The body that asks a model, streamed or plain.
    body: fn(&Request, model: &str, streamed: bool) -> Bytes,
    /// Reads a plain answer.
    read_plain: fn(&[u8]) -> Result<Piece, Wrong>,
    /// Reads the data of one event of a stream.
    read_event: fn(&[u8]) -> Result<Piece, Wrong>,
    /// A stream is whole when its body ends after a reason to finish, even without a terminator.
    may_end_without_terminator: bool,
}

/// The header that shows the key.
struct Key {
    header: &'static str,
    /// What stands before the key.
    scheme: &'static str,
}

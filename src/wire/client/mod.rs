//! The client's side: writes requests, and parses answers.
//!
//! - [`request`]: a request, in one form. [`answer`]: an answer, in one form.
//! - One file per dialect: its `ClientSpec` and the reader of its answers; `request` below it
//!   writes its requests. A dialect with another's form states only the differences.
//! - `encoding`: decompresses a body. `body`: parses an answer in any form; `stream`: its events.
//!   `beside`: calls of tools and reasoning. `finish`: why it ends. `error`: an error in any
//!   dialect's form; `in_band`: one among answers.
//! - `models`: the list of a provider's models (feature `cli`).
//! - `lenient`, `parts`, `mend`, `repeated`: values that the vendors' documents do not show.

pub(crate) mod answer;
pub(super) mod anthropic;
pub(super) mod azure;
mod beside;
mod body;
pub(super) mod deepseek;
pub(crate) mod encoding;
mod error;
mod finish;
pub(super) mod gemini;
mod in_band;
mod lenient;
mod mend;
#[cfg(feature = "cli")]
pub(crate) mod models;
pub(super) mod moonshot;
pub(super) mod openai;
pub(super) mod openrouter;
mod parts;
mod repeated;
pub(crate) mod request;
mod stream;
pub(super) mod xai;

use bytes::Bytes;
use serde_json::Value;

use answer::{Piece, Wrong};
use beside::Beside;
use request::table::Losses;
use request::{Destination, Request};

/// The client's side of one dialect.
pub(super) struct ClientSpec {
    /// The path in the vendor's own base URL.
    pub(super) base_path: &'static str,
    /// Path and query for a model, streamed or plain, below the base URL.
    path: fn(&Destination<'_>) -> String,
    /// The header of the key.
    key: Key,
    /// Headers of every request, as names and values.
    headers: &'static [(&'static str, &'static str)],
    /// The body for a model, streamed or plain.
    body: fn(&Request, model: &str, streamed: bool) -> Bytes,
    /// What a body of this dialect does not hold of the request.
    losses: fn(&Request) -> Losses,
    /// Parses a plain answer.
    read_plain: fn(&[u8]) -> Result<Piece, Wrong>,
    /// Parses the data of one event of a stream.
    read_event: fn(&[u8]) -> Result<Piece, Wrong>,
    /// Reads what a plain answer or an event holds beside its text.
    collect: fn(&Value, &mut Beside),
}

/// The header that holds the key.
struct Key {
    header: &'static str,
    /// The prefix of the key.
    scheme: &'static str,
}

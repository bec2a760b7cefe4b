//! Reads the files that people write: YAML with spans, units, and errors one can act on.
//!
//! - [`document`]: a file as a tree whose every node knows where it stands; `--set` on top of it.
//! - [`mod@file`]: the bytes of a file, bounded, and never of what keeps a reader waiting.
//! - `tree`: YAML events to that tree; `source`: texts, and places in them.
//! - `decode`: the tree as a serde deserializer, so that types derive and errors have spans.
//! - `mask`: documents and problems without what may be a secret in them.
//! - [`diagnostic`]: what is wrong, where, and what to write instead, with a caret.
//! - `renamed`: what earlier versions called the keys and words of today.
//! - `schema`: the same types as JSON Schema, for editors (feature `cli`).
//! - [`units`]: `30s`, `8/s`, `60%`, `900 tok`, `2M`, read and written, as integers.
//!
//! It knows no scenario and no policy, opens no socket, and never panics on any bytes.

mod decode;
pub mod diagnostic;
pub mod document;
pub mod file;
mod redact;
mod renamed;
#[cfg(feature = "cli")]
pub mod schema;
mod source;
mod tree;
pub mod units;

pub use diagnostic::Diagnostic;
pub use document::Document;

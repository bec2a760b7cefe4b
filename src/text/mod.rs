//! Reads the files that people write: YAML with spans, and diagnostics with hints.
//!
//! - [`columns`]: texts in columns, whatever their length.
//! - [`document`]: a file as a tree of nodes with locations, with `--set` applied to it.
//! - `fields`: the keys that a type knows (feature `cli`).
//! - [`mod@file`]: the bytes of a file, bounded and without blocking.
//! - [`name`]: what can name a provider, a policy or a fault.
//! - `noted`: which files are read, for `run --watch` (feature `cli`).
//! - `syntax`: from the parser's errors to the mistakes that cause them.
//! - `tree`: YAML events to that tree; `source`: texts, and locations in them.
//! - `decode`: the tree as a serde deserializer, so that types derive and errors have spans.
//! - [`findings`]: all mistakes of a document, without those that follow from others.
//! - `mend`: reads on behind a mistake, with stand-ins for what is wrong.
//! - `project`: the folder that paths in a file may not leave.
//! - `redact`: documents and diagnostics without possible secrets.
//! - [`secrets`]: what looks like a secret in any text.
//! - [`visible`]: texts of unknown origin as people may see them.
//! - [`diagnostic`]: what is wrong, where, and what to write instead, with a caret.
//! - [`suggestion`]: the word that was meant by another.
//! - `renamed`: the names of keys and words in earlier versions.
//! - `json`: where a text is no JSON.
//! - `write`: a document as YAML again.
//! - `section`: a part of a file, declared one row per key: type, reader, writer, schema.
//! - `one_of`, `quantiles`: forms of its values; `place`: diagnostics that point into it.
//! - `schema`: the same types as JSON Schema, for editors (feature `cli`).
//!
//! It does not use scenario or policy, opens no socket, and never panics on any bytes.

pub(crate) mod columns;
mod decode;
pub(crate) mod diagnostic;
pub(crate) mod document;
#[cfg(feature = "cli")]
pub(crate) mod fields;
pub(crate) mod file;
pub(crate) mod findings;
mod json;
mod mend;
#[cfg(feature = "sim")]
pub(crate) mod name;
#[cfg(feature = "cli")]
pub(crate) mod noted;
#[cfg(feature = "sim")]
pub(crate) mod one_of;
#[cfg(feature = "sim")]
pub(crate) mod place;
#[cfg(feature = "sim")]
pub(crate) mod project;
#[cfg(feature = "sim")]
pub(crate) mod quantiles;
mod redact;
mod renamed;
#[cfg(feature = "cli")]
pub(crate) mod schema;
pub(crate) mod secrets;
#[cfg(feature = "sim")]
pub(crate) mod section;
mod source;
pub(crate) mod suggestion;
mod syntax;
mod tree;
pub(crate) mod visible;
mod write;

pub use diagnostic::Diagnostic;
pub use document::Document;
pub(crate) use write::text_scalar;

//! Converts between bytes and types, in each provider's dialect. No sockets.
//!
//! - [`Dialect`]: the dialects.
//! - [`client`]: the client's side. [`request`]: writes requests. [`answer`]: parses answers.
//! - [`sse`]: parses event streams.
//! - `fake`: writes the fake provider's answers. It shares no code with the readers, so that a
//!   mistake in one is not hidden by the same mistake in the other.

pub(crate) mod client;
mod dialect;
#[cfg(feature = "sim")]
pub(crate) mod fake;
pub(crate) mod sse;

pub(crate) use client::{answer, request};

pub use dialect::Dialect;
pub(crate) use dialect::Family;

//! Converts between bytes and types, in each provider's dialect. No sockets.
//!
//! - [`Dialect`]: the dialects.
//! - [`client`]: the client's side. [`request`]: writes requests. [`answer`]: parses answers.
//! - [`sse`]: parses event streams.
//! - `fake`: writes the fake provider's answers. It shares no code with the readers, so that a
//!   mistake in one is not hidden by the same mistake in the other.

pub mod client;
mod dialect;
#[cfg(feature = "sim")]
pub mod fake;
pub mod sse;

pub use client::{answer, request};

pub use dialect::{Dialect, Family};

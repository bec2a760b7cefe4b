//! Bytes to types and back: how providers speak. No sockets.
//!
//! - [`Dialect`]: whose grammar.
//! - [`client`]: the client's side. [`request`]: what it asks, written. [`answer`]: what comes
//!   back, read.
//! - [`sse`]: the grammar of event streams, read.
//! - `fake`: what the fake provider writes. It shares no code with the readers, so that one
//!   cannot hide the other's mistake.

pub mod client;
mod dialect;
#[cfg(feature = "sim")]
pub mod fake;
pub mod sse;

pub use client::{answer, request};

pub use dialect::{Dialect, Family};

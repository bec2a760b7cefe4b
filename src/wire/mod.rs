//! Bytes to types and back: how providers speak. No sockets.
//!
//! - [`Dialect`]: whose grammar.
//! - [`request`]: what the client asks, written. [`answer`]: what comes back, read.
//! - [`sse`]: the grammar of event streams, read.
//! - `writer`: what the fake provider writes. It shares no code with the readers, so that one
//!   cannot hide the other's mistake.

pub mod answer;
mod dialect;
pub mod request;
pub mod sse;
#[cfg(feature = "sim")]
pub mod writer;

pub use dialect::{Dialect, Family};

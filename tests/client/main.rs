//! The client's public API: answers on the wire, TLS and HTTP/2, every network, and secrets.

mod answers;
mod networks;
mod one_answer;
mod secrets;
mod tls;
mod wire;

#[cfg(feature = "tls")]
#[path = "../support/authority.rs"]
mod authority;
#[path = "../support/mod.rs"]
mod support;

//! The client's public API: answers on the wire, TLS and HTTP/2, every network, secrets, and what
//! `firedrill serve` answers.

mod answers;
mod networks;
mod one_answer;
mod secrets;
#[cfg(feature = "cli")]
mod served;
mod tls;
mod wire;

#[cfg(feature = "tls")]
#[path = "../support/authority.rs"]
mod authority;
#[path = "../support/mod.rs"]
mod support;

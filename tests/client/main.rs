//! The client as its users have it: answers on the wire, TLS and HTTP/2, every network, and what
//! never shows.

mod networks;
mod one_answer;
mod secrets;
mod tls;
mod wire;

#[path = "../support/authority.rs"]
mod authority;
#[path = "../support/mod.rs"]
mod support;

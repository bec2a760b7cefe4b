//! A scenario under one seed: everything that is drawn from it.
//!
//! - [`Workload`]: which call arrives when, with how many tokens.
//! - [`SeededFault`]: whether a fault happens, when it is active, and which attempts it strikes.
//! - `episodes`: when the bursts of a fault are on.
//! - `rates`: the share of attempts that faults strike, as expected over all seeds.
//!
//! Every draw is keyed, so the order and number of queries do not matter. `scenario` describes what
//! is drawn; `provider`, `world` and `model` act on it.

mod episodes;
mod fault;
pub(crate) mod rates;
mod workload;

pub use fault::SeededFault;
pub use workload::{Prefix, Row, Tokens, Workload};

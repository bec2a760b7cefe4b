//! What of a scenario happens when, under one seed.
//!
//! - [`Workload`]: which call arrives when, with how many tokens.
//! - [`SeededFault`]: whether a fault happens, when it is active, and which attempts it strikes.
//! - `active`: which faults can act at a moment, of many.
//! - `attempt`: which attempts meet a fault's conditions.
//! - `strength`: how strong a fault is at a moment, by its ramp and recovery.
//! - `episodes`: when the bursts of a fault are on.
//! - `rates`: the share of attempts that faults strike, as expected over all seeds.
//! - `operations`: which operations on the client are active at a moment.
//!
//! Every draw is keyed, so the order and number of queries do not matter. `scenario` describes what
//! is drawn; `provider`, `world` and `model` act on it.

mod active;
mod attempt;
mod episodes;
mod fault;
mod operations;
pub(crate) mod rates;
mod strength;
mod workload;

pub(crate) use active::ActiveFaults;
pub(crate) use attempt::AttemptInfo;
pub use fault::SeededFault;
pub(crate) use strength::{Strength, left_at, scaled_at};
pub use workload::{Prefix, Tokens, Workload};

//! What a fault does, at which providers, and when.
//!
//! - [`Fault`]: as in the scenario; `seeded` has it under one seed.
//! - `kind`: what faults do; `when`: to which attempts they apply.
//! - `ramp`, `burst`: how strong and when they are active inside their [`Windows`].
//! - `keys`: the keys of the file; `fields`: their values; [`catalogue`]: the words. `parse`,
//!   `write` and `schema` use these tables.
//!
//! Faults of one provider stack in the order of [`Layer`], regardless of their order in the file:
//!
//! 1. the client (paused), the network, the connection: an attempt that never gets through meets no
//!    later fault;
//! 2. the exchange: of the faults that apply, only the first in the file takes effect. A refused
//!    request takes nothing from the provider's limits or slots;
//! 3. the provider itself: limits, capacity and prices, each changed by all active faults;
//! 4. the answer: all faults that strike apply. Speed factors are multiplied, delays are added, and
//!    of speed limits the lowest counts; of several cuts the earliest counts, and faults after it
//!    have no effect; of several flaws of one kind the first in the file counts.
//!
//! Faults are independent of each other: each has its own draws. The targets of one fault share its
//! draws, as with a common cause: for one call the result is the same at each of them. `provider`
//! and `world` implement what happens when a fault strikes.

mod burst;
pub mod catalogue;
mod fields;
pub(super) mod forms;
pub(super) mod keys;
mod kind;
pub(super) mod parse;
mod ramp;
mod reader;
#[cfg(feature = "cli")]
mod schema;
mod spec;
mod when;
pub(super) mod write;

pub use crate::text::one_of::OneOf;
pub use crate::time::Windows;
pub use crate::wire::fake::{
    Body, Cause, Choices, Counting, Finish, Hint, HintFormat, Inside, Label, Refusal, Terminator,
};
pub use burst::Burst;
pub use kind::{CloseMode, Delayed, FaultKind, Flaw, LateClose, Layer, SlowPart, StreamAnomaly};
pub use ramp::{Ramp, Recovery, Shape};
pub use spec::Fault;
pub use when::{Bound, Side, Sticky, When};

//! What a fault does, to whom, and when: pure arithmetic, and one keyed draw per attempt.
//!
//! - [`Fault`]: as the scenario means it; [`SeededFault`]: under one seed.
//! - `kind`: what faults do; `when`: which attempts they look at.
//! - `ramp`, `burst`: how strongly and when they are at work inside their [`Windows`].
//! - `keys`: the keys of the file; `fields`: what they may say; [`catalogue`]: the words. These
//!   tables are what `parse`, `write` and `schema` go by.
//!
//! Faults of one provider stack, in the order of [`Layer`], whatever their order in the file:
//!
//! 1. the client (it stands still), the network, the connection: who never gets through meets
//!    nothing of what follows;
//! 2. the exchange: of the faults that strike, the first in the file decides, and the others have
//!    not struck. Who is refused takes nothing from the provider's limits or slots;
//! 3. the provider itself: limits, capacity and prices, each shrunk by all that are at work;
//! 4. the answer: all that strike apply. Factors of pace are multiplied, delays added, of limits on
//!    speed the lowest holds; of several cuts the earliest wins, and what would show behind it has
//!    not struck; of several flaws of one kind the first in the file stands.
//!
//! Faults are independent of each other: each has its own draws. The targets of one fault share
//! them, as what has a common cause does: one call meets the same luck at each of them. Who
//! refuses, resets or stays silent when a fault strikes is the business of `provider` and `world`.

mod burst;
pub mod catalogue;
mod fields;
mod forms;
pub(super) mod keys;
mod kind;
pub(super) mod parse;
mod ramp;
mod reader;
#[cfg(feature = "cli")]
pub(super) mod schema;
mod seeded;
mod spec;
mod when;
pub(super) mod write;

pub use crate::time::Windows;
pub use crate::wire::fake::{
    Body, Cause, Choices, Counting, Finish, Hint, HintFormat, Inside, Label, Refusal, Terminator,
};
pub use burst::Burst;
pub use kind::Strength;
pub use kind::{CloseMode, Delayed, FaultKind, Flaw, Layer, SlowPart, StreamAnomaly};
pub(crate) use kind::{left_at, scaled_at};
pub use ramp::{Ramp, Recovery, Shape};
pub use seeded::SeededFault;
pub use spec::Fault;
pub use when::{AttemptInfo, Bound, Side, Sticky, When};

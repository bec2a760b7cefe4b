//! What a fault does, to whom, and when: pure arithmetic, and one keyed draw per attempt.
//!
//! - [`Fault`]: as the scenario means it; [`SeededFault`]: under one seed.
//! - `kind`: what faults do; `when`: which attempts they look at.
//! - `windows`, `ramp`, `burst`: when they are at work, and how strongly.
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
pub(super) mod keys;
mod kind;
pub(super) mod parse;
mod ramp;
mod reader;
#[cfg(feature = "cli")]
pub(super) mod schema;
mod seeded;
mod when;
pub(super) mod write;
mod written;

use std::time::Duration;

use crate::policy::{CallId, ProviderId};
use crate::time::Instant;
pub use crate::time::Windows;
use crate::units::Share;
pub use burst::Burst;
pub use kind::{CloseMode, Delayed, FaultKind, Flaw, Layer, SlowPart, StreamAnomaly};
pub use ramp::{Ramp, Recovery, Shape};
pub use seeded::{SeededFault, left_at, scaled_at};
pub use when::{Bound, Side, When};

/// An injected cause of failures.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Its name.
    pub name: String,
    /// Whom it strikes, all by the same luck: a provider, or a group with a shared cause.
    pub targets: Vec<ProviderId>,
    /// What it does.
    pub inject: FaultKind,
    /// The chance that it happens at all, drawn once per seed.
    pub chance: Share,
    /// When it is at work.
    pub windows: Windows,
    /// How it grows and fades inside its windows; none = it is at full strength.
    pub ramp: Option<Ramp>,
    /// How it fades after its windows; none = it is over.
    pub recovery: Option<Recovery>,
    /// How it comes and goes by itself meanwhile; none = it stays.
    pub burst: Option<Burst>,
    /// Which attempts it looks at.
    pub when: When,
    /// Share of attempts that it strikes while at work.
    pub rate: Share,
    /// How long its luck holds.
    pub sticky: Sticky,
}

/// An attempt, as far as faults look at it.
#[derive(Clone, Copy, Debug)]
pub struct AttemptInfo<'a> {
    /// When it reaches the provider.
    pub now: Instant,
    /// Its call; for a caller that sends none, the provider's own number.
    pub call: CallId,
    /// The how-manieth of that call at this provider, from 0.
    pub nth: u32,
    /// Whether the answer is streamed.
    pub streamed: bool,
    /// Prompt tokens.
    pub input: u64,
    /// The client process, from 0.
    pub client: u32,
    /// The model that it asks for.
    pub model: &'a str,
    /// The key that it shows.
    pub key: Option<&'a str>,
}

/// How long a fault's luck holds: what shares one draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sticky {
    /// Nothing: each attempt draws.
    Attempt,
    /// All attempts of a call at the provider; for a fault with several targets, at all of them.
    Call,
    /// All attempts within one such length of time, counted from the run's start.
    Length(Duration),
}

impl Fault {
    /// A fault that strikes every attempt at `targets`, the whole run long.
    pub fn new(name: impl Into<String>, targets: Vec<ProviderId>, inject: FaultKind) -> Self {
        Self {
            name: name.into(),
            targets,
            inject,
            chance: Share::WHOLE,
            windows: Windows::ALWAYS,
            ramp: None,
            recovery: None,
            burst: None,
            when: When::default(),
            rate: Share::WHOLE,
            sticky: Sticky::Attempt,
        }
    }

    /// When it can be at work: its windows, each with the recovery after it.
    pub(in crate::scenario) fn extents(&self) -> Windows {
        match self.recovery {
            Some(recovery) => self.windows.extended(recovery.over),
            None => self.windows,
        }
    }

    /// How strong its windows, ramp and recovery let it be at `now`.
    pub(in crate::scenario) fn envelope(&self, now: Instant) -> Share {
        let Some(offset) = self.windows.offset(now) else {
            return Share::ZERO;
        };
        let length = self.windows.length;
        let after = length.and_then(|length| offset.checked_sub(crate::time::nanos(length)));
        match (after, self.ramp, self.recovery) {
            (Some(after), _, recovery) => {
                recovery.map_or(Share::ZERO, |recovery| recovery.level(after))
            }
            (None, Some(ramp), _) => ramp.level(offset, length),
            (None, None, _) => Share::WHOLE,
        }
    }
}

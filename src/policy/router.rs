//! The router: in which order a call asks the providers.
//!
//! A call takes one turn when it begins, and that turn orders the fleet for it: the first attempt
//! and every fallback follow the same order. Whom a breaker refuses, and whom the call has already
//! tried, is not the router's matter.

use std::time::Duration;

use super::ask::Ask;
use super::config::{Policy, Strategy};
use super::member::Member;
use super::settings::Settings;
use super::{CallId, ProviderId};
use crate::rng::Draws;
use crate::time::Instant;

/// Hands out turns.
#[derive(Clone, Debug)]
pub struct Router {
    strategy: Strategy,
    providers: u16,
    next: u16,
}

/// The order in which one call asks the fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// As the fleet lists them, from this one on and around.
    From {
        /// The first.
        first: u16,
        /// How many there are.
        providers: u16,
    },
    /// These, in this order.
    Listed(Vec<ProviderId>),
}

/// How an attempt looked to whoever waited for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It went well, after so long (to the first token, if it was streamed).
    Well(Duration),
    /// It failed through the provider's fault.
    Failed,
    /// It was abandoned, or failed through nobody's fault here.
    Nothing,
}

impl Router {
    /// A router over these providers, under what the policy says of each of them.
    pub fn new(policy: &Policy, members: &[Member], _settings: &[Settings], _draws: Draws) -> Self {
        Self {
            strategy: policy.route.strategy,
            providers: u16::try_from(members.len()).unwrap_or(u16::MAX),
            next: 0,
        }
    }

    /// The turn of a call that begins now.
    pub fn turn(&mut self, _call: CallId, _ask: &Ask, _now: Instant) -> Turn {
        let first = match self.strategy {
            Strategy::RoundRobin => {
                let first = self.next;
                self.next = (first + 1).checked_rem(self.providers).unwrap_or(0);
                first
            }
            _ => 0,
        };
        Turn::From {
            first,
            providers: self.providers,
        }
    }

    /// An attempt starts.
    pub fn on_start(&mut self, _provider: ProviderId, _now: Instant) {}

    /// An attempt is over.
    pub fn on_end(&mut self, _provider: ProviderId, _seen: Seen, _now: Instant) {}
}

impl Turn {
    /// The providers in their order, each once.
    pub fn order(&self) -> impl Iterator<Item = ProviderId> + '_ {
        let (natural, listed) = match self {
            Self::From { first, providers } => ((*first..*providers).chain(0..*first), &[][..]),
            Self::Listed(listed) => ((0..0).chain(0..0), &listed[..]),
        };
        natural.map(ProviderId).chain(listed.iter().copied())
    }
}

impl Default for Turn {
    fn default() -> Self {
        Self::Listed(Vec::new())
    }
}

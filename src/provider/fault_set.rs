//! The faults that strike a request, and the effects of those that decide it.
//!
//! Only faults that act on exchanges are handled here; outages and blackholes are the network's.
//! `scenario` draws whether a fault strikes; `answer_effects` computes the effects on an answer. A
//! fault that changes nothing has not struck: anything after a refusal, a loss of capacity without
//! effect, a cache miss of an empty cache.

use std::time::Duration;

use super::answer_effects::{AnswerEffects, PlainAnswer, shows};
use crate::policy::ProviderId;
use crate::rng::RngStreams;
use crate::scenario::Scenario;
use crate::scenario::fault::{FaultKind, LateClose, Layer};
use crate::seeded::{ActiveFaults, AttemptInfo, SeededFault, left_at, scaled_at};
use crate::time::Instant;
use crate::trace::{Bill, FaultId};
use crate::units::{Factor, Share};
use crate::wire::fake::Refusal;

/// The faults of one provider by layer, each in the scenario's order.
#[derive(Clone, Debug)]
pub(super) struct Faults {
    exchange: ActiveFaults,
    answer: ActiveFaults,
    state: ActiveFaults,
}

/// A fault that decides the whole exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExchangeFault {
    /// Never answered; perhaps closed after a while.
    Hang(Option<LateClose>),
    /// The connection is reset.
    Reset,
    /// The connection is closed cleanly.
    Fin,
    /// The head of an answer is sent, and nothing more; perhaps closed after a while.
    Head(Option<LateClose>),
    /// Answered with an error.
    Refuse {
        /// The error.
        refusal: Refusal,
        /// Whether the prompt is billed all the same.
        billed: bool,
        /// How much later.
        late: Duration,
    },
}

/// How tokens are billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Billing {
    /// So many times the usual price.
    pub(super) price: Factor,
    /// So often.
    pub(super) times: usize,
}

impl Faults {
    /// The faults of `scenario` that act on exchanges with provider `id`.
    pub(super) fn new(scenario: &Scenario, id: ProviderId, draws: RngStreams) -> Self {
        let all = SeededFault::all(&scenario.faults, draws);
        let of = |layer| {
            let own = all.iter().filter(|one| one.fault.inject.layer() == layer);
            ActiveFaults::at_target(id, own)
        };
        Self {
            exchange: of(Layer::Exchange),
            answer: of(Layer::Answer),
            state: of(Layer::Provider),
        }
    }

    /// Puts `fault` in the place of the one with its number.
    pub(super) fn replace(&mut self, fault: &SeededFault) {
        for layer in [&mut self.exchange, &mut self.answer, &mut self.state] {
            layer.replace(fault);
        }
    }

    /// The first fault that strikes and decides the exchange.
    pub(super) fn verdict(&mut self, seen: &AttemptInfo<'_>) -> Option<(FaultId, ExchangeFault)> {
        self.exchange.at(seen.now).find_map(|drawn| {
            let verdict = match drawn.fault.inject {
                FaultKind::Hang { then } => ExchangeFault::Hang(then),
                FaultKind::Reset => ExchangeFault::Reset,
                FaultKind::EarlyFin => ExchangeFault::Fin,
                FaultKind::HeadersOnly { then } => ExchangeFault::Head(then),
                FaultKind::Refuse {
                    refusal,
                    billed,
                    late,
                } => ExchangeFault::Refuse {
                    refusal,
                    billed,
                    late,
                },
                _ => return None,
            };
            drawn.strikes(seen).then_some((drawn.id, verdict))
        })
    }

    /// The effects of faults on an answer of this kind.
    pub(super) fn effects(&mut self, seen: &AttemptInfo<'_>, shape: PlainAnswer) -> AnswerEffects {
        let struck = self.answer.at(seen.now).filter_map(|drawn| {
            let strikes = shows(&drawn.fault.inject, shape) && drawn.strikes(seen);
            strikes.then_some(&*drawn)
        });
        let struck: Vec<&SeededFault> = struck.collect();
        if struck.is_empty() {
            return AnswerEffects::default();
        }
        AnswerEffects::of(&struck, seen.now, shape)
    }

    /// How much of the slots is there at `now`.
    pub(super) fn slots_left(&mut self, now: Instant) -> Share {
        product(self.losses(now, slots_left))
    }

    /// The faults that take slots away at `now`.
    pub(super) fn slots_lost_to(&mut self, now: Instant) -> impl Iterator<Item = FaultId> {
        self.losses(now, slots_left).map(|(id, _)| id)
    }

    /// How much of the limits is there at `now`.
    pub(super) fn limits_left(&mut self, now: Instant) -> Share {
        product(self.losses(now, limits_left))
    }

    /// The faults that shrink the limits at `now`.
    pub(super) fn limits_lost_to(&mut self, now: Instant) -> impl Iterator<Item = FaultId> {
        self.losses(now, limits_left).map(|(id, _)| id)
    }

    /// The first fault that makes the request miss the cache.
    pub(super) fn cache_miss(&mut self, seen: &AttemptInfo<'_>) -> Option<FaultId> {
        self.state.at(seen.now).find_map(|drawn| {
            let strikes = matches!(drawn.fault.inject, FaultKind::CacheMiss) && drawn.strikes(seen);
            strikes.then_some(drawn.id)
        })
    }

    /// How the request is billed; adds the faults that change it to `fired`.
    pub(super) fn billing(&mut self, seen: &AttemptInfo<'_>, fired: &mut Vec<FaultId>) -> Billing {
        let mut billing = Billing::default();
        for drawn in self.state.at(seen.now) {
            let changes = match drawn.fault.inject {
                FaultKind::Price { factor } => {
                    let factor = scaled_at(factor, drawn.level(seen.now));
                    let strikes = factor != Factor::ONE && drawn.applies(seen);
                    if strikes {
                        billing.price = Factor::milli(factor.times(billing.price.as_milli()));
                    }
                    strikes
                }
                FaultKind::DoubleBilled => {
                    let strikes = billing.times == 1 && drawn.strikes(seen);
                    if strikes {
                        billing.times = 2;
                    }
                    strikes
                }
                _ => false,
            };
            if changes {
                fired.push(drawn.id);
            }
        }
        billing
    }

    /// What each fault of a kind leaves at `now`, of those that leave less than all.
    fn losses(
        &mut self,
        now: Instant,
        kind: fn(&FaultKind) -> Option<Share>,
    ) -> impl Iterator<Item = (FaultId, Share)> {
        self.state.at(now).filter_map(move |drawn| {
            let left = left_at(kind(&drawn.fault.inject)?, drawn.level(now));
            (left < Share::WHOLE).then_some((drawn.id, left))
        })
    }
}

impl Billing {
    /// `bill`, as many times as it is made.
    pub(super) fn bills(self, bill: Bill) -> impl Iterator<Item = Bill> {
        let price_milli = self.price.as_milli();
        std::iter::repeat_n(
            Bill {
                price_milli,
                ..bill
            },
            self.times,
        )
    }
}

impl Default for Billing {
    fn default() -> Self {
        Self {
            price: Factor::ONE,
            times: 1,
        }
    }
}

fn slots_left(inject: &FaultKind) -> Option<Share> {
    match inject {
        FaultKind::CapacityLoss { remaining } => Some(*remaining),
        _ => None,
    }
}

fn limits_left(inject: &FaultKind) -> Option<Share> {
    match inject {
        FaultKind::LimitShrink { remaining } => Some(*remaining),
        _ => None,
    }
}

fn product(losses: impl Iterator<Item = (FaultId, Share)>) -> Share {
    losses.fold(Share::WHOLE, |left, (_, each)| left.of_share(each))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_multiply() {
        let halves = [0, 1].map(|id| (FaultId(id), Share::percent(50)));
        assert_eq!(product(halves.into_iter()), Share::percent(25));
        assert_eq!(product([].into_iter()), Share::WHOLE);
    }
}

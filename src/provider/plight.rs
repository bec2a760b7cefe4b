//! Which faults strike a request, and what they make of its exchange.
//!
//! Only faults that act on exchanges are known here; outages and blackholes are the network's.
//! Whether a fault strikes is drawn in `scenario`; when its effect shows is `pace`'s matter.
//! A fault that changes nothing has not struck: a cut of a plain answer, a stall after more tokens
//! than the answer has or at the place where the stream is cut, whatever follows a refusal.

use std::time::Duration;

use super::pace::{Split, Then};
use crate::policy::{CallId, ProviderId};
use crate::rng::Draws;
use crate::scenario::Scenario;
use crate::scenario::fault::{Fault, Inject};
use crate::time::Instant;
use crate::trace::FaultId;

/// The faults of one provider, in the scenario's order.
#[derive(Clone, Debug)]
pub(super) struct Faults(Vec<(FaultId, Fault)>);

/// One request, as far as faults look at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    /// The run's luck.
    pub(super) draws: Draws,
    /// When the request was read.
    pub(super) now: Instant,
    /// Its call.
    pub(super) call: CallId,
    /// Its number among the call's attempts here.
    pub(super) nth: u32,
}

/// A fault that decides the whole exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Never answered.
    Hang,
    /// The connection is reset.
    Reset,
    /// Answered with an error.
    Status(u16, Option<Duration>),
}

/// Faults that spoil an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plight {
    /// Which, in the scenario's order.
    pub(super) fired: Vec<FaultId>,
    /// Factors of think time and token gaps, in thousandths.
    pub(super) slow: Vec<u64>,
    /// What interrupts the stream.
    pub(super) splits: Vec<Split>,
}

impl Faults {
    /// The faults of `scenario` that act on exchanges with provider `id`.
    pub(super) fn new(scenario: &Scenario, id: ProviderId) -> Self {
        let numbered = (0..=u16::MAX).map(FaultId).zip(&scenario.faults);
        let own = numbered.filter(|(_, fault)| {
            fault.target == id && !matches!(fault.inject, Inject::Outage | Inject::Blackhole)
        });
        Self(own.map(|(id, fault)| (id, fault.clone())).collect())
    }

    /// The first fault that strikes and decides the exchange.
    pub(super) fn verdict(&self, target: Target) -> Option<(FaultId, Verdict)> {
        self.0.iter().find_map(|(id, fault)| {
            let verdict = match fault.inject {
                Inject::Hang => Verdict::Hang,
                Inject::Reset => Verdict::Reset,
                Inject::Status {
                    status,
                    retry_after,
                } => Verdict::Status(status, retry_after),
                _ => return None,
            };
            target.is_struck(*id, fault).then_some((*id, verdict))
        })
    }

    /// What spoils the answer; `streamed` is the number of tokens of a streamed one.
    pub(super) fn plight(&self, target: Target, streamed: Option<u64>) -> Plight {
        let struck = self.0.iter().filter(|(id, fault)| {
            let shows = match fault.inject {
                Inject::Slow { .. } => true,
                _ => split_of(fault)
                    .zip(streamed)
                    .is_some_and(|(split, output)| split.after <= output),
            };
            shows && target.is_struck(*id, fault)
        });
        Plight::of(&struck.collect::<Vec<_>>())
    }
}

impl Target {
    fn is_struck(self, id: FaultId, fault: &Fault) -> bool {
        fault.strikes(id, self.draws, self.now, self.call, self.nth)
    }
}

impl Plight {
    /// The first of the earliest cuts ends the stream; other cuts and later stalls never show.
    fn of(struck: &[&(FaultId, Fault)]) -> Self {
        let first_cut = struck
            .iter()
            .filter_map(|(id, fault)| Some((*id, split_of(fault)?)))
            .filter(|(_, split)| matches!(split.then, Then::Cut(_)))
            .min_by_key(|(_, split)| split.after);
        let shows = |id, split| first_cut.is_none_or(|(cut, at)| id == cut || is_before(split, at));
        let mut plight = Self::default();
        for (id, fault) in struck {
            match (&fault.inject, split_of(fault)) {
                (Inject::Slow { factor_milli }, _) => plight.slow.push(*factor_milli),
                (_, Some(split)) if shows(*id, split) => plight.splits.push(split),
                _ => continue,
            }
            plight.fired.push(*id);
        }
        plight
    }
}

/// Whether `split` is a stall that still comes before `cut`.
fn is_before(split: Split, cut: Split) -> bool {
    matches!(split.then, Then::Stall(_)) && split.after < cut.after
}

/// What the fault does to a stream, if that is its kind.
fn split_of(fault: &Fault) -> Option<Split> {
    let (after, then) = match fault.inject {
        Inject::StreamCut { after, with } => (after, Then::Cut(with)),
        Inject::Stall { after, length } => (after, Then::Stall(length)),
        _ => return None,
    };
    Some(Split { after, then })
}

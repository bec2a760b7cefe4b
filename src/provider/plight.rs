//! Which faults strike a request, and what they make of its exchange.
//!
//! Only faults that act on exchanges are known here; outages and blackholes are the network's.
//! Whether a fault strikes is drawn in `scenario`; when its effect shows is `pace`'s matter.
//! A fault that changes nothing has not struck: a cut of a plain answer, a stall after more tokens
//! than the answer has or at the place where the stream is cut, whatever follows a refusal.

use super::pace::{Split, Then};
use crate::policy::ProviderId;
use crate::rng::Draws;
use crate::scenario::Scenario;
use crate::scenario::fault::{Drawn, Fault, Inject, Layer, Seen};
use crate::trace::FaultId;
use crate::wire::writer::Refusal;

/// The faults of one provider, in the scenario's order.
#[derive(Clone, Debug)]
pub(super) struct Faults(Vec<Drawn>);

/// A fault that decides the whole exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Never answered.
    Hang,
    /// The connection is reset.
    Reset,
    /// Answered with an error.
    Refuse(Refusal),
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
    pub(super) fn new(scenario: &Scenario, id: ProviderId, draws: Draws) -> Self {
        let drawn = Drawn::all(&scenario.faults, draws).into_iter();
        let own = drawn.filter(|Drawn { fault, .. }| {
            fault.targets.contains(&id) && fault.inject.layer() >= Layer::Exchange
        });
        Self(own.collect())
    }

    /// The first fault that strikes and decides the exchange.
    pub(super) fn verdict(&self, seen: &Seen<'_>) -> Option<(FaultId, Verdict)> {
        self.0.iter().find_map(|drawn| {
            let verdict = match drawn.fault.inject {
                Inject::Hang => Verdict::Hang,
                Inject::Reset => Verdict::Reset,
                Inject::Refuse { refusal, .. } => Verdict::Refuse(refusal),
                _ => return None,
            };
            drawn.strikes(seen).then_some((drawn.id, verdict))
        })
    }

    /// What spoils the answer; `streamed` is the number of tokens of a streamed one.
    pub(super) fn plight(&self, seen: &Seen<'_>, streamed: Option<u64>) -> Plight {
        let struck = self.0.iter().filter(|drawn| {
            let shows = match drawn.fault.inject {
                Inject::Slow { .. } => true,
                _ => split_of(&drawn.fault)
                    .zip(streamed)
                    .is_some_and(|(split, output)| split.after <= output),
            };
            shows && drawn.strikes(seen)
        });
        Plight::of(&struck.collect::<Vec<_>>())
    }
}

impl Plight {
    /// The first of the earliest cuts ends the stream; other cuts and later stalls never show.
    fn of(struck: &[&Drawn]) -> Self {
        let first_cut = struck
            .iter()
            .filter_map(|drawn| Some((drawn.id, split_of(&drawn.fault)?)))
            .filter(|(_, split)| matches!(split.then, Then::Cut(_)))
            .min_by_key(|(_, split)| split.after);
        let shows = |id, split| first_cut.is_none_or(|(cut, at)| id == cut || is_before(split, at));
        let mut plight = Self::default();
        for Drawn { id, fault, .. } in struck {
            match (&fault.inject, split_of(fault)) {
                (Inject::Slow { factor_milli, .. }, _) => plight.slow.push(*factor_milli),
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
        Inject::StreamCut { after, with, .. } => (after, Then::Cut(with)),
        Inject::Stall { after, length, .. } => (after, Then::Stall(length)),
        _ => return None,
    };
    Some(Split { after, then })
}

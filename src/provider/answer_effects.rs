//! The combined effect of several faults on one answer.
//!
//! Factors multiply and delays add. Of several token rates or bandwidths the lowest holds; of
//! effects that can happen only once (keep-alives, an extra event at one position, a flaw of one
//! field) the first in the scenario's order. The earliest end of a stream wins, and hides effects
//! at or after its position. A body in place of the answer (empty, HTML, an error object) holds no
//! tokens, and hides all effects on tokens. Keep-alives without end hide everything else.

use std::time::Duration;

use super::chunks::{End, Split, Then};
use super::corruption::{self, Visibility, is_right};
use crate::policy::ProviderId;
use crate::scenario::fault::{Delayed, FaultKind, Flaw, SlowPart};
use crate::seeded::{SeededFault, scaled_at};
use crate::time::Instant;
use crate::trace::FaultId;
use crate::units::{Bandwidth, Factor, TokenRate};
use crate::wire::Dialect;
use crate::wire::fake::{Body, Flaws};

/// An answer without faults.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlainAnswer {
    /// Whether it is streamed.
    pub(super) streamed: bool,
    /// Its tokens.
    pub(super) output: u64,
}

/// The effects of faults on an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AnswerEffects {
    /// The faults that struck, in the scenario's order.
    pub(super) fired: Vec<FaultId>,
    /// Factors of think time.
    pub(super) think: Vec<Factor>,
    /// Heavy tails of think time.
    pub(super) tails: Vec<Tail>,
    /// All of it comes so much later.
    pub(super) late: Duration,
    /// Keep-alives before the answer.
    pub(super) hold: Option<KeepAlive>,
    /// Factors of the gaps between tokens.
    pub(super) gaps: Vec<Factor>,
    /// Tokens leave one by one, no faster than this.
    pub(super) drip: Option<TokenRate>,
    /// Bytes leave no faster than this.
    pub(super) bandwidth: Option<Bandwidth>,
    /// Each write is torn in two inside a character.
    pub(super) halves: bool,
    /// Interruptions of the stream.
    pub(super) splits: Vec<Split>,
    /// Flaws of the content.
    pub(super) flaws: Option<Box<Flaws>>,
}

/// A heavy tail of think time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// The fault that it is of.
    pub(super) fault: FaultId,
    /// The provider whose draws hold.
    pub(super) fate: ProviderId,
    /// Its index.
    pub(super) index: Factor,
}

/// How long keep-alives are sent instead of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeepAlive {
    /// The answer comes this much later.
    By(Duration),
    /// The answer never comes.
    Never,
}

/// The parts of the answer that all faults together change.
struct CombinedEffects {
    shape: PlainAnswer,
    /// The body in place of the answer, and its fault.
    body: Option<(FaultId, Body)>,
    /// The fault that ends the stream, and after how many tokens.
    end: Option<(FaultId, u64)>,
    drip: Option<TokenRate>,
    bandwidth: Option<Bandwidth>,
}

/// Whether a fault has an effect on an answer of this kind.
pub(super) fn shows(inject: &FaultKind, shape: PlainAnswer) -> bool {
    match inject {
        FaultKind::Drip { .. } | FaultKind::Split => shape.streamed,
        FaultKind::Flaw(Flaw::Body(body)) => corruption::can_be(*body, shape.streamed),
        _ => split_of(inject).is_none_or(|split| shape.streamed && split.after <= shape.output),
    }
}

impl AnswerEffects {
    /// The effects of the faults that strike, in the scenario's order, on an answer at `now`.
    pub(super) fn of(struck: &[&SeededFault], now: Instant, shape: PlainAnswer) -> Self {
        if let Some(drawn) = struck.iter().find(|drawn| is_endless(drawn)) {
            return Self {
                fired: vec![drawn.id],
                hold: Some(KeepAlive::Never),
                ..Self::default()
            };
        }
        let scene = CombinedEffects::of(struck, shape);
        let mut effects = Self::default();
        for drawn in struck {
            if effects.apply(drawn, now, &scene) {
                effects.fired.push(drawn.id);
            }
        }
        effects
    }

    /// How many tokens of `output` are sent.
    pub(super) fn delivered(&self, output: u64) -> u64 {
        let end = self.splits.iter().find(|split| ends(split.then));
        match end {
            _ if self.hold == Some(KeepAlive::Never) || self.stand_in() => 0,
            Some(end) => end.after,
            None => output,
        }
    }

    /// Whether a body is sent in place of the answer.
    pub(super) fn stand_in(&self) -> bool {
        let flaws = self.flaws.as_ref();
        flaws.is_some_and(|flaws| corruption::stands_in(flaws.body))
    }

    /// Whether half of the body is all that comes.
    pub(super) fn cuts_the_body(&self) -> bool {
        let flaws = self.flaws.as_ref();
        flaws.is_some_and(|flaws| flaws.body == Body::Short)
    }

    /// Whether the bytes of the answer hold more than its tokens and its usage tell.
    pub(super) fn shape_bytes(&self) -> bool {
        let Self {
            fired: _,
            think: _,
            tails: _,
            late: _,
            hold,
            gaps: _,
            drip: _,
            bandwidth,
            halves,
            splits,
            flaws,
        } = self;
        let is_bent = |split: &Split| !matches!(split.then, Then::Stall(_));
        let is_cut = bandwidth.is_some() || *halves || splits.iter().any(is_bent);
        hold.is_some() || is_cut || flaws.is_some()
    }

    /// Whether the caller gets a whole and correct answer in this dialect.
    pub(super) fn is_right(&self, dialect: Dialect) -> bool {
        let is_odd = |split: &Split| ends(split.then) || matches!(split.then, Then::Event(_));
        let flaws = self.flaws.as_ref();
        !self.splits.iter().any(is_odd) && flaws.is_none_or(|flaws| is_right(flaws, dialect))
    }

    /// Adds a fault; returns whether it changes anything.
    fn apply(&mut self, drawn: &SeededFault, now: Instant, scene: &CombinedEffects) -> bool {
        match &drawn.fault.inject {
            FaultKind::Slow { factor, what } => {
                self.slow(scaled_at(*factor, drawn.level(now)), *what, scene)
            }
            FaultKind::Delay { what, by } => self.delay(*what, *by, scene),
            FaultKind::HeavyTail { index } => {
                let tail = drawn.fate().map(|fate| Tail {
                    fault: drawn.id,
                    fate,
                    index: *index,
                });
                self.tails.extend(tail);
                true
            }
            FaultKind::KeepAlive { by } => {
                let holds = self.hold.is_none() && !scene.stands_in();
                if holds {
                    self.hold = by.map(KeepAlive::By);
                }
                holds
            }
            FaultKind::Drip { speed } => {
                let drips = scene.drip == Some(*speed) && scene.tokens() > 1;
                drips && self.drip.replace(*speed).is_none()
            }
            FaultKind::Bandwidth { cap } => {
                scene.bandwidth == Some(*cap) && self.bandwidth.replace(*cap).is_none()
            }
            FaultKind::Split => scene.tokens() > 0 && !std::mem::replace(&mut self.halves, true),
            FaultKind::Flaw(flaw) => self.flaw(drawn.id, flaw, scene),
            inject => split_of(inject).is_some_and(|split| self.split(drawn.id, split, scene)),
        }
    }

    fn slow(&mut self, factor: Factor, what: SlowPart, scene: &CombinedEffects) -> bool {
        let gaps = scene
            .tokens()
            .saturating_sub(u64::from(scene.shape.streamed));
        if factor == Factor::ONE || (what == SlowPart::Tokens && gaps == 0) {
            return false;
        }
        if what != SlowPart::Tokens {
            self.think.push(factor);
        }
        if what != SlowPart::Ttft {
            self.gaps.push(factor);
        }
        true
    }

    fn delay(&mut self, what: Delayed, by: Duration, scene: &CombinedEffects) -> bool {
        if by.is_zero() {
            return false;
        }
        if what == Delayed::FirstToken && scene.streams() {
            // The head and the opening of the stream are not delayed.
            let shows = scene.end.is_none_or(|(_, after)| after > 0);
            if shows {
                self.splits.push(Split {
                    after: 0,
                    then: Then::Stall(by),
                });
            }
            return shows;
        }
        self.late = self.late.saturating_add(by);
        true
    }

    fn flaw(&mut self, id: FaultId, flaw: &Flaw, scene: &CombinedEffects) -> bool {
        let mut flaws = self.flaws.take().unwrap_or_default();
        let changes = match (flaw, scene.body) {
            (Flaw::Body(body), Some((first, _))) if first == id => {
                flaws.body = *body;
                true
            }
            _ => corruption::add(&mut flaws, flaw, scene.shown()),
        };
        self.flaws = (*flaws != Flaws::default()).then_some(flaws);
        changes
    }

    fn split(&mut self, id: FaultId, split: Split, scene: &CombinedEffects) -> bool {
        let is_taken = |other: &Split| {
            let both = (split.then, other.then);
            other.after == split.after && matches!(both, (Then::Event(_), Then::Event(_)))
        };
        let shows = scene.streams()
            && split.then != Then::Stall(Duration::ZERO)
            && scene
                .end
                .is_none_or(|(end, after)| end == id || split.after < after)
            && !self.splits.iter().any(is_taken);
        if shows {
            self.splits.push(split);
        }
        shows
    }
}

impl CombinedEffects {
    fn of(struck: &[&SeededFault], shape: PlainAnswer) -> Self {
        let bodies = struck.iter().filter_map(|drawn| match drawn.fault.inject {
            FaultKind::Flaw(Flaw::Body(body)) => Some((drawn.id, body)),
            _ => None,
        });
        let drips = struck.iter().filter_map(|drawn| match drawn.fault.inject {
            FaultKind::Drip { speed } => Some(speed),
            _ => None,
        });
        let bandwidths = struck.iter().filter_map(|drawn| match drawn.fault.inject {
            FaultKind::Bandwidth { cap } => Some(cap),
            _ => None,
        });
        let ends = struck.iter().filter_map(|drawn| {
            let split = split_of(&drawn.fault.inject)?;
            ends(split.then).then_some((drawn.id, split.after))
        });
        Self {
            shape,
            body: bodies.into_iter().next(),
            end: ends.min_by_key(|(_, after)| *after),
            drip: drips.min(),
            bandwidth: bandwidths.min(),
        }
    }

    fn stands_in(&self) -> bool {
        self.body
            .is_some_and(|(_, body)| corruption::stands_in(body))
    }

    /// Whether tokens are sent one after the other.
    fn streams(&self) -> bool {
        self.shape.streamed && !self.stands_in()
    }

    /// How many tokens are sent.
    fn tokens(&self) -> u64 {
        match self.end {
            _ if self.stands_in() => 0,
            Some((_, after)) => after,
            None => self.shape.output,
        }
    }

    fn shown(&self) -> Visibility {
        Visibility {
            body: self.body.is_none(),
            closes: self.end.is_none(),
            streamed: self.shape.streamed,
        }
    }
}

fn is_endless(drawn: &SeededFault) -> bool {
    matches!(drawn.fault.inject, FaultKind::KeepAlive { by: None })
}

fn ends(then: Then) -> bool {
    matches!(then, Then::End(..))
}

/// The split of a stream that a fault causes, if any.
fn split_of(inject: &FaultKind) -> Option<Split> {
    let (after, then) = match *inject {
        FaultKind::StreamCut {
            after,
            with,
            inside,
        } => (after, Then::End(Duration::ZERO, End::Cut(with, inside))),
        FaultKind::Stall {
            after,
            length,
            then: None,
        } => (after, Then::Stall(length)),
        FaultKind::Stall {
            after,
            length,
            then: Some(with),
        } => (after, Then::End(length, End::Cut(with, None))),
        FaultKind::InBand { after, cause } => (after, Then::End(Duration::ZERO, End::Error(cause))),
        FaultKind::Event { after, event } => (after, Then::Event(event)),
        _ => return None,
    };
    Some(Split { after, then })
}

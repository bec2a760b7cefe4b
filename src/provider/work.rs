//! How an admitted request is worked on: its duration and its answer.
//!
//! `answer_effects` decides the effects of faults on the answer; the exchange computes when it
//! ends.

use std::sync::Arc;
use std::time::Duration;

use super::answer_effects::{AnswerEffects, KeepAlive};
use super::chunks::{ChunkSchedule, TokenRate, slowed, whole_ms};
use super::egress::Line;
use super::exchange::{Answer, Exchange, KeepAlives, Plain};
use super::fault_set::Billing;
use super::payload::Payload;
use super::slots::SlotGrant;
use super::stream::Stream;
use super::{Provider, Request, TERA, prompt};
use crate::rng::Purpose;
use crate::time::{Instant, nanos};
use crate::trace::FaultId;
use crate::units::Factor;
use crate::wire::fake::{Part, Quotas, Stamp, Usage};

/// A request in progress.
pub(super) struct Work<'a> {
    /// The request.
    pub(super) request: &'a Request,
    /// When it was read.
    pub(super) read: Instant,
    /// When the work begins, and its slowdown.
    pub(super) place: SlotGrant,
    /// The quotas.
    pub(super) quotas: Quotas,
    /// The effects of faults on the answer.
    pub(super) effects: AnswerEffects,
    /// How it is billed.
    pub(super) billing: Billing,
    /// Its tokens, as many as are sent.
    pub(super) usage: Usage,
}

impl Provider {
    /// A whole answer, or one with the effects of faults.
    pub(super) fn answer<W: Payload>(&self, work: Work<'_>, fired: &[FaultId]) -> Exchange<W> {
        let line = Line::new(work.effects.bandwidth);
        let exchange = Exchange::new(line, work.billing).then_fired(work.read, fired);
        let begin = whole_ms(work.place.start);
        if work.effects.hold == Some(KeepAlive::Never) {
            let end = begin + PATIENCE;
            return self
                .held(exchange, &work, end)
                .then_answer(Answer::Never(end));
        }
        let start = begin + self.think(&work);
        let exchange = exchange.then_billed(begin, prompt(work.request, work.usage.cached));
        if work.effects.stand_in() {
            return self.stood_in(exchange, work, whole_ms(start));
        }
        match work.request.streamed {
            true => self.streamed(exchange, work, whole_ms(start)),
            false => self.plain(exchange, &work, start),
        }
    }

    /// A plain answer whose first token is ready at `start`.
    fn plain<W: Payload>(
        &self,
        exchange: Exchange<W>,
        work: &Work<'_>,
        start: Instant,
    ) -> Exchange<W> {
        let generation = self.gap(work).saturating_mul(work.request.tokens.output);
        let done = whole_ms(start + Duration::from_nanos(generation));
        let stamp = || self.stamp_of(work, done);
        let sound = match work.effects.shape_bytes() {
            true => None,
            false => W::completion(&work.request.form, work.usage),
        };
        let (exchange, payload) = match (work.effects.hold, sound) {
            (Some(_), _) => (
                self.held(exchange, work, done),
                self.writer.late_completion(&stamp(), work.usage).into(),
            ),
            (None, Some(sound)) => (exchange, sound),
            (None, None) => {
                let bytes = self.writer.completion(&stamp(), work.usage);
                (exchange, bytes.into())
            }
        };
        exchange.then_answer(Answer::Plain(Plain {
            at: done,
            payload,
            output: work.usage.output,
            is_right: work.effects.is_right(self.dialect),
            closes: work.effects.cuts_the_body(),
        }))
    }

    /// A streamed answer whose first token is due at `start`.
    fn streamed<W: Payload>(
        &self,
        exchange: Exchange<W>,
        work: Work<'_>,
        start: Instant,
    ) -> Exchange<W> {
        let gap = self.gap(&work);
        let beat = match work.effects.drip {
            Some(speed) => TokenRate::one_by_one(gap.max(TERA / speed.as_milli().max(1))),
            None => TokenRate::bundled(gap),
        };
        let exchange = match work.effects.hold {
            Some(_) => self.held(exchange, &work, start),
            None => exchange,
        };
        let output = work.request.tokens.output;
        exchange.then_answer(Answer::Stream(Box::new(Stream {
            writer: Arc::clone(&self.writer),
            stamp: self.stamp_of(&work, start),
            head: work.effects.hold.is_none(),
            halves: work.effects.halves,
            is_right: work.effects.is_right(self.dialect),
            exact: work.effects.shape_bytes(),
            usage: work.usage,
            pace: ChunkSchedule::new(start, beat, output, work.effects.splits),
        })))
    }

    /// A body in place of the answer, when its first token would be ready.
    fn stood_in<W: Payload>(
        &self,
        exchange: Exchange<W>,
        work: Work<'_>,
        start: Instant,
    ) -> Exchange<W> {
        let stamp = self.stamp_of(&work, start);
        let all = Part {
            head: true,
            opens: true,
            prompt: Some(work.usage),
            closes: Some(work.usage),
            ..Part::default()
        };
        let bytes = match work.request.streamed {
            true => self.writer.part(&stamp, &all),
            false => self.writer.completion(&stamp, work.usage),
        };
        exchange.then_answer(Answer::Plain(Plain {
            at: start,
            payload: bytes.into(),
            output: 0,
            is_right: false,
            closes: false,
        }))
    }

    /// The head when the work begins, and keep-alives until `end`.
    fn held<W: Payload>(
        &self,
        exchange: Exchange<W>,
        work: &Work<'_>,
        end: Instant,
    ) -> Exchange<W> {
        let begin = whole_ms(work.place.start);
        let stamp = self.stamp_of(work, begin);
        let waiting = |first| self.writer.waiting(&stamp, work.request.streamed, first);
        let hold = KeepAlives {
            next: begin + KeepAlives::<W>::EVERY,
            until: end,
            payload: waiting(false).into(),
        };
        exchange.then_held(begin, waiting(true).into(), hold)
    }

    /// From the beginning of the work to the first token: a draw of the time that a client
    /// measures, minus the round trip in it, with the effects of faults and load.
    fn think(&self, work: &Work<'_>) -> Duration {
        let (call, nth) = (work.request.call.0, u64::from(work.request.nth));
        let provider = u64::from(self.id.0);
        let mut stream = self.draws.stream(Purpose::Ttft, call, provider, nth);
        let drawn = Duration::from_nanos(stream.drawn(&self.ttft) as u64);
        let mut think = drawn.saturating_sub(self.round_trip);
        think = slowed(think, &work.effects.think);
        for tail in &work.effects.tails {
            let key = u64::from(tail.fault.0) << 16 | u64::from(tail.fate.0);
            let mut stream = self.draws.stream(Purpose::HeavyTail, call, key, nth);
            let factor = stream.pareto(tail.index.as_milli() as f64 / 1_000.0) * 1_000.0;
            think = slowed(think, &[Factor::milli(factor as u64)]);
        }
        let late = match work.effects.hold {
            Some(KeepAlive::By(by)) => work.effects.late.saturating_add(by),
            _ => work.effects.late,
        };
        slowed(think, &[work.place.slowdown]).saturating_add(late)
    }

    /// The time between tokens, in nanoseconds.
    fn gap(&self, work: &Work<'_>) -> u64 {
        let gap = Duration::from_nanos(TERA / self.speed(work.request).max(1));
        let gap = slowed(gap, &work.effects.gaps);
        nanos(slowed(gap, &[work.place.slowdown]))
    }

    /// Tokens per second of this attempt, in thousandths.
    fn speed(&self, request: &Request) -> u64 {
        if let Some(speed) = self.speed.constant() {
            return speed as u64;
        }
        let mut stream = self.draws.stream(
            Purpose::Speed,
            request.call.0,
            u64::from(self.id.0),
            u64::from(request.nth),
        );
        stream.drawn(&self.speed) as u64
    }

    fn stamp_of(&self, work: &Work<'_>, at: Instant) -> Stamp {
        Stamp {
            flaws: work.effects.flaws.clone(),
            ..self.stamp(work.request, at, at.since(work.read), work.quotas)
        }
    }
}

/// How long keep-alives are sent when no answer comes. DeepSeek closes the connection when
/// inference has not begun after ten minutes (its page on rate limits).
const PATIENCE: Duration = Duration::from_secs(600);

//! The fake provider: limits, token speed and faults, as a pure state machine.
//!
//! A host calls [`Provider::on_request`] and executes the [`Exchange`] that it returns: bytes to
//! write, with their times. The provider reads no request, opens no socket and sets no timer; bytes
//! come from `wire`'s writers.
//!
//! # How faults combine
//!
//! A request meets faults layer by layer: those of the client, the network and the connection (in
//! the world), then here
//!
//! 1. the exchange: the first that strikes (an error, a hang, a reset, an early end, a head alone)
//!    decides it, and the rest is skipped;
//! 2. the length of the prompt, which may exceed the model's context;
//! 3. the provider's state: limits, which faults may have shrunk; then slots, likewise; then its
//!    cache and its prices;
//! 4. the answer: effects on its timing and content (`answer_effects` combines them).
//!
//! # What is billed
//!
//! Errors are sent at once, without think time, as those of real providers are, unless the fault
//! delays its error. A request that is
//! refused by a fault, a limit or a full queue is billed nothing, unless the fault bills the
//! prompt. A hang, a reset, an early end and a head alone are billed nothing, nor are keep-alives
//! without an answer. Everything else that begins with a 200 is work: its prompt is billed when the
//! work begins, its cached part at the cache's price; its output when it ends, or when the stream
//! is cut, as many tokens as were sent. A body in place of an answer has no tokens. An answer with
//! other flaws is billed like a correct one.
//!
//! # What is answered
//!
//! [`Action::Answered`] says that the caller gets a whole and correct answer: no early end, no
//! extra event, no flaw that hides a missing part (`corruption` says which do).
//!
//! All times are whole milliseconds, rounded up.

mod answer_effects;
mod cache;
mod chunks;
mod completion_times;
mod corruption;
mod egress;
mod exchange;
mod fault_set;
mod limits;
mod never;
mod payload;
mod slots;
mod state;
mod stream;
mod work;

use std::sync::Arc;
use std::time::Duration;

pub use exchange::{Action, Exchange};
pub(crate) use payload::Payload;
pub(crate) use state::{LimitState, ProviderState};

use crate::policy::{CallId, ProviderId};
use crate::rng::{Lognormal, RngStreams};
use crate::scenario;
use crate::seeded::{AttemptInfo, SeededFault, Tokens};
use crate::time::{Instant, nanos};
use crate::trace::{Bill, FaultId};
use crate::units::Factor;
use crate::wire::Dialect;
use crate::wire::fake::{Cause, Form, Part, Quotas, Refusal, Stamp, Usage, Writer};
use answer_effects::PlainAnswer;
use cache::Cache;
pub(crate) use chunks::whole_ms;
use egress::Line;
use fault_set::{Billing, ExchangeFault, Faults};
use limits::{LimitRequest, Limits};
pub(crate) use never::{why_never, why_never_served};
use slots::{SlotGrant, Slots};
use work::Work;

/// One fake provider.
#[derive(Debug)]
pub struct Provider {
    id: ProviderId,
    dialect: Dialect,
    draws: RngStreams,
    /// In nanoseconds.
    ttft: Lognormal,
    round_trip: Duration,
    /// In thousandths of a token per second.
    speed: Lognormal,
    limits: Limits,
    slots: Slots,
    cache: Cache,
    context: Option<u64>,
    faults: Faults,
    writer: Arc<Writer>,
}

/// A request as the provider reads it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The call's number; for a caller that sends none, the provider's own number.
    pub call: CallId,
    /// The attempt's number among that call's attempts at this provider, from 0.
    pub nth: u32,
    /// Whether the answer is streamed.
    pub streamed: bool,
    /// Its token counts.
    pub tokens: Tokens,
    /// The maximum of output tokens that it asks for.
    pub max_tokens: Option<u64>,
    /// The number of its client process, from 0.
    pub client: u32,
    /// The requested model.
    pub model: Arc<str>,
    /// Its key.
    pub key: Option<Arc<str>>,
    /// Whether it has a call's number; a health check has none.
    pub is_known: bool,
    /// The form of the answer that it asks for.
    pub(crate) form: Form,
}

impl Request {
    /// A request with these fields only.
    pub fn new(call: CallId, nth: u32, streamed: bool, tokens: Tokens) -> Self {
        Self {
            call,
            nth,
            streamed,
            tokens,
            max_tokens: None,
            client: 0,
            model: Arc::default(),
            key: None,
            is_known: true,
            form: Form::default(),
        }
    }

    /// The request as faults see it when it is read at `now`.
    fn seen(&self, now: Instant) -> AttemptInfo<'_> {
        AttemptInfo {
            now,
            call: self.call,
            nth: self.nth,
            streamed: self.streamed,
            input: self.tokens.input,
            client: self.client,
            model: &self.model,
            key: self.key.as_deref(),
        }
    }
}

impl Provider {
    /// Provider `id` of `scenario`, which must exist, with the draws of `draws`.
    pub fn new(scenario: &scenario::Scenario, id: ProviderId, draws: RngStreams) -> Self {
        let profile = &scenario.providers[id.index()];
        let (ttft, speed) = (profile.ttft, profile.speed);
        Self {
            id,
            dialect: profile.dialect,
            draws,
            ttft: Lognormal::new(nanos(ttft.p50) as f64, nanos(ttft.p99) as f64),
            round_trip: profile.one_way.saturating_mul(2),
            speed: Lognormal::new(speed.p50.as_milli() as f64, speed.p99.as_milli() as f64),
            limits: Limits::new(&profile.limits),
            slots: Slots::new(profile.capacity),
            cache: Cache::new(profile.cache),
            context: profile.context,
            faults: Faults::new(scenario, id, draws),
            writer: Arc::new(Writer::new(profile.dialect, &profile.model)),
        }
    }

    /// The providers of `scenario`, in order: those of one account share its limits.
    pub fn all(scenario: &scenario::Scenario, draws: RngStreams) -> Vec<Self> {
        let ids = (0..=u16::MAX)
            .map(ProviderId)
            .take(scenario.providers.len());
        let mut all: Vec<Self> = ids.map(|id| Self::new(scenario, id, draws)).collect();
        for (first, other) in limits::of_one_account(&scenario.providers) {
            all[other].limits = all[first].limits.shared();
        }
        all
    }

    /// An outage begins: all work is lost.
    pub(crate) fn on_outage(&mut self) {
        self.slots.clear();
        self.limits.clear();
    }

    /// Puts `fault` in the place of the one with its number.
    pub(crate) fn replace_fault(&mut self, fault: &SeededFault) {
        self.faults.replace(fault);
    }

    /// The use of its limits and slots at `now`.
    pub(crate) fn state(&mut self, now: Instant) -> ProviderState {
        self.limits.press(self.slots.busy(now));
        let limits_left = self.faults.limits_left(now);
        let slots_left = self.faults.slots_left(now);
        ProviderState {
            limits: self.limits.state(now, limits_left),
            slots: self.slots.state(now, slots_left),
        }
    }

    /// Answers a request that was read whole at `now`, in bytes.
    pub fn on_request(&mut self, now: Instant, request: &Request) -> Exchange {
        self.respond(now, request)
    }

    /// Answers a request that was read whole at `now`.
    pub(crate) fn respond<W: Payload>(&mut self, now: Instant, request: &Request) -> Exchange<W> {
        let seen = request.seen(now);
        if let Some((fault, verdict)) = self.faults.verdict(&seen) {
            return self.struck(&seen, request, fault, verdict);
        }
        if self.context.is_some_and(|most| request.tokens.input > most) {
            let refusal = Refusal::of(Cause::ContextTooLong);
            let at = whole_ms(now);
            let (exchange, quotas) = (Exchange::default(), Quotas::default());
            return self.refuse(exchange, at, request, quotas, &refusal);
        }
        let (admitted, quotas) = self.admit(now, request);
        match admitted {
            Ok(place) => self.work(&seen, request, place, quotas),
            Err(refusal) => {
                let fired = self.in_the_way(now, &quotas, &refusal);
                let at = whole_ms(now);
                let exchange = Exchange::default().then_fired(at, &fired);
                self.refuse(exchange, at, request, quotas, &refusal)
            }
        }
    }

    /// The exchange of a fault that decides it.
    fn struck<W: Payload>(
        &mut self,
        seen: &AttemptInfo<'_>,
        request: &Request,
        fault: FaultId,
        verdict: ExchangeFault,
    ) -> Exchange<W> {
        let at = whole_ms(seen.now);
        let exchange = Exchange::default().then_fired(at, &[fault]);
        let (refusal, billed, late) = match verdict {
            ExchangeFault::Hang(then) => return exchange.then_left(at, then),
            ExchangeFault::Reset => return exchange.then(at, Action::Rst),
            ExchangeFault::Fin => return exchange.then(at, Action::Fin),
            ExchangeFault::Head(then) => {
                let head = Action::Write(self.head(request, at).into());
                return exchange.then(at, head).then_left(at, then);
            }
            ExchangeFault::Refuse {
                refusal,
                billed,
                late,
            } => (refusal, billed, late),
        };
        let exchange = match billed {
            true => self.billed_for_nothing(seen, request, fault),
            false => exchange,
        };
        let quotas = self.exhausted(request.key.as_deref(), &refusal);
        let at = whole_ms(seen.now + late);
        let stamp = self.stamp(request, at, late, quotas);
        exchange.then(at, Action::Write(W::refusal(&self.writer, stamp, &refusal)))
    }

    /// The beginning of an exchange that ends in an error, and bills the prompt.
    fn billed_for_nothing<W: Payload>(
        &mut self,
        seen: &AttemptInfo<'_>,
        request: &Request,
        by: FaultId,
    ) -> Exchange<W> {
        let at = whole_ms(seen.now);
        let mut fired = vec![by];
        let (billing, cached) = self.charges(seen, request, &mut fired);
        let bill = prompt(request, cached);
        Exchange::new(Line::default(), billing)
            .then_fired(at, &fired)
            .then_billed(at, bill)
    }

    /// How the request is billed, and how many tokens of its prompt are cached; adds the faults
    /// involved to `fired`, in the scenario's order.
    fn charges(
        &mut self,
        seen: &AttemptInfo<'_>,
        request: &Request,
        fired: &mut Vec<FaultId>,
    ) -> (Billing, u64) {
        let Tokens { input, prefix, .. } = request.tokens;
        let mut cached = self.cache.cached(seen.now, prefix).min(input);
        if cached > 0
            && let Some(fault) = self.faults.cache_miss(seen)
        {
            fired.push(fault);
            cached = 0;
        }
        let billing = self.faults.billing(seen, fired);
        fired.sort();
        (billing, cached)
    }

    /// Whether limits and slots admit a request, and the quotas in any case.
    fn admit(&mut self, now: Instant, request: &Request) -> (Result<SlotGrant, Refusal>, Quotas) {
        let ask = LimitRequest {
            input: request.tokens.input,
            output: request.max_tokens.unwrap_or(request.tokens.output),
        };
        self.limits.press(self.slots.busy(now));
        let key = request.key.as_deref();
        let left = self.faults.limits_left(now);
        let slots_left = self.faults.slots_left(now);
        match self.limits.admit(now, key, ask, left) {
            Ok(quotas) => match self.slots.admit(now, slots_left) {
                Ok(place) => (Ok(place), quotas),
                Err(slots::QueueFull) => {
                    self.limits.settle(now, 0, 0);
                    (Err(Refusal::of(Cause::Overloaded)), quotas)
                }
            },
            Err(denied) => {
                let refusal = Refusal::of(denied.cause).after(denied.wait);
                (Err(refusal), denied.quotas)
            }
        }
    }

    /// The faults of the provider's state that contribute to a refusal.
    fn in_the_way(&mut self, now: Instant, quotas: &Quotas, refusal: &Refusal) -> Vec<FaultId> {
        let is_full = refusal.cause == Cause::Overloaded;
        let mut fired = Vec::new();
        if !is_full || *quotas != Quotas::default() {
            fired.extend(self.faults.limits_lost_to(now));
        }
        if is_full {
            fired.extend(self.faults.slots_lost_to(now));
        }
        fired.sort();
        fired
    }

    /// The exchange of an admitted request.
    fn work<W: Payload>(
        &mut self,
        seen: &AttemptInfo<'_>,
        request: &Request,
        place: SlotGrant,
        quotas: Quotas,
    ) -> Exchange<W> {
        let Tokens { input, output, .. } = request.tokens;
        let shape = PlainAnswer {
            streamed: request.streamed,
            output,
        };
        let mut effects = self.faults.effects(seen, shape);
        let mut fired = std::mem::take(&mut effects.fired);
        let (billing, cached) = self.charges(seen, request, &mut fired);
        self.felt(seen.now, &place, &quotas, &mut fired);
        let output = effects.delivered(output);
        let work = Work {
            request,
            read: whole_ms(seen.now),
            place,
            quotas,
            effects,
            billing,
            usage: Usage {
                input,
                cached,
                output,
            },
        };
        let exchange = self.answer(work, &fired);
        let end = exchange.end().unwrap_or(place.start);
        self.slots.occupy(place, end);
        self.limits.settle(end, input, output);
        exchange
    }

    /// The faults of the provider's state with an effect on an admitted request: shrunken limits,
    /// if its answer has quotas; lost slots, if it had to wait or is slowed down.
    fn felt(&mut self, now: Instant, place: &SlotGrant, quotas: &Quotas, fired: &mut Vec<FaultId>) {
        let before = fired.len();
        if *quotas != Quotas::default() {
            fired.extend(self.faults.limits_lost_to(now));
        }
        if place.start > now || place.slowdown > Factor::ONE {
            fired.extend(self.faults.slots_lost_to(now));
        }
        if fired.len() > before {
            fired.sort();
        }
    }

    /// The quotas beside an injected error: nothing remains of those that it names.
    fn exhausted(&self, key: Option<&str>, refusal: &Refusal) -> Quotas {
        let reset = refusal.hint.map_or(MINUTE, |hint| hint.wait);
        match refusal.cause {
            Cause::RateLimit => Quotas {
                requests: self.limits.exhausted(key, reset).requests,
                ..Quotas::default()
            },
            Cause::TokenLimit => Quotas {
                requests: None,
                ..self.limits.exhausted(key, reset)
            },
            _ => Quotas::default(),
        }
    }

    /// An error, at once.
    fn refuse<W: Payload>(
        &self,
        exchange: Exchange<W>,
        at: Instant,
        request: &Request,
        quotas: Quotas,
        refusal: &Refusal,
    ) -> Exchange<W> {
        let stamp = self.stamp(request, at, Duration::ZERO, quotas);
        exchange.then(at, Action::Write(W::refusal(&self.writer, stamp, refusal)))
    }

    /// The head of an answer, alone.
    fn head(&self, request: &Request, at: Instant) -> bytes::Bytes {
        let stamp = self.stamp(request, at, Duration::ZERO, Quotas::default());
        if request.streamed {
            let head = Part {
                head: true,
                ..Part::default()
            };
            return self.writer.part(&stamp, &head);
        }
        let Tokens { input, output, .. } = request.tokens;
        let usage = Usage {
            input,
            cached: 0,
            output,
        };
        let [head, _] = self.writer.completion_apart(&stamp, usage);
        head
    }

    fn stamp(&self, request: &Request, at: Instant, processing: Duration, quotas: Quotas) -> Stamp {
        Stamp {
            provider: u64::from(self.id.0),
            call: request.call.0,
            nth: request.nth,
            at,
            processing,
            quotas,
            form: request.form.clone(),
            flaws: None,
        }
    }
}

/// The bill for a prompt with this many cached tokens.
fn prompt(request: &Request, cached: u64) -> Bill {
    Bill {
        cached,
        ..Bill::of(request.tokens.input - cached, 0)
    }
}

/// Thousandths of a token per second, times nanoseconds per token.
const TERA: u64 = 1_000_000_000_000;

/// The period of limits: the hint's default when an error has none.
const MINUTE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;

//! The fake provider: limits, token speed and faults, as a pure state machine.
//!
//! A host asks [`Provider::on_request`] and plays the [`Exchange`] that it gets: the bytes to
//! write and the moments to write them at. It reads no request, opens no socket and sets no
//! timer; bytes come from `wire`'s writers.
//!
//! One request meets, in this order: the faults that decide it (the first that strikes of an error
//! status, a hang and a reset), the limit, and the faults that spoil an answer (slowness, stalls,
//! cuts). Errors leave at once, without think time, as those of real providers do; who is refused,
//! by a fault or by the limit, takes nothing from the limit and is billed nothing. A hang and a
//! reset are billed nothing either. All moments are whole milliseconds, rounded up.

mod cache;
mod ends;
mod exchange;
mod limits;
mod pace;
mod plight;
mod slots;

use std::sync::Arc;
use std::time::Duration;

pub use exchange::{Action, Exchange};

use crate::policy::{CallId, ProviderId};
use crate::rng::{Draws, Purpose};
use crate::scenario;
use crate::scenario::Quantiles;
use crate::scenario::fault::Seen;
use crate::scenario::workload::Tokens;
use crate::time::{Instant, nanos};
use crate::trace::{Bill, FaultId};
use crate::wire::writer::{Cause, Quotas, Refusal, Stamp, Usage, Writer};
use cache::Cache;
use exchange::Stream;
use limits::{Ask, Limits};
use pace::{Pace, slowed, whole_ms};
use plight::{Faults, Plight, Verdict};
use slots::Slots;

/// One fake provider.
#[derive(Debug)]
pub struct Provider {
    id: ProviderId,
    draws: Draws,
    ttft: Quantiles<Duration>,
    round_trip: Duration,
    gap: Duration,
    limits: Limits,
    slots: Slots,
    cache: Cache,
    faults: Faults,
    writer: Arc<Writer>,
}

/// A request as the provider reads it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The call that it is made for; for a caller that sends none, the provider's own number.
    pub call: CallId,
    /// The how-manieth attempt of that call at this provider, from 0.
    pub nth: u32,
    /// Whether the answer is streamed.
    pub streamed: bool,
    /// Its token counts.
    pub tokens: Tokens,
    /// The bound on output tokens that it asks for.
    pub max_tokens: Option<u64>,
    /// The client process that makes it, from 0.
    pub client: u32,
    /// The model that it asks for.
    pub model: String,
    /// The key that it shows.
    pub key: Option<String>,
}

impl Request {
    /// A request that says nothing more than this.
    pub fn new(call: CallId, nth: u32, streamed: bool, tokens: Tokens) -> Self {
        Self {
            call,
            nth,
            streamed,
            tokens,
            max_tokens: None,
            client: 0,
            model: String::new(),
            key: None,
        }
    }
}

impl Provider {
    /// The provider `id` of `scenario`, which must have it, with the luck of `draws`.
    pub fn new(scenario: &scenario::Scenario, id: ProviderId, draws: Draws) -> Self {
        let profile = &scenario.providers[id.index()];
        Self {
            id,
            draws,
            ttft: profile.ttft,
            round_trip: profile.one_way.saturating_mul(2),
            gap: Duration::from_nanos(TERA / profile.speed_milli.max(1)),
            limits: Limits::new(&profile.limits),
            slots: Slots::new(profile.capacity),
            cache: Cache::new(profile.cache),
            faults: Faults::new(scenario, id, draws),
            writer: Arc::new(Writer::new(profile.dialect, &profile.model)),
        }
    }

    /// The providers of `scenario`, in order: those of one account share its limits.
    pub fn all(scenario: &scenario::Scenario, draws: Draws) -> Vec<Self> {
        let ids = (0..=u16::MAX)
            .map(ProviderId)
            .take(scenario.providers.len());
        let mut all: Vec<Self> = ids.map(|id| Self::new(scenario, id, draws)).collect();
        for (first, other) in limits::of_one_account(&scenario.providers) {
            all[other].limits = all[first].limits.shared();
        }
        all
    }

    /// An outage begins: whatever is worked on is lost.
    pub fn on_outage(&mut self) {
        self.slots.clear();
        self.limits.clear();
    }

    /// A request has been read whole at `now`.
    pub fn on_request(&mut self, now: Instant, request: &Request) -> Exchange {
        let seen = Seen {
            now,
            call: request.call,
            nth: request.nth,
            streamed: request.streamed,
            input: request.tokens.input,
            client: request.client,
            model: &request.model,
            key: request.key.as_deref(),
        };
        let at = whole_ms(now);
        if let Some((fault, verdict)) = self.faults.verdict(&seen) {
            return self.struck(at, request, fault, verdict);
        }
        let ask = Ask {
            input: request.tokens.input,
            output: request.max_tokens.unwrap_or(request.tokens.output),
        };
        let quotas = match self.limits.admit(now, ask, WHOLE) {
            Ok(quotas) => quotas,
            Err(denied) => {
                let refusal = Refusal::of(denied.cause).after(denied.wait);
                return self.refuse(Exchange::new(), at, request, denied.quotas, &refusal);
            }
        };
        let Ok(place) = self.slots.admit(now, WHOLE) else {
            let refusal = Refusal::of(Cause::Overloaded);
            return self.refuse(Exchange::new(), at, request, quotas, &refusal);
        };
        let _cached = self.cache.cached(now, request.tokens.prefix);
        let streamed = request.streamed.then_some(request.tokens.output);
        let plight = self.faults.plight(&seen, streamed);
        let exchange = self.answer(at, request, quotas, plight);
        let Tokens { input, output, .. } = request.tokens;
        self.slots.occupy(place, place.start);
        self.limits.settle(place.start, input, output);
        exchange
    }

    /// A fault decides the exchange.
    fn struck(&self, at: Instant, request: &Request, fault: FaultId, verdict: Verdict) -> Exchange {
        let exchange = Exchange::new().then(at, Action::Fired(fault));
        let refusal = match verdict {
            Verdict::Hang => return exchange.then(at, Action::Silence),
            Verdict::Reset => return exchange.then(at, Action::Rst),
            Verdict::Refuse(refusal) => refusal,
        };
        let reset = refusal.hint.map_or(MINUTE, |hint| hint.wait);
        let quotas = match refusal.cause {
            Cause::RateLimit => self.limits.exhausted(reset),
            _ => Quotas::default(),
        };
        self.refuse(exchange, at, request, quotas, &refusal)
    }

    /// An error, at once.
    fn refuse(
        &self,
        exchange: Exchange,
        at: Instant,
        request: &Request,
        quotas: Quotas,
        refusal: &Refusal,
    ) -> Exchange {
        let stamp = self.stamp(request, at, Duration::ZERO, quotas);
        exchange.then(at, Action::Write(self.writer.refusal(&stamp, refusal)))
    }

    /// A whole answer, or what the faults leave of it.
    fn answer(&self, at: Instant, request: &Request, quotas: Quotas, plight: Plight) -> Exchange {
        let Tokens { input, output, .. } = request.tokens;
        let usage = Usage {
            input,
            cached: 0,
            output,
        };
        let gap = nanos(slowed(self.gap, &plight.slow));
        let start = at + slowed(self.think(request), &plight.slow);
        let mut exchange = Exchange::new();
        for fault in plight.fired {
            exchange = exchange.then(at, Action::Fired(fault));
        }
        exchange = exchange.then(at, Action::Billed(Bill::of(input, 0)));
        if request.streamed {
            let start = whole_ms(start);
            return exchange.then_stream(Stream {
                writer: Arc::clone(&self.writer),
                stamp: self.stamp(request, start, start.since(at), quotas),
                pace: Pace::new(start, gap, output, plight.splits),
                usage,
            });
        }
        let done = whole_ms(start + Duration::from_nanos(gap.saturating_mul(output)));
        let stamp = self.stamp(request, done, done.since(at), quotas);
        let bytes = self.writer.completion(&stamp, usage);
        exchange
            .then(done, Action::Billed(Bill::of(0, output)))
            .then(done, Action::Write(bytes))
    }

    /// From the request read to the first token: a draw of what the client measures, less the
    /// round trip that it holds.
    fn think(&self, request: &Request) -> Duration {
        let mut stream = self.draws.stream(
            Purpose::Ttft,
            request.call.0,
            u64::from(self.id.0),
            u64::from(request.nth),
        );
        let (p50, p99) = (nanos(self.ttft.p50) as f64, nanos(self.ttft.p99) as f64);
        let drawn = Duration::from_nanos(stream.lognormal(p50, p99) as u64);
        drawn.saturating_sub(self.round_trip)
    }

    fn stamp(&self, request: &Request, at: Instant, processing: Duration, quotas: Quotas) -> Stamp {
        Stamp {
            provider: u64::from(self.id.0),
            call: request.call.0,
            nth: request.nth,
            at,
            processing,
            quotas,
            flaws: None,
        }
    }
}

/// Thousandths of a token per second, times nanoseconds per token.
const TERA: u64 = 1_000_000_000_000;

/// 100 %, in parts per 10^9.
const WHOLE: u64 = 1_000_000_000;

/// What a limit counts in: when an error gives no hint, all of it is said to be free after that.
const MINUTE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;

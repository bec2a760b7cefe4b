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

mod exchange;
mod limit;
mod pace;
mod plight;

use std::sync::Arc;
use std::time::Duration;

pub use exchange::{Action, Exchange};

use crate::policy::{CallId, ProviderId};
use crate::rng::{Draws, Purpose};
use crate::scenario;
use crate::scenario::workload::Tokens;
use crate::scenario::{Dialect, Quantiles};
use crate::time::{Instant, nanos};
use crate::trace::FaultId;
use crate::wire::writer::openai::Openai;
use crate::wire::writer::{Quota, Refusal, Stamp, Usage};
use exchange::Stream;
use limit::{Admission, Bucket};
use pace::{Pace, slowed, whole_ms};
use plight::{Faults, Plight, Target, Verdict};

/// One fake provider.
#[derive(Debug)]
pub struct Provider {
    id: ProviderId,
    draws: Draws,
    ttft: Quantiles<Duration>,
    round_trip: Duration,
    gap: Duration,
    limit: Option<Bucket>,
    faults: Faults,
    writer: Arc<Openai>,
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
}

impl Provider {
    /// The provider `id` of `scenario`, which must have it, with the luck of `draws`.
    pub fn new(scenario: &scenario::Scenario, id: ProviderId, draws: Draws) -> Self {
        let profile = &scenario.providers[id.index()];
        let writer = match profile.dialect {
            Dialect::Openai => Openai::new(&profile.model),
        };
        Self {
            id,
            draws,
            ttft: profile.ttft,
            round_trip: profile.one_way.saturating_mul(2),
            gap: Duration::from_nanos(TERA / profile.speed_milli.max(1)),
            limit: profile.limits.rpm.map(Bucket::new),
            faults: Faults::new(scenario, id),
            writer: Arc::new(writer),
        }
    }

    /// A request has been read whole at `now`.
    pub fn on_request(&mut self, now: Instant, request: &Request) -> Exchange {
        let target = Target {
            draws: self.draws,
            now,
            call: request.call,
            nth: request.nth,
        };
        if let Some((fault, verdict)) = self.faults.verdict(target) {
            return self.struck(whole_ms(now), request, fault, verdict);
        }
        let quota = match self.limit.as_mut().map(|limit| limit.admit(now)) {
            None => None,
            Some(Admission::Admitted(quota)) => Some(quota),
            Some(Admission::Refused(quota, wait)) => {
                let at = whole_ms(now);
                let refusal = Refusal {
                    status: 429,
                    retry_after: Some(wait),
                };
                return self.refuse(Exchange::new(), at, request, Some(quota), &refusal);
            }
        };
        let streamed = request.streamed.then_some(request.tokens.output);
        let plight = self.faults.plight(target, streamed);
        self.answer(whole_ms(now), request, quota, plight)
    }

    /// A fault decides the exchange.
    fn struck(&self, at: Instant, request: &Request, fault: FaultId, verdict: Verdict) -> Exchange {
        let exchange = Exchange::new().then(at, Action::Fired(fault));
        let (status, retry_after) = match verdict {
            Verdict::Hang => return exchange.then(at, Action::Silence),
            Verdict::Reset => return exchange.then(at, Action::Rst),
            Verdict::Status(status, retry_after) => (status, retry_after),
        };
        let reset = retry_after.unwrap_or(MINUTE);
        let limit = self.limit.as_ref().filter(|_| status == 429);
        let quota = limit.map(|limit| limit.exhausted(reset));
        let refusal = Refusal {
            status,
            retry_after,
        };
        self.refuse(exchange, at, request, quota, &refusal)
    }

    /// An error, at once.
    fn refuse(
        &self,
        exchange: Exchange,
        at: Instant,
        request: &Request,
        quota: Option<Quota>,
        refusal: &Refusal,
    ) -> Exchange {
        let stamp = self.stamp(request, Duration::ZERO, quota);
        exchange.then(at, Action::Write(self.writer.refusal(&stamp, refusal)))
    }

    /// A whole answer, or what the faults leave of it.
    fn answer(
        &self,
        at: Instant,
        request: &Request,
        quota: Option<Quota>,
        plight: Plight,
    ) -> Exchange {
        let Tokens { input, output } = request.tokens;
        let usage = Usage { input, output };
        let gap = nanos(slowed(self.gap, &plight.slow));
        let start = at + slowed(self.think(request), &plight.slow);
        let mut exchange = Exchange::new();
        for fault in plight.fired {
            exchange = exchange.then(at, Action::Fired(fault));
        }
        exchange = exchange.then(at, Action::Billed { input, output: 0 });
        if request.streamed {
            let start = whole_ms(start);
            return exchange.then_stream(Stream {
                writer: Arc::clone(&self.writer),
                stamp: self.stamp(request, start.since(at), quota),
                pace: Pace::new(start, gap, output, plight.splits),
                usage,
            });
        }
        let done = whole_ms(start + Duration::from_nanos(gap.saturating_mul(output)));
        let stamp = self.stamp(request, done.since(at), quota);
        let bytes = self.writer.completion(&stamp, usage);
        exchange
            .then(done, Action::Billed { input: 0, output })
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

    fn stamp(&self, request: &Request, processing: Duration, quota: Option<Quota>) -> Stamp {
        Stamp {
            provider: u64::from(self.id.0),
            call: request.call.0,
            nth: request.nth,
            processing,
            quota,
        }
    }
}

/// Thousandths of a token per second, times nanoseconds per token.
const TERA: u64 = 1_000_000_000_000;

/// What a limit counts in: when an error gives no hint, all of it is said to be free after that.
const MINUTE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;

//! A fake provider behind connections: of the simulated network, or of this machine.
//!
//! - [`intake`]: reads a connection's requests, as any server would: `framing` finds their ends,
//!   [`request`] reads them in each family of dialects.
//! - [`connection`]: one connection: its requests, and their exchanges.
//! - `fault`: the faults that strike a connection rather than an exchange.
//!
//! Good and bad answers take one path, since the provider returns raw bytes. The clock, resets and
//! events differ between the simulated and the real network and are behind [`HostEnv`], a
//! compile-time parameter, so that the simulated world pays nothing for the other.

pub(crate) mod connection;
mod fault;
mod framing;
pub(crate) mod intake;
pub(crate) mod request;

use std::cell::{Cell, RefCell, RefMut};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::policy::{CallId, ProviderId};
use crate::provider::{Action, Provider, ProviderState, Request};
use crate::rng::RngStreams;
use crate::scenario::Scenario;
use crate::seeded::{SeededFault, Tokens};
use crate::time::Instant;
use crate::trace::FaultId;
use crate::wire::Family;
use crate::wire::fake::{Stamp, Writer};
pub(crate) use connection::{HANDSHAKE_FAILURE, seen};
pub(crate) use fault::{Faults, Opening, opened};
use request::{Asked, Other};

/// The environment of a provider's connection.
pub(crate) trait HostEnv {
    /// The byte stream of a client. Dropping it closes the connection cleanly.
    type Stream: AsyncRead + AsyncWrite + Unpin;

    /// Fields that every answer has, each with the end of its line.
    const FIELDS: &'static str = "";

    /// The time.
    fn now(&self) -> Instant;

    /// The same time for timers.
    fn moment(&self, at: Instant) -> tokio::time::Instant;

    /// Whether time stands at its start, until the first request to a model. Faults of a connection
    /// that is opened before then strike its first request.
    fn is_before_start(&self) -> bool {
        false
    }

    /// How long a request may take to arrive; none = for ever.
    fn request_timeout(&self) -> Option<Duration> {
        None
    }

    /// A request to the model has arrived; false when its connection ends without an answer.
    fn arrives(&self) -> impl Future<Output = bool> {
        std::future::ready(true)
    }

    /// The call of a request that is the provider's `arrived`th; it may learn here which attempt of
    /// that call it is.
    fn call(&self, asked: &mut Asked, arrived: u64) -> CallId {
        CallId(asked.number.unwrap_or(arrived))
    }

    /// The answer to a request that is not to the model; none for a path that there is not.
    fn answer(&self, _: &Other, _: &Writer, _: &Stamp) -> impl Future<Output = Option<Bytes>> {
        std::future::ready(None)
    }

    /// The token counts of a call with this request.
    fn tokens(&self, call: CallId, asked: &Asked) -> Tokens;

    /// How many outages of the provider have begun: its work ends with the next one.
    fn outages(&self) -> u64;

    /// Makes the close of this connection a reset.
    fn reset(&self, stream: &mut Self::Stream);

    /// A fault struck the connection.
    fn fired(&self, fault: FaultId);

    /// An exchange begins.
    fn began(&self, request: &Request);

    /// The provider executes this action; for a write, before it is sent.
    fn acts(&self, request: &Request, action: &Action);

    /// The client has left before the end of the answer.
    fn client_left(&self) {}

    /// The exchange is over.
    fn ended(&self, request: &Request);

    /// A request was refused with a status before the provider saw it; none when it is invalid.
    fn rejected(&self, _status: u16, _: Option<&Other>) {}
}

/// A provider behind connections: the state that all its connections share.
pub(crate) struct ProviderHost {
    id: ProviderId,
    family: Family,
    writer: Writer,
    provider: RefCell<Provider>,
    faults: RefCell<Faults>,
    connections: Cell<u64>,
    requests: Cell<u64>,
}

impl ProviderHost {
    /// Hosts `provider`, which is `id` in `scenario`.
    pub(crate) fn new(
        scenario: &Scenario,
        id: ProviderId,
        provider: Provider,
        draws: RngStreams,
    ) -> Self {
        let profile = &scenario.providers[id.index()];
        Self {
            id,
            family: profile.dialect.family(),
            writer: Writer::new(profile.dialect, &profile.model),
            provider: RefCell::new(provider),
            faults: RefCell::new(Faults::new(scenario, id, draws)),
            connections: Cell::new(0),
            requests: Cell::new(0),
        }
    }

    /// An outage begins.
    pub(crate) fn on_outage(&self) {
        self.provider.borrow_mut().on_outage();
    }

    /// Puts `fault` in the place of the one with its number.
    pub(crate) fn replace_fault(&self, fault: &SeededFault) {
        self.faults.borrow_mut().replace(fault);
        self.provider.borrow_mut().replace_fault(fault);
    }

    /// Begins anew with a fresh `provider`.
    pub(crate) fn renew(&self, provider: Provider) {
        self.provider.replace(provider);
        self.connections.set(0);
        self.requests.set(0);
    }

    /// The use of the provider's limits and slots at `now`.
    pub(crate) fn state(&self, now: Instant) -> ProviderState {
        self.provider.borrow_mut().state(now)
    }

    fn provider(&self) -> RefMut<'_, Provider> {
        self.provider.borrow_mut()
    }
}

/// The next number.
fn next(counter: &Cell<u64>) -> u64 {
    counter.replace(counter.get() + 1)
}

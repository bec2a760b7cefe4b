//! A fake provider behind sockets: of the simulated network or of this machine.
//!
//! - [`request`]: reads requests as any server would, in each family of dialects.
//! - [`connection`]: one connection: its requests, and their exchanges.
//! - `fault`: the faults that strike a connection rather than an exchange.
//!
//! Good and bad answers take one path, since the provider returns raw bytes. The clock, resets and
//! events differ between the simulated and the real network and are behind [`HostEnv`], a
//! compile-time parameter, so that the simulated world pays nothing for the other.

pub(crate) mod connection;
mod fault;
pub(crate) mod request;

use std::cell::{Cell, RefCell, RefMut};

use tokio::io::{AsyncRead, AsyncWrite};

use crate::policy::{CallId, ProviderId};
use crate::provider::{Action, Provider, Request};
use crate::rng::RngStreams;
use crate::scenario::Scenario;
use crate::scenario::workload::Tokens;
use crate::time::Instant;
use crate::trace::FaultId;
use crate::wire::Family;
use crate::wire::fake::Writer;
use fault::Faults;
pub(crate) use fault::opened;
use request::Asked;

/// The environment of a provider's connection.
pub(crate) trait HostEnv {
    /// The byte stream of a client. Dropping it closes the connection cleanly.
    type Stream: AsyncRead + AsyncWrite + Unpin;

    /// The time.
    fn now(&self) -> Instant;

    /// The same time for timers.
    fn moment(&self, at: Instant) -> tokio::time::Instant;

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

    /// The exchange is over.
    fn ended(&self, request: &Request);

    /// An invalid request was refused with a status.
    fn rejected(&self, _status: u16) {}
}

/// A provider behind sockets: the state that all its connections share.
pub(crate) struct ProviderHost {
    id: ProviderId,
    family: Family,
    writer: Writer,
    provider: RefCell<Provider>,
    faults: Faults,
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
            faults: Faults::new(scenario, id, draws),
            connections: Cell::new(0),
            requests: Cell::new(0),
        }
    }

    /// An outage begins.
    pub(crate) fn on_outage(&self) {
        self.provider.borrow_mut().on_outage();
    }

    fn provider(&self) -> RefMut<'_, Provider> {
        self.provider.borrow_mut()
    }
}

/// The next number.
fn next(counter: &Cell<u64>) -> u64 {
    counter.replace(counter.get() + 1)
}

//! The client's connections inside the simulated network.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::{Rc, Weak};
use std::sync::{Arc, Weak as WeakArc};

use hyper_util::rt::TokioIo;

use super::link::RESOLUTION;
use super::listener::AcceptQueue;
use super::outbox::Outbox;
use super::stream::SimulatedStream;
use super::tcp::{ConnId, Connection, Side};
use super::{World, names};
use crate::client::{Connect, Endpoint};
use crate::policy::ProviderId;

/// Connects one client process to hosts of the simulated network, within a simulation only.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulated {
    /// The number of the process: some faults strike only some processes.
    pub(super) client: u32,
}

impl Connect for Simulated {
    type Io = TokioIo<SimulatedStream>;

    async fn connect(&self, endpoint: &Endpoint) -> io::Result<Self::Io> {
        let Some(stream) = self.request(&endpoint.host) else {
            // Even a failed lookup takes some time.
            tokio::time::sleep(RESOLUTION).await;
            let message = format!("no such host: {}", endpoint.host);
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        };
        Ok(TokioIo::new(stream.established().await?))
    }
}

impl Simulated {
    /// Requests a connection; none if the name cannot be resolved.
    fn request(&self, host: &str) -> Option<SimulatedStream> {
        let connection = hosts()?.request(self.client, host)?;
        Some(SimulatedStream::new(connection, Side::Client))
    }
}

/// The connections of one run.
#[derive(Debug, Default)]
pub(super) struct Connections {
    pub(super) outbox: Arc<Outbox>,
    /// How many were requested.
    requested: Cell<u64>,
}

impl Connections {
    /// Client process `client` requests a connection to the host of `provider`.
    pub(super) fn request(
        &self,
        client: u32,
        provider: ProviderId,
        queue: WeakArc<AcceptQueue>,
    ) -> Arc<Connection> {
        let number = self.requested.get();
        self.requested.set(number + 1);
        let id = ConnId { client, number };
        Connection::request(id, provider, queue, Arc::downgrade(&self.outbox))
    }

    /// The number of those that a program has open, or that have packets under way.
    fn count(&self) -> usize {
        // Each of them knows the outbox.
        Arc::weak_count(&self.outbox)
    }
}

/// What can be connected to by name.
pub(super) trait Hosts {
    /// Client process `client` requests a connection; none if the name cannot be resolved.
    fn request(&self, client: u32, host: &str) -> Option<Arc<Connection>>;

    fn connections(&self) -> &Connections;
}

impl Hosts for World {
    fn request(&self, client: u32, host: &str) -> Option<Arc<Connection>> {
        let provider = names::provider(host)?;
        let queue = self.queues.get(provider.index())?.clone();
        let is_resolved = self
            .network
            .borrow_mut()
            .resolves(self.now(), provider, client);
        is_resolved.then(|| self.connections.request(client, provider, queue))
    }

    fn connections(&self) -> &Connections {
        &self.connections
    }
}

/// The number of connections in the run of this thread that a program has open, or that have
/// packets under way; 0 outside of a run.
pub fn connections() -> usize {
    hosts().map_or(0, |hosts| hosts.connections().count())
}

fn hosts() -> Option<Rc<dyn Hosts>> {
    HOSTS.with_borrow(|hosts| hosts.as_ref().and_then(Weak::upgrade))
}

/// Sets the hosts to which connections of this thread go.
pub(super) fn enter(hosts: &Rc<impl Hosts + 'static>) {
    let hosts: Rc<dyn Hosts> = hosts.clone();
    HOSTS.set(Some(Rc::downgrade(&hosts)));
}

thread_local! {
    // A `Connect` is `Send + Sync`, since it is part of the production client: it cannot hold the
    // run, which is neither. Each run has a thread of its own.
    static HOSTS: RefCell<Option<Weak<dyn Hosts>>> = const { RefCell::new(None) };
}

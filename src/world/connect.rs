//! The client's connections inside the simulated network.

use std::cell::RefCell;
use std::io;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use hyper_util::rt::TokioIo;

use super::link::RESOLUTION;
use super::stream::SimulatedStream;
use super::tcp::{ConnId, Connection, Side};
use super::{World, names};
use crate::client::{Connect, Endpoint};

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

/// What can be connected to by name.
pub(super) trait Hosts {
    /// Client process `client` requests a connection; none if the name cannot be resolved.
    fn request(&self, client: u32, host: &str) -> Option<Arc<Connection>>;

    /// The number of connections that a program has open, or that still have packets under way.
    fn connections(&self) -> usize;
}

impl Hosts for World {
    fn request(&self, client: u32, host: &str) -> Option<Arc<Connection>> {
        let provider = names::provider(host)?;
        let port = self.ports.get(provider.index())?.clone();
        let mut network = self.network.borrow_mut();
        if !network.resolves(self.now(), provider, client) {
            // Nothing is sent, but the scheduler has an event to record.
            self.tasks.mark_dirty();
            return None;
        }
        let number = self.connections.get();
        self.connections.set(number + 1);
        let id = ConnId { client, number };
        let outbox = Arc::downgrade(&self.outbox);
        Some(Connection::request(id, provider, port, outbox))
    }

    fn connections(&self) -> usize {
        // Each of them knows the outbox.
        Arc::weak_count(&self.outbox)
    }
}

/// The number of open connections in the run of this thread, 0 outside of one.
pub fn connections() -> usize {
    hosts().map_or(0, |hosts| hosts.connections())
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

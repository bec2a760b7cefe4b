//! The client's connections inside the simulated network.

use std::cell::RefCell;
use std::io;
use std::rc::{Rc, Weak};

use hyper_util::rt::TokioIo;
use turmoil_net::shim::tokio::net::TcpStream;

use super::World;
use super::link::RESOLUTION;
use super::outbox::Outbox;
use super::stream::SmallReads;
use crate::client::{Connect, Endpoint};

/// Connects one client process to hosts of the simulated network, within a simulation only.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulated {
    /// The number of the process: some faults strike only some processes.
    pub(super) client: u32,
}

impl Connect for Simulated {
    type Io = TokioIo<SmallReads>;

    async fn connect(&self, endpoint: &Endpoint) -> io::Result<Self::Io> {
        if !is_resolved(&endpoint.host, self.client) {
            // Even a failed lookup takes some time.
            tokio::time::sleep(RESOLUTION).await;
            let message = format!("no such host: {}", endpoint.host);
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        }
        let asking = Asking::begin();
        let stream = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await?;
        Ok(TokioIo::new(SmallReads::new(stream, asking.0.clone())))
    }
}

/// A connection that is asked for: its host sends when it begins to ask, and when it gives up.
struct Asking(Outbox);

impl Asking {
    /// In this thread's run.
    fn begin() -> Self {
        let world = WORLD.with_borrow(Weak::upgrade);
        let outbox = world.map_or_else(|| Outbox::new(true), |world| world.outbox.clone());
        outbox.fill();
        Self(outbox)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.fill();
    }
}

/// Sets the world in which connections of this thread resolve names.
pub(super) fn enter(world: &Rc<World>) {
    WORLD.set(Rc::downgrade(world));
}

/// Whether this client process can resolve `name`.
fn is_resolved(name: &str, client: u32) -> bool {
    let Some(world) = WORLD.with_borrow(Weak::upgrade) else {
        return true;
    };
    let Some(address) = turmoil_net::lookup_host(name) else {
        return true;
    };
    let now = world.now();
    let mut network = world.network.borrow_mut();
    let resolved = network.resolves(now, address, client);
    drop(network);
    if !resolved {
        // Nothing is sent, but the scheduler has an event to record.
        world.tasks.mark_dirty();
    }
    resolved
}

thread_local! {
    // A `Connect` is `Send + Sync`, since it is part of the production client: it cannot hold the
    // run, which is neither. Each run has a thread of its own.
    static WORLD: RefCell<Weak<World>> = const { RefCell::new(Weak::new()) };
}

//! The client's connections inside the simulated network.

use std::cell::RefCell;
use std::io;
use std::rc::{Rc, Weak};

use hyper_util::rt::TokioIo;
use turmoil_net::shim::tokio::net::TcpStream;

use super::link::RESOLUTION;
use super::{World, task};
use crate::client::{Connect, Endpoint};

/// Connects to a host of the simulated network. It works only within a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulated;

impl Connect for Simulated {
    type Io = TokioIo<TcpStream>;

    async fn connect(&self, endpoint: &Endpoint) -> io::Result<Self::Io> {
        if !is_resolved(&endpoint.host) {
            // Even a resolver around the corner takes a moment to say no.
            tokio::time::sleep(RESOLUTION).await;
            let message = format!("no such host: {}", endpoint.host);
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        }
        let stream = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await?;
        Ok(TokioIo::new(stream))
    }
}

/// Makes `world` the one that connections of this thread ask for names.
pub(super) fn enter(world: &Rc<World>) {
    WORLD.set(Rc::downgrade(world));
}

/// Whether the current host gets an answer when it asks for `name`.
fn is_resolved(name: &str) -> bool {
    let Some(world) = WORLD.with_borrow(Weak::upgrade) else {
        return true;
    };
    let Some(address) = turmoil_net::lookup_host(name) else {
        return true;
    };
    let client = task::current().and_then(|host| world.client(host));
    let now = world.now();
    let mut network = world.network.borrow_mut();
    let resolved = network.resolves(now, address, client.unwrap_or(0));
    drop(network);
    if !resolved {
        // Nothing is sent, and yet there is something to tell.
        task::mark_dirty();
    }
    resolved
}

thread_local! {
    static WORLD: RefCell<Weak<World>> = const { RefCell::new(Weak::new()) };
}

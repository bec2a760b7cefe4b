//! A simulated network with servers of a test's own, for a client that uses
//! [`Simulated`](super::Simulated).
//!
//! There is no scenario: packets take a millisecond, and no fault strikes.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::task::Poll;

use tokio::task::{JoinHandle, LocalSet};
use tokio::time::Instant;

use super::connect::{self, Connections, Hosts};
use super::link::RESOLUTION;
use super::listener::{AcceptQueue, Listener};
use super::outbox::Outbox;
use super::tcp::{Connection, Packet};
use crate::policy::ProviderId;

/// A simulated network of a test: servers by name, and one client.
#[derive(Default)]
pub struct TestNetwork {
    hosts: Named,
    servers: Vec<Pin<Box<dyn Future<Output = ()>>>>,
}

/// The hosts of the network.
#[derive(Debug, Default)]
struct Named {
    connections: Connections,
    servers: BTreeMap<String, (ProviderId, Weak<AcceptQueue>)>,
}

impl fmt::Debug for TestNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("TestNetwork");
        shown.field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

impl TestNetwork {
    /// Adds a server with this host name, on every port. `serve` gets its listener: connections
    /// are refused once that is dropped.
    #[must_use]
    pub fn server<S>(mut self, name: &str, serve: impl FnOnce(Listener) -> S) -> Self
    where
        S: Future<Output = ()> + 'static,
    {
        let listener = Listener::new();
        let id = ProviderId(self.servers.len() as u16);
        let server = (id, listener.queue());
        self.hosts.servers.insert(name.to_owned(), server);
        self.servers.push(Box::pin(serve(listener)));
        self
    }

    /// Runs `client` to its end, on a paused clock.
    ///
    /// # Errors
    /// When no runtime can be built.
    ///
    /// # Panics
    /// When a server has.
    pub fn run<T>(self, client: impl Future<Output = T>) -> io::Result<T> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        let hosts = Rc::new(self.hosts);
        connect::enter(&hosts);
        let output = LocalSet::new().block_on(&runtime, async {
            let servers = self.servers.into_iter().map(tokio::task::spawn_local);
            let servers = Vec::from_iter(servers);
            tokio::task::spawn_local(carry(hosts.connections.outbox.clone()));
            let output = client.await;
            for server in servers.into_iter().filter(JoinHandle::is_finished) {
                if let Err(error) = server.await {
                    std::panic::resume_unwind(error.into_panic());
                }
            }
            output
        });
        Ok(output)
    }
}

impl Hosts for Named {
    fn request(&self, client: u32, host: &str) -> Option<Arc<Connection>> {
        let (provider, queue) = self.servers.get(host)?.clone();
        Some(self.connections.request(client, provider, queue))
    }

    fn connections(&self) -> &Connections {
        &self.connections
    }
}

/// Delivers what is sent, in order.
async fn carry(outbox: Arc<Outbox>) {
    let (mut buffer, mut flights) = (Vec::new(), VecDeque::<(Instant, Packet)>::new());
    loop {
        let due = flights.front().map(|(at, _)| *at);
        let mut timer = pin!(async {
            match due {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        });
        poll_fn(|cx| {
            outbox.wake_when_filled(cx.waker());
            if outbox.is_empty() {
                return timer.as_mut().poll(cx);
            }
            Poll::Ready(())
        })
        .await;
        let at = Instant::now() + RESOLUTION;
        outbox.take(&mut buffer, |packet| flights.push_back((at, packet)));
        while let Some((_, packet)) = flights.pop_front_if(|(at, _)| *at <= Instant::now()) {
            packet.deliver();
        }
    }
}

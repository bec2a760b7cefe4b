//! A provider's port: accepts or refuses connections.
//!
//! In an outage the port is closed and reserved: a socket that is bound and does not listen refuses
//! connections, and no other process gets the port. Before the first request no time passes, so
//! that an outage at time 0 begins with the first connection.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Notify;

use super::Shared;
use super::context::ConnectionContext;
use super::wire::Wire;
use crate::host::connection::Connection;
use crate::host::{ProviderHost, opened};
use crate::policy::ProviderId;
use crate::scenario::fault::{FaultKind, SeededFault};
use crate::time::Instant;
use crate::trace::FaultId;

/// The port of one provider.
pub(super) struct Listener {
    shared: Rc<Shared>,
    id: ProviderId,
    hosted: Rc<ProviderHost>,
    address: SocketAddr,
    /// How many outages have begun.
    outages: Rc<Cell<u64>>,
    /// An outage begins.
    outage: Notify,
    /// How many connections came.
    asked: Cell<u64>,
}

/// An interval in which the port is closed.
struct Closed {
    fault: FaultId,
    start: Instant,
    end: Option<Instant>,
}

impl Listener {
    /// The listener of `hosted`, which is provider `id`, at `address`.
    pub(super) fn new(
        shared: Rc<Shared>,
        id: ProviderId,
        hosted: ProviderHost,
        address: SocketAddr,
    ) -> Self {
        Self {
            shared,
            id,
            hosted: Rc::new(hosted),
            address,
            outages: Rc::default(),
            outage: Notify::new(),
            asked: Cell::new(0),
        }
    }

    /// Keeps the port as long as the server runs.
    pub(super) async fn keep(self: Rc<Self>, mut listener: TcpListener) {
        let mut since = Instant::START;
        loop {
            let Some(closed) = self.next_closed(since) else {
                return self.accept(&listener).await;
            };
            tokio::select! {
                biased;
                () = self.shared.clock.sleep_until(closed.start) => {}
                () = self.accept(&listener) => {}
            }
            drop(listener);
            self.begin_outage(closed.fault);
            let held = self.hold();
            let Some(end) = closed.end else {
                return std::future::pending().await;
            };
            self.shared.clock.sleep_until(end).await;
            listener = match held.and_then(|socket| socket.listen(BACKLOG)) {
                Ok(listener) => listener,
                Err(error) => {
                    let message = format!("cannot open port {}: {error}", self.address.port());
                    return self.shared.tell(self.id, &message);
                }
            };
            since = end;
        }
    }

    /// The current or next interval in which the port is closed.
    fn next_closed(&self, now: Instant) -> Option<Closed> {
        let outages = self.faults(FaultKind::Outage);
        let closed = outages.filter_map(|drawn| {
            let (start, end) = drawn.at_or_after(now)?;
            let fault = drawn.id;
            Some(Closed { fault, start, end })
        });
        closed.min_by_key(|closed| closed.start.max(now))
    }

    fn faults(&self, inject: FaultKind) -> impl Iterator<Item = &SeededFault> {
        let faults = self.shared.faults.iter();
        faults.filter(move |SeededFault { fault, .. }| {
            fault.inject == inject && fault.targets.contains(&self.id)
        })
    }

    /// Resets open connections.
    fn begin_outage(&self, fault: FaultId) {
        self.shared.fired(fault);
        self.shared.tell(self.id, "is gone: an outage begins");
        self.outages.set(self.outages.get() + 1);
        self.outage.notify_waiters();
        self.hosted.on_outage();
    }

    /// Reserves the port with a socket that does not listen.
    fn hold(&self) -> io::Result<TcpSocket> {
        let socket = match self.address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        socket.set_reuseaddr(true)?;
        socket.bind(self.address)?;
        Ok(socket)
    }

    /// Accepts connections.
    async fn accept(self: &Rc<Self>, listener: &TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    tokio::task::spawn_local(self.clone().let_in(stream));
                }
                // The client gave up in the queue, or sockets have run out; some may come back.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            }
        }
    }

    async fn let_in(self: Rc<Self>, stream: TcpStream) {
        let doomed = Rc::new(Cell::new(false));
        let wire = Wire::new(stream, self.shared.clone(), self.id, doomed.clone());
        if let Some(fault) = self.refusal() {
            self.shared.clock.start();
            doomed.set(true);
            self.shared.fired(fault);
            return self.shared.tell(self.id, "refused a connection");
        }
        let spot = ConnectionContext::new(self.shared.clone(), self.id, self.outages.clone());
        let connection = Connection::new(spot, self.hosted.clone(), wire, 0);
        tokio::select! {
            biased;
            () = self.reset_on_outage(&doomed) => {}
            _ = connection.serve() => {}
        }
    }

    /// Waits for an outage, and makes the close of a connection a reset before it is dropped.
    async fn reset_on_outage(&self, doomed: &Cell<bool>) {
        self.outage.notified().await;
        doomed.set(true);
    }

    /// The fault that refuses the connection that has just been accepted, if any.
    fn refusal(&self) -> Option<FaultId> {
        let number = self.asked.replace(self.asked.get() + 1);
        let now = self.shared.clock.now();
        let gone = self
            .faults(FaultKind::Outage)
            .find(|drawn| drawn.covers(now));
        let seen = opened(now, number, 0);
        let refused = || {
            self.faults(FaultKind::Refused)
                .find(|drawn| drawn.applies(&seen))
        };
        gone.or_else(refused).map(|drawn| drawn.id)
    }
}

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1_024;

//! A provider's port: accepts or refuses connections.
//!
//! In an outage the port is closed and reserved: a socket that is bound and does not listen refuses
//! connections, and no other process gets the port. Before the first request to a model no time
//! passes: an outage at time 0 begins with that request, and resets its connection.
//!
//! A connection that the operating system refuses is seen by no process, so it cannot be counted.
//! With [`Refusal::Reset`] the port stays open in an outage, and each connection is counted and
//! reset at once: the client learns of it after the handshake instead of in its place.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Notify;

use super::Shared;
use super::context::{ConnectionContext, Flags};
use super::wire::Wire;
use crate::host::connection::Connection;
use crate::host::{ProviderHost, opened};
use crate::policy::ProviderId;
use crate::scenario::fault::FaultKind;
use crate::time::Instant;
use crate::trace::FaultId;

/// How connections are refused in an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// By a port that is closed, uncounted.
    Closed,
    /// By a reset after the handshake, counted.
    Reset,
}

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
#[derive(Clone, Copy, PartialEq, Eq)]
struct Closed {
    fault: FaultId,
    start: Instant,
    end: Option<Instant>,
}

/// The socket of the port.
enum Port {
    Open(TcpListener),
    Held(io::Result<TcpSocket>),
}

impl Listener {
    /// The listener of `hosted`, which is provider `id`, at `address`.
    pub(super) fn new(
        shared: Rc<Shared>,
        id: ProviderId,
        hosted: Rc<ProviderHost>,
        address: SocketAddr,
    ) -> Self {
        Self {
            shared,
            id,
            hosted,
            address,
            outages: Rc::default(),
            outage: Notify::new(),
            asked: Cell::new(0),
        }
    }

    /// Keeps the port as long as the server runs.
    pub(super) async fn keep(self: Rc<Self>, listener: TcpListener) {
        let mut port = Port::Open(listener);
        let mut current = None;
        loop {
            // A change between this line and the wait for one is not missed.
            let changes = self.shared.changed.notified();
            let next = self.next_closed();
            let now = self.shared.clock.now();
            let active = next.filter(|one| self.shared.clock.has_started() && one.start <= now);
            if let Some(closed) = active.filter(|_| active != current) {
                self.begin_outage(closed.fault);
            }
            if current.is_some() && active.is_none() {
                self.shared.tell(self.id, "is back: the outage ends");
            }
            current = active;
            port = match self.with_state(port, active) {
                Ok(port) => port,
                Err(error) => {
                    let message = format!("cannot open port {}: {error}", self.address.port());
                    return self.shared.tell(self.id, &message);
                }
            };
            let until = match active {
                Some(closed) => closed.end,
                None => next.map(|closed| closed.start),
            };
            tokio::select! {
                biased;
                () = changes => {}
                () = self.sleep_until(until) => {}
                () = self.accept(&port, active) => {}
            }
        }
    }

    /// The port, closed during an outage and open else.
    fn with_state(&self, port: Port, active: Option<Closed>) -> io::Result<Port> {
        let is_closed = active.is_some() && self.shared.refusal == Refusal::Closed;
        self.shared.is_open[self.id.index()].set(active.is_none());
        match port {
            Port::Open(listener) if is_closed => {
                drop(listener);
                Ok(Port::Held(self.hold()))
            }
            Port::Held(held) if !is_closed => Ok(Port::Open(held?.listen(BACKLOG)?)),
            port => Ok(port),
        }
    }

    /// Waits until this time; for ever without one.
    async fn sleep_until(&self, at: Option<Instant>) {
        match at {
            Some(at) => self.shared.clock.sleep_until(at).await,
            None => std::future::pending().await,
        }
    }

    /// The current or next interval in which the port is closed.
    fn next_closed(&self) -> Option<Closed> {
        let now = self.shared.clock.now();
        let faults = self.shared.faults.borrow();
        let faults = faults.iter().map(|switched| &switched.fault);
        let outages = faults.filter(|drawn| {
            drawn.fault.inject == FaultKind::Outage && drawn.fault.targets.contains(&self.id)
        });
        let closed = outages.filter_map(|drawn| {
            let (start, end) = drawn.at_or_after(now)?;
            let fault = drawn.id;
            Some(Closed { fault, start, end })
        });
        closed.min_by_key(|closed| closed.start.max(now))
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

    /// Accepts connections; during an outage, to refuse them.
    async fn accept(self: &Rc<Self>, port: &Port, active: Option<Closed>) {
        let Port::Open(listener) = port else {
            return std::future::pending().await;
        };
        loop {
            match listener.accept().await {
                Ok((stream, _)) => match active {
                    None => {
                        tokio::task::spawn_local(self.clone().let_in(stream));
                    }
                    Some(Closed { fault, .. }) => {
                        // This fails only on a socket that is closed already.
                        let _ = stream.set_zero_linger();
                        self.shared.refused(self.id, fault);
                    }
                },
                // The client gave up in the queue, or sockets have run out; some may come back.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            }
        }
    }

    async fn let_in(self: Rc<Self>, stream: TcpStream) {
        let flags = Rc::new(Flags {
            outages: self.outages.clone(),
            ..Flags::default()
        });
        let doomed = &flags.pending_reset;
        let wire = Wire::new(stream, self.shared.clone(), self.id, doomed.clone());
        let refused = self.refusal();
        if let Some(fault) = refused.filter(|_| self.shared.clock.has_started()) {
            doomed.set(true);
            return self.shared.refused(self.id, fault);
        }
        let spot = ConnectionContext::new(self.shared.clone(), self.id, flags.clone(), refused);
        let connection = Connection::new(spot, self.hosted.clone(), wire, 0);
        tokio::select! {
            biased;
            () = self.reset_on_outage(doomed) => {}
            () = self.cut_by_reset(&flags) => {}
            _ = connection.serve() => {}
        }
    }

    /// Waits for an outage, and makes the close of a connection a reset before it is dropped.
    async fn reset_on_outage(&self, doomed: &Cell<bool>) {
        self.outage.notified().await;
        doomed.set(true);
    }

    /// Waits until the server is reset during an exchange.
    async fn cut_by_reset(&self, flags: &Flags) {
        loop {
            self.shared.resets.notified().await;
            if flags.is_busy.get() {
                return flags.pending_reset.set(true);
            }
        }
    }

    /// The fault that refuses the connection that has just been accepted, if any.
    fn refusal(&self) -> Option<FaultId> {
        let number = self.asked.replace(self.asked.get() + 1);
        let (shared, now) = (&self.shared, self.shared.clock.now());
        // It was accepted in the moment before its port was closed.
        let gone = shared.find_fault(self.id, FaultKind::Outage, |drawn| {
            shared.clock.has_started() && drawn.covers(now)
        });
        let seen = opened(now, number, 0);
        gone.or_else(|| {
            shared.find_fault(self.id, FaultKind::Refused, |drawn| drawn.applies(&seen))
        })
    }
}

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1_024;

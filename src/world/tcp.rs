//! A connection of the simulated network, as TCP shows it to programs: a handshake, bytes in order,
//! flow control, half-close, FIN and RST.
//!
//! Only faults lose anything, so there are no sequence numbers and no retransmissions, and a
//! sender knows at once what has arrived. Data for an end that its program has closed is dropped;
//! once both directions have ended, it is answered with a reset. A connection does not know of any
//! other: the cost of an exchange does not grow with the number of open connections. Packets leave
//! through the [`Outbox`](super::outbox::Outbox), and `network` decides what becomes of them.
//!
//! [`End`] is one end.

mod end;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};

use tokio::io::ReadBuf;

use super::listener::AcceptQueue;
use super::outbox::Outbox;
use crate::policy::ProviderId;
pub(super) use end::keep;
use end::{End, State, Woken};

/// A connection, by the client process that requested it, and by its number in the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ConnId {
    pub(super) client: u32,
    pub(super) number: u64,
}

/// A host, in the order in which hosts send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Host {
    Provider(ProviderId),
    Client(u32),
}

/// One of the two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Provider,
}

impl Side {
    pub(super) fn peer(self) -> Self {
        match self {
            Self::Client => Self::Provider,
            Self::Provider => Self::Client,
        }
    }
}

/// A segment on its way.
#[derive(Debug)]
pub(super) struct Packet {
    pub(super) connection: Arc<Connection>,
    pub(super) to: Side,
    pub(super) segment: Segment,
}

impl Packet {
    /// It arrives.
    pub(super) fn deliver(self) {
        self.connection.deliver(self.to, self.segment);
    }
}

/// What a packet carries.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// The client requests the connection.
    Syn,
    /// The provider's host grants it.
    SynAck,
    /// The end of the handshake: the provider can accept the connection.
    Ack,
    Data(Vec<u8>),
    Fin,
    Rst,
}

/// A connection: what both ends have written and read.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: ConnId,
    pub(super) provider: ProviderId,
    /// Where it waits to be accepted; gone when nothing listens there.
    queue: Weak<AcceptQueue>,
    /// Gone after the run.
    outbox: Weak<Outbox>,
    ends: Mutex<Ends>,
}

#[derive(Debug, Default)]
struct Ends {
    client: End,
    provider: End,
    /// A reset of both ends is under way.
    is_resetting: bool,
}

impl Ends {
    /// This side's end, and the other one.
    fn of(&mut self, side: Side) -> (&mut End, &mut End) {
        match side {
            Side::Client => (&mut self.client, &mut self.provider),
            Side::Provider => (&mut self.provider, &mut self.client),
        }
    }
}

impl Connection {
    /// A connection that its client process requests.
    pub(super) fn request(
        id: ConnId,
        provider: ProviderId,
        queue: Weak<AcceptQueue>,
        outbox: Weak<Outbox>,
    ) -> Arc<Self> {
        let mut ends = Ends::default();
        ends.client.rank = id.number;
        // Until it is accepted.
        ends.provider.is_closed = true;
        let connection = Arc::new(Self {
            id,
            provider,
            queue,
            outbox,
            ends: Mutex::new(ends),
        });
        connection.send(Side::Client, Segment::Syn);
        connection
    }

    fn lock(&self) -> MutexGuard<'_, Ends> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn host(&self, side: Side) -> Host {
        match side {
            Side::Client => Host::Client(self.id.client),
            Side::Provider => Host::Provider(self.provider),
        }
    }

    /// Sends a segment without data, before any that has.
    fn send(self: &Arc<Self>, from: Side, segment: Segment) {
        if let Some(outbox) = self.outbox.upgrade() {
            outbox.send(self.host(from), self.packet(from, segment));
        }
    }

    /// A packet from this side.
    pub(super) fn packet(self: &Arc<Self>, from: Side, segment: Segment) -> Packet {
        Packet {
            connection: self.clone(),
            to: from.peer(),
            segment,
        }
    }

    /// Lists an end, if it has something to send.
    fn list(self: &Arc<Self>, side: Side, end: &mut End) {
        if !end.is_listed
            && end.wants_to_send()
            && let Some(outbox) = self.outbox.upgrade()
        {
            end.is_listed = true;
            outbox.list(self.host(side), end.rank, self.clone(), side);
        }
    }

    /// Data that this side has sent is lost.
    pub(super) fn lose_data(&self, side: Side) {
        self.lock().of(side).0.has_lost_data = true;
    }

    /// Whether data was lost, and no reset has followed yet.
    pub(super) fn is_broken(&self) -> bool {
        let ends = self.lock();
        let has_lost = ends.client.has_lost_data || ends.provider.has_lost_data;
        has_lost && !ends.is_resetting
    }

    /// Whether the packet cannot be read where it goes: data before it was lost, or a reset will
    /// arrive in place of a FIN.
    pub(super) fn is_unreadable(&self, packet: &Packet) -> bool {
        let mut ends = self.lock();
        let is_resetting = ends.is_resetting;
        let (_, sender) = ends.of(packet.to);
        match packet.segment {
            Segment::Data(_) => sender.has_lost_data,
            Segment::Fin => sender.has_lost_data || is_resetting && packet.to == Side::Client,
            _ => false,
        }
    }

    /// A reset of both ends begins; false if one has begun before.
    pub(super) fn begin_reset(&self) -> bool {
        !std::mem::replace(&mut self.lock().is_resetting, true)
    }

    /// Delivers a segment to the end on `side`.
    fn deliver(self: &Arc<Self>, side: Side, segment: Segment) {
        match segment {
            Segment::Syn => self.grant(),
            Segment::SynAck => self.establish(),
            Segment::Ack => self.offer(),
            Segment::Data(data) => self.receive(side, |end, peer| end.receive(data, peer)),
            Segment::Fin => self.receive(side, End::receive_fin),
            Segment::Rst => {
                let woken = self.lock().of(side).0.reset();
                woken.wake();
            }
        }
    }

    /// The SYN has arrived at the provider's host.
    fn grant(self: &Arc<Self>) {
        let Some(queue) = self.queue.upgrade() else {
            return self.refuse();
        };
        self.lock().provider.rank = queue.next_rank();
        self.send(Side::Provider, Segment::SynAck);
    }

    /// The SYN-ACK has arrived at the client.
    fn establish(self: &Arc<Self>) {
        let mut ends = self.lock();
        let client = &mut ends.client;
        if client.is_gone() {
            return self.send(Side::Client, Segment::Rst);
        }
        if client.state() != State::Handshake {
            return;
        }
        let woken = client.establish();
        drop(ends);
        woken.wake();
        self.send(Side::Client, Segment::Ack);
    }

    /// The last ACK of the handshake has arrived at the provider's host.
    fn offer(self: &Arc<Self>) {
        let mut ends = self.lock();
        let provider = &mut ends.provider;
        if provider.state() != State::Handshake {
            return;
        }
        let woken = provider.establish();
        provider.is_closed = false;
        drop(ends);
        woken.wake();
        match self.queue.upgrade() {
            Some(queue) => queue.push(self.clone()),
            None => self.refuse(),
        }
    }

    /// Nothing listens there, or no longer.
    pub(super) fn refuse(self: &Arc<Self>) {
        let woken = self.lock().provider.reset();
        woken.wake();
        self.send(Side::Provider, Segment::Rst);
    }

    /// The end on `side` receives something of its peer, as `take` says.
    fn receive(self: &Arc<Self>, side: Side, take: impl FnOnce(&mut End, &mut End) -> Woken) {
        let mut ends = self.lock();
        let (end, peer) = ends.of(side);
        let is_gone = end.is_gone();
        let woken = take(end, peer);
        if is_gone {
            self.send(side, Segment::Rst);
        }
        self.list(side.peer(), peer);
        drop(ends);
        woken.wake();
    }

    /// What a listed end can send now, in order.
    pub(super) fn take_segments(&self, side: Side) -> [Option<Segment>; 2] {
        let mut ends = self.lock();
        let (end, peer) = ends.of(side);
        end.is_listed = false;
        end.take_segments(peer)
    }

    /// Whether the client's end is established.
    pub(super) fn poll_established(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        self.lock().client.poll_established(cx)
    }

    /// Reads what has arrived: the peer may then have room to send more.
    pub(super) fn poll_read(
        self: &Arc<Self>,
        side: Side,
        cx: &Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut ends = self.lock();
        let (end, peer) = ends.of(side);
        let read = end.poll_read(cx, buf);
        self.list(side.peer(), peer);
        read
    }

    /// Writes as much as there is room for.
    pub(super) fn poll_write(
        self: &Arc<Self>,
        side: Side,
        cx: &Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut ends = self.lock();
        let (end, _) = ends.of(side);
        let written = end.poll_write(cx, bytes);
        self.list(side, end);
        written
    }

    /// Ends what this side writes.
    pub(super) fn shut_down(self: &Arc<Self>, side: Side) -> io::Result<()> {
        let mut ends = self.lock();
        let (end, _) = ends.of(side);
        let shut = end.shut_down();
        self.list(side, end);
        shut
    }

    /// The program no longer uses this end.
    pub(super) fn close(self: &Arc<Self>, side: Side) {
        let mut ends = self.lock();
        let (end, _) = ends.of(side);
        if end.close() {
            self.send(side, Segment::Rst);
        }
        self.list(side, end);
    }
}

#[cfg(test)]
mod tests;

//! A connection of the simulated network, as TCP shows it to programs: a handshake, bytes in order,
//! flow control, half-close, FIN and RST.
//!
//! Only faults lose anything, so there are no sequence numbers and no retransmissions, and a sender
//! knows at once what has arrived. A connection does not know of any other: the cost of an exchange
//! does not grow with the number of open connections. Packets leave through the
//! [`Outbox`](super::outbox::Outbox), and `network` decides what becomes of them.

mod end;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};

use tokio::io::ReadBuf;

use super::outbox::Outbox;
use super::port::Port;
use crate::policy::ProviderId;
use end::{BUFFER, End, Fin, State, Woken, set};

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
    /// Where it is to be accepted; gone when nothing listens there.
    port: Weak<Port>,
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
        port: Weak<Port>,
        outbox: Weak<Outbox>,
    ) -> Arc<Self> {
        let mut ends = Ends::default();
        ends.client.rank = id.number;
        // Until it is accepted.
        ends.provider.is_closed = true;
        let connection = Arc::new(Self {
            id,
            provider,
            port,
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

    /// Lists an end that has something to send.
    fn list(self: &Arc<Self>, side: Side, end: &mut End) {
        if !end.is_listed
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
            Segment::Data(data) => self.receive(side, data),
            Segment::Fin => self.end(side),
            Segment::Rst => {
                let woken = self.lock().of(side).0.reset();
                woken.wake();
            }
        }
    }

    /// The request has arrived at the provider's host.
    fn grant(self: &Arc<Self>) {
        let Some(port) = self.port.upgrade() else {
            return self.send(Side::Provider, Segment::Rst);
        };
        self.lock().provider.rank = port.number();
        self.send(Side::Provider, Segment::SynAck);
    }

    /// The client hears that the connection is granted.
    fn establish(self: &Arc<Self>) {
        let mut ends = self.lock();
        let client = &mut ends.client;
        if client.is_gone() {
            return self.send(Side::Client, Segment::Rst);
        }
        if client.state != State::Handshake {
            return;
        }
        client.state = State::Established;
        let woken = Woken([client.reader.take(), None]);
        drop(ends);
        woken.wake();
        self.send(Side::Client, Segment::Ack);
    }

    /// The provider's host hears that the client has heard.
    fn offer(self: &Arc<Self>) {
        let mut ends = self.lock();
        let provider = &mut ends.provider;
        if provider.state != State::Handshake {
            return;
        }
        if let Some(port) = self.port.upgrade() {
            provider.state = State::Established;
            provider.is_closed = false;
            drop(ends);
            port.push(self.clone());
        }
    }

    fn receive(self: &Arc<Self>, side: Side, data: Vec<u8>) {
        let mut ends = self.lock();
        let (end, peer) = ends.of(side);
        peer.in_flight -= data.len();
        if end.is_gone() {
            return self.send(side, Segment::Rst);
        }
        let mut woken = Woken([None, peer.writer.take()]);
        if !end.is_over() && !end.is_closed {
            let free = end.receive(data);
            if peer.unsent.capacity() == 0 {
                peer.unsent = free;
            }
            woken.0[0] = end.reader.take();
        }
        self.send_more(side.peer(), peer);
        drop(ends);
        woken.wake();
    }

    /// There may be room for what this end could not send before.
    fn send_more(self: &Arc<Self>, side: Side, end: &mut End) {
        if !end.unsent.is_empty() || end.fin == Fin::Queued {
            self.list(side, end);
        }
    }

    /// The peer's FIN has arrived.
    fn end(self: &Arc<Self>, side: Side) {
        let mut ends = self.lock();
        let (end, peer) = ends.of(side);
        if end.is_gone() {
            return self.send(side, Segment::Rst);
        }
        end.has_ended = true;
        peer.fin = Fin::Arrived;
        let woken = Woken([end.reader.take(), end.writer.take()]);
        drop(ends);
        woken.wake();
    }

    /// What a listed end can send now, in order.
    pub(super) fn take_segments(&self, side: Side) -> [Option<Segment>; 2] {
        let mut ends = self.lock();
        let (end, peer) = ends.of(side);
        end.is_listed = false;
        let window = BUFFER.saturating_sub(end.in_flight + peer.unread().len());
        if end.state != State::Established || window == 0 {
            return [None, None];
        }
        let data = (!end.unsent.is_empty()).then(|| {
            let rest = end.unsent.split_off(end.unsent.len().min(window));
            let data = std::mem::replace(&mut end.unsent, rest);
            end.in_flight += data.len();
            Segment::Data(data)
        });
        let ends_now = end.unsent.is_empty() && end.fin == Fin::Queued;
        if ends_now {
            end.fin = Fin::Sent;
        }
        [data, ends_now.then_some(Segment::Fin)]
    }

    /// Whether the client's end is established.
    pub(super) fn poll_established(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let client = &mut self.lock().client;
        match client.state {
            State::Handshake => {
                client.reader = Some(cx.waker().clone());
                Poll::Pending
            }
            State::Established => Poll::Ready(Ok(())),
            State::Reset => Poll::Ready(Err(io::ErrorKind::ConnectionRefused.into())),
        }
    }

    /// Reads what has arrived.
    pub(super) fn poll_read(
        self: &Arc<Self>,
        side: Side,
        cx: &Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut ends = self.lock();
        let (end, peer) = ends.of(side);
        if end.state == State::Reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let unread = end.unread();
        let length = unread.len().min(buf.remaining());
        buf.put_slice(&unread[..length]);
        end.read += length;
        if length > 0 {
            self.send_more(side.peer(), peer);
        } else if !end.has_ended && buf.remaining() > 0 {
            set(&mut end.reader, cx);
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
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
        if end.state == State::Reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if end.fin != Fin::None {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let length = bytes.len().min(end.room());
        if length == 0 && !bytes.is_empty() {
            set(&mut end.writer, cx);
            return Poll::Pending;
        }
        end.unsent.extend_from_slice(&bytes[..length]);
        self.list(side, end);
        Poll::Ready(Ok(length))
    }

    /// Ends what this side writes.
    pub(super) fn shut_down(self: &Arc<Self>, side: Side) -> io::Result<()> {
        let mut ends = self.lock();
        let (end, _) = ends.of(side);
        if end.state == State::Reset {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        self.queue_fin(side, end);
        Ok(())
    }

    fn queue_fin(self: &Arc<Self>, side: Side, end: &mut End) {
        if end.fin == Fin::None {
            end.fin = Fin::Queued;
            self.list(side, end);
        }
    }

    /// The program no longer uses this end. What it has written is still sent; but if it has not
    /// read all that has arrived, the connection is reset.
    pub(super) fn close(self: &Arc<Self>, side: Side) {
        let mut ends = self.lock();
        let (end, _) = ends.of(side);
        end.is_closed = true;
        if end.is_over() {
            return;
        }
        let is_established = end.state == State::Established;
        if is_established && end.unread().is_empty() {
            return self.queue_fin(side, end);
        }
        // Its own program waits for nothing any more.
        drop(end.reset());
        if is_established {
            self.send(side, Segment::Rst);
        }
    }
}

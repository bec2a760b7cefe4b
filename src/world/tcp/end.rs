//! One end of a connection: how far it has come, what it has still to send, and what is unread.

use std::io;
use std::task::{Context, Poll, Waker};

use tokio::io::ReadBuf;

use super::Segment;

/// One end of a connection.
#[derive(Debug, Default)]
pub(super) struct End {
    state: State,
    /// No program uses it any more, or none uses it yet.
    pub(super) is_closed: bool,
    /// Its place in the order in which the connections of its host send.
    pub(super) rank: u64,
    /// Written, and not yet sent.
    unsent: Vec<u8>,
    /// Whether the outbox knows that there is something to send.
    pub(super) is_listed: bool,
    /// The number of bytes sent that have not arrived, with those that were lost.
    in_flight: usize,
    /// Some of what it sent was lost: the peer cannot read what follows.
    pub(super) has_lost_data: bool,
    fin: Fin,
    /// Bytes that have arrived, of which the first `read` have been read.
    arrived: Vec<u8>,
    read: usize,
    /// The peer's FIN has arrived: nothing follows.
    has_ended: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Handshake,
    Established,
    /// It was reset, or closed before all that had arrived was read, or before it was established.
    Reset,
}

/// The FIN that follows what an end has written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fin {
    #[default]
    None,
    Queued,
    Sent,
    Arrived,
}

/// How many bytes an end keeps for sending, and how many may be in flight to it or unread there, in
/// bytes: about the largest window of TCP without scaling.
const BUFFER: usize = 64 << 10;

/// Tasks to wake once the connection is no longer locked.
#[must_use]
#[derive(Debug, Default)]
pub(super) struct Woken([Option<Waker>; 2]);

impl Woken {
    pub(super) fn wake(self) {
        self.0.into_iter().flatten().for_each(Waker::wake);
    }
}

impl End {
    pub(super) fn state(&self) -> State {
        self.state
    }

    /// Whether it has something to send, if the window is open.
    pub(super) fn wants_to_send(&self) -> bool {
        !self.unsent.is_empty() || self.fin == Fin::Queued
    }

    /// Whether it answers every segment with a reset.
    pub(super) fn is_gone(&self) -> bool {
        self.is_closed && self.is_over()
    }

    /// Both directions have ended, or the connection is lost.
    fn is_over(&self) -> bool {
        self.state == State::Reset || self.fin == Fin::Arrived && self.has_ended
    }

    fn unread(&self) -> &[u8] {
        &self.arrived[self.read..]
    }

    /// The handshake is over.
    pub(super) fn establish(&mut self) -> Woken {
        self.state = State::Established;
        Woken([self.reader.take(), None])
    }

    pub(super) fn reset(&mut self) -> Woken {
        self.state = State::Reset;
        self.unsent = Vec::new();
        self.arrived = Vec::new();
        self.read = 0;
        Woken([self.reader.take(), self.writer.take()])
    }

    /// `data` has arrived from `peer`.
    pub(super) fn receive(&mut self, data: Vec<u8>, peer: &mut Self) -> Woken {
        peer.in_flight -= data.len();
        let writer = peer.writer.take();
        if self.is_closed || self.is_over() {
            return Woken([writer, None]);
        }
        let free = self.take_in(data);
        if peer.unsent.capacity() == 0 {
            peer.unsent = free;
        }
        Woken([writer, self.reader.take()])
    }

    /// Keeps what has arrived; returns a buffer that is free.
    fn take_in(&mut self, mut data: Vec<u8>) -> Vec<u8> {
        self.arrived.drain(..self.read);
        self.read = 0;
        if self.arrived.is_empty() {
            std::mem::swap(&mut self.arrived, &mut data);
        } else {
            self.arrived.extend_from_slice(&data);
        }
        data.clear();
        data
    }

    /// The FIN of `peer` has arrived.
    pub(super) fn receive_fin(&mut self, peer: &mut Self) -> Woken {
        self.has_ended = true;
        peer.fin = Fin::Arrived;
        Woken([self.reader.take(), self.writer.take()])
    }

    /// What it can send to `peer` now, in order.
    pub(super) fn take_segments(&mut self, peer: &Self) -> [Option<Segment>; 2] {
        if self.has_lost_data && self.fin == Fin::Queued {
            // What is unsent could not be read, and would wait for room that never comes.
            self.unsent.clear();
            self.fin = Fin::Sent;
            return [None, Some(Segment::Fin)];
        }
        let window = BUFFER.saturating_sub(self.in_flight + peer.unread().len());
        if self.state != State::Established || window == 0 {
            return [None, None];
        }
        let data = (!self.unsent.is_empty()).then(|| {
            let rest = self.unsent.split_off(self.unsent.len().min(window));
            let data = std::mem::replace(&mut self.unsent, rest);
            self.in_flight += data.len();
            Segment::Data(data)
        });
        let ends_now = self.unsent.is_empty() && self.fin == Fin::Queued;
        if ends_now {
            self.fin = Fin::Sent;
        }
        [data, ends_now.then_some(Segment::Fin)]
    }

    /// Whether it is established.
    pub(super) fn poll_established(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        match self.state {
            State::Handshake => {
                keep(&mut self.reader, cx.waker());
                Poll::Pending
            }
            State::Established => Poll::Ready(Ok(())),
            State::Reset => Poll::Ready(Err(io::ErrorKind::ConnectionRefused.into())),
        }
    }

    /// Reads what has arrived.
    pub(super) fn poll_read(
        &mut self,
        cx: &Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.state == State::Reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let unread = self.unread();
        let length = unread.len().min(buf.remaining());
        buf.put_slice(&unread[..length]);
        self.read += length;
        if length == 0 && !self.has_ended && buf.remaining() > 0 {
            keep(&mut self.reader, cx.waker());
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    /// Writes as much as there is room for.
    pub(super) fn poll_write(&mut self, cx: &Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.state == State::Reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if self.fin != Fin::None {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = BUFFER.saturating_sub(self.unsent.len() + self.in_flight);
        let length = bytes.len().min(room);
        if length == 0 && !bytes.is_empty() {
            keep(&mut self.writer, cx.waker());
            return Poll::Pending;
        }
        self.unsent.extend_from_slice(&bytes[..length]);
        Poll::Ready(Ok(length))
    }

    /// Ends what it writes.
    pub(super) fn shut_down(&mut self) -> io::Result<()> {
        if self.state == State::Reset {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        if self.fin == Fin::None {
            self.fin = Fin::Queued;
        }
        Ok(())
    }

    /// The program no longer uses it; whether the peer must be sent a reset. What was written is
    /// still sent, unless not all that has arrived was read.
    pub(super) fn close(&mut self) -> bool {
        self.is_closed = true;
        if self.is_over() {
            return false;
        }
        let is_established = self.state == State::Established;
        if is_established && self.unread().is_empty() {
            // It is not reset.
            let _ = self.shut_down();
            return false;
        }
        // Its own program waits for nothing any more.
        drop(self.reset());
        is_established
    }
}

/// Keeps a clone of `waker`, to be woken later.
pub(in crate::world) fn keep(kept: &mut Option<Waker>, waker: &Waker) {
    match kept {
        Some(known) => known.clone_from(waker),
        none => *none = Some(waker.clone()),
    }
}

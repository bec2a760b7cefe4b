//! One end of a connection: how far it has come, what it has still to send, and what is unread.

use std::task::{Context, Waker};

/// One end of a connection.
#[derive(Debug, Default)]
pub(super) struct End {
    pub(super) state: State,
    /// No program uses it any more.
    pub(super) is_closed: bool,
    /// Its place in the order in which the connections of its host send.
    pub(super) rank: u64,
    /// Written, and not yet sent.
    pub(super) unsent: Vec<u8>,
    /// Whether the outbox knows that there is something to send.
    pub(super) is_listed: bool,
    /// The number of bytes sent that have not arrived.
    pub(super) in_flight: usize,
    /// Some of what it sent was lost: the peer cannot read what follows.
    pub(super) has_lost_data: bool,
    pub(super) fin: Fin,
    /// Bytes that have arrived, of which the first `read` have been read.
    pub(super) arrived: Vec<u8>,
    pub(super) read: usize,
    /// The peer's FIN has arrived: nothing follows.
    pub(super) has_ended: bool,
    pub(super) reader: Option<Waker>,
    pub(super) writer: Option<Waker>,
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
pub(super) enum Fin {
    #[default]
    None,
    Queued,
    Sent,
    Arrived,
}

/// How many bytes an end keeps for sending, and how many may be in flight to it or unread there, in
/// bytes: without window scaling, TCP's window has 16 bits.
pub(super) const BUFFER: usize = 64 << 10;

impl End {
    pub(super) fn unread(&self) -> &[u8] {
        &self.arrived[self.read..]
    }

    /// How many bytes a program can write now.
    pub(super) fn room(&self) -> usize {
        BUFFER.saturating_sub(self.unsent.len() + self.in_flight)
    }

    /// Both directions have ended, or the connection is lost.
    pub(super) fn is_over(&self) -> bool {
        self.state == State::Reset || self.fin == Fin::Arrived && self.has_ended
    }

    /// Whether it answers every segment with a reset.
    pub(super) fn is_gone(&self) -> bool {
        self.is_closed && self.is_over()
    }

    /// Takes what has arrived; returns a buffer that is free.
    pub(super) fn receive(&mut self, mut data: Vec<u8>) -> Vec<u8> {
        if self.unread().is_empty() {
            self.read = 0;
            std::mem::swap(&mut self.arrived, &mut data);
        } else {
            self.arrived.extend_from_slice(&data);
        }
        data.clear();
        data
    }

    pub(super) fn reset(&mut self) -> Woken {
        self.state = State::Reset;
        self.unsent = Vec::new();
        self.arrived = Vec::new();
        self.read = 0;
        Woken([self.reader.take(), self.writer.take()])
    }
}

/// Tasks to wake once the connection is no longer locked.
#[must_use]
pub(super) struct Woken(pub(super) [Option<Waker>; 2]);

impl Woken {
    pub(super) fn wake(self) {
        self.0.into_iter().flatten().for_each(Waker::wake);
    }
}

/// Makes the task the one to wake.
pub(super) fn set(waiting: &mut Option<Waker>, cx: &Context<'_>) {
    match waiting {
        Some(known) => known.clone_from(cx.waker()),
        none => *none = Some(cx.waker().clone()),
    }
}

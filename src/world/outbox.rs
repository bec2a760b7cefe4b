//! What the hosts of one run have to send, until the next pass.
//!
//! A pass takes it in the order of the hosts: of each, first segments without data in the order in
//! which they were sent, then what its connections have written, in the order of the connections.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::tcp::{Connection, Host, Packet, Side, keep};

/// The outbox that all hosts share.
#[derive(Debug, Default)]
pub(super) struct Outbox(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Waiting>,
    /// Woken while a connection is locked: it must be the waker of a task, which only schedules it.
    sender: Option<Waker>,
}

/// Something to send, and its place among all that its host sends.
#[derive(Debug)]
pub(super) struct Waiting {
    host: Host,
    place: u64,
    what: What,
}

#[derive(Debug)]
enum What {
    Packet(Packet),
    /// The end on this side has written something.
    Written(Arc<Connection>, Side),
}

impl Waiting {
    /// The place in a pass.
    fn key(&self) -> (Host, bool, u64) {
        let is_written = matches!(self.what, What::Written(..));
        (self.host, is_written, self.place)
    }
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A host sends a segment without data.
    pub(super) fn send(&self, host: Host, packet: Packet) {
        self.push(host, None, What::Packet(packet));
    }

    /// The end of a connection has something to send; `rank` is its place on its host.
    pub(super) fn list(&self, host: Host, rank: u64, connection: Arc<Connection>, side: Side) {
        self.push(host, Some(rank), What::Written(connection, side));
    }

    fn push(&self, host: Host, rank: Option<u64>, what: What) {
        let mut state = self.lock();
        let place = rank.unwrap_or(state.waiting.len() as u64);
        state.waiting.push(Waiting { host, place, what });
        let sender = state.sender.take();
        drop(state);
        sender.into_iter().for_each(Waker::wake);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().waiting.is_empty()
    }

    /// Sets the task that is woken once when there is something to send.
    pub(super) fn wake_when_filled(&self, sender: &Waker) {
        keep(&mut self.lock().sender, sender);
    }

    /// Passes all packets to `on_packet`, in order; `buffer` is empty before and after.
    pub(super) fn take(&self, buffer: &mut Vec<Waiting>, mut on_packet: impl FnMut(Packet)) {
        std::mem::swap(&mut self.lock().waiting, buffer);
        buffer.sort_unstable_by_key(Waiting::key);
        for Waiting { what, .. } in buffer.drain(..) {
            match what {
                What::Packet(packet) => on_packet(packet),
                What::Written(connection, side) => {
                    for segment in connection.take_segments(side).into_iter().flatten() {
                        on_packet(connection.packet(side, segment));
                    }
                }
            }
        }
    }
}

//! What the hosts of one run have to send, until the next pass.
//!
//! A pass takes it in the order of the hosts: of each, first segments without data in the order in
//! which they were sent, then what its connections have written, in the order of the connections.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::tcp::{Connection, Host, Packet, Side};

/// The outbox that all hosts share.
#[derive(Debug, Default)]
pub(super) struct Outbox(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Waiting>,
    sender: Option<Waker>,
}

/// Something to send, and its place in the pass.
#[derive(Debug)]
pub(super) struct Waiting {
    place: (Host, Part, u64),
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    WithoutData,
    Written,
}

#[derive(Debug)]
enum What {
    Packet(Packet),
    /// The end on this side has written something.
    Written(Arc<Connection>, Side),
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A host sends a segment without data.
    pub(super) fn send(&self, host: Host, packet: Packet) {
        let number = self.lock().waiting.len() as u64;
        self.push((host, Part::WithoutData, number), What::Packet(packet));
    }

    /// The end of a connection has something to send; `rank` is its place on its host.
    pub(super) fn list(&self, host: Host, rank: u64, connection: Arc<Connection>, side: Side) {
        self.push((host, Part::Written, rank), What::Written(connection, side));
    }

    fn push(&self, place: (Host, Part, u64), what: What) {
        let mut state = self.lock();
        state.waiting.push(Waiting { place, what });
        let sender = state.sender.take();
        drop(state);
        sender.into_iter().for_each(Waker::wake);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().waiting.is_empty()
    }

    /// Sets the task that is woken when there is something to send.
    pub(super) fn wake_when_filled(&self, sender: &Waker) {
        self.lock().sender = Some(sender.clone());
    }

    /// Passes all packets to `on_packet`, in order; `buffer` is empty before and after.
    pub(super) fn take(&self, buffer: &mut Vec<Waiting>, mut on_packet: impl FnMut(Packet)) {
        std::mem::swap(&mut self.lock().waiting, buffer);
        buffer.sort_unstable_by_key(|waiting| waiting.place);
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

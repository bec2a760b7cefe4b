//! Where connections to one host wait to be accepted: it listens on every port.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Poll, Waker};

use super::stream::SimulatedStream;
use super::tcp::{Connection, Side, keep};

/// Connections that are established, and not yet accepted. Its length has no limit: a request
/// beyond one would be lost for good.
#[derive(Debug, Default)]
pub(super) struct AcceptQueue(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The number of requests that have arrived.
    requested: u64,
    ready: VecDeque<Arc<Connection>>,
    listener: Option<Waker>,
}

impl AcceptQueue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of the next connection in the order in which the host's connections send.
    pub(super) fn next_rank(&self) -> u64 {
        let mut state = self.lock();
        state.requested += 1;
        state.requested
    }

    /// A connection is established.
    pub(super) fn push(&self, connection: Arc<Connection>) {
        let mut state = self.lock();
        state.ready.push_back(connection);
        let listener = state.listener.take();
        drop(state);
        listener.into_iter().for_each(Waker::wake);
    }
}

/// Accepts the connections to one host; they are refused once it is dropped.
#[derive(Debug)]
pub struct Listener(Arc<AcceptQueue>);

impl Listener {
    /// A listener to which nobody has connected.
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    /// Where connections wait for it.
    pub(super) fn queue(&self) -> Weak<AcceptQueue> {
        Arc::downgrade(&self.0)
    }

    /// The provider's end of the next connection.
    pub async fn accept(&mut self) -> SimulatedStream {
        let accepted = poll_fn(|cx| {
            let mut state = self.0.lock();
            let Some(connection) = state.ready.pop_front() else {
                keep(&mut state.listener, cx.waker());
                return Poll::Pending;
            };
            Poll::Ready(connection)
        });
        SimulatedStream::new(accepted.await, Side::Provider)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let waiting = std::mem::take(&mut self.0.lock().ready);
        waiting.iter().for_each(Connection::refuse);
    }
}

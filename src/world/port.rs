//! A port on which a provider listens.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Poll, Waker};

use super::stream::SimulatedStream;
use super::tcp::{Connection, Side};

/// A port: connections that wait to be accepted.
#[derive(Debug, Default)]
pub(super) struct Port(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    /// The number of connections that were requested.
    requested: u64,
    /// Established, and not yet accepted. Its length has no limit: a request beyond one would be
    /// lost for good.
    ready: VecDeque<Arc<Connection>>,
    listener: Option<Waker>,
}

impl Port {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of a connection that is requested now.
    pub(super) fn number(&self) -> u64 {
        let mut queue = self.lock();
        queue.requested += 1;
        queue.requested
    }

    /// A connection is established.
    pub(super) fn push(&self, connection: Arc<Connection>) {
        let mut queue = self.lock();
        queue.ready.push_back(connection);
        let listener = queue.listener.take();
        drop(queue);
        listener.into_iter().for_each(Waker::wake);
    }
}

/// Listens on a port; its end closes the port.
#[derive(Debug, Default)]
pub struct Listener(Arc<Port>);

impl Listener {
    /// The port, for clients to connect to.
    pub(super) fn port(&self) -> Weak<Port> {
        Arc::downgrade(&self.0)
    }

    /// The provider's end of the next connection.
    pub async fn accept(&mut self) -> SimulatedStream {
        let accepted = poll_fn(|cx| {
            let mut queue = self.0.lock();
            let Some(connection) = queue.ready.pop_front() else {
                queue.listener = Some(cx.waker().clone());
                return Poll::Pending;
            };
            Poll::Ready(connection)
        });
        SimulatedStream::new(accepted.await, Side::Provider)
    }
}

impl Drop for Listener {
    /// Connections that were not accepted are closed.
    fn drop(&mut self) {
        let waiting = std::mem::take(&mut self.0.lock().ready);
        for connection in waiting {
            connection.close(Side::Provider);
        }
    }
}

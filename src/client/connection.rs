//! One HTTP/1.1 connection, driven by whoever waits for its answer.
//!
//! hyper splits a connection into a sender and a future that does the reading and writing. That
//! future is polled here, in the task that waits, and not in a task of its own: dropping an attempt
//! then closes its connection at once, no executor is needed, and an idle connection costs nothing.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1};
use hyper::{Request, Response};

/// A connection that is open, as far as anybody knows.
pub(super) struct Connection<Io: hyper::rt::Read + hyper::rt::Write> {
    sender: http1::SendRequest<Full<Bytes>>,
    work: Option<http1::Connection<Io, Full<Bytes>>>,
}

impl<Io: hyper::rt::Read + hyper::rt::Write + Unpin> Connection<Io> {
    /// HTTP over an open stream.
    pub(super) async fn open(io: Io) -> hyper::Result<Self> {
        let (sender, work) = http1::handshake(io).await?;
        Ok(Self {
            sender,
            work: Some(work),
        })
    }

    /// Sends a request and waits for the head of its answer. A request of which no byte has left
    /// comes back with the error.
    pub(super) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Full<Bytes>>>> {
        let answer = self.sender.try_send_request(request);
        drive(&mut self.work, answer).await
    }

    /// Waits for `what`, which comes over this connection.
    pub(super) async fn wait<T>(&mut self, what: impl Future<Output = T>) -> T {
        drive(&mut self.work, what).await
    }

    /// Whether another request can be sent: the last answer was read to its end, and the other
    /// side has not hung up in the meantime.
    pub(super) fn is_reusable(&mut self) -> bool {
        work_on(&mut self.work, &mut Context::from_waker(Waker::noop()));
        self.work.is_some() && self.sender.is_ready()
    }
}

/// Polls `what` before and after the connection's own work: before, because it may have something
/// to send; after, because what it waits for may just have come in.
async fn drive<Io, T>(
    work: &mut Option<http1::Connection<Io, Full<Bytes>>>,
    what: impl Future<Output = T>,
) -> T
where
    Io: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    let mut what = pin!(what);
    poll_fn(|cx| {
        if let Poll::Ready(done) = what.as_mut().poll(cx) {
            return Poll::Ready(done);
        }
        work_on(work, cx);
        what.as_mut().poll(cx)
    })
    .await
}

/// Reads and writes what can be read and written; a connection that is over is dropped. Its error
/// is not lost: whoever waits for an answer gets it.
fn work_on<Io>(work: &mut Option<http1::Connection<Io, Full<Bytes>>>, cx: &mut Context<'_>)
where
    Io: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    if let Some(connection) = work
        && Pin::new(connection).poll(cx).is_ready()
    {
        *work = None;
    }
}

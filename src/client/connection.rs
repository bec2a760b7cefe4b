//! One connection: an HTTP/1.1 one, driven by the task that waits for its answer, or a share in an
//! HTTP/2 one.
//!
//! hyper splits a connection into a sender and a future that reads and writes. With HTTP/1.1 that
//! future is polled here, in the task that waits, and not in a task of its own: dropping an attempt
//! then closes its connection at once, no executor is needed, and an idle connection costs nothing.
//! The simulated world uses only this. HTTP/2 is in `session`.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1};
use hyper::{Request, Response};

#[cfg(feature = "tls")]
use super::session::Session;

/// An open connection; the other side may have closed it already.
pub(super) enum Connection<Io: hyper::rt::Read + hyper::rt::Write> {
    /// Used by one attempt at a time.
    Own(Box<Own<Io>>),
    /// Shared: other attempts may be in flight on it.
    #[cfg(feature = "tls")]
    Shared(Session),
}

/// An HTTP/1.1 connection.
pub(super) struct Own<Io: hyper::rt::Read + hyper::rt::Write> {
    sender: http1::SendRequest<Full<Bytes>>,
    work: Option<http1::Connection<Io, Full<Bytes>>>,
}

impl<Io: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static> Connection<Io> {
    /// Starts HTTP over an open stream, in the version that both sides have agreed on.
    #[cfg_attr(
        not(feature = "tls"),
        expect(unused_variables, reason = "without TLS there is only HTTP/1.1")
    )]
    pub(super) async fn open(io: Io, is_h2: bool) -> hyper::Result<Self> {
        #[cfg(feature = "tls")]
        if is_h2 {
            return Session::open(io).await.map(Self::Shared);
        }
        let (sender, work) = http1::handshake(io).await?;
        let work = Some(work);
        Ok(Self::Own(Box::new(Own { sender, work })))
    }
}

impl<Io: hyper::rt::Read + hyper::rt::Write + Unpin> Connection<Io> {
    /// Sends a request and waits for the head of its answer. If no byte of the request was sent,
    /// the error returns it.
    pub(super) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Full<Bytes>>>> {
        match self {
            Self::Own(own) => {
                let answer = own.sender.try_send_request(request);
                drive(&mut own.work, answer).await
            }
            #[cfg(feature = "tls")]
            Self::Shared(session) => session.send(request).await,
        }
    }

    /// Waits for `what`, which this connection delivers.
    pub(super) async fn wait<T>(&mut self, what: impl Future<Output = T>) -> T {
        match self {
            Self::Own(own) => drive(&mut own.work, what).await,
            #[cfg(feature = "tls")]
            Self::Shared(_) => what.await,
        }
    }

    /// Whether another request can be sent: the last answer was read to its end, and the other side
    /// has not closed the connection.
    pub(super) fn is_reusable(&mut self) -> bool {
        match self {
            Self::Own(own) => {
                work_on(&mut own.work, &mut Context::from_waker(Waker::noop()));
                own.work.is_some() && own.sender.is_ready()
            }
            #[cfg(feature = "tls")]
            Self::Shared(session) => session.stands(),
        }
    }

    /// An attempt received nothing over it, which may be the connection's fault: no new attempt
    /// uses it. A connection that is not shared is closed when it is dropped.
    pub(super) fn mark_suspect(&self) {
        #[cfg(feature = "tls")]
        if let Self::Shared(session) = self {
            session.mark_suspect();
        }
    }
}

/// Whether the provider has signalled that it did not process the request that met this error.
pub(super) fn is_never_processed(error: &hyper::Error) -> bool {
    #[cfg(feature = "tls")]
    return super::session::is_never_processed(error);
    #[cfg(not(feature = "tls"))]
    {
        let _ = error;
        false
    }
}

/// Polls `what` before and after the connection's own work: before, because it may have something
/// to send; after, because the connection may just have received what it waits for.
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

/// Reads and writes what can be read and written; drops a connection that has ended. Its error is
/// not lost: the future that waits for an answer returns it.
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

//! One HTTP/2 connection, which several attempts share.
//!
//! Unlike an HTTP/1.1 connection it is driven by a task of its own, since no attempt owns it:
//! dropping an attempt resets its stream and leaves the others alone. The task ends when the last
//! attempt and the pool have dropped it.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http2};
use hyper::header;
use hyper::{Request, Response, Uri};
use hyper_util::rt::{TokioExecutor, TokioTimer};

/// A share in a connection. Clones share the same one.
#[derive(Clone)]
pub(super) struct Session {
    sender: http2::SendRequest<Full<Bytes>>,
    doubted: Arc<AtomicBool>,
}

impl Session {
    /// Starts HTTP/2 over an open stream.
    pub(super) async fn open<Io>(io: Io) -> hyper::Result<Self>
    where
        Io: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    {
        let (sender, work) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_AFTER)
            .keep_alive_timeout(PING_WITHIN)
            .handshake(io)
            .await?;
        // Its error is not lost: each future that waits for an answer returns it.
        tokio::spawn(work);
        Ok(Self {
            sender,
            doubted: Arc::default(),
        })
    }

    /// Sends a request and waits for the head of its answer. If no byte of the request was sent,
    /// the error returns it.
    pub(super) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Full<Bytes>>>> {
        self.sender.try_send_request(absolute(request)).await
    }

    /// No new attempt uses it; attempts in flight may still succeed.
    pub(super) fn mark_suspect(&self) {
        self.doubted.store(true, Ordering::Relaxed);
    }

    /// Whether it was open when last used.
    pub(super) fn stands(&self) -> bool {
        !self.sender.is_closed() && !self.doubted.load(Ordering::Relaxed)
    }

    /// The number of shares, this one included.
    pub(super) fn shares(&self) -> usize {
        Arc::strong_count(&self.doubted)
    }

    /// Whether both are shares in one connection.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.doubted, &other.doubted)
    }
}

/// Whether the provider has signalled that it did not process the request (RFC 9113, 8.7): it
/// refused the stream, or sent a GOAWAY whose last stream is an earlier one.
pub(super) fn is_never_processed(error: &hyper::Error) -> bool {
    let said = error.source().and_then(|source| source.downcast_ref());
    said.is_some_and(|error: &h2::Error| {
        let is_refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        // After a GOAWAY, h2 fails only the streams that the GOAWAY does not cover.
        error.is_remote() && (is_refused || error.is_go_away())
    })
}

/// HTTP/2 has the authority in place of a `Host` header.
fn absolute(request: Request<Full<Bytes>>) -> Request<Full<Bytes>> {
    let (mut parts, body) = request.into_parts();
    if let Some(host) = parts.headers.remove(header::HOST)
        && let Some(path) = parts.uri.path_and_query().cloned()
    {
        let uri = Uri::builder()
            .scheme("https")
            .authority(host.as_bytes())
            .path_and_query(path);
        parts.uri = uri
            .build()
            .expect("host and path were valid each for itself");
    }
    Request::from_parts(parts, body)
}

/// After this silence a connection with attempts in flight is pinged: a machine between us and the
/// provider may have dropped its state, and then no reset would ever come.
const PING_AFTER: Duration = Duration::from_secs(15);

/// How long to wait for the answer to a ping.
const PING_WITHIN: Duration = Duration::from_secs(10);

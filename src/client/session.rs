//! One HTTP/2 connection, which many attempts share.
//!
//! Unlike an HTTP/1.1 connection it is driven by a task of its own, since no attempt owns it: an
//! attempt that is dropped resets its stream and disturbs nobody. The task ends when the last
//! attempt and the pool have let go.

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

/// A share in a connection. Clones are shares in the same one.
#[derive(Clone)]
pub(super) struct Session {
    sender: http2::SendRequest<Full<Bytes>>,
    doubted: Arc<AtomicBool>,
}

impl Session {
    /// HTTP/2 over an open stream.
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
        // Its error is not lost: whoever waits for an answer gets it.
        tokio::spawn(work);
        Ok(Self {
            sender,
            doubted: Arc::default(),
        })
    }

    /// Sends a request and waits for the head of its answer. A request of which no byte has left
    /// comes back with the error.
    pub(super) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Full<Bytes>>>> {
        self.sender.try_send_request(absolute(request)).await
    }

    /// Nobody else is to be sent this way; who is on the way may well arrive.
    pub(super) fn mark_suspect(&self) {
        self.doubted.store(true, Ordering::Relaxed);
    }

    /// Whether it stands, as far as anybody knows.
    pub(super) fn stands(&self) -> bool {
        !self.sender.is_closed() && !self.doubted.load(Ordering::Relaxed)
    }

    /// How many hold a share in it, the one who asks included.
    pub(super) fn shares(&self) -> usize {
        Arc::strong_count(&self.doubted)
    }

    /// Whether both are shares in one connection.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.doubted, &other.doubted)
    }
}

/// Whether the provider has said that it never looked at the request (RFC 9113, 8.7): it refused
/// the stream, or went away and named an earlier stream as the last that it has seen to.
pub(super) fn is_never_processed(error: &hyper::Error) -> bool {
    let said = error.source().and_then(|source| source.downcast_ref());
    said.is_some_and(|error: &h2::Error| {
        let is_refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        // h2 fails those streams with a GOAWAY that the GOAWAY does not cover, and no others.
        error.is_remote() && (is_refused || error.is_go_away())
    })
}

/// HTTP/2 has the authority in the place of a `Host` header.
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

/// A connection on which somebody waits and nothing comes is asked whether it lives: a machine
/// between us and the provider may have forgotten it, and then no reset will ever come.
const PING_AFTER: Duration = Duration::from_secs(15);

/// How long it may think about that.
const PING_WITHIN: Duration = Duration::from_secs(10);

//! One exchange with one provider: connect, ask, read the answer, each within its timeout.
//!
//! Written straight down, as one future. Tokens of a streamed answer go to the [`Inbox`] as they
//! come; everything else is in what the future returns. Dropping it closes the connection.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{HeaderMap, Response, StatusCode};
use tokio::time::Instant;

use super::connect::Connect;
use super::connection::Connection;
use super::{Shared, Target, lock};
use crate::policy::call::{Failure, Start};
use crate::policy::classify::FailureClass;
use crate::policy::hints;
use crate::wire::answer::{self, Chunk, Content, ErrorBody, Malformed};
use crate::wire::request::{IDEMPOTENCY_KEY, RETRY_COUNT};
use crate::wire::sse::Decoder;

/// Tokens that have come and are not yet handed over.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    tokens: Mutex<VecDeque<String>>,
}

impl Inbox {
    pub(super) fn pop(&self) -> Option<String> {
        lock(&self.tokens).pop_front()
    }

    pub(super) fn clear(&self) {
        lock(&self.tokens).clear();
    }

    fn push(&self, token: String) {
        lock(&self.tokens).push_back(token);
    }
}

/// An attempt that went wrong, with what its caller may want to read.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) failure: Failure,
    pub(super) status: Option<u16>,
    pub(super) message: Option<String>,
}

/// All that one attempt needs.
pub(super) struct Attempt<C: Connect> {
    pub(super) shared: Arc<Shared<C>>,
    pub(super) start: Start,
    pub(super) key: String,
    pub(super) body: Bytes,
    pub(super) streamed: bool,
    pub(super) inbox: Arc<Inbox>,
}

/// When to give up, and what to call it.
type Limit = Option<(Instant, FailureClass)>;

impl<C: Connect> Attempt<C> {
    /// Makes the exchange.
    pub(super) async fn run(self) -> Result<Content, Failed> {
        let started = Instant::now();
        let (mut connection, response) = self.exchange(started).await?;
        if !response.status().is_success() {
            return Err(self.refused(connection, response, started).await);
        }
        let body = response.into_body();
        let content = if self.streamed {
            self.read_stream(&mut connection, body, started).await?
        } else {
            self.read_plain(&mut connection, body, started).await?
        };
        self.target().pool.put(connection);
        Ok(content)
    }

    /// Sends the request and waits for the head of the answer. A kept connection that turns out
    /// to be dead before a byte has left costs nothing but the next connection.
    async fn exchange(
        &self,
        started: Instant,
    ) -> Result<(Connection<C::Io>, Response<Incoming>), Failed> {
        let mut request = self.request()?;
        loop {
            let kept = self.target().pool.take();
            let is_kept = kept.is_some();
            let mut connection = match kept {
                Some(connection) => connection,
                None => self.open(started).await?,
            };
            let sent = within(self.before_first_token(started), connection.send(request)).await?;
            match sent {
                Ok(response) => return Ok((connection, response)),
                Err(mut unsent) => match unsent.take_message() {
                    Some(again) if is_kept => request = again,
                    _ => return Err(broken(unsent.error(), FailureClass::Reset)),
                },
            }
        }
    }

    async fn open(&self, started: Instant) -> Result<Connection<C::Io>, Failed> {
        let target = self.target();
        let opening = async {
            let io = self
                .shared
                .connect
                .connect(&target.endpoint)
                .await
                .map_err(|e| e.to_string())?;
            Connection::open(io)
                .await
                .map_err(|error| error.to_string())
        };
        let limit = earliest(
            self.start
                .timeouts
                .connect
                .map(|t| (started + t, FailureClass::TimeoutConnect)),
            self.before_first_token(started),
        );
        let opened = within(limit, opening).await?;
        opened.map_err(|message| Failed {
            message: Some(message),
            ..failed(FailureClass::Connect)
        })
    }

    fn request(&self) -> Result<hyper::Request<Full<Bytes>>, Failed> {
        let target = self.target();
        let mut request = hyper::Request::post(target.uri.clone())
            .header(header::HOST, target.host.clone())
            .header(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            )
            .header(HeaderName::from_static(IDEMPOTENCY_KEY), &self.key)
            .header(HeaderName::from_static(RETRY_COUNT), self.start.nth);
        if let Some(authorization) = &target.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let request = request.body(Full::new(self.body.clone()));
        request.map_err(|error| Failed {
            message: Some(error.to_string()),
            ..failed(FailureClass::BadRequest)
        })
    }

    async fn read_plain(
        &self,
        connection: &mut Connection<C::Io>,
        body: Incoming,
        started: Instant,
    ) -> Result<Content, Failed> {
        let bytes = collect(connection, body, self.whole(started), LONGEST_ANSWER).await?;
        match answer::read_plain(&bytes) {
            Ok(Ok(content)) => Ok(content),
            Ok(Err(error)) => Err(in_band(error)),
            Err(Malformed) => Err(failed(FailureClass::Malformed)),
        }
    }

    async fn read_stream(
        &self,
        connection: &mut Connection<C::Io>,
        mut body: Incoming,
        started: Instant,
    ) -> Result<Content, Failed> {
        let mut decoder = Decoder::default();
        let mut stream = Stream {
            inbox: &self.inbox,
            last_token: None,
            content: Content::default(),
            done: false,
            wrong: None,
        };
        loop {
            let limit = match stream.last_token {
                None => self.before_first_token(started),
                Some(at) => earliest(
                    self.start
                        .timeouts
                        .idle
                        .map(|idle| (at + idle, FailureClass::TimeoutIdle)),
                    self.whole(started),
                ),
            };
            let Some(frame) = within(limit, connection.wait(body.frame())).await? else {
                break;
            };
            let frame = frame.map_err(|error| broken(&error, FailureClass::Truncated))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if decoder.push(&data, |event| stream.on_event(event)).is_err() {
                return Err(failed(FailureClass::Malformed));
            }
            if let Some(wrong) = stream.wrong.take() {
                return Err(wrong);
            }
            if stream.done {
                // Whoever keeps the body open after that keeps nobody waiting: if its end is not
                // here already, the pool finds the connection busy and lets it go.
                break;
            }
        }
        stream.end()
    }

    async fn refused(
        &self,
        mut connection: Connection<C::Io>,
        response: Response<Incoming>,
        started: Instant,
    ) -> Failed {
        let (head, body) = response.into_parts();
        // A refusal whose body breaks off or is endless is a refusal all the same.
        let read = collect(
            &mut connection,
            body,
            self.before_first_token(started),
            LONGEST_ERROR,
        )
        .await;
        let error = read.as_deref().map(answer::read_error).unwrap_or_default();
        if read.is_ok() {
            self.target().pool.put(connection);
        }
        refusal(head.status, &head.headers, error)
    }

    fn before_first_token(&self, started: Instant) -> Limit {
        let first = self.start.timeouts.first_token.filter(|_| self.streamed);
        earliest(
            first.map(|t| (started + t, FailureClass::TimeoutFirstToken)),
            self.whole(started),
        )
    }

    fn whole(&self, started: Instant) -> Limit {
        self.start
            .timeouts
            .attempt
            .map(|t| (started + t, FailureClass::TimeoutAttempt))
    }

    fn target(&self) -> &Target<C> {
        self.shared.target(self.start.provider)
    }
}

/// What has come of a stream so far.
struct Stream<'a> {
    inbox: &'a Inbox,
    last_token: Option<Instant>,
    content: Content,
    done: bool,
    wrong: Option<Failed>,
}

impl Stream<'_> {
    fn on_event(&mut self, event: &[u8]) {
        if self.done || self.wrong.is_some() {
            return;
        }
        match answer::read_chunk(event) {
            Ok(Chunk::Delta(delta)) => self.on_delta(delta),
            Ok(Chunk::Done) => self.done = true,
            Ok(Chunk::Error(error)) => self.wrong = Some(in_band(error)),
            Err(Malformed) => self.wrong = Some(failed(FailureClass::Malformed)),
        }
    }

    fn on_delta(&mut self, delta: Content) {
        self.content.usage = delta.usage.or(self.content.usage);
        self.content.finish_reason = delta.finish_reason.or(self.content.finish_reason.take());
        if !delta.text.is_empty() {
            self.last_token = Some(Instant::now());
            self.inbox.push(delta.text);
        }
    }

    /// The body is over. Without `[DONE]`, a finish reason shows that the answer is whole.
    fn end(self) -> Result<Content, Failed> {
        if self.done || self.content.finish_reason.is_some() {
            Ok(self.content)
        } else {
            Err(failed(FailureClass::Truncated))
        }
    }
}

async fn collect<Io>(
    connection: &mut Connection<Io>,
    mut body: Incoming,
    limit: Limit,
    longest: usize,
) -> Result<Bytes, Failed>
where
    Io: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    let mut collected = Vec::new();
    while let Some(frame) = within(limit, connection.wait(body.frame())).await? {
        let frame = frame.map_err(|error| broken(&error, FailureClass::Truncated))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if collected.len() + data.len() > longest {
            return Err(failed(FailureClass::Malformed));
        }
        collected.extend_from_slice(&data);
    }
    Ok(Bytes::from(collected))
}

async fn within<T>(limit: Limit, what: impl Future<Output = T>) -> Result<T, Failed> {
    match limit {
        None => Ok(what.await),
        Some((at, class)) => tokio::time::timeout_at(at, what)
            .await
            .map_err(|_| failed(class)),
    }
}

fn earliest(a: Limit, b: Limit) -> Limit {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.0 < a.0 { b } else { a }),
        (a, b) => a.or(b),
    }
}

fn refusal(status: StatusCode, headers: &HeaderMap, error: ErrorBody) -> Failed {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let class = FailureClass::from_status(
        status.as_u16(),
        error.kind.as_deref(),
        error.code.as_deref(),
    );
    let hint = hints::from_headers(text("retry-after-ms"), text("retry-after"), text("date"));
    Failed {
        failure: Failure { class, hint },
        status: Some(status.as_u16()),
        message: error.message,
    }
}

/// An error inside a 200: what it says decides (its code may be a status, in digits), and without
/// that it is the server's fault.
fn in_band(error: ErrorBody) -> Failed {
    let (kind, code) = (error.kind.as_deref(), error.code.as_deref());
    let digits = code.and_then(|code| code.parse().ok());
    let status = match digits.filter(|status| (400..600).contains(status)) {
        Some(status) => status,
        None if kind.or(code).is_none() => 500,
        None => 200,
    };
    let class = FailureClass::from_status(status, kind, code);
    Failed {
        failure: Failure { class, hint: None },
        status: Some(200),
        message: error.message,
    }
}

/// A connection that broke; `early_end` is what a polite close in this place means.
fn broken(error: &hyper::Error, early_end: FailureClass) -> Failed {
    let class = if is_reset(error) {
        FailureClass::Reset
    } else if error.is_parse() {
        FailureClass::Malformed
    } else {
        early_end
    };
    Failed {
        message: Some(error.to_string()),
        ..failed(class)
    }
}

fn is_reset(error: &hyper::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
            return matches!(io.kind(), ConnectionReset | ConnectionAborted | BrokenPipe);
        }
        source = error.source();
    }
    false
}

fn failed(class: FailureClass) -> Failed {
    Failed {
        failure: Failure { class, hint: None },
        status: None,
        message: None,
    }
}

/// No answer is longer, in bytes.
const LONGEST_ANSWER: usize = 32 << 20;

/// No refusal is read beyond this, in bytes.
const LONGEST_ERROR: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_in_band_says_its_class_in_words_or_digits() {
        let class = |kind: Option<&str>, code: Option<&str>| {
            let error = ErrorBody {
                kind: kind.map(str::to_owned),
                code: code.map(str::to_owned),
                message: None,
            };
            in_band(error).failure.class
        };
        assert_eq!(
            class(None, Some("rate_limit_exceeded")),
            FailureClass::RateLimited
        );
        assert_eq!(class(None, Some("429")), FailureClass::RateLimited);
        assert_eq!(class(None, Some("502")), FailureClass::ServerError);
        assert_eq!(
            class(Some("overloaded_error"), None),
            FailureClass::Overloaded
        );
        assert_eq!(class(None, Some("7")), FailureClass::ServerError);
        assert_eq!(class(None, None), FailureClass::ServerError);
    }
}

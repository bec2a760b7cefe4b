//! One exchange with one provider: connects, sends the request and reads the answer, each within
//! its timeout.
//!
//! It is one future. Tokens of a streamed answer go to the [`TokenQueue`] as they arrive;
//! everything else is in the future's output. Dropping it closes the connection, or resets its
//! stream where the connection is shared.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Frame, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Response, Uri};
use tokio::time::Instant;

use super::connect::Connect;
use super::connection::{Connection, is_never_processed};
use super::failure::{Failed, because_of, broken, failed, refusal};
use super::redirect;
use super::{Shared, Target, lock};
use crate::policy::call::Start;
use crate::policy::classify::FailureClass;
use crate::policy::config::{Quirk, Streams};
use crate::policy::resend::{Carrier, Lost, Resend};
use crate::policy::throughput::{TOO_SLOW, Throughput};
use crate::wire::answer::{self, AnswerReader, Content, Decoder, Token};
use crate::wire::request::{IDEMPOTENCY_KEY, RETRY_COUNT};

/// Tokens that were received and not yet handed over.
#[derive(Debug, Default)]
pub(super) struct TokenQueue {
    tokens: Mutex<VecDeque<String>>,
}

impl TokenQueue {
    pub(super) fn pop(&self) -> Option<String> {
        lock(&self.tokens).pop_front()
    }

    fn push(&self, token: String) {
        lock(&self.tokens).push_back(token);
    }
}

/// The inputs of one attempt.
pub(super) struct Attempt<C: Connect> {
    pub(super) shared: Arc<Shared<C>>,
    pub(super) start: Start,
    pub(super) key: String,
    pub(super) body: Bytes,
    pub(super) streamed: bool,
    pub(super) inbox: Arc<TokenQueue>,
}

/// A deadline, and the failure class when it passes.
type Limit = Option<(Instant, FailureClass)>;

impl<C: Connect> Attempt<C> {
    /// Makes the exchange. What the provider said may repeat a key: the call redacts it before it
    /// hands it out.
    pub(super) async fn run(self) -> Result<Content, Failed> {
        let started = Instant::now();
        let (mut connection, response) = self.exchange_with_redirects(started).await?;
        if !response.status().is_success() {
            return Err(self.refused(connection, response, started).await);
        }
        let mut read = self.read(&mut connection, response, started).await;
        if let Err(failed) = &mut read {
            failed.failure.after_head = true;
        }
        match &read {
            Ok(_) => self.target().pool.put(connection),
            Err(failed) if is_timeout(failed.failure.class) => connection.mark_suspect(),
            Err(_) => {}
        }
        read
    }

    /// Makes the exchange again where the answer says to make it.
    pub(super) async fn exchange_with_redirects(
        &self,
        started: Instant,
    ) -> Result<(Connection<C::Io>, Response<Incoming>), Failed> {
        let mut followed = 0;
        let mut elsewhere = None;
        loop {
            let uri = elsewhere.as_ref().unwrap_or_else(|| self.uri());
            let (mut connection, response) = self.exchange(uri, started).await?;
            let (status, endpoint) = (response.status(), &self.target().endpoint);
            let Some(redirect) = redirect::of(status, response.headers(), endpoint) else {
                return Ok((connection, response));
            };
            let limit = self.before_first_token(started);
            let body = response.into_body();
            if collect(&mut connection, body, limit, LONGEST_ERROR)
                .await
                .is_ok()
            {
                self.target().pool.put(connection);
            }
            let many = || Err("the answer is one redirect too many".to_owned());
            let redirect = if followed < redirect::MOST {
                redirect
            } else {
                many()
            };
            followed += 1;
            elsewhere = Some(redirect.map_err(|why| Failed {
                message: Some(why),
                status: Some(status.as_u16()),
                ..failed(FailureClass::Malformed)
            })?);
        }
    }

    /// Sends the request and waits for the head of the answer. Whether a request that met a broken
    /// connection is sent again is decided by [`Resend`].
    async fn exchange(
        &self,
        uri: &Uri,
        started: Instant,
    ) -> Result<(Connection<C::Io>, Response<Incoming>), Failed> {
        let mut resend = Resend::default();
        loop {
            let kept = match resend.may_use_kept() {
                true => self.target().pool.take(),
                false => None,
            };
            let (carrier, mut connection) = match kept {
                Some(connection) => (Carrier::Kept, connection),
                None => (Carrier::Fresh, self.open(started).await?),
            };
            let request = self.request(uri)?;
            let sent = within(self.before_first_token(started), connection.send(request)).await;
            let mut unsent = match sent.inspect_err(|_| connection.mark_suspect())? {
                Ok(response) => return Ok((connection, response)),
                Err(unsent) => unsent,
            };
            connection.mark_suspect();
            let lost = Lost {
                never_left: unsent.take_message().is_some(),
                never_processed: is_never_processed(unsent.error()),
            };
            if !resend.on_lost(carrier, lost) {
                return Err(broken(unsent.into_error(), FailureClass::Reset));
            }
        }
    }

    pub(super) async fn open(&self, started: Instant) -> Result<Connection<C::Io>, Failed> {
        let target = self.target();
        let opening = async {
            let io = self
                .shared
                .connect
                .connect(&target.endpoint)
                .await
                .map_err(|error| because_of(FailureClass::Connect, error))?;
            let is_h2 = C::is_h2(&io);
            Connection::open(io, is_h2)
                .await
                .map_err(|error| because_of(FailureClass::Connect, error))
        };
        let limit = earliest(
            self.start
                .timeouts
                .connect
                .map(|t| (Instant::now() + t, FailureClass::TimeoutConnect)),
            self.before_first_token(started),
        );
        let connection = within(limit, opening).await??;
        target.pool.opened(&connection);
        Ok(connection)
    }

    fn uri(&self) -> &Uri {
        let uris = &self.target().uris;
        match self.streamed {
            true => &uris.streamed,
            false => &uris.plain,
        }
    }

    fn request(&self, uri: &Uri) -> Result<hyper::Request<Full<Bytes>>, Failed> {
        let target = self.target();
        let key = HeaderValue::from_str(&self.key)
            .map_err(|error| because_of(FailureClass::BadRequest, error))?;
        let json = HeaderValue::from_static("application/json");
        let plain = HeaderValue::from_static("identity");
        let fields = [
            (header::HOST, target.host.clone()),
            (header::CONTENT_TYPE, json),
            (header::ACCEPT_ENCODING, plain),
            (HeaderName::from_static(IDEMPOTENCY_KEY), key),
            (HeaderName::from_static(RETRY_COUNT), number(self.start.nth)),
        ];
        let own = target.headers(self.start.key);
        let mut request = hyper::Request::new(Full::new(self.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri.clone();
        let headers = request.headers_mut();
        // One more for the length of the body.
        headers.reserve(fields.len() + own.len() + 1);
        headers.extend(fields.into_iter().chain(own.iter().cloned()));
        Ok(request)
    }

    /// Reads the answer, whatever its form: a streamed call may be answered in one piece, and a
    /// plain one by events.
    pub(super) async fn read(
        &self,
        connection: &mut Connection<C::Io>,
        response: Response<Incoming>,
        started: Instant,
    ) -> Result<Content, Failed> {
        let page = page_of(&response);
        let decoder = decoder_of(response.headers())?;
        let read = self.read_body(connection, response.into_body(), decoder, started);
        read.await.map_err(|failed| match page {
            // An HTML page says more of the fault than that it is no answer.
            Some(page) if failed.failure.class == FailureClass::Malformed => Failed {
                message: failed.message.or(Some(format!("the answer is {page}"))),
                status: Some(200),
                ..failed
            },
            _ => failed,
        })
    }

    async fn read_body(
        &self,
        connection: &mut Connection<C::Io>,
        mut body: Incoming,
        mut decoder: Decoder,
        started: Instant,
    ) -> Result<Content, Failed> {
        let skips = self.shared.quirks.has(&Quirk::SkipsWhatIsNoJson);
        let reader = AnswerReader::new(self.target().dialect, self.streamed);
        let mut reader = reader.skipping(skips);
        let mut progress = Progress::new(&self.shared.streams, self.streamed);
        // A provider may keep the body open behind the end of the answer. The caller does not wait
        // for it: if the end is not here already, the pool finds the connection busy and drops it.
        while !reader.has_ended() {
            let limit = self.before_next_token(started, progress.last_token);
            let frame = self.next_frame(connection, &mut body, limit, &mut progress.guard);
            let frame = match frame.await {
                Ok(Some(Ok(frame))) => frame,
                Ok(None) => break,
                // The provider has said why it ended: there is nothing left to lose.
                Ok(Some(Err(_))) | Err(_) if reader.is_settled() => break,
                Ok(Some(Err(error))) => return Err(broken(error, FailureClass::Truncated)),
                Err(failed) => return Err(failed),
            };
            let Ok(data) = frame.into_data() else {
                continue;
            };
            let data = decoder.push(data)?;
            let now = self.shared.now();
            reader.push(&data, |token| progress.take(now, token, &self.inbox))?;
            if progress.text.len() > answer::LONGEST {
                return Err(failed(FailureClass::Malformed));
            }
        }
        let now = self.shared.now();
        if !reader.has_ended() && !reader.is_settled() {
            let rest = decoder.end()?;
            reader.push(&rest, |token| progress.take(now, token, &self.inbox))?;
        }
        let content = reader.end(|token| progress.take(now, token, &self.inbox))?;
        Ok(Content {
            text: progress.text,
            ..content
        })
    }

    /// The next piece of a stream, unless it comes too late or the stream is too slow.
    async fn next_frame(
        &self,
        connection: &mut Connection<C::Io>,
        body: &mut Incoming,
        limit: Limit,
        guard: &mut Option<Throughput>,
    ) -> Result<Option<hyper::Result<Frame<Bytes>>>, Failed> {
        loop {
            let check = guard.as_ref().and_then(Throughput::next_check);
            let check = check.map(|at| (self.shared.moment(at), TOO_SLOW));
            let frame = within(earliest(limit, check), connection.wait(body.frame())).await;
            if frame.is_ok() {
                return frame;
            }
            if let Some((_, class)) = limit.filter(|(at, _)| *at <= Instant::now()) {
                return Err(failed(class));
            }
            let now = self.shared.now();
            if let Some(class) = guard.as_mut().and_then(|guard| guard.judge(now)) {
                return Err(Failed {
                    message: Some("the stream is slower than the policy allows".to_owned()),
                    ..failed(class)
                });
            }
        }
    }

    pub(super) async fn refused(
        &self,
        mut connection: Connection<C::Io>,
        response: Response<Incoming>,
        started: Instant,
    ) -> Failed {
        let (head, body) = response.into_parts();
        // A refusal whose body is cut or endless is still a refusal.
        let read = collect(
            &mut connection,
            body,
            self.before_first_token(started),
            LONGEST_ERROR,
        )
        .await;
        let plain = read.as_ref();
        let plain = plain.map(|body| plain_error(&head.headers, body.clone()));
        let error = plain
            .map(|body| answer::read_error(&body))
            .unwrap_or_default();
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

    /// The limit of the next piece of a body.
    fn before_next_token(&self, started: Instant, last_token: Option<Instant>) -> Limit {
        if self.shared.quirks.has(&Quirk::TimeoutsEndAtHead) {
            return None;
        }
        let Some(last) = last_token else {
            return self.before_first_token(started);
        };
        let idle = self.start.timeouts.idle;
        earliest(
            idle.map(|idle| (last + idle, FailureClass::TimeoutIdle)),
            self.whole(started),
        )
    }

    pub(super) fn whole(&self, started: Instant) -> Limit {
        self.start
            .timeouts
            .attempt
            .map(|t| (started + t, FailureClass::TimeoutAttempt))
    }

    pub(super) fn target(&self) -> &Target<C> {
        self.shared.target(self.start.provider)
    }
}

/// The text of an answer so far, and the pace of a stream.
struct Progress {
    /// A stream hands its text to the caller, a plain call keeps it.
    streamed: bool,
    text: String,
    last_token: Option<Instant>,
    guard: Option<Throughput>,
}

impl Progress {
    fn new(streams: &Streams, streamed: bool) -> Self {
        Self {
            streamed,
            text: String::new(),
            last_token: None,
            guard: Throughput::of(streams).filter(|_| streamed),
        }
    }

    fn take(&mut self, now: crate::time::Instant, token: Token, inbox: &TokenQueue) {
        if !self.streamed {
            if let Token::Text(text) = token {
                self.text.push_str(&text);
            }
            return;
        }
        self.last_token = Some(Instant::now());
        match (&token, &mut self.guard) {
            (Token::Text(text), Some(guard)) => guard.feed(now, text.len()),
            (Token::Busy, Some(guard)) => guard.rest(),
            (_, None) => {}
        }
        if let Token::Text(text) = token {
            inbox.push(text);
        }
    }
}

/// A number as the value of a header. Nearly all are small.
fn number(number: u32) -> HeaderValue {
    const SMALL: [&str; 4] = ["0", "1", "2", "3"];
    match SMALL.get(number as usize) {
        Some(digit) => HeaderValue::from_static(digit),
        None => number.into(),
    }
}

/// A decoder for what the head says of the body.
fn decoder_of(headers: &HeaderMap) -> Result<Decoder, Failed> {
    let said = headers.get(header::CONTENT_ENCODING);
    Ok(Decoder::new(said.and_then(|value| value.to_str().ok()))?)
}

/// The plain body of a refusal. One that cannot be decompressed says nothing.
pub(super) fn plain_error(headers: &HeaderMap, body: Bytes) -> Vec<u8> {
    let Ok(mut decoder) = decoder_of(headers) else {
        return Vec::new();
    };
    let plain = decoder.push(body);
    let mut plain = Vec::from(plain.unwrap_or_default());
    plain.extend(decoder.end().unwrap_or_default());
    plain
}

/// The media type of a success that says to be an HTML page.
fn page_of(response: &Response<Incoming>) -> Option<String> {
    let said = response
        .headers()
        .get(header::CONTENT_TYPE)?
        .to_str()
        .ok()?;
    let media_type = said.split(';').next().unwrap_or("").trim();
    let pages = ["text/html", "application/xhtml+xml"];
    let is_page = pages
        .iter()
        .any(|page| media_type.eq_ignore_ascii_case(page));
    is_page.then(|| media_type.to_owned())
}

pub(super) async fn collect<Io>(
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
        let frame = frame.map_err(|error| broken(error, FailureClass::Truncated))?;
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

/// Whether the failure is a silence so long that the connection itself may be dead.
fn is_timeout(class: FailureClass) -> bool {
    use FailureClass::{TimeoutAttempt, TimeoutFirstToken, TimeoutIdle};
    matches!(class, TimeoutFirstToken | TimeoutIdle | TimeoutAttempt)
}

pub(super) async fn within<T>(limit: Limit, what: impl Future<Output = T>) -> Result<T, Failed> {
    match limit {
        None => Ok(what.await),
        Some((at, class)) => tokio::time::timeout_at(at, what)
            .await
            .map_err(|_| failed(class)),
    }
}

/// The earlier of two deadlines; the first, if they are the same.
pub(crate) fn earliest<T: PartialOrd>(
    a: Option<(T, FailureClass)>,
    b: Option<(T, FailureClass)>,
) -> Option<(T, FailureClass)> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.0 < a.0 { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// The longest body of a refusal that is read, in bytes.
const LONGEST_ERROR: usize = 64 << 10;

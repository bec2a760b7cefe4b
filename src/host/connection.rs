//! The provider's side of one connection: reads requests, executes exchanges.
//!
//! When the client leaves, the exchange goes on without writes: the work goes on, and is billed.
//! Only an outage ends it.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::fault::Opening;
use super::request::{self, Asked, Chunks, Parsed};
use super::{HostEnv, ProviderHost, next};
use crate::policy::CallId;
use crate::provider::{Action, Exchange, Request};
use crate::scenario::fault::{AttemptInfo, CloseMode};
use crate::time::Instant;
use crate::trace::FaultId;
use crate::wire::fake::{Form, Quotas, Refusal, Stamp};

/// A connection that has been accepted.
pub(crate) struct Connection<P: HostEnv> {
    place: P,
    hosted: Rc<ProviderHost>,
    stream: P::Stream,
    client: u32,
    unread: BytesMut,
    /// When the last answer ended, on a kept-alive connection.
    idle_since: Option<Instant>,
}

/// What to do with a connection after an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    KeepAlive,
    Close,
    /// Close after this time, unless the client leaves before.
    CloseLate(Duration),
}

/// An answer that is its connection's last: the fault, and how late the end comes.
type Last = Option<(FaultId, Duration)>;

impl<P: HostEnv> Connection<P> {
    /// Client process `client` has opened `stream`.
    pub(crate) fn new(place: P, hosted: Rc<ProviderHost>, stream: P::Stream, client: u32) -> Self {
        Self {
            place,
            hosted,
            stream,
            client,
            unread: BytesMut::new(),
            idle_since: None,
        }
    }

    /// Serves it to its end; returns the environment.
    pub(crate) async fn serve(mut self) -> P {
        let number = next(&self.hosted.connections);
        let faults = &self.hosted.faults;
        match faults.opening(self.place.now(), number, self.client) {
            None => self.serve_requests().await,
            Some((fault, opening)) => {
                self.place.fired(fault);
                self.end_before_a_byte(opening).await;
            }
        }
        self.place
    }

    async fn end_before_a_byte(&mut self, opening: Opening) {
        match opening {
            Opening::Closed(CloseMode::Rst) => self.place.reset(&mut self.stream),
            Opening::Closed(CloseMode::Fin | CloseMode::End) => {}
            // The client's bytes are read and discarded, as buffers would take them: otherwise its
            // close would not be noticed.
            Opening::AcceptOnly => self.hung_up().await,
            Opening::Alert => {
                // The client may have left already.
                let _ = self.alert().await;
            }
        }
    }

    /// Lingers briefly, or the client's unread bytes would turn the close into a reset.
    async fn alert(&mut self) -> io::Result<()> {
        if self.read().await? > 0 {
            self.stream.write_all(&HANDSHAKE_FAILURE).await?;
            self.stream.shutdown().await?;
            self.wait_until(self.place.now() + LINGER).await;
        }
        Ok(())
    }

    async fn serve_requests(&mut self) {
        while let Some(asked) = self.next_request().await {
            let hosted = self.hosted.clone();
            let arrived = next(&hosted.requests);
            let call = CallId(asked.number.unwrap_or(arrived));
            let tokens = self.place.tokens(call, &asked);
            let is_last = asked.is_last;
            let request = asked.request(call, tokens, self.client);
            let now = self.place.now();
            let seen = seen(now, &request);
            if let Some(since) = self.idle_since.take()
                && let Some((fault, with)) = hosted.faults.stale(&seen, now.since(since))
            {
                self.place.fired(fault);
                if with == CloseMode::Rst {
                    self.place.reset(&mut self.stream);
                }
                return;
            }
            let last = hosted.faults.slow_close(&seen);
            let exchange = hosted.provider().on_request(now, &request);
            self.place.began(&request);
            let after = self.play(exchange, &request, last).await;
            self.place.ended(&request);
            match after {
                After::KeepAlive if !is_last => self.idle_since = Some(self.place.now()),
                After::KeepAlive | After::Close => return,
                After::CloseLate(by) => {
                    self.wait_until(self.place.now() + by).await;
                    return;
                }
            }
        }
    }

    /// Executes an exchange, each action at its time.
    async fn play(&mut self, exchange: Exchange, request: &Request, last: Last) -> After {
        let outages = self.place.outages();
        let (mut gone, mut untold) = (false, last);
        for (at, action) in exchange {
            if !gone {
                gone = self.wait_until(at).await;
            }
            if gone {
                tokio::time::sleep_until(self.place.moment(at)).await;
                // In an outage the provider itself is down: the work ends, and nothing is billed.
                if self.place.outages() != outages {
                    return After::Close;
                }
            }
            self.place.acts(request, &action);
            match action {
                Action::Write(bytes) => gone = gone || self.write(bytes, &mut untold).await,
                Action::Fin => return After::Close,
                Action::Rst => {
                    self.place.reset(&mut self.stream);
                    return After::Close;
                }
                Action::Silence => {
                    if !gone {
                        self.hung_up().await;
                    }
                    return After::Close;
                }
                Action::Billed(_) | Action::Answered | Action::Fired(_) => {}
            }
        }
        match last {
            _ if gone => After::Close,
            Some((_, by)) => After::CloseLate(by),
            None => After::KeepAlive,
        }
    }

    /// Writes; true when the client has left. The first write of a connection's last answer
    /// announces the close.
    async fn write(&mut self, mut bytes: Bytes, untold: &mut Last) -> bool {
        if let Some((fault, _)) = untold.take() {
            self.place.fired(fault);
            bytes = saying_that_it_is_the_last(&bytes);
        }
        self.stream.write_all(&bytes).await.is_err()
    }

    /// Waits until `at`; true when the client left before.
    async fn wait_until(&mut self, at: Instant) -> bool {
        if at <= self.place.now() {
            return false;
        }
        let moment = self.place.moment(at);
        tokio::select! {
            biased;
            () = self.hung_up() => true,
            () = tokio::time::sleep_until(moment) => false,
        }
    }

    /// Waits until the client has left.
    async fn hung_up(&mut self) {
        while self.read().await.is_ok_and(|read| read > 0) {}
    }

    /// Reads available bytes, or waits for some; 0 when the client has left.
    async fn read(&mut self) -> io::Result<usize> {
        self.unread.reserve(READ_AT_ONCE);
        self.stream.read_buf(&mut self.unread).await
    }

    /// The next request; `None` when the client hangs up between two, or sends something that is
    /// not HTTP. An invalid request is refused, and the connection kept.
    async fn next_request(&mut self) -> Option<Asked> {
        let (mut invited, mut chunks) = (false, Chunks::default());
        loop {
            match request::read(self.hosted.family, &self.unread, &mut chunks) {
                Parsed::Whole { length, asked } => {
                    drop(self.unread.split_to(length));
                    if !self.hosted.writer.serves(&asked.form.api) {
                        self.turn_away(404).await?;
                        invited = false;
                        continue;
                    }
                    return Some(asked);
                }
                Parsed::Wrong { length, status } => {
                    drop(self.unread.split_to(length));
                    self.turn_away(status).await?;
                    invited = false;
                }
                Parsed::Nonsense => return None,
                Parsed::Partial { expects } => {
                    if expects && !invited {
                        invited = true;
                        self.stream.write_all(CONTINUE).await.ok()?;
                    }
                    let read = self.read().await.ok()?;
                    (read > 0).then_some(())?;
                }
            }
        }
    }

    /// Refuses an invalid request; `None` when the client has left.
    async fn turn_away(&mut self, status: u16) -> Option<()> {
        let stamp = Stamp {
            provider: u64::from(self.hosted.id.0),
            call: next(&self.hosted.requests),
            nth: 0,
            at: self.place.now(),
            processing: Duration::ZERO,
            quotas: Quotas::default(),
            form: Form::default(),
            flaws: None,
        };
        let refusal = Refusal::with_status(status);
        let bytes = self.hosted.writer.refusal(&stamp, &refusal);
        self.place.rejected(status);
        self.stream.write_all(&bytes).await.ok()
    }
}

/// A request as faults see it.
fn seen(now: Instant, request: &Request) -> AttemptInfo<'_> {
    AttemptInfo {
        now,
        call: request.call,
        nth: request.nth,
        streamed: request.streamed,
        input: request.tokens.input,
        client: request.client,
        model: &request.model,
        key: request.key.as_deref(),
    }
}

/// Adds `connection: close` to the fields of an answer. The host adds it, because the provider's
/// writers do not know about connections.
fn saying_that_it_is_the_last(bytes: &[u8]) -> Bytes {
    let line = bytes.windows(2).position(|pair| pair == b"\r\n");
    let line = line.map_or(bytes.len(), |at| at + 2);
    let (status, rest) = bytes.split_at(line);
    [status, b"connection: close\r\n", rest].concat().into()
}

/// A fatal alert, `handshake_failure`, as TLS 1.2 frames it (RFC 5246, 6.2.1 and 7.2).
const HANDSHAKE_FAILURE: [u8; 7] = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28];

/// How long a connection is kept after its last bytes.
const LINGER: Duration = Duration::from_secs(1);

/// Enough for a usual request, in bytes.
const READ_AT_ONCE: usize = 2_048;

/// Tells the client to send the body.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

#[cfg(test)]
mod tests {
    use super::saying_that_it_is_the_last;

    #[test]
    fn the_last_answer_says_so_after_its_status() {
        let bytes = saying_that_it_is_the_last(b"HTTP/1.1 200 OK\r\nx: y\r\n\r\nbody\r\n");
        let expected = b"HTTP/1.1 200 OK\r\nconnection: close\r\nx: y\r\n\r\nbody\r\n";
        assert_eq!(&bytes[..], expected);
    }
}

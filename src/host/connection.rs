//! The provider's side of one connection: reads requests, executes exchanges.
//!
//! When the client leaves, the exchange goes on without writes: the work goes on, and is billed.
//! Only an outage ends it.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt;

use super::fault::Opening;
use super::intake::{Incoming, Intake};
use super::request::{Asked, Other};
use super::{HostEnv, ProviderHost, next};
use crate::provider::{Action, Exchange, Request};
use crate::scenario::fault::CloseMode;
use crate::seeded::AttemptInfo;
use crate::time::Instant;
use crate::trace::FaultId;
use crate::wire::fake::{Form, Quotas, Refusal, Stamp};

/// A connection that has been accepted.
pub(crate) struct Connection<P: HostEnv> {
    place: P,
    hosted: Rc<ProviderHost>,
    stream: P::Stream,
    client: u32,
    intake: Intake,
    /// The fault of this connection, if its first request to the model decides about it.
    held: Option<(FaultId, Opening)>,
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

/// What is to be added to the first write of an answer.
struct FirstWrite {
    is_due: bool,
    last: Last,
}

impl<P: HostEnv> Connection<P> {
    /// Client process `client` has opened `stream`.
    pub(crate) fn new(place: P, hosted: Rc<ProviderHost>, stream: P::Stream, client: u32) -> Self {
        Self {
            place,
            hosted,
            stream,
            client,
            intake: Intake::default(),
            held: None,
            idle_since: None,
        }
    }

    /// Serves it to its end; returns the environment.
    pub(crate) async fn serve(mut self) -> P {
        let number = next(&self.hosted.connections);
        let now = self.place.now();
        let opening = self
            .hosted
            .faults
            .borrow_mut()
            .opening(now, number, self.client);
        match opening {
            Some((fault, opening)) if !self.place.is_before_start() => {
                self.place.fired(fault);
                self.end_before_a_byte(opening).await;
            }
            opening => {
                self.held = opening;
                self.serve_requests().await;
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
            Opening::AcceptOnly => self.intake.discard(&mut self.stream).await,
            Opening::Alert => {
                // The client may have left already.
                let _ = self.alert().await;
            }
        }
    }

    /// Lingers briefly, or the client's unread bytes would turn the close into a reset.
    async fn alert(&mut self) -> io::Result<()> {
        if self.held.is_some() || self.intake.read(&mut self.stream).await? > 0 {
            self.stream.write_all(&HANDSHAKE_FAILURE).await?;
            self.linger().await?;
        }
        Ok(())
    }

    /// Ends the connection so that the client gets all that was written.
    async fn linger(&mut self) -> io::Result<()> {
        self.stream.shutdown().await?;
        let end = self.place.moment(self.place.now() + LINGER);
        tokio::select! {
            biased;
            () = self.intake.discard(&mut self.stream) => {}
            () = tokio::time::sleep_until(end) => {}
        }
        Ok(())
    }

    async fn serve_requests(&mut self) {
        while let Some(mut asked) = self.next_request().await {
            if !self.place.arrives().await {
                return;
            }
            if let Some((fault, opening)) = self.held {
                self.place.fired(fault);
                return self.end_before_a_byte(opening).await;
            }
            let hosted = self.hosted.clone();
            let arrived = next(&hosted.requests);
            let call = self.place.call(&mut asked, arrived);
            let tokens = self.place.tokens(call, &asked);
            let is_last = asked.is_last;
            let request = asked.request(call, tokens, self.client);
            let now = self.place.now();
            let seen = seen(now, &request);
            let idle = self.idle_since.take().map(|since| now.since(since));
            let stale = idle.and_then(|idle| hosted.faults.borrow_mut().stale(&seen, idle));
            if let Some((fault, with)) = stale {
                self.place.fired(fault);
                if with == CloseMode::Rst {
                    self.place.reset(&mut self.stream);
                }
                return;
            }
            let last = hosted.faults.borrow_mut().slow_close(&seen);
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
        let mut gone = false;
        let mut first = FirstWrite { is_due: true, last };
        for (at, action) in exchange {
            if !gone {
                gone = self.wait_until(at).await;
                if gone {
                    self.place.client_left();
                }
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
                Action::Write(bytes) if !gone => {
                    gone = self.write(bytes, &mut first).await;
                    if gone {
                        self.place.client_left();
                    }
                }
                Action::Fin => return After::Close,
                Action::Rst => {
                    self.place.reset(&mut self.stream);
                    return After::Close;
                }
                Action::Silence => {
                    if !gone {
                        self.intake.discard(&mut self.stream).await;
                    }
                    return After::Close;
                }
                Action::Write(_) | Action::Billed(_) | Action::Answered | Action::Fired(_) => {}
            }
        }
        match last {
            _ if gone => After::Close,
            Some((_, by)) => After::CloseLate(by),
            None => After::KeepAlive,
        }
    }

    /// Writes; true when the client has left. The first write of an answer has the host's fields,
    /// and announces the close when it is the connection's last.
    async fn write(&mut self, mut bytes: Bytes, first: &mut FirstWrite) -> bool {
        if first.is_due && bytes.starts_with(b"HTTP/") {
            first.is_due = false;
            bytes = match first.last {
                Some((fault, _)) => {
                    self.place.fired(fault);
                    with_fields(bytes, &[CLOSE, P::FIELDS])
                }
                None => with_fields(bytes, &[P::FIELDS]),
            };
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
        self.intake.hung_up(&mut self.stream).await;
    }

    /// The next request to the model; `None` when the client hangs up between two, or sends
    /// something that is not HTTP. Other requests are answered, and invalid ones are refused.
    async fn next_request(&mut self) -> Option<Asked> {
        let family = Some(self.hosted.family);
        loop {
            let timeout = self.place.request_timeout();
            let incoming = self.intake.next(&mut self.stream, family, timeout);
            match incoming.await? {
                Incoming::Model(asked) if self.hosted.writer.serves(&asked.form.api) => {
                    return Some(asked);
                }
                Incoming::Model(asked) => self.answer(&asked.into_other()).await?,
                Incoming::Other(other) => self.answer(&other).await?,
                Incoming::Invalid { status, closes } => self.refuse(status, closes).await?,
            }
        }
    }

    /// Answers a request that is not to the model; `None` when the connection ends.
    async fn answer(&mut self, other: &Other) -> Option<()> {
        let (stamp, writer) = (self.stamp(), &self.hosted.writer);
        let answer = self.place.answer(other, writer, &stamp).await;
        let answer = answer.unwrap_or_else(|| {
            self.place.rejected(404, Some(other));
            writer.no_path(&stamp, &other.method, other.path())
        });
        let bytes = match other.method.as_str() {
            "HEAD" => without_body(answer),
            _ => answer,
        };
        let bytes = with_fields(bytes, &[P::FIELDS]);
        self.stream.write_all(&bytes).await.ok()?;
        (!other.is_last).then_some(())
    }

    /// Refuses an invalid request; `None` when the connection ends.
    async fn refuse(&mut self, status: u16, closes: bool) -> Option<()> {
        let bytes = self
            .hosted
            .writer
            .refusal(&self.stamp(), &Refusal::with_status(status));
        self.place.rejected(status, None);
        if !closes {
            let bytes = with_fields(bytes, &[P::FIELDS]);
            return self.stream.write_all(&bytes).await.ok();
        }
        let bytes = with_fields(bytes, &[CLOSE, P::FIELDS]);
        self.stream.write_all(&bytes).await.ok()?;
        self.linger().await.ok()?;
        None
    }

    /// The stamp of an answer without an exchange.
    fn stamp(&self) -> Stamp {
        Stamp {
            provider: u64::from(self.hosted.id.0),
            call: next(&self.hosted.requests),
            nth: 0,
            at: self.place.now(),
            processing: Duration::ZERO,
            quotas: Quotas::default(),
            form: Form::default(),
            flaws: None,
        }
    }
}

/// A request as faults see it.
pub(crate) fn seen(now: Instant, request: &Request) -> AttemptInfo<'_> {
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

/// Adds lines to the fields of an answer. The host adds them, because the provider's writers do not
/// know about connections.
pub(crate) fn with_fields(bytes: Bytes, lines: &[&str]) -> Bytes {
    if lines.iter().all(|line| line.is_empty()) {
        return bytes;
    }
    let line = bytes.windows(2).position(|pair| pair == b"\r\n");
    let line = line.map_or(bytes.len(), |at| at + 2);
    let (status, rest) = bytes.split_at(line);
    [status, lines.concat().as_bytes(), rest].concat().into()
}

/// The head of an answer, alone.
pub(crate) fn without_body(bytes: Bytes) -> Bytes {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    bytes.slice(..end.map_or(bytes.len(), |at| at + 4))
}

/// Announces the end of a connection.
const CLOSE: &str = "connection: close\r\n";

/// A fatal alert, `handshake_failure`, as TLS 1.2 frames it (RFC 5246, 6.2.1 and 7.2).
pub(crate) const HANDSHAKE_FAILURE: [u8; 7] = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28];

/// How long a connection is kept after its last bytes.
const LINGER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::{Bytes, CLOSE, with_fields, without_body};

    #[test]
    fn fields_are_added_after_the_status() {
        let bytes = Bytes::from("HTTP/1.1 200 OK\r\nx: y\r\n\r\nbody\r\n");
        let expected = b"HTTP/1.1 200 OK\r\nconnection: close\r\na: b\r\nx: y\r\n\r\nbody\r\n";
        assert_eq!(
            &with_fields(bytes.clone(), &[CLOSE, "a: b\r\n"])[..],
            expected
        );
        assert_eq!(with_fields(bytes.clone(), &[""]), bytes);
        assert_eq!(&without_body(bytes)[..], b"HTTP/1.1 200 OK\r\nx: y\r\n\r\n");
    }
}

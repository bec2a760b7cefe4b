//! Reads the bytes of a connection as requests, one after the other, in bounded memory and time.

use std::io;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::framing::{Chunks, LONGEST_BODY};
use super::request::{self, Asked, Other, Parsed};
use crate::wire::Family;

/// What has come that is not a part of a request yet.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    unread: BytesMut,
}

/// What comes next on a connection.
pub(crate) enum Incoming {
    /// A request to the model.
    Model(Asked),
    /// Another request.
    Other(Box<Other>),
    /// An invalid request, to refuse with a status.
    Invalid {
        /// 400, 408, 413 or 431.
        status: u16,
        /// Where the next request begins is not known: the connection ends.
        closes: bool,
    },
}

impl Intake {
    /// The next request to a provider of `family`; none when the client hangs up between two, or
    /// sends what is not HTTP. From its first byte on, it must arrive within `timeout`.
    pub(crate) async fn next<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        family: Option<Family>,
        timeout: Option<Duration>,
    ) -> Option<Incoming> {
        let (mut invited, mut chunks, mut due) = (false, Chunks::default(), None);
        loop {
            let (length, incoming) = match request::read(family, &self.unread, &mut chunks) {
                Parsed::Whole { length, asked } => (length, Incoming::Model(asked)),
                Parsed::Other { length, other } => (length, Incoming::Other(other)),
                Parsed::Wrong { length } => (length, invalid(400, false)),
                Parsed::Broken { status } => return Some(invalid(status, true)),
                Parsed::Nonsense => return None,
                Parsed::Partial { expects } => {
                    if expects && !invited {
                        invited = true;
                        stream.write_all(CONTINUE).await.ok()?;
                    }
                    let limit = timeout.filter(|_| !self.unread.is_empty());
                    let Some(limit) = limit else {
                        self.more(stream).await?;
                        continue;
                    };
                    let due = *due.get_or_insert_with(|| tokio::time::Instant::now() + limit);
                    match tokio::time::timeout_at(due, self.more(stream)).await {
                        Ok(more) => more?,
                        Err(_) => return Some(invalid(408, true)),
                    }
                    continue;
                }
            };
            self.unread.advance(length);
            return Some(incoming);
        }
    }

    /// Waits until the client has left, or has sent far more than it may.
    pub(crate) async fn hung_up<S: AsyncRead + Unpin>(&mut self, stream: &mut S) {
        while self.more(stream).await.is_some() && self.unread.len() <= MOST_UNREAD {}
    }

    /// Reads and forgets what comes until the client has left.
    pub(crate) async fn discard<S: AsyncRead + Unpin>(&mut self, stream: &mut S) {
        while self.more(stream).await.is_some() {
            self.unread.clear();
        }
    }

    /// Reads available bytes, or waits for some; 0 when the client has left.
    pub(crate) async fn read<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> io::Result<usize> {
        self.unread.reserve(READ_AT_ONCE);
        stream.read_buf(&mut self.unread).await
    }

    /// The same; none when the client has left.
    async fn more<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> Option<()> {
        let read = self.read(stream).await.ok()?;
        (read > 0).then_some(())
    }
}

const fn invalid(status: u16, closes: bool) -> Incoming {
    Incoming::Invalid { status, closes }
}

/// Enough for a usual request, in bytes.
const READ_AT_ONCE: usize = 2_048;

/// How many bytes of later requests are kept while one is answered.
const MOST_UNREAD: usize = LONGEST_BODY;

/// Tells the client to send the body.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

//! A connection of the simulated network, read through a small buffer, and only when there is
//! something to read.
//!
//! The network zeroes all of the buffer that it reads into. The buffers of HTTP are as large as a
//! fast connection wants them, and nearly everything here is smaller: without this, zeroing them
//! would be a fifth of the work of a run. HTTP also reads again and again to see whether more has
//! come, and each look at a socket costs as much as the bytes do.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use turmoil_net::shim::tokio::net::TcpStream;

use super::outbox::Outbox;

/// A stream that is read at most 1,024 bytes at a time, and not while nothing has come.
#[derive(Debug)]
pub struct SmallReads {
    stream: TcpStream,
    news: Arc<News>,
    /// The same, as the network wakes it.
    waker: Waker,
    outbox: Outbox,
}

/// Whether a read may find something.
#[derive(Debug)]
struct News {
    came: AtomicBool,
    /// The task that waits for it.
    reader: Mutex<Waker>,
}

impl SmallReads {
    /// Reads `stream`, whose host sends with `outbox`.
    pub(super) fn new(stream: TcpStream, outbox: Outbox) -> Self {
        let news = Arc::new(News {
            came: AtomicBool::new(true),
            reader: Mutex::new(Waker::noop().clone()),
        });
        Self {
            stream,
            outbox,
            waker: Waker::from(news.clone()),
            news,
        }
    }
}

impl News {
    /// `reader` is woken when something comes.
    fn wait(&self, reader: &Waker) {
        let mut known = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone_from(reader);
    }
}

impl Wake for News {
    fn wake(self: Arc<Self>) {
        self.came.store(true, Ordering::Relaxed);
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        reader.wake_by_ref();
    }
}

/// Larger than the head of a request, or a few events.
const AT_ONCE: usize = 1 << 10;

impl AsyncRead for SmallReads {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.news.came.load(Ordering::Relaxed) {
            let mut bytes = [0; AT_ONCE];
            let room = buf.remaining().min(AT_ONCE);
            let mut read = ReadBuf::new(&mut bytes[..room]);
            let mut cx = Context::from_waker(&this.waker);
            let polled = Pin::new(&mut this.stream).poll_read(&mut cx, &mut read);
            if let Poll::Ready(read_some) = polled {
                buf.put_slice(read.filled());
                return Poll::Ready(read_some);
            }
            this.news.came.store(false, Ordering::Relaxed);
        }
        this.news.wait(cx.waker());
        Poll::Pending
    }
}

impl AsyncWrite for SmallReads {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.outbox.fill();
        if !matches!(written, Poll::Ready(Ok(count)) if count == bytes.len()) {
            self.outbox.hurry();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outbox.fill();
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Its end sends the other side away.
impl Drop for SmallReads {
    fn drop(&mut self) {
        self.outbox.fill();
    }
}

//! A connection's bytes: resets, and losses in a blackhole.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::Shared;
use crate::policy::ProviderId;
use crate::scenario::fault::FaultKind;
use crate::trace::FaultId;

/// A real connection.
pub(super) struct Wire {
    stream: TcpStream,
    shared: Rc<Shared>,
    id: ProviderId,
    /// Whether its end will be a reset.
    pending_reset: Rc<Cell<bool>>,
    /// Bytes were lost in a blackhole: nothing after them can be read.
    broken: bool,
}

impl Wire {
    /// The connection `stream` to provider `id`; its close is a reset when `doomed` is set.
    pub(super) fn new(
        stream: TcpStream,
        shared: Rc<Shared>,
        id: ProviderId,
        doomed: Rc<Cell<bool>>,
    ) -> Self {
        // Without it, a write would wait for the other end to acknowledge the one before.
        let _ = stream.set_nodelay(true);
        Self {
            stream,
            shared,
            id,
            pending_reset: doomed,
            broken: false,
        }
    }

    /// Makes its close a reset.
    pub(super) fn reset_on_close(&self) {
        self.pending_reset.set(true);
    }

    /// Whether bytes sent or received now are lost.
    fn loses(&mut self) -> bool {
        if !self.broken
            && let Some(fault) = self.blackhole()
        {
            self.broken = true;
            self.shared.fired(fault);
            self.shared.tell(self.id, "lost a connection");
        }
        self.broken
    }

    fn blackhole(&self) -> Option<FaultId> {
        // The request that starts time is read: only then is a blackhole at time 0 active.
        if !self.shared.clock.has_started() {
            return None;
        }
        let now = self.shared.clock.now();
        self.shared
            .find_fault(self.id, FaultKind::Blackhole, |drawn| drawn.covers(now))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        loop {
            let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
            let has_come = buffer.filled().len() > before;
            if !has_come || !self.loses() {
                return read;
            }
            buffer.set_filled(before);
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.loses() {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.pending_reset.get() {
            // This fails only on a socket that is closed already.
            let _ = self.stream.set_zero_linger();
        }
    }
}

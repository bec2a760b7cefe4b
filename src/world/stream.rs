//! The end of a connection of the simulated network that a program holds.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::tcp::{Connection, Side};

/// A byte stream of the simulated network. Dropping it closes it.
#[derive(Debug)]
pub struct SimulatedStream {
    connection: Arc<Connection>,
    side: Side,
}

impl SimulatedStream {
    pub(super) fn new(connection: Arc<Connection>, side: Side) -> Self {
        Self { connection, side }
    }

    /// The client's end, once the provider's host has granted the connection.
    pub(super) async fn established(self) -> io::Result<Self> {
        poll_fn(|cx| self.connection.poll_established(cx)).await?;
        Ok(self)
    }

    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }
}

impl AsyncRead for SimulatedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.connection.poll_read(self.side, cx, buf)
    }
}

impl AsyncWrite for SimulatedStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.connection.poll_write(self.side, cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.connection.shut_down(self.side))
    }
}

impl Drop for SimulatedStream {
    fn drop(&mut self) {
        self.connection.close(self.side);
    }
}

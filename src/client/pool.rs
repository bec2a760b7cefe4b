//! Idle connections to one provider, the last used first.
//!
//! Kept lean on purpose: the last used is the least likely to have been closed by the other side,
//! and what has been idle for long is dropped when somebody looks.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use super::connection::Connection;
use super::lock;

/// The idle connections to one provider.
pub(super) struct Pool<Io: hyper::rt::Read + hyper::rt::Write> {
    idle: Mutex<Vec<(Instant, Connection<Io>)>>,
}

impl<Io: hyper::rt::Read + hyper::rt::Write + Unpin> Pool<Io> {
    pub(super) fn new() -> Self {
        Self {
            idle: Mutex::new(Vec::new()),
        }
    }

    /// The idle connection that was used last and still stands.
    pub(super) fn take(&self) -> Option<Connection<Io>> {
        self.expire(Instant::now());
        loop {
            // Popped under the lock, looked at outside it: looking reads the socket.
            let (_, mut connection) = lock(&self.idle).pop()?;
            if connection.is_reusable() {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for another attempt, if it can serve one.
    pub(super) fn put(&self, mut connection: Connection<Io>) {
        if !connection.is_reusable() {
            return;
        }
        let now = Instant::now();
        lock(&self.idle).push((now, connection));
        self.expire(now);
    }

    /// Drops what nobody has used for long, and what is too many: the oldest come first.
    fn expire(&self, now: Instant) {
        let expired: Vec<_> = {
            let mut idle = lock(&self.idle);
            let surplus = idle.len().saturating_sub(IDLE_MOST);
            let old = idle.partition_point(|(since, _)| now.duration_since(*since) >= IDLE_FOR);
            idle.drain(..old.max(surplus)).collect()
        };
        // Outside the lock: dropping closes sockets.
        drop(expired);
    }
}

/// Providers and the load balancers before them close idle connections after 60 s and more; a
/// connection that they may be about to close is not worth a failed request.
const IDLE_FOR: Duration = Duration::from_secs(50);

/// More idle connections than this serve nobody but the next burst.
const IDLE_MOST: usize = 64;

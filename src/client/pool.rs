//! The connections to one provider that can serve another attempt.
//!
//! HTTP/1.1: idle ones, the last used first, since the other side is least likely to have closed
//! it. Connections that were idle for long are dropped at the next use of the pool. HTTP/2:
//! connections that attempts share, filled one after the other.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use super::connection::Connection;
use super::lock;
#[cfg(feature = "tls")]
use super::session::Session;

/// The connections to one provider.
pub(super) struct Pool<Io: hyper::rt::Read + hyper::rt::Write> {
    idle: Mutex<Vec<(Instant, Connection<Io>)>>,
    #[cfg(feature = "tls")]
    shared: Mutex<Vec<(Instant, Session)>>,
}

impl<Io: hyper::rt::Read + hyper::rt::Write + Unpin> Pool<Io> {
    pub(super) fn new() -> Self {
        Self {
            idle: Mutex::new(Vec::new()),
            #[cfg(feature = "tls")]
            shared: Mutex::new(Vec::new()),
        }
    }

    /// A share in a connection with capacity, or the most recently used idle one that is still
    /// open.
    pub(super) fn take(&self) -> Option<Connection<Io>> {
        let now = Instant::now();
        #[cfg(feature = "tls")]
        if let Some(session) = self.share(now) {
            return Some(Connection::Shared(session));
        }
        self.expire(now);
        loop {
            // Popped under the lock, checked outside it: the check reads the socket.
            let (_, mut connection) = lock(&self.idle).pop()?;
            if connection.is_reusable() {
                return Some(connection);
            }
        }
    }

    /// Adds a connection that was just opened, if it can be shared.
    pub(super) fn opened(&self, connection: &Connection<Io>) {
        match connection {
            Connection::Own(_) => {}
            #[cfg(feature = "tls")]
            Connection::Shared(session) => {
                lock(&self.shared).push((Instant::now(), session.clone()));
            }
        }
    }

    /// Keeps a connection for another attempt, if it can serve one. Only connections whose answer
    /// was read to its end come back.
    pub(super) fn put(&self, mut connection: Connection<Io>) {
        if !connection.is_reusable() {
            return;
        }
        let now = Instant::now();
        match connection {
            Connection::Own(_) => {
                lock(&self.idle).push((now, connection));
                self.expire(now);
            }
            #[cfg(feature = "tls")]
            Connection::Shared(session) => {
                for (used, kept) in lock(&self.shared).iter_mut() {
                    if kept.is_same(&session) {
                        *used = now;
                    }
                }
            }
        }
    }

    /// A share in the first connection with capacity. Drops connections that are closed or were
    /// idle for long; attempts in flight on them keep them until they end.
    #[cfg(feature = "tls")]
    fn share(&self, now: Instant) -> Option<Session> {
        let mut shared = lock(&self.shared);
        shared.retain(|(used, session)| {
            let is_idle = session.shares() == 1;
            session.stands() && !(is_idle && now.duration_since(*used) >= IDLE_FOR)
        });
        let (used, session) = shared
            .iter_mut()
            .find(|(_, session)| session.shares() <= STREAMS_MOST)?;
        *used = now;
        Some(session.clone())
    }

    /// Drops connections that were idle for long, and the oldest ones beyond the maximum.
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
pub(crate) const IDLE_FOR: Duration = Duration::from_secs(50);

/// The maximum of idle connections; more would help only in the next burst.
pub(crate) const IDLE_MOST: usize = 64;

/// Attempts on one shared connection. Servers are asked to allow no fewer (RFC 9113, 6.5.2), and
/// few allow more: the next attempt would wait for the end of another.
#[cfg(feature = "tls")]
const STREAMS_MOST: usize = 100;

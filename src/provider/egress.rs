//! How bytes are sent once they are due: at once, or limited by a bandwidth.
//!
//! Under a bandwidth a byte is sent when its last bit is, so that no instant has seen more bytes
//! than the bandwidth allows since the line was last idle. When bytes are due is decided in
//! `chunks`.

use std::time::Duration;

use super::chunks::whole_ms;
use super::payload::Payload;
use crate::time::Instant;
use crate::units::Bandwidth;

/// The outgoing line of one exchange.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    throttle: Option<Throttle>,
    /// When the last bytes were sent.
    last: Instant,
}

/// A limit in bytes per second.
#[derive(Clone, Debug)]
struct Throttle {
    rate: u64,
    /// Since when the line has been busy.
    since: Instant,
    /// Bytes since then.
    sent: u64,
}

impl Line {
    /// A line on which bytes leave no faster than at this `bandwidth`.
    pub(super) fn new(bandwidth: Option<Bandwidth>) -> Self {
        Self {
            throttle: bandwidth.map(|rate| Throttle {
                rate: rate.as_bytes().max(1),
                since: Instant::START,
                sent: 0,
            }),
            last: Instant::START,
        }
    }

    /// Whether bytes are sent at once.
    pub(super) fn is_clear(&self) -> bool {
        self.throttle.is_none()
    }

    /// Sends `payload`, due at `at`, in pieces; calls `leave` for each with its time, and whether
    /// it is the last.
    pub(super) fn send<W: Payload>(
        &mut self,
        at: Instant,
        payload: W,
        mut leave: impl FnMut(Instant, W, bool),
    ) {
        let at = self.moment(at);
        let Some(throttle) = &mut self.throttle else {
            self.last = at;
            return leave(at, payload, true);
        };
        let mut bytes = payload.into_bytes();
        while !bytes.is_empty() {
            let slice = bytes.split_to(throttle.slice().min(bytes.len()));
            self.last = whole_ms(throttle.gone(at, slice.len()));
            leave(self.last, slice.into(), bytes.is_empty());
        }
    }

    /// The time of an action at `at` that is not a write: not before the last bytes were sent.
    pub(super) fn moment(&self, at: Instant) -> Instant {
        at.max(self.last)
    }
}

impl Throttle {
    /// The bytes of one write: a tenth of a second's.
    fn slice(&self) -> usize {
        usize::try_from(self.rate / 10).unwrap_or(usize::MAX).max(1)
    }

    /// When this many more bytes, due at `at`, have been sent.
    fn gone(&mut self, at: Instant, bytes: usize) -> Instant {
        if self.free() <= at {
            (self.since, self.sent) = (at, 0);
        }
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.sent = self.sent.saturating_add(bytes);
        self.free()
    }

    fn free(&self) -> Instant {
        let busy = (u128::from(self.sent) * SECOND).div_ceil(u128::from(self.rate));
        self.since + Duration::from_nanos(u64::try_from(busy).unwrap_or(u64::MAX))
    }
}

/// In nanoseconds.
const SECOND: u128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use proptest::prelude::*;

    /// Time in milliseconds, length and lastness of each piece.
    fn sent(line: &mut Line, at: u64, bytes: &'static str) -> Vec<(u64, usize, bool)> {
        let mut pieces = Vec::new();
        let mut all = Vec::new();
        line.send(
            ms(at),
            Bytes::from_static(bytes.as_bytes()),
            |at, piece: Bytes, last| {
                pieces.push((at.as_nanos() / 1_000_000, piece.len(), last));
                all.extend_from_slice(&piece);
            },
        );
        assert_eq!(all, bytes.as_bytes());
        pieces
    }

    fn ms(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    fn line_of(bytes: u64) -> Line {
        Line::new(Some(Bandwidth::per_second(bytes)))
    }

    #[test]
    fn a_clear_line_lets_bytes_leave_at_once() {
        let mut line = Line::default();
        assert!(line.is_clear());
        assert_eq!(sent(&mut line, 7, "tök"), [(7, 4, true)]);
    }

    #[test]
    fn a_bandwidth_is_kept_from_write_to_write() {
        let mut line = line_of(20);
        let pieces = [(1_100, 2, false), (1_200, 2, false), (1_250, 1, true)];
        assert_eq!(sent(&mut line, 1_000, "12345"), pieces);
        assert_eq!(sent(&mut line, 1_010, "1"), [(1_300, 1, true)]);
        assert_eq!(line.moment(ms(1_020)), ms(1_300));
        assert_eq!(sent(&mut line, 5_000, "12"), [(5_100, 2, true)]);
        assert_eq!(sent(&mut line_of(0), 0, "1"), [(1_000, 1, true)]);
        let wide = line_of(u64::MAX);
        assert_eq!(sent(&mut wide.clone(), 0, "12"), [(1, 2, true)]);
    }

    proptest! {
        #[test]
        fn no_stretch_of_time_carries_more_than_the_bandwidth(
            rate in 1_u64..5_000,
            writes in proptest::collection::vec((0_u64..500, 1_usize..400), 1..12),
        ) {
            let mut line = line_of(rate);
            let (mut due, mut left) = (0, vec![(0, 0_u64)]);
            for (after, length) in writes {
                due += after;
                line.send(ms(due), Bytes::from(vec![b'x'; length]), |at, piece: Bytes, _| {
                    left.push((at.as_nanos() / 1_000_000, piece.len() as u64));
                });
            }
            prop_assert!(left.is_sorted_by_key(|(at, _)| *at));
            for from in 0..left.len() {
                let mut bytes = 0;
                for (at, length) in &left[from + 1..] {
                    bytes += length;
                    // Moments are rounded up to whole milliseconds.
                    prop_assert!(bytes * 1_000 <= rate * (at - left[from].0 + 1));
                }
            }
        }
    }
}

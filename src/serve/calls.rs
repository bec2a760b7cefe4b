//! Which requests are attempts of one call, for callers that do not number their calls.
//!
//! Draws of faults are keyed by call and attempt, so retries have to be known as such. A request
//! with an idempotency key belongs to the call of that key. Without one, requests with the same
//! body are attempts of one call until one of them gets a whole answer; the same body after that is
//! a new call, unless it says that it is a retry, as the vendors' SDKs do. So two calls with the
//! same body at the same time cannot be told apart.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::host::request::Mark;
use crate::policy::{CallId, ProviderId};
use crate::time::Instant;

/// The calls so far.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// The number of the next call.
    next: u64,
    /// By the hash of their mark.
    known: BTreeMap<u64, Known>,
    /// The hashes, the earliest first.
    order: VecDeque<u64>,
}

/// A call.
#[derive(Debug)]
struct Known {
    call: CallId,
    /// The number of its attempts at each provider.
    attempts: BTreeMap<u16, u32>,
    /// When the last one came.
    last: Instant,
    is_answered: bool,
}

impl Calls {
    /// The call of a request with this mark that comes to provider `id`, and the number of the
    /// attempt among those there, from 0.
    pub(super) fn attempt(&mut self, mark: Mark, id: ProviderId, now: Instant) -> (CallId, u32) {
        let is_same = self.known.get(&mark.hash).is_some_and(|known| {
            let is_open = !known.is_answered || mark.is_key || mark.is_retry;
            is_open && now.since(known.last) <= REMEMBERED
        });
        if !is_same {
            self.begin(mark.hash, now);
        }
        let Some(known) = self.known.get_mut(&mark.hash) else {
            return (CallId(self.next), 0);
        };
        known.last = now;
        known.is_answered = false;
        let attempts = known.attempts.entry(id.0).or_default();
        let nth = *attempts;
        *attempts += 1;
        (known.call, nth)
    }

    /// A request with this hash got a whole answer.
    pub(super) fn answered(&mut self, hash: u64) {
        if let Some(known) = self.known.get_mut(&hash) {
            known.is_answered = true;
        }
    }

    fn begin(&mut self, hash: u64, now: Instant) {
        let known = Known {
            call: CallId(self.next),
            attempts: BTreeMap::new(),
            last: now,
            is_answered: false,
        };
        self.next += 1;
        if self.known.insert(hash, known).is_none() {
            self.order.push_back(hash);
        }
        if self.order.len() > MOST_CALLS
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

/// How long after its last attempt a call may be tried again: longer than any hint to wait that
/// clients follow.
const REMEMBERED: Duration = Duration::from_secs(600);

/// How many calls are remembered.
const MOST_CALLS: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: ProviderId = ProviderId(0);

    fn mark(hash: u64) -> Mark {
        Mark {
            hash,
            is_key: false,
            is_retry: false,
        }
    }

    fn attempt(calls: &mut Calls, mark: Mark) -> (u64, u32) {
        let (call, nth) = calls.attempt(mark, HERE, Instant::START);
        (call.0, nth)
    }

    #[test]
    fn a_body_is_the_same_call_until_it_is_answered() {
        let mut calls = Calls::default();
        assert_eq!(attempt(&mut calls, mark(7)), (0, 0));
        assert_eq!(attempt(&mut calls, mark(7)), (0, 1));
        assert_eq!(
            calls.attempt(mark(7), ProviderId(1), Instant::START),
            (CallId(0), 0)
        );
        assert_eq!(attempt(&mut calls, mark(8)), (1, 0));
        calls.answered(7);
        assert_eq!(attempt(&mut calls, mark(7)), (2, 0));
        let late = Instant::START + REMEMBERED + Duration::from_secs(1);
        assert_eq!(calls.attempt(mark(7), HERE, late), (CallId(3), 0));
    }

    #[test]
    fn a_key_and_a_retry_outlast_an_answer() {
        let mut calls = Calls::default();
        let (key, retry) = (
            Mark {
                is_key: true,
                ..mark(1)
            },
            Mark {
                is_retry: true,
                ..mark(2)
            },
        );
        for (number, mark) in [(0, key), (1, retry)] {
            assert_eq!(attempt(&mut calls, mark), (number, 0));
            calls.answered(mark.hash);
            assert_eq!(attempt(&mut calls, mark), (number, 1));
        }
    }

    #[test]
    fn the_oldest_calls_are_forgotten() {
        let mut calls = Calls::default();
        for hash in 0..2 * MOST_CALLS as u64 {
            attempt(&mut calls, mark(hash));
        }
        assert_eq!(
            (calls.known.len(), calls.order.len()),
            (MOST_CALLS, MOST_CALLS)
        );
        assert_eq!(attempt(&mut calls, mark(0)).1, 0);
    }
}

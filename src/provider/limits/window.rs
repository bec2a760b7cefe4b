//! One limit on a rate, with any way of counting.

use std::time::Duration;

use super::bucket::Bucket;
use super::fixed::Fixed;
use super::sliding::Sliding;
use crate::scenario::{Limit, Span};
use crate::time::Instant;
use crate::units::Share;
use crate::wire::fake::Quota;

/// A limit on a rate.
#[derive(Clone, Debug)]
pub(super) struct Window {
    /// The whole limit.
    whole: u64,
    /// What is left of it while a fault is active.
    limit: u64,
    per: Duration,
    counter: Counter,
}

/// The ways of counting.
#[derive(Clone, Debug)]
enum Counter {
    Bucket(Bucket),
    Sliding(Sliding),
    Fixed(Fixed),
}

/// Hands a question to the counter.
macro_rules! ask {
    ($counter:expr, $name:ident($($argument:expr),*)) => {
        match $counter {
            Counter::Bucket(counter) => counter.$name($($argument),*),
            Counter::Sliding(counter) => counter.$name($($argument),*),
            Counter::Fixed(counter) => counter.$name($($argument),*),
        }
    };
}

impl Window {
    /// The limit, with nothing used.
    pub(super) fn new(limit: &Limit) -> Self {
        let Limit { count, per, span } = *limit;
        Self {
            whole: count,
            limit: count,
            per,
            counter: match span {
                Span::Bucket => Counter::Bucket(Bucket::new(count, per)),
                Span::Sliding => Counter::Sliding(Sliding::new(count, per)),
                Span::Fixed => Counter::Fixed(Fixed::new(count, per)),
            },
        }
    }

    /// It is `now`, and `left` of the limit is there.
    pub(super) fn advance(&mut self, now: Instant, left: Share) {
        self.limit = shrunk(self.whole, left);
        ask!(&mut self.counter, advance(now, self.limit));
    }

    /// How long until `amount` would be admitted without other requests. For ever, when it is more
    /// than the limit; when it is more than a fault leaves of it, as long as the limit's time: a
    /// provider does not know how long a fault lasts.
    pub(super) fn wait(&self, amount: u64) -> Duration {
        if amount > self.whole {
            FOREVER
        } else if amount > self.limit {
            self.per
        } else {
            ask!(&self.counter, wait(amount))
        }
    }

    /// Takes `amount`, even beyond the limit.
    pub(super) fn take(&mut self, amount: u64) {
        ask!(&mut self.counter, take(amount));
    }

    /// Charges `amount` for a refused request.
    pub(super) fn take_in_vain(&mut self, amount: u64) {
        match &mut self.counter {
            Counter::Bucket(bucket) => bucket.take_in_vain(amount),
            counter => ask!(counter, take(amount)),
        }
    }

    /// Returns `amount` that was taken at `at`.
    pub(super) fn give_back(&mut self, at: Instant, amount: u64) {
        match &mut self.counter {
            Counter::Bucket(bucket) => bucket.give_back(amount),
            Counter::Sliding(sliding) => sliding.give_back(at, amount),
            Counter::Fixed(fixed) => fixed.give_back(at, amount),
        }
    }

    /// The remaining quota.
    pub(super) fn quota(&self) -> Quota {
        Quota {
            limit: self.limit,
            remaining: ask!(&self.counter, remaining()),
            reset: ask!(&self.counter, reset()),
        }
    }

    /// The quota that says that nothing remains.
    pub(super) fn exhausted(&self, reset: Duration) -> Quota {
        Quota {
            limit: self.limit,
            remaining: 0,
            reset,
        }
    }

    /// Whether its period is a day or longer.
    pub(super) fn is_daily(&self) -> bool {
        self.per >= DAY
    }
}

/// What `left` of `limit` is, rounded up: what is not gone admits something.
pub(super) fn shrunk(limit: u64, left: Share) -> u64 {
    limit - left.rest().of(limit)
}

/// No wait helps: about 584 years.
pub(super) const FOREVER: Duration = Duration::from_nanos(u64::MAX);

const DAY: Duration = Duration::from_secs(86_400);

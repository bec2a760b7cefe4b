//! One limit on a rate, however its provider counts.

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
    /// All of it.
    whole: u64,
    /// What is left of it while a fault is at work.
    limit: u64,
    per: Duration,
    counter: Counter,
}

/// How it counts.
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

    /// Takes `amount`, whether it is there or not.
    pub(super) fn take(&mut self, amount: u64) {
        ask!(&mut self.counter, take(amount));
    }

    /// A refused request takes `amount` all the same.
    pub(super) fn take_in_vain(&mut self, amount: u64) {
        match &mut self.counter {
            Counter::Bucket(bucket) => bucket.take_in_vain(amount),
            counter => ask!(counter, take(amount)),
        }
    }

    /// `amount` that was taken at `at` is not needed after all.
    pub(super) fn give_back(&mut self, at: Instant, amount: u64) {
        match &mut self.counter {
            Counter::Bucket(bucket) => bucket.give_back(amount),
            Counter::Sliding(sliding) => sliding.give_back(at, amount),
            Counter::Fixed(fixed) => fixed.give_back(at, amount),
        }
    }

    /// What is left of it.
    pub(super) fn quota(&self) -> Quota {
        Quota {
            limit: self.limit,
            remaining: ask!(&self.counter, remaining()),
            reset: ask!(&self.counter, reset()),
        }
    }

    /// What an answer says of it when, whatever it holds, nothing is left.
    pub(super) fn exhausted(&self, reset: Duration) -> Quota {
        Quota {
            limit: self.limit,
            remaining: 0,
            reset,
        }
    }

    /// Whether it is on a day, or longer: waiting helps only tomorrow.
    pub(super) fn is_daily(&self) -> bool {
        self.per >= DAY
    }
}

/// What `left` of `limit` is, rounded up: what is not gone admits something.
pub(super) fn shrunk(limit: u64, left: Share) -> u64 {
    limit - left.rest().of(limit)
}

/// No wait helps: some 584 years.
pub(super) const FOREVER: Duration = Duration::from_nanos(u64::MAX);

const DAY: Duration = Duration::from_secs(86_400);

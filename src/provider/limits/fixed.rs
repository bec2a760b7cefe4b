//! A limit per fixed window: a counter that is reset at each multiple of the period.
//!
//! At the edge of two windows twice the limit may pass at once, as at providers with fixed windows.
//! Windows are aligned to the start of the run.

use std::time::Duration;

use crate::time::{Instant, nanos};

/// A fixed window.
#[derive(Clone, Debug)]
pub(super) struct Fixed {
    limit: u64,
    per: u64,
    /// The number of the current window.
    window: u64,
    used: u64,
    now: Instant,
}

impl Fixed {
    /// Windows of `per`, for `limit` each.
    pub(super) fn new(limit: u64, per: Duration) -> Self {
        Self {
            limit,
            per: nanos(per).max(1),
            window: 0,
            used: 0,
            now: Instant::START,
        }
    }

    /// Advances to `now`, with the limit `limit`.
    pub(super) fn advance(&mut self, now: Instant, limit: u64) {
        self.limit = limit;
        self.now = self.now.max(now);
        let window = self.number(self.now);
        if window != self.window {
            (self.window, self.used) = (window, 0);
        }
    }

    /// How much would be admitted.
    pub(super) fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    /// How long until `amount`, at most the limit, would be admitted.
    pub(super) fn wait(&self, amount: u64) -> Duration {
        match amount <= self.remaining() {
            true => Duration::ZERO,
            false => self.rest(),
        }
    }

    /// How long until all of the limit is free.
    pub(super) fn reset(&self) -> Duration {
        match self.used {
            0 => Duration::ZERO,
            _ => self.rest(),
        }
    }

    /// Takes `amount`, even beyond the limit.
    pub(super) fn take(&mut self, amount: u64) {
        self.used = self.used.saturating_add(amount);
    }

    /// Returns `amount` that was taken at `at`.
    pub(super) fn give_back(&mut self, at: Instant, amount: u64) {
        if self.number(at) == self.window {
            self.used = self.used.saturating_sub(amount);
        }
    }

    /// The rest of this window.
    fn rest(&self) -> Duration {
        let end = (self.window + 1).saturating_mul(self.per);
        Instant::from_nanos(end).since(self.now)
    }

    fn number(&self, at: Instant) -> u64 {
        at.as_nanos() / self.per
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_full_multiple_frees_all_of_it() {
        let mut window = Fixed::new(10, MINUTE);
        let at = |s: u64| Instant::from_nanos(s * 1_000_000_000);
        window.advance(at(59), 10);
        window.take(10);
        let second = Duration::from_secs(1);
        assert_eq!(
            (window.remaining(), window.wait(1), window.reset()),
            (0, second, second)
        );
        window.advance(at(60), 10);
        assert_eq!((window.remaining(), window.wait(10)), (10, Duration::ZERO));
        assert_eq!(window.reset(), Duration::ZERO);
    }

    #[test]
    fn a_debt_ends_with_its_window_and_so_does_what_is_given_back() {
        let mut window = Fixed::new(10, MINUTE);
        window.take(25);
        window.give_back(Instant::START, 5);
        assert_eq!((window.remaining(), window.wait(1)), (0, MINUTE));
        window.advance(Instant::START + MINUTE, 10);
        window.take(4);
        window.give_back(Instant::START, 5);
        assert_eq!(window.remaining(), 6);
    }

    #[test]
    fn a_limit_that_shrinks_counts_what_was_used_before() {
        let mut window = Fixed::new(10, MINUTE);
        window.take(4);
        window.advance(Instant::START, 5);
        assert_eq!((window.remaining(), window.wait(2)), (1, MINUTE));
        window.advance(Instant::from_nanos(u64::MAX), u64::MAX);
        assert_eq!(window.remaining(), u64::MAX);
    }
}

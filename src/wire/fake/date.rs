//! The world's calendar: it begins on 2025-01-01T00:00:00Z. HTTP dates (RFC 9110, 5.6.7) and
//! RFC 3339, in whole seconds.

use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};

use crate::time::Instant;

/// When the world begins, in Unix seconds: 2025-01-01T00:00:00Z.
pub(super) const EPOCH: u64 = 1_735_689_600;

/// A time, in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date(u64);

impl Date {
    /// `at`, rounded down, as a clock shows it.
    pub(super) fn of(at: Instant) -> Self {
        Self(EPOCH + at.since_start().as_secs())
    }

    /// `wait` after `at`, rounded up, so that a client that waits until then waits long enough.
    pub(super) fn after(at: Instant, wait: Duration) -> Self {
        let exact = at.since_start().saturating_add(wait);
        let seconds = exact
            .as_secs()
            .saturating_add(u64::from(exact.subsec_nanos() > 0));
        Self(EPOCH.saturating_add(seconds))
    }

    /// `length` before, but never before 1970.
    pub(super) fn before(self, length: Duration) -> Self {
        Self(self.0.saturating_sub(length.as_secs()))
    }

    /// As milliseconds since 1970.
    pub(super) fn unix_millis(self) -> u64 {
        self.0.saturating_mul(1_000)
    }

    /// As HTTP has it: `Wed, 01 Jan 2025 00:00:00 GMT`.
    pub(super) fn http(self) -> impl fmt::Display {
        self.moment().strftime("%a, %d %b %Y %H:%M:%S GMT")
    }

    /// As RFC 3339 has it: `2025-01-01T00:00:00Z`.
    pub(super) fn rfc3339(self) -> impl fmt::Display {
        self.moment().strftime("%Y-%m-%dT%H:%M:%SZ")
    }

    fn moment(self) -> DateTime {
        let seconds = i64::try_from(self.0).unwrap_or(i64::MAX);
        date(1970, 1, 1)
            .at(0, 0, 0, 0)
            .saturating_add(SignedDuration::from_secs(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_begins_on_a_wednesday() {
        let date = Date::of(Instant::START);
        assert_eq!(date.http().to_string(), "Wed, 01 Jan 2025 00:00:00 GMT");
        assert_eq!(date.rfc3339().to_string(), "2025-01-01T00:00:00Z");
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_210_096, "2024-02-29T12:34:56Z"),
            (1_772_323_200, "2026-03-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(Date(seconds).rfc3339().to_string(), text);
        }
        let sunday = Date(784_111_777).http().to_string();
        assert_eq!(sunday, "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn what_is_due_is_rounded_up_and_never_overflows() {
        let at = Instant::from_nanos(1);
        assert_eq!(Date::of(at), Date(EPOCH));
        assert_eq!(Date::after(at, Duration::from_secs(2)), Date(EPOCH + 3));
        let end = Date::after(Instant::from_nanos(u64::MAX), Duration::MAX);
        assert!(end.rfc3339().to_string().starts_with("9999-12-31T"));
        assert_eq!(Date(1).before(Duration::MAX), Date(0));
    }
}

//! The world's calendar: it begins on 2025-01-01T00:00:00Z. HTTP dates (RFC 9110, 5.6.7) and
//! RFC 3339, in whole seconds.

use std::fmt;
use std::time::Duration;

use crate::time::Instant;

/// When the world begins, in Unix seconds: 2025-01-01T00:00:00Z.
pub(super) const EPOCH: u64 = 1_735_689_600;

/// A moment, in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date(u64);

impl Date {
    /// `at`, rounded down: what a clock shows.
    pub(super) fn of(at: Instant) -> Self {
        Self(EPOCH + at.since_start().as_secs())
    }

    /// So long after `at`, rounded up: who waits until then has waited long enough.
    pub(super) fn after(at: Instant, wait: Duration) -> Self {
        let exact = at.since_start().saturating_add(wait);
        let seconds = exact
            .as_secs()
            .saturating_add(u64::from(exact.subsec_nanos() > 0));
        Self(EPOCH.saturating_add(seconds))
    }

    /// So long before, but never before 1970.
    pub(super) fn before(self, length: Duration) -> Self {
        Self(self.0.saturating_sub(length.as_secs()))
    }

    /// As milliseconds since 1970.
    pub(super) fn unix_millis(self) -> u64 {
        self.0.saturating_mul(1_000)
    }

    /// As HTTP has it: `Wed, 01 Jan 2025 00:00:00 GMT`.
    pub(super) fn http(self) -> impl fmt::Display {
        let (year, month, day) = self.civil();
        let weekday = DAYS[usize::try_from(self.0 / DAY % 7).unwrap_or_default()];
        let month = MONTHS[month - 1];
        let (hour, minute, second) = self.clock();
        fmt::from_fn(move |f| {
            write!(f, "{weekday}, {day:02} {month} {year:04} ")?;
            write!(f, "{hour:02}:{minute:02}:{second:02} GMT")
        })
    }

    /// As RFC 3339 has it: `2025-01-01T00:00:00Z`.
    pub(super) fn rfc3339(self) -> impl fmt::Display {
        let (year, month, day) = self.civil();
        let (hour, minute, second) = self.clock();
        fmt::from_fn(move |f| {
            write!(f, "{year:04}-{month:02}-{day:02}")?;
            write!(f, "T{hour:02}:{minute:02}:{second:02}Z")
        })
    }

    fn clock(self) -> (u64, u64, u64) {
        (self.0 / 3_600 % 24, self.0 / 60 % 60, self.0 % 60)
    }

    /// Year, month from 1, day from 1, counted in eras of 400 years that begin in March.
    fn civil(self) -> (u64, usize, u64) {
        let days = (self.0 / DAY).min(LAST_DAY) + 719_468;
        let (era, day) = (days / 146_097, days % 146_097);
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let (in_month, wraps) = (day - (153 * month + 2) / 5 + 1, month >= 10);
        let month = if wraps { month - 9 } else { month + 3 };
        let year = era * 400 + year + u64::from(wraps);
        (year, usize::try_from(month).unwrap_or(1), in_month)
    }
}

const DAY: u64 = 86_400;
/// 9999-12-31: neither form can say more.
const LAST_DAY: u64 = 2_932_896;
/// 1970-01-01 was a Thursday.
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

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

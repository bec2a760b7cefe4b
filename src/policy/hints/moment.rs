//! Moments as servers write them, as time since the beginning of 1970 in UTC.
//!
//! Of the three forms of an HTTP date only the one is read that may still be sent (RFC 9110,
//! IMF-fixdate).

use std::time::Duration;

/// Reads `Sun, 06 Nov 1994 08:49:37 GMT`; the name of the day is not checked.
pub(super) fn of_http(text: &str) -> Option<Duration> {
    let mut words = text.split_once(", ")?.1.split(' ');
    let day = number(words.next()?, 2)?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as u64 + 1;
    let year = number(words.next()?, 4)?;
    let seconds = clock(words.next()?)?;
    let whole = words.next() == Some("GMT") && words.next().is_none();
    let days = days_since_1970(year, month, day).filter(|_| whole)?;
    Some(Duration::from_secs(days * SECONDS_PER_DAY + seconds))
}

/// Reads `2025-01-31T12:00:00Z`, also with a fraction of a second, and with the distance to UTC
/// (`+02:00`) in place of the `Z` (RFC 3339).
pub(super) fn of_rfc3339(text: &str) -> Option<Duration> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut parts = date.splitn(3, '-');
    let mut part = |digits| number(parts.next()?, digits);
    let (year, month, day) = (part(4)?, part(2)?, part(2)?);
    let days = days_since_1970(year, month, day)?;
    let (time, ahead) = zone(time)?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let fraction = super::length::seconds(&format!("0.{fraction}"))?;
    let local = Duration::from_secs(days * SECONDS_PER_DAY + clock(time)?) + fraction;
    Some(match ahead {
        Ahead::By(length) => local.saturating_sub(length),
        Ahead::Behind(length) => local + length,
    })
}

/// How far a clock is ahead of UTC.
enum Ahead {
    By(Duration),
    Behind(Duration),
}

/// A time of day, without and with its zone.
fn zone(text: &str) -> Option<(&str, Ahead)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Some((time, Ahead::By(Duration::ZERO)));
    }
    let sign = text.rfind(['+', '-'])?;
    let (hours, minutes) = text[sign + 1..].split_once(':')?;
    let hours = number(hours, 2).filter(|hours| *hours < 24)?;
    let minutes = number(minutes, 2).filter(|minutes| *minutes < 60)?;
    let length = Duration::from_secs((hours * 60 + minutes) * 60);
    let ahead = match text.as_bytes()[sign] {
        b'+' => Ahead::By(length),
        _ => Ahead::Behind(length),
    };
    Some((&text[..sign], ahead))
}

/// Seconds since midnight of `08:49:37`.
fn clock(text: &str) -> Option<u64> {
    let mut parts = text.split(':');
    let mut part = |limit| number(parts.next()?, 2).filter(|part| *part < limit);
    let (hour, minute, second) = (part(24)?, part(60)?, part(61)?);
    parts
        .next()
        .is_none()
        .then_some((hour * 60 + minute) * 60 + second)
}

fn number(text: &str, digits: usize) -> Option<u64> {
    let plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Days from 1 January 1970 to a day of the Gregorian calendar. Years are counted from March, so
/// that the leap day comes last and every month begins at the same day of its year.
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let months_since_march = (month + 9) % 12;
    let day_of_year = (153 * months_since_march + 2) / 5 + day - 1;
    Some(year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - DAYS_TO_1970)
}

const SECONDS_PER_DAY: u64 = 86_400;

/// Days from 1 March of the year 0 to 1 January 1970.
const DAYS_TO_1970: u64 = 719_468;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_calendar() {
        for (http, rfc3339, unix) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z", 0),
            (
                "Tue, 29 Feb 2000 23:59:59 GMT",
                "2000-02-29t23:59:59z",
                951_868_799,
            ),
            (
                "Wed, 01 Mar 2000 00:00:00 GMT",
                "2000-03-01 02:00:00+02:00",
                951_868_800,
            ),
            (
                "Fri, 31 Dec 2027 12:00:00 GMT",
                "2027-12-31T04:30:00.000-07:30",
                1_830_254_400,
            ),
            (
                "Fri, 31 Dec 9999 23:59:59 GMT",
                "9999-12-31T23:59:59Z",
                253_402_300_799,
            ),
        ] {
            let moment = Some(Duration::from_secs(unix));
            assert_eq!(of_http(http), moment, "{http}");
            assert_eq!(of_rfc3339(rfc3339), moment, "{rfc3339}");
        }
        let half = of_rfc3339("1970-01-01T00:00:01.5Z");
        assert_eq!(half, Some(Duration::from_millis(1_500)));
    }

    #[test]
    fn a_broken_http_date_is_no_moment() {
        for date in [
            "",
            "yesterday",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 PST",
            "Sun, 06 Nov 1994 08:49:37 GMT GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 08:49:37:00 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 32 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1969 08:49:37 GMT",
            "Sun, 06 Nov 0000 08:49:37 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(of_http(date), None, "{date}");
        }
    }

    #[test]
    fn a_broken_rfc_3339_date_is_no_moment() {
        for date in [
            "",
            "2025-01-31",
            "2025-01-31T12:00:00",
            "2025-1-31T12:00:00Z",
            "2025-13-01T12:00:00Z",
            "2025-00-01T12:00:00Z",
            "2025-01-32T12:00:00Z",
            "2025-01-31T25:00:00Z",
            "2025-01-31T12:00Z",
            "2025-01-31T12:00:00.xZ",
            "2025-01-31T12:00:00+2:00",
            "2025-01-31T12:00:00+02:00Z",
            "2025-01-31T12:00:00+99:00",
            "1969-12-31T23:59:59Z",
            "-2025-01-31T12:00:00Z",
            "2025-01-31-01T12:00:00Z",
            "１９７０-01-01T00:00:00Z",
        ] {
            assert_eq!(of_rfc3339(date), None, "{date}");
        }
    }
}

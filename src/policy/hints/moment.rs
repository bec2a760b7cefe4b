//! Moments as servers write them, as time since the beginning of 1970 in UTC.
//!
//! Of the three forms of an HTTP date, only the one that servers may still send is read (RFC 9110,
//! IMF-fixdate).

use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};
use jiff::fmt::temporal::Pieces;

/// Reads `Sun, 06 Nov 1994 08:49:37 GMT`; the name of the day is not checked.
pub(super) fn of_http(text: &str) -> Option<Duration> {
    let (_, date) = text.split_once(", ")?;
    since_1970(DateTime::strptime("%d %b %Y %H:%M:%S GMT", date).ok()?)
}

/// Reads `2025-01-31T12:00:00Z`, also with a fraction of a second, and with the offset from UTC
/// (`+02:00`) in place of the `Z` (RFC 3339).
pub(super) fn of_rfc3339(text: &str) -> Option<Duration> {
    // The library also accepts ISO 8601, where seconds may be missing.
    let has_seconds = text.as_bytes().get("2025-01-31T12:00".len()) == Some(&b':');
    let pieces = has_seconds.then(|| Pieces::parse(text))?.ok()?;
    let local = pieces.date().to_datetime(pieces.time()?);
    let ahead = SignedDuration::from_secs(pieces.to_numeric_offset()?.seconds().into());
    since_1970(local.checked_sub(ahead).ok()?)
}

fn since_1970(moment: DateTime) -> Option<Duration> {
    let epoch = date(1970, 1, 1).at(0, 0, 0, 0);
    Duration::try_from(moment.duration_since(epoch)).ok()
}

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

//! Timestamps of trace files: seconds, or dates and times, in nanoseconds.

use jiff::civil::{DateTime, date};

/// Seconds with at most nine decimals, in nanoseconds.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    digits(whole)?
        .checked_mul(SECOND)?
        .checked_add(billionths(fraction)?)
}

/// `2023-11-16 18:15:46.6805900`, in nanoseconds since 1970, all in UTC.
pub(super) fn date_and_time(text: &str) -> Option<u64> {
    let text = text.strip_suffix("+00:00").unwrap_or(text);
    let (date, time) = text.split_once([' ', 'T'])?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [year, month, day] = three(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = three(time, ':', [2, 2, 2])?;
    let year = i16::try_from(year).ok()?;
    let [month, day] = [i8_of(month)?, i8_of(day)?];
    let [hour, minute, second] = [i8_of(hour)?, i8_of(minute)?, i8_of(second)?];
    let moment = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    let since_1970 = moment.duration_since(EPOCH);
    // Nanoseconds since 1970 fit 64 bits until 2554.
    let seconds = u64::try_from(since_1970.as_secs())
        .ok()?
        .checked_mul(SECOND)?;
    seconds.checked_add(billionths(fraction)?)
}

/// A part of a date as the calendar's integer type.
fn i8_of(part: u64) -> Option<i8> {
    i8::try_from(part).ok()
}

fn three(text: &str, between: char, widths: [usize; 3]) -> Option<[u64; 3]> {
    let parts: Vec<&str> = text.split(between).collect();
    let parts: [&str; 3] = parts.try_into().ok()?;
    if parts.map(str::len) != widths {
        return None;
    }
    let [a, b, c] = parts.map(digits);
    Some([a?, b?, c?])
}

fn billionths(fraction: &str) -> Option<u64> {
    let missing = 9_usize.checked_sub(fraction.len())?;
    Some(digits(fraction)? * 10_u64.pow(missing as u32))
}

fn digits(text: &str) -> Option<u64> {
    let all = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);
const SECOND: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn days_follow_the_calendar() {
        assert_eq!(date_and_time("1970-01-01 00:00:00"), Some(0));
        let second = 1_000_000_000;
        assert_eq!(
            date_and_time("2023-11-16 18:15:46.6805900"),
            Some(1_700_158_546 * second + 680_590_000)
        );
        assert_eq!(
            date_and_time("2000-03-01 00:00:00"),
            Some(951_868_800 * second)
        );
        for wrong in NO_DATES {
            assert_eq!(date_and_time(wrong), None, "{wrong}");
        }
    }

    #[rustfmt::skip]
    const NO_DATES: [&str; 14] = [
        "", "2023-11-16", "2023-02-29 00:00:00",
        "2100-02-29 00:00:00", "2023-13-01 00:00:00", "2023-04-31 00:00:00",
        "2023-1-01 00:00:00", "2023-01-01 24:00:00", "2023-01-01 00:00:60",
        "2023-01-01 00:00:00.0123456789", "2023-01-00 00:00:00", "+023-01-01 00:00:00",
        "1969-12-31 00:00:00", "2023-01-01 00:00:00+01:00",
    ];

    proptest! {
        #[test]
        fn no_timestamp_makes_it_panic(text in "[0-9]{0,20}([-: T.]?[0-9]{0,4}){0,8}|\\PC{0,30}") {
            let _ = (date_and_time(&text), seconds(&text));
        }
    }
}

//! A server's hint to wait: where it says so, and what the policy makes of it.
//!
//! Five spellings are read, the first that can be read counts: `retry-after-ms` (OpenAI, Azure);
//! `retry-after` in seconds, decimals allowed as SDKs allow them; `retry-after` as an HTTP date in
//! the one form that may still be sent (RFC 9110, IMF-fixdate; the two obsolete forms are not
//! read); the `retryDelay` in the body of Google's errors; and Azure's words, "retry after 37
//! seconds". Anything else is no hint: negative lengths, NaN, and units where none are due. A date
//! in the past means no wait at all, and what is absurdly large stays so, for the policy's cap to
//! judge.

use std::time::Duration;

use super::config::{Beyond, Hints, Read};
use crate::rng::Stream;

/// What the policy makes of a hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// There is no hint, or none that this policy reads: back off as without it.
    None,
    /// Return after exactly this wait.
    Wait(Duration),
    /// It asks for longer than the cap, or than the call has left: do this instead of waiting.
    Beyond(Beyond),
}

/// Judges a hint by the policy, and by what the call has `left` until its deadline (none = no end).
/// A hint as long as the cap is still waited for; one as long as what is left is in vain.
pub fn judge(hints: &Hints, hint: Option<Duration>, left: Option<Duration>) -> Judgement {
    match (hints.retry_after, hint) {
        (Read::Ignore, _) | (_, None) => Judgement::None,
        (Read::Honour, Some(hint)) if hint > hints.cap || left.is_some_and(|left| hint >= left) => {
            Judgement::Beyond(hints.beyond)
        }
        (Read::Honour, Some(hint)) => Judgement::Wait(hint),
    }
}

/// What is waited when the server asks for `hint`: up to the policy's share of it on top.
pub fn spread(hints: &Hints, hint: Duration, stream: &mut Stream) -> Duration {
    let _ = (hints, stream);
    hint
}

/// Where a server may have put a hint.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spellings<'a> {
    /// The header `retry-after-ms`.
    pub retry_after_ms: Option<&'a str>,
    /// The header `retry-after`.
    pub retry_after: Option<&'a str>,
    /// The header `date`.
    pub date: Option<&'a str>,
    /// Google's `retryDelay`: `31s`.
    pub retry_delay: Option<&'a str>,
    /// What the error says to humans.
    pub message: Option<&'a str>,
}

/// The wait that a server asks for. Milliseconds win over seconds, being more exact, and headers
/// over the body, being meant for us. A date counts from the answer's own `date`, which no clock of
/// ours can be ahead of; one that lies behind it means no wait. What is absurdly large saturates at
/// some 584 years.
pub fn read(hint: &Spellings) -> Option<Duration> {
    let in_ms = || decimal(hint.retry_after_ms?.trim(), NANOS_PER_MILLI);
    let in_seconds = || decimal(hint.retry_after?.trim(), NANOS_PER_SECOND);
    let until_date = || {
        let until = unix_of_date(hint.retry_after?.trim())?;
        Some(Duration::from_secs(
            until.saturating_sub(unix_of_date(hint.date?.trim())?),
        ))
    };
    let in_body = || {
        decimal(
            hint.retry_delay?.trim().strip_suffix('s')?,
            NANOS_PER_SECOND,
        )
    };
    let in_words = || {
        let (_, rest) = hint.message?.split_once("retry after ")?;
        let (number, rest) = rest.split_once(' ')?;
        let in_seconds = rest.starts_with("second");
        in_seconds.then(|| decimal(number, NANOS_PER_SECOND))?
    };
    in_ms()
        .or_else(in_seconds)
        .or_else(until_date)
        .or_else(in_body)
        .or_else(in_words)
}

/// Reads `12`, `12.5` or `.5` units of `unit` nanoseconds each, without a float in between.
fn decimal(text: &str, unit: u64) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut nanos: u64 = 0;
    for digit in whole.bytes() {
        nanos = nanos.saturating_mul(10).saturating_add(value(digit)?);
    }
    nanos = nanos.saturating_mul(unit);
    let mut place = unit;
    for digit in fraction.bytes() {
        place /= 10;
        nanos = nanos.saturating_add(value(digit)? * place);
    }
    Some(Duration::from_nanos(nanos))
}

fn value(digit: u8) -> Option<u64> {
    digit.is_ascii_digit().then(|| u64::from(digit - b'0'))
}

/// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`; the name of the day is not checked.
fn unix_of_date(text: &str) -> Option<u64> {
    let mut words = text.split_once(", ")?.1.split(' ');
    let day = number(words.next()?, 2)?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as u64 + 1;
    let year = number(words.next()?, 4)?;
    let mut clock = words.next()?.split(':');
    let mut part = |limit| number(clock.next()?, 2).filter(|part| *part < limit);
    let (hour, minute, second) = (part(24)?, part(60)?, part(61)?);
    let whole = clock.next().is_none() && words.next() == Some("GMT") && words.next().is_none();
    if !whole || year < 1970 || !(1..=31).contains(&day) {
        return None;
    }
    let days = days_since_1970(year, month, day);
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

fn number(text: &str, digits: usize) -> Option<u64> {
    let plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Days from 1 January 1970 to a day of the Gregorian calendar. Years are counted from March, so
/// that the leap day comes last and every month begins at the same day of its year.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let months_since_march = (month + 9) % 12;
    let day_of_year = (153 * months_since_march + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - DAYS_TO_1970
}

const NANOS_PER_MILLI: u64 = 1_000_000;
const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Days from 1 March of the year 0 to 1 January 1970.
const DAYS_TO_1970: u64 = 719_468;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    fn from_headers(ms: Option<&str>, after: Option<&str>, date: Option<&str>) -> Option<Duration> {
        read(&Spellings {
            retry_after_ms: ms,
            retry_after: after,
            date,
            ..Spellings::default()
        })
    }

    fn from_body(retry_delay: Option<&str>, message: Option<&str>) -> Option<Duration> {
        read(&Spellings {
            retry_delay,
            message,
            ..Spellings::default()
        })
    }

    #[test]
    fn bodies_have_spellings_of_their_own() {
        let azure = "Requests to the ChatCompletions_Create Operation under Azure OpenAI API \
            version 2024-10-21 have exceeded token rate limit of your current pricing tier. \
            Please retry after 37 seconds. Please go here to increase your quota.";
        for (delay, message, millis) in [
            (Some("31s"), None, 31_000),
            (Some("45.837s"), None, 45_837),
            (Some("0s"), None, 0),
            (None, Some(azure), 37_000),
            (None, Some("Please retry after 1 second."), 1_000),
            (None, Some("Please retry after 86400 seconds."), 86_400_000),
            (Some("31s"), Some(azure), 31_000),
            (Some("soon"), Some(azure), 37_000),
        ] {
            let expected = Some(Duration::from_millis(millis));
            assert_eq!(from_body(delay, message), expected, "{delay:?} {message:?}");
        }
        for delay in ["", "s", "31", "-5s", "NaNs", "1e3s", "31ms", "31 s"] {
            assert_eq!(from_body(Some(delay), None), None, "{delay}");
        }
        for message in [
            "",
            "retry after ",
            "Please retry after -3 seconds.",
            "Please retry after NaN seconds.",
            "Please retry after 37 minutes.",
            "Please retry after a few seconds.",
            "Please retry after 37",
        ] {
            assert_eq!(from_body(None, Some(message)), None, "{message}");
        }
    }

    #[test]
    fn a_header_wins_over_the_body() {
        let hint = Spellings {
            retry_after: Some("2"),
            retry_delay: Some("31s"),
            message: Some("Please retry after 37 seconds."),
            ..Spellings::default()
        };
        assert_eq!(read(&hint), Some(Duration::from_secs(2)));
    }

    #[test]
    fn seconds_and_milliseconds_may_have_decimals() {
        for (ms, seconds, micros) in [
            (None, Some("20"), 20_000_000),
            (None, Some(" 0.5 "), 500_000),
            (None, Some("0"), 0),
            (Some("1500"), None, 1_500_000),
            (Some("12.25"), None, 12_250),
            (Some("1500"), Some("20"), 1_500_000),
            (Some("soon"), Some("20"), 20_000_000),
        ] {
            let expected = Some(Duration::from_micros(micros));
            assert_eq!(
                from_headers(ms, seconds, None),
                expected,
                "{ms:?} {seconds:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_no_hint() {
        for text in [
            "", " ", ".", "-1", "-0.5", "+5", "NaN", "inf", "1e3", "1.2.3", "20s", "soon", "٣",
        ] {
            assert_eq!(from_headers(Some(text), Some(text), NOW), None, "{text}");
        }
        assert_eq!(from_headers(None, None, None), None);
    }

    #[test]
    fn an_absurd_hint_saturates() {
        let ages = "9".repeat(400);
        let most = Some(Duration::from_nanos(u64::MAX));
        assert_eq!(from_headers(None, Some(&ages), None), most);
        assert_eq!(
            from_headers(Some(&format!("{ages}.{ages}")), None, None),
            most
        );
    }

    #[test]
    fn a_date_is_a_wait_from_the_answers_own_date() {
        let until = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        let wait = |now| from_headers(None, until, Some(now));
        let half_a_minute = Some(Duration::from_secs(30));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:07 GMT"), half_a_minute);
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        assert_eq!(
            wait("Sun, 06 Nov 1994 08:49:38 GMT"),
            Some(Duration::ZERO),
            "the past"
        );
        assert_eq!(wait("yesterday"), None);
        assert_eq!(
            from_headers(None, until, None),
            None,
            "no date to count from"
        );
    }

    #[test]
    fn dates_follow_the_calendar() {
        for (date, unix) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
            ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
            ("Fri, 31 Dec 2027 12:00:00 GMT", 1_830_254_400),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        ] {
            assert_eq!(unix_of_date(date), Some(unix), "{date}");
        }
    }

    #[test]
    fn a_broken_date_is_no_hint() {
        for date in [
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
            assert_eq!(from_headers(None, Some(date), NOW), None, "{date}");
        }
    }

    #[test]
    fn the_cap_divides_waiting_from_leaving() {
        let mut hints = Hints {
            retry_after: Read::Honour,
            cap: Duration::from_secs(60),
            beyond: Beyond::Fallback,
            ..Hints::default()
        };
        let hint = |seconds| Some(Duration::from_secs(seconds));
        let wait = Judgement::Wait(Duration::from_secs(60));
        assert_eq!(judge(&hints, None, None), Judgement::None);
        assert_eq!(judge(&hints, hint(60), None), wait);
        assert_eq!(
            judge(&hints, hint(61), None),
            Judgement::Beyond(Beyond::Fallback)
        );
        hints.retry_after = Read::Ignore;
        assert_eq!(judge(&hints, hint(61), None), Judgement::None);
    }

    const NOW: Option<&str> = Some("Sun, 06 Nov 1994 08:49:37 GMT");

    #[test]
    fn a_hint_that_outlasts_the_call_is_beyond() {
        let hints = Hints {
            retry_after: Read::Honour,
            cap: Duration::from_secs(60),
            beyond: Beyond::Stop,
            ..Hints::default()
        };
        let left = |seconds| Some(Duration::from_secs(seconds));
        let hint = Some(Duration::from_secs(20));
        assert_eq!(
            judge(&hints, hint, left(20)),
            Judgement::Beyond(Beyond::Stop)
        );
        assert_eq!(
            judge(&hints, hint, left(21)),
            Judgement::Wait(Duration::from_secs(20))
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..ProptestConfig::default()
        })]

        #[test]
        fn nothing_makes_it_panic(ms in "\\PC*", s in "\\PC*|[0-9A-Z:, .GMT]{0,40}") {
            let _ = from_headers(Some(&ms), Some(&s), Some(&s));
            let _ = from_body(Some(&ms), Some(&s));
            let _ = from_body(Some(&s), Some(&format!("retry after {ms}")));
        }
    }
}

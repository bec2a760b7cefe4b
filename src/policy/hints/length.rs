//! Lengths of time as servers write them, parsed without floats. Very large values saturate at some
//! 584 years; negative values and non-numbers are not lengths.

use std::time::Duration;

pub(super) const NANOS_PER_SECOND: u64 = 1_000_000_000;
pub(super) const NANOS_PER_MILLI: u64 = 1_000_000;

/// Reads `12`, `12.5` or `.5` units of `unit` nanoseconds each.
pub(super) fn decimal(text: &str, unit: u64) -> Option<Duration> {
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

/// Reads seconds.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    decimal(text, NANOS_PER_SECOND)
}

/// Reads a length as Go prints it: `850ms`, `1s`, `6m0s`, `1h0m0.005s`.
pub(super) fn of_go(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut length = Duration::ZERO;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at(end);
        let (word, unit) = UNITS.iter().find(|(word, _)| behind.starts_with(word))?;
        length = length.saturating_add(decimal(number, *unit)?);
        rest = &behind[word.len()..];
    }
    let most = Duration::from_nanos(u64::MAX);
    (!text.is_empty()).then_some(length.min(most))
}

/// Reads a length as people and programs write it in a message, at the beginning of a text in lower
/// case: `30 seconds`, `1 hour and 5 minutes`, `6m 0s`, `an hour`. With `seconds`, a number without
/// a unit counts as seconds.
pub(super) fn in_words(text: &str, seconds: bool) -> Option<Duration> {
    let mut length = None;
    let mut rest = text;
    while let Some((part, behind)) = part(rest) {
        length = Some(length.unwrap_or(Duration::ZERO).saturating_add(part));
        rest = behind.trim_start_matches([' ', ',']);
        rest = rest.strip_prefix("and ").unwrap_or(rest);
    }
    let bare = || {
        let end = text.find(|c: char| !is_number(c)).unwrap_or(text.len());
        decimal(text[..end].trim_end_matches('.'), NANOS_PER_SECOND)
    };
    let length = length.or_else(|| seconds.then(bare).flatten());
    length.map(|length| length.min(Duration::from_nanos(u64::MAX)))
}

/// A number and its unit, and the text behind them.
fn part(text: &str) -> Option<(Duration, &str)> {
    let one = ["a ", "an ", "one "].iter();
    let one = one
        .clone()
        .find_map(|word| Some(("1", text.strip_prefix(word)?)));
    let (number, behind) = one.unwrap_or_else(|| {
        let end = text.find(|c: char| !is_number(c)).unwrap_or(text.len());
        (&text[..end], text[end..].trim_start_matches([' ', '-']))
    });
    let end = behind
        .find(|c: char| !c.is_alphabetic())
        .unwrap_or(behind.len());
    let (word, rest) = behind.split_at(end);
    let (_, unit) = UNITS_IN_WORDS
        .iter()
        .find(|(words, _)| words.contains(&word))?;
    Some((decimal(number, *unit)?, rest))
}

fn is_number(c: char) -> bool {
    c.is_ascii_digit() || c == '.'
}

/// The names of units in messages.
const UNITS_IN_WORDS: [(&[&str], u64); 5] = [
    (
        &["ms", "millisecond", "milliseconds", "msec"],
        NANOS_PER_MILLI,
    ),
    (
        &["s", "sec", "secs", "second", "seconds", "秒"],
        NANOS_PER_SECOND,
    ),
    (
        &["m", "min", "mins", "minute", "minutes", "分钟"],
        60 * NANOS_PER_SECOND,
    ),
    (
        &["h", "hr", "hrs", "hour", "hours", "小时"],
        3_600 * NANOS_PER_SECOND,
    ),
    (&["d", "day", "days", "天"], 86_400 * NANOS_PER_SECOND),
];

/// Longer units first, so that `ms` is not read as `m`.
const UNITS: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", NANOS_PER_MILLI),
    ("s", NANOS_PER_SECOND),
    ("m", 60 * NANOS_PER_SECOND),
    ("h", 3_600 * NANOS_PER_SECOND),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_go_prints_them() {
        for (text, nanos) in [
            ("0s", 0),
            ("1ns", 1),
            ("1.5µs", 1_500),
            ("12us", 12_000),
            ("850ms", 850_000_000),
            ("1s", 1_000_000_000),
            ("8.64s", 8_640_000_000),
            ("6m0s", 360_000_000_000),
            ("2m59.56s", 179_560_000_000),
            ("1h0m0.005s", 3_600_005_000_000),
        ] {
            assert_eq!(of_go(text), Some(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn what_go_would_not_print_is_no_length() {
        for text in [
            "", "s", "1", "-1s", "+1s", "NaN", "1d", "1 s", "1s ", "1..5s", "1.2.3s", "٣s", "1s1",
            "Inf",
        ] {
            assert_eq!(of_go(text), None, "{text}");
        }
    }

    #[test]
    fn ages_saturate() {
        let ages = "9".repeat(400);
        let most = Some(Duration::from_nanos(u64::MAX));
        assert_eq!(of_go(&format!("{ages}h{ages}m")), most);
        assert_eq!(seconds(&ages), most);
    }
}

//! Lengths of time, as [`Duration`]: `250ms`, `30s`, `1m30s`, `1.5s`, `2d`; `0` needs no unit.

use std::time::Duration;

use super::UnitError;
use super::error::truncate;
use super::number::{decimal, split_unit, wide_number, with_point};
#[cfg(feature = "cli")]
use super::schema;
use super::spelling::unit_of_time;
use super::text_form::held_as;

/// Reads a length of time of at most 100 years.
pub fn parse(text: &str) -> Result<Duration, UnitError> {
    with_point(text, |text| {
        read(text).map_err(|wrong| match respelled(text) {
            Some(form) if read(&form).is_ok() => wrong.or_write(format!("write `{form}`")),
            _ => wrong,
        })
    })
}

fn read(text: &str) -> Result<Duration, UnitError> {
    let mut rest = text.trim();
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    let (mut total, mut last) = (0_u128, u64::MAX);
    loop {
        let (amount, unit_on) = split_unit(rest);
        let end = unit_on
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(unit_on.len());
        let unit = unit_nanos(amount, &unit_on[..end], end == unit_on.len())?;
        if unit >= last {
            let message = format!("the units of `{}` are out of order", truncate(text));
            let hint = "write the larger first, as in `1m30s`";
            return Err(UnitError::new(message).or_write(hint));
        }
        total = total.saturating_add(nanos(amount, unit)?);
        last = unit;
        rest = unit_on[end..].trim_start();
        if rest.is_empty() {
            break;
        }
    }
    match u64::try_from(total) {
        Ok(total) if total <= LONGEST => Ok(Duration::from_nanos(total)),
        _ => Err(too_long(text)),
    }
}

/// The shortest exact form, never `0.…`: `90s`, `1.5s`, `30m`, `500ms`.
pub fn write(length: Duration) -> String {
    let nanos = crate::time::nanos(length);
    if nanos == 0 {
        return "0s".to_owned();
    }
    let single = |decimals: usize| {
        let scale = 10_u128.pow(u32::try_from(decimals).unwrap_or(0));
        let large_enough = move |unit: u64| decimals == 0 || unit <= nanos;
        let units = UNITS.iter().filter(move |(_, unit)| large_enough(*unit));
        units.filter_map(move |(name, unit)| {
            let scaled = u128::from(nanos) * scale;
            let count = scaled.checked_div(u128::from(*unit))?;
            let exact = count * u128::from(*unit) == scaled;
            let count = u64::try_from(count).ok().filter(|_| exact)?;
            Some(format!("{}{name}", decimal(count, decimals)))
        })
    };
    // Of equally short forms the first wins: no point before a point, large before small units.
    (0..=9)
        .flat_map(single)
        .chain([compound(nanos)])
        .min_by_key(String::len)
        .unwrap_or_default()
}

fn compound(mut nanos: u64) -> String {
    let mut text = String::new();
    for (name, unit) in UNITS {
        let count = nanos / unit;
        nanos %= unit;
        if count > 0 {
            text += &format!("{count}{name}");
        }
    }
    text
}

fn unit_nanos(amount: &str, unit: &str, is_last: bool) -> Result<u64, UnitError> {
    if let Some((_, nanos)) = UNITS.iter().find(|(name, _)| *name == unit) {
        return Ok(*nanos);
    }
    wide_number(amount, 9).map_err(with_example)?;
    if !unit.is_empty() {
        let error = UnitError::new(format!("`{}` is no unit of time", truncate(unit)));
        return Err(error.or_write("write `d`, `h`, `m`, `s`, `ms`, `us` or `ns`"));
    }
    let error = UnitError::new("a length of time needs a unit");
    // What follows, as in `1:30`, may say that it is neither.
    let forms = is_last.then(|| ["s", "ms"].map(|unit| format!("{amount}{unit}")));
    Err(error.or_one_of(read, forms.into_iter().flatten(), "1m30s"))
}

/// `text` with its units as they are spelled here, if all of them are known elsewhere.
fn respelled(text: &str) -> Option<String> {
    let mut rest = text.trim();
    let mut form = String::new();
    while !rest.is_empty() {
        let (amount, unit_on) = split_unit(rest);
        let end = unit_on
            .find(|c: char| !c.is_alphabetic())
            .unwrap_or(unit_on.len());
        form += amount;
        form += unit_of_time(&unit_on[..end])?;
        let after = unit_on[end..].trim_start();
        rest = after.strip_prefix("and ").unwrap_or(after);
    }
    Some(form)
}

/// `amount` units of `unit` nanoseconds.
fn nanos(amount: &str, unit: u64) -> Result<u128, UnitError> {
    let amount_nano = wide_number(amount, 9).map_err(with_example)?;
    let Some(exact) = amount_nano.checked_mul(u128::from(unit)) else {
        return Err(too_long(amount));
    };
    if !exact.is_multiple_of(1_000_000_000) {
        let message = format!("`{}` is finer than a nanosecond", truncate(amount));
        return Err(UnitError::new(message));
    }
    Ok(exact / 1_000_000_000)
}

fn with_example(wrong: UnitError) -> UnitError {
    wrong.or_write("write a length of time such as `30s`")
}

fn too_long(text: &str) -> UnitError {
    let message = format!("`{}` is longer than 100 years", truncate(text));
    UnitError::new(message).or_write("write at most `36_525d`")
}

held_as!(
    /// A length of time as a key of a file has it.
    Length(std::time::Duration), "a length of time such as `30s`", schema schema::length());

const UNITS: [(&str, u64); 7] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];
const LONGEST: u64 = 36_525 * 86_400_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_are_read_exactly() {
        for (text, nanos) in [
            ("250ms", 250_000_000),
            ("30s", 30_000_000_000),
            ("30 s", 30_000_000_000),
            ("1m30s", 90_000_000_000),
            ("1.5s", 1_500_000_000),
            ("2d", 172_800_000_000_000),
            ("1_000us", 1_000_000),
            ("0.1d", 8_640_000_000_000),
            ("0", 0),
            ("0s", 0),
            ("7ns", 7),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn wrong_lengths_say_what_to_write() {
        for (text, message) in [
            ("30", "a length of time needs a unit: write `30s` or `30ms`"),
            (
                "-30s",
                "`-30` is negative: write a length of time such as `30s`",
            ),
            (
                "",
                "there is no number: write a length of time such as `30s`",
            ),
            (
                ".nan",
                "`.nan` is not a number: write a length of time such as `30s`",
            ),
            (
                "5 parsecs",
                "`parsecs` is no unit of time: write `d`, `h`, `m`, `s`, `ms`, `us` or `ns`",
            ),
            ("1 min", "`min` is no unit of time: write `1m`"),
            ("1 Minute", "`Minute` is no unit of time: write `1m`"),
            ("90secs", "`secs` is no unit of time: write `90s`"),
            ("2 hours", "`hours` is no unit of time: write `2h`"),
            (
                "500 milliseconds",
                "`milliseconds` is no unit of time: write `500ms`",
            ),
            (
                "1 hour and 30 minutes",
                "`hour` is no unit of time: write `1h30m`",
            ),
            ("1.5 hr", "`hr` is no unit of time: write `1.5h`"),
            ("20µs", "a length of time needs a unit: write `20us`"),
            ("1:30", "a length of time needs a unit: write as in `1m30s`"),
            ("1,5s", "`1,5s` has a comma in a number: write `1.5s`"),
            (
                "30s1m",
                "the units of `30s1m` are out of order: write the larger first, as in `1m30s`",
            ),
            ("0.5ns", "`0.5` is finer than a nanosecond"),
            (
                "101_000d",
                "`101_000d` is longer than 100 years: write at most `36_525d`",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), message);
        }
        assert!(
            parse("99999999999999999999s")
                .unwrap_err()
                .message()
                .contains("longer than 100 years")
        );
        assert!(
            parse(&"9".repeat(60))
                .unwrap_err()
                .message()
                .contains("too large")
        );
        assert!(parse("1m1").unwrap_err().message().contains("needs a unit"));
    }

    #[test]
    fn lengths_are_written_as_people_write_them() {
        for text in [
            "250ms", "30s", "90s", "1.5s", "30m", "1h", "2d", "90m", "0s", "7ns", "61m", "500ms",
        ] {
            assert_eq!(write(parse(text).unwrap()), text);
        }
        assert_eq!(write(Duration::from_secs(3_661)), "3661s");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(nanos in 0..=LONGEST, zeros in 0_u32..12) {
            let length = Duration::from_nanos(nanos / 10_u64.pow(zeros) * 10_u64.pow(zeros));
            prop_assert_eq!(parse(&write(length)), Ok(length));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-0-9_.a-zµ ]{0,12}|\\PC{0,9}") {
            let _ = parse(&text);
        }
    }
}

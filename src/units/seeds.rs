//! Seeds of runs: `1..5` with both ends, or `3` for 1 to 3.

use std::ops::RangeInclusive;

use super::UnitError;
use super::error::truncate;

/// Reads at most `most` seeds; `1..=5` is the same as `1..5`.
pub(crate) fn parse(text: &str, most: u64) -> Result<RangeInclusive<u64>, UnitError> {
    read(text, most).map_err(|wrong| match two_ends(text) {
        Some(form) if read(&form, most).is_ok() => wrong.or_write(format!("write `{form}`")),
        _ => wrong,
    })
}

fn read(text: &str, most: u64) -> Result<RangeInclusive<u64>, UnitError> {
    let text = text.trim();
    let (first, last) = match text.split_once("..") {
        Some((first, last)) => (seed(first)?, seed(last.strip_prefix('=').unwrap_or(last))?),
        None => (1, seed(text)?),
    };
    if last == 0 && !text.contains("..") {
        let error = UnitError::new("no seed at all");
        return Err(error.or_write("write at least `1`, or `0..0` for seed 0"));
    }
    if first > last {
        let error = UnitError::new(format!("no seed lies in `{}`", truncate(text)));
        return Err(error.or_write(format!("write `{last}..{first}`")));
    }
    if last - first >= most {
        let error = UnitError::new(format!("these are more than {most} seeds"));
        return Err(error.or_write("write a shorter range"));
    }
    Ok(first..=last)
}

/// Both ends, as [`parse`] reads them.
pub(crate) fn write(seeds: &RangeInclusive<u64>) -> String {
    format!("{}..{}", seeds.start(), seeds.end())
}

/// Both ends of a text that is two numbers with something else between them: `1-5`, `1 to 5`.
fn two_ends(text: &str) -> Option<String> {
    let is_digit = |c: char| c.is_ascii_digit();
    let (first, rest) = text
        .trim()
        .split_at_checked(text.trim().find(|c| !is_digit(c))?)?;
    let (between, last) = rest.split_at_checked(rest.find(is_digit)?)?;
    let known = ["-", "–", "to", "..", "...", "…", ":", "..="];
    known
        .contains(&between.trim())
        .then(|| format!("{first}..{last}"))
}

fn seed(text: &str) -> Result<u64, UnitError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.ok_or_else(|| {
        let error = UnitError::new(format!("`{}` is not a seed", truncate(text)));
        error.or_write("write as in `1..5` or `5`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_a_number_or_both_ends() {
        let read = |text: &str| parse(text, 10_000);
        assert_eq!(read("3"), Ok(1..=3));
        assert_eq!(read("2..5"), Ok(2..=5));
        assert_eq!(read("2..=5"), Ok(2..=5));
        assert_eq!(read("7..7"), Ok(7..=7));
        assert_eq!(read("0..0"), Ok(0..=0));
        assert_eq!(read("0..9999"), Ok(0..=9_999));
        let end = u64::MAX;
        assert_eq!(read(&format!("{end}..{end}")), Ok(end..=end));
        assert_eq!(read(&write(&(2..=5))), Ok(2..=5));
    }

    #[test]
    fn wrong_seeds_say_what_to_write() {
        for (text, part) in [
            ("", "not a seed"),
            ("x", "not a seed: write as in `1..5` or `5`"),
            ("0", "write at least `1`"),
            ("-3", "not a seed"),
            ("+3", "not a seed"),
            ("1.5", "not a seed"),
            ("1...3", "not a seed: write `1..3`"),
            ("1-5", "not a seed: write `1..5`"),
            ("1 to 5", "write `1..5`"),
            ("1 .. 5", "write `1..5`"),
            ("5-1", "not a seed: write as in `1..5` or `5`"),
            ("5..1", "write `1..5`"),
            ("1..", "not a seed"),
            ("..3", "not a seed"),
            ("10_001", "not a seed"),
            ("10001", "more than 10000"),
            ("0..18446744073709551615", "more than 10000"),
            ("99999999999999999999", "not a seed"),
        ] {
            let error = parse(text, 10_000).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}

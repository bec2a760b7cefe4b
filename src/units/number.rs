//! Decimal numbers as scaled integers, and the split of a text into number and unit.

use super::UnitError;
use super::error::truncate;

/// A decimal number such as `1_000.25`, in units of 10^-`decimals`.
pub(super) fn number(text: &str, decimals: usize) -> Result<u64, UnitError> {
    let number = wide_number(text, decimals)?;
    u64::try_from(number).map_err(|_| too_large(text))
}

/// [`number`], for what is not yet multiplied out.
pub(super) fn wide_number(text: &str, decimals: usize) -> Result<u128, UnitError> {
    if text.is_empty() {
        return Err(UnitError::new("there is no number"));
    }
    let wrong = |what: &str| UnitError::new(format!("`{}` {what}", truncate(text)));
    if text.starts_with('-') {
        return Err(wrong("is negative"));
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if !are_digits(whole) || !are_digits(fraction) {
        return Err(wrong("is not a number"));
    }
    let (whole, fraction) = (whole.replace('_', ""), fraction.replace('_', ""));
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > decimals {
        let what = format!("is too fine: at most {decimals} decimals count here");
        return Err(wrong(&what));
    }
    format!("{whole}{fraction:0<decimals$}")
        .parse()
        .map_err(|_| too_large(text))
}

/// `value` in units of 10^-`decimals`, as `number` reads it, without needless zeros.
pub(super) fn decimal(value: u64, decimals: usize) -> String {
    let width = decimals + 1;
    let digits = format!("{value:0>width$}");
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

/// The number that a quantity starts with, and its unit. What only looks like a number (`NaN`,
/// `.inf`, `1e9/s`) is its first word, so that messages can repeat it.
pub(super) fn split_unit(text: &str) -> (&str, &str) {
    let text = text.trim();
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '_' | '-' | '+');
    let end = text.find(|c| !is_number(c)).unwrap_or(text.len());
    let exponent = text[end..].strip_prefix(['e', 'E']);
    let is_strange = !text[..end].contains(|c: char| c.is_ascii_digit())
        || exponent.is_some_and(|rest| rest.starts_with(is_number));
    let end = match text.find(char::is_whitespace) {
        Some(word) if is_strange => word,
        None if is_strange => text.len(),
        _ => end,
    };
    (&text[..end], text[end..].trim_start())
}

/// What `read` makes of `text`. Where it fails and a comma stands in a number, the error says so:
/// `0,8` and `1,000` are common, and mean different things in different countries.
pub(super) fn with_point<T>(
    text: &str,
    read: fn(&str) -> Result<T, UnitError>,
) -> Result<T, UnitError> {
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let is_inside = |at: usize| {
        is_digit(text[..at].chars().next_back()) && is_digit(text[at + 1..].chars().next())
    };
    let result = read(text);
    if result.is_ok() || !text.match_indices(',').any(|(at, _)| is_inside(at)) {
        return result;
    }
    let error = UnitError::new(format!("`{}` has a comma in a number", truncate(text)));
    let pointed = text.replace(',', ".");
    if let Some(hint) = read(&pointed).err().as_ref().and_then(UnitError::hint) {
        return Err(error.or_write(hint));
    }
    let is_group = |part: &str| part.bytes().take_while(u8::is_ascii_digit).count() == 3;
    let is_grouped = text.split(',').skip(1).all(is_group);
    let grouped = is_grouped.then(|| text.replace(',', "_"));
    Err(error.or_one_of(read, grouped.into_iter().chain([pointed]), "1.5"))
}

pub(super) fn too_large(text: &str) -> UnitError {
    UnitError::new(format!("`{}` is too large", truncate(text)))
}

fn are_digits(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_or_refused() {
        assert_eq!(number("1_000.25", 3), Ok(1_000_250));
        assert_eq!(number("0.500000", 1), Ok(5));
        assert_eq!(number("18446744073709551615", 0), Ok(u64::MAX));
        for (text, part) in [
            ("", "no number"),
            (".5", "not a number"),
            ("5.", "not a number"),
            ("_5", "not a number"),
            ("1e3", "not a number"),
            ("NaN", "not a number"),
            (".inf", "not a number"),
            ("+1", "not a number"),
            ("-1", "negative"),
            ("0.0001", "too fine"),
            ("99999999999999999999", "too large"),
        ] {
            let error = number(text, 3).unwrap_err();
            assert!(error.message().contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn decimals_have_no_needless_zeros() {
        assert_eq!(decimal(1_000_250, 3), "1000.25");
        assert_eq!(decimal(5, 3), "0.005");
        assert_eq!(decimal(0, 3), "0");
        assert_eq!(decimal(120, 0), "120");
    }
}

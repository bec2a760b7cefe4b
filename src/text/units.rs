//! Quantities as people write them, as integers: `30s`, `8/s`, `60%`, `900 tok`, `2M`.
//!
//! One module per unit, each with `parse`, `write`, and what `#[serde(with = "…")]` wants
//! (`option` for what may be left out, together with `#[serde(default)]`). `parse` takes what
//! `write` gives, exactly; no float is involved, and `_` may group digits. An error says what to
//! write instead, behind `: write`. Which values make sense is left to those who use them. What an
//! editor is told of them is in `written`.

pub mod amount;
pub mod bandwidth;
pub mod duration;
pub mod rate;
#[cfg(feature = "cli")]
pub mod written;

pub use amount::{count, factor, money, share, speed, tokens};
pub use rate::PerTime;

use serde::de::{Deserializer, Error, Visitor};
use std::fmt;

/// A decimal number such as `1_000.25`, in units of 10^-`decimals`.
fn number(text: &str, decimals: usize) -> Result<u64, String> {
    let number = wide_number(text, decimals)?;
    u64::try_from(number).map_err(|_| format!("`{}` is too large", truncate(text)))
}

/// [`number`], for what is not yet multiplied out.
fn wide_number(text: &str, decimals: usize) -> Result<u128, String> {
    if text.is_empty() {
        return Err("there is no number".to_owned());
    }
    if text.starts_with('-') {
        return Err(format!("`{}` is negative", truncate(text)));
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if !are_digits(whole) || !are_digits(fraction) {
        return Err(format!("`{}` is not a number", truncate(text)));
    }
    let (whole, fraction) = (whole.replace('_', ""), fraction.replace('_', ""));
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > decimals {
        return Err(format!(
            "`{}` is too fine: at most {decimals} decimals count here",
            truncate(text)
        ));
    }
    format!("{whole}{fraction:0<decimals$}")
        .parse()
        .map_err(|_| format!("`{}` is too large", truncate(text)))
}

/// `value` in units of 10^-`decimals`, as `number` reads it, without needless zeros.
fn decimal(value: u64, decimals: usize) -> String {
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
fn split_unit(text: &str) -> (&str, &str) {
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

fn are_digits(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'_')
}

/// What was written, as messages repeat it: never longer than a line.
fn truncate(text: &str) -> String {
    let mut shown: String = text.chars().take(40).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// Reads any scalar as the text that was written, and `parse`s it.
pub(crate) struct Written<T> {
    pub(crate) wanted: &'static str,
    pub(crate) parse: fn(&str) -> Result<T, String>,
}

impl<T> Visitor<'_> for Written<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.wanted)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).map_err(E::custom)
    }
}

/// [`Written`], or nothing.
struct MaybeWritten<T>(Written<T>);

impl<'de, T> Visitor<'de> for MaybeWritten<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_none<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<Option<T>, D::Error> {
        value.deserialize_str(self.0).map(Some)
    }
}

/// What `#[serde(with = "…")]` wants, out of the module's own `parse` and `write`.
macro_rules! with_serde {
    ($type:ty, $wanted:literal) => {
        const WRITTEN: $crate::text::units::Written<$type> = $crate::text::units::Written {
            wanted: $wanted,
            parse,
        };

        /// For `#[serde(with = "…")]`.
        pub fn serialize<S: serde::Serializer>(
            value: &$type,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            serializer.serialize_str(&write(*value))
        }

        /// For `#[serde(with = "…")]`.
        pub fn deserialize<'de, D: serde::Deserializer<'de>>(
            deserializer: D,
        ) -> Result<$type, D::Error> {
            deserializer.deserialize_str(WRITTEN)
        }

        /// The same for what may be left out.
        pub mod option {
            /// For `#[serde(with = "…")]`.
            pub fn serialize<S: serde::Serializer>(
                value: &Option<$type>,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                match value {
                    Some(value) => super::serialize(value, serializer),
                    None => serializer.serialize_none(),
                }
            }

            /// For `#[serde(with = "…")]`, together with `#[serde(default)]`.
            pub fn deserialize<'de, D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Option<$type>, D::Error> {
                deserializer.deserialize_option($crate::text::units::MaybeWritten(super::WRITTEN))
            }
        }
    };
}
use with_serde;

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
            let message = number(text, 3).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn a_word_without_a_number_is_repeated() {
        for word in [
            "NaN", ".NaN", "inf", "-inf", "s", "/s", "tok", "1e9/s", "1e9",
        ] {
            let wrong = match word.starts_with('-') {
                true => format!("`{word}` is negative"),
                false => format!("`{word}` is not a number"),
            };
            for message in [
                duration::parse(word).unwrap_err(),
                rate::parse(word).unwrap_err(),
                tokens::parse(word).unwrap_err(),
                share::parse(word).unwrap_err(),
            ] {
                assert!(
                    message.starts_with(&wrong) && message.contains("write"),
                    "{message}"
                );
            }
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

//! Quantities as people write them, held as integers: `30s`, `8/s`, `60%`, `900 tok`, `3.00 USD`.
//!
//! One file per quantity. It holds the type, `parse` and `Display` (the shortest exact form, which
//! `parse` reads back exactly), serde and JSON Schema. No float is involved, and `_` may group
//! digits. Lengths of time, tokens and counts are held as plain [`std::time::Duration`] and `u64`:
//! their modules have `parse`, `write`, what `#[serde(with = "…")]` needs, and a type with the text
//! form. Each setting states its own range.

mod bandwidth;
pub mod count;
pub mod duration;
mod error;
mod factor;
mod money;
mod number;
mod rate;
#[cfg(feature = "cli")]
pub(crate) mod schema;
pub(crate) mod seeds;
mod share;
#[cfg(feature = "cli")]
pub(crate) mod size;
mod spelling;
mod text_form;
mod token_rate;
pub mod tokens;

pub use bandwidth::Bandwidth;
pub use count::Count;
pub use duration::Length;
pub use error::UnitError;
pub use factor::Factor;
pub use money::Money;
pub use rate::Rate;
pub use share::Share;
pub use token_rate::TokenRate;
pub use tokens::Tokens;

pub(crate) use error::truncate;
pub(crate) use text_form::{TextOrMap, Written, converts, text_form};

#[cfg(test)]
mod tests {
    use super::*;

    type Read = fn(&str) -> Result<(), UnitError>;

    const READERS: &[Read] = &[
        |text| Bandwidth::parse(text).map(drop),
        |text| count::parse(text).map(drop),
        |text| duration::parse(text).map(drop),
        |text| Factor::parse(text).map(drop),
        |text| Money::parse(text).map(drop),
        |text| Rate::parse(text).map(drop),
        |text| Share::parse(text).map(drop),
        |text| TokenRate::parse(text).map(drop),
        |text| tokens::parse(text).map(drop),
    ];

    #[test]
    fn a_quantity_is_read_as_any_value_of_the_standard_library_is() {
        assert_eq!("60%".parse(), Share::parse("60%"));
        assert_eq!("8/s".parse(), Rate::parse("8/s"));
        assert_eq!("60".parse::<Share>(), Share::parse("60"));
    }

    #[test]
    fn what_an_error_says_to_write_can_be_read_whatever_the_unit() {
        let amounts = [
            "8",
            "0",
            "-1",
            "+2",
            "1.5",
            ".5",
            "5.",
            "1,5",
            "1,000",
            "1_000",
            "1e9",
            "1:30",
            "1h30",
            "99999999999999999999",
            "NaN",
            "",
        ];
        let units =
            spelling::words().chain(["%", "USD", "x", "K", "M", "B/s", "tok", "tps", "?", ""]);
        let units = units.flat_map(|unit| {
            ["", " ", "/", "calls/", "tok/", "B/", " per "].map(|what| format!("{what}{unit}"))
        });
        for unit in units {
            for text in amounts.map(|amount| format!("{amount}{unit}")) {
                for read in READERS {
                    let Err(error) = read(&text) else { continue };
                    let forms = error.hint().and_then(|hint| hint.strip_prefix("write `"));
                    let forms = forms.and_then(|forms| forms.strip_suffix('`'));
                    let forms = forms.into_iter().flat_map(|forms| forms.split("` or `"));
                    for form in forms.filter(|form| form.starts_with(|c: char| c.is_ascii_digit()))
                    {
                        assert_eq!(read(form), Ok(()), "{text}: {error}");
                    }
                }
            }
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
            for error in [
                duration::parse(word).unwrap_err(),
                Rate::parse(word).unwrap_err(),
                tokens::parse(word).unwrap_err(),
                Share::parse(word).unwrap_err(),
            ] {
                assert_eq!(error.message(), wrong);
                assert!(error.hint().is_some_and(|hint| hint.contains("write")));
            }
        }
    }
}

//! Tokens, as `u64`: `900 tok`, `1.5k tok`.

use super::error::truncate;
use super::number::{number, split_unit, with_point};
#[cfg(feature = "cli")]
use super::schema;
use super::text_form::held_as;
use super::{UnitError, count};

/// Reads a number of tokens.
pub fn parse(text: &str) -> Result<u64, UnitError> {
    with_point(text, read)
}

fn read(text: &str) -> Result<u64, UnitError> {
    let (amount, unit) = split_unit(text);
    let hint = |wrong: UnitError| wrong.or_write("write as in `900 tok`");
    let scale = unit.strip_suffix("tok");
    if let Some(zeros) = scale.and_then(|scale| count::scale(scale.trim_end())) {
        return number(amount, zeros).map_err(hint);
    }
    number(amount, 9).map_err(hint)?;
    let words = ["tokens", "token", "toks", "tok"];
    let word = words.iter().find_map(|word| unit.strip_suffix(word));
    let scale = count::spelled_scale(word.unwrap_or(unit).trim_end());
    let error = match scale {
        Some(_) => UnitError::new("tokens need their unit"),
        None => UnitError::new(format!("`{}` is no unit of tokens", truncate(unit))),
    };
    let forms = scale.map(|scale| format!("{amount}{scale} tok"));
    Err(error.or_one_of(read, forms, "900 tok"))
}

/// The shortest exact form.
pub fn write(tokens: u64) -> String {
    format!("{} tok", count::write(tokens))
}

held_as!(
    /// Tokens as a key of a file has them.
    Tokens(u64), "a number of tokens such as `900 tok`",
    schema schema::text(r"N\s*[kM]?\s*tok", "900 tok"));

/// The most prompt or output tokens of a call: above any model's context, and far below any
/// overflow.
pub(crate) const MOST_TOKENS: u64 = 10_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tokens_are_read_exactly_and_written_shortly() {
        assert_eq!(parse("1.5k tok"), Ok(1_500));
        assert_eq!(parse("900tok"), Ok(900));
        assert_eq!(write(220), "220 tok");
    }

    #[test]
    fn wrong_tokens_say_what_to_write() {
        for (text, part) in [
            ("900", "tokens need their unit: write `900 tok`"),
            ("8k", "write `8k tok`"),
            ("900 tokens", "write `900 tok`"),
            ("8K tokens", "write `8k tok`"),
            ("1.5m", "write `1.5M tok`"),
            (
                "8 tok/s",
                "`tok/s` is no unit of tokens: write as in `900 tok`",
            ),
            (
                "8,000 tok",
                "a comma in a number: write `8_000 tok` or `8.000 tok`",
            ),
            ("0.0001k tok", "too fine"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value: u64, zeros in 0_u32..19) {
            let value = value / 10_u64.pow(zeros) * 10_u64.pow(zeros);
            prop_assert_eq!(parse(&write(value)), Ok(value));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-0-9_./a-zA-Z% ]{0,12}|\\PC{0,9}") {
            let _ = parse(&text);
        }
    }
}

//! Counts, as `u64`: `5_000`, `400k`, `2M`.

use super::UnitError;
use super::error::truncate;
use super::number::{decimal, number, split_unit, with_point};
#[cfg(feature = "cli")]
use super::schema;
use super::text_form::held_as;

/// Reads a count.
pub fn parse(text: &str) -> Result<u64, UnitError> {
    with_point(text, read)
}

fn read(text: &str) -> Result<u64, UnitError> {
    let (amount, unit) = split_unit(text);
    let hint = |wrong: UnitError| wrong.or_write("write as in `5_000` or `2M`");
    if let Some(zeros) = scale(unit) {
        return number(amount, zeros).map_err(hint);
    }
    number(amount, 9).map_err(hint)?;
    let error = UnitError::new(format!("a count has no unit `{}`", truncate(unit)));
    // Not for `5 rpm`: whether `5` is the same is up to the key.
    let scale = spelled_scale(unit.strip_suffix("tok").unwrap_or(unit).trim_end());
    let forms = scale.map(|name| format!("{amount}{name}"));
    Err(error.or_one_of(read, forms, "5_000` or `2M"))
}

/// The shortest exact form.
pub fn write(count: u64) -> String {
    SCALES
        .iter()
        .map(|(name, zeros)| format!("{}{name}", decimal(count, *zeros)))
        .min_by_key(String::len)
        .unwrap_or_default()
}

/// How many zeros `k` or `M` stands for.
pub(super) fn scale(unit: &str) -> Option<usize> {
    let found = SCALES.iter().find(|(name, _)| *name == unit);
    found.map(|(_, zeros)| *zeros)
}

/// The scale that `word` means: `K`, `mio` and the like are common elsewhere.
pub(super) fn spelled_scale(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    let spelled =
        |(name, words): &&(&'static str, &[&str])| *name == word || words.contains(&word.as_str());
    SPELLED.iter().find(spelled).map(|(name, _)| *name)
}

held_as!(
    /// A count as a key of a file has it.
    Count(u64), "a count such as `5_000` or `2M`",
    schema schema::number("integer", r"N\s*[kM]?", "2M"));

const SCALES: [(&str, usize); 3] = [("", 0), ("k", 3), ("M", 6)];
const SPELLED: [(&str, &[&str]); 3] = [
    ("", &[]),
    ("k", &["thousand"]),
    ("M", &["m", "mio", "mn", "million", "millions"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counts_are_read_exactly_and_written_shortly() {
        assert_eq!(parse("5_000"), Ok(5_000));
        assert_eq!(parse("2M"), Ok(2_000_000));
        assert_eq!(write(400_000), "400k");
        assert_eq!(write(1_500), "1500");
    }

    #[test]
    fn wrong_counts_say_what_to_write() {
        let example = "write as in `5_000` or `2M`";
        for (text, part, hint) in [
            ("5 rpm", "no unit `rpm`", example),
            ("1.5", "too fine", example),
            ("-1", "negative", example),
            ("50M tok", "no unit `M tok`", "write `50M`"),
            ("900 tok", "no unit `tok`", "write `900`"),
            ("5K", "no unit `K`", "write `5k`"),
            ("2 million", "no unit `million`", "write `2M`"),
            ("1,000", "`1,000` has a comma", "write `1_000` or `1.000`"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.message().contains(part), "{error}");
            assert_eq!(error.hint(), Some(hint), "{text}");
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

//! Counts, as `u64`: `5_000`, `400k`, `2M`.

use super::UnitError;
use super::number::{decimal, number, split_unit, truncate};
use super::text_form::with_serde;

/// Reads a count.
pub fn parse(text: &str) -> Result<u64, UnitError> {
    let (amount, unit) = split_unit(text);
    let hint = |wrong: UnitError| wrong.or_write("write as in `5_000` or `2M`");
    match scale(unit) {
        Some(zeros) => number(amount, zeros).map_err(hint),
        None => {
            number(amount, 9).map_err(hint)?;
            let message = format!("a count has no unit `{}`", truncate(unit));
            Err(hint(UnitError::new(message)))
        }
    }
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

with_serde!(u64, "a count such as `5_000` or `2M`");

const SCALES: [(&str, usize); 3] = [("", 0), ("k", 3), ("M", 6)];

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
        for (text, part) in [
            ("5 rpm", "no unit `rpm`"),
            ("1.5", "too fine"),
            ("-1", "negative"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.message().contains(part), "{error}");
            assert_eq!(error.hint(), Some("write as in `5_000` or `2M`"));
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

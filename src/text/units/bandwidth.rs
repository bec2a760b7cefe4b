//! Bandwidths: `200 B/s`, `1.5kB/s`, `2 MB/s`, in whole bytes per second.

use super::{decimal, number, split_unit, truncate, with_serde};

/// Reads a bandwidth.
pub fn parse(text: &str) -> Result<u64, String> {
    let (amount, unit) = split_unit(text);
    let hint = |wrong: String| format!("{wrong}: write as in `200 B/s`");
    match UNITS.iter().find(|(name, _)| *name == unit) {
        Some((_, zeros)) => number(amount, *zeros).map_err(hint),
        None => {
            number(amount, 9).map_err(hint)?;
            Err(match unit {
                "" => format!("a bandwidth needs its unit: write `{amount} B/s`"),
                unit => format!(
                    "`{}` is no unit of bandwidth: write `B/s`, `kB/s` or `MB/s`",
                    truncate(unit)
                ),
            })
        }
    }
}

/// The shortest exact form.
pub fn write(bytes: u64) -> String {
    UNITS
        .iter()
        .map(|(name, zeros)| format!("{} {name}", decimal(bytes, *zeros)))
        .min_by_key(String::len)
        .unwrap_or_default()
}

with_serde!(u64, "a bandwidth such as `200 B/s`");

const UNITS: [(&str, usize); 3] = [("B/s", 0), ("kB/s", 3), ("MB/s", 6)];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bandwidths_are_read_exactly() {
        assert_eq!(parse("200 B/s"), Ok(200));
        assert_eq!(parse("1.5kB/s"), Ok(1_500));
        assert_eq!(parse("2 MB/s"), Ok(2_000_000));
        assert_eq!(write(1_500_000), "1.5 MB/s");
    }

    #[test]
    fn wrong_bandwidths_say_what_to_write() {
        for (text, part) in [
            ("200", "needs its unit: write `200 B/s`"),
            ("200 bit/s", "`bit/s` is no unit of bandwidth: write `B/s`"),
            ("0.5 B/s", "too fine"),
            ("-1 B/s", "negative"),
            ("NaN", "not a number: write as in `200 B/s`"),
        ] {
            let message = parse(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(bytes: u64, zeros in 0_u32..19) {
            let bytes = bytes / 10_u64.pow(zeros) * 10_u64.pow(zeros);
            prop_assert_eq!(parse(&write(bytes)), Ok(bytes));
        }
    }
}

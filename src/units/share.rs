//! Shares of a whole: `60%`, `0.25%`, in parts per 10^9, from 0 to 100 %.

use std::fmt;

use super::UnitError;
use super::error::truncate;
use super::number::{decimal, number, split_unit, with_point};
#[cfg(feature = "cli")]
use super::schema;
use super::text_form::text_form;

/// A share from 0 to 100 %, in parts per 10^9.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(u64);

impl Share {
    /// 0 %.
    pub const ZERO: Self = Self(0);
    /// 100 %.
    pub const WHOLE: Self = Self(PARTS);

    /// `percent` %; 100 % when that would be more.
    pub const fn percent(percent: u64) -> Self {
        Self::from_parts(percent.saturating_mul(PARTS / 100))
    }

    /// `parts` of 10^9; 100 % when that would be more.
    pub const fn from_parts(parts: u64) -> Self {
        Self(if parts < PARTS { parts } else { PARTS })
    }

    /// The share that `part` is of `whole`, rounded down; `None` when the whole is 0.
    pub(crate) fn from_fraction(part: u64, whole: u64) -> Option<Self> {
        let parts = u128::from(part) * u128::from(PARTS);
        let parts = parts.checked_div(u128::from(whole))?;
        Some(Self::from_parts(u64::try_from(parts).unwrap_or(PARTS)))
    }

    /// In parts per 10^9.
    pub const fn as_parts(self) -> u64 {
        self.0
    }

    /// This share of `amount`, rounded down.
    pub fn of(self, amount: u64) -> u64 {
        let exact = u128::from(amount) * u128::from(self.0) / u128::from(PARTS);
        // A share is at most the whole, so the quotient is at most `amount`.
        u64::try_from(exact).unwrap_or(amount)
    }

    /// This share of another, rounded down.
    #[must_use]
    pub(crate) fn of_share(self, other: Self) -> Self {
        Self(self.of(other.0))
    }

    /// Whether `part` is a smaller share of `whole` than this one, without rounding.
    pub(crate) fn is_above(self, part: u64, whole: u64) -> bool {
        u128::from(part) * u128::from(PARTS) < u128::from(whole) * u128::from(self.0)
    }

    /// Whether `part` is a larger share of `whole` than this one, without rounding.
    pub(crate) fn is_below(self, part: u64, whole: u64) -> bool {
        u128::from(part) * u128::from(PARTS) > u128::from(whole) * u128::from(self.0)
    }

    /// What is left of the whole without this share.
    #[must_use]
    pub(crate) const fn rest(self) -> Self {
        Self(PARTS - self.0)
    }

    /// Reads a share.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        with_point(text, Self::read)
    }

    fn read(text: &str) -> Result<Self, UnitError> {
        let (amount, unit) = split_unit(text);
        let example = |wrong: UnitError| wrong.or_write("write as in `60%`");
        if unit != "%" {
            // With the decimals of parts: `0.8` is a number of them.
            let parts = number(amount, 9).map_err(example)?;
            let error = UnitError::new("a share needs a percent sign");
            return Err(error.or_one_of(Self::read, percentages(amount, unit, parts), "60%"));
        }
        match number(amount, 7).map_err(example)? {
            parts if parts <= PARTS => Ok(Self(parts)),
            _ => {
                let error = UnitError::new(format!("`{}` is more than the whole", truncate(text)));
                Err(error.or_write("write at most `100%`"))
            }
        }
    }
}

/// What `amount` without a percent sign can mean: `0.8` is 80 %, and so is `80`; `1` may be both
/// the whole and 1 %.
fn percentages(amount: &str, unit: &str, parts: u64) -> Vec<String> {
    let percent = format!("{amount}%");
    match unit {
        "" if parts == PARTS => vec![Share::WHOLE.to_string(), percent],
        "" if (1..PARTS).contains(&parts) => vec![Share(parts).to_string()],
        "" | "%%" | "percent" | "per cent" | "pct" => vec![percent],
        _ => Vec::new(),
    }
}

/// The shortest exact form.
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", decimal(self.0, 7))
    }
}

text_form!(Share, "a share such as `60%`",
    schema "Share": schema::text(r"N\s*%", "60%"));

/// 100 %, in parts.
const PARTS: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shares_are_read_exactly_and_written_shortly() {
        assert_eq!(Share::parse("60%"), Ok(Share::percent(60)));
        assert_eq!(Share::parse("0.25 %"), Ok(Share::from_parts(2_500_000)));
        assert_eq!(Share::from_parts(2_500_000).to_string(), "0.25%");
    }

    #[test]
    fn wrong_shares_say_what_to_write() {
        for (text, part) in [
            ("60", "a share needs a percent sign: write `60%`"),
            ("0.8", "a share needs a percent sign: write `80%`"),
            ("0.005", "write `0.5%`"),
            ("0.123456789", "write `12.3456789%`"),
            ("1", "write `100%` or `1%`"),
            ("1.0", "write `100%` or `1.0%`"),
            ("1.5", "write `1.5%`"),
            ("0", "write `0%`"),
            ("150", "write as in `60%`"),
            ("0.8 tok", "write as in `60%`"),
            ("4/5", "write as in `60%`"),
            ("99.5 percent", "write `99.5%`"),
            ("99,5%", "`99,5%` has a comma in a number: write `99.5%`"),
            ("0,8", "a comma in a number: write `80%`"),
            ("101%", "write at most `100%`"),
            ("0.00000001%", "too fine"),
            ("NaN%", "not a number: write as in `60%`"),
        ] {
            let error = Share::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_share_of_an_amount_is_rounded_down() {
        assert_eq!(Share::percent(50).of(7), 3);
        assert_eq!(Share::WHOLE.of(u64::MAX), u64::MAX);
        assert_eq!(Share::from_fraction(1, 0), None);
        assert_eq!(
            Share::from_fraction(1, 3),
            Some(Share::from_parts(333_333_333))
        );
        assert_eq!(Share::from_fraction(3, 2), Some(Share::WHOLE));
        assert_eq!(Share::percent(101), Share::WHOLE);
        assert_eq!(Share::percent(30).rest(), Share::percent(70));
    }

    #[test]
    fn a_share_is_compared_without_rounding() {
        let third = Share::from_parts(333_333_333);
        assert!(third.is_below(1, 3) && !third.is_above(1, 3));
        let third = Share::from_parts(333_333_334);
        assert!(third.is_above(1, 3) && !third.is_below(1, 3));
        assert!(!third.is_above(0, 0) && !third.is_below(0, 0));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value: u64, zeros in 0_u32..19) {
            let value = value / 10_u64.pow(zeros) * 10_u64.pow(zeros);
            let share = Share(value % (PARTS + 1));
            prop_assert_eq!(Share::parse(&share.to_string()), Ok(share));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-0-9_./a-zA-Z% ]{0,12}|\\PC{0,9}") {
            let _ = Share::parse(&text);
        }
    }
}

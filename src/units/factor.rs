//! Factors: `2`, `1.5`, in thousandths.

use std::fmt;
use std::time::Duration;

use super::UnitError;
use super::number::{decimal, number, split_unit, with_point};
#[cfg(feature = "cli")]
use super::schema;
use super::text_form::text_form;
use crate::time::nanos;

/// A factor, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Factor(u64);

impl Factor {
    /// The factor 1.
    pub const ONE: Self = Self(1_000);

    /// `milli` thousandths.
    pub const fn milli(milli: u64) -> Self {
        Self(milli)
    }

    /// In thousandths.
    pub const fn as_milli(self) -> u64 {
        self.0
    }

    /// `amount` times this factor, rounded down, saturating.
    pub fn times(self, amount: u64) -> u64 {
        let exact = u128::from(amount) * u128::from(self.0) / 1_000;
        u64::try_from(exact).unwrap_or(u64::MAX)
    }

    /// `length` times this factor, rounded down to a nanosecond, saturating.
    pub fn apply(self, length: Duration) -> Duration {
        Duration::from_nanos(self.times(nanos(length)))
    }

    /// Reads a factor.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        with_point(text, Self::read)
    }

    fn read(text: &str) -> Result<Self, UnitError> {
        number(text.trim(), 3).map(Self).map_err(|wrong| {
            // Not for `50%`: it may be half as much, or half as much again.
            let (amount, unit) = split_unit(text.trim_start_matches(['x', '×']));
            let is_times = matches!(unit, "" | "x" | "×" | "times") && amount != text.trim();
            let forms = is_times.then(|| amount.to_owned());
            wrong.or_one_of(Self::read, forms, "1.5")
        })
    }
}

/// The shortest exact form.
impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&decimal(self.0, 3))
    }
}

text_form!(Factor, "a factor such as `1.5`",
    schema "Factor": schema::number("number", "N", "2.5"));

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn factors_are_read_exactly() {
        assert_eq!(Factor::parse("1.5"), Ok(Factor::milli(1_500)));
        for (text, hint) in [
            ("2x", "write `2`"),
            ("×1.5", "write `1.5`"),
            ("50%", "write as in `1.5`"),
            ("-2", "write as in `1.5`"),
            ("1,5", "write `1.5`"),
        ] {
            let error = Factor::parse(text).unwrap_err();
            assert_eq!(error.hint(), Some(hint), "{text}");
        }
    }

    #[test]
    fn a_factor_is_applied_exactly() {
        let length = Duration::from_nanos(3);
        assert_eq!(Factor::milli(1_500).apply(length), Duration::from_nanos(4));
        assert_eq!(Factor::ONE.times(u64::MAX), u64::MAX);
        assert_eq!(Factor::milli(2_000).times(u64::MAX), u64::MAX);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value: u64, zeros in 0_u32..19) {
            let factor = Factor(value / 10_u64.pow(zeros) * 10_u64.pow(zeros));
            prop_assert_eq!(Factor::parse(&factor.to_string()), Ok(factor));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-0-9_./a-zA-Z% ]{0,12}|\\PC{0,9}") {
            let _ = Factor::parse(&text);
        }
    }
}

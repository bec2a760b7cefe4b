//! Token rates, which files call speeds: `130 tok/s`, in thousandths of a token per second.

use std::fmt;

use super::UnitError;
use super::number::{decimal, number, split_unit};
#[cfg(feature = "cli")]
use super::schema;
use super::text_form::text_form;

/// Tokens per second, in thousandths of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenRate(u64);

impl TokenRate {
    /// `tokens` per second, saturating.
    pub const fn per_second(tokens: u64) -> Self {
        Self(tokens.saturating_mul(1_000))
    }

    /// `milli` thousandths of a token per second.
    pub const fn milli(milli: u64) -> Self {
        Self(milli)
    }

    /// In thousandths of a token per second.
    pub const fn as_milli(self) -> u64 {
        self.0
    }

    /// Reads a token rate.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        let (amount, unit) = split_unit(text);
        let milli = number(amount, 3).map_err(|wrong| wrong.or_write("write as in `130 tok/s`"))?;
        if unit != "tok/s" {
            let error = UnitError::new("a speed needs its unit");
            return Err(error.or_write(format!("write `{amount} tok/s`")));
        }
        Ok(Self(milli))
    }
}

/// The shortest exact form.
impl fmt::Display for TokenRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} tok/s", decimal(self.0, 3))
    }
}

text_form!(TokenRate, "a speed such as `130 tok/s`",
    schema "Speed": schema::text(r"N\s*tok/s", "130 tok/s"));

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn token_rates_are_read_exactly() {
        assert_eq!(
            TokenRate::parse("130 tok/s"),
            Ok(TokenRate::per_second(130))
        );
        assert_eq!(TokenRate::milli(130_500).to_string(), "130.5 tok/s");
        let error = TokenRate::parse("130").unwrap_err();
        assert_eq!(error.hint(), Some("write `130 tok/s`"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value: u64, zeros in 0_u32..19) {
            let rate = TokenRate(value / 10_u64.pow(zeros) * 10_u64.pow(zeros));
            prop_assert_eq!(TokenRate::parse(&rate.to_string()), Ok(rate));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-0-9_./a-zA-Z% ]{0,12}|\\PC{0,9}") {
            let _ = TokenRate::parse(&text);
        }
    }
}

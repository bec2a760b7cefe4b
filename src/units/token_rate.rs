//! Token rates, which files call speeds: `130 tok/s`, in thousandths of a token per second.

use std::fmt;

use super::UnitError;
use super::count;
use super::error::truncate;
use super::number::{decimal, number, split_unit, with_point};
#[cfg(feature = "cli")]
use super::schema;
use super::spelling::unit_of_time;
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
        with_point(text, Self::read)
    }

    fn read(text: &str) -> Result<Self, UnitError> {
        let (amount, unit) = split_unit(text);
        let example = |wrong: UnitError| wrong.or_write("write as in `130 tok/s`");
        if unit == "tok/s" {
            return number(amount, 3).map(Self).map_err(example);
        }
        number(amount, 9).map_err(example)?;
        let error = match unit {
            "" => UnitError::new("a speed needs its unit"),
            unit => UnitError::new(format!("`{}` is no unit of speed", truncate(unit))),
        };
        Err(error.or_one_of(Self::read, in_seconds(amount, unit), "130 tok/s"))
    }
}

/// `amount` of another spelling of token rates, in tokens per second.
fn in_seconds(amount: &str, unit: &str) -> Option<String> {
    if matches!(unit, "" | "tps" | "t/s" | "/s") {
        return Some(format!("{amount} tok/s"));
    }
    let (tokens, time) = unit.split_once('/').or_else(|| unit.split_once(" per "))?;
    let words = ["tokens", "token", "toks", "tok"];
    let scale = words
        .iter()
        .find_map(|word| tokens.trim().strip_suffix(word))?;
    let zeros = count::scale(count::spelled_scale(scale.trim_end())?)?;
    let milli = number(amount, 3 + zeros).ok()?;
    let seconds = match unit_of_time(time.trim())? {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return None,
    };
    let rate = milli
        .is_multiple_of(seconds)
        .then(|| TokenRate(milli / seconds));
    rate.map(|rate| rate.to_string())
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
    }

    #[test]
    fn wrong_token_rates_say_what_to_write() {
        for (text, hint) in [
            ("130", "write `130 tok/s`"),
            ("130 tps", "write `130 tok/s`"),
            ("130 tokens per second", "write `130 tok/s`"),
            ("1.5k tok/s", "write `1500 tok/s`"),
            ("7_800 tok/min", "write `130 tok/s`"),
            ("1 tok/h", "write as in `130 tok/s`"),
            ("20 ms/tok", "write as in `130 tok/s`"),
            ("NaN", "write as in `130 tok/s`"),
        ] {
            let error = TokenRate::parse(text).unwrap_err();
            assert_eq!(error.hint(), Some(hint), "{error}");
        }
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

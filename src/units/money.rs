//! Money: integer nano-dollars, so that sums come out the same in any order.
//!
//! A token costs fractions of a cent; prices are kept per million tokens and multiplied out once,
//! over summed token counts. `prices` says where a price comes from.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use super::UnitError;
use super::error::truncate;
use super::number::{decimal, number, split_unit, with_point};
#[cfg(feature = "cli")]
use super::schema;
use super::text_form::text_form;

/// An amount of US dollars, in nano-dollars (10^-9 USD).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(u64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount in nano-dollars.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The amount in nano-dollars.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// What `tokens` cost at this price per million tokens, rounded half up, saturating.
    pub(crate) fn per_million(self, tokens: u64) -> Self {
        let exact = u128::from(self.0) * u128::from(tokens) + 500_000;
        // A division of 64 bits is far cheaper, and nearly always enough.
        let cost = match u64::try_from(exact) {
            Ok(exact) => exact / 1_000_000,
            Err(_) => u64::try_from(exact / 1_000_000).unwrap_or(u64::MAX),
        };
        Self(cost)
    }

    /// Reads an amount with its currency, such as `3.00 USD`.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        with_point(text, Self::read)
    }

    fn read(text: &str) -> Result<Self, UnitError> {
        let (amount, unit) = amount_and_currency(text.trim());
        let example = |wrong: UnitError| wrong.or_write(format!("write as in `{EXAMPLE}`"));
        let nanos = number(amount, 9).map_err(example)?;
        if unit == "USD" && !text.trim_start().starts_with(unit) {
            return Ok(Self(nanos));
        }
        let usd = match unit.to_lowercase().as_str() {
            "" | "$" | "usd" | "us$" | "dollar" | "dollars" => format!("{amount} USD"),
            "¢" | "ct" | "cent" | "cents" => Self(nanos / 100).to_string(),
            _ => {
                let shown = truncate(unit);
                let error = UnitError::new(format!("`{shown}` is no currency here, only USD is"));
                return Err(error.or_write(format!(
                    "convert it: write what it is worth in US dollars, as in `{EXAMPLE}`"
                )));
            }
        };
        let error = UnitError::new("money needs its currency");
        Err(error.or_one_of(Self::read, [usd], EXAMPLE))
    }

    /// The number of dollars without the currency, exactly: `0.0004`, `12`, `1.5`.
    pub fn usd(self) -> String {
        decimal(self.0, 9)
    }

    /// Reads a decimal number of dollars, such as `0.2288`: at most nine decimals.
    pub fn parse_usd(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || fraction.len() > 9 || !digits(whole) || !digits(fraction) {
            return None;
        }
        let whole: u64 = whole.parse().ok()?;
        let fraction: u64 = format!("{fraction:0<9}").parse().ok()?;
        whole
            .checked_mul(1_000_000_000)?
            .checked_add(fraction)
            .map(Self)
    }
}

/// Saturates.
impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// Saturates.
impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// Saturates at nothing.
impl Sub for Money {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// The shortest exact form: `0.0004 USD`, `12 USD`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} USD", self.usd())
    }
}

/// The two parts of an amount, whose currency may also stand first, as in `$400`.
fn amount_and_currency(text: &str) -> (&str, &str) {
    let starts = |c: char| c.is_ascii_digit() || c == '-';
    match text.find(starts) {
        Some(at) if at > 0 && text[at..].bytes().all(|b| !b.is_ascii_alphabetic()) => {
            (&text[at..], text[..at].trim_end())
        }
        _ => split_unit(text),
    }
}

text_form!(Money, "an amount such as `3.00 USD`",
    schema "Usd": schema::text(r"N\s*USD", "2.00 USD"));

const EXAMPLE: &str = "3.00 USD";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_carry_their_currency() {
        let read = |text| Money::parse(text).map(Money::as_nanos);
        assert_eq!(read("0.2288 USD"), Ok(228_800_000));
        assert_eq!(Money::from_nanos(3_000_000_000).to_string(), "3 USD");
        let error = read("3.00").unwrap_err();
        assert_eq!(error.hint(), Some("write `3.00 USD`"));
        let error = read("99999999999 USD").unwrap_err();
        assert!(error.message().contains("too large"));
    }

    #[test]
    fn wrong_amounts_say_what_to_write() {
        let only_usd = "is no currency here, only USD is: convert it: write what it is worth in \
            US dollars, as in `3.00 USD`";
        for (text, part) in [
            ("400 EUR", format!("`EUR` {only_usd}")),
            ("€400", format!("`€` {only_usd}")),
            ("$400", "needs its currency: write `400 USD`".to_owned()),
            ("400$", "write `400 USD`".to_owned()),
            ("USD 0.05", "write `0.05 USD`".to_owned()),
            ("3 usd", "write `3 USD`".to_owned()),
            ("5 cents", "write `0.05 USD`".to_owned()),
            (
                "3,50 USD",
                "has a comma in a number: write `3.50 USD`".to_owned(),
            ),
            ("-3 USD", "negative: write as in `3.00 USD`".to_owned()),
            (
                "99999999999",
                "too large: write as in `3.00 USD`".to_owned(),
            ),
        ] {
            let error = Money::parse(text).unwrap_err().to_string();
            assert!(error.contains(&part), "{text}: {error}");
        }
    }

    #[test]
    fn reads_and_prints_decimals_exactly() {
        for text in ["0", "12", "0.2288", "1.5", "0.000000001"] {
            assert_eq!(Money::parse_usd(text).unwrap().usd(), text);
        }
        for text in [
            "",
            ".",
            ".5",
            "-1",
            "1e3",
            "0.0000000001",
            "99999999999999",
            "NaN",
        ] {
            assert_eq!(Money::parse_usd(text), None, "{text}");
        }
    }

    #[test]
    fn a_token_may_cost_a_fraction_of_a_nano_dollar() {
        let price = Money::parse_usd("0.2288").unwrap();
        assert_eq!(price.per_million(1).as_nanos(), 229);
        assert_eq!(price.per_million(1_000_000), price);
        assert_eq!(
            Money::from_nanos(u64::MAX).per_million(u64::MAX).as_nanos(),
            u64::MAX
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value: u64, zeros in 0_u32..19) {
            let money = Money(value / 10_u64.pow(zeros) * 10_u64.pow(zeros));
            prop_assert_eq!(Money::parse(&money.to_string()), Ok(money));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-0-9_./a-zA-Z% ]{0,12}|\\PC{0,9}") {
            let _ = Money::parse(&text);
        }
    }
}

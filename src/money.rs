//! Money: integer nano-dollars, so that sums come out the same in any order.
//!
//! A token costs fractions of a cent; prices are kept per million tokens and multiplied out
//! once, over summed token counts. Where a price comes from is the price book's matter.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

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
    pub fn per_million(self, tokens: u64) -> Self {
        let exact = u128::from(self.0) * u128::from(tokens);
        Self(u64::try_from((exact + 500_000) / 1_000_000).unwrap_or(u64::MAX))
    }

    /// This amount shared between `parts`, rounded half up; `None` when there are none.
    pub fn shared_by(self, parts: u64) -> Option<Self> {
        let exact = u128::from(self.0) + u128::from(parts) / 2;
        exact
            .checked_div(u128::from(parts))
            .map(|share| Self(u64::try_from(share).unwrap_or(u64::MAX)))
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

/// All that is there, and nothing more: `0.0004`, `12`, `1.5`. No float is involved.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        let fraction = format!("{fraction:09}");
        write!(f, "{whole}.{}", fraction.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_decimals_exactly() {
        for text in ["0", "12", "0.2288", "1.5", "0.000000001"] {
            assert_eq!(Money::parse_usd(text).unwrap().to_string(), text);
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

    #[test]
    fn nothing_shared_by_nobody_is_undefined() {
        assert_eq!(Money::ZERO.shared_by(0), None);
        assert_eq!(
            Money::from_nanos(3).shared_by(2),
            Some(Money::from_nanos(2))
        );
    }
}

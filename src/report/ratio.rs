//! The exact value of a measure: a fraction of two integers, in the measure's unit.
//!
//! Verdicts compare fractions, so that no rounding decides one. Decimals are for display only, and
//! are computed with integers, so that they are the same on every machine. Units are in
//! [`super::unit`].

use std::cmp::Ordering;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An exact value, zero or above.
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    numerator: u128,
    /// Never zero.
    denominator: u128,
}

impl Ratio {
    /// A whole number.
    pub const fn whole(number: u64) -> Self {
        Self {
            numerator: number as u128,
            denominator: 1,
        }
    }

    /// `part` of `all`; undefined (`None`) when `all` is zero.
    pub const fn fraction(part: u128, all: u128) -> Option<Self> {
        if all == 0 {
            return None;
        }
        Some(Self {
            numerator: part,
            denominator: all,
        })
    }

    /// As [`Ratio::fraction`], of counts.
    pub const fn share(part: u64, all: u64) -> Option<Self> {
        Self::fraction(part as u128, all as u128)
    }

    /// `parts` of 10^9: how files write shares, dollars and bare numbers.
    pub(crate) const fn billionths(parts: u64) -> Self {
        Self {
            numerator: parts as u128,
            denominator: 1_000_000_000,
        }
    }

    /// Numerator and denominator.
    pub(crate) const fn parts(self) -> (u128, u128) {
        (self.numerator, self.denominator)
    }

    /// The nearest float; for statistics, never for verdicts.
    pub(crate) fn to_float(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }

    /// `value`, to nine decimals; zero when it is negative or no number.
    pub(crate) fn near(value: f64) -> Self {
        Self {
            numerator: (value * 1e9).round() as u128,
            denominator: 1_000_000_000,
        }
    }

    /// This value times `factor`.
    #[must_use]
    pub(crate) const fn times(self, factor: u64) -> Self {
        Self {
            numerator: self.numerator.saturating_mul(factor as u128),
            denominator: self.denominator,
        }
    }

    /// This value divided by `divisor`, which is not zero.
    #[must_use]
    pub(crate) const fn divided_by(self, divisor: u64) -> Self {
        Self {
            numerator: self.numerator,
            denominator: self.denominator.saturating_mul(divisor as u128),
        }
    }

    /// This value and `other` together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        let (ours, theirs, denominator) = self.beside(other);
        Self {
            numerator: ours.saturating_add(theirs),
            denominator,
        }
    }

    /// This value less `other`; zero when that is more.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        let (ours, theirs, denominator) = self.beside(other);
        Self {
            numerator: ours.saturating_sub(theirs),
            denominator,
        }
    }

    /// Both numerators over the smallest denominator that both have.
    const fn beside(self, other: Self) -> (u128, u128, u128) {
        let (mut common, mut rest) = (self.denominator, other.denominator);
        while rest > 0 {
            (common, rest) = (rest, common % rest);
        }
        let (ours, theirs) = (other.denominator / common, self.denominator / common);
        (
            self.numerator.saturating_mul(ours),
            other.numerator.saturating_mul(theirs),
            self.denominator.saturating_mul(ours),
        )
    }

    /// The nearest value that has `places` decimals, rounded half up.
    #[must_use]
    pub fn rounded(self, places: u32) -> Self {
        let scale = 10_u128.pow(places.min(MAX_PLACES));
        let (whole, rest) = (
            self.numerator / self.denominator,
            self.numerator % self.denominator,
        );
        let twice = rest.saturating_mul(scale).saturating_mul(2);
        let parts = twice.saturating_add(self.denominator) / self.denominator.saturating_mul(2);
        Self {
            numerator: whole.saturating_mul(scale).saturating_add(parts),
            denominator: scale,
        }
    }

    /// With exactly `places` decimals (at most 9), rounded half up: `66.71`.
    pub fn fixed(self, places: u32) -> String {
        let places = places.min(MAX_PLACES);
        let Self {
            numerator,
            denominator,
        } = self.rounded(places);
        let (whole, parts) = (numerator / denominator, numerator % denominator);
        if places == 0 {
            return whole.to_string();
        }
        format!("{whole}.{parts:0width$}", width = places as usize)
    }

    /// With at most `places` decimals (at most 9), without zeros at the end: `66.7`, `3`.
    pub fn decimal(self, places: u32) -> String {
        let fixed = self.fixed(places);
        match fixed.split_once('.') {
            Some(_) => fixed.trim_end_matches('0').trim_end_matches('.').to_owned(),
            None => fixed,
        }
    }
}

/// `18022` as `18,022`.
pub(crate) fn grouped(number: u64) -> String {
    grouped_wide(number.into())
}

/// As [`grouped`], for what is larger.
pub(crate) fn grouped_wide(number: u128) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// By Euclid's algorithm, so that no product can overflow.
impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut a, mut b) = (self.numerator, self.denominator);
        let (mut c, mut d) = (other.numerator, other.denominator);
        loop {
            let by_whole = (a / b).cmp(&(c / d));
            if by_whole != Ordering::Equal {
                return by_whole;
            }
            let (left, right) = (a % b, c % d);
            if left == 0 || right == 0 {
                return left.cmp(&right);
            }
            // left/b compared with right/d is d/right compared with b/left.
            (a, b, c, d) = (d, right, b, left);
        }
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By value: a half equals two quarters.
impl PartialEq for Ratio {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ratio {}

/// As `[numerator, denominator]`, exactly.
impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.parts().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (part, all) = Deserialize::deserialize(deserializer)?;
        Self::fraction(part, all).ok_or_else(|| D::Error::custom("a denominator is zero"))
    }
}

/// The maximum of decimals: money is in nano-dollars.
const MAX_PLACES: u32 = 9;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_out_of_nothing_is_undefined() {
        assert_eq!(Ratio::share(0, 0), None);
        assert_eq!(Ratio::share(0, 3), Some(Ratio::whole(0)));
    }

    #[test]
    fn decimals_round_half_up_and_carry() {
        let half = Ratio::share(1, 2).unwrap();
        assert_eq!(half.fixed(0), "1");
        assert_eq!(Ratio::share(2, 3).unwrap().decimal(9), "0.666666667");
        assert_eq!(Ratio::share(1_999_999, 2_000_000).unwrap().fixed(2), "1.00");
        assert_eq!(Ratio::share(6, 4).unwrap().decimal(9), "1.5");
        assert_eq!(Ratio::whole(1_000).decimal(3), "1000");
        assert_eq!(Ratio::whole(1_000).decimal(0), "1000");
    }

    #[test]
    fn sums_and_differences_are_exact() {
        let (third, quarter) = (Ratio::share(1, 3).unwrap(), Ratio::share(1, 4).unwrap());
        assert_eq!(third.plus(quarter), Ratio::share(7, 12).unwrap());
        assert_eq!(third.minus(quarter), Ratio::share(1, 12).unwrap());
        assert_eq!(quarter.minus(third), Ratio::whole(0));
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(18_022), "18,022");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn values_near_the_end_of_the_integers_still_compare() {
        let huge = Ratio::fraction(u128::MAX, u128::MAX - 1).unwrap();
        assert!(huge > Ratio::whole(1));
        assert!(Ratio::fraction(u128::MAX - 1, u128::MAX).unwrap() < Ratio::whole(1));
    }

    proptest! {
        #[test]
        fn values_compare_as_their_cross_products_do(
            a in 0_u64.., b in 1_u64.., c in 0_u64.., d in 1_u64..,
        ) {
            let cross = (u128::from(a) * u128::from(d)).cmp(&(u128::from(c) * u128::from(b)));
            prop_assert_eq!(
                Ratio::share(a, b).unwrap().cmp(&Ratio::share(c, d).unwrap()),
                cross
            );
        }
    }
}

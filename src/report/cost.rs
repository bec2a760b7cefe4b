//! What tokens cost: prices times summed token counts, so that rounding happens once.
//!
//! [`super::ledger`] says what became of them; prices come with the subject.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::merge::Merge;
use super::run_stats::Scope;
use crate::prices::Price;
use crate::trace::Bill;
use crate::units::Money;

/// Billed tokens, in thousandths: a token at one and a half times the usual price is 1,500.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Tokens {
    /// Prompt tokens.
    pub input: u64,
    /// Prompt tokens at the price of the cache.
    pub cached: u64,
    /// Output tokens.
    pub output: u64,
}

impl Tokens {
    /// The tokens of `bill`.
    pub fn of(bill: Bill) -> Self {
        let weighed = |tokens: u64| tokens.saturating_mul(bill.price_milli);
        Self {
            input: weighed(bill.input),
            cached: weighed(bill.cached),
            output: weighed(bill.output),
        }
    }

    /// Their cost at `price`.
    pub(crate) fn cost(self, price: &Price) -> Money {
        let prompt = priced(price.input, self.input) + priced(price.cached, self.cached);
        prompt + priced(price.output, self.output)
    }

    /// Whether there are none.
    pub(super) fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// The cost of `thousandths` of a token at a price per million, rounded half up, saturating.
pub(super) fn priced(price: Money, thousandths: u64) -> Money {
    let exact = u128::from(price.as_nanos()) * u128::from(thousandths);
    Money::from_nanos(u64::try_from((exact + 500_000_000) / 1_000_000_000).unwrap_or(u64::MAX))
}

/// Saturates: token counts come from files and from unknown callers.
impl AddAssign for Tokens {
    fn add_assign(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.cached = self.cached.saturating_add(other.cached);
        self.output = self.output.saturating_add(other.output);
    }
}

impl Merge for Tokens {
    fn merge(&mut self, other: &Self) {
        *self += *other;
    }
}

/// The cost of all that was billed, at the fleet's `prices`.
pub(crate) fn billed(scope: &Scope, prices: &[Price]) -> Money {
    let tallies = scope.providers.iter().zip(prices);
    sum(tallies.map(|(tally, price)| tally.ledger.billed().cost(price)))
}

/// The cost of what was billed and not delivered, at the fleet's `prices`.
pub(crate) fn wasted(scope: &Scope, prices: &[Price]) -> Money {
    let tallies = scope.providers.iter().zip(prices);
    sum(tallies.map(|(tally, price)| tally.ledger.wasted().cost(price)))
}

/// The cost of health checks, at the fleet's `prices`.
pub(crate) fn checked(scope: &Scope, prices: &[Price]) -> Money {
    let tallies = scope.providers.iter().zip(prices);
    sum(tallies.map(|(tally, price)| tally.ledger.checks.cost(price)))
}

fn sum(amounts: impl Iterator<Item = Money>) -> Money {
    amounts.fold(Money::ZERO, |sum, amount| sum + amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(input: &str, output: &str) -> Price {
        Price {
            input: Money::parse_usd(input).unwrap(),
            output: Money::parse_usd(output).unwrap(),
            cached: Money::parse_usd(input).unwrap(),
            source: "a test".to_owned(),
        }
    }

    #[test]
    fn each_provider_bills_at_its_own_price() {
        let mut scope = Scope::new(2, 0);
        scope.providers[0].ledger.delivered = Tokens::of(Bill::of(1_000_000, 500_000));
        scope.providers[1].ledger.failed = Tokens::of(Bill::of(1, 0));
        let prices = [price("2", "8"), price("0.5", "1")];
        assert_eq!(billed(&scope, &prices).usd(), "6.0000005");
        assert_eq!(wasted(&scope, &prices).usd(), "0.0000005");
    }

    #[test]
    fn a_bill_may_be_at_another_price_than_usual() {
        let dear = Bill {
            price_milli: 1_500,
            ..Bill::of(1_000_000, 1_000_000)
        };
        let price = price("2", "8");
        assert_eq!(Tokens::of(dear).cost(&price).usd(), "15");
        // Halves of tokens are kept until all of them are summed up.
        let mut tokens = Tokens::default();
        for _ in 0..2 {
            tokens += Tokens::of(Bill {
                price_milli: 500,
                ..Bill::of(1, 0)
            });
        }
        assert_eq!(tokens, Tokens::of(Bill::of(1, 0)));
    }

    #[test]
    fn what_comes_from_the_cache_has_its_own_price() {
        let price = Price {
            cached: Money::parse_usd("0.5").unwrap(),
            ..price("2", "8")
        };
        let bill = Bill {
            cached: 1_000_000,
            ..Bill::of(1_000_000, 1_000_000)
        };
        assert_eq!(Tokens::of(bill).cost(&price).usd(), "10.5");
        let dear = Bill {
            price_milli: 3_000,
            ..bill
        };
        assert_eq!(Tokens::of(dear).cost(&price).usd(), "31.5");
    }

    #[test]
    fn absurd_token_counts_saturate() {
        let mut tokens = Tokens::of(Bill::of(u64::MAX, 0));
        tokens += tokens;
        assert_eq!(tokens.cost(&price("10", "0")).as_nanos(), u64::MAX);
    }
}

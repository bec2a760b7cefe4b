//! What tokens cost: prices times summed token counts, so that rounding happens once.
//!
//! Which tokens were wasted is [`super::fold`]'s judgement; prices come with the scenario.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::state::Scope;
use crate::money::Money;
use crate::prices::Price;

/// Tokens of prompts and of answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// Prompt tokens.
    pub input: u64,
    /// Output tokens.
    pub output: u64,
}

impl Tokens {
    /// What they cost at `price`.
    pub fn cost(self, price: &Price) -> Money {
        price.input.per_million(self.input) + price.output.per_million(self.output)
    }
}

/// Saturates: token counts come from files and from strangers.
impl AddAssign for Tokens {
    fn add_assign(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.output = self.output.saturating_add(other.output);
    }
}

/// All that was billed, at the fleet's `prices`.
pub fn billed(scope: &Scope, prices: &[Price]) -> Money {
    let tallies = scope.providers.iter().zip(prices);
    sum(tallies.map(|(tally, price)| tally.billed.cost(price)))
}

/// What was billed and not delivered, at the fleet's `prices`.
pub fn wasted(scope: &Scope, prices: &[Price]) -> Money {
    let tallies = scope.providers.iter().zip(prices);
    sum(tallies.map(|(tally, price)| tally.wasted.cost(price)))
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
        let mut scope = Scope::new(2);
        scope.providers[0].billed = Tokens {
            input: 1_000_000,
            output: 500_000,
        };
        scope.providers[1].billed.input = 1;
        scope.providers[1].wasted.input = 1;
        let prices = [price("2", "8"), price("0.5", "1")];
        assert_eq!(billed(&scope, &prices).to_string(), "6.0000005");
        assert_eq!(wasted(&scope, &prices).to_string(), "0.0000005");
    }

    #[test]
    fn absurd_token_counts_saturate() {
        let mut tokens = Tokens {
            input: u64::MAX,
            output: 0,
        };
        tokens += tokens;
        assert_eq!(tokens.cost(&price("10", "0")).as_nanos(), u64::MAX);
    }
}

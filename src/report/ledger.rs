//! Where the money went: billed tokens by what became of the answer that they paid for.
//!
//! An attempt has one fate, decided when its call has ended. In money, a ledger is a table of fates
//! and kinds of tokens whose cells add up exactly to the cost: `cost` rounds once per provider and
//! kind, so the cells here are differences of rounded running sums.

use serde::{Deserialize, Serialize};

use super::cost::{Tokens, priced};
use super::merge::merges;
use crate::prices::Price;
use crate::units::Money;

/// What became of an answer that was billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// The caller got it.
    Delivered,
    /// The attempt failed, whether or not another followed.
    Failed,
    /// The attempt was cancelled: by a timeout, by the deadline, or since the caller left.
    Abandoned,
    /// A hedge that did not answer, or an attempt that a hedge overtook.
    Hedged,
    /// Billed after the call had ended, or for an attempt that the client does not know.
    Late,
    /// A health check.
    Checks,
}

impl Fate {
    /// All fates, in the order of documents.
    pub const ALL: [Self; 6] = [
        Self::Delivered,
        Self::Failed,
        Self::Abandoned,
        Self::Hedged,
        Self::Late,
        Self::Checks,
    ];

    /// The name in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
            Self::Hedged => "hedged",
            Self::Late => "late",
            Self::Checks => "checks",
        }
    }
}

/// The tokens that one provider billed, by fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Ledger {
    /// Of answers that callers got.
    pub delivered: Tokens,
    /// Of attempts that failed.
    #[serde(skip_serializing_if = "Tokens::is_none")]
    pub failed: Tokens,
    /// Of attempts that were cancelled.
    #[serde(skip_serializing_if = "Tokens::is_none")]
    pub abandoned: Tokens,
    /// Of hedges that did not answer, and of attempts that a hedge overtook.
    #[serde(skip_serializing_if = "Tokens::is_none")]
    pub hedged: Tokens,
    /// Billed after the call had ended.
    #[serde(skip_serializing_if = "Tokens::is_none")]
    pub late: Tokens,
    /// Of health checks.
    #[serde(skip_serializing_if = "Tokens::is_none")]
    pub checks: Tokens,
}

impl Ledger {
    /// The tokens of one fate.
    pub const fn of(&self, fate: Fate) -> Tokens {
        match fate {
            Fate::Delivered => self.delivered,
            Fate::Failed => self.failed,
            Fate::Abandoned => self.abandoned,
            Fate::Hedged => self.hedged,
            Fate::Late => self.late,
            Fate::Checks => self.checks,
        }
    }

    /// Adds tokens of one fate.
    pub fn add(&mut self, fate: Fate, tokens: Tokens) {
        *match fate {
            Fate::Delivered => &mut self.delivered,
            Fate::Failed => &mut self.failed,
            Fate::Abandoned => &mut self.abandoned,
            Fate::Hedged => &mut self.hedged,
            Fate::Late => &mut self.late,
            Fate::Checks => &mut self.checks,
        } += tokens;
    }

    /// All that was billed.
    pub fn billed(&self) -> Tokens {
        self.sum(&Fate::ALL)
    }

    /// Billed and not delivered.
    pub fn wasted(&self) -> Tokens {
        let [_delivered, wasted @ ..] = Fate::ALL;
        self.sum(&wasted)
    }

    fn sum(&self, fates: &[Fate]) -> Tokens {
        let mut sum = Tokens::default();
        for fate in fates {
            sum += self.of(*fate);
        }
        sum
    }

    /// The cost at `price`, by fate and kind. All cells add up to the cost of [`Self::billed`], and
    /// those that were not delivered to the cost of [`Self::wasted`].
    pub fn spent(&self, price: &Price) -> Vec<(Fate, Spent)> {
        let mut rows = Vec::new();
        let (mut tokens, mut before) = (Tokens::default(), Spent::default());
        // From the end: what was delivered is the rest, so that all others add up on their own.
        for fate in Fate::ALL.into_iter().rev() {
            tokens += self.of(fate);
            let up_to = Spent::of(tokens, price);
            rows.push((fate, up_to.less(before)));
            before = up_to;
        }
        rows.reverse();
        rows
    }
}

merges!(Ledger {
    delivered: sum,
    failed: sum,
    abandoned: sum,
    hedged: sum,
    late: sum,
    checks: sum,
});

/// An amount by what it was paid for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spent {
    /// For prompt tokens at full price.
    pub prompt: Money,
    /// For prompt tokens at the price of the cache.
    pub cached: Money,
    /// For output tokens.
    pub output: Money,
}

impl Spent {
    fn of(tokens: Tokens, price: &Price) -> Self {
        Self {
            prompt: priced(price.input, tokens.input),
            cached: priced(price.cached, tokens.cached),
            output: priced(price.output, tokens.output),
        }
    }

    fn less(self, other: Self) -> Self {
        Self {
            prompt: self.prompt - other.prompt,
            cached: self.cached - other.cached,
            output: self.output - other.output,
        }
    }

    /// The whole amount.
    pub fn total(self) -> Money {
        self.prompt + self.cached + self.output
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            prompt: self.prompt + other.prompt,
            cached: self.cached + other.cached,
            output: self.output + other.output,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn amounts() -> impl Strategy<Value = Tokens> {
        // Thousandths of tokens: few, so that rounding matters, and many.
        let count = || prop_oneof![0_u64..5_000, 0_u64..2_000_000_000_000];
        (count(), count(), count()).prop_map(|(input, cached, output)| Tokens {
            input,
            cached,
            output,
        })
    }

    prop_compose! {
        fn ledgers()(tokens in proptest::array::uniform6(amounts())) -> Ledger {
            let mut ledger = Ledger::default();
            for (fate, tokens) in Fate::ALL.into_iter().zip(tokens) {
                ledger.add(fate, tokens);
            }
            ledger
        }
    }

    proptest! {
        #[test]
        fn the_cells_of_a_ledger_add_up_exactly_to_the_cost(
            ledger in ledgers(),
            prices in proptest::array::uniform3(0_u64..100_000_000_000),
        ) {
            let [input, cached, output] = prices.map(Money::from_nanos);
            let price = Price { input, cached, output, source: String::new() };
            let rows = ledger.spent(&price);
            let sum = |rows: &[(Fate, Spent)]| {
                let sums = rows.iter().map(|(_, spent)| spent.total());
                sums.fold(Money::ZERO, |sum, amount| sum + amount)
            };
            prop_assert_eq!(sum(&rows), ledger.billed().cost(&price));
            prop_assert_eq!(sum(&rows[1..]), ledger.wasted().cost(&price));
            prop_assert_eq!(sum(&rows[5..]), ledger.checks.cost(&price));
            for (fate, spent) in rows {
                let alone = ledger.of(fate).cost(&price).as_nanos();
                prop_assert!(spent.total().as_nanos().abs_diff(alone) <= 3, "{:?}", fate);
            }
        }
    }
}

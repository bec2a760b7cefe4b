//! What a report says about money: counts, ledgers and prices, policy by policy.

use super::assumptions::Listed;
use crate::prices::{Book, NoPrice, Price};
use crate::report::measures::{self, View};
use crate::report::{Ledger, Ratio, Report};

/// What was observed in all runs of one scenario.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    pub(super) scenario: String,
    pub(super) seeds: String,
    pub(super) providers: Vec<Provider>,
    pub(super) policies: Vec<Measured>,
}

/// A provider.
#[derive(Clone, Debug)]
pub(super) struct Provider {
    pub(super) name: String,
    pub(super) model: String,
    pub(super) price: Price,
}

/// What came of one policy, over all runs.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    pub(super) name: String,
    pub(super) calls: u64,
    pub(super) succeeded: u64,
    /// The share of time that was down.
    pub(super) down: Ratio,
    /// By provider.
    pub(super) ledgers: Vec<Ledger>,
}

impl Observed {
    /// What `report` says.
    pub(crate) fn of(report: &Report) -> Self {
        let subject = report.subject();
        let prices = subject.prices();
        let providers = subject.providers.iter().map(|one| Provider {
            name: one.name.clone(),
            model: one.model.clone(),
            price: one.price.clone(),
        });
        let policies = report.policies().map(|(name, state)| {
            let up = measures::UPTIME.of(&View::all(state, &prices));
            let up = up.unwrap_or(Ratio::whole(1));
            let tallies = state.run.providers.iter();
            Measured {
                name: name.to_owned(),
                calls: state.run.calls,
                succeeded: state.run.succeeded,
                down: Ratio::whole(1).minus(up),
                ledgers: tallies.map(|tally| tally.ledger).collect(),
            }
        });
        Self {
            scenario: subject.name.clone(),
            seeds: report.seeds().to_owned(),
            providers: providers.collect(),
            policies: policies.collect(),
        }
    }
}

impl Observed {
    /// Takes the prices of `book`.
    pub(crate) fn reprice(&mut self, book: &Book) -> Result<(), NoPrice> {
        for provider in &mut self.providers {
            provider.price = book.price_of(&provider.model)?;
        }
        Ok(())
    }
}

impl Provider {
    pub(super) fn listed(&self) -> Listed {
        let Price {
            input,
            cached,
            output,
            source,
        } = &self.price;
        let (input, cached, output) = (input.usd(), cached.usd(), output.usd());
        Listed {
            name: format!("{}, {}, per Mtok", self.name, self.model),
            value: format!("{input} in, {cached} cached, {output} out (USD)"),
            source: source.clone(),
        }
    }
}

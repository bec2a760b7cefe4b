//! Counts per provider: requests, answers by status, bills, and the faults that fired.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::policy::ProviderId;
use crate::prices::Price;
use crate::provider::why_never_served;
use crate::report::cost::Tokens;
use crate::report::silent_fault;
use crate::scenario::Scenario;
use crate::scenario::fault::{Fault, FaultKind};
use crate::trace::{Bill, FaultId};
use crate::units::Money;

/// The counts of all providers. Displayed as lines of text, serialized as a document.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Tally {
    /// In the scenario's order.
    pub providers: Vec<ProviderTally>,
    /// How often each fault fired, in the scenario's order.
    #[serde(serialize_with = "as_map")]
    pub fired: Vec<(String, u64)>,
    /// Why each fault can never strike here, in the same order; none once one was switched.
    #[serde(skip)]
    why_never: Vec<Option<String>>,
}

/// The counts of one provider.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ProviderTally {
    /// Its name.
    pub name: String,
    /// The number of requests.
    pub requests: u64,
    /// Answers by status; none stands for no answer.
    #[serde(serialize_with = "by_status")]
    pub answers: BTreeMap<Option<u16>, u64>,
    /// Connections that a fault refused. In an outage the operating system refuses them, uncounted.
    pub refused: u64,
    /// Billed prompt tokens, including cached ones.
    pub input: u64,
    /// Billed cached tokens.
    pub cached: u64,
    /// Billed output tokens.
    pub output: u64,
    /// The cost, in US dollars.
    #[serde(serialize_with = "as_text")]
    pub cost: Money,
    #[serde(skip)]
    price: Price,
    #[serde(skip)]
    billed: Tokens,
}

impl Tally {
    /// Empty counts for the providers and faults of `scenario`.
    pub(super) fn new(scenario: &Scenario) -> Self {
        let providers = scenario.providers.iter();
        let seen =
            providers.map(|provider| ProviderTally::new(&provider.name, provider.price.clone()));
        let fired = scenario.faults.iter().map(|fault| (fault.name.clone(), 0));
        Self {
            providers: seen.collect(),
            fired: fired.collect(),
            why_never: why_never(scenario),
        }
    }

    /// A fault was switched by hand: what the schedule rules out may happen.
    pub(super) fn switched(&mut self) {
        self.why_never.clear();
    }

    pub(super) fn answered(&mut self, id: ProviderId, status: Option<u16>) {
        let seen = &mut self.providers[id.index()];
        seen.requests += 1;
        *seen.answers.entry(status).or_default() += 1;
    }

    pub(super) fn refused(&mut self, id: ProviderId) {
        self.providers[id.index()].refused += 1;
    }

    pub(super) fn billed(&mut self, id: ProviderId, bill: Bill) {
        self.providers[id.index()].add(bill);
    }

    pub(super) fn fired(&mut self, fault: FaultId) {
        self.fired[fault.index()].1 += 1;
    }
}

impl ProviderTally {
    /// Empty counts of a provider.
    fn new(name: &str, price: Price) -> Self {
        Self {
            name: name.to_owned(),
            requests: 0,
            answers: BTreeMap::new(),
            refused: 0,
            input: 0,
            cached: 0,
            output: 0,
            cost: Money::ZERO,
            price,
            billed: Tokens::default(),
        }
    }

    fn add(&mut self, bill: Bill) {
        let prompt = bill.input.saturating_add(bill.cached);
        self.input = self.input.saturating_add(prompt);
        self.cached = self.cached.saturating_add(bill.cached);
        self.output = self.output.saturating_add(bill.output);
        self.billed += Tokens::of(bill);
        self.cost = self.billed.cost(&self.price);
    }
}

/// A line for each provider and each fault that fired.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for seen in &self.providers {
            let plural = if seen.requests == 1 { "" } else { "s" };
            write!(f, "{}: {} request{plural}", seen.name, seen.requests)?;
            for (status, count) in &seen.answers {
                write!(f, ", {} x {count}", written(*status))?;
            }
            if seen.refused > 0 {
                write!(f, ", {} refused", seen.refused)?;
            }
            let ProviderTally { input, output, .. } = seen;
            writeln!(f, ", {input} tok in, {output} tok out, {}", seen.cost)?;
        }
        for (place, (fault, count)) in self.fired.iter().enumerate() {
            let why = self.why_never.get(place).and_then(Option::as_deref);
            match count {
                0 => writeln!(f, "{}", silent_fault(fault, why))?,
                count => writeln!(f, "fault {fault} fired {count} x")?,
            }
        }
        Ok(())
    }
}

/// Why each fault of the scenario can never strike here, if it cannot.
fn why_never(scenario: &Scenario) -> Vec<Option<String>> {
    let whys = why_never_served(scenario).into_iter();
    let faults = whys.zip(&scenario.faults);
    let whys = faults.map(|(why, fault)| unserved(fault).map(str::to_owned).or(why));
    whys.collect()
}

/// Why real sockets cannot do what the fault does, if they cannot.
pub(super) fn unserved(fault: &Fault) -> Option<&'static str> {
    match fault.inject {
        FaultKind::Dns => Some("the server does not resolve names"),
        FaultKind::ClientPause => Some("client processes are outside of the server"),
        FaultKind::CacheMiss => Some(NO_PREFIX),
        _ => (!fault.when.holds_for(0)).then_some("all callers are client 0"),
    }
}

/// Why no cache is ever used.
pub(super) const NO_PREFIX: &str = "requests do not say which prompt they share";

/// The status as text.
fn written(status: Option<u16>) -> String {
    status.map_or_else(|| "none".to_owned(), |status| status.to_string())
}

fn by_status<S: Serializer>(
    answers: &BTreeMap<Option<u16>, u64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(
        answers
            .iter()
            .map(|(status, count)| (written(*status), count)),
    )
}

fn as_map<S: Serializer>(pairs: &[(String, u64)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(pairs.len()))?;
    for (name, count) in pairs {
        map.serialize_entry(name, count)?;
    }
    map.end()
}

fn as_text<S: Serializer>(money: &Money, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&money.usd())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_is_told_in_lines_and_in_a_document() {
        let price = Price {
            input: Money::parse_usd("2").expect("money"),
            output: Money::parse_usd("8").expect("money"),
            cached: Money::parse_usd("1").expect("money"),
            source: "a test".to_owned(),
        };
        let mut tally = Tally {
            providers: vec![ProviderTally::new("main", price)],
            fired: vec![("storm".to_owned(), 0), ("cut".to_owned(), 0)],
            why_never: vec![None, Some("it changes nothing".to_owned())],
        };
        let main = ProviderId(0);
        for status in [Some(200), Some(429), Some(200), None] {
            tally.answered(main, status);
        }
        tally.billed(main, Bill::of(500_000, 250_000));
        tally.billed(
            main,
            Bill {
                price_milli: 500,
                ..Bill::of(0, 500_000)
            },
        );
        tally.fired(FaultId(0));
        assert_eq!(
            tally.to_string(),
            "main: 4 requests, none x 1, 200 x 2, 429 x 1, 500000 tok in, 750000 tok out, 5 USD\n\
             fault storm fired 1 x\nfault cut never fired: it changes nothing\n"
        );
        tally.switched();
        assert!(tally.to_string().ends_with("fault cut never fired\n"));
        let document = serde_json::to_value(&tally).expect("it is JSON");
        assert_eq!(document["providers"][0]["answers"]["429"], 1);
        assert_eq!(document["providers"][0]["cost"], "5");
        assert_eq!(document["fired"]["storm"], 1);
    }
}

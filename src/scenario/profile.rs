//! Reads the network and the providers: who answers, how fast, at what price.
//!
//! A price is the provider's own, else the book's; there is no third. Faults, which name providers,
//! are left to `inject`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::understand::{bounded, check_name, spread};
use super::{Limits, Network, Provider, file};
use crate::money::Money;
use crate::prices::{self, Price};
use crate::text::units::{count, duration, money, speed};
use crate::text::{Document, Problem};

/// The network, with its default.
pub(super) fn network(document: &Document, file: &file::Network) -> Result<Network, Problem> {
    let one_way = one_way(document, &["network", "one_way"], file.one_way)?;
    Ok(Network { one_way })
}

/// The fleet, in the file's order.
pub(super) fn providers(
    document: &Document,
    mut files: BTreeMap<String, file::Provider>,
    network: &Network,
) -> Result<Vec<Provider>, Problem> {
    let names = document.keys(&["providers"]);
    if names.is_empty() {
        return Err(document
            .problem(&["providers"], "a scenario needs at least one provider")
            .hint("write as in `providers: { openai: { dialect: openai, model: gpt-4.1, … } }`"));
    }
    if names.len() > MOST_PROVIDERS {
        let message = format!("more than {MOST_PROVIDERS} providers");
        return Err(document.problem_at_key(&["providers"], message));
    }
    let mut providers = Vec::new();
    for name in names {
        check_name(document, &["providers", &name], "provider")?;
        if let Some(file) = files.remove(&name) {
            providers.push(provider(document, name, file, network)?);
        }
    }
    Ok(providers)
}

fn provider(
    document: &Document,
    name: String,
    file: file::Provider,
    network: &Network,
) -> Result<Provider, Problem> {
    let at = |key| ["providers", &name, key];
    let shortest = Duration::from_millis(1);
    let hour = Duration::from_secs(3_600);
    let ttft = spread(
        document,
        &at("ttft"),
        file.ttft.0,
        shortest..=hour,
        duration::write,
    )?;
    let speed = bounded(document, &at("speed"), file.speed, SPEEDS, speed::write)?;
    if let Some(rpm) = file.limits.rpm {
        let path = ["providers", &name, "limits", "rpm"];
        bounded(document, &path, rpm, 1..=1_000_000_000, count::write)?;
    }
    let price = price(document, &name, &file)?;
    let own = file.one_way.or(Some(network.one_way));
    let one_way = one_way(document, &at("one_way"), own)?;
    Ok(Provider {
        dialect: file.dialect,
        model: file.model,
        ttft,
        speed_milli: speed,
        limits: Limits {
            rpm: file.limits.rpm,
        },
        one_way,
        price,
        name,
    })
}

/// The provider's own price, else the book's.
fn price(document: &Document, name: &str, file: &file::Provider) -> Result<Price, Problem> {
    let model = ["providers", name, "model"];
    let fits = |c: char| c.is_ascii_graphic();
    if !(1..=100).contains(&file.model.len()) || !file.model.chars().all(fits) {
        return Err(document
            .problem(&model, "this cannot name a model")
            .hint("write 1 to 100 letters, digits and signs, without blanks"));
    }
    if let Some(own) = &file.price {
        let most = Money::from_nanos(1_000_000_000_000_000);
        for (key, amount) in [("input", own.input), ("output", own.output)] {
            let path = ["providers", name, "price", key];
            bounded(document, &path, amount, Money::ZERO..=most, money::write)?;
        }
        return Ok(Price {
            input: own.input,
            output: own.output,
            source: "this scenario".to_owned(),
        });
    }
    prices::price_of(&file.model).ok_or_else(|| {
        let message = format!(
            "the price book has no model `{}`, and no `price` is given",
            file.model
        );
        let problem = document.problem(&model, message);
        problem.did_you_mean(&file.model, prices::models())
    })
}

fn one_way(
    document: &Document,
    path: &[&str],
    written: Option<Duration>,
) -> Result<Duration, Problem> {
    let one_way = written.unwrap_or(Duration::from_millis(1));
    let range = Duration::ZERO..=Duration::from_secs(60);
    bounded(document, path, one_way, range, duration::write)
}

const MOST_PROVIDERS: usize = 64;

/// From a token in 10 s to a million in a second.
const SPEEDS: RangeInclusive<u64> = 100..=1_000_000_000;

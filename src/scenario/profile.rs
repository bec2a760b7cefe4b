//! Reads the network and the providers: who answers, how fast, at what price.
//!
//! A price is the provider's own, else the book's; there is no third. Limits, capacity and cache
//! are left to `physics`, faults, which name providers, to `inject`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::check::{bounded, check_name};
use super::workload::MOST_TOKENS;
use super::{Quantiles, file, physics, profiles};
use serde::{Deserialize, Serialize};

use crate::prices::{self, Price};
use crate::text::units::{duration, money, tokens};
use crate::text::{Diagnostic, Document};
use crate::units::{Money, TokenRate};
use crate::wire::Dialect;

/// The network between clients and providers.
#[derive(Clone, Debug)]
pub struct Network {
    /// One-way latency; 1 ms by default, a provider may have its own.
    pub one_way: Duration,
}

/// A provider: something that answers, with a model and a price.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its name in this scenario.
    pub name: String,
    /// How it speaks.
    pub dialect: Dialect,
    /// The model that answers.
    pub model: String,
    /// Time to first token as a client with an open connection measures it, one round trip
    /// included.
    pub ttft: Quantiles<Duration>,
    /// Output tokens per second: one answer in a hundred is faster than `p99`, and as many are as
    /// much slower.
    pub speed: Quantiles<TokenRate>,
    /// What it refuses.
    pub limits: Limits,
    /// One-way latency to it, resolved.
    pub one_way: Duration,
    /// What its tokens cost, and who says so, resolved.
    pub price: Price,
    /// What it can do at once; none = anything.
    pub capacity: Option<Capacity>,
    /// Whether it remembers prompts.
    pub cache: Option<Cache>,
    /// The longest prompt that its model takes, in tokens; none = any.
    pub context: Option<u64>,
    /// How good its answers are, from 0 to 100, as the client is told; none = it is not.
    pub quality: Option<u32>,
    /// So many API keys the client has for it, at least 1: see [`Provider::keys`].
    pub key_count: u16,
}

impl Provider {
    /// The API keys that the client has for it.
    pub fn keys(&self) -> impl Iterator<Item = String> {
        (1..=self.key_count).map(|number| format!("key-{number}"))
    }
}

/// What a provider refuses, and how it counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// On requests, none or several.
    pub requests: Vec<Limit>,
    /// On tokens of both kinds.
    pub tokens: Vec<Limit>,
    /// On prompt tokens.
    pub input: Vec<Limit>,
    /// On output tokens.
    pub output: Vec<Limit>,
    /// On requests at once.
    pub concurrency: Option<u32>,
    /// When tokens are charged.
    pub charge: Charge,
    /// Whether refused requests count like admitted ones (OpenAI).
    pub count_refused: bool,
    /// What is left of the limits on tokens when all slots are busy, in parts per 10^9; linear
    /// below.
    pub shrinks_to: Option<u64>,
    /// Whose limits they are.
    pub per: Per,
    /// Providers of one account share its limits.
    pub account: Option<String>,
}

impl Limits {
    /// A bucket of so many requests per minute, if any, and nothing else.
    pub fn per_minute(rpm: Option<u64>) -> Self {
        let limit = rpm.map(|count| Limit {
            count,
            per: Duration::from_secs(60),
            span: Span::Bucket,
        });
        Self {
            requests: Vec::from_iter(limit),
            ..Self::default()
        }
    }
}

/// A limit: so many in so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// So many.
    pub count: u64,
    /// In so long; a minute, as a rule.
    pub per: Duration,
    /// How that is counted.
    pub span: Span,
}

/// How a limit counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// A bucket that refills continuously and holds all of it.
    #[default]
    Bucket,
    /// The last so long, at any moment.
    Sliding,
    /// Since the last full multiple of so long.
    Fixed,
}

/// Whose limits a provider's limits are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// The account's: all of its keys share them.
    #[default]
    Account,
    /// Each key has its own.
    Key,
}

/// When tokens are charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Charge {
    /// When a request is admitted: its prompt, and all the output that it may have.
    #[default]
    Admission,
    /// The same, but what was not used comes back when its answer is complete.
    Reserve,
    /// When its answer is complete: what it really had.
    Completion,
}

/// What a provider can do at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Requests that it works on at once.
    pub slots: u32,
    /// Requests that may wait for a slot; more are refused as overload.
    pub queue: u32,
    /// How many thousandths of its usual time it takes with all slots busy; linear below.
    pub slowdown_milli: u64,
    /// How it suffers from overload.
    pub degrade: Option<Degrade>,
}

/// How capacity suffers from overload: slots are lost while requests wait, and come back slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Degrade {
    /// What is left of the slots at the worst, in parts per 10^9.
    pub to: u64,
    /// How long it takes from whole to worst.
    pub within: Duration,
    /// How long it takes from worst to whole.
    pub recover: Duration,
}

/// Prompts whose beginning the provider has seen are cheaper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cache {
    /// How long it remembers.
    pub ttl: Duration,
}

/// The network, with its default.
pub(super) fn network(document: &Document, file: &file::Network) -> Result<Network, Diagnostic> {
    let one_way = one_way(document, &["network", "one_way"], file.one_way)?;
    Ok(Network { one_way })
}

/// The fleet, in the file's order.
pub(super) fn providers(
    document: &Document,
    mut files: BTreeMap<String, file::Provider>,
    network: &Network,
) -> Result<Vec<Provider>, Diagnostic> {
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
        check_name(document, &["providers", &name], "a provider")?;
        if let Some(file) = files.remove(&name) {
            providers.push(provider(document, name, file, network)?);
        }
    }
    physics::check_accounts(document, &providers)?;
    Ok(providers)
}

fn provider(
    document: &Document,
    name: String,
    mut file: file::Provider,
    network: &Network,
) -> Result<Provider, Diagnostic> {
    fill(document, &name, &mut file)?;
    let at = |key| ["providers", &name, key];
    let missing = |key: &str| {
        let message = format!("the key `{key}` is missing");
        let problem = document.problem_at_key(&["providers", &name], message);
        problem.hint(format!(
            "add `{key}: …` here, or start from a `profile`, such as `openai/gpt-4.1`"
        ))
    };
    let dialect = file.dialect.ok_or_else(|| missing("dialect"))?;
    let model = file.model.take().ok_or_else(|| missing("model"))?;
    let ttft = file.ttft.take().ok_or_else(|| missing("ttft"))?;
    let speed = file.speed.take().ok_or_else(|| missing("speed"))?;
    let shortest = Duration::from_millis(1);
    let hour = Duration::from_secs(3_600);
    let ttft = ttft.checked(document, &at("ttft"), shortest..=hour)?;
    let speed = speed.checked(document, &at("speed"), SPEEDS)?;
    let limits = physics::limits(document, &name, dialect, &file)?;
    let capacity = physics::capacity(document, &name, file.capacity.as_ref())?;
    let cache = physics::cache(document, &name, file.cache.as_ref())?;
    let price = price(document, &name, &model, file.price.as_ref())?;
    let reach = reach(document, &name, &file)?;
    let own = file.one_way.or(Some(network.one_way));
    let one_way = one_way(document, &at("one_way"), own)?;
    Ok(Provider {
        dialect,
        model,
        ttft,
        speed,
        limits,
        capacity,
        cache,
        one_way,
        price,
        context: reach.context,
        quality: reach.quality,
        key_count: reach.key_count,
        name,
    })
}

/// What a client is told of a provider.
struct ClientView {
    context: Option<u64>,
    quality: Option<u32>,
    key_count: u16,
}

fn reach(document: &Document, name: &str, file: &file::Provider) -> Result<ClientView, Diagnostic> {
    let at = |key| ["providers", name, key];
    if let Some(longest) = file.context {
        let range = 1..=MOST_TOKENS;
        bounded(document, &at("context"), longest, range, tokens::write)?;
    }
    if let Some(quality) = file.quality {
        let whole = |quality: u32| quality.to_string();
        bounded(document, &at("quality"), quality, 0..=100, whole)?;
    }
    let key_count = file.keys.unwrap_or(1);
    let whole = |count: u16| count.to_string();
    bounded(document, &at("keys"), key_count, 1..=MOST_KEYS, whole)?;
    Ok(ClientView {
        context: file.context,
        quality: file.quality,
        key_count,
    })
}

/// Fills in what the file leaves to its profile, if it names one.
fn fill(document: &Document, name: &str, file: &mut file::Provider) -> Result<(), Diagnostic> {
    let Some(wanted) = &file.profile else {
        return Ok(());
    };
    let profile = profiles::find(wanted).ok_or_else(|| {
        let path = ["providers", name, "profile"];
        let problem = document.problem(&path, format!("there is no profile `{wanted}`"));
        problem.did_you_mean(wanted, profiles::names())
    })?;
    file.dialect.get_or_insert(profile.dialect);
    file.model.get_or_insert_with(|| profile.model.to_owned());
    file.ttft.get_or_insert(profile.ttft);
    file.speed.get_or_insert(profile.speed);
    let limits = &mut file.limits;
    let own = [
        &mut limits.rpm,
        &mut limits.tpm,
        &mut limits.itpm,
        &mut limits.otpm,
        &mut limits.rpd,
        &mut limits.concurrency,
    ];
    for (own, shipped) in own.into_iter().zip(profile.limits) {
        *own = own.or(shipped);
    }
    Ok(())
}

/// The provider's own price, else the book's.
fn price(
    document: &Document,
    name: &str,
    model: &str,
    own: Option<&file::Price>,
) -> Result<Price, Diagnostic> {
    let place = ["providers", name, "model"];
    let fits = |c: char| c.is_ascii_graphic();
    if !(1..=100).contains(&model.len()) || !model.chars().all(fits) {
        return Err(document
            .problem(&place, "this cannot name a model")
            .hint("write 1 to 100 letters, digits and signs, without blanks"));
    }
    if let Some(own) = own {
        let most = Money::from_nanos(1_000_000_000_000_000);
        for (key, amount) in [("input", own.input), ("output", own.output)] {
            let path = ["providers", name, "price", key];
            bounded(document, &path, amount, Money::ZERO..=most, money::write)?;
        }
        if let Some(cached) = own.cached {
            let path = ["providers", name, "price", "cached"];
            bounded(
                document,
                &path,
                cached,
                Money::ZERO..=own.input,
                money::write,
            )?;
        }
        return Ok(Price {
            input: own.input,
            output: own.output,
            cached: own.cached.unwrap_or(own.input),
            source: "this scenario".to_owned(),
        });
    }
    prices::price_of(model).ok_or_else(|| {
        let message = format!("the price book has no model `{model}`, and no `price` is given");
        let problem = document.problem(&place, message);
        problem.did_you_mean(model, prices::models())
    })
}

fn one_way(
    document: &Document,
    path: &[&str],
    written: Option<Duration>,
) -> Result<Duration, Diagnostic> {
    let one_way = written.unwrap_or(Duration::from_millis(1));
    let range = Duration::ZERO..=Duration::from_secs(60);
    bounded(document, path, one_way, range, duration::write)
}

const MOST_PROVIDERS: usize = 64;
const MOST_KEYS: u16 = 100;

/// From a token in 10 s to a million in a second.
const SPEEDS: RangeInclusive<TokenRate> = TokenRate::milli(100)..=TokenRate::milli(1_000_000_000);

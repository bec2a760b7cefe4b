//! The network and the providers, with their latency, speed, limits and prices.
//!
//! A file may leave out parts of a provider: a profile, the network and the price book fill them
//! in. A price is the provider's own, else the price book's.
//!
//! - `limits`: a provider's limits.
//! - `capacity`: its capacity, and its prompt cache.

mod capacity;
mod limits;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::policy::ProviderId;
use crate::prices::{self, Book, Price};
use crate::profiles;
use crate::text::findings::Findings;
use crate::text::name::hint_of_model;
use crate::text::place::{Place, named};
use crate::text::quantiles::Quantiles;
use crate::text::section::section;
use crate::text::{Diagnostic, Document};
use crate::time::SHORTEST;
#[cfg(feature = "cli")]
use crate::units::schema::Whole;
use crate::units::tokens::MOST_TOKENS;
use crate::units::{Length, Money, TokenRate, Tokens, duration};
use crate::wire::Dialect;
pub use capacity::{Cache, Capacity, Degrade};
use limits::WrittenLimits;
pub use limits::{Charge, CountRefused, Limit, Limits, Per, Span};

section! {
    /// The network between clients and providers.
    #[derive(Clone, Debug)]
    #[non_exhaustive]
    pub struct Network [Default, Serialize] ("Network": "`network`.") {
        /// How long a packet travels; 1 ms by default.
        default pub one_way: Duration as Length = Duration::from_millis(1), in ONE_WAY;
    }
}

/// A provider: an API endpoint with a model and a price.
#[derive(Clone, Debug)]
#[non_exhaustive]
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
    /// Its limits.
    pub limits: Limits,
    /// One-way latency to it, resolved.
    pub one_way: Duration,
    /// What its tokens cost, and the source, resolved.
    pub price: Price,
    /// Its capacity; none = unlimited.
    pub capacity: Option<Capacity>,
    /// Its prompt cache, if it has one.
    pub cache: Option<Cache>,
    /// The longest prompt that its model takes, in tokens; none = any.
    pub context: Option<u64>,
    /// The quality rating, from 0 to 100, that the client gets; none = no rating.
    pub quality: Option<u32>,
    /// How many API keys the client has for it, at least 1: see [`Provider::keys`].
    pub key_count: u16,
}

impl Provider {
    /// The API keys that the client has for it.
    pub fn keys(&self) -> impl Iterator<Item = String> {
        (1..=self.key_count).map(|number| format!("key-{number}"))
    }
}

/// For the result document: a single speed where all answers have the same, and no key for what the
/// provider does not have.
impl Serialize for Provider {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let price = &self.price;
        let mut keys = json!({
            "name": self.name,
            "dialect": self.dialect,
            "model": self.model,
            "ttft": self.ttft,
            "speed": match self.speed {
                Quantiles { p50, p99 } if p50 == p99 => json!(p50),
                speed => json!(speed),
            },
            "limits": self.limits.shown(),
            "one_way": duration::write(self.one_way),
            "price": {
                "input": price.input,
                "output": price.output,
                "per": "1M tok",
                "source": price.source,
            },
        });
        if self.cache.is_some() {
            keys["price"]["cached"] = json!(price.cached);
        }
        let several_keys = (self.key_count > 1).then_some(self.key_count);
        for (key, value) in [
            ("capacity", json!(self.capacity)),
            ("cache", json!(self.cache)),
            ("context", json!(self.context.map(Tokens))),
            ("quality", json!(self.quality)),
            ("keys", json!(several_keys)),
        ] {
            if value != Value::Null {
                keys[key] = value;
            }
        }
        keys.serialize(serializer)
    }
}

section! {
    /// A provider as written in a file.
    #[derive()]
    pub(super) struct WrittenProvider [] ("Provider": "One of `providers`.", transform require) {
        /// The profile that fills in what is left out here, fitted to recorded figures.
        optional profile: String, schema ProfileName;
        /// How it speaks.
        optional dialect: Dialect;
        /// The model that answers.
        optional model: String;
        /// Time to first token.
        optional ttft: Quantiles<Duration>, in SHORTEST..=Duration::from_secs(3_600);
        /// Output tokens per second; one in a hundred answers is faster than `p99`.
        optional speed: Quantiles<TokenRate>, in SPEEDS;
        /// Its limits; a profile has its own.
        default limits: WrittenLimits = WrittenLimits::default();
        /// How long a packet travels to it; the value of `network` by default.
        optional one_way: Duration as Length, in ONE_WAY;
        /// Per million tokens; the price book's by default.
        optional price: WrittenPrice;
        /// Its capacity; unlimited by default.
        optional capacity: Capacity;
        /// A prompt cache, which makes prompts with a known prefix cheaper.
        optional cache: Cache;
        /// The longest prompt that its model takes; longer ones are refused.
        optional context: u64 as Tokens, in 1..=MOST_TOKENS;
        /// The quality rating, from 0 to 100, that the client gets.
        optional quality: u32, in 0..=100, schema Whole;
        /// How many API keys the client has for it: `key-1`, `key-2` and so on; 1 by default.
        default keys: u16 = 1, in 1..=100, schema Whole;
    }
}

section! {
    /// The price that a file gives.
    #[derive()]
    struct WrittenPrice [] ("Price": "`price` of a provider, per million tokens.") {
        /// A million prompt tokens.
        required input: Money, in Money::ZERO..=DEAREST;
        /// A million output tokens.
        required output: Money, in Money::ZERO..=DEAREST;
        /// A million prompt tokens from the cache; as `input` by default.
        optional cached: Money;
    }
}

/// The providers as other parts of a file name them: all names, also of those that cannot be read.
pub(super) struct Fleet(Vec<(String, Option<String>)>);

impl Fleet {
    /// The fleet of `providers`, in the order of the document; none is one that cannot be read.
    pub(super) fn new(providers: &[(String, Option<Provider>)]) -> Self {
        let model = |one: &Option<Provider>| one.as_ref().map(|one| one.model.clone());
        let named = providers.iter();
        Self(
            named
                .map(|(name, one)| (name.clone(), model(one)))
                .collect(),
        )
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All names, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The provider called `name`.
    pub(super) fn id(&self, name: &str) -> Option<ProviderId> {
        let place = self.names().position(|known| known == name)?;
        u16::try_from(place).ok().map(ProviderId)
    }

    /// The same, or a diagnostic of its name, which `point` makes from a message.
    pub(super) fn find(
        &self,
        name: &str,
        point: impl FnOnce(String) -> Diagnostic,
    ) -> Result<ProviderId, Diagnostic> {
        self.id(name).ok_or_else(|| {
            point(format!("unknown provider `{name}`")).did_you_mean(name, self.names())
        })
    }

    /// The model of the provider, if that can be read.
    pub(super) fn model(&self, id: ProviderId) -> Option<&str> {
        self.0.get(id.index())?.1.as_deref()
    }
}

/// The providers with their names, in the file's order; none for one that cannot be read.
pub(super) fn providers(
    document: &Document,
    written: BTreeMap<String, WrittenProvider>,
    (network, prices): (&Network, Option<&Book>),
    findings: &mut Findings,
) -> Vec<(String, Option<Provider>)> {
    let section = Place::new(document, "providers");
    if section.keys("").is_empty() {
        let hint = "write as in `providers: { openai: { dialect: openai, model: gpt-4.1, … } }`";
        if !findings.may_be_mistyped(document, "providers") {
            let message = "a scenario needs at least one provider";
            findings.part(&["providers"], || section.refuse::<()>("", message, hint));
        }
        return Vec::new();
    }
    let limits = ("a provider", MOST_PROVIDERS);
    let providers = named(&section, limits, written, findings, |place, name, one| {
        one.resolve(place, name, (network, prices))
    });
    findings.take(check_accounts(&section, &providers));
    providers
}

/// Providers of one account share its limits, so they must state the same limits.
fn check_accounts(
    section: &Place<'_>,
    providers: &[(String, Option<Provider>)],
) -> Result<(), Diagnostic> {
    let mut first: BTreeMap<&str, &Provider> = BTreeMap::new();
    for provider in providers.iter().filter_map(|(_, one)| one.as_ref()) {
        let Some(account) = &provider.limits.account else {
            continue;
        };
        let first = first.entry(account).or_insert(provider);
        if first.limits != provider.limits {
            let message = format!(
                "`{account}` has other limits in `{}`, and an account has only one set",
                first.name
            );
            let hint = "write the same limits in both, or name another account";
            let place = section.inside(&provider.name);
            return place.refuse("limits.account", message, hint);
        }
    }
    Ok(())
}

impl WrittenProvider {
    /// The provider, with what is left out filled in, checked.
    fn resolve(
        mut self,
        place: &Place<'_>,
        name: &str,
        (network, prices): (&Network, Option<&Book>),
    ) -> Result<Provider, Diagnostic> {
        self.fill(place)?;
        let missing = |key: &str| {
            let problem = place.problem_at_key("", format!("the key `{key}` is missing"));
            problem.hint(format!(
                "add `{key}: …` here, or start from a `profile`, such as `openai/gpt-4.1`"
            ))
        };
        let dialect = self.dialect.ok_or_else(|| missing("dialect"))?;
        let model = self.model.ok_or_else(|| missing("model"))?;
        let ttft = self.ttft.ok_or_else(|| missing("ttft"))?;
        let speed = self.speed.ok_or_else(|| missing("speed"))?;
        let has_slots = self.capacity.is_some();
        self.limits.check(&place.inside("limits"), has_slots)?;
        if let Some(capacity) = &self.capacity {
            capacity.check(&place.inside("capacity"))?;
        }
        Ok(Provider {
            name: name.to_owned(),
            dialect,
            ttft,
            speed,
            limits: self.limits.resolve(dialect),
            one_way: self.one_way.unwrap_or(network.one_way),
            price: price(place, &model, (self.price, prices))?,
            model,
            capacity: self.capacity,
            cache: self.cache,
            context: self.context,
            quality: self.quality,
            key_count: self.keys,
        })
    }

    /// Fills in what is left out from the profile, if one is named.
    fn fill(&mut self, place: &Place<'_>) -> Result<(), Diagnostic> {
        let Some(wanted) = &self.profile else {
            return Ok(());
        };
        let profile = profiles::find(wanted).ok_or_else(|| {
            let problem = place.problem("profile", format!("there is no profile `{wanted}`"));
            problem.did_you_mean(wanted, profiles::names())
        })?;
        self.dialect.get_or_insert(profile.dialect);
        self.model.get_or_insert_with(|| profile.model.to_owned());
        self.ttft.get_or_insert(profile.ttft);
        self.speed.get_or_insert(profile.speed);
        self.limits.fill(profile.limits);
        Ok(())
    }
}

/// The own price of the provider at `place`, else the book's.
fn price(
    place: &Place<'_>,
    model: &str,
    (own, prices): (Option<WrittenPrice>, Option<&Book>),
) -> Result<Price, Diagnostic> {
    if let Some(hint) = hint_of_model(model) {
        return place.refuse("model", "this cannot name a model", hint);
    }
    if let Some(own) = own {
        let cached = own.cached.unwrap_or(own.input);
        return Ok(Price {
            input: own.input,
            output: own.output,
            cached: place.within("price.cached", cached, Money::ZERO..=own.input, text)?,
            source: "this scenario".to_owned(),
        });
    }
    if let Some(book) = prices {
        let price = book.price_of(model);
        return price.map_err(|wrong| place.problem("model", wrong.message).hint(wrong.hint));
    }
    prices::price_of(model).ok_or_else(|| {
        let message = format!("the price book has no model `{model}`, and no `price` is given");
        let problem = place.problem("model", message);
        problem.did_you_mean(model, prices::models())
    })
}

fn text(money: Money) -> String {
    money.to_string()
}

/// The name of a provider profile.
#[cfg(feature = "cli")]
enum ProfileName {}

#[cfg(feature = "cli")]
crate::text::schema::inline_schema! {
    ProfileName, "Profile", |_: &mut _| {
        crate::text::schema::words(profiles::names().into_iter().map(|name| {
            let source = profiles::find(name).map(|found| found.latency_source);
            (name, source.unwrap_or_default())
        }))
    };
}

/// The keys that are required without a profile.
#[cfg(feature = "cli")]
fn require(mut schema: schemars::Schema) -> schemars::Schema {
    let own = json!({ "required": ["dialect", "model", "ttft", "speed"] });
    let either = json!([{ "required": ["profile"] }, own]);
    schema.insert("anyOf".to_owned(), either);
    schema
}

/// A bound against typing errors: each is a host with an address of its own.
const MOST_PROVIDERS: usize = 1_000;

const ONE_WAY: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(60);

/// A million dollars for a million tokens.
const DEAREST: Money = Money::from_nanos(1_000_000_000_000_000);

/// From one token in 10 s to a million per second.
const SPEEDS: RangeInclusive<TokenRate> = TokenRate::milli(100)..=TokenRate::milli(1_000_000_000);

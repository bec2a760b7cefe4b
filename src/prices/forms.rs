//! The three forms of a price book, told apart by their content.
//!
//! - ours: a map with `models`; prices per million tokens, dated, in USD or a currency with a rate;
//! - LiteLLM's `model_prices_and_context_window.json`: a map of models; USD per token;
//! - genai-prices' `data.json`: a list of providers; USD per million tokens.
//!
//! JSON is read as YAML, which keeps the text of each number: prices are decimals, never floats.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::Price;
use super::decimal::nano_dollars;
use crate::text::{Diagnostic, Document};
use crate::units::Money;

type Models = BTreeMap<String, Price>;

/// The models of `document`, in whichever form it has; `name` is the file's.
pub(super) fn read(document: &Document, name: &str) -> Result<Models, Diagnostic> {
    let keys = document.keys(&[]);
    if keys.is_empty() {
        return genai(document, name);
    }
    match keys.iter().any(|key| OWN_KEYS.contains(&key.as_str())) {
        true => own(document),
        false => litellm(document, name),
    }
}

/// No model has such a name.
const OWN_KEYS: [&str; 4] = ["source", "as_of", "currency", "models"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    source: String,
    as_of: String,
    #[serde(default)]
    currency: BTreeMap<String, String>,
    models: BTreeMap<String, OwnPrice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnPrice {
    input: String,
    output: String,
    cached: Option<String>,
}

fn own(document: &Document) -> Result<Models, Diagnostic> {
    let own: Own = document.decode()?;
    let date = |path: &[&str], text: &str| {
        let problem = || document.problem(path, "this is not a date").hint(DATE);
        is_date(text).then_some(()).ok_or_else(problem)
    };
    date(&["as_of"], &own.as_of)?;
    let mut rates = BTreeMap::new();
    for (code, text) in &own.currency {
        let path = ["currency", code.as_str()];
        if code == "as_of" {
            date(&path, text)?;
            continue;
        }
        let rate = Money::parse(text).map_err(|error| {
            let problem = document.problem(&path, error.message());
            problem.hint("write the rate as in `EUR: 1.08 USD`")
        })?;
        if rate == Money::ZERO {
            let problem = document.problem(&path, "a rate of nothing makes all prices nothing");
            return Err(problem.hint("write the rate as in `EUR: 1.08 USD`"));
        }
        rates.insert(code.as_str(), rate);
    }
    if let (false, None) = (rates.is_empty(), own.currency.get("as_of")) {
        let problem = document.problem(&["currency"], "the rates have no date");
        return Err(problem.hint("add `as_of: 2026-11-01` to them"));
    }
    let form = OwnForm {
        document,
        own: &own,
        rates,
    };
    own.models
        .iter()
        .map(|(name, price)| Ok((name.clone(), form.price(name, price)?)))
        .collect()
}

struct OwnForm<'a> {
    document: &'a Document,
    own: &'a Own,
    rates: BTreeMap<&'a str, Money>,
}

impl OwnForm<'_> {
    fn price(&self, model: &str, price: &OwnPrice) -> Result<Price, Diagnostic> {
        let mut source = format!("{}, {}", self.own.source, self.own.as_of);
        let mut amount = |key: &str, text: &str| {
            let path = ["models", model, key];
            let (amount, code) = self.amount(&path, text)?;
            if let (Some(rate), Some(date)) = (self.rates.get(code), self.own.currency.get("as_of"))
                && !source.contains(code)
            {
                source = format!("{source}; 1 {code} = {rate}, {date}");
            }
            Ok::<Money, Diagnostic>(amount)
        };
        let (input, output) = (
            amount("input", &price.input)?,
            amount("output", &price.output)?,
        );
        let cached = price
            .cached
            .as_ref()
            .map(|text| amount("cached", text))
            .transpose()?;
        Ok(Price {
            input,
            output,
            cached: cached.unwrap_or(input),
            source,
        })
    }

    /// An amount in USD, rounded half up to nano-dollars, and the currency that was written.
    fn amount<'t>(&self, path: &[&str], text: &'t str) -> Result<(Money, &'t str), Diagnostic> {
        let text = text.trim();
        let start = text
            .find(|c: char| c.is_ascii_alphabetic())
            .unwrap_or(text.len());
        let (number, code) = (text[..start].trim(), &text[start..]);
        let in_dollars = Money::parse(&format!("{number} USD")).map_err(|error| {
            let problem = self.document.problem(path, error.message());
            problem.hint("write as in `2.00 USD`, for a million tokens")
        })?;
        if code == "USD" {
            return Ok((in_dollars, code));
        }
        if code.is_empty() {
            let problem = self.document.problem(path, "money needs its currency");
            return Err(problem.hint(format!("write as in `{number} USD`, for a million tokens")));
        }
        let rate = self.rates.get(code).ok_or_else(|| {
            let problem = self
                .document
                .problem(path, format!("there is no rate for `{code}`"));
            problem.hint("write USD, or add `currency: { EUR: 1.08 USD, as_of: 2026-11-01 }`")
        })?;
        let exact = u128::from(in_dollars.as_nanos()) * u128::from(rate.as_nanos());
        let nanos = u64::try_from((exact + 500_000_000) / 1_000_000_000).unwrap_or(u64::MAX);
        Ok((Money::from_nanos(nanos), code))
    }
}

#[derive(Deserialize)]
struct LiteEntry {
    input_cost_per_token: Option<String>,
    output_cost_per_token: Option<String>,
    cache_read_input_token_cost: Option<String>,
}

fn litellm(document: &Document, name: &str) -> Result<Models, Diagnostic> {
    let entries: BTreeMap<String, LiteEntry> = document.decode()?;
    let mut models = Models::new();
    for (model, entry) in entries {
        let amount = |key: &str, text: &Option<String>| {
            let text = text.as_ref()?;
            // A token at 10^-6 USD is a dollar for a million.
            let nanos = nano_dollars(text, 6);
            Some(nanos.ok_or_else(|| document.problem(&[&model, key], "this is not a price")))
        };
        let input = amount("input_cost_per_token", &entry.input_cost_per_token);
        let output = amount("output_cost_per_token", &entry.output_cost_per_token);
        let cached = amount(
            "cache_read_input_token_cost",
            &entry.cache_read_input_token_cost,
        );
        let (Some(input), Some(output)) = (input.transpose()?, output.transpose()?) else {
            continue;
        };
        let cached = cached.transpose()?.unwrap_or(input);
        let source = format!("LiteLLM, {name}");
        models.insert(
            model,
            Price {
                input,
                output,
                cached,
                source,
            },
        );
    }
    Ok(models)
}

#[derive(Deserialize)]
struct Vendor {
    id: String,
    #[serde(default)]
    models: Vec<VendorModel>,
}

#[derive(Deserialize)]
struct VendorModel {
    id: String,
    prices: Times,
}

/// The prices of a model at all times, the usual ones first.
struct Times(Vec<Timed>);

#[derive(Deserialize)]
struct Timed {
    #[serde(default)]
    constraint: Option<Constraint>,
    prices: Amounts,
}

#[derive(Default, Deserialize)]
struct Constraint {
    start_date: Option<String>,
}

#[derive(Clone, Deserialize)]
struct Amounts {
    input_mtok: Option<Base>,
    output_mtok: Option<Base>,
    cache_read_mtok: Option<Base>,
}

/// A price; of one with tiers, that of the lowest.
#[derive(Clone)]
struct Base(String);

fn genai(document: &Document, name: &str) -> Result<Models, Diagnostic> {
    let vendors: Vec<Vendor> = document.decode()?;
    let mut models = Models::new();
    for (vendor, model) in vendors
        .iter()
        .flat_map(|one| one.models.iter().map(move |m| (one, m)))
    {
        let full = format!("{}/{}", vendor.id, model.id);
        let Some(Amounts {
            input_mtok: Some(input),
            output_mtok: Some(output),
            cache_read_mtok: cached,
        }) = model.prices.usual()
        else {
            continue;
        };
        let amount = |base: &Base| {
            let problem = || document.problem(&[], format!("`{full}` has a price that is none"));
            nano_dollars(&base.0, 0).ok_or_else(problem)
        };
        let input = amount(&input)?;
        let price = Price {
            input,
            output: amount(&output)?,
            cached: cached.as_ref().map(amount).transpose()?.unwrap_or(input),
            source: format!("genai-prices, {name}"),
        };
        models.insert(full, price);
    }
    Ok(models)
}

impl Times {
    /// The last that was in force on the date of our own book: a time of day is taken as the usual
    /// price, as our book does, and no clock is read.
    fn usual(&self) -> Option<Amounts> {
        let in_force = |timed: &&Timed| {
            let start = timed
                .constraint
                .as_ref()
                .and_then(|one| one.start_date.as_deref());
            start.is_none_or(|start| start <= AS_OF)
        };
        self.0
            .iter()
            .rfind(in_force)
            .map(|timed| timed.prices.clone())
    }
}

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Both;
        impl<'de> Visitor<'de> for Both {
            type Value = Times;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("prices, or a list of them")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Times, A::Error> {
                let prices =
                    Amounts::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                let constraint = None;
                Ok(Times(vec![Timed { constraint, prices }]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Times, A::Error> {
                let mut all = Vec::new();
                while let Some(timed) = seq.next_element()? {
                    all.push(timed);
                }
                Ok(Times(all))
            }
        }
        deserializer.deserialize_any(Both)
    }
}

impl<'de> Deserialize<'de> for Base {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Base;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a price, or one with tiers")
            }

            fn visit_u64<E: Error>(self, whole: u64) -> Result<Base, E> {
                Ok(Base(whole.to_string()))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Base, E> {
                Ok(Base(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Base, A::Error> {
                let mut base = None;
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "base" => base = Some(map.next_value::<Base>()?),
                        _ => {
                            map.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                base.ok_or_else(|| A::Error::custom("the price has no `base`"))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// `2026-11-01`.
fn is_date(text: &str) -> bool {
    text.parse::<jiff::civil::Date>().is_ok() && text.len() == 10
}

const DATE: &str = "write as in `2026-11-01`";

/// The date of our own book.
const AS_OF: &str = "2026-08-21";

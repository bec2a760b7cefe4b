//! The network and the providers, as they are written.

use std::time::Duration;

use serde::Deserialize;

#[cfg(feature = "cli")]
use super::schema;
use crate::scenario::Quantiles;
use crate::scenario::{Charge, Per, Span};
use crate::text::units;
#[cfg(feature = "cli")]
use crate::text::units::written;
use crate::units::Money;
use crate::units::TokenRate;
use crate::wire::Dialect;

/// `network`.
#[derive(Default, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Network {
    /// How long a packet travels; 1 ms by default.
    #[serde(default, with = "units::duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub(in crate::scenario) one_way: Option<Duration>,
}

/// One of `providers`.
#[derive(Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "cli", schemars(transform = schema::provider))]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Provider {
    /// Where what is left out here comes from, fitted to recorded figures.
    #[cfg_attr(feature = "cli", schemars(with = "Option<schema::Profile>"))]
    pub(in crate::scenario) profile: Option<String>,
    /// How it speaks.
    pub(in crate::scenario) dialect: Option<Dialect>,
    /// The model that answers.
    pub(in crate::scenario) model: Option<String>,
    /// Time to first token.
    pub(in crate::scenario) ttft: Option<Quantiles<Duration>>,
    /// Output tokens per second; one in a hundred answers is faster than `p99`.
    pub(in crate::scenario) speed: Option<Quantiles<TokenRate>>,
    /// What it allows; a profile brings limits of its own.
    #[serde(default)]
    pub(in crate::scenario) limits: Limits,
    /// How long a packet travels to it; as `network` says by default.
    #[serde(default, with = "units::duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub(in crate::scenario) one_way: Option<Duration>,
    /// Per million tokens; the price book's by default.
    pub(in crate::scenario) price: Option<Price>,
    /// What it can do at once; without it, everything.
    pub(in crate::scenario) capacity: Option<Capacity>,
    /// It remembers beginnings of prompts, which are cheaper then.
    pub(in crate::scenario) cache: Option<Cache>,
    /// The longest prompt that its model takes; longer ones are refused.
    #[serde(default, with = "units::tokens::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Tokens"))]
    pub(in crate::scenario) context: Option<u64>,
    /// How good its answers are, from 0 to 100, as the client is told.
    #[cfg_attr(feature = "cli", schemars(with = "Option<written::Whole>"))]
    pub(in crate::scenario) quality: Option<u32>,
    /// So many API keys the client has for it: `key-1`, `key-2` and so on; 1 by default.
    #[cfg_attr(feature = "cli", schemars(with = "Option<written::Whole>"))]
    pub(in crate::scenario) keys: Option<u16>,
}

/// `limits` of a provider.
#[derive(Default, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Limits {
    /// Requests per minute.
    #[serde(default, with = "units::count::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Count"))]
    pub(in crate::scenario) rpm: Option<u64>,
    /// Tokens per minute, prompt and output together.
    #[serde(default, with = "units::count::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Count"))]
    pub(in crate::scenario) tpm: Option<u64>,
    /// Prompt tokens per minute.
    #[serde(default, with = "units::count::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Count"))]
    pub(in crate::scenario) itpm: Option<u64>,
    /// Output tokens per minute.
    #[serde(default, with = "units::count::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Count"))]
    pub(in crate::scenario) otpm: Option<u64>,
    /// Requests per day.
    #[serde(default, with = "units::count::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Count"))]
    pub(in crate::scenario) rpd: Option<u64>,
    /// Tokens per day.
    #[serde(default, with = "units::count::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Count"))]
    pub(in crate::scenario) tpd: Option<u64>,
    /// Requests at once.
    #[serde(default, with = "units::count::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Count"))]
    pub(in crate::scenario) concurrency: Option<u64>,
    /// How a limit counts; as the vendor does by default.
    pub(in crate::scenario) window: Option<Span>,
    /// Requests per minute are counted over so long, at most a minute: then that share of them.
    #[serde(default, with = "units::duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub(in crate::scenario) rpm_over: Option<Duration>,
    /// When tokens are charged; as the vendor does by default.
    pub(in crate::scenario) charge: Option<Charge>,
    /// Refused requests count as well; `false` by default.
    pub(in crate::scenario) count_refused: Option<bool>,
    /// So much of the limits on tokens is left while all slots are busy.
    #[serde(default, with = "units::share::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Share"))]
    pub(in crate::scenario) shrinks_to: Option<u64>,
    /// Whose limits they are; the account's by default.
    pub(in crate::scenario) per: Option<Per>,
    /// Providers of one account share its limits.
    #[cfg_attr(feature = "cli", schemars(with = "Option<written::Name>"))]
    pub(in crate::scenario) account: Option<String>,
}

/// `capacity` of a provider.
#[derive(Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Capacity {
    /// Requests that it works on at once.
    #[serde(with = "units::count")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Count"))]
    pub(in crate::scenario) slots: u64,
    /// Requests that may wait for a slot; none by default.
    #[serde(default, with = "units::count::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Count"))]
    pub(in crate::scenario) queue: Option<u64>,
    /// So many times slower is it when all slots are busy; 1 by default.
    #[serde(default, with = "units::factor::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Factor"))]
    pub(in crate::scenario) slowdown: Option<u64>,
    /// Slots are lost while requests wait, and come back slowly.
    pub(in crate::scenario) degrade: Option<Degrade>,
}

/// `degrade` of a capacity.
#[derive(Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Degrade {
    /// What is left of the slots at the worst.
    #[serde(with = "units::share")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Share"))]
    pub(in crate::scenario) to: u64,
    /// How long it takes from whole to worst.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub(in crate::scenario) within: Duration,
    /// How long it takes from worst to whole.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub(in crate::scenario) recover: Duration,
}

/// `cache` of a provider.
#[derive(Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Cache {
    /// How long it remembers.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub(in crate::scenario) ttl: Duration,
}

/// `price` of a provider, per million tokens.
#[derive(Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Price {
    /// A million prompt tokens.
    #[serde(with = "units::money")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Usd"))]
    pub(in crate::scenario) input: Money,
    /// A million output tokens.
    #[serde(with = "units::money")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Usd"))]
    pub(in crate::scenario) output: Money,
    /// A million prompt tokens from the cache; as `input` by default.
    #[serde(default, with = "units::money::option")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Usd"))]
    pub(in crate::scenario) cached: Option<Money>,
}

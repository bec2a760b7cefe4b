//! Which providers a call tries, and in which order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::health::SlowStart;
use super::rows::{Setting, settings};
#[cfg(feature = "cli")]
use super::schema;
use super::words;
#[cfg(feature = "cli")]
use crate::units::schema as written;
use crate::units::{Length, Money, Share};
use std::time::Duration;

settings! {
    /// How the next provider is chosen.
    pub struct Route {
        /// The order in which providers are tried.
        strategy: Strategy = Strategy::Priority;
        /// The weights of the strategy `score`.
        score: Score = Score::default();
        /// After this long, observations of a provider count half (`least_latency`, `balanced`,
        /// `score`).
        #[serde(with = "Length")]
        half_life: Duration = Duration::from_secs(10), Time "100ms" to "1h",
            "Some tens of calls of a busy client: old enough to be sure, young enough to be true.";
        /// What a call does with a provider whose context is known to be too small for its prompt.
        small_context: SmallContext = SmallContext::Ask;
        /// What keeps calls at one provider.
        affinity: Affinity = Affinity::None;
        /// When a smaller share of the fleet than this would be admitted, breakers and ejections
        /// are ignored, since it is then more likely that they are wrong. 0 % switches this off.
        panic_threshold: Share = Share::ZERO, Share "0%" to "100%",
            "Nothing is passed over unless asked for: a small fleet is quickly half down in \
             earnest.";
        /// How a provider's share of the calls grows after its breaker has closed; none = at once.
        #[serde(with = "words::section")]
        #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<SlowStart>"))]
        slow_start: Option<SlowStart> = None;
        /// Rules for calls of a named task.
        tasks: BTreeMap<String, Task> = BTreeMap::new();
    }
}

/// The order in which providers are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Strategy {
    /// As the fleet lists them.
    Priority,
    /// In turns.
    RoundRobin,
    /// In turns, each in proportion to its weight.
    Weighted,
    /// The lowest price for this call's tokens first.
    Cheapest,
    /// The highest quality rating first; providers without a rating come last.
    Quality,
    /// The healthiest first; of equally healthy ones, in the order of the fleet.
    Balanced,
    /// Of two drawn at random, the one that answers sooner (peak EWMA of the time to the first
    /// token, times the attempts in flight); then the others by the same measure.
    LeastLatency,
    /// The highest score first; see [`Score`].
    Score,
}

settings! {
    /// The relative weight of each part in a provider's score.
    #[derive(Copy)]
    pub struct Score {
        /// The share of recent attempts that succeeded.
        health: u32 = 7, Count "0" to "1000",
            "Seven parts of ten, as the routers that score begin with.";
        /// How soon it answers, relative to the soonest.
        latency: u32 = 3, Count "0" to "1000",
            "A slow answer is still an answer: it counts less than a missing one.";
        /// What it costs, relative to the cheapest.
        cost: u32 = 0, Count "0" to "1000",
            "Off by default: prices differ twentyfold, and would outweigh the rest.";
        /// Its quality, relative to the best.
        quality: u32 = 0, Count "0" to "1000",
            "Only the fleet's owner knows what a model's answers are worth.";
    }
}

/// What keeps calls at one provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Affinity {
    /// Nothing.
    None,
    /// Calls of one session start at the same provider, since its prompt cache may hold their
    /// prompts. That provider is chosen by a hash of the session within the first priority group
    /// (under `weighted`, by weight), or among the providers that the task prefers. The others
    /// follow in the order of the strategy.
    Session,
}

/// What a call does with a provider whose context is known to be too small for its prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SmallContext {
    /// It asks, and gets the provider's error.
    Ask,
    /// It leaves the provider out, unless the contexts of all are too small. The prompt's length
    /// is the caller's estimate, and the context is what the fleet says.
    Skip,
}

/// A rule for the calls of a task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Task {
    /// Providers, by name or by model, to try first, in this order; words that match no provider of
    /// the fleet are ignored.
    pub prefer: Vec<String>,
    /// Whether only the preferred providers are tried.
    pub only: bool,
    /// A provider is tried only if the call is expected to cost no more there per 1,000 tokens,
    /// prompt and output together. Providers without a known price are not tried.
    #[serde(with = "words::money")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<Money>"))]
    pub max_cost: Option<Money>,
    /// Of the places of `limit.concurrency` (or `limit.adaptive`) at each provider, this many are
    /// kept for calls of the task: other calls leave them free. Calls of the task take any free
    /// place.
    #[serde(with = "words::small")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<written::Count>"))]
    pub reserved_concurrency: Option<u32>,
}

impl Setting for Strategy {}
impl Setting for Affinity {}
impl Setting for SmallContext {}

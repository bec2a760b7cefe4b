//! Whom a call asks, and in which order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::health::SlowStart;
use super::rows::{Setting, settings};
#[cfg(feature = "cli")]
use super::schema;
use super::words;
#[cfg(feature = "cli")]
use crate::units::schema as written;
use crate::units::{Money, Share, duration};
use std::time::Duration;

settings! {
    /// How the next provider is chosen.
    pub struct Route {
        /// The order in which providers are asked.
        strategy: Strategy = Strategy::Priority;
        /// What `score` weighs.
        score: Score = Score::default();
        /// After this long, what was observed of a provider counts half (`least_latency`,
        /// `balanced`, `score`).
        #[serde(with = "duration")]
        #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
        half_life: Duration = Duration::from_secs(10), Time "100ms" to "1h",
            "Some tens of calls of a busy client: old enough to be sure, young enough to be true.";
        /// What keeps calls at one provider.
        affinity: Affinity = Affinity::None;
        /// When fewer than this share of the fleet would be admitted, breakers and ejections are
        /// passed over: it is more likely that they are wrong. Nothing is below 0 %.
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

/// The order in which providers are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Strategy {
    /// As the fleet lists them.
    Priority,
    /// In turns.
    RoundRobin,
    /// In turns, each as often as its weight says.
    Weighted,
    /// The lowest price of this call's tokens first.
    Cheapest,
    /// The highest quality first, as the fleet rates it; those without a rating come last.
    Quality,
    /// The healthiest first, then as the fleet lists them.
    Balanced,
    /// Of two drawn at random the one that answers sooner (peak EWMA of the time to the first
    /// token, times the attempts in flight); the others behind it by the same measure.
    LeastLatency,
    /// The highest score first; see [`Score`].
    Score,
}

settings! {
    /// How much each part counts in a provider's score, relative to the others.
    #[derive(Copy)]
    pub struct Score {
        /// The share of recent attempts that went well.
        health: u32 = 7, Count "0" to "1000",
            "Seven parts of ten, as the routers that score begin with.";
        /// How soon it answers, beside the soonest.
        latency: u32 = 3, Count "0" to "1000",
            "A slow answer is still an answer: it counts less than a missing one.";
        /// What it costs, beside the cheapest.
        cost: u32 = 0, Count "0" to "1000",
            "Off by default: prices differ twentyfold, and would outweigh the rest.";
        /// Its quality, beside the best.
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
    /// Calls of one session start at one provider, whose prompt cache may still know them: the
    /// session's own place in the first priority group (under `weighted`, by weight); the others
    /// follow as the strategy has them. Where a task prefers providers, it is a place among those.
    Session,
}

/// A rule for the calls of a task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Task {
    /// Providers, by name or by model, to ask first, in this order; a word that the fleet lacks
    /// stands for nothing.
    pub prefer: Vec<String>,
    /// Whether nobody else is asked.
    pub only: bool,
    /// A provider is asked only if the call is expected to cost no more there per 1,000 tokens,
    /// prompt and output together. One whose price nobody knows is not asked.
    #[serde(with = "words::money")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<Money>"))]
    pub max_cost: Option<Money>,
}

impl Setting for Strategy {}
impl Setting for Affinity {}

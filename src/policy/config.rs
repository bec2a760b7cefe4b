//! The policy file as types: how a client decides. The providers themselves are not part of it.
//!
//! Every number has a default, a range and a reason, in the row that declares it ([`Row`]); checks
//! and documents are generated from these. Mechanisms read these types; they never read files. A
//! serialized policy shows every setting with its unit, and can be read again.

mod attempts;
mod failures;
mod health;
mod load;
mod overlay;
mod quirks;
mod route;
mod rows;
#[cfg(feature = "cli")]
mod schema;
mod words;

pub use attempts::{
    AboveMax, Backoff, BackoffOverride, Budget, Hedge, HedgeDelay, HintMode, Hints, Jitter, Retry,
    Streams, Timeouts,
};
pub use failures::Failures;
pub use health::{
    Breaker, BreakerOverride, CheckTargets, CountSlow, HealthCheck, Open, OpenOverride, Outlier,
    SlowStart,
};
pub use load::{
    Adaptive, AdaptiveOverride, Limit, LimitOverride, Queue, Spend, Throttle, WhenFull,
    WhenUnavailable,
};
pub use overlay::Overridable;
pub use quirks::{Classes, FixedWaits, InnerRetries, Quirk, Quirks, Rounds};
pub use route::{Affinity, Route, Score, SmallContext, Strategy, Task};
pub use rows::{KnobKind, Row, Setting};

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

#[cfg(feature = "cli")]
use super::classify::Action;
use crate::units::duration;
#[cfg(feature = "cli")]
use crate::units::schema as written;

/// The name that stands for every policy in a scenario's expectations; no policy may have it.
pub const EVERY: &str = "every";

/// A policy: the settings of the client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Equals the stem of its file.
    pub name: String,
    /// One or two sentences that help to choose between policies.
    #[serde(default)]
    pub about: String,
    /// Rules of `check` whose warnings about this policy are meant: each with its reason beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
    /// How the next provider is chosen.
    #[serde(default)]
    pub route: Route,
    /// How often, and after which wait, a call is retried.
    #[serde(default)]
    pub retry: Retry,
    /// How the client treats a server's hint to wait.
    #[serde(default)]
    pub hints: Hints,
    /// How long the client waits at each stage.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// How streamed answers are delivered to the caller.
    #[serde(default)]
    pub streams: Streams,
    /// The breaker of each provider; none = never refuse.
    #[serde(default, with = "words::section")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<Breaker>"))]
    pub breaker: Option<Breaker>,
    /// When a provider is left out because its peers do better; none = never.
    #[serde(default, with = "words::section")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<Outlier>"))]
    pub outlier: Option<Outlier>,
    /// Sends health checks to providers, independently of calls; none = never.
    #[serde(default, with = "words::section")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<HealthCheck>"))]
    pub health_check: Option<HealthCheck>,
    /// A second attempt while the first is in flight; none = never.
    #[serde(default, with = "words::section")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<Hedge>"))]
    pub hedge: Option<Hedge>,
    /// How many requests and tokens the client sends to each provider, whatever the provider's own
    /// limits are.
    #[serde(default)]
    pub limit: Limit,
    /// Refuses attempts locally that a provider is likely to reject; none = never.
    #[serde(default, with = "words::section")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<Throttle>"))]
    pub throttle: Option<Throttle>,
    /// Calls that wait until a provider has room for them; none = they fail.
    #[serde(default, with = "words::section")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<Queue>"))]
    pub queue: Option<Queue>,
    /// What all calls of one client together may cost; none = no limit. Each process keeps its own
    /// account: four of them may spend four times as much.
    #[serde(default, with = "words::section")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<Spend>"))]
    pub spend: Option<Spend>,
    /// What to do about each class of failure; classes left out have `FailureClass::action`.
    /// A status (`502: fallback`) takes precedence over the class of its failure.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(with = "schema::ByClassOrStatus<Action>"))]
    pub failures: Failures,
    /// Settings that differ at single providers.
    #[serde(default)]
    pub overrides: Overrides,
    /// Defects and habits of another client, which only the simulator honours.
    #[serde(default, skip_serializing_if = "Quirks::is_empty")]
    #[cfg_attr(feature = "cli", schemars(with = "Vec<Quirk>"))]
    pub quirks: Quirks,
}

/// Settings of single providers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Overrides {
    /// By the provider's position in the fleet; the last repeats.
    pub by_position: Vec<ProviderOverride>,
    /// By the provider's name; they win over `by_position`.
    pub by_name: BTreeMap<String, ProviderOverride>,
}

/// Settings of one provider that differ from the policy's own. What is left out is the policy's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ProviderOverride {
    /// Timeouts; each that is left out is the policy's. `call` cannot differ.
    pub timeouts: TimeoutsOverride,
    /// Attempts per call at this provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_attempts_per_provider: Option<u32>,
    /// The wait before a return to this provider; what it leaves out is the policy's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "cli", schemars(with = "Option<Backoff>"))]
    pub backoff: Option<BackoffOverride>,
    /// This provider's breaker; what it leaves out is the policy's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "cli", schemars(with = "Option<Breaker>"))]
    pub breaker: Option<BreakerOverride>,
    /// This provider's limits; what it leaves out is the policy's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "cli", schemars(with = "Option<Limit>"))]
    pub limit: Option<LimitOverride>,
    /// Its share of the calls under `weighted`, relative to the other weights; 1 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// Providers with a lower number are tried before those with a higher one; the strategy orders
    /// those with the same number; 0 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_group: Option<u32>,
}

/// Timeouts of one provider; none = the policy's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct TimeoutsOverride {
    /// As [`Timeouts::connect`].
    #[serde(with = "duration::option", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "cli", schemars(with = "Option<written::Length>"))]
    pub connect: Option<Duration>,
    /// As [`Timeouts::first_token`].
    #[serde(with = "duration::option", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "cli", schemars(with = "Option<written::Length>"))]
    pub first_token: Option<Duration>,
    /// As [`Timeouts::idle`].
    #[serde(with = "duration::option", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "cli", schemars(with = "Option<written::Length>"))]
    pub idle: Option<Duration>,
    /// As [`Timeouts::attempt`].
    #[serde(with = "duration::option", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "cli", schemars(with = "Option<written::Length>"))]
    pub attempt: Option<Duration>,
}

impl Overrides {
    /// Every override, with the keys that lead to it in a policy file.
    pub(crate) fn iter(&self) -> impl Iterator<Item = ([String; 3], &ProviderOverride)> {
        let path = |key: &str, place: String| ["overrides".to_owned(), key.to_owned(), place];
        let by_position = self.by_position.iter().enumerate();
        let by_position =
            by_position.map(move |(at, written)| (path("by_position", at.to_string()), written));
        let by_name = self.by_name.iter();
        let by_name = by_name.map(move |(name, written)| (path("by_name", name.clone()), written));
        by_position.chain(by_name)
    }
}

impl Policy {
    /// A policy with every mechanism switched on, with its default settings.
    pub(crate) fn everything() -> Self {
        let (name, about) = (String::new(), String::new());
        Self {
            name,
            about,
            allow: Vec::new(),
            route: Route::default().all_on(),
            retry: Retry::default().all_on(),
            hints: Hints::default(),
            timeouts: Timeouts::default(),
            streams: Streams::default(),
            breaker: None.all_on(),
            outlier: None.all_on(),
            health_check: None.all_on(),
            hedge: None.all_on(),
            limit: Limit::default().all_on(),
            throttle: None.all_on(),
            queue: None.all_on(),
            spend: None.all_on(),
            failures: Failures::default(),
            overrides: Overrides::default(),
            quirks: Quirks::default(),
        }
    }

    /// Every number of its own sections (not of overrides), in the order of a policy file.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        self.route.rows(&["route"], &mut rows);
        self.retry.rows(&["retry"], &mut rows);
        self.hints.rows(&["hints"], &mut rows);
        self.timeouts.rows(&["timeouts"], &mut rows);
        self.streams.rows(&["streams"], &mut rows);
        self.breaker.rows(&["breaker"], &mut rows);
        self.outlier.rows(&["outlier"], &mut rows);
        self.health_check.rows(&["health_check"], &mut rows);
        self.hedge.rows(&["hedge"], &mut rows);
        self.limit.rows(&["limit"], &mut rows);
        self.throttle.rows(&["throttle"], &mut rows);
        self.queue.rows(&["queue"], &mut rows);
        self.spend.rows(&["spend"], &mut rows);
        rows
    }
}

//! The policy file as types: how a client decides, and nothing about whom it calls.
//!
//! Every tunable has a default, a range, a scale and a reason, in one table ([`KNOBS`]), from
//! which checks and documents derive. Mechanisms read these types; they never read files.
//! Serialized, a policy shows every setting with its unit, and can be read again.

mod attempts;
mod checks;
mod failures;
mod health;
mod knobs;
mod load;
mod route;
#[cfg(feature = "cli")]
mod schema;
mod words;

pub use attempts::{
    AboveMax, Backoff, Budget, Hedge, HedgeDelay, HintMode, Hints, Jitter, Retry, Streams, Timeouts,
};
pub use health::{Breaker, CheckTargets, HealthCheck, Open, Outlier, SlowStart};
pub use knobs::{KNOBS, Knob, KnobKind, Scale};
pub use load::{Adaptive, Limit, Queue, Spend, Throttle, WhenFull};
pub use route::{Affinity, Route, Score, Strategy, Task};
#[cfg(feature = "cli")]
pub use schema::schema;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::classify::{Action, FailureClass};
use crate::text::units::duration;
#[cfg(feature = "cli")]
use crate::text::units::written;
use crate::text::{Diagnostic, Document};

/// The name by which a scenario's expectations mean every policy; none is called so.
pub const EVERY: &str = "every";

/// A policy: how the client decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Equals the stem of its file.
    pub name: String,
    /// One or two sentences for whoever chooses between policies.
    #[serde(default)]
    pub about: String,
    /// How the next provider is chosen.
    #[serde(default)]
    pub route: Route,
    /// How often, and after what wait, a call tries again.
    #[serde(default)]
    pub retry: Retry,
    /// What the client makes of a server's hint to wait.
    #[serde(default)]
    pub hints: Hints,
    /// How long the client waits for what.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// How streamed answers reach their caller.
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
    /// Asks providers how they are, apart from any call; none = never.
    #[serde(default, with = "words::section")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<HealthCheck>"))]
    pub health_check: Option<HealthCheck>,
    /// A second attempt while the first is in flight; none = never.
    #[serde(default, with = "words::section")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<Hedge>"))]
    pub hedge: Option<Hedge>,
    /// How much the client asks of each provider, whatever the provider would take.
    #[serde(default)]
    pub limit: Limit,
    /// Refuses locally what a provider is bound to reject; none = never.
    #[serde(default, with = "words::section")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<Throttle>"))]
    pub throttle: Option<Throttle>,
    /// Calls that wait until a provider has room for them; none = they fail.
    #[serde(default, with = "words::section")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<Queue>"))]
    pub queue: Option<Queue>,
    /// What all calls together may cost; none = whatever they cost.
    #[serde(default, with = "words::section")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<Spend>"))]
    pub spend: Option<Spend>,
    /// What to do about each class of failure; classes left out have [`FailureClass::action`].
    #[serde(default, with = "failures")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::ByClass<Action>"))]
    pub failures: BTreeMap<FailureClass, Action>,
    /// Settings by the provider's position in the fleet; the last repeats.
    #[serde(default)]
    pub tiers: Vec<Tier>,
    /// Settings by the provider's name; they win over `tiers`.
    #[serde(default)]
    pub by_name: BTreeMap<String, Tier>,
}

/// Settings of one provider that differ from the policy's own. What is left out is the policy's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Tier {
    /// Timeouts; each that is left out is the policy's. `call` is not a provider's matter.
    pub timeouts: TierTimeouts,
    /// Attempts per call at this provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_attempts_per_provider: Option<u32>,
    /// The wait before a return to this provider; what it leaves out has the general default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Backoff>,
    /// This provider's breaker; what it leaves out has the general default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaker: Option<Breaker>,
    /// This provider's limits; what it leaves out has the general default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// Its share of the calls under `weighted`, beside the others' weights; 1 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// Providers of a lower number are asked before those of a higher one, and the strategy orders
    /// those of one number; 0 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_group: Option<u32>,
}

/// Timeouts of one provider; none = the policy's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct TierTimeouts {
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

impl Policy {
    /// The policy in the file at `path`, whose stem is the policy's name.
    pub fn read(path: &Path) -> Result<Self, Diagnostic> {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy());
        Self::from_document(&Document::read(path)?, stem.as_deref())
    }

    /// The policy in `text`; problems call it `name`.
    pub fn parse(name: &str, text: &str) -> Result<Self, Diagnostic> {
        Self::from_document(&Document::parse(name, text)?, None)
    }

    /// The policy in `document`, checked; its name must be `expected_stem` where there is one.
    pub fn from_document(
        document: &Document,
        expected_stem: Option<&str>,
    ) -> Result<Self, Diagnostic> {
        let policy: Self = document.decode()?;
        checks::check(&policy, document, expected_stem)?;
        Ok(policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop, prop_assert_eq, proptest};
    use proptest::strategy::Strategy as _;

    /// A policy with every mechanism on, as its defaults have it.
    const EVERYTHING: &str = "name: p\nroute: { slow_start: {} }\nretry: { budget: {} }\n\
        breaker: {}\noutlier: {}\nhealth_check: {}\nhedge: {}\nlimit: { adaptive: {} }\n\
        throttle: {}\nqueue: {}\nspend: {}\n";

    fn policy(text: &str) -> Policy {
        Policy::parse("p.yaml", text).unwrap()
    }

    #[test]
    fn a_policy_that_says_nothing_has_the_defaults_of_the_table() {
        assert_eq!(policy("name: p\n").breaker, None);
        let settings = serde_json::to_value(policy(EVERYTHING)).unwrap();
        for tunable in KNOBS {
            let pointer = format!("/{}", tunable.path.replace('.', "/"));
            let found = settings.pointer(&pointer).expect(tunable.path);
            let found = found.as_str().map_or(found.to_string(), str::to_owned);
            assert_eq!(found, tunable.default, "{}", tunable.path);
            let value = tunable.measure(tunable.default);
            assert!(
                value.is_none_or(|value| tunable.allows(value)),
                "{}",
                tunable.path
            );
            assert!(tunable.reason.ends_with('.'), "{}", tunable.path);
        }
    }

    #[test]
    fn every_number_of_a_policy_is_in_the_table() {
        fn count(value: &serde_json::Value) -> usize {
            match value {
                serde_json::Value::Object(map) => map.values().map(count).sum(),
                _ => 1,
            }
        }
        let settings = serde_json::to_value(policy(EVERYTHING)).unwrap();
        let words = [
            "name",
            "about",
            "route.strategy",
            "route.affinity",
            "retry.backoff.jitter",
            "hints.retry_after",
            "hints.should_retry",
            "hints.above_max",
            "breaker.open.jitter",
            "breaker.open.hint",
            "health_check.targets",
            "hedge.delay",
            "limit.when_full",
            "tiers",
        ];
        assert_eq!(count(&settings), KNOBS.len() + words.len());
    }

    #[test]
    fn a_class_beside_its_group_wins_wherever_it_stands() {
        for text in [
            "name: p\nfailures: { timeout: fallback, timeout_idle: stop }\n",
            "name: p\nfailures: { timeout_idle: stop, timeout: fallback }\n",
        ] {
            let failures = policy(text).failures;
            assert_eq!(failures[&FailureClass::TimeoutIdle], Action::Stop);
            assert_eq!(failures[&FailureClass::TimeoutConnect], Action::Fallback);
            assert_eq!(failures.len(), 4);
        }
    }

    #[test]
    fn settings_by_position_and_by_name_are_read() {
        let policy = policy(
            "name: p\n\
             tiers: [ { timeouts: { attempt: 30s } }, { breaker: { max_probes: 2 } } ]\n\
             by_name: { kimi: { backoff: { base: 1s } } }\n",
        );
        assert_eq!(
            policy.tiers[0].timeouts.attempt,
            Some(Duration::from_secs(30))
        );
        assert_eq!(policy.tiers[1].breaker.as_ref().unwrap().max_probes, 2);
        let backoff = policy.by_name["kimi"].backoff.as_ref().unwrap();
        assert_eq!(
            (backoff.base, backoff.factor_milli),
            (Duration::from_secs(1), 2_000)
        );
    }

    #[test]
    fn what_is_set_on_top_of_a_file_counts_and_is_checked() {
        let text = "name: p\nretry: { max_attempts: 2 }\n";
        let mut document = Document::parse("p.yaml", text).unwrap();
        document.set("retry.max_attempts", "5").unwrap();
        document.set("timeouts.call", "1m30s").unwrap();
        let policy = Policy::from_document(&document, Some("p")).unwrap();
        assert_eq!(policy.retry.max_attempts, 5);
        assert_eq!(policy.timeouts.call, Some(Duration::from_secs(90)));
        document.set("retry.max_attempts", "0").unwrap();
        let problem = Policy::from_document(&document, Some("p")).unwrap_err();
        assert_eq!((problem.file(), problem.column()), ("command line", 26));
    }

    fn tiers() -> impl proptest::strategy::Strategy<Value = Tier> {
        let length = || prop::option::of((1_u64..86_400_000).prop_map(Duration::from_millis));
        (
            length(),
            length(),
            prop::option::of(1_u32..100),
            any::<bool>(),
        )
            .prop_map(|(connect, idle, per_provider, breaker)| Tier {
                timeouts: TierTimeouts {
                    connect,
                    idle,
                    ..TierTimeouts::default()
                },
                max_attempts_per_provider: per_provider,
                backoff: per_provider.map(|_| Backoff::default()),
                breaker: breaker.then(Breaker::default),
                limit: breaker.then(Limit::default),
                weight: per_provider,
                priority_group: None,
            })
    }

    proptest! {
        #[test]
        fn a_policy_that_is_shown_can_be_read_again(
            attempts in 1_u32..=100,
            base in 1_u64..=8_000,
            factor_milli in 1_000_u64..=10_000,
            call in prop::option::of(1_u64..86_400_000),
            guarded: bool,
            action in 0..18_usize,
            tiers in prop::collection::vec(tiers(), 0..3),
        ) {
            let mut policy = policy("name: p\nabout: 'none: #1'\n");
            policy.retry.max_attempts = attempts;
            policy.retry.backoff.base = Duration::from_millis(base);
            policy.retry.backoff.factor_milli = factor_milli;
            policy.timeouts.call = call.map(Duration::from_millis);
            policy.breaker = guarded.then(Breaker::default);
            policy.failures.insert(FailureClass::ALL[action], Action::Stop);
            if let Some(tier) = tiers.first() {
                policy.by_name.insert("a b: {".to_owned(), tier.clone());
            }
            policy.tiers = tiers;
            let shown = serde_json::to_string_pretty(&policy).unwrap();
            prop_assert_eq!(Policy::parse("p.yaml", &shown).unwrap(), policy);
        }
    }
}

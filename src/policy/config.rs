//! The policy file as types: how a client decides, and nothing about whom it calls.
//!
//! Every tunable has a default, a range, a scale and a reason, in one table ([`TUNABLES`]), from
//! which checks and documents derive. Mechanisms read these types; they never read files.
//! Serialized, a policy shows every setting with its unit, and can be read again.

mod checks;
mod failures;
#[cfg(feature = "cli")]
mod schema;
mod tunables;
mod words;

#[cfg(feature = "cli")]
pub use schema::schema;
pub use tunables::{Kind, Scale, TUNABLES, Tunable};

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::classify::{Action, FailureClass};
#[cfg(feature = "cli")]
use crate::text::units::written;
use crate::text::units::{duration, factor};
use crate::text::{Document, Problem};

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
    /// The breaker of each provider; none = never refuse.
    #[serde(default, with = "words::breaker")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::BreakerOrNone"))]
    pub breaker: Option<Breaker>,
    /// What to do about each class of failure; classes left out have [`FailureClass::action`].
    #[serde(default, with = "failures")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::Actions"))]
    pub failures: BTreeMap<FailureClass, Action>,
    /// Settings by the provider's position in the fleet; the last repeats.
    #[serde(default)]
    pub tiers: Vec<Tier>,
    /// Settings by the provider's name; they win over `tiers`.
    #[serde(default)]
    pub by_name: BTreeMap<String, Tier>,
}

/// How the next provider is chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Route {
    /// The order in which providers are asked.
    pub strategy: Strategy,
}

/// The order in which providers are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Always the first of the fleet that will take the attempt.
    Priority,
    /// In turns.
    RoundRobin,
}

/// How often, and after what wait, a call tries again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// Attempts in total, per call.
    pub attempts: u32,
    /// Attempts per call at one provider.
    pub per_provider: u32,
    /// The wait before a provider that this call has already tried.
    pub backoff: Backoff,
}

/// The wait before the n-th return to a provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Backoff {
    /// The first wait.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub base: Duration,
    /// Each further wait is this many times the one before, in thousandths (2000 = twice).
    #[serde(rename = "factor", with = "factor")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Factor"))]
    pub factor_milli: u64,
    /// No wait is longer, jitter included.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub cap: Duration,
    /// How the wait is spread.
    pub jitter: Jitter,
}

/// How a wait `w` is spread, so that clients do not come back all at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Jitter {
    /// `w`.
    None,
    /// Even over `w` x 0.5 to `w` x 1.5.
    Proportional,
    /// Even over 0 to `w`.
    Full,
    /// Even over `w` / 2 to `w`.
    Equal,
    /// Even over `base` to three times the previous wait (Brooker, AWS 2015).
    Decorrelated,
}

/// What the client makes of a server's hint to wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Hints {
    /// Whether Retry-After and its kin are honoured.
    pub retry_after: RetryAfter,
    /// The longest hint that is waited for.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub cap: Duration,
    /// What to do about a longer one, or one that outlasts the call.
    pub beyond: Beyond,
}

/// Whether a hint is honoured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// The wait is the hint, when there is one.
    Honour,
    /// The hint is not read.
    Ignore,
}

/// What to do about a hint beyond the cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Beyond {
    /// Go to another provider instead of waiting.
    Fallback,
    /// End the call.
    Stop,
}

/// How long the client waits for what; none = for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// For a connection.
    #[serde(with = "words::timeout")]
    #[cfg_attr(feature = "cli", schemars(with = "written::LengthOrNone"))]
    pub connect: Option<Duration>,
    /// For the first token of a streamed answer, from the attempt's start.
    #[serde(with = "words::timeout")]
    #[cfg_attr(feature = "cli", schemars(with = "written::LengthOrNone"))]
    pub first_token: Option<Duration>,
    /// For the next token of a streamed answer.
    #[serde(with = "words::timeout")]
    #[cfg_attr(feature = "cli", schemars(with = "written::LengthOrNone"))]
    pub idle: Option<Duration>,
    /// For the whole attempt.
    #[serde(with = "words::timeout")]
    #[cfg_attr(feature = "cli", schemars(with = "written::LengthOrNone"))]
    pub attempt: Option<Duration>,
    /// For the whole call.
    #[serde(with = "words::timeout")]
    #[cfg_attr(feature = "cli", schemars(with = "written::LengthOrNone"))]
    pub call: Option<Duration>,
}

/// When a provider is refused, and how it comes back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Breaker {
    /// Opens after this many failures in a row.
    pub consecutive: u32,
    /// How long it stays open.
    pub open: Open,
    /// Probes in flight at a time while half-open.
    pub probes: u32,
    /// Probes in a row that must succeed to close.
    pub close_after: u32,
}

/// How long a breaker stays open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Open {
    /// The first time, and (so far) every time.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub first: Duration,
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
    pub per_provider: Option<u32>,
    /// The wait before a return to this provider; what it leaves out has the general default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Backoff>,
    /// This provider's breaker; what it leaves out has the general default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaker: Option<Breaker>,
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
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy());
        Self::from_document(&Document::read(path)?, stem.as_deref())
    }

    /// The policy in `text`; problems call it `name`.
    pub fn parse(name: &str, text: &str) -> Result<Self, Problem> {
        Self::from_document(&Document::parse(name, text)?, None)
    }

    /// The policy in `document`, checked; its name must be `expected_stem` where there is one.
    pub fn from_document(
        document: &Document,
        expected_stem: Option<&str>,
    ) -> Result<Self, Problem> {
        let policy: Self = document.decode()?;
        checks::check(&policy, document, expected_stem)?;
        Ok(policy)
    }
}

// The defaults below are those of `TUNABLES`; a test holds them together.

impl Default for Route {
    fn default() -> Self {
        Self {
            strategy: Strategy::Priority,
        }
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            per_provider: 2,
            backoff: Backoff::default(),
        }
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(500),
            factor_milli: 2_000,
            cap: Duration::from_secs(8),
            jitter: Jitter::Full,
        }
    }
}

impl Default for Hints {
    fn default() -> Self {
        Self {
            retry_after: RetryAfter::Honour,
            cap: Duration::from_secs(60),
            beyond: Beyond::Fallback,
        }
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            consecutive: 5,
            open: Open::default(),
            probes: 1,
            close_after: 1,
        }
    }
}

impl Default for Open {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(30),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop, prop_assert_eq, proptest};
    use proptest::strategy::Strategy as _;

    fn policy(text: &str) -> Policy {
        Policy::parse("p.yaml", text).unwrap()
    }

    #[test]
    fn a_policy_that_says_nothing_has_the_defaults_of_the_table() {
        assert_eq!(policy("name: p\n").breaker, None);
        let settings = serde_json::to_value(policy("name: p\nbreaker: {}\n")).unwrap();
        for tunable in TUNABLES {
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
        let settings = serde_json::to_value(policy("name: p\nbreaker: {}\n")).unwrap();
        let words = [
            "name",
            "about",
            "strategy",
            "jitter",
            "retry_after",
            "beyond",
            "tiers",
        ];
        assert_eq!(count(&settings), TUNABLES.len() + words.len());
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
             tiers: [ { timeouts: { attempt: 30s } }, { breaker: { probes: 2 } } ]\n\
             by_name: { kimi: { backoff: { base: 1s } } }\n",
        );
        assert_eq!(
            policy.tiers[0].timeouts.attempt,
            Some(Duration::from_secs(30))
        );
        assert_eq!(policy.tiers[1].breaker.as_ref().unwrap().probes, 2);
        let backoff = policy.by_name["kimi"].backoff.as_ref().unwrap();
        assert_eq!(
            (backoff.base, backoff.factor_milli),
            (Duration::from_secs(1), 2_000)
        );
    }

    #[test]
    fn what_is_set_on_top_of_a_file_counts_and_is_checked() {
        let text = "name: p\nretry: { attempts: 2 }\n";
        let mut document = Document::parse("p.yaml", text).unwrap();
        document.set("retry.attempts", "5").unwrap();
        document.set("timeouts.call", "1m30s").unwrap();
        let policy = Policy::from_document(&document, Some("p")).unwrap();
        assert_eq!(policy.retry.attempts, 5);
        assert_eq!(policy.timeouts.call, Some(Duration::from_secs(90)));
        document.set("retry.attempts", "0").unwrap();
        let problem = Policy::from_document(&document, Some("p")).unwrap_err();
        assert_eq!((problem.file(), problem.column()), ("command line", 22));
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
                per_provider,
                backoff: per_provider.map(|_| Backoff::default()),
                breaker: breaker.then(Breaker::default),
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
            policy.retry.attempts = attempts;
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

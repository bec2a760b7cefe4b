//! The policy as a file: reads and checks it, and holds the presets.
//!
//! - [`KNOBS`]: every number that a policy can set, with default, range and reason.
//! - `checks`: errors in a file whose keys and units are all valid.
//! - `lint`: warnings about valid settings that probably do not do what the author means.
//! - [`presets`]: the policies that are compiled in.
//!
//! [`crate::policy`] defines what the settings do, and reads no files.

mod checks;
mod knobs;
pub(crate) mod lint;
pub mod presets;
#[cfg(feature = "cli")]
mod schema;

use std::path::Path;

pub use knobs::{KNOBS, Knob, Scale};
pub(crate) use knobs::{read_amount, write_amount};
#[cfg(feature = "cli")]
pub use schema::schema;

use crate::policy::config::Policy;
use crate::text::{Diagnostic, Document};

impl Policy {
    /// The policy in the file at `path`; its stem must be the policy's name.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Diagnostic> {
        let path = path.as_ref();
        let stem = path.file_stem().map(|stem| stem.to_string_lossy());
        Self::from_document(&Document::read(path)?, stem.as_deref())
    }

    /// The policy in `text`; diagnostics call it `name`.
    pub fn parse(name: &str, text: &str) -> Result<Self, Diagnostic> {
        Self::from_document(&Document::parse(name, text)?, None)
    }

    /// The policy in `document`, checked; its name must be `expected_stem` where there is one.
    pub fn from_document(
        document: &Document,
        expected_stem: Option<&str>,
    ) -> Result<Self, Diagnostic> {
        document.read_whole(&|document, findings| {
            let policy = document.read_on(findings)?;
            checks::check(&policy, document, expected_stem, findings);
            Some(policy)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::classify::{Action, FailureClass};
    use crate::policy::config::{
        Backoff, Breaker, Limit, Overrides, ProviderOverride, TimeoutsOverride,
    };
    use crate::policy::settings::Settings;
    use crate::units::{Factor, Share};
    use proptest::prelude::{any, prop, prop_assert_eq, proptest};
    use proptest::strategy::Strategy as _;
    use std::time::Duration;

    fn policy(text: &str) -> Policy {
        Policy::parse("p.yaml", text).unwrap()
    }

    #[test]
    fn a_policy_that_says_nothing_has_the_defaults_of_the_rows() {
        assert_eq!(policy("name: p\n").breaker, None);
        let everything = Policy::everything();
        assert!(everything.rows().iter().all(knobs::is_allowed));
        let settings = serde_json::to_value(&everything).unwrap();
        for knob in KNOBS.iter() {
            let pointer = format!("/{}", knob.path.replace('.', "/"));
            let found = settings.pointer(&pointer).expect(&knob.path);
            let found = found.as_str().map_or(found.to_string(), str::to_owned);
            assert_eq!(found, knob.default, "{}", knob.path);
            for end in [knob.range.0, knob.range.1] {
                assert!(knob.measure(end).is_some(), "{}: {end}", knob.path);
            }
            assert!(knob.reason.ends_with('.'), "{}", knob.path);
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
        let settings = serde_json::to_value(Policy::everything()).unwrap();
        let words = [
            "name",
            "about",
            "route.strategy",
            "route.affinity",
            "route.small_context",
            "retry.backoff.jitter",
            "hints.retry_after",
            "hints.should_retry",
            "hints.above_max",
            "breaker.count_slow",
            "breaker.open.jitter",
            "breaker.open.hint",
            "health_check.targets",
            "hedge.delay",
            "limit.when_full",
            "queue.when_unavailable",
            "overrides.by_position",
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
            assert_eq!(
                failures.get(&FailureClass::TimeoutIdle).copied().unwrap(),
                Action::Stop
            );
            assert_eq!(
                failures
                    .get(&FailureClass::TimeoutConnect)
                    .copied()
                    .unwrap(),
                Action::Fallback
            );
            assert_eq!(failures.len(), 4);
        }
    }

    #[test]
    fn settings_by_position_and_by_name_are_read() {
        let policy = policy(
            "name: p\n\
             overrides:\n  \
               by_position: [ { timeouts: { attempt: 30s } }, { breaker: { max_probes: 2 } } ]\n  \
               by_name: { kimi: { backoff: { base: 1s } } }\n",
        );
        let Overrides {
            by_position,
            by_name,
        } = &policy.overrides;
        let attempt = by_position[0].timeouts.attempt;
        assert_eq!(attempt, Some(Duration::from_secs(30)));
        let breaker = by_position[1].breaker.as_ref().unwrap();
        assert_eq!(breaker.max_probes, Some(2));
        let backoff = by_name["kimi"].backoff.as_ref().unwrap();
        assert_eq!(
            (backoff.base, backoff.factor),
            (Some(Duration::from_secs(1)), None)
        );
    }

    #[test]
    fn an_override_keeps_what_it_does_not_write() {
        let text = "name: p\nbreaker: { min_success_rate: 80%, open: { initial: 5s, max: 9s } }\n\
            retry: { backoff: { base: 1s, max: 3s } }\nlimit: { rpm: 600, adaptive: { min: 5 } }\n\
            overrides:\n  by_position:\n  - breaker: { open: { initial: 7s } }\n    \
            backoff: { jitter: none }\n  by_name:\n    \
            a: { breaker: { consecutive_failures: 3 }, limit: { adaptive: none } }\n    \
            b: { limit: { adaptive: { start: 9 } } }\n";
        let policy = policy(text);
        let [a, b] = ["a", "b"].map(|name| Settings::resolve(&policy, 0, name));
        let breaker = a.breaker.as_ref().unwrap();
        assert_eq!(breaker.consecutive_failures, Some(3));
        assert_eq!(breaker.min_success_rate, Some(Share::percent(80)));
        assert_eq!(breaker.open.initial, Duration::from_secs(7));
        assert_eq!(breaker.open.max, Duration::from_secs(9));
        assert_eq!(a.backoff.base, Duration::from_secs(1));
        assert_eq!((a.limit.rpm, a.limit.adaptive), (Some(600), None));
        let adaptive = b.limit.adaptive.unwrap();
        assert_eq!((adaptive.min, adaptive.start), (5, 9));
    }

    #[test]
    fn an_override_starts_from_the_defaults_where_the_policy_has_no_breaker() {
        let text = "name: p\noverrides: { by_position: [ { breaker: { max_probes: 2 } } ] }\n";
        let policy = policy(text);
        let expected = Breaker {
            max_probes: 2,
            ..Breaker::default()
        };
        assert_eq!(Settings::resolve(&policy, 0, "a").breaker, Some(expected));
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

    fn overrides() -> impl proptest::strategy::Strategy<Value = ProviderOverride> {
        let length = || prop::option::of((1_u64..86_400_000).prop_map(Duration::from_millis));
        (
            length(),
            length(),
            prop::option::of(1_u32..100),
            any::<bool>(),
        )
            .prop_map(|(connect, idle, per_provider, breaker)| ProviderOverride {
                timeouts: TimeoutsOverride {
                    connect,
                    idle,
                    ..TimeoutsOverride::default()
                },
                max_attempts_per_provider: per_provider,
                backoff: per_provider.map(|_| Backoff::default().into()),
                breaker: breaker.then(|| Breaker::default().into()),
                limit: breaker.then(|| Limit::default().into()),
                weight: per_provider,
                priority_group: None,
            })
    }

    proptest! {
        #[test]
        fn a_policy_that_is_shown_can_be_read_again(
            attempts in 1_u32..=100,
            base in 1_u64..=8_000,
            factor in 1_000_u64..=10_000,
            call in prop::option::of(1_u64..86_400_000),
            guarded: bool,
            action in 0..18_usize,
            by_position in prop::collection::vec(overrides(), 0..3),
        ) {
            let mut policy = policy("name: p\nabout: 'none: #1'\n");
            policy.retry.max_attempts = attempts;
            policy.retry.backoff.base = Duration::from_millis(base);
            policy.retry.backoff.factor = Factor::milli(factor);
            policy.timeouts.call = call.map(Duration::from_millis);
            policy.breaker = guarded.then(Breaker::default);
            policy.failures.insert(FailureClass::ALL[action], Action::Stop);
            if let Some(first) = by_position.first() {
                policy.overrides.by_name.insert("a b: {".to_owned(), first.clone());
            }
            policy.overrides.by_position = by_position;
            let shown = serde_json::to_string_pretty(&policy).unwrap();
            prop_assert_eq!(Policy::parse("p.yaml", &shown).unwrap(), policy);
        }
    }
}

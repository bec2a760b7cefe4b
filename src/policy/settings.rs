//! The settings of one provider: the policy, with the overrides by its position and its name
//! applied.
//!
//! The name takes precedence over the position, and either over the policy, field by field.

use super::config::{
    Backoff, Breaker, Limit, Overridable as _, Policy, ProviderOverride, Retry, Row, Setting as _,
    Timeouts, TimeoutsOverride,
};

/// The settings of one provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The timeouts. `call` is the policy's, since an override cannot set it.
    pub timeouts: Timeouts,
    /// Attempts per call at this provider, at least 1.
    pub max_attempts: u32,
    /// The wait before a retry at this provider.
    pub backoff: Backoff,
    /// When this provider is refused; none = never.
    pub breaker: Option<Breaker>,
    /// The client's own limits at it.
    pub limit: Limit,
    /// Its share of the calls under `weighted`, relative to the other weights.
    pub weight: u32,
    /// Providers with a lower number are tried before it.
    pub priority_group: u32,
}

impl Settings {
    /// The settings of the provider of this name at this position (from 0) under `policy`.
    pub(crate) fn resolve(policy: &Policy, position: usize, name: &str) -> Self {
        let mut settings = Self::of(policy);
        let overrides = &policy.overrides;
        let by_position = overrides.by_position.get(position);
        let by_position = by_position.or(overrides.by_position.last());
        let by_name = overrides.by_name.get(name);
        for written in [by_position, by_name].into_iter().flatten() {
            settings.overlay(written);
        }
        settings.max_attempts = settings.max_attempts.max(1);
        settings
    }

    /// The settings of a provider without overrides.
    pub fn of(policy: &Policy) -> Self {
        Self {
            timeouts: policy.timeouts,
            max_attempts: policy.retry.max_attempts_per_provider,
            backoff: policy.retry.backoff.clone(),
            breaker: policy.breaker.clone(),
            limit: policy.limit.clone(),
            weight: 1,
            priority_group: 0,
        }
    }

    /// Applies an override.
    pub(crate) fn overlay(&mut self, written: &ProviderOverride) {
        overlay_timeouts(&mut self.timeouts, &written.timeouts);
        if let Some(attempts) = written.max_attempts_per_provider {
            self.max_attempts = attempts;
        }
        if let Some(backoff) = &written.backoff {
            self.backoff.overlay(backoff);
        }
        if let Some(breaker) = &written.breaker {
            self.breaker.get_or_insert_default().overlay(breaker);
        }
        if let Some(limit) = &written.limit {
            self.limit.overlay(limit);
        }
        self.weight = written.weight.unwrap_or(self.weight);
        self.priority_group = written.priority_group.unwrap_or(self.priority_group);
    }

    /// The numbers among the settings, with their paths in an override.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        self.timeouts.rows(&["timeouts"], &mut rows);
        let retry = Retry {
            max_attempts_per_provider: self.max_attempts,
            backoff: self.backoff.clone(),
            ..Retry::default()
        };
        retry.rows(&[], &mut rows);
        self.breaker.rows(&["breaker"], &mut rows);
        self.limit.rows(&["limit"], &mut rows);
        rows
    }
}

fn overlay_timeouts(timeouts: &mut Timeouts, written: &TimeoutsOverride) {
    timeouts.connect = written.connect.or(timeouts.connect);
    timeouts.first_token = written.first_token.or(timeouts.first_token);
    timeouts.idle = written.idle.or(timeouts.idle);
    timeouts.attempt = written.attempt.or(timeouts.attempt);
}

#[cfg(test)]
mod tests {
    use super::super::config::Open;
    use super::super::fleet::tests::policy;
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_last_position_repeats() {
        let mut policy = policy();
        policy.overrides.by_position = vec![attempts(2), attempts(5)];
        let resolved: Vec<_> = (0..4)
            .map(|position| Settings::resolve(&policy, position, "any").max_attempts)
            .collect();
        assert_eq!(resolved, [2, 5, 5, 5]);
    }

    #[test]
    fn the_name_wins_over_the_position_field_by_field() {
        let mut policy = policy();
        policy.overrides.by_position = vec![ProviderOverride {
            timeouts: TimeoutsOverride {
                connect: Some(Duration::from_secs(1)),
                attempt: Some(Duration::from_secs(2)),
                ..TimeoutsOverride::default()
            },
            ..attempts(2)
        }];
        policy.overrides.by_name.insert(
            "a".into(),
            ProviderOverride {
                timeouts: TimeoutsOverride {
                    attempt: Some(Duration::from_secs(3)),
                    ..TimeoutsOverride::default()
                },
                ..ProviderOverride::default()
            },
        );
        let settings = Settings::resolve(&policy, 0, "a");
        assert_eq!(settings.timeouts.attempt, Some(Duration::from_secs(3)));
        assert_eq!(settings.timeouts.connect, Some(Duration::from_secs(1)));
        assert_eq!(settings.max_attempts, 2);
        let other = Settings::resolve(&policy, 0, "b");
        assert_eq!(other.timeouts.attempt, Some(Duration::from_secs(2)));
    }

    #[test]
    fn every_provider_may_be_asked_once() {
        let mut policy = policy();
        policy.retry.max_attempts_per_provider = 0;
        assert_eq!(Settings::resolve(&policy, 0, "any").max_attempts, 1);
    }

    #[test]
    fn without_overrides_the_policy_holds() {
        let policy = policy();
        let settings = Settings::resolve(&policy, 7, "any");
        assert_eq!(settings.timeouts, policy.timeouts);
        assert_eq!(settings.backoff, policy.retry.backoff);
        assert_eq!(settings.breaker, policy.breaker);
    }

    #[test]
    fn an_override_may_bring_a_breaker_and_a_backoff_of_its_own() {
        let mut policy = policy();
        let mut backoff = policy.retry.backoff.clone();
        backoff.base = Duration::from_secs(9);
        let breaker = Breaker {
            consecutive_failures: Some(9),
            open: Open {
                initial: Duration::from_secs(9),
                ..Open::default()
            },
            ..Breaker::default()
        };
        policy.overrides.by_position = vec![ProviderOverride {
            backoff: Some(backoff.clone().into()),
            breaker: Some(breaker.clone().into()),
            ..ProviderOverride::default()
        }];
        let settings = Settings::resolve(&policy, 0, "any");
        assert_eq!(
            (settings.backoff, settings.breaker),
            (backoff, Some(breaker))
        );
    }

    fn attempts(max: u32) -> ProviderOverride {
        ProviderOverride {
            max_attempts_per_provider: Some(max),
            ..ProviderOverride::default()
        }
    }
}

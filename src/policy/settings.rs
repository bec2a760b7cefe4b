//! What holds at one provider: the policy, overlaid by its position in the fleet and its name.
//!
//! The name wins over the position, and either over the policy, field by field. What each field
//! does is decided by whoever reads it.

use super::config::{
    Backoff, Breaker, Limit, Overridable as _, Policy, Retry, Row, Setting as _, Tier,
    TierTimeouts, Timeouts,
};

/// The settings of one provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// How long to wait for what. `call` is the policy's: it is no provider's matter.
    pub timeouts: Timeouts,
    /// Attempts per call at this provider, at least 1.
    pub per_provider: u32,
    /// The wait before a return to this provider.
    pub backoff: Backoff,
    /// When this provider is refused; none = never.
    pub breaker: Option<Breaker>,
    /// How much is asked of it.
    pub limit: Limit,
    /// Its share of the calls under `weighted`, beside the others'.
    pub weight: u32,
    /// Those of a lower tier are asked before it.
    pub tier: u32,
}

impl Settings {
    /// What `policy` says about the provider of this name, at this position (from 0).
    pub fn resolve(policy: &Policy, position: usize, name: &str) -> Self {
        let mut settings = Self::of(policy);
        let by_position = policy.tiers.get(position).or(policy.tiers.last());
        let by_name = policy.by_name.get(name);
        for tier in [by_position, by_name].into_iter().flatten() {
            settings.overlay(tier);
        }
        settings.per_provider = settings.per_provider.max(1);
        settings
    }

    /// What `policy` says of every provider.
    pub fn of(policy: &Policy) -> Self {
        Self {
            timeouts: policy.timeouts,
            per_provider: policy.retry.max_attempts_per_provider,
            backoff: policy.retry.backoff.clone(),
            breaker: policy.breaker.clone(),
            limit: policy.limit.clone(),
            weight: 1,
            tier: 0,
        }
    }

    /// Lays what `tier` says over it.
    pub fn overlay(&mut self, tier: &Tier) {
        overlay_timeouts(&mut self.timeouts, &tier.timeouts);
        self.per_provider = tier.max_attempts_per_provider.unwrap_or(self.per_provider);
        if let Some(backoff) = &tier.backoff {
            self.backoff.overlay(backoff);
        }
        if let Some(breaker) = &tier.breaker {
            self.breaker.get_or_insert_default().overlay(breaker);
        }
        if let Some(limit) = &tier.limit {
            self.limit.overlay(limit);
        }
        self.weight = tier.weight.unwrap_or(self.weight);
        self.tier = tier.priority_group.unwrap_or(self.tier);
    }

    /// The numbers among them, at the paths that they have in an override.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        self.timeouts.rows(&["timeouts"], &mut rows);
        let retry = Retry {
            max_attempts_per_provider: self.per_provider,
            backoff: self.backoff.clone(),
            ..Retry::default()
        };
        retry.rows(&[], &mut rows);
        self.breaker.rows(&["breaker"], &mut rows);
        self.limit.rows(&["limit"], &mut rows);
        rows
    }
}

fn overlay_timeouts(timeouts: &mut Timeouts, tier: &TierTimeouts) {
    timeouts.connect = tier.connect.or(timeouts.connect);
    timeouts.first_token = tier.first_token.or(timeouts.first_token);
    timeouts.idle = tier.idle.or(timeouts.idle);
    timeouts.attempt = tier.attempt.or(timeouts.attempt);
}

#[cfg(test)]
mod tests {
    use super::super::config::Open;
    use super::super::fleet::tests::policy;
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_last_tier_repeats() {
        let mut policy = policy();
        policy.tiers = vec![attempts(2), attempts(5)];
        let resolved: Vec<_> = (0..4)
            .map(|position| Settings::resolve(&policy, position, "any").per_provider)
            .collect();
        assert_eq!(resolved, [2, 5, 5, 5]);
    }

    #[test]
    fn the_name_wins_over_the_position_field_by_field() {
        let mut policy = policy();
        policy.tiers = vec![Tier {
            timeouts: TierTimeouts {
                connect: Some(Duration::from_secs(1)),
                attempt: Some(Duration::from_secs(2)),
                ..TierTimeouts::default()
            },
            ..attempts(2)
        }];
        policy.by_name.insert(
            "a".into(),
            Tier {
                timeouts: TierTimeouts {
                    attempt: Some(Duration::from_secs(3)),
                    ..TierTimeouts::default()
                },
                ..Tier::default()
            },
        );
        let settings = Settings::resolve(&policy, 0, "a");
        assert_eq!(settings.timeouts.attempt, Some(Duration::from_secs(3)));
        assert_eq!(settings.timeouts.connect, Some(Duration::from_secs(1)));
        assert_eq!(settings.per_provider, 2);
        let other = Settings::resolve(&policy, 0, "b");
        assert_eq!(other.timeouts.attempt, Some(Duration::from_secs(2)));
    }

    #[test]
    fn every_provider_may_be_asked_once() {
        let mut policy = policy();
        policy.retry.max_attempts_per_provider = 0;
        assert_eq!(Settings::resolve(&policy, 0, "any").per_provider, 1);
    }

    #[test]
    fn without_tiers_the_policy_holds() {
        let policy = policy();
        let settings = Settings::resolve(&policy, 7, "any");
        assert_eq!(settings.timeouts, policy.timeouts);
        assert_eq!(settings.backoff, policy.retry.backoff);
        assert_eq!(settings.breaker, policy.breaker);
    }

    #[test]
    fn a_tier_may_bring_a_breaker_and_a_backoff_of_its_own() {
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
        policy.tiers = vec![Tier {
            backoff: Some(backoff.clone().into()),
            breaker: Some(breaker.clone().into()),
            ..Tier::default()
        }];
        let settings = Settings::resolve(&policy, 0, "any");
        assert_eq!(
            (settings.backoff, settings.breaker),
            (backoff, Some(breaker))
        );
    }

    fn attempts(per_provider: u32) -> Tier {
        Tier {
            max_attempts_per_provider: Some(per_provider),
            ..Tier::default()
        }
    }
}

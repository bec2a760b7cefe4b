//! The policy and its context, as the rules use them.

use std::time::Duration;

use super::LintContext;
use crate::policy::classify::{Action, FailureClass};
use crate::policy::config::{Backoff, Policy};
use crate::policy::settings::Settings;
use crate::units::Share;

/// The policy and its context.
pub(super) struct View<'a> {
    pub(super) policy: &'a Policy,
    pub(super) around: &'a LintContext,
}

/// Failures that last as long as an outage, so that a second attempt most likely fails as well.
pub(super) const OUTAGE: [FailureClass; 8] = [
    FailureClass::RateLimited,
    FailureClass::Overloaded,
    FailureClass::ServerError,
    FailureClass::Connect,
    FailureClass::TimeoutConnect,
    FailureClass::TimeoutFirstToken,
    FailureClass::TimeoutIdle,
    FailureClass::TimeoutAttempt,
];

/// Settings of the policy, or of one of its overrides, and their location.
pub(super) struct SettingsScope {
    prefix: Vec<String>,
    pub(super) settings: Settings,
}

/// Attempts of one call that each take their full timeout.
pub(super) struct Slow {
    /// Which timeout ends each.
    pub(super) key: &'static str,
    /// How long each takes; none = without limit.
    pub(super) each: Option<Duration>,
    /// How many there can be.
    pub(super) count: u32,
    /// The waits between them.
    pub(super) waits: Duration,
}

impl View<'_> {
    /// What the policy does about a class.
    pub(super) fn action(&self, class: FailureClass) -> Action {
        let own = self.policy.failures.get(&class);
        own.copied().unwrap_or(class.action())
    }

    /// Attempts that a call can make at one provider.
    pub(super) fn per_provider(&self) -> u32 {
        let retry = &self.policy.retry;
        retry
            .max_attempts_per_provider
            .max(1)
            .min(retry.max_attempts.max(1))
    }

    /// Whether a call can return to a provider that has failed in this way.
    pub(super) fn returns_after(&self, class: FailureClass) -> bool {
        self.per_provider() > 1 && self.action(class) == Action::Retry
    }

    /// Whether an outage of one provider sends calls to another.
    pub(super) fn falls_back(&self) -> bool {
        let retry = &self.policy.retry;
        let goes_on = |class: &FailureClass| match self.action(*class) {
            Action::Stop => false,
            Action::Retry => self.per_provider() < retry.max_attempts,
            Action::Fallback | Action::RotateKey | Action::LargerModel => true,
        };
        retry.max_attempts > 1 && self.around.providers.len() != 1 && OUTAGE.iter().any(goes_on)
    }

    /// When a call ends at the latest, and whether the policy says so.
    pub(super) fn deadline(&self) -> Option<(Duration, bool)> {
        let own = self.policy.timeouts.call.map(|length| (length, true));
        let callers = self.around.deadline.map(|length| (length, false));
        own.into_iter()
            .chain(callers)
            .min_by_key(|(length, _)| *length)
    }

    /// Whether some calls are, or may be, not streamed.
    pub(super) fn has_plain(&self) -> bool {
        match self.around.streamed {
            Some(share) => share < Share::WHOLE,
            None => self.policy.timeouts.first_token.is_none(),
        }
    }

    /// The slow attempts of plain calls, and of streamed calls if these have timeouts of their own.
    pub(super) fn slow(&self) -> Vec<Slow> {
        let timeouts = &self.policy.timeouts;
        let mut slow = Vec::new();
        if timeouts.first_token.is_some() && self.around.streamed != Some(Share::ZERO) {
            let each = timeouts
                .first_token
                .into_iter()
                .chain(timeouts.attempt)
                .min();
            slow.push(self.slow_of(FailureClass::TimeoutFirstToken, "first_token", each));
        }
        if self.has_plain() {
            slow.push(self.slow_of(FailureClass::TimeoutAttempt, "attempt", timeouts.attempt));
        }
        slow
    }

    fn slow_of(&self, class: FailureClass, key: &'static str, each: Option<Duration>) -> Slow {
        let attempts = self.policy.retry.max_attempts.max(1);
        let per_provider = match self.action(class) {
            Action::Retry => self.per_provider(),
            _ => 1,
        };
        let count = match (self.action(class), self.around.providers.len()) {
            (Action::Stop, _) => 1,
            (_, 0) => attempts,
            (_, known) => {
                let known = u32::try_from(known).unwrap_or(u32::MAX);
                attempts.min(per_provider.saturating_mul(known))
            }
        };
        Slow {
            key,
            each,
            count,
            waits: waits(&self.policy.retry.backoff, count, per_provider),
        }
    }

    /// The policy's own settings, then those of its overrides.
    pub(super) fn spots(&self) -> Vec<SettingsScope> {
        let own = SettingsScope {
            prefix: Vec::new(),
            settings: Settings::of(self.policy),
        };
        let scope = |key: &str, place: String, settings| SettingsScope {
            prefix: vec!["overrides".to_owned(), key.to_owned(), place],
            settings,
        };
        let overrides = &self.policy.overrides;
        let by_position = (0..overrides.by_position.len()).map(|at| {
            let settings = Settings::resolve(self.policy, at, "");
            scope("by_position", at.to_string(), settings)
        });
        let by_name = overrides.by_name.keys().map(|name| {
            let settings = Settings::resolve(self.policy, self.position(name), name);
            scope("by_name", name.clone(), settings)
        });
        let own = std::iter::once(own);
        own.chain(by_position).chain(by_name).collect()
    }

    /// A provider's position in the fleet; the last if it is unknown.
    fn position(&self, name: &str) -> usize {
        let mut providers = self.around.providers.iter();
        let found = providers.position(|provider| provider.name == name);
        found.unwrap_or(usize::MAX)
    }
}

impl SettingsScope {
    /// The path of a policy's key in this scope: overrides have the keys of `retry` without that
    /// prefix.
    pub(super) fn path<'a>(&'a self, key: &[&'a str]) -> Vec<&'a str> {
        let key = match key {
            ["retry", rest @ ..] if !self.prefix.is_empty() => rest,
            key => key,
        };
        let prefix = self.prefix.iter().map(String::as_str);
        prefix.chain(key.iter().copied()).collect()
    }
}

/// The sum of the waits between `count` attempts, without jitter, with `per_provider` at each
/// provider.
pub(super) fn waits(backoff: &Backoff, count: u32, per_provider: u32) -> Duration {
    let mut sum = Duration::ZERO;
    let mut wait = backoff.base;
    for nth in 1..count {
        if nth % per_provider.max(1) == 0 {
            wait = backoff.base;
            continue;
        }
        sum = sum.saturating_add(wait.min(backoff.max));
        wait = backoff.factor.apply(wait).min(backoff.max);
    }
    sum
}

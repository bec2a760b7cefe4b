//! What a call does about a failure: stop, give up, retry after a wait, or fall back.

use std::time::Duration;

use super::super::backoff;
use super::super::classify::Action;
use super::super::config::{AboveMax, HintMode};
use super::super::fleet::Fleet;
use super::super::hints::{self, HintDecision};
use super::state::{CallState, Failed, Visit, Waiting};
use super::{Call, Cause, FailureReason, Step};
use crate::rng::{Purpose, Stream};
use crate::time::Instant;

impl Call {
    /// Records what a failure means for all later attempts, even while another attempt is in
    /// flight.
    pub(super) fn apply_failure(&mut self, fleet: &Fleet, failed: &Failed) {
        match self.action(fleet, failed) {
            Action::Stop => self.stopped = self.stopped.or(Some(failed.class)),
            Action::LargerModel => {
                let context = fleet.member(failed.visit.provider).context;
                self.context_too_small = self.context_too_small.max(context);
            }
            _ => {}
        }
    }

    /// After a failure: stops, gives up, falls back, or retries after a wait.
    pub(super) fn recover(&mut self, fleet: &mut Fleet, failed: Failed, now: Instant) -> Step {
        let class = failed.class;
        if let Some(stopped) = self.stopped {
            return self.fail(FailureReason::Stopped(stopped));
        }
        if self.attempts >= fleet.policy().retry.max_attempts {
            return self.fail(FailureReason::Exhausted(class));
        }
        let provider = failed.visit.provider;
        match self.action(fleet, &failed) {
            _ if !self.fits(fleet, provider) => {
                return self.fall_back(fleet, provider, class, now);
            }
            Action::RotateKey => return self.rotate(fleet, failed, now),
            Action::Retry if self.may_return(fleet, &failed) => {}
            _ => return self.fall_back(fleet, provider, class, now),
        }
        let left = self
            .deadline(fleet)
            .map(|deadline| deadline.since(failed.at));
        match hints::judge(&fleet.policy().hints, failed.hint, left) {
            HintDecision::None => {
                let backoff = self.back_off(fleet, &failed.visit);
                let visit = Visit {
                    backoff,
                    ..failed.visit
                };
                self.wait(fleet, Failed { visit, ..failed }, backoff, now)
            }
            HintDecision::Wait(hint) => {
                let wait = self.spread(fleet, &failed.visit, hint);
                self.wait(fleet, failed, wait, now)
            }
            HintDecision::Beyond(AboveMax::Fallback) => self.fall_back(fleet, provider, class, now),
            HintDecision::Beyond(AboveMax::Stop) => self.fail(FailureReason::Stopped(class)),
        }
    }

    /// What to do about a failure, by the policy and, where the policy honours it, by
    /// `x-should-retry`.
    fn action(&self, fleet: &Fleet, failed: &Failed) -> Action {
        let action = fleet.action(failed.class);
        let heeds = fleet.policy().hints.should_retry == HintMode::Honour;
        match (failed.should_retry.filter(|_| heeds), action) {
            (Some(false), Action::Retry) => Action::Fallback,
            (Some(true), Action::Stop) => Action::Retry,
            _ => action,
        }
    }

    /// Whether the maximum attempts per provider and retries by class allow one more retry.
    fn may_return(&self, fleet: &Fleet, failed: &Failed) -> bool {
        let class = failed.class;
        let so_far = self
            .retried
            .iter()
            .filter(|before| **before == class)
            .count();
        let bound = fleet.policy().retry.max_retries_by_class.get(&class);
        failed.visit.attempts < fleet.settings(failed.visit.provider).max_attempts
            && bound.is_none_or(|bound| so_far < *bound as usize)
    }

    /// Tries at once with another key of the provider, if one is not resting and was not tried yet.
    fn rotate(&mut self, fleet: &mut Fleet, failed: Failed, now: Instant) -> Step {
        let Failed { visit, class, .. } = failed;
        let provider = visit.provider;
        let Some(key) = fleet.other_key(provider, visit.key, &self.tried, now) else {
            return self.fall_back(fleet, provider, class, now);
        };
        let bid = self.bid(false, now);
        match fleet.admit(provider, bid) {
            Ok(pass) => {
                let pass = pass.with_key(key);
                self.start(fleet, Visit { key, ..visit }, pass, Cause::Retry, now)
            }
            Err(_) => self.fall_back(fleet, provider, class, now),
        }
    }

    /// Waits to retry at the provider. Falls back if the retry would miss the deadline, would not
    /// be admitted, or exceeds the retry budget.
    fn wait(&mut self, fleet: &mut Fleet, failed: Failed, wait: Duration, now: Instant) -> Step {
        let Failed { visit, class, .. } = failed;
        let until = failed.at + wait;
        let in_time = self.is_before_deadline(fleet, until);
        let admitted = in_time && fleet.would_admit(visit.provider, until);
        if !admitted || !fleet.take_retry(class, now) {
            return self.fall_back(fleet, visit.provider, class, now);
        }
        let waiting = Waiting {
            visit,
            class,
            until,
        };
        self.state = CallState::Waiting(waiting);
        self.resume(fleet, waiting, now)
    }

    /// Retries at the provider when the wait is over, if it still admits the attempt.
    pub(super) fn resume(&mut self, fleet: &mut Fleet, waiting: Waiting, now: Instant) -> Step {
        let Waiting {
            visit,
            class,
            until,
        } = waiting;
        if now < until {
            return Step::Wait { until: Some(until) };
        }
        match fleet.admit(visit.provider, self.bid(false, now)) {
            Ok(pass) => {
                self.retried.push(class);
                self.start(fleet, visit, pass, Cause::Retry, now)
            }
            Err(_) => self.fall_back(fleet, visit.provider, class, now),
        }
    }

    /// The wait before the next retry. Its draw is keyed by the retry, so that draws elsewhere
    /// under another policy do not change it.
    fn back_off(&self, fleet: &Fleet, visit: &Visit) -> Duration {
        let mut stream = self.stream(Purpose::Backoff, visit);
        let settings = &fleet.settings(visit.provider).backoff;
        backoff::wait(settings, visit.attempts, visit.backoff, &mut stream)
    }

    /// The wait when the server asks for `hint`: the hint, plus jitter.
    fn spread(&self, fleet: &Fleet, visit: &Visit, hint: Duration) -> Duration {
        let mut stream = self.stream(Purpose::Spread, visit);
        hints::spread(&fleet.policy().hints, hint, &mut stream)
    }

    fn stream(&self, purpose: Purpose, visit: &Visit) -> Stream {
        let (provider, nth) = (u64::from(visit.provider.0), u64::from(visit.attempts));
        self.draws.stream(purpose, self.id.0, provider, nth)
    }
}

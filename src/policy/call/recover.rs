//! What a call does about a failure: stop, give up, retry after a wait, or fall back.

use std::time::Duration;

use super::super::backoff;
use super::super::classify::{Action, FailureClass};
use super::super::config::{AboveMax, HintMode, Quirk};
use super::super::fleet::Fleet;
use super::super::hints::{self, HintDecision};
use super::super::reason::{Leaving, Reason, Stop, Wait};
use super::state::{CallState, Failed, Then, Visit, Waiting};
use super::{Call, Cause, Failure, FailureReason, Step};
use crate::policy::ProviderId;
use crate::rng::{Purpose, Stream};
use crate::time::{Instant, nanos};

impl Call {
    /// Records what a failure means for all later attempts, even while another attempt is in
    /// flight.
    pub(super) fn apply_failure(&mut self, fleet: &Fleet, provider: ProviderId, failure: &Failure) {
        match Self::action(fleet, failure) {
            Action::Stop => self.stopped = self.stopped.or(Some(failure.class)),
            Action::LargerModel => {
                let context = fleet.member(provider).context;
                self.context_too_small = self.context_too_small.max(context);
            }
            _ if self.is_rejected_again(fleet, provider, failure) => {
                self.stopped = self.stopped.or(Some(failure.class));
            }
            _ => {}
        }
    }

    /// Whether a second provider rejects this call, and the policy leaves `rejected` to its
    /// default: two providers that agree show that the request is at fault.
    fn is_rejected_again(
        &mut self,
        fleet: &Fleet,
        provider: ProviderId,
        failure: &Failure,
    ) -> bool {
        let set = &fleet.policy().failures;
        if failure.class != FailureClass::Rejected
            || set.action(failure.class, failure.status).is_some()
        {
            return false;
        }
        let before = self.rejected_by.replace(provider);
        before.is_some_and(|before| before != provider)
    }

    /// After a failure: stops, gives up, falls back, or retries after a wait.
    pub(super) fn recover(&mut self, fleet: &mut Fleet, failed: &Failed, now: Instant) -> Step {
        if let Some(step) = self.retry_inside(fleet, failed, now) {
            return step;
        }
        let class = failed.failure.class;
        if let Some(stopped) = self.stopped {
            return self.fail(
                FailureReason::Stopped(stopped),
                Stop::Class { class: stopped },
            );
        }
        if self.attempts >= fleet.policy().retry.max_attempts {
            return self.spend_attempts(fleet, failed, now);
        }
        let provider = failed.visit.provider;
        let leaves = match Self::action(fleet, &failed.failure) {
            _ if !self.fits(fleet, provider) => Some(Leaving::ContextTooSmall),
            Action::RotateKey => return self.rotate(fleet, failed, now),
            Action::Retry => self.may_not_return(fleet, failed),
            _ if fleet.action(class, failed.failure.status) == Action::Retry => {
                Some(Leaving::ServerForbidsRetry)
            }
            action => Some(Leaving::Class { class, action }),
        };
        if let Some(why) = leaves {
            return self.leave(fleet, failed, why, now);
        }
        self.wait_by_hint(fleet, failed, now)
    }

    /// Waits for as long as the provider asks for, or backs off.
    fn wait_by_hint(&mut self, fleet: &mut Fleet, failed: &Failed, now: Instant) -> Step {
        let (provider, Failure { class, hint, .. }) = (failed.visit.provider, failed.failure);
        if self.has_another(fleet, provider, now) {
            return self.draw_again(fleet, provider, class, now);
        }
        let quirks = &fleet.policy().quirks;
        let is_blind = quirks.has(&Quirk::WaitsBlindly);
        let left = self.deadline(fleet).filter(|_| !is_blind);
        let left = left.map(|deadline| deadline.since(failed.at));
        if let Some(hint) = hint
            && quirks.has(&Quirk::HintsHaveNoMax)
            && fleet.policy().hints.retry_after == HintMode::Honour
        {
            let wait = self.spread(fleet, &failed.visit, hint);
            return self.wait(fleet, failed, Wait::Hint { hint, wait }, now);
        }
        match hints::judge(&fleet.policy().hints, hint, left) {
            HintDecision::None => {
                let nth = self.attempts_there(fleet, &failed.visit);
                let wait = self.back_off(fleet, failed, nth);
                self.wait(fleet, failed, wait, now)
            }
            HintDecision::Wait(hint) => {
                let wait = self.spread(fleet, &failed.visit, hint);
                self.wait(fleet, failed, Wait::Hint { hint, wait }, now)
            }
            HintDecision::Beyond(above) => {
                let hint = hint.unwrap_or_default();
                let max = fleet.policy().hints.max;
                match above {
                    AboveMax::Fallback | AboveMax::BackOff => {
                        let why = Leaving::HintTooLong { hint, max, left };
                        self.fall_back(fleet, provider, class, why, now)
                    }
                    AboveMax::Stop => {
                        let why = Stop::HintTooLong { hint, max, left };
                        self.fail(FailureReason::Stopped(class), why)
                    }
                }
            }
        }
    }

    /// What to do about a failure, by the policy and, where the policy honours it, by
    /// `x-should-retry`.
    fn action(fleet: &Fleet, failure: &Failure) -> Action {
        let after = Self::action_afterwards(fleet, failure.class);
        let action = after.unwrap_or_else(|| fleet.action(failure.class, failure.status));
        let heeds = fleet.policy().hints.should_retry == HintMode::Honour;
        match (failure.should_retry.filter(|_| heeds), action) {
            (Some(false), Action::Retry) => Action::Fallback,
            (Some(true), Action::Stop) => Action::Retry,
            _ => action,
        }
    }

    /// Which maximum, per provider or by class, forbids one more retry; none if both allow it.
    fn may_not_return(&self, fleet: &Fleet, failed: &Failed) -> Option<Leaving> {
        let (class, attempts) = (
            failed.failure.class,
            self.attempts_there(fleet, &failed.visit),
        );
        if attempts >= fleet.settings(failed.visit.provider).max_attempts {
            return Some(Leaving::AttemptsPerProvider { attempts });
        }
        let so_far = self
            .retried
            .iter()
            .filter(|before| **before == class)
            .count();
        let bound = fleet.policy().retry.max_retries_by_class.get(&class);
        let retries = *bound?;
        (so_far >= retries as usize).then_some(Leaving::RetriesByClass { class, retries })
    }

    /// Counts a retry after a failure of this class, if a maximum may need it.
    pub(super) fn count_retry(&mut self, fleet: &Fleet, class: FailureClass) {
        if !fleet.policy().retry.max_retries_by_class.is_empty() {
            self.retried.push(class);
        }
    }

    /// Tries at once with another key of the provider, if one is not resting and was not tried yet.
    fn rotate(&mut self, fleet: &mut Fleet, failed: &Failed, now: Instant) -> Step {
        let (visit, class) = (failed.visit, failed.failure.class);
        let provider = visit.provider;
        let Some(key) = fleet.other_key(provider, visit.key, &self.tried, now) else {
            return self.fall_back(fleet, provider, class, Leaving::NoOtherKey, now);
        };
        match self.ask_again(fleet, provider, now) {
            Ok(pass) => {
                let pass = pass.with_key(key);
                let (from, to) = (visit.key, key);
                self.notes.add(|| Reason::RotatesKey { provider, from, to });
                self.start(fleet, &Visit { key, ..visit }, &pass, Cause::Retry, now)
            }
            Err(why) => self.fall_back(fleet, provider, class, Leaving::Refused(why), now),
        }
    }

    /// Waits to retry at the provider, in this visit. Falls back if the retry would miss the
    /// deadline, would not be admitted, or exceeds the retry budget.
    fn wait(&mut self, fleet: &mut Fleet, failed: &Failed, wait: Wait, now: Instant) -> Step {
        let class = failed.failure.class;
        let (provider, until) = (failed.visit.provider, failed.at + wait.length());
        let is_blind = fleet.policy().quirks.has(&Quirk::WaitsBlindly);
        if !is_blind && let Some(why) = self.waits_in_vain(fleet, provider, until) {
            return self.fall_back(fleet, provider, class, why, now);
        }
        if !fleet.take_retry(class, now) {
            return self.fall_back(fleet, provider, class, Leaving::RetryBudgetEmpty, now);
        }
        let backoff_nanos = match wait {
            Wait::Backoff { wait, .. } => nanos(wait),
            Wait::Hint { .. } => failed.visit.backoff_nanos,
        };
        let visit = Visit {
            backoff_nanos,
            ..failed.visit
        };
        let then = Then::Return;
        self.sleep(fleet, visit, failed, wait, then, now)
    }

    /// Waits, whatever the call will find at the end.
    pub(super) fn sleep(
        &mut self,
        fleet: &mut Fleet,
        visit: Visit,
        failed: &Failed,
        wait: Wait,
        then: Then,
        now: Instant,
    ) -> Step {
        let (provider, until) = (visit.provider, failed.at + wait.length());
        self.notes.add(|| Reason::Waits {
            provider,
            until,
            wait,
        });
        let waiting = || Waiting {
            visit,
            class: failed.failure.class,
            until,
            then,
        };
        match now < until {
            true => {
                self.state = CallState::Waiting(waiting());
                Step::Wait { until: Some(until) }
            }
            false => self.resume(fleet, waiting(), now),
        }
    }

    /// Why a retry at `until` would be useless; none if it may help.
    fn waits_in_vain(
        &self,
        fleet: &Fleet,
        provider: ProviderId,
        until: Instant,
    ) -> Option<Leaving> {
        if !self.is_before_deadline(fleet, until) {
            return Some(Leaving::DeadlineBefore { until });
        }
        let refusal = fleet.standing(provider, until).err();
        refusal.map(Leaving::Refused)
    }

    /// The wait is over: retries at the provider, if it still admits the attempt.
    pub(super) fn resume(&mut self, fleet: &mut Fleet, waiting: Waiting, now: Instant) -> Step {
        let (visit, class) = (&waiting.visit, waiting.class);
        match waiting.then {
            Then::Return => {}
            Then::Leave(why) => return self.fall_back(fleet, visit.provider, class, why, now),
            Then::StartOver => return self.start_over(fleet, class, now),
            Then::GiveUp => return self.give_up_spent(class),
        }
        if !visit.uncounted && fleet.policy().quirks.has(&Quirk::RetriesDrawAgain) {
            return self.draw_again(fleet, visit.provider, class, now);
        }
        match self.ask_again(fleet, visit.provider, now) {
            Ok(pass) => {
                self.count_retry(fleet, class);
                self.fork();
                self.start(fleet, visit, &pass, Cause::Retry, now)
            }
            Err(why) => self.fall_back(fleet, visit.provider, class, Leaving::Refused(why), now),
        }
    }

    /// The wait before the next retry. Its draw is keyed by the retry, so that draws elsewhere
    /// under another policy do not change it.
    pub(super) fn back_off(&self, fleet: &Fleet, failed: &Failed, nth: u32) -> Wait {
        let visit = &failed.visit;
        let mut stream = self.stream(Purpose::Backoff, visit);
        let (settings, quirks) = (
            &fleet.settings(visit.provider).backoff,
            &fleet.policy().quirks,
        );
        let (low, high) = match quirks.fixed_wait(failed.failure.class) {
            Some(fixed) => (fixed, fixed),
            None => {
                let previous = Duration::from_nanos(visit.backoff_nanos);
                backoff::range(settings, nth, previous)
            }
        };
        let draw = match quirks.has(&Quirk::JitterAboveMax) {
            true => backoff::draw_above_max,
            false => backoff::draw,
        };
        Wait::Backoff {
            nth,
            base: settings.base,
            low,
            high,
            wait: draw(settings, (low, high), &mut stream),
        }
    }

    /// The wait when the server asks for `hint`: the hint, plus jitter.
    fn spread(&self, fleet: &Fleet, visit: &Visit, hint: Duration) -> Duration {
        let mut stream = self.stream(Purpose::Spread, visit);
        hints::spread(&fleet.policy().hints, hint, &mut stream)
    }

    pub(super) fn stream(&self, purpose: Purpose, visit: &Visit) -> Stream {
        let (provider, nth) = (u64::from(visit.provider.0), u64::from(self.nth_wait(visit)));
        self.draws.stream(purpose, self.id.0, provider, nth)
    }
}

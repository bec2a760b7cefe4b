//! One provider of the fleet, with everything that can refuse or delay an attempt there.

use std::time::Duration;

use super::super::breaker::{Admission, Breaker, State};
use super::super::bulkhead::{Bulkhead, Left};
use super::super::call_context::CallContext;
use super::super::classify::{FailureClass, Health};
use super::super::config::Policy;
use super::super::keys::Keys;
use super::super::limiter::Limiter;
use super::super::provider_info::ProviderInfo;
use super::super::reason::Refusal;
use super::super::reserved::{Reserved, ReservedTask};
use super::super::settings::Settings;
use super::super::slow_start::SlowStart;
use super::super::throttle::Throttle;
use super::super::{ProviderId, breaker};
use super::Permit;
use crate::rng::{RngStreams, Stream};
use crate::time::Instant;
use crate::units::Share;

/// A provider, with its breaker, limits and keys. Mechanisms that the policy leaves off are `None`.
#[derive(Debug)]
pub(super) struct ProviderState {
    pub(super) settings: Settings,
    pub(super) member: ProviderInfo,
    pub(super) breaker: Option<Breaker>,
    pub(super) keys: Keys,
    /// Taken out by hand.
    pub(super) isolated: bool,
    slow_start: Option<SlowStart>,
    throttle: Option<Throttle>,
    limiter: Option<Limiter>,
    bulkhead: Option<Bulkhead>,
    pub(super) reserved: Reserved,
}

impl ProviderState {
    pub(super) fn new(
        policy: &Policy,
        position: usize,
        member: ProviderInfo,
        draws: RngStreams,
    ) -> Self {
        let settings = Settings::resolve(policy, position, &member.name);
        let id = ProviderId(u16::try_from(position).unwrap_or(u16::MAX));
        let limit = &settings.limit;
        let limited = limit.rpm.is_some() || limit.tpm.is_some();
        let walled = limit.concurrency.is_some() || limit.adaptive.is_some();
        let breaker = settings.breaker.clone();
        Self {
            breaker: breaker
                .map(|breaker| Breaker::new(breaker, draws, id).with_quirks(&policy.quirks)),
            keys: Keys::new(member.keys),
            isolated: false,
            slow_start: policy.route.slow_start.clone().map(SlowStart::new),
            throttle: policy.throttle.clone().map(Throttle::new),
            limiter: limited.then(|| Limiter::new(limit.rpm, limit.tpm)),
            bulkhead: walled.then(|| Bulkhead::new(limit.concurrency, limit.adaptive.clone())),
            reserved: Reserved::new(&policy.route.tasks),
            settings,
            member,
        }
    }

    /// Why its breaker would refuse an attempt at `then` if nothing happens until then; none if it
    /// would admit it.
    pub(super) fn refusal(&self, then: Instant) -> Option<Refusal> {
        self.breaker.as_ref()?.refusal(then)
    }

    /// When its breaker may admit attempts again merely because time passes.
    pub(super) fn admits_at(&self, now: Instant) -> Option<Instant> {
        self.breaker.as_ref()?.admits_at(now)
    }

    /// Whether slow start refuses the next call.
    pub(super) fn is_starting(&mut self, now: Instant) -> bool {
        let slow_start = self.slow_start.as_mut();
        slow_start.is_some_and(|slow_start| !slow_start.admits(now))
    }

    /// The throttle's probability, if it refuses an attempt that the provider is likely to reject.
    pub(super) fn throttles(
        &mut self,
        now: Instant,
        stream: impl FnOnce() -> Stream,
    ) -> Option<Share> {
        self.throttle.as_mut()?.refuses(now, &mut stream())
    }

    /// Which of the client's own limits refuses an attempt of this many tokens, for this task, now,
    /// if any.
    pub(super) fn full(
        &mut self,
        tokens: u64,
        task: Option<ReservedTask>,
        now: Instant,
    ) -> Option<Refusal> {
        if let Some(refusal) = self.no_place(task) {
            return Some(refusal);
        }
        let until = self.limiter.as_mut()?.ready_at(tokens, now);
        (until > now).then_some(Refusal::RateLimited { until })
    }

    /// Whether one of the task's own places is free.
    pub(super) fn has_own_place(&self, task: ReservedTask) -> bool {
        let bulkhead = self.bulkhead.as_ref();
        bulkhead.is_some_and(Bulkhead::has_room) && self.reserved.has_own(task)
    }

    /// Why the bulkhead has no place for an attempt of this task, if it has none.
    fn no_place(&self, task: Option<ReservedTask>) -> Option<Refusal> {
        let bulkhead = self.bulkhead.as_ref()?;
        let (free, limit) = bulkhead.free().zip(bulkhead.limit())?;
        if free == 0 {
            return Some(Refusal::BulkheadFull { limit });
        }
        // An adaptive limit may shrink below the reserves: one place is everybody's even then.
        let kept = self.reserved.kept_from(task).min(limit - 1);
        (free <= kept).then_some(Refusal::PlacesReserved { free })
    }

    /// An attempt of this many tokens starts, for this task.
    pub(super) fn enter(&mut self, tokens: u64, task: Option<ReservedTask>, now: Instant) {
        self.reserved.enter(task);
        if let Some(throttle) = &mut self.throttle {
            throttle.on_sent(now);
        }
        if let Some(bulkhead) = &mut self.bulkhead {
            bulkhead.enter();
        }
        if let Some(limiter) = &mut self.limiter {
            limiter.take(tokens, now);
        }
    }

    /// An attempt succeeded.
    pub(super) fn on_success(&mut self, pass: &Permit, took: Duration, now: Instant) {
        self.ask_breaker(now, |breaker| {
            breaker.on_success(pass.guard, Some(took), now);
        });
        self.keys.on_success(pass.key);
        if let Some(throttle) = &mut self.throttle {
            throttle.on_accepted(now);
        }
        self.leave(pass, Left::Well(took));
    }

    /// An attempt failed, which says this about the health of the provider as a whole.
    pub(super) fn on_failure(
        &mut self,
        pass: &Permit,
        (class, hint): (FailureClass, Option<Duration>),
        health: Health,
        opens: bool,
        now: Instant,
    ) {
        self.ask_breaker(now, |breaker| {
            match health {
                Health::Failed => breaker.on_failure(pass.guard, hint, now),
                Health::Unknown => breaker.on_cancelled(pass.guard),
                Health::Well => breaker.on_success(pass.guard, None, now),
            }
            if opens {
                breaker.open_at_once(now);
            }
        });
        self.keys.on_failure(pass.key, class, hint, now);
        if let Some(throttle) = &mut self.throttle
            && !class.is_rejection()
        {
            throttle.on_accepted(now);
        }
        let how = match class.is_rejection() {
            true => Left::Rejected,
            false => Left::Otherwise,
        };
        self.leave(pass, how);
    }

    /// A failure counts once more at the breaker.
    pub(super) fn on_failure_again(&mut self, pass: &Permit, now: Instant) {
        self.ask_breaker(now, |breaker| {
            breaker.on_failure(pass.guard.again(), None, now)
        });
    }

    /// An attempt was cancelled. If a token had arrived (`spoke`), the provider had accepted it.
    pub(super) fn on_cancelled(&mut self, pass: &Permit, spoke: bool, now: Instant) {
        if let Some(breaker) = &mut self.breaker {
            breaker.on_cancelled(pass.guard);
        }
        if let Some(throttle) = self.throttle.as_mut().filter(|_| spoke) {
            throttle.on_accepted(now);
        }
        self.leave(pass, Left::Otherwise);
    }

    /// Replaces the tokens that the permit took by those that the attempt has used.
    pub(super) fn settle(&mut self, pass: &Permit, used: u64, now: Instant) {
        if let Some(limiter) = &mut self.limiter {
            limiter.settle(pass.tokens, used, now);
        }
    }

    /// A call asks for a permit: the breaker may open because of attempts in flight.
    pub(super) fn on_asked(&mut self, now: Instant) {
        if let Some(breaker) = &mut self.breaker {
            breaker.on_asked(now);
        }
    }

    /// The first token of an attempt has come.
    pub(super) fn on_first_token(&mut self, pass: &mut Permit, now: Instant) {
        if let Some(breaker) = &mut self.breaker {
            pass.guard = breaker.on_first_token(pass.guard, now);
        }
    }

    /// Asks the breaker to admit an attempt.
    pub(super) fn admit(&mut self, now: Instant) -> Option<Admission> {
        match &mut self.breaker {
            Some(breaker) => breaker.admit(now),
            None => Some(Admission::UNGUARDED),
        }
    }

    pub(super) fn state(&self) -> State {
        self.breaker
            .as_ref()
            .map_or(State::Closed, breaker::Breaker::state)
    }

    /// The tokens that an attempt of this call is expected to use.
    pub(super) fn tokens(ask: &CallContext) -> u64 {
        ask.prompt.saturating_add(ask.output)
    }

    fn ask_breaker(&mut self, now: Instant, what: impl FnOnce(&mut Breaker)) {
        let Some(breaker) = &mut self.breaker else {
            return;
        };
        let before = breaker.state();
        what(breaker);
        if before != State::Closed
            && breaker.state() == State::Closed
            && let Some(slow_start) = &mut self.slow_start
        {
            slow_start.begin(now);
        }
    }

    fn leave(&mut self, pass: &Permit, how: Left) {
        self.reserved.leave(pass.task);
        if let Some(bulkhead) = &mut self.bulkhead {
            bulkhead.leave(how);
        }
    }
}

//! What the calls of one client share: the state and settings of each provider, the router,
//! budgets.
//!
//! A fleet holds no calls. It is passed to [`super::Call::step`], which gets an order of providers
//! and permits from it, and reports how each attempt ended. It also keeps events until the client
//! takes them: transitions of breakers, ejections, and calls to wake.
//!
//! - `provider_state`: one provider, with its breaker, limits and keys.
//! - `admit`: permits for attempts.
//! - `room`: calls that wait for capacity.

mod admit;
mod provider_state;
mod room;

use std::time::Duration;

use super::breaker::State;
use super::budget::Budget;
use super::call_context::CallContext;
use super::classify::{Action, FailureClass, Health};
use super::config::{CheckTargets, Policy, Quirk};
use super::health_check::HealthChecks;
use super::hedge::Hedger;
use super::keys::KeyId;
use super::outlier::Outliers;
use super::provider_info::ProviderInfo;
use super::queue::Queue;
use super::reason::{Notes, OpenedBy};
use super::router::{AttemptResult, ProviderOrder, Router};
use super::settings::Settings;
use super::spend::Spend;
use super::step::Failure;
use super::{CallId, ProviderId};
use crate::rng::RngStreams;
use crate::time::Instant;
use crate::units::Money;

pub(super) use admit::{AdmissionRequest, Permit};
use provider_state::ProviderState;

/// All providers, in order, as one client sees them.
#[derive(Debug)]
pub struct Fleet {
    policy: Policy,
    draws: RngStreams,
    slots: Vec<ProviderState>,
    router: Router,
    budget: Option<Budget>,
    hedger: Option<Hedger>,
    outliers: Option<Outliers>,
    checks: Option<HealthChecks>,
    queue: Option<Queue>,
    spend: Option<Spend>,
    pinned: Option<ProviderId>,
    rotated_to: Option<ProviderId>,
    transitions: Vec<Transition>,
    woken: Vec<CallId>,
}

/// A breaker changed its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The provider of the breaker.
    pub provider: ProviderId,
    /// The state before.
    pub from: State,
    /// The state after.
    pub to: State,
}

impl Fleet {
    /// A fleet of these providers, under this policy; its random draws come from `draws`. Providers
    /// beyond the 65,535th are left out.
    pub fn new(policy: Policy, mut members: Vec<ProviderInfo>, draws: RngStreams) -> Self {
        members.truncate(usize::from(u16::MAX));
        let slots = members.iter().cloned().enumerate();
        let slots: Vec<_> = slots
            .map(|(position, member)| ProviderState::new(&policy, position, member, draws))
            .collect();
        let settings: Vec<Settings> = slots.iter().map(|slot| slot.settings.clone()).collect();
        Self {
            router: Router::new(&policy, &members, &settings, draws),
            budget: policy.retry.budget.clone().map(Budget::new),
            hedger: policy
                .hedge
                .clone()
                .map(|hedge| Hedger::new(hedge, slots.len())),
            outliers: policy
                .outlier
                .clone()
                .map(|outlier| Outliers::new(outlier, slots.len())),
            checks: policy
                .health_check
                .clone()
                .map(|check| HealthChecks::new(check, slots.len())),
            queue: policy.queue.clone().map(Queue::new),
            spend: policy.spend.clone().map(Spend::new),
            pinned: None,
            rotated_to: None,
            transitions: Vec::new(),
            woken: Vec::new(),
            policy,
            draws,
            slots,
        }
    }

    /// Where the next call begins, if a quirk has calls go on where the one before ended.
    pub(in crate::policy) const fn rotated_to(&self) -> Option<ProviderId> {
        self.rotated_to
    }

    /// The next call begins at this provider.
    pub(in crate::policy) const fn rotate_to(&mut self, provider: ProviderId) {
        self.rotated_to = Some(provider);
    }

    /// The policy of this fleet.
    pub(crate) const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The settings of a provider of this fleet.
    ///
    /// # Panics
    ///
    /// If the provider is not in this fleet.
    pub fn settings(&self, provider: ProviderId) -> &Settings {
        &self.slots[provider.index()].settings
    }

    /// The state of a provider's breaker; closed if it has none, or is not in this fleet.
    pub fn state(&self, provider: ProviderId) -> State {
        let slot = self.slots.get(provider.index());
        slot.map_or(State::Closed, ProviderState::state)
    }

    /// Until when a provider's breaker is open, and what opened it; none if it is not open.
    pub fn opened(&self, provider: ProviderId) -> Option<(Instant, OpenedBy)> {
        self.slots.get(provider.index())?.breaker.as_ref()?.opened()
    }

    /// The breaker transitions since the last call of this method, in order. The client takes them
    /// after each step and each reply; they are kept until then.
    pub fn take_transitions(&mut self) -> Vec<Transition> {
        std::mem::take(&mut self.transitions)
    }

    /// The providers that were ejected since the last call of this method, and until when.
    pub(crate) fn take_ejected(&mut self) -> Vec<(ProviderId, Instant)> {
        let outliers = self.outliers.as_mut();
        outliers.map_or_else(Vec::new, Outliers::take_ejected)
    }

    /// Whether there are transitions, ejections or woken calls to take.
    pub(crate) fn has_news(&self) -> bool {
        let ejects = |outliers: &Outliers| outliers.has_ejected();
        !self.transitions.is_empty()
            || !self.woken.is_empty()
            || self.outliers.as_ref().is_some_and(ejects)
    }

    /// The queued calls that should be stepped now, since the last call of this method.
    pub fn take_woken(&mut self) -> Vec<CallId> {
        std::mem::take(&mut self.woken)
    }

    /// Takes a provider out by hand, or puts it back. Attempts in flight continue.
    pub fn isolate(&mut self, provider: ProviderId, isolated: bool) {
        if let Some(slot) = self.slots.get_mut(provider.index()) {
            slot.isolated = isolated;
        }
        self.wake_returning();
        self.wake_next();
    }

    /// Sends every attempt to this provider only, whatever its breaker, ejection or health checks
    /// say; `None` ends that. The client's own limits still hold.
    pub fn pin(&mut self, provider: Option<ProviderId>) {
        self.pinned = provider;
        self.wake_returning();
        self.wake_next();
    }

    /// When the next health check may be due; none without health checks.
    pub fn next_check(&self) -> Option<Instant> {
        self.checks.as_ref().map(HealthChecks::next_at)
    }

    /// The provider whose health check is due now, if any, and the key for it.
    pub fn due_check(&mut self, now: Instant) -> Option<(ProviderId, KeyId)> {
        let Self {
            checks,
            slots,
            outliers,
            ..
        } = self;
        let checks = checks.as_mut()?;
        let whom = checks.settings().targets;
        let refused: Vec<bool> = slots
            .iter()
            .enumerate()
            .map(|(at, slot)| {
                let id = ProviderId(at as u16);
                let ejected = outliers.as_ref().and_then(|all| all.ejected_until(id, now));
                slot.state() != State::Closed || ejected.is_some() || checks.is_down(id)
            })
            .collect();
        let provider = checks.due(now, |provider| {
            let slot = &slots[provider.index()];
            !slot.isolated && (whom == CheckTargets::All || refused[provider.index()])
        })?;
        Some((provider, slots[provider.index()].keys.pick(now)))
    }

    /// A health check ended.
    pub fn on_check(&mut self, provider: ProviderId, passed: bool) {
        if let Some(checks) = &mut self.checks {
            checks.on_end(provider, passed);
        }
        self.wake_returning();
        self.wake_next();
    }

    /// What the policy does about failures of this class and status.
    pub(super) fn action(&self, class: FailureClass, status: Option<u16>) -> Action {
        let set = self.policy.failures.action(class, status);
        set.unwrap_or(class.action())
    }

    /// What is known of a provider.
    pub(super) fn member(&self, provider: ProviderId) -> &ProviderInfo {
        &self.slots[provider.index()].member
    }

    /// The order of providers for a call that begins.
    pub(super) fn turn(
        &mut self,
        call: CallId,
        ask: &CallContext,
        now: Instant,
        notes: &mut Notes,
    ) -> ProviderOrder {
        let mut turn = self.router.turn(call, ask, now, notes);
        if self.policy.quirks.has(&Quirk::OneProviderOnly) {
            turn = ProviderOrder::Listed(turn.order().take(1).collect());
        }
        turn
    }

    /// A call makes its first attempt, which adds its share to the retry and hedge budgets.
    pub(super) fn on_first(&mut self, now: Instant) {
        if let Some(budget) = &mut self.budget {
            budget.on_first(now);
        }
        if let Some(hedger) = &mut self.hedger {
            hedger.on_call();
        }
    }

    /// An attempt succeeded, after this long (to the first token, if it was streamed).
    pub(super) fn on_success(&mut self, pass: &Permit, took: Duration, now: Instant) {
        let provider = pass.provider;
        let before = self.state(provider);
        self.slots[provider.index()].on_success(pass, took, now);
        self.note(provider, before);
        if let Some(outliers) = &mut self.outliers {
            outliers.on_end(provider, Some(took), now);
        }
        self.router.on_end(provider, AttemptResult::Well(took), now);
        self.wake_after(pass);
    }

    /// An attempt failed. Not every failure counts against the provider, or against all of its
    /// keys.
    pub(super) fn on_failure(&mut self, pass: &Permit, failure: &Failure, now: Instant) {
        let Failure { class, hint, .. } = *failure;
        let provider = pass.provider;
        if let Some(spend) = &mut self.spend
            && !pass.told
            && !class.may_be_billed()
        {
            spend.settle((pass.cost, Money::ZERO), pass.since, now);
        }
        let rotates = self.action(class, failure.status) == Action::RotateKey;
        let before = self.state(provider);
        let slot = &mut self.slots[provider.index()];
        let is_key = rotates && slot.keys.other(pass.key, now).is_some();
        // A key that failed says nothing of the provider while another key may work.
        let health = match is_key {
            true => Health::Unknown,
            false if self.policy.quirks.has(&Quirk::BreakerCountsEverything) => Health::Failed,
            false => class.says_of_provider(),
        };
        let opens = self.policy.quirks.opens_at_once(class);
        slot.on_failure(pass, (class, hint), health, opens, now);
        self.note(provider, before);
        let has_failed = health == Health::Failed;
        if let Some(outliers) = self.outliers.as_mut().filter(|_| has_failed) {
            outliers.on_end(provider, None, now);
        }
        let seen = match has_failed {
            true => AttemptResult::Failed,
            false => AttemptResult::Nothing,
        };
        self.router.on_end(provider, seen, now);
        self.wake_after(pass);
    }

    /// The failure of an attempt counts once more at the breaker, for a client that does so.
    pub(super) fn on_failure_again(&mut self, pass: &Permit, now: Instant) {
        let before = self.state(pass.provider);
        self.slots[pass.provider.index()].on_failure_again(pass, now);
        self.note(pass.provider, before);
    }

    /// An attempt was cancelled; `spoke` if a token of it had arrived.
    pub(super) fn on_cancelled(&mut self, pass: &Permit, spoke: bool, now: Instant) {
        self.slots[pass.provider.index()].on_cancelled(pass, spoke, now);
        self.router
            .on_end(pass.provider, AttemptResult::Nothing, now);
        self.wake_after(pass);
    }

    /// An attempt's first token (its answer, if it is not streamed) arrived after this long.
    pub(super) fn on_first_token_received(&mut self, provider: ProviderId, took: Duration) {
        if let Some(hedger) = &mut self.hedger {
            hedger.on_first_token_received(provider, took);
        }
    }

    /// The first token of this attempt has come.
    pub(super) fn on_first_token_of(&mut self, pass: &mut Permit, now: Instant) {
        self.slots[pass.provider.index()].on_first_token(pass, now);
    }

    /// An attempt was cancelled after this long without a token.
    pub(super) fn on_silence(&mut self, provider: ProviderId, silent: Duration) {
        if let Some(hedger) = &mut self.hedger {
            hedger.on_silence(provider, silent);
        }
    }

    /// The provider reported how many tokens an attempt has used. The latest report counts.
    pub(super) fn on_usage(&mut self, pass: &mut Permit, prompt: u64, output: u64, now: Instant) {
        let slot = &mut self.slots[pass.provider.index()];
        let used = prompt.saturating_add(output);
        slot.settle(pass, used, now);
        if let Some(spend) = &mut self.spend {
            let cost = slot.member.cost(prompt, output).unwrap_or(pass.cost);
            spend.settle((pass.cost, cost), pass.since, now);
            pass.cost = cost;
        }
        pass.tokens = used;
        pass.told = true;
    }

    /// A key of the provider that is not resting, that its call has not tried, and that can be used
    /// at once after a failure with `key`.
    pub(super) fn other_key(
        &self,
        provider: ProviderId,
        key: KeyId,
        tried: &[(ProviderId, KeyId)],
        now: Instant,
    ) -> Option<KeyId> {
        let is_tried = |key| tried.contains(&(provider, key));
        let keys = &self.slots[provider.index()].keys;
        keys.other_than(key, &is_tried, now)
    }

    /// Takes the cost of a retry after this failure from the retry budget, if it allows the retry.
    pub(super) fn take_retry(&mut self, class: FailureClass, now: Instant) -> bool {
        let budget = self.budget.as_mut();
        budget.is_none_or(|budget| budget.take(class, now))
    }

    /// The hedger, if the policy hedges.
    pub(super) const fn hedger(&mut self) -> Option<&mut Hedger> {
        self.hedger.as_mut()
    }

    /// Records a transition, if there was one.
    fn note(&mut self, provider: ProviderId, from: State) {
        let to = self.state(provider);
        if from != to {
            self.transitions.push(Transition { provider, from, to });
        }
    }
}

#[cfg(test)]
pub(super) mod tests;

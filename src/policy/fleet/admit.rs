//! Admission: which provider may get an attempt, and what the attempt takes from its limits.
//!
//! The provider's health is checked first, then its limits, then slow start and the throttle, which
//! count their refusals, and last the breaker: only an attempt that starts takes a probe slot.

use super::super::breaker::Admission;
use super::super::call_context::CallContext;
use super::super::config::Quirk;
use super::super::keys::KeyId;
use super::super::reason::{Notes, Reason, Refusal};
use super::super::reserved::ReservedTask;
use super::super::{CallId, ProviderId};
use super::Fleet;
use super::provider_state::ProviderState;
use crate::rng::Purpose;
use crate::time::Instant;
use crate::units::{Money, Share};

/// Permission to make one attempt; returned when the attempt has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) struct Permit {
    pub(in crate::policy) provider: ProviderId,
    pub(in crate::policy) key: KeyId,
    pub(super) guard: Admission,
    /// The expected use and cost, or the actual ones once `told` is set.
    pub(super) tokens: u64,
    pub(super) cost: Money,
    pub(super) told: bool,
    /// The task, if places are kept for it.
    pub(super) task: Option<ReservedTask>,
    /// When it was given.
    pub(super) since: Instant,
}

/// A call's request for a permit.
#[derive(Clone, Copy, Debug)]
pub(in crate::policy) struct AdmissionRequest<'a> {
    pub(in crate::policy) call: CallId,
    pub(in crate::policy) ask: &'a CallContext,
    /// The attempts that the call has made so far.
    pub(in crate::policy) attempts: u32,
    /// Whether a provider in slow start may refuse, since other providers may be available.
    pub(in crate::policy) picky: bool,
    pub(in crate::policy) now: Instant,
}

impl Permit {
    /// Whether a half-open breaker admitted it.
    pub(in crate::policy) const fn is_probe(&self) -> bool {
        self.guard.is_probe()
    }

    /// The same permit, for this key.
    pub(in crate::policy) const fn with_key(self, key: KeyId) -> Self {
        Self { key, ..self }
    }
}

impl Fleet {
    /// Gives a permit for an attempt at this provider, or refuses it. Notes by which exception it
    /// gives one, if by one.
    pub(in crate::policy) fn admit(
        &mut self,
        provider: ProviderId,
        bid: AdmissionRequest,
        notes: &mut Notes,
    ) -> Result<Permit, Refusal> {
        let before = self.state(provider);
        self.slots[provider.index()].on_asked(bid.now);
        self.note(provider, before);
        let standing = self.standing(provider, bid.now);
        standing?;
        let slot = &mut self.slots[provider.index()];
        let tokens = ProviderState::tokens(bid.ask);
        let spends = self.spend.as_ref();
        let cost = spends.and_then(|_| slot.member.cost(bid.ask.prompt, bid.ask.output));
        let cost = cost.unwrap_or(Money::ZERO);
        let task = slot.reserved.task(bid.ask.task.as_deref());
        let full = slot.full(tokens, task, bid.now);
        if let Some(full) = self.or_spent(full, cost, bid.now) {
            return Err(full);
        }
        // Both count their refusals, so they are asked only about attempts that could start.
        let slot = &mut self.slots[provider.index()];
        if bid.picky && slot.is_starting(bid.now) {
            return Err(Refusal::SlowStart);
        }
        if let Some(probability) = self.throttles(provider, &bid) {
            return Err(Refusal::Throttled { probability });
        }
        if self.pinned == Some(provider) {
            notes.add(|| Reason::Pinned { provider });
        }
        if let Ok(Some(despite)) = standing {
            notes.add(|| Reason::Panic { provider, despite });
        }
        let (guard, key) = self.enter(provider, (tokens, cost), task, bid.now);
        Ok(Permit {
            provider,
            key,
            guard,
            tokens,
            cost,
            told: false,
            task,
            since: bid.now,
        })
    }

    /// The limit in `full`, or the budget in money if that takes longer.
    fn or_spent(&mut self, full: Option<Refusal>, cost: Money, now: Instant) -> Option<Refusal> {
        let Some(spend) = &mut self.spend else {
            return full;
        };
        let ready = match full.map(Refusal::full_until) {
            Some(Some(None)) => return full,
            Some(Some(Some(until))) => until,
            _ => now,
        };
        let until = spend.ready_at(cost, now);
        match until > ready {
            true => Some(Refusal::SpendExhausted { until }),
            false => full,
        }
    }

    /// The throttle's probability, if it refuses an attempt that the provider is likely to reject.
    fn throttles(&mut self, provider: ProviderId, bid: &AdmissionRequest) -> Option<Share> {
        let (call, place) = (bid.call.0, u64::from(provider.0));
        let (draws, nth) = (self.draws, u64::from(bid.attempts));
        let stream = || draws.stream(Purpose::Throttle, call, place, nth);
        self.slots[provider.index()].throttles(bid.now, stream)
    }

    /// Takes capacity, and a probe slot if the breaker is half-open.
    fn enter(
        &mut self,
        provider: ProviderId,
        (tokens, cost): (u64, Money),
        task: Option<ReservedTask>,
        now: Instant,
    ) -> (Admission, KeyId) {
        let slot = &mut self.slots[provider.index()];
        let before = slot.state();
        // Panic and a pin override a breaker that refuses; it ignores the results of their
        // attempts.
        let guard = slot.admit(now).unwrap_or(Admission::UNGUARDED);
        slot.enter(tokens, task, now);
        let key = slot.keys.pick(now);
        if let Some(spend) = &mut self.spend {
            spend.take(cost, now);
        }
        self.router.on_start(provider, now);
        self.note(provider, before);
        (guard, key)
    }

    /// When a provider that is refused now may be admitted again merely because time passes; none
    /// if there is no such provider.
    pub(in crate::policy) fn reopens_at(&self, now: Instant) -> Option<Instant> {
        let ejected = |provider| self.outliers.as_ref()?.ejected_until(provider, now);
        let each = (0..).map(ProviderId).zip(&self.slots);
        each.flat_map(|(provider, slot)| [slot.admits_at(now), ejected(provider)])
            .flatten()
            .min()
    }

    /// Whether calls may use this provider at `now`, or at a later moment if nothing happens until
    /// then. If only panic admits it, this returns what would refuse it.
    pub(in crate::policy) fn standing(
        &self,
        provider: ProviderId,
        now: Instant,
    ) -> Result<Option<Refusal>, Refusal> {
        match self.pinned {
            Some(pinned) if pinned == provider => return Ok(None),
            Some(to) => return Err(Refusal::PinnedElsewhere { to }),
            None if self.slots[provider.index()].isolated => return Err(Refusal::Isolated),
            None => {}
        }
        match self.observed_against(provider, now) {
            None => Ok(None),
            Some(refusal) if self.is_lone(provider) || self.panics(now) => Ok(Some(refusal)),
            Some(refusal) => Err(refusal),
        }
    }

    /// Whether a quirk admits everything at this provider, the only one of its priority group.
    fn is_lone(&self, provider: ProviderId) -> bool {
        if !self.policy.quirks.has(&Quirk::LoneProviderIsNeverRefused) {
            return false;
        }
        let group = |slot: &ProviderState| slot.settings.priority_group;
        let own = self.slots.get(provider.index()).map(group);
        let mut others = self.slots.iter().map(group);
        others
            .by_ref()
            .filter(|one| Some(*one) == own)
            .nth(1)
            .is_none()
    }

    /// Which of its breaker, its health checks and outlier detection refuses this provider, if any.
    fn observed_against(&self, provider: ProviderId, now: Instant) -> Option<Refusal> {
        if let Some(refusal) = self.slots[provider.index()].refusal(now) {
            return Some(refusal);
        }
        let checks = self.checks.as_ref();
        if checks.is_some_and(|checks| checks.is_down(provider)) {
            return Some(Refusal::HealthCheckDown);
        }
        let until = self.outliers.as_ref()?.ejected_until(provider, now)?;
        Some(Refusal::Ejected { until })
    }

    /// Whether so few providers are healthy that the observations are more likely to be wrong.
    fn panics(&self, now: Instant) -> bool {
        let below = self.policy.route.panic_threshold;
        if below == Share::ZERO {
            return false;
        }
        // A provider that was taken out by hand does not count as unhealthy.
        let in_use = (0..)
            .map(ProviderId)
            .zip(&self.slots)
            .filter(|(_, slot)| !slot.isolated);
        let (mut all, mut well) = (0, 0);
        for (provider, _) in in_use {
            all += 1;
            well += u64::from(self.observed_against(provider, now).is_none());
        }
        below.is_above(well, all)
    }
}

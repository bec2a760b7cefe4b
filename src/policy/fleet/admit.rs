//! Admission: which provider may get an attempt, and what the attempt takes from its limits.
//!
//! The provider's health is checked first, then its limits, then slow start and the throttle, which
//! count their refusals, and last the breaker: only an attempt that starts takes a probe slot.

use super::super::breaker::Admission;
use super::super::call_context::CallContext;
use super::super::keys::KeyId;
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

/// Why an attempt was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) enum Refused {
    /// The provider must not be used at present.
    Shut,
    /// The throttle refused the call. The refusal counts as a request, so the call must not ask
    /// again.
    Throttled,
    /// The client's own limits are reached, until then or (none) until another attempt ends.
    Full(Option<Instant>),
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
    /// Gives a permit for an attempt at this provider, or refuses it.
    pub(in crate::policy) fn admit(
        &mut self,
        provider: ProviderId,
        bid: AdmissionRequest,
    ) -> Result<Permit, Refused> {
        if !self.would_admit(provider, bid.now) {
            return Err(Refused::Shut);
        }
        let slot = &mut self.slots[provider.index()];
        let tokens = ProviderState::tokens(bid.ask);
        let spends = self.spend.as_ref();
        let cost = spends.and_then(|_| slot.member.cost(bid.ask.prompt, bid.ask.output));
        let cost = cost.unwrap_or(Money::ZERO);
        let room = slot.ready_at(tokens, bid.now).map(|ready| {
            let spend = self.spend.as_mut();
            spend.map_or(ready, |spend| spend.ready_at(cost, bid.now).max(ready))
        });
        if room != Some(bid.now) {
            return Err(Refused::Full(room));
        }
        // Both count their refusals, so they are asked only about attempts that could start.
        if bid.picky && slot.is_starting(bid.now) {
            return Err(Refused::Shut);
        }
        if self.throttles(provider, &bid) {
            return Err(Refused::Throttled);
        }
        Ok(self.enter(provider, tokens, cost, bid.now))
    }

    /// Whether the throttle refuses an attempt that the provider is likely to reject.
    fn throttles(&mut self, provider: ProviderId, bid: &AdmissionRequest) -> bool {
        let (call, place) = (bid.call.0, u64::from(provider.0));
        let (draws, nth) = (self.draws, u64::from(bid.attempts));
        let stream = || draws.stream(Purpose::Throttle, call, place, nth);
        self.slots[provider.index()].throttles(bid.now, stream)
    }

    /// Takes capacity, and a probe slot if the breaker is half-open.
    fn enter(&mut self, provider: ProviderId, tokens: u64, cost: Money, now: Instant) -> Permit {
        let slot = &mut self.slots[provider.index()];
        let before = slot.state();
        // Panic and a pin override a breaker that refuses; it ignores the results of their
        // attempts.
        let guard = slot.admit(now).unwrap_or(Admission::UNGUARDED);
        slot.enter(tokens, now);
        let key = slot.keys.pick(now);
        if let Some(spend) = &mut self.spend {
            spend.take(cost, now);
        }
        self.router.on_start(provider, now);
        self.note(provider, before);
        Permit {
            provider,
            key,
            guard,
            tokens,
            cost,
            told: false,
        }
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
    /// then.
    pub(in crate::policy) fn would_admit(&self, provider: ProviderId, now: Instant) -> bool {
        let slot = &self.slots[provider.index()];
        match self.pinned {
            Some(pinned) => pinned == provider,
            None => !slot.isolated && (self.is_well(provider, now) || self.panics(now)),
        }
    }

    /// Whether its breaker, its health checks and outlier detection would all admit this provider.
    fn is_well(&self, provider: ProviderId, now: Instant) -> bool {
        let checks = self.checks.as_ref();
        let outliers = self.outliers.as_ref();
        self.slots[provider.index()].is_well(now)
            && !checks.is_some_and(|checks| checks.is_down(provider))
            && outliers.is_none_or(|outliers| outliers.ejected_until(provider, now).is_none())
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
            well += u64::from(self.is_well(provider, now));
        }
        below.is_above(well, all)
    }
}

//! Which provider a call tries next.

use super::super::ProviderId;
use super::super::config::SmallContext;
use super::super::fleet::{AdmissionRequest, Fleet, Permit};
use super::super::reason::Refusal;
use super::Call;
use super::state::{Choice, Flight};
use crate::time::Instant;

impl Call {
    /// As [`Self::choose`], unless other calls come first.
    pub(super) fn choose_in_turn(&mut self, fleet: &mut Fleet, now: Instant) -> Choice {
        match fleet.is_behind_others(self.id, &self.ask, now) {
            true => Choice::Full(fleet.first_leaves_at()),
            false => self.choose(fleet, now),
        }
    }

    /// The next provider that this call has not left, that has no attempt of it in flight, and that
    /// admits one. A provider in slow start is used regardless of its share if no other admits the
    /// attempt.
    pub(super) fn choose(&mut self, fleet: &mut Fleet, now: Instant) -> Choice {
        // What a second pass passes over again is noted once.
        let noted = self.notes.count();
        let slow_start = fleet.policy().route.slow_start.is_some();
        if slow_start && let choice @ Choice::Leave(_) = self.choose_of(fleet, true, noted, now) {
            return choice;
        }
        let mut choice = self.choose_of(fleet, false, noted, now);
        if matches!(choice, Choice::Full(_)) {
            // A breaker or an ejection may let a provider back before a full one has room.
            choice = choice.or_full(fleet.reopens_at(now));
        }
        choice
    }

    fn choose_of(&mut self, fleet: &mut Fleet, picky: bool, noted: usize, now: Instant) -> Choice {
        let mut choice = Choice::NoProvider;
        let request = AdmissionRequest {
            call: self.id,
            ask: &self.ask,
            attempts: self.attempts,
            picky,
            now,
        };
        for provider in self.turn.order() {
            let why = match self.rules_out(fleet, provider) {
                Some(why) => why,
                None => match fleet.admit(provider, request, &mut self.notes) {
                    Ok(pass) => return Choice::Leave(pass),
                    Err(why) => why,
                },
            };
            self.notes.add_passed(noted, provider, why);
            // A second pass, a wake in the queue or a hedge would count as another request.
            if matches!(why, Refusal::Throttled { .. }) {
                self.left.push(provider);
            }
            if let Some(ready) = why.full_until() {
                choice = choice.or_full(ready);
                if fleet.waits_when_full(provider) {
                    return choice;
                }
            }
            if let Some(returns) = why.unhealthy_until() {
                choice = choice.or_unhealthy(returns);
            }
        }
        choice
    }

    /// Why this call does not even ask for leave at a provider; none if it does.
    fn rules_out(&self, fleet: &Fleet, provider: ProviderId) -> Option<Refusal> {
        if self.ask.unsupported.contains(&provider) {
            return Some(Refusal::Unsupported);
        }
        let flies = |flight: &Flight| flight.visit.provider == provider;
        if !self.fits(fleet, provider) {
            let context = fleet.member(provider).context.unwrap_or(0);
            return Some(Refusal::ContextTooSmall { context });
        }
        if self.left.contains(&provider) {
            return Some(Refusal::AlreadyTried);
        }
        let is_in_flight = self.flights.iter().any(flies);
        is_in_flight.then_some(Refusal::InFlight)
    }

    /// Whether no provider of this call's order supports the request: it cannot be answered at all.
    pub(super) fn is_unsupported(&self) -> bool {
        let mut order = self.turn.order().peekable();
        order.peek().is_some() && order.all(|provider| self.ask.unsupported.contains(&provider))
    }

    /// Asks a provider that this call has been at to admit another attempt.
    pub(super) fn ask_again(
        &mut self,
        fleet: &mut Fleet,
        provider: ProviderId,
        now: Instant,
    ) -> Result<Permit, Refusal> {
        let request = AdmissionRequest {
            call: self.id,
            ask: &self.ask,
            attempts: self.attempts,
            picky: false,
            now,
        };
        fleet.admit(provider, request, &mut self.notes)
    }

    /// Decides whether this call skips providers whose context is too small for its prompt. Where
    /// all are, none is skipped: the prompt's length is the caller's estimate.
    pub(super) fn skip_small_contexts(&mut self, fleet: &Fleet) {
        let is_asked = fleet.policy().route.small_context == SmallContext::Skip;
        let mut order = self.turn.order();
        let some_fit = is_asked && order.any(|provider| self.is_long_enough(fleet, provider));
        self.skips_small = some_fit;
    }

    /// Whether the provider's context holds as many tokens as the caller says that the prompt has.
    fn is_long_enough(&self, fleet: &Fleet, provider: ProviderId) -> bool {
        let context = fleet.member(provider).context;
        context.is_none_or(|context| self.ask.prompt <= context)
    }

    /// Whether the provider's context, as far as it is known, is long enough for the prompt.
    pub(super) fn fits(&self, fleet: &Fleet, provider: ProviderId) -> bool {
        if self.skips_small && !self.is_long_enough(fleet, provider) {
            return false;
        }
        self.context_too_small.is_none_or(|outgrown| {
            let context = fleet.member(provider).context;
            context.is_none_or(|context| context > outgrown)
        })
    }
}

//! Which provider a call tries next.

use super::super::ProviderId;
use super::super::fleet::{Fleet, Refused};
use super::Call;
use super::state::{Choice, Flight};
use crate::time::Instant;

impl Call {
    /// The next provider that this call has not left, that has no attempt of it in flight, and that
    /// admits one. A provider in slow start is used regardless of its share if no other admits the
    /// attempt.
    pub(super) fn choose(&mut self, fleet: &mut Fleet, now: Instant) -> Choice {
        let slow_start = fleet.policy().route.slow_start.is_some();
        if slow_start && let choice @ Choice::Leave(_) = self.choose_of(fleet, true, now) {
            return choice;
        }
        match self.choose_of(fleet, false, now) {
            // A breaker or an ejection may let a provider back before a full one has room.
            full @ Choice::Full(_) => full.or_full(fleet.reopens_at(now)),
            choice => choice,
        }
    }

    fn choose_of(&mut self, fleet: &mut Fleet, picky: bool, now: Instant) -> Choice {
        let mut choice = Choice::NoProvider;
        for provider in self.turn.order() {
            if !self.may_ask(fleet, provider) {
                continue;
            }
            match fleet.admit(provider, self.bid(picky, now)) {
                Ok(pass) => return Choice::Leave(pass),
                Err(Refused::Shut) => {}
                // Asking its throttle again (second pass, wake in the queue, hedge) would count
                // another request.
                Err(Refused::Throttled) => self.left.push(provider),
                Err(Refused::Full(ready)) => {
                    choice = choice.or_full(ready);
                    if fleet.waits_when_full(provider) {
                        return choice;
                    }
                }
            }
        }
        choice
    }

    fn may_ask(&self, fleet: &Fleet, provider: ProviderId) -> bool {
        let flies = |flight: &Flight| flight.visit.provider == provider;
        self.fits(fleet, provider)
            && !self.left.contains(&provider)
            && !self.flights.iter().any(flies)
    }

    /// Whether the provider's context, as far as it is known, is long enough for the prompt.
    pub(super) fn fits(&self, fleet: &Fleet, provider: ProviderId) -> bool {
        self.context_too_small.is_none_or(|outgrown| {
            let context = fleet.member(provider).context;
            context.is_none_or(|context| context > outgrown)
        })
    }
}

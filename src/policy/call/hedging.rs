//! Hedges: a second attempt beside one that is slow.

use super::super::fleet::Fleet;
use super::super::reason::{NoHedge, Reason};
use super::state::{Choice, Flight, Visit, earlier};
use super::{Call, Cause, Step};
use crate::time::Instant;

impl Call {
    /// Attempts are in flight: starts a hedge when the hedge delay is over.
    pub(super) fn watch(&mut self, fleet: &mut Fleet, now: Instant) -> Step {
        if let Some(step) = self.start_fork(fleet, now) {
            return step;
        }
        let due = self.hedge_at(fleet);
        if due.is_some_and(|due| now >= due) {
            if let Some(step) = self.hedge(fleet, now) {
                return step;
            }
            self.hedging_done = true;
        }
        let due = due.filter(|due| now < *due);
        let until = earlier(self.deadline(fleet), due);
        Step::Wait { until }
    }

    /// When to hedge because the latest attempt in flight has sent no token; none = not at all.
    fn hedge_at(&self, fleet: &mut Fleet) -> Option<Instant> {
        let attempts = fleet.policy().retry.max_attempts;
        let hedger = fleet.hedger()?;
        let is_open = self.committed.is_none() && self.stopped.is_none() && !self.hedging_done;
        if !is_open || self.hedges >= hedger.most() || self.attempts >= attempts {
            return None;
        }
        let speaks = |flight: &Flight| flight.first_token.is_some();
        let latest = self.flights.last()?;
        let delay = hedger.delay(latest.pass.provider)?;
        (!self.flights.iter().any(speaks)).then(|| latest.since + delay)
    }

    /// Starts another attempt beside those in flight, if a provider admits it and the budget allows
    /// it.
    fn hedge(&mut self, fleet: &mut Fleet, now: Instant) -> Option<Step> {
        // Queued calls get capacity before hedges do.
        if fleet.is_behind_others(self.id, &self.ask, now) {
            return self.hedge_not(NoHedge::OthersWait);
        }
        self.note_hedge(now);
        if !fleet.hedger()?.take() {
            return self.hedge_not(NoHedge::BudgetEmpty);
        }
        match self.choose(fleet, now) {
            Choice::Leave(pass) => {
                self.hedges += 1;
                Some(self.start(fleet, &Visit::new(&pass), &pass, Cause::Hedge, now))
            }
            Choice::Full(_) | Choice::Unhealthy(_) | Choice::NoProvider => {
                fleet.hedger()?.give_back();
                self.hedge_not(NoHedge::NoProvider)
            }
        }
    }

    fn hedge_not(&mut self, why: NoHedge) -> Option<Step> {
        self.notes.add(|| Reason::HedgesNot { why });
        None
    }

    fn note_hedge(&mut self, now: Instant) {
        if let Some(latest) = self.flights.last() {
            let (provider, silent) = (latest.pass.provider, now.since(latest.since));
            self.notes.add(|| Reason::Hedges { provider, silent });
        }
    }
}

//! One call, from its arrival to its outcome. This module decides the order of events; sibling
//! modules make the single decisions, and the client carries out each [`Step`].
//!
//! ```text
//!              Start                  on_reply: success
//!   Arrived ----------->  InFlight  ---------------------------------------->  Finished
//!      |                   ^    |                                                 ^
//!      | no room           |    | on_reply: failure of the last in flight         |
//!      v        Start      |    v                          stopped, exhausted     |
//!   Queued --------------->+-- Failed  ------------------------------------------>+
//!                          |    | to return after a wait                          |
//!                          |    v                                                 |
//!                          +-- Waiting ------------------------------------------>+
//! ```
//!
//! From every state the deadline, or a caller that drops the call, leads to Finished; attempts in
//! flight are then cancelled. A failure after a token was delivered leads there as well. More than
//! one attempt is in flight only while a hedge runs beside a slow one: when the first of them
//! succeeds (or has a token delivered), the others are cancelled.

mod choose;
mod hedging;
mod quirks;
mod recover;
mod state;

use std::time::Duration;

use smallvec::SmallVec;

use super::call_context::{CallContext, Delivery};
use super::classify::FailureClass;
use super::config::Timeouts;
use super::fleet::{Fleet, Permit};
use super::keys::KeyId;
use super::queue::WaitsFor;
use super::reason::{Leaving, Notes, Reason, Stop};
use super::router::ProviderOrder;
use super::{AttemptId, CallId, ProviderId};
use crate::rng::RngStreams;
use crate::time::Instant;
use quirks::{QuirkState, Told};
use state::{CallState, Choice, Failed, Flight, Queued, Visit, Waiting, earlier};

pub(crate) use super::step::{Cause, Failure, FailureReason, Outcome, Reply, Start, Step};

/// One call. Every method must get the same fleet.
#[derive(Debug)]
pub struct Call {
    id: CallId,
    arrived: Instant,
    deadline: Option<Instant>,
    ask: CallContext,
    draws: RngStreams,
    /// Attempts started so far.
    attempts: u32,
    /// Of these, hedges.
    hedges: u32,
    /// Whether no further hedge is possible, because no provider admits it or the budget is used
    /// up.
    hedging_done: bool,
    turn: ProviderOrder,
    /// The providers that this call fell back from, or whose throttle refused it; it never returns
    /// to them.
    left: Vec<ProviderId>,
    /// The keys that were used at providers which have several.
    tried: Vec<(ProviderId, KeyId)>,
    /// The class of a failure that ends the call; no further attempt is started after it.
    stopped: Option<FailureClass>,
    /// The prompt did not fit a context of this many tokens; providers with no larger known context
    /// are skipped.
    context_too_small: Option<u64>,
    /// Whether providers are skipped whose context is known to be too small for the prompt.
    skips_small: bool,
    /// The provider that rejected the call, if one did.
    rejected_by: Option<ProviderId>,
    /// Retries so far, each with the class of the failure before it; kept only if the policy has a
    /// maximum by class.
    retried: Vec<FailureClass>,
    /// Those in flight: one, unless calls are hedged.
    flights: SmallVec<[Flight; 1]>,
    /// The attempt of which the caller has tokens, so that no other attempt can answer any more.
    committed: Option<AttemptId>,
    state: CallState,
    quirks: QuirkState,
    notes: Notes,
}

impl Call {
    /// A call that arrives now. The policy's own call timeout may end it before its deadline.
    pub fn new(id: CallId, now: Instant, ask: CallContext, draws: RngStreams) -> Self {
        Self {
            id,
            arrived: now,
            deadline: ask.deadline.map(|length| now + length),
            ask,
            draws,
            attempts: 0,
            hedges: 0,
            hedging_done: false,
            turn: ProviderOrder::default(),
            left: Vec::new(),
            tried: Vec::new(),
            stopped: None,
            context_too_small: None,
            skips_small: false,
            rejected_by: None,
            retried: Vec::new(),
            flights: SmallVec::new(),
            committed: None,
            state: CallState::Arrived,
            quirks: QuirkState::default(),
            notes: Notes::default(),
        }
    }

    /// From here on notes the reasons of its decisions. Otherwise it notes none.
    pub fn explain(&mut self) {
        self.notes.begin();
    }

    /// The reasons of the decisions since the last call of this method, in order.
    pub fn take_reasons(&mut self) -> Vec<Reason> {
        self.notes.take()
    }

    /// What to do now. Calling it too early or too often is harmless.
    pub fn step(&mut self, fleet: &mut Fleet, now: Instant) -> Step {
        if let Some(attempt) = self.cancel_losers(fleet, now) {
            return Step::Cancel { attempt };
        }
        match self.state {
            CallState::Finished(outcome) => Step::Finish(outcome),
            _ if !self.is_before_deadline(fleet, now) => self.expire(fleet, now),
            CallState::Arrived => {
                self.turn = fleet.turn(self.id, &self.ask, now, &mut self.notes);
                self.skip_small_contexts(fleet);
                self.begin_rotated(fleet);
                self.try_start(fleet, Cause::First, None, now)
            }
            CallState::Queued(queued) => self.stand(fleet, queued, now),
            CallState::InFlight => self.watch(fleet, now),
            CallState::Failed(failed) => self.recover(fleet, &failed, now),
            CallState::Waiting(Waiting { until, .. }) if now < until => {
                Step::Wait { until: Some(until) }
            }
            CallState::Waiting(waiting) => self.resume(fleet, waiting, now),
        }
    }

    /// The first output token was received. It need not have been delivered to the caller yet.
    pub fn on_first_token_received(&mut self, fleet: &mut Fleet, attempt: AttemptId, now: Instant) {
        if let Some(flight) = self.flight(attempt)
            && flight.first_token.is_none()
        {
            flight.first_token = Some(now);
            let (provider, took) = (flight.pass.provider, now.since(flight.since));
            fleet.on_first_token_of(&mut flight.pass, now);
            fleet.on_first_token_received(provider, took);
        }
    }

    /// The first output token was delivered to the caller. From here on no other attempt can answer
    /// the call, unless the caller wants the whole answer in one piece.
    pub fn on_first_token_delivered(&mut self, attempt: AttemptId) {
        let is_open = self.ask.delivery == Delivery::Live && self.committed.is_none();
        if is_open && self.flight(attempt).is_some() {
            self.committed = Some(attempt);
        }
    }

    /// The provider reported how many tokens an attempt has used. Call it before
    /// [`Self::on_reply`].
    pub fn on_usage(
        &mut self,
        fleet: &mut Fleet,
        attempt: AttemptId,
        (prompt, output): (u64, u64),
        now: Instant,
    ) {
        if let Some(flight) = self.flight(attempt) {
            fleet.on_usage(&mut flight.pass, prompt, output, now);
        }
    }

    /// An attempt ended by itself. A reply to an attempt that is no longer in flight is ignored.
    pub fn on_reply(&mut self, fleet: &mut Fleet, attempt: AttemptId, reply: &Reply, now: Instant) {
        let found = self
            .flights
            .iter()
            .position(|flight| flight.attempt == attempt);
        let Some(found) = found else {
            return;
        };
        let flight = &self.flights[found];
        // If the call has finished, or another attempt answers it, only the fleet is notified.
        let is_ours = self.committed.is_none_or(|committed| committed == attempt)
            && !matches!(self.state, CallState::Finished(_));
        match reply {
            Reply::Succeeded => {
                let took = flight.took(now);
                if flight.first_token.is_none() {
                    fleet.on_first_token_received(flight.pass.provider, took);
                }
                fleet.on_success(&flight.pass, took, now);
                self.flights.remove(found);
                if is_ours {
                    self.finish(Outcome::Succeeded { attempt });
                }
            }
            Reply::Failed(failure) => {
                match self.told(fleet, flight, failure) {
                    Told::Over => fleet.on_cancelled(&flight.pass, true, now),
                    told => {
                        if told == Told::FailedTwice {
                            fleet.on_failure_again(&flight.pass, now);
                        }
                        fleet.on_failure(&flight.pass, failure, now);
                    }
                }
                let visit = flight.visit;
                self.flights.remove(found);
                if is_ours && !self.hangs(fleet, failure.class) {
                    self.on_failure(fleet, attempt, &visit, failure, now);
                }
            }
        }
    }

    /// The caller dropped the call. Cancels every attempt in flight, and returns those attempts.
    pub fn on_dropped(&mut self, fleet: &mut Fleet, now: Instant) -> Vec<AttemptId> {
        fleet.leave_queue(self.id);
        if !matches!(self.state, CallState::Finished(_)) {
            self.fail(FailureReason::Unfinished, Stop::Dropped);
        }
        std::iter::from_fn(|| self.cancel_losers(fleet, now)).collect()
    }

    /// Starts an attempt at the first provider in this call's order that admits it, after a failure
    /// of the class `last` if there was one.
    fn try_start(
        &mut self,
        fleet: &mut Fleet,
        cause: Cause,
        last: Option<FailureClass>,
        now: Instant,
    ) -> Step {
        let noted = self.notes.count();
        let (waits_for, ready) = match self.choose_in_turn(fleet, now) {
            Choice::Leave(pass) => {
                fleet.leave_queue(self.id);
                return self.start(fleet, &Visit::new(&pass), &pass, cause, now);
            }
            Choice::NoProvider if self.is_unsupported() => {
                let class = FailureClass::BadRequest;
                return self.fail(FailureReason::Stopped(class), Stop::Unsupported);
            }
            Choice::Unhealthy(returns) if self.may_return(fleet, returns, now) => {
                (WaitsFor::Return, fleet.reopens_at(now))
            }
            Choice::Unhealthy(_) | Choice::NoProvider => {
                fleet.leave_queue(self.id);
                return self.give_up(FailureReason::Unavailable, last, Stop::NoProvider);
            }
            Choice::Full(ready) => (WaitsFor::Capacity, ready),
        };
        let Some(until) = fleet.join_queue(self.id, &self.ask, waits_for, now) else {
            return self.give_up(waits_for.failure(), last, Stop::QueueFull);
        };
        match (&self.state, waits_for) {
            // It has asked again, to no avail: that is not worth a note.
            (CallState::Queued(_), _) => self.notes.truncate(noted),
            (_, WaitsFor::Capacity) => self.notes.add(|| Reason::Queued { until }),
            (_, WaitsFor::Return) => self.notes.add(|| Reason::AwaitsReturn { until }),
        }
        self.state = CallState::Queued(Queued {
            cause,
            last,
            until,
            waits_for,
        });
        let until = ready.map_or(until, |ready| ready.min(until));
        let until = self
            .deadline(fleet)
            .map_or(until, |deadline| deadline.min(until));
        Step::WaitForCapacity { until }
    }

    /// Whether the policy lets calls wait for the return of a provider, and one that returns at
    /// `returns` (none = unknown) may do so before the wait of this call ends.
    fn may_return(&self, fleet: &Fleet, returns: Option<Instant>, now: Instant) -> bool {
        let Some(until) = fleet.waits_for_return(self.id, now) else {
            return false;
        };
        returns.is_none_or(|at| at < until && self.is_before_deadline(fleet, at))
    }

    /// Tries again to start, unless the maximum wait is over, or a call of higher priority pushed
    /// this one out of the queue.
    fn stand(&mut self, fleet: &mut Fleet, queued: Queued, now: Instant) -> Step {
        if now >= queued.until || !fleet.is_queued(self.id) {
            fleet.leave_queue(self.id);
            let why = match queued.waits_for {
                WaitsFor::Capacity => Stop::QueueTimeout,
                WaitsFor::Return => Stop::NoReturn,
            };
            return self.give_up(queued.waits_for.failure(), queued.last, why);
        }
        self.try_start(fleet, queued.cause, queued.last, now)
    }

    /// An attempt failed. If others are in flight, the call goes on with those.
    fn on_failure(
        &mut self,
        fleet: &Fleet,
        attempt: AttemptId,
        visit: &Visit,
        failure: &Failure,
        now: Instant,
    ) {
        if self.committed == Some(attempt) || self.committed_at_head(fleet, failure) {
            let class = failure.class;
            self.fail(
                FailureReason::Interrupted(class),
                Stop::Interrupted { class },
            );
            return;
        }
        if !self.retries_inside(fleet, visit, failure) {
            self.apply_failure(fleet, visit.provider, failure);
        }
        let branches = self.branches_off(fleet, failure.class);
        match self.flights.is_empty() {
            true => {
                self.state = CallState::Failed(Failed {
                    visit: *visit,
                    failure: *failure,
                    at: now,
                })
            }
            false if branches => {}
            false => self.left.push(visit.provider),
        }
    }

    /// Moves on from a provider to the next one that this call has not tried.
    fn fall_back(
        &mut self,
        fleet: &mut Fleet,
        from: ProviderId,
        class: FailureClass,
        why: Leaving,
        now: Instant,
    ) -> Step {
        let provider = from;
        self.notes.add(|| Reason::Leaves { provider, why });
        self.rotate_on(fleet, from);
        self.leave_group(fleet, from, why);
        if let Some(step) = self.end_round(fleet, (from, class), now) {
            return step;
        }
        self.try_start(fleet, Cause::Fallback, Some(class), now)
    }

    /// The deadline has passed: attempts in flight are cancelled first.
    fn expire(&mut self, fleet: &mut Fleet, now: Instant) -> Step {
        fleet.leave_queue(self.id);
        let finish = self.fail(FailureReason::Deadline, Stop::Deadline);
        let lost = self.cancel_losers(fleet, now);
        lost.map_or(finish, |attempt| Step::Cancel { attempt })
    }

    fn start(
        &mut self,
        fleet: &mut Fleet,
        visit: &Visit,
        pass: &Permit,
        cause: Cause,
        now: Instant,
    ) -> Step {
        if cause == Cause::First {
            fleet.on_first(now);
        }
        let nth = self.count_attempt(fleet, visit);
        self.attempts += u32::from(!visit.uncounted);
        let attempt = AttemptId(self.quirks.number(self.attempts));
        if fleet.member(visit.provider).keys > 1 {
            self.tried.push((visit.provider, pass.key));
        }
        self.state = CallState::InFlight;
        self.flights.push(Flight {
            attempt,
            visit: Visit {
                attempts: visit.attempts + 1,
                key: pass.key,
                inside: if visit.uncounted { visit.inside } else { 0 },
                resent: visit.uncounted && visit.resent,
                uncounted: false,
                ..*visit
            },
            pass: *pass,
            since: now,
            first_token: None,
        });
        Step::Start(Start {
            attempt,
            provider: visit.provider,
            nth,
            cause,
            probe: pass.is_probe(),
            key: pass.key,
            timeouts: self.timeouts(fleet.settings(visit.provider).timeouts),
        })
    }

    /// Ends the call without another attempt, with the last failure if there was one.
    fn give_up(&mut self, ending: FailureReason, last: Option<FailureClass>, why: Stop) -> Step {
        self.fail(last.map_or(ending, FailureReason::Exhausted), why)
    }

    fn fail(&mut self, ending: FailureReason, why: Stop) -> Step {
        self.notes.add(|| Reason::Stops { why });
        let outcome = Outcome::Failed(ending);
        self.finish(outcome);
        Step::Finish(outcome)
    }

    const fn finish(&mut self, outcome: Outcome) {
        self.state = CallState::Finished(outcome);
    }

    /// Cancels one attempt in flight that can no longer answer the call, and updates its provider's
    /// state.
    fn cancel_losers(&mut self, fleet: &mut Fleet, now: Instant) -> Option<AttemptId> {
        let over = matches!(self.state, CallState::Finished(_));
        if self.flights.is_empty() || (!over && self.committed.is_none()) {
            return None;
        }
        let committed = self.committed.filter(|_| !over);
        let found = self
            .flights
            .iter()
            .position(|flight| Some(flight.attempt) != committed)?;
        let flight = &self.flights[found];
        let (attempt, spoke) = (flight.attempt, flight.first_token.is_some());
        if !spoke {
            fleet.on_silence(flight.pass.provider, flight.took(now));
        }
        fleet.on_cancelled(&flight.pass, spoke, now);
        self.flights.remove(found);
        Some(attempt)
    }

    fn flight(&mut self, attempt: AttemptId) -> Option<&mut Flight> {
        self.flights
            .iter_mut()
            .find(|flight| flight.attempt == attempt)
    }

    /// The earlier of the caller's deadline and the policy's.
    fn deadline(&self, fleet: &Fleet) -> Option<Instant> {
        let own = fleet.policy().timeouts.call.map(|call| self.arrived + call);
        earlier(self.deadline, own)
    }

    fn is_before_deadline(&self, fleet: &Fleet, moment: Instant) -> bool {
        let deadline = self.deadline(fleet);
        deadline.is_none_or(|deadline| moment < deadline)
    }

    /// The timeouts that apply to an attempt of this call.
    fn timeouts(&self, timeouts: Timeouts) -> Timeouts {
        let is_streamed = self.ask.delivery.is_streamed();
        let streamed = |timeout: Option<Duration>| timeout.filter(|_| is_streamed);
        Timeouts {
            first_token: streamed(timeouts.first_token),
            idle: streamed(timeouts.idle),
            call: None,
            ..timeouts
        }
    }
}

#[cfg(test)]
mod tests;

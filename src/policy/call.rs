//! One call, from its arrival to its outcome: the order of things. Each judgement on the way is a
//! sibling's, and what is done about a [`Step`] is the client's matter.
//!
//! ```text
//!              Start                  on_reply: success
//!   Arrived ----------->  InFlight  ---------------------------------------->  Finished
//!                          ^    |                                                 ^
//!          Start (retry,   |    | on_reply: failure        stopped, exhausted     |
//!              fallback)   |    v                                                 |
//!                          +-- Failed  ------------------------------------------>+
//!                          |    | to return after a wait                          |
//!                          |    v                                                 |
//!                          +-- Waiting ------------------------------------------>+
//! ```
//!
//! From every state the deadline and a caller who leaves lead to Finished; an attempt in flight is
//! then cancelled. A failure after the first token of a streamed answer leads there as well.
//! At most one attempt is in flight.
//!
//! A provider that answers 503 once, under a policy that retries after a second:
//!
//! ```
//! use std::time::Duration;
//!
//! use firedrill::policy::call::{Call, Cause, Failure, Outcome, Reply, Step};
//! use firedrill::policy::classify::FailureClass;
//! # use firedrill::policy::config::*;
//! use firedrill::policy::fleet::Fleet;
//! use firedrill::policy::{AttemptId, CallId};
//! use firedrill::rng::Draws;
//! use firedrill::time::Instant;
//!
//! # let second = Duration::from_secs(1);
//! # let policy = Policy {
//! #     name: "example".into(),
//! #     about: "Twice at the same provider.".into(),
//! #     route: Route { strategy: Strategy::Priority },
//! #     retry: Retry {
//! #         attempts: 2,
//! #         per_provider: 2,
//! #         backoff: Backoff {
//! #             base: second, factor_milli: 2_000, cap: second * 8, jitter: Jitter::None,
//! #         },
//! #     },
//! #     hints: Hints {
//! #         retry_after: Read::Honour, cap: second * 60, beyond: Beyond::Fallback,
//! #     },
//! #     timeouts: Timeouts::default(),
//! #     breaker: None,
//! #     failures: Default::default(),
//! #     tiers: Vec::new(),
//! #     by_name: Default::default(),
//! # };
//! let mut fleet = Fleet::new(policy, &["openai".to_owned()]);
//! let arrival = Instant::START;
//! let mut call = Call::new(CallId(0), arrival, None, false, Draws::new(1));
//!
//! let Step::Start(first) = call.step(&mut fleet, arrival) else { panic!() };
//! assert_eq!((first.attempt, first.cause), (AttemptId(1), Cause::First));
//! assert_eq!(call.step(&mut fleet, arrival), Step::Wait { until: None });
//!
//! let failed = arrival + Duration::from_millis(300);
//! let failure = Failure { class: FailureClass::ServerError, hint: None };
//! call.on_reply(&mut fleet, first.attempt, &Reply::Failed(failure), failed);
//! let back = failed + Duration::from_secs(1);
//! assert_eq!(call.step(&mut fleet, failed), Step::Wait { until: Some(back) });
//!
//! let Step::Start(second) = call.step(&mut fleet, back) else { panic!() };
//! assert_eq!((second.attempt, second.cause), (AttemptId(2), Cause::Retry));
//! call.on_reply(&mut fleet, second.attempt, &Reply::Succeeded, back);
//! let answered = Outcome::Succeeded { attempt: second.attempt };
//! assert_eq!(call.step(&mut fleet, back), Step::Finish(answered));
//! ```

use std::time::Duration;

use super::backoff;
use super::breaker::Admission;
use super::classify::{Action, FailureClass};
use super::config::{Beyond, Timeouts};
use super::fleet::Fleet;
use super::hints::{self, Judgement};
use super::router::Turn;
use super::{AttemptId, CallId, ProviderId};
use crate::rng::{Draws, Purpose};
use crate::time::Instant;

pub use super::step::{Cause, Ending, Failure, Outcome, Reply, Start, Step};

/// One call. The same fleet is handed to it each time.
#[derive(Debug)]
pub struct Call {
    id: CallId,
    arrived: Instant,
    deadline: Option<Instant>,
    streamed: bool,
    draws: Draws,
    /// Attempts started so far.
    attempts: u32,
    turn: Turn,
    /// The providers that this call fell back from; it never returns to them.
    left: Vec<ProviderId>,
    state: State,
}

impl Call {
    /// A call that arrives now. The policy's own call timeout may end it before `deadline`.
    pub fn new(
        id: CallId,
        now: Instant,
        deadline: Option<Instant>,
        streamed: bool,
        draws: Draws,
    ) -> Self {
        Self {
            id,
            arrived: now,
            deadline,
            streamed,
            draws,
            attempts: 0,
            turn: Turn::default(),
            left: Vec::new(),
            state: State::Arrived,
        }
    }

    /// What to do now. Asking too early or too often does no harm.
    pub fn step(&mut self, fleet: &mut Fleet, now: Instant) -> Step {
        match self.state {
            State::Finished(outcome) => Step::Finish(outcome),
            _ if !self.is_before_deadline(fleet, now) => self.expire(fleet),
            State::Arrived => self.begin(fleet, now),
            State::InFlight(_) => Step::Wait {
                until: self.deadline(fleet),
            },
            State::Failed(failed) => self.recover(fleet, failed, now),
            State::Waiting(waiting) => self.resume(fleet, waiting, now),
        }
    }

    /// The first output token was handed to the caller. From here on nobody else can answer a
    /// streamed call; a plain one takes no notice.
    pub fn on_first_token(&mut self, attempt: AttemptId) {
        if let State::InFlight(flight) = &mut self.state
            && flight.attempt == attempt
        {
            flight.committed = self.streamed;
        }
    }

    /// An attempt ended by itself. A reply to an attempt that is no longer in flight is ignored.
    pub fn on_reply(&mut self, fleet: &mut Fleet, attempt: AttemptId, reply: &Reply, now: Instant) {
        let State::InFlight(flight) = self.state else {
            return;
        };
        if flight.attempt != attempt {
            return;
        }
        let provider = flight.visit.provider;
        match reply {
            Reply::Succeeded => {
                fleet.on_success(provider, flight.admission);
                self.state = State::Finished(Outcome::Succeeded { attempt });
            }
            Reply::Failed(failure) => {
                fleet.on_failure(provider, flight.admission, failure.class, now);
                self.state = flight.failed(failure, now);
            }
        }
    }

    /// The call's caller left: every attempt in flight is lost. Returns those attempts.
    pub fn on_dropped(&mut self, fleet: &mut Fleet, _now: Instant) -> Vec<AttemptId> {
        if matches!(self.state, State::Finished(_)) {
            return Vec::new();
        }
        let lost = self.lose(fleet);
        self.fail(Ending::Unfinished);
        lost.into_iter().collect()
    }

    /// The first attempt, at the first provider of this call's turn that admits it.
    fn begin(&mut self, fleet: &mut Fleet, now: Instant) -> Step {
        self.turn = fleet.turn();
        match self.choose(fleet, now) {
            Some((provider, admission)) => {
                self.start(fleet, Visit::new(provider), admission, Cause::First)
            }
            None => self.fail(Ending::Unavailable),
        }
    }

    /// After a failure: stop, give up, move on, or return after a wait.
    fn recover(&mut self, fleet: &mut Fleet, failed: Failed, now: Instant) -> Step {
        let class = failed.class;
        let action = fleet.action(class);
        if action == Action::Stop {
            return self.fail(Ending::Stopped(class));
        }
        if self.attempts >= fleet.policy().retry.attempts {
            return self.fail(Ending::Exhausted(class));
        }
        let provider = failed.visit.provider;
        let per_provider = fleet.settings(provider).per_provider;
        if action == Action::Fallback || failed.visit.attempts >= per_provider {
            return self.fall_back(fleet, provider, class, now);
        }
        let left = self
            .deadline(fleet)
            .map(|deadline| deadline.since(failed.at));
        match hints::judge(&fleet.policy().hints, failed.hint, left) {
            Judgement::None => {
                let backoff = self.back_off(fleet, &failed.visit);
                let visit = Visit {
                    backoff,
                    ..failed.visit
                };
                self.wait(fleet, Failed { visit, ..failed }, backoff, now)
            }
            Judgement::Wait(hint) => self.wait(fleet, failed, hint, now),
            Judgement::Beyond(Beyond::Fallback) => self.fall_back(fleet, provider, class, now),
            Judgement::Beyond(Beyond::Stop) => self.fail(Ending::Stopped(class)),
        }
    }

    /// Waits to return to the provider, unless that is bound to be in vain.
    fn wait(&mut self, fleet: &mut Fleet, failed: Failed, wait: Duration, now: Instant) -> Step {
        let Failed { visit, class, .. } = failed;
        let until = failed.at + wait;
        let in_time = self.is_before_deadline(fleet, until);
        if !in_time || !fleet.would_admit(visit.provider, until) {
            return self.fall_back(fleet, visit.provider, class, now);
        }
        let waiting = Waiting {
            visit,
            class,
            until,
        };
        self.state = State::Waiting(waiting);
        self.resume(fleet, waiting, now)
    }

    /// Returns to the provider when the wait is over and its breaker still admits.
    fn resume(&mut self, fleet: &mut Fleet, waiting: Waiting, now: Instant) -> Step {
        let Waiting {
            visit,
            class,
            until,
        } = waiting;
        if now < until {
            return Step::Wait { until: Some(until) };
        }
        match fleet.admit(visit.provider, now) {
            Some(admission) => self.start(fleet, visit, admission, Cause::Retry),
            None => self.fall_back(fleet, visit.provider, class, now),
        }
    }

    /// Leaves a provider for the next that this call has not tried.
    fn fall_back(
        &mut self,
        fleet: &mut Fleet,
        from: ProviderId,
        class: FailureClass,
        now: Instant,
    ) -> Step {
        self.left.push(from);
        match self.choose(fleet, now) {
            Some((provider, admission)) => {
                self.start(fleet, Visit::new(provider), admission, Cause::Fallback)
            }
            None => self.fail(Ending::Exhausted(class)),
        }
    }

    /// The deadline has passed: an attempt in flight is cancelled first.
    fn expire(&mut self, fleet: &mut Fleet) -> Step {
        let lost = self.lose(fleet);
        let finish = self.fail(Ending::Deadline);
        lost.map_or(finish, |attempt| Step::Cancel { attempt })
    }

    fn start(&mut self, fleet: &Fleet, visit: Visit, admission: Admission, cause: Cause) -> Step {
        self.attempts += 1;
        let attempt = AttemptId(self.attempts);
        self.state = State::InFlight(Flight {
            attempt,
            visit: Visit {
                attempts: visit.attempts + 1,
                ..visit
            },
            admission,
            committed: false,
        });
        Step::Start(Start {
            attempt,
            provider: visit.provider,
            nth: visit.attempts,
            cause,
            probe: admission.is_probe(),
            key: super::keys::KeyId(0),
            timeouts: self.timeouts(fleet.settings(visit.provider).timeouts),
        })
    }

    fn fail(&mut self, ending: Ending) -> Step {
        let outcome = Outcome::Failed(ending);
        self.state = State::Finished(outcome);
        Step::Finish(outcome)
    }

    /// Gives up the attempt in flight, if there is one, and tells its breaker.
    fn lose(&mut self, fleet: &mut Fleet) -> Option<AttemptId> {
        let State::InFlight(flight) = self.state else {
            return None;
        };
        fleet.on_cancelled(flight.visit.provider, flight.admission);
        Some(flight.attempt)
    }

    /// The next provider that this call has not left and whose breaker admits it.
    fn choose(&self, fleet: &mut Fleet, now: Instant) -> Option<(ProviderId, Admission)> {
        self.turn
            .order()
            .filter(|provider| !self.left.contains(provider))
            .find_map(|provider| Some((provider, fleet.admit(provider, now)?)))
    }

    /// The wait before the next return. Its draw is keyed by the return, so another policy's
    /// draws elsewhere do not change it.
    fn back_off(&self, fleet: &Fleet, visit: &Visit) -> Duration {
        let (provider, nth) = (visit.provider, visit.attempts);
        let key = (self.id.0, u64::from(provider.0), u64::from(nth));
        let mut stream = self.draws.stream(Purpose::Backoff, key.0, key.1, key.2);
        let settings = &fleet.settings(provider).backoff;
        backoff::wait(settings, nth, visit.backoff, &mut stream)
    }

    /// The earlier of the caller's deadline and the policy's.
    fn deadline(&self, fleet: &Fleet) -> Option<Instant> {
        let own = fleet.policy().timeouts.call.map(|call| self.arrived + call);
        self.deadline.into_iter().chain(own).min()
    }

    fn is_before_deadline(&self, fleet: &Fleet, moment: Instant) -> bool {
        let deadline = self.deadline(fleet);
        deadline.is_none_or(|deadline| moment < deadline)
    }

    /// The timeouts that apply to an attempt of this call.
    fn timeouts(&self, timeouts: Timeouts) -> Timeouts {
        let streamed = |timeout: Option<Duration>| timeout.filter(|_| self.streamed);
        Timeouts {
            first_token: streamed(timeouts.first_token),
            idle: streamed(timeouts.idle),
            call: None,
            ..timeouts
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    Arrived,
    InFlight(Flight),
    Failed(Failed),
    Waiting(Waiting),
    Finished(Outcome),
}

/// A call's time at one provider.
#[derive(Clone, Copy, Debug)]
struct Visit {
    provider: ProviderId,
    attempts: u32,
    /// The latest backoff there (a hint is none); zero before the first.
    backoff: Duration,
}

impl Visit {
    const fn new(provider: ProviderId) -> Self {
        Self {
            provider,
            attempts: 0,
            backoff: Duration::ZERO,
        }
    }
}

/// An attempt in flight.
#[derive(Clone, Copy, Debug)]
struct Flight {
    attempt: AttemptId,
    visit: Visit,
    admission: Admission,
    /// The caller holds a part of its answer, so no other attempt can answer any more.
    committed: bool,
}

impl Flight {
    fn failed(&self, failure: &Failure, now: Instant) -> State {
        let &Failure { class, hint, .. } = failure;
        if self.committed {
            return State::Finished(Outcome::Failed(Ending::Interrupted(class)));
        }
        State::Failed(Failed {
            visit: self.visit,
            class,
            hint,
            at: now,
        })
    }
}

/// A failure about which nothing is decided yet.
#[derive(Clone, Copy, Debug)]
struct Failed {
    visit: Visit,
    class: FailureClass,
    hint: Option<Duration>,
    at: Instant,
}

/// On the way back to a provider.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    visit: Visit,
    class: FailureClass,
    until: Instant,
}

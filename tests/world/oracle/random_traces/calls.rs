//! Random events: calls with their attempts, and what belongs to no call.

use std::time::Duration;

use firedrill::policy::{
    AttemptId, BreakerState, CallId, Cause, FailureClass, FailureReason, KeyId, Outcome, ProviderId,
};
use firedrill::report::Subject;
use firedrill::time::Instant;
use firedrill::trace::{Bill, Event, EventKind};

use super::super::fault_id;
use super::draws::Draws;

/// A trace that is being drawn.
pub(crate) struct Trace<'a> {
    subject: &'a Subject,
    draws: &'a mut Draws,
    events: Vec<Event>,
    /// All times are multiples of so many milliseconds.
    grid: u64,
    /// How many of 100 attempts fail.
    failing: u64,
}

/// An attempt in flight.
#[derive(Clone, Copy)]
struct Flight {
    attempt: AttemptId,
    provider: ProviderId,
    nth: u32,
}

/// A call that goes on.
struct Call {
    id: CallId,
    streamed: bool,
    /// The time of its latest event.
    at: u64,
    started: Vec<Flight>,
}

impl<'a> Trace<'a> {
    pub(crate) fn of(subject: &'a Subject, calls: u64, draws: &'a mut Draws) -> Self {
        let grid = draws.pick(&[1, 250, 500, 500]);
        let failing = draws.pick(&[0, 10, 50, 95]);
        let mut trace = Self {
            subject,
            draws,
            events: Vec::new(),
            grid,
            failing,
        };
        let bunched = trace.draws.chance(30);
        let middle = trace.moment();
        for id in 0..calls {
            let mut at = trace.moment();
            if bunched && trace.draws.chance(70) {
                at = middle + at % 4_000 / grid * grid;
            }
            trace.call(CallId(id), at.min(trace.end()));
        }
        for _ in 0..trace.draws.below(1 + calls) {
            trace.bystander();
        }
        trace
    }

    /// In the order of their times; events of one call keep their order.
    pub(crate) fn events(mut self) -> Vec<Event> {
        self.events.sort_by_key(|event| event.at);
        self.events
    }

    /// The end of arrivals, in milliseconds: a moment like all others, since windows end there.
    fn end(&self) -> u64 {
        self.subject.duration.as_millis() as u64
    }

    /// A moment at which a call may arrive.
    fn moment(&mut self) -> u64 {
        self.draws.below(self.end() / self.grid + 1) * self.grid
    }

    fn wait(&mut self) -> u64 {
        let most = self.draws.pick(&[1, 500, 500, 6_000]);
        self.draws.below(most / self.grid + 2) * self.grid
    }

    fn tell(&mut self, at: u64, kind: EventKind) {
        let at = Instant::from_nanos(at * 1_000_000);
        self.events.push(Event { at, kind });
    }

    fn call(&mut self, id: CallId, at: u64) {
        let streamed = self.draws.chance(50);
        self.tell(at, EventKind::Arrived { call: id, streamed });
        let mut call = Call {
            id,
            streamed,
            at,
            started: Vec::new(),
        };
        for _ in 0..self.draws.pick(&[0, 1, 1, 2, 3, 4]) {
            if self.draws.chance(4) {
                // It goes on after the end of the trace.
                self.begin(&mut call, false);
                return;
            }
            if self.attempt(&mut call) {
                return;
            }
        }
        call.at += self.wait();
        if self.draws.chance(90) {
            let reason = self.reason();
            self.ended(&call, Outcome::Failed(reason));
        }
    }

    fn ended(&mut self, call: &Call, outcome: Outcome) {
        let (call, at) = (call.id, call.at);
        self.tell(at, EventKind::Ended { call, outcome });
    }

    /// An attempt, perhaps with a hedge beside it. True if the call is over.
    fn attempt(&mut self, call: &mut Call) -> bool {
        call.at += self.wait();
        let mut flying = vec![self.begin(call, false)];
        if self.draws.chance(20) {
            call.at += self.wait();
            flying.push(self.begin(call, true));
        }
        if self.draws.chance(50) {
            flying.reverse();
        }
        while let Some(flight) = flying.pop() {
            call.at += self.wait();
            if call.streamed && self.draws.chance(70) {
                let (call, attempt, at) = (call.id, flight.attempt, call.at);
                self.tell(at, EventKind::FirstTokenDelivered { call, attempt });
            }
            if self.draws.chance(10) {
                self.cancel(call, flight);
            } else if self.draws.chance(self.failing) {
                self.fail(call, flight);
            } else {
                self.answer(call, flight);
                for loser in flying {
                    self.cancel(call, loser);
                }
                let attempt = flight.attempt;
                self.ended(call, Outcome::Succeeded { attempt });
                return true;
            }
        }
        false
    }

    fn begin(&mut self, call: &mut Call, is_hedge: bool) -> Flight {
        let provider = self.provider();
        let keys = self.subject.providers[provider.index()].keys;
        let last = call.started.last().map(|flight| flight.provider);
        let cause = match last {
            None => Cause::First,
            Some(_) if is_hedge => Cause::Hedge,
            Some(last) if last == provider => Cause::Retry,
            Some(_) => Cause::Fallback,
        };
        let there = call.started.iter().filter(|one| one.provider == provider);
        let flight = Flight {
            attempt: AttemptId(call.started.len() as u32 + 1),
            provider,
            nth: there.count() as u32,
        };
        call.started.push(flight);
        let started = EventKind::Started {
            call: call.id,
            attempt: flight.attempt,
            provider,
            nth: flight.nth,
            cause,
            probe: self.draws.chance(25),
            key: KeyId(self.draws.below(keys.into()) as u16),
        };
        self.tell(call.at, started);
        flight
    }

    fn cancel(&mut self, call: &Call, flight: Flight) {
        let cancelled = EventKind::Cancelled {
            call: call.id,
            attempt: flight.attempt,
            provider: flight.provider,
        };
        self.tell(call.at, cancelled);
        self.works_on(call, flight);
    }

    fn fail(&mut self, call: &Call, flight: Flight) {
        let hint = self.draws.chance(30);
        let hint = hint.then(|| Duration::from_millis(self.draws.below(8_000)));
        let class = self.class();
        self.reply(call, flight, Some(class), hint);
        self.works_on(call, flight);
    }

    /// The client takes what it got for an answer; the provider mostly wrote it.
    fn answer(&mut self, call: &Call, flight: Flight) {
        for _ in 0..self.draws.below(3) {
            self.bill(call.at, flight.provider, Some(call.id), flight.nth);
        }
        if self.draws.chance(90) {
            self.wrote(call.at, call, flight);
        }
        self.reply(call, flight, None, None);
    }

    fn reply(
        &mut self,
        call: &Call,
        flight: Flight,
        failure: Option<FailureClass>,
        hint: Option<Duration>,
    ) {
        let replied = EventKind::Replied {
            call: call.id,
            attempt: flight.attempt,
            provider: flight.provider,
            failure,
            hint,
        };
        self.tell(call.at, replied);
    }

    /// The provider goes on with what no client reads: it bills it, perhaps when the call is over.
    fn works_on(&mut self, call: &Call, flight: Flight) {
        for _ in 0..self.draws.below(3) {
            let at = call.at + self.wait();
            self.bill(at, flight.provider, Some(call.id), flight.nth);
            if self.draws.chance(20) {
                self.wrote(at, call, flight);
            }
        }
    }

    fn wrote(&mut self, at: u64, call: &Call, flight: Flight) {
        let answered = EventKind::Answered {
            provider: flight.provider,
            call: Some(call.id),
            nth: flight.nth,
        };
        self.tell(at, answered);
    }

    /// Something that belongs to no call, or to one that never arrived.
    fn bystander(&mut self) {
        let (at, provider) = (self.moment() + self.wait(), self.provider());
        let (from, to) = (self.state(), self.state());
        let kind = match self.draws.below(6) {
            0 => EventKind::Breaker { provider, from, to },
            1 => EventKind::Ejected {
                provider,
                until: Instant::from_nanos((at + 5_000) * 1_000_000),
            },
            2 => EventKind::Checked {
                provider,
                passed: self.draws.chance(60),
            },
            3 => return self.bill(at, provider, None, 0),
            4 => return self.bill(at, provider, Some(CallId(1_000_000)), 0),
            _ if self.subject.faults.is_empty() => return,
            _ => EventKind::Fired {
                fault: fault_id(self.draws.below(self.subject.faults.len() as u64) as usize),
                call: None,
            },
        };
        self.tell(at, kind);
    }

    fn bill(&mut self, at: u64, provider: ProviderId, call: Option<CallId>, nth: u32) {
        let bill = Bill {
            input: self.draws.below(1_000),
            cached: self.draws.below(300),
            output: self.draws.below(1_000),
            price_milli: self.draws.pick(&[1_000, 1_000, 1_500, 500]),
        };
        let billed = EventKind::Billed {
            provider,
            call,
            nth,
            bill,
        };
        self.tell(at, billed);
    }

    fn provider(&mut self) -> ProviderId {
        ProviderId(self.draws.below(self.subject.providers.len() as u64) as u16)
    }

    fn class(&mut self) -> FailureClass {
        self.draws.pick(&FailureClass::ALL)
    }

    fn state(&mut self) -> BreakerState {
        let states = [
            BreakerState::Open,
            BreakerState::HalfOpen,
            BreakerState::Closed,
        ];
        self.draws.pick(&states)
    }

    fn reason(&mut self) -> FailureReason {
        let class = self.class();
        let reasons = [
            FailureReason::Stopped(class),
            FailureReason::Exhausted(class),
            FailureReason::Interrupted(class),
            FailureReason::Deadline,
            FailureReason::Unavailable,
            FailureReason::Shed,
            FailureReason::Unfinished,
        ];
        self.draws.pick(&reasons)
    }
}

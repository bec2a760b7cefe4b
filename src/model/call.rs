//! One call: asks the core for a step, executes it, and reports the result to the core, as the
//! client's driver does.

use super::Model;
use super::answer::Told;
use super::attempt::{Attempt, AttemptEvent, Demand, Owner};
use super::client::Missed;
use super::queue::{Event, Key};
use crate::client::USUAL_OUTPUT;
use crate::policy::call::{Call, Failure, FailureReason, Outcome, Reply, Start, Step};
use crate::policy::call_context::{CallContext, Delivery};
use crate::policy::{AttemptId, CallId, ProviderId};
use crate::time::Instant;
use crate::trace::EventKind;
use crate::wire::request::BYTES_PER_TOKEN;

/// A call in flight.
pub(super) struct Running {
    id: CallId,
    client: u32,
    call: Call,
    demand: Demand,
    attempts: Vec<Attempt>,
    /// Whether a step that waits is under way; if so, for what.
    waits: Option<Wait>,
    /// The time for which an event is set.
    wake: Option<Instant>,
    /// Whether the caller has text.
    has_text: bool,
    /// The question that it asks, while its user waits for it.
    question: Option<Key>,
}

/// What a call waits for, besides its attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wait {
    until: Option<Instant>,
    for_capacity: bool,
}

/// What ends a wait.
enum Wakeup {
    From(usize, AttemptEvent),
    Time,
}

impl Model<'_> {
    /// Begins a call.
    pub(super) fn begin_call(&mut self, question: Key, client: u32, id: CallId) {
        let workload = &self.workload;
        let tokens = workload.tokens(id);
        let delivery = match (workload.is_streamed(id), workload.is_whole(id)) {
            (_, true) => Delivery::Whole,
            (true, false) => Delivery::Live,
            (false, false) => Delivery::Plain,
        };
        let max_tokens = workload.max_tokens(id);
        let context = CallContext {
            deadline: workload.deadline(id),
            delivery,
            task: workload.task(id).map(str::to_owned),
            priority: workload.priority(id),
            session: tokens.session(),
            prompt: tokens.input,
            output: max_tokens.map_or(USUAL_OUTPUT, u64::from),
            unsupported: Vec::new(),
        };
        if !self.has_arrived(client, id) {
            let streamed = delivery == Delivery::Live;
            self.record(EventKind::Arrived { call: id, streamed });
        }
        let mut call = Call::new(id, self.now, context, self.draws);
        if self.explains {
            call.explain();
        }
        let mut spare = self.spare.pop();
        let attempts = spare
            .as_mut()
            .map(|spare| std::mem::take(&mut spare.attempts));
        let running = Running {
            id,
            client,
            call,
            demand: Demand {
                delivery,
                max_tokens,
                tokens: Some(tokens),
            },
            attempts: attempts.unwrap_or_else(|| Vec::with_capacity(1)),
            waits: None,
            wake: None,
            has_text: false,
            question: Some(question),
        };
        let running = match spare {
            None => Box::new(running),
            Some(mut spare) => {
                *spare = running;
                spare
            }
        };
        let key = self.calls.add(running);
        self.ask_for(question, key, id);
        self.poll_call(key);
    }

    /// Goes on with a call as far as it gets now.
    pub(super) fn poll_call(&mut self, key: Key) {
        let Some(mut running) = self.calls.take(key) else {
            return;
        };
        let client = running.client;
        if self.misses(client, Missed::Event(Event::Call(key))) {
            return self.calls.put(key, running);
        }
        match self.advance(key, &mut running) {
            false => self.calls.put(key, running),
            true => self.end_call(key, running),
        }
    }

    /// Whether the call has ended.
    fn advance(&mut self, key: Key, running: &mut Running) -> bool {
        loop {
            let Some(wait) = running.waits else {
                if self.step(key, running) {
                    return true;
                }
                continue;
            };
            let Some(wakeup) = self.hear(key, running, wait) else {
                return false;
            };
            // The core is not told of the pieces after the first: it waits for the same as before.
            let is_known = matches!(wakeup, Wakeup::From(_, AttemptEvent::Piece));
            if !is_known || !running.has_text {
                running.waits = None;
            }
            match wakeup {
                Wakeup::Time => {}
                Wakeup::From(place, event) => self.on_event(running, place, event),
            }
        }
    }

    /// Asks for one step, and executes it. Whether it was the last.
    fn step(&mut self, key: Key, running: &mut Running) -> bool {
        let now = self.now;
        let call = &mut running.call;
        let step = self.decide(running.client, |fleet| call.step(fleet, now));
        self.record_reasons(running);
        match step {
            Step::Start(start) => self.launch(key, running, start),
            Step::Cancel { attempt } => self.cancel(running, attempt),
            Step::Finish(outcome) => {
                self.finish(running, outcome);
                return true;
            }
            Step::Wait { until } => {
                running.waits = Some(Wait {
                    until,
                    for_capacity: false,
                });
            }
            Step::WaitForCapacity { until } => {
                running.waits = Some(Wait {
                    until: Some(until),
                    for_capacity: true,
                });
            }
        }
        false
    }

    fn launch(&mut self, key: Key, running: &mut Running, start: Start) {
        self.record(EventKind::started(running.id, &start));
        running.attempts.push(Attempt::new(
            start,
            self.now,
            (running.client, Owner::Call(key, running.id)),
            running.demand,
            self.policy,
        ));
    }

    /// The next event: of an attempt, of capacity, of the timer, in this order.
    fn hear(&mut self, key: Key, running: &mut Running, wait: Wait) -> Option<Wakeup> {
        for (place, attempt) in running.attempts.iter_mut().enumerate() {
            if let Some(event) = self.poll_attempt(attempt) {
                return Some(Wakeup::From(place, event));
            }
        }
        if wait.for_capacity && self.was_told(running.client, running.id, key) {
            return Some(Wakeup::Time);
        }
        let openings = running.attempts.iter().filter_map(Attempt::opens_at);
        let until = wait.until.into_iter().chain(openings).min()?;
        if until <= self.now {
            return Some(Wakeup::Time);
        }
        let is_set = running
            .wake
            .is_some_and(|set| set > self.now && set <= until);
        if !is_set {
            running.wake = Some(until);
            self.queue.set(until, Event::Call(key));
        }
        None
    }

    fn on_event(&mut self, running: &mut Running, place: usize, event: AttemptEvent) {
        let attempt = running.attempts[place].start.attempt;
        match event {
            AttemptEvent::FirstTokenReceived => {
                let (now, call) = (self.now, &mut running.call);
                self.decide(running.client, |fleet| {
                    call.on_first_token_received(fleet, attempt, now);
                });
            }
            AttemptEvent::Piece => {
                if !std::mem::replace(&mut running.has_text, true) {
                    let call = running.id;
                    self.record(EventKind::FirstTokenDelivered { call, attempt });
                    running.call.on_first_token_delivered(attempt);
                }
            }
            AttemptEvent::Ended(result) => {
                let ended = running.attempts.remove(place);
                self.on_end(running, &ended, result);
            }
        }
    }

    fn on_end(&mut self, running: &mut Running, ended: &Attempt, result: Result<Told, Failure>) {
        let now = self.now;
        let (attempt, provider) = (ended.start.attempt, ended.start.provider);
        let (quirks, streamed) = (&self.policy.quirks, ended.is_streamed());
        let result = match result {
            Err(failure) if quirks.take_for_answer(&failure, streamed) => Ok(Told::default()),
            result => result,
        };
        let used = used(ended, result.as_ref().ok());
        let failure = result.as_ref().err();
        self.record(EventKind::Replied {
            call: running.id,
            attempt,
            provider,
            failure: failure.map(|failure| failure.class),
            hint: failure.and_then(|failure| failure.hint),
        });
        let reply = match result {
            Ok(_) => Reply::Succeeded,
            Err(failure) => Reply::Failed(failure),
        };
        let call = &mut running.call;
        self.decide(running.client, |fleet| {
            if let Some(usage) = used {
                call.on_usage(fleet, attempt, usage, now);
            }
            call.on_reply(fleet, attempt, &reply, now);
        });
        self.record_reasons(running);
    }

    /// Drops an attempt in flight that the core has cancelled.
    fn cancel(&mut self, running: &mut Running, attempt: AttemptId) {
        let mut all = running.attempts.iter();
        let Some(place) = all.position(|one| one.start.attempt == attempt) else {
            return;
        };
        let mut lost = running.attempts.remove(place);
        let provider: ProviderId = lost.start.provider;
        self.record(EventKind::Cancelled {
            call: running.id,
            attempt,
            provider,
        });
        self.drop_attempt(&mut lost);
    }

    fn finish(&mut self, running: &Running, outcome: Outcome) {
        self.no_longer_waits(running.client, running.id);
        self.record(EventKind::Ended {
            call: running.id,
            outcome,
        });
    }

    /// Records why the core has decided as it did, for a recorder that wants to know.
    fn record_reasons(&mut self, running: &mut Running) {
        if !self.explains {
            return;
        }
        let call = running.id;
        for reason in running.call.take_reasons() {
            self.record(EventKind::Decided { call, reason });
        }
    }

    /// The caller drops a call that has not ended.
    pub(super) fn drop_call(&mut self, key: Key) {
        let Some(mut running) = self.calls.take(key) else {
            return;
        };
        let now = self.now;
        let call = &mut running.call;
        let lost = self.decide(running.client, |fleet| call.on_dropped(fleet, now));
        self.record_reasons(&mut running);
        for attempt in lost {
            self.cancel(&mut running, attempt);
        }
        self.finish(&running, Outcome::Failed(FailureReason::Unfinished));
        running.question = None;
        self.end_call(key, running);
    }

    /// No user waits for a call any more.
    pub(super) fn detach(&mut self, key: Key) {
        if let Some(running) = self.calls.get(key) {
            running.question = None;
        }
    }

    fn end_call(&mut self, key: Key, mut running: Box<Running>) {
        self.calls.forget(key);
        self.load.ended();
        if let Some(question) = running.question {
            self.on_answered(question, key);
        }
        running.attempts.clear();
        self.spare.push(running);
    }
}

/// The usage of an attempt, as its provider reported it; otherwise as far as the received text
/// shows. None for an attempt that received no text.
fn used(ended: &Attempt, told: Option<&Told>) -> Option<(u64, u64)> {
    if let Some(usage) = told.and_then(|told| told.usage) {
        return Some(usage);
    }
    let text = told.map_or(0, |told| told.text);
    let came = ended.came.max(text) as u64;
    let prompt = ended.demand.tokens.map_or(0, |tokens| tokens.input);
    (told.is_some() || came > 0).then_some((prompt, came / BYTES_PER_TOKEN))
}

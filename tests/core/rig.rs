//! A rig that owns `now`, hands one fleet to many calls, and lets each attempt end as its script
//! says. While it drives, it holds every step against what must always be true.

use std::time::Duration;

use firedrill::policy::ask::{Ask, Delivery};
use firedrill::policy::breaker::State;
use firedrill::policy::call::{Call, Cause, Ending, Failure, Outcome, Reply, Start, Step};
use firedrill::policy::classify::FailureClass;
use firedrill::policy::config::{Policy, Read};
use firedrill::policy::fleet::Fleet;
use firedrill::policy::member::Member;
use firedrill::policy::{AttemptId, CallId, ProviderId};
use firedrill::rng::Draws;
use firedrill::time::Instant;

/// How an attempt goes on, once started.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// It succeeds after this long.
    Answer(Duration),
    /// It fails after this long.
    Fail {
        after: Duration,
        class: FailureClass,
        hint: Option<Duration>,
        /// Whether the first token was handed over before.
        late: bool,
    },
    /// Nothing is ever heard of it.
    Hang,
}

/// What one call will meet. Its attempts take the acts in turn, over and over.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) arrival: Instant,
    pub(crate) deadline: Option<Duration>,
    pub(crate) streamed: bool,
    pub(crate) dropped_after: Option<Duration>,
    pub(crate) acts: Vec<Act>,
}

pub(crate) struct Rig {
    pub(crate) fleet: Fleet,
    pub(crate) now: Instant,
    policy: Policy,
    calls: Vec<Driven>,
}

impl Rig {
    pub(crate) fn new(policy: &Policy, providers: usize) -> Self {
        let members = (0..providers).map(|position| Member::named(format!("p{position}")));
        Self {
            fleet: Fleet::new(policy.clone(), members.collect(), Draws::new(1)),
            now: Instant::START,
            policy: policy.clone(),
            calls: Vec::new(),
        }
    }

    /// Runs these calls side by side until nothing is left to happen, then drops what still is
    /// open, as a run that ends does.
    pub(crate) fn drive(&mut self, scripts: &[Script]) {
        for script in scripts {
            let id = CallId(self.calls.len() as u64);
            self.calls
                .push(Driven::new(id, script.clone(), &self.policy));
        }
        while let Some(next) = self.calls.iter().filter_map(Driven::next).min() {
            self.now = self.now.max(next);
            for call in &mut self.calls {
                call.drive(&mut self.fleet, &self.policy, self.now);
            }
        }
        for call in &mut self.calls {
            call.drop_now(&mut self.fleet, self.now);
        }
    }

    /// One more call, whose first attempt succeeds at once. Returns whom it asked.
    pub(crate) fn healthy_call(&mut self) -> ProviderId {
        let script = Script {
            arrival: self.now,
            deadline: None,
            streamed: false,
            dropped_after: None,
            acts: vec![Act::Answer(Duration::ZERO)],
        };
        self.drive(&[script]);
        let call = self.calls.last().expect("it was just made");
        let attempt = AttemptId(1);
        assert_eq!(call.outcome, Some(Outcome::Succeeded { attempt }));
        call.starts[0]
    }

    pub(crate) fn state(&self, provider: usize) -> State {
        self.fleet.state(ProviderId(provider as u16))
    }

    pub(crate) fn outcomes(&self) -> Vec<Option<Outcome>> {
        self.calls.iter().map(|call| call.outcome).collect()
    }
}

/// A call, and all that the rig knows about it.
struct Driven {
    call: Call,
    script: Script,
    deadline: Option<Instant>,
    starts: Vec<ProviderId>,
    in_flight: Option<Flight>,
    last_failure: Option<(Instant, Failure)>,
    interrupted: bool,
    wake: Option<Instant>,
    outcome: Option<Outcome>,
}

#[derive(Clone)]
struct Flight {
    attempt: AttemptId,
    due: Option<(Instant, Reply)>,
    late: bool,
}

impl Driven {
    fn new(id: CallId, script: Script, policy: &Policy) -> Self {
        let at = |after: Duration| script.arrival + after;
        let given = script.deadline.map(at);
        let deadline = given.into_iter().chain(policy.timeouts.call.map(at)).min();
        let ask = Ask {
            deadline: script.deadline,
            delivery: match script.streamed {
                true => Delivery::Live,
                false => Delivery::Plain,
            },
            ..Ask::default()
        };
        Self {
            call: Call::new(id, script.arrival, ask, Draws::new(1)),
            deadline,
            starts: Vec::new(),
            in_flight: None,
            last_failure: None,
            interrupted: false,
            wake: Some(script.arrival),
            outcome: None,
            script,
        }
    }

    /// The next moment at which something happens to this call.
    fn next(&self) -> Option<Instant> {
        if self.outcome.is_some() {
            return None;
        }
        let due = self
            .in_flight
            .as_ref()
            .and_then(|flight| flight.due.as_ref());
        let due = due.map(|(at, _)| *at);
        [due, self.wake, self.drop_at()].into_iter().flatten().min()
    }

    fn drop_at(&self) -> Option<Instant> {
        let after = self.script.dropped_after?;
        Some(self.script.arrival + after)
    }

    fn drive(&mut self, fleet: &mut Fleet, policy: &Policy, now: Instant) {
        if now < self.script.arrival || self.outcome.is_some() {
            return;
        }
        self.deliver(fleet, now);
        if self.drop_at().is_some_and(|at| at <= now) {
            return self.drop_now(fleet, now);
        }
        loop {
            let step = self.call.step(fleet, now);
            match step {
                Step::Start(start) => {
                    self.on_start(fleet, policy, &start, now);
                    for past in (1..start.attempt.0).map(AttemptId) {
                        self.late_news_changes_nothing(fleet, past, now);
                    }
                }
                Step::Wait { until } => return self.on_wait(until, policy, now),
                Step::Park { .. } => panic!("there is no queue to wait in"),
                Step::Cancel { attempt } => {
                    let flight = self.in_flight.take();
                    assert_eq!(flight.map(|flight| flight.attempt), Some(attempt));
                    self.late_news_changes_nothing(fleet, attempt, now);
                }
                Step::Finish(outcome) => return self.on_finish(fleet, outcome, now),
            }
        }
    }

    /// Hands over the reply that is due.
    fn deliver(&mut self, fleet: &mut Fleet, now: Instant) {
        let is_due = |flight: &mut Flight| flight.due.as_ref().is_some_and(|(at, _)| *at <= now);
        let Some(flight) = self.in_flight.take_if(is_due) else {
            return;
        };
        let Some((_, reply)) = flight.due else { return };
        if flight.late {
            self.call.on_first_token(fleet, flight.attempt, now);
            self.call.on_handed_over(flight.attempt);
            self.interrupted = self.script.streamed;
        }
        self.call.on_reply(fleet, flight.attempt, &reply, now);
        if let Reply::Failed(failure) = reply {
            self.last_failure = Some((now, failure));
        }
        self.late_news_changes_nothing(fleet, flight.attempt, now);
    }

    /// An attempt that has ended neither gets on nor ends again.
    fn late_news_changes_nothing(&mut self, fleet: &mut Fleet, attempt: AttemptId, now: Instant) {
        let before = format!("{:?} {fleet:?}", self.call);
        self.call.on_first_token(fleet, attempt, now);
        self.call.on_handed_over(attempt);
        self.call.on_reply(fleet, attempt, &Reply::Succeeded, now);
        assert_eq!(before, format!("{:?} {fleet:?}", self.call));
    }

    fn on_start(&mut self, fleet: &Fleet, policy: &Policy, start: &Start, now: Instant) {
        let provider = start.provider;
        let before = self
            .starts
            .iter()
            .filter(|tried| **tried == provider)
            .count() as u32;
        let made = self.starts.len() as u32;
        assert!(self.in_flight.is_none(), "one attempt at a time");
        assert!(!self.interrupted, "nobody else can answer any more");
        assert!(self.deadline.is_none_or(|deadline| now < deadline));
        assert_eq!((start.attempt, start.nth), (AttemptId(made + 1), before));
        assert!(made < policy.retry.attempts, "too many attempts");
        assert!(before < per_provider(policy, provider), "too many there");
        assert_eq!(start.cause, self.cause(provider));
        if start.cause == Cause::Retry {
            self.retry_is_neither_early_nor_idle(policy, now);
        }
        assert!(!start.probe || fleet.state(provider) == State::HalfOpen);
        let act = &self.script.acts[self.starts.len() % self.script.acts.len()];
        self.in_flight = Some(Flight::new(start.attempt, act, now));
        self.starts.push(provider);
    }

    /// Why an attempt at this provider can only be made.
    fn cause(&self, provider: ProviderId) -> Cause {
        match self.starts.last() {
            None => Cause::First,
            Some(last) if *last == provider => Cause::Retry,
            Some(_) => {
                assert!(
                    !self.starts.contains(&provider),
                    "it went back to where it failed"
                );
                Cause::Fallback
            }
        }
    }

    /// A hint that is honoured is waited for exactly; a backoff never exceeds its cap.
    fn retry_is_neither_early_nor_idle(&self, policy: &Policy, now: Instant) {
        let (failed, failure) = self
            .last_failure
            .as_ref()
            .expect("a retry follows a failure");
        let honoured = policy.hints.retry_after == Read::Honour;
        match failure.hint.filter(|_| honoured) {
            Some(hint) => {
                assert!(hint <= policy.hints.cap, "beyond the cap");
                assert_eq!(now, *failed + hint, "the hint is the wait");
            }
            None => assert!(now.since(*failed) <= policy.retry.backoff.cap),
        }
    }

    fn on_wait(&mut self, until: Option<Instant>, policy: &Policy, now: Instant) {
        assert!(until.is_none_or(|until| now < until), "a wait that is over");
        if self.in_flight.is_some() {
            assert_eq!(until, self.deadline);
        } else {
            let until = until.expect("somebody must wake it");
            assert!(self.deadline.is_none_or(|deadline| until < deadline));
            assert!(
                (self.starts.len() as u32) < policy.retry.attempts,
                "waits in vain"
            );
        }
        self.wake = until;
    }

    fn on_finish(&mut self, fleet: &mut Fleet, outcome: Outcome, now: Instant) {
        assert!(self.in_flight.is_none(), "an attempt was forgotten");
        assert_eq!(
            self.call.step(fleet, now),
            Step::Finish(outcome),
            "it repeats"
        );
        if outcome == Outcome::Failed(Ending::Deadline) {
            assert!(self.deadline.is_some_and(|deadline| deadline <= now));
        }
        let unavailable = outcome == Outcome::Failed(Ending::Unavailable);
        assert_eq!(unavailable, self.starts.is_empty() && !self.is_late(now));
        self.outcome = Some(outcome);
    }

    fn is_late(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }

    fn drop_now(&mut self, fleet: &mut Fleet, now: Instant) {
        if self.outcome.is_some() {
            return;
        }
        let lost = self.call.on_dropped(fleet, now);
        let in_flight = self.in_flight.take().map(|flight| flight.attempt);
        assert_eq!(lost, Vec::from_iter(in_flight));
        assert_eq!(self.call.on_dropped(fleet, now), [], "dropped once only");
        let outcome = Outcome::Failed(Ending::Unfinished);
        assert_eq!(self.call.step(fleet, now), Step::Finish(outcome));
        self.outcome = Some(outcome);
    }
}

impl Flight {
    fn new(attempt: AttemptId, act: &Act, now: Instant) -> Self {
        let (due, late) = match act {
            Act::Answer(after) => (Some((now + *after, Reply::Succeeded)), false),
            &Act::Fail {
                after,
                class,
                hint,
                late,
            } => {
                let reply = Reply::Failed(Failure {
                    hint,
                    ..Failure::of(class)
                });
                (Some((now + after, reply)), late)
            }
            Act::Hang => (None, false),
        };
        Self { attempt, due, late }
    }
}

/// Attempts per call at this provider: its tier's, else the policy's.
fn per_provider(policy: &Policy, provider: ProviderId) -> u32 {
    let tier = policy.tiers.get(provider.index()).or(policy.tiers.last());
    tier.and_then(|tier| tier.per_provider)
        .unwrap_or(policy.retry.per_provider)
}

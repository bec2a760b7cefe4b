//! One call in a rig, its state, and its invariants at each step.

use std::collections::VecDeque;
use std::time::Duration;

use firedrill::policy::config::{HedgeDelay, HintMode, Policy};
use firedrill::policy::{
    Action, AttemptId, Call, CallId, Cause, Delivery, Failure, FailureClass, FailureReason,
    Outcome, ProviderId, Reply, RngStreams, Start, Step,
};
use firedrill::time::Instant;
use firedrill::units::Share;

use crate::common::Common;
use crate::rig::{Act, Script};

/// A call, and the rig's record of it.
pub(crate) struct Driven {
    pub(crate) starts: Vec<Start>,
    pub(crate) outcome: Option<Outcome>,
    call: Call,
    script: Script,
    deadline: Option<Instant>,
    flights: Vec<Flight>,
    failures: Vec<Failed>,
    /// The classes that returns to a provider followed.
    retried: Vec<FailureClass>,
    /// The attempt whose tokens the caller has, and the one that answered.
    committed: Option<AttemptId>,
    answered: Option<AttemptId>,
    wake: Option<Instant>,
    parked: Option<Instant>,
    called: bool,
}

/// An attempt in flight, and its future events.
struct Flight {
    start: Start,
    since: Instant,
    news: VecDeque<(Instant, News)>,
    spoke: bool,
}

enum News {
    FirstTokenReceived,
    FirstTokenDelivered,
    Over(Reply),
}

/// An attempt that failed.
struct Failed {
    attempt: AttemptId,
    provider: ProviderId,
    at: Instant,
    failure: Failure,
}

impl Driven {
    pub(crate) fn new(id: CallId, script: Script, common: &Common) -> Self {
        let at = |after: Duration| script.arrival + after;
        let given = script.ask.deadline.map(at);
        let own = common.policy.timeouts.call.map(at);
        Self {
            starts: Vec::new(),
            outcome: None,
            call: Call::new(id, script.arrival, script.ask.clone(), RngStreams::new(1)),
            deadline: given.into_iter().chain(own).min(),
            flights: Vec::new(),
            failures: Vec::new(),
            retried: Vec::new(),
            committed: None,
            answered: None,
            wake: Some(script.arrival),
            parked: None,
            called: false,
            script,
        }
    }

    /// The time of the next event of this call.
    pub(crate) fn next(&self) -> Option<Instant> {
        if self.outcome.is_some() {
            return None;
        }
        if self.called && self.is_parked() {
            return Some(Instant::START);
        }
        let news = self.flights.iter().filter_map(|flight| flight.news.front());
        let news = news.map(|(at, _)| *at).min();
        [news, self.wake, self.drop_at()]
            .into_iter()
            .flatten()
            .min()
    }

    /// The fleet names it. This is remembered if it comes too early.
    pub(crate) fn wake(&mut self) {
        self.called = self.outcome.is_none();
    }

    pub(crate) fn is_parked(&self) -> bool {
        self.parked.is_some() && self.outcome.is_none()
    }

    pub(crate) fn drive(&mut self, common: &mut Common, now: Instant) {
        self.called &= !self.is_parked();
        let mut heard = false;
        while self.outcome.is_none() && self.hear(common, now) {
            self.step(common, now);
            heard = true;
        }
        if self.outcome.is_none() && self.drop_at().is_some_and(|at| at <= now) {
            return self.drop_now(common, now);
        }
        if !heard {
            self.step(common, now);
        }
    }

    fn drop_at(&self) -> Option<Instant> {
        Some(self.script.arrival + self.script.dropped_after?)
    }

    /// Takes steps until there is nothing to do.
    fn step(&mut self, common: &mut Common, now: Instant) {
        if self.starts.is_empty() && self.parked.is_none() {
            common.on_arrival();
        }
        loop {
            match self.call.step(&mut common.fleet, now) {
                Step::Start(start) => self.on_start(common, start, now),
                Step::Wait { until } => return self.on_wait(common, until, now),
                Step::WaitForCapacity { until } => return self.on_park(common, until, now),
                Step::Cancel { attempt } => self.on_cancel(common, attempt, now),
                Step::Finish(outcome) => return self.on_finish(common, outcome, now),
            }
        }
    }

    /// A call that waits for capacity cannot go on: no wake-up was missed.
    pub(crate) fn has_no_reason_to_go_on(&mut self, common: &mut Common, now: Instant) {
        if self.is_parked() {
            let step = self.call.step(&mut common.fleet, now);
            assert!(
                matches!(step, Step::WaitForCapacity { .. }),
                "it was not woken: {step:?}"
            );
        }
    }

    /// Passes one due event to the call, if there is any.
    fn hear(&mut self, common: &mut Common, now: Instant) -> bool {
        let is_due = |flight: &Flight| flight.news.front().is_some_and(|(at, _)| *at <= now);
        let Some(at) = self.flights.iter().position(is_due) else {
            return false;
        };
        let Some((_, news)) = self.flights[at].news.pop_front() else {
            return false;
        };
        let attempt = self.flights[at].start.attempt;
        match news {
            News::FirstTokenReceived => {
                self.flights[at].spoke = true;
                self.call
                    .on_first_token_received(&mut common.fleet, attempt, now);
            }
            News::FirstTokenDelivered => {
                self.call.on_first_token_delivered(attempt);
                if self.script.ask.delivery == Delivery::Live {
                    assert!(self.committed.is_none_or(|committed| committed == attempt));
                    self.committed = Some(attempt);
                }
            }
            News::Over(reply) => self.on_reply(common, at, reply, now),
        }
        true
    }

    fn on_reply(&mut self, common: &mut Common, at: usize, reply: Reply, now: Instant) {
        let Flight { start, .. } = self.flights.remove(at);
        self.call
            .on_reply(&mut common.fleet, start.attempt, &reply, now);
        common.on_end(start.provider);
        match reply {
            Reply::Succeeded => {
                assert_eq!(self.answered, None, "one answer");
                self.answered = Some(start.attempt);
            }
            Reply::Failed(failure) => {
                common.on_failure(start.provider, failure.class, &self.script.ask);
                self.failures.push(Failed {
                    attempt: start.attempt,
                    provider: start.provider,
                    at: now,
                    failure,
                });
            }
        }
        self.late_news_changes_nothing(common, start.attempt, now);
    }

    /// Events of an attempt that has ended change nothing.
    fn late_news_changes_nothing(&mut self, common: &mut Common, attempt: AttemptId, now: Instant) {
        let fleet = &mut common.fleet;
        let before = format!("{:?} {fleet:?}", self.call);
        self.call.on_first_token_received(fleet, attempt, now);
        self.call.on_first_token_delivered(attempt);
        self.call.on_usage(fleet, attempt, (1_000, 1_000), now);
        for reply in [
            Reply::Succeeded,
            Reply::Failed(Failure::of(FailureClass::Reset)),
        ] {
            self.call.on_reply(fleet, attempt, &reply, now);
        }
        assert_eq!(before, format!("{:?} {fleet:?}", self.call));
    }

    fn on_start(&mut self, common: &mut Common, start: Start, now: Instant) {
        let provider = start.provider;
        let there = self.starts.iter().filter(|made| made.provider == provider);
        let (made, before) = (self.starts.len() as u32, there.count() as u32);
        assert_eq!(self.committed, None, "no other attempt can answer");
        assert!(self.deadline.is_none_or(|deadline| now < deadline));
        assert_eq!(start.attempt, AttemptId(made + 1));
        assert_eq!(start.nth, before);
        assert!(made < common.policy.retry.max_attempts, "too many attempts");
        assert!(
            self.flights
                .iter()
                .all(|flight| flight.start.provider != provider)
        );
        match start.cause {
            Cause::First => assert_eq!(made, 0),
            Cause::Hedge => self.hedge_is_due(&common.policy, now),
            Cause::Fallback => assert!(self.flights.is_empty() && made > 0),
            Cause::Retry => self.retry_is_due(common, &start, now),
            other => panic!("no rule for {other:?}"),
        }
        assert_eq!(before > 0, start.cause == Cause::Retry, "it went back");
        self.failures_are_heeded(common, provider);
        common.on_start(&start, &self.script.ask, now);
        let act = &self.script.acts[self.starts.len() % self.script.acts.len()];
        let delivery = self.script.ask.delivery;
        self.flights.push(Flight::new(&start, act, delivery, now));
        self.starts.push(start);
        self.parked = None;
    }

    /// After an error of the request there is no fallback, and after a prompt that is too long only
    /// to a larger context.
    fn failures_are_heeded(&self, common: &Common, provider: ProviderId) {
        for failed in &self.failures {
            match common.action(&failed.failure) {
                Action::Stop => panic!("it goes on after {}", failed.failure.class),
                Action::LargerModel => {
                    let context = |id: ProviderId| common.members[id.index()].context;
                    let (outgrown, taken) = (context(failed.provider), context(provider));
                    assert!(
                        taken.is_none_or(|taken| Some(taken) > outgrown),
                        "too small"
                    );
                }
                _ => {}
            }
        }
    }

    /// A hedge starts beside attempts without a token, the latest after the delay.
    fn hedge_is_due(&self, policy: &Policy, now: Instant) {
        let hedge = policy.hedge.as_ref().expect("the policy hedges");
        let hedges = self
            .starts
            .iter()
            .filter(|start| start.cause == Cause::Hedge);
        assert!(
            (hedges.count() as u32) < hedge.max_hedges,
            "too many hedges"
        );
        assert!(
            self.flights.len() <= hedge.max_hedges as usize,
            "too many at once"
        );
        assert!(
            self.flights.iter().all(|flight| !flight.spoke),
            "an attempt has a token"
        );
        let latest = self
            .flights
            .last()
            .expect("a hedge stands beside another attempt");
        if let HedgeDelay::After(delay) = hedge.delay {
            assert!(now >= latest.since + delay, "too early for a hedge");
        }
    }

    /// A retry follows a failure at the provider: with another key at once, or within bounds after
    /// a wait.
    fn retry_is_due(&mut self, common: &mut Common, start: &Start, now: Instant) {
        assert!(
            self.flights.is_empty(),
            "it returns while another may answer"
        );
        let failed = self.failures.last().expect("a retry follows a failure");
        assert_eq!(
            failed.provider, start.provider,
            "a retry of what did not fail"
        );
        let class = failed.failure.class;
        if common.action(&failed.failure) == Action::RotateKey {
            let tried = |made: &Start| (made.provider, made.key) == (start.provider, start.key);
            assert!(!self.starts.iter().any(tried), "a key that was tried");
            return assert_eq!(now, failed.at, "another key waits for nothing");
        }
        assert_eq!(common.action(&failed.failure), Action::Retry);
        let settings = common.fleet.settings(start.provider);
        assert!(start.nth < settings.max_attempts, "too many there");
        let waited = now.since(failed.at);
        let hints = &common.policy.hints;
        let honours = hints.retry_after == HintMode::Honour;
        match failed.failure.hint.filter(|_| honours) {
            Some(hint) => {
                let whole = Share::WHOLE.as_parts();
                let parts = u128::from(whole + hints.jitter.as_parts());
                let most = hint.as_nanos() * parts / u128::from(whole);
                assert!(hint <= hints.max, "beyond the cap");
                assert!(
                    hint <= waited && waited.as_nanos() <= most,
                    "the hint is the wait"
                );
            }
            None => assert!(waited <= settings.backoff.max),
        }
        self.retried.push(class);
        let so_far = self
            .retried
            .iter()
            .filter(|before| **before == class)
            .count();
        let bound = common.policy.retry.max_retries_by_class.get(&class);
        assert!(bound.is_none_or(|bound| so_far <= *bound as usize));
        common.on_retry(class, now);
    }

    fn on_wait(&mut self, common: &Common, until: Option<Instant>, now: Instant) {
        assert!(until.is_none_or(|until| now < until), "a wait that is over");
        let hedges = common.policy.hedge.is_some();
        match (until, self.flights.is_empty()) {
            (None, true) => panic!("an event must wake it"),
            (Some(until), true) => {
                assert!(self.deadline.is_none_or(|deadline| until < deadline));
                let made = self.starts.len() as u32;
                assert!(made < common.policy.retry.max_attempts, "waits in vain");
            }
            (until, false) if !hedges => assert_eq!(until, self.deadline),
            (until, false) => {
                let deadline = self.deadline.into_iter();
                assert!(
                    until.into_iter().chain(deadline).min() == until,
                    "past its deadline"
                );
            }
        }
        self.wake = until;
        self.parked = None;
    }

    fn on_park(&mut self, common: &Common, until: Instant, now: Instant) {
        let queue = common
            .policy
            .queue
            .as_ref()
            .expect("there is a queue to wait in");
        assert!(self.flights.is_empty(), "it waits while it is served");
        assert!(now < until, "a wait that is over");
        assert!(self.deadline.is_none_or(|deadline| until <= deadline));
        let since = *self.parked.get_or_insert(now);
        assert!(until <= since + queue.max_wait, "it waits for too long");
        self.wake = Some(until);
    }

    fn on_cancel(&mut self, common: &mut Common, attempt: AttemptId, now: Instant) {
        let others = self.committed.is_some_and(|committed| committed != attempt);
        assert!(
            others || self.answered.is_some() || self.is_late(now),
            "it is needed"
        );
        let mut flights = self.flights.iter();
        let found = flights.position(|flight| flight.start.attempt == attempt);
        let flight = self.flights.remove(found.expect("it is in flight"));
        common.on_end(flight.start.provider);
        self.late_news_changes_nothing(common, attempt, now);
    }

    fn on_finish(&mut self, common: &mut Common, outcome: Outcome, now: Instant) {
        assert!(self.flights.is_empty(), "an attempt was forgotten");
        let again = self.call.step(&mut common.fleet, now);
        assert_eq!(again, Step::Finish(outcome), "it repeats");
        let answer = self.answered.map(|attempt| Outcome::Succeeded { attempt });
        match outcome {
            Outcome::Succeeded { .. } => assert_eq!(Some(outcome), answer),
            Outcome::Failed(ending) => {
                assert_eq!(answer, None, "it had an answer");
                self.is_due(common, ending, now);
            }
        }
        self.outcome = Some(outcome);
    }

    /// The error matches what happened.
    fn is_due(&self, common: &Common, ending: FailureReason, now: Instant) {
        let broke_off = self
            .failures
            .iter()
            .find(|f| Some(f.attempt) == self.committed);
        let interrupted = broke_off.map(|f| FailureReason::Interrupted(f.failure.class));
        let classes = || self.failures.iter().map(|failed| failed.failure.class);
        match ending {
            FailureReason::Interrupted(_) => assert_eq!(Some(ending), interrupted),
            FailureReason::Deadline => assert!(self.is_late(now), "too early for its deadline"),
            FailureReason::Unavailable | FailureReason::Shed => assert!(self.starts.is_empty()),
            // No provider supports what it asks for: none was asked.
            FailureReason::Stopped(FailureClass::BadRequest) if self.starts.is_empty() => {}
            FailureReason::Stopped(class) => assert!(classes().any(|met| met == class)),
            FailureReason::Exhausted(class) => {
                assert_eq!(
                    classes().next_back(),
                    Some(class),
                    "the last failure names it"
                );
                let stops = |f: &Failed| common.action(&f.failure) == Action::Stop;
                assert!(!self.failures.iter().any(stops), "it was wrong everywhere");
            }
            FailureReason::Unfinished => panic!("it was not dropped"),
            other => panic!("no rule for {other:?}"),
        }
        assert!(interrupted.is_none() || Some(ending) == interrupted);
    }

    fn is_late(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }

    pub(crate) fn drop_now(&mut self, common: &mut Common, now: Instant) {
        if self.outcome.is_some() {
            return;
        }
        let lost = self.call.on_dropped(&mut common.fleet, now);
        let flying = self.flights.drain(..).map(|flight| flight.start);
        let flying: Vec<Start> = flying.collect();
        flying
            .iter()
            .for_each(|start| common.on_end(start.provider));
        let flying: Vec<AttemptId> = flying.iter().map(|start| start.attempt).collect();
        assert_eq!(lost, flying);
        assert_eq!(
            self.call.on_dropped(&mut common.fleet, now),
            [],
            "dropped once only"
        );
        let outcome = Outcome::Failed(FailureReason::Unfinished);
        assert_eq!(
            self.call.step(&mut common.fleet, now),
            Step::Finish(outcome)
        );
        self.outcome = Some(outcome);
    }
}

impl Flight {
    fn new(start: &Start, act: &Act, delivery: Delivery, now: Instant) -> Self {
        let mut news = VecDeque::new();
        let ends = |at: Duration| act.after.is_none_or(|after| at <= after);
        let first = act.first_token.filter(|_| delivery.is_streamed());
        if let Some(first) = first.filter(|first| ends(*first)) {
            news.push_back((now + first, News::FirstTokenReceived));
            // A success delivers the withheld tokens; a failure drops them.
            let opened = match (&act.failure, act.after) {
                (None, Some(after)) => (first + act.held).min(after),
                _ => first + act.held,
            };
            if ends(opened) {
                news.push_back((now + opened, News::FirstTokenDelivered));
            }
        }
        if let Some(after) = act.after {
            let reply = act.failure.map_or(Reply::Succeeded, Reply::Failed);
            news.push_back((now + after, News::Over(reply)));
        }
        Self {
            start: start.clone(),
            since: now,
            news,
            spoke: false,
        }
    }
}

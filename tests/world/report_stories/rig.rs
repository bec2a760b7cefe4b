//! A run written by hand: `Story` turns method calls into events and folds them.

use std::time::Duration;

use firedrill::expect::{Bound, Expectation, Op, When};
use firedrill::policy::{
    AttemptId, BreakerState as Breaker, CallId, Cause, FailureClass, FailureReason, KeyId, Outcome,
    ProviderId,
};
use firedrill::prices::Price;
use firedrill::report::measures::{self, View};
use firedrill::report::{
    Collector, MeasuredFault, MeasuredProvider, Ratio, RunStats, Subject, UptimeRule,
};
use firedrill::time::{Instant, Windows};
use firedrill::trace::{Bill, Event, EventKind, FaultId};
use firedrill::units::{Money, Share};

pub(crate) const PRIMARY: ProviderId = ProviderId(0);
pub(crate) const BACKUP: ProviderId = ProviderId(1);

/// Two providers, one hour, no failures.
pub(crate) fn subject() -> Subject {
    Subject {
        name: "primary-outage".to_owned(),
        about: "The primary is gone for a third of the run. Who stays up?".to_owned(),
        duration: Duration::from_secs(3_600),
        clients: 1,
        providers: vec![
            provider("openai", "gpt-4.1", ["2", "8"]),
            provider("backup", "small", ["0.5", "1"]),
        ],
        alerts: Vec::new(),
        tasks: Vec::new(),
        faults: Vec::new(),
        policies: vec!["no-failover".to_owned(), "priority-fallback".to_owned()],
        expect: Vec::new(),
        uptime: UptimeRule {
            window: Duration::from_secs(10),
            down_above: Share::percent(5),
        },
        answers_are_traced: true,
        notes: Vec::new(),
        traces: Vec::new(),
        resolved: serde_json::json!({}),
    }
}

fn provider(name: &str, model: &str, [input, output]: [&str; 2]) -> MeasuredProvider {
    MeasuredProvider {
        name: name.to_owned(),
        model: model.to_owned(),
        keys: 1,
        price: Price {
            input: Money::parse_usd(input).unwrap(),
            output: Money::parse_usd(output).unwrap(),
            cached: Money::parse_usd(input).unwrap(),
            source: "a list of prices, 2026-01-01".to_owned(),
        },
    }
}

/// An outage of the primary from second `at` for `length` seconds, perhaps again.
pub(crate) fn fault(name: &str, at: u64, length: u64, every: Option<u64>) -> MeasuredFault {
    MeasuredFault {
        name: name.to_owned(),
        windows: Windows {
            at: Duration::from_secs(at),
            length: Some(Duration::from_secs(length)),
            every: every.map(Duration::from_secs),
        },
        targets: vec![PRIMARY],
        why_never: None,
    }
}

pub(crate) fn expectation(text: &str, during: Option<u16>, op: Op, bound: Bound) -> Expectation {
    Expectation {
        text: text.to_owned(),
        metric: text.split([' ', '(']).next().unwrap().to_owned(),
        argument: text
            .split_once('(')
            .and_then(|(_, rest)| Some(rest.split_once(')')?.0.to_owned())),
        when: during.map_or(When::Always, |fault| When::During(FaultId(fault))),
        op,
        bound,
        of: None,
        than: None,
        shift: None,
        by_interval: false,
        line: None,
    }
}

pub(crate) fn ms(ms: u64) -> Instant {
    Instant::from_nanos(ms * 1_000_000)
}

pub(crate) const fn secs(secs: u64) -> u64 {
    secs * 1_000
}

/// A run; times are milliseconds since its start.
pub(crate) struct Story {
    pub(crate) fold: Collector,
    next: u64,
}

impl Story {
    pub(crate) fn of(subject: &Subject) -> Self {
        Self {
            fold: Collector::new(subject),
            next: 0,
        }
    }

    /// A call arrives at `at`.
    pub(crate) fn call(&mut self, at: u64) -> Told<'_> {
        let call = CallId(self.next);
        self.next += 1;
        let streamed = false;
        self.tell(at, EventKind::Arrived { call, streamed });
        Told {
            story: self,
            call,
            attempts: Vec::new(),
            key: KeyId(0),
        }
    }

    /// A call that arrives at `at` and is answered by the primary 500 ms later.
    pub(crate) fn good(&mut self, at: u64) {
        self.call(at).asks(at, PRIMARY).answered(at + 500);
    }

    /// A call that arrives at `at` and fails 100 ms later.
    pub(crate) fn bad(&mut self, at: u64) {
        let mut call = self.call(at);
        call.asks(at, PRIMARY);
        call.fails(at + 100, FailureClass::Connect);
        call.ends(at + 100, FailureReason::Exhausted(FailureClass::Connect));
    }

    pub(crate) fn breaker(&mut self, at: u64, provider: ProviderId, to: Breaker) {
        let from = Breaker::Closed;
        self.tell(at, EventKind::Breaker { provider, from, to });
    }

    pub(crate) fn fires(&mut self, at: u64, fault: u16) {
        let fault = FaultId(fault);
        self.tell(at, EventKind::Fired { fault, call: None });
    }

    /// A bill for the first attempt of a call (none = a health check) at `provider`.
    pub(crate) fn bills(
        &mut self,
        at: u64,
        provider: ProviderId,
        call: Option<u64>,
        tokens: (u64, u64),
    ) {
        let bill = EventKind::Billed {
            provider,
            call: call.map(CallId),
            nth: 0,
            bill: Bill::of(tokens.0, tokens.1),
        };
        self.tell(at, bill);
    }

    pub(crate) fn tell(&mut self, at: u64, kind: EventKind) {
        self.fold.on_event(&Event { at: ms(at), kind });
    }

    pub(crate) fn end(self) -> RunStats {
        self.fold.finish()
    }
}

/// A call of the story.
pub(crate) struct Told<'a> {
    story: &'a mut Story,
    call: CallId,
    attempts: Vec<ProviderId>,
    key: KeyId,
}

impl Told<'_> {
    /// It starts an attempt at `provider`: a retry if that is the last one, else a fallback.
    pub(crate) fn asks(&mut self, at: u64, provider: ProviderId) -> &mut Self {
        self.starts(at, provider, false)
    }

    /// It starts a probe at `provider`.
    pub(crate) fn probes(&mut self, at: u64, provider: ProviderId) -> &mut Self {
        self.starts(at, provider, true)
    }

    /// It uses this key from now on.
    pub(crate) fn shows(&mut self, key: u16) -> &mut Self {
        self.key = KeyId(key);
        self
    }

    /// It hedges at `provider` beside the attempt in flight.
    pub(crate) fn hedges(&mut self, at: u64, provider: ProviderId) -> &mut Self {
        self.starts_because(at, provider, false, Cause::Hedge)
    }

    /// The last attempt answers, and the call succeeds; the first, at `loser`, is cancelled.
    pub(crate) fn wins_over(&mut self, at: u64, loser: ProviderId) {
        let (call, attempt) = (self.call, AttemptId(1));
        self.story.tell(
            at,
            EventKind::Cancelled {
                call,
                attempt,
                provider: loser,
            },
        );
        self.answered(at);
    }

    fn starts(&mut self, at: u64, provider: ProviderId, probe: bool) -> &mut Self {
        let cause = match self.attempts.last() {
            None => Cause::First,
            Some(last) if *last == provider => Cause::Retry,
            Some(_) => Cause::Fallback,
        };
        self.starts_because(at, provider, probe, cause)
    }

    fn starts_because(
        &mut self,
        at: u64,
        provider: ProviderId,
        probe: bool,
        cause: Cause,
    ) -> &mut Self {
        let nth = self.attempts.iter().filter(|asked| **asked == provider);
        let nth = u32::try_from(nth.count()).unwrap();
        self.attempts.push(provider);
        let (call, attempt) = (self.call, self.attempt());
        let started = EventKind::Started {
            call,
            attempt,
            provider,
            nth,
            cause,
            probe,
            key: self.key,
        };
        self.story.tell(at, started);
        self
    }

    pub(crate) fn first_token(&mut self, at: u64) -> &mut Self {
        let (call, attempt) = (self.call, self.attempt());
        self.story
            .tell(at, EventKind::FirstTokenDelivered { call, attempt });
        self
    }

    /// The provider bills its last attempt.
    pub(crate) fn billed(&mut self, at: u64, input: u64, output: u64) -> &mut Self {
        let bill = EventKind::Billed {
            provider: *self.attempts.last().unwrap(),
            call: Some(self.call),
            nth: self.nth(),
            bill: Bill::of(input, output),
        };
        self.story.tell(at, bill);
        self
    }

    pub(crate) fn fails(&mut self, at: u64, class: FailureClass) -> &mut Self {
        self.replied(at, Some(class), None)
    }

    /// The last attempt fails, with a hint to wait for `hint` milliseconds.
    pub(crate) fn fails_with_hint(&mut self, at: u64, class: FailureClass, hint: u64) -> &mut Self {
        self.replied(at, Some(class), Some(Duration::from_millis(hint)))
    }

    pub(crate) fn cancelled(&mut self, at: u64) -> &mut Self {
        let (call, attempt) = (self.call, self.attempt());
        let provider = *self.attempts.last().unwrap();
        let cancelled = EventKind::Cancelled {
            call,
            attempt,
            provider,
        };
        self.story.tell(at, cancelled);
        self
    }

    /// The last attempt answers, and the call succeeds.
    pub(crate) fn answered(&mut self, at: u64) {
        self.whole(at);
        self.taken_for_an_answer(at);
    }

    /// The client takes its answer for a whole one, and the call succeeds.
    pub(crate) fn taken_for_an_answer(&mut self, at: u64) {
        self.replied(at, None, None);
        let (call, attempt) = (self.call, self.attempt());
        let outcome = Outcome::Succeeded { attempt };
        self.story.tell(at, EventKind::Ended { call, outcome });
    }

    pub(crate) fn ends(&mut self, at: u64, ending: FailureReason) {
        let (call, outcome) = (self.call, Outcome::Failed(ending));
        self.story.tell(at, EventKind::Ended { call, outcome });
    }

    /// The provider writes a whole answer to its last attempt.
    fn whole(&mut self, at: u64) {
        let provider = *self.attempts.last().unwrap();
        let answered = EventKind::Answered {
            provider,
            call: Some(self.call),
            nth: self.nth(),
        };
        self.story.tell(at, answered);
    }

    /// How many attempts the call made at the last one's provider before it.
    fn nth(&self) -> u32 {
        let last = self.attempts.last();
        let asked = self.attempts.iter().filter(|asked| Some(*asked) == last);
        u32::try_from(asked.count()).unwrap() - 1
    }

    fn replied(
        &mut self,
        at: u64,
        failure: Option<FailureClass>,
        hint: Option<Duration>,
    ) -> &mut Self {
        let (call, attempt) = (self.call, self.attempt());
        let provider = *self.attempts.last().unwrap();
        let replied = EventKind::Replied {
            call,
            attempt,
            provider,
            failure,
            hint,
        };
        self.story.tell(at, replied);
        self
    }

    fn attempt(&self) -> AttemptId {
        AttemptId(u32::try_from(self.attempts.len()).unwrap())
    }
}

/// The value of the measure `name`, as people read it; `-` when it is undefined.
pub(crate) fn shown(
    subject: &Subject,
    state: &RunStats,
    during: Option<usize>,
    name: &str,
) -> String {
    let (unit, value) = worth(subject, state, during, name);
    value.map_or_else(|| "-".to_owned(), |value| unit.shown(value))
}

pub(crate) fn worth(
    subject: &Subject,
    state: &RunStats,
    during: Option<usize>,
    name: &str,
) -> (firedrill::report::Unit, Option<Ratio>) {
    let prices: Vec<Price> = subject
        .providers
        .iter()
        .map(|provider| provider.price.clone())
        .collect();
    let when = during.map_or(When::Always, |fault| When::During(FaultId(fault as u16)));
    let view = View::new(state, when, &prices).unwrap();
    let (name, argument) = name.split_once('(').unwrap_or((name, ""));
    let measure = measures::find(name).unwrap();
    let value = match measure.argument() {
        None => measure.of(&view),
        Some(kind) => {
            let names = kind.names(state);
            let named = names
                .iter()
                .position(|name| *argument == format!("{name})"));
            measure.of_one(&view, named.unwrap())
        }
    };
    (measure.unit, value)
}

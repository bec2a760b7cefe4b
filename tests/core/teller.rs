//! Drives one call at a time with events, and checks its steps.

use std::time::Duration;

use firedrill::policy::config::Policy;
use firedrill::policy::{
    AttemptId, Call, CallContext, CallId, Delivery, Failure, FailureClass, FailureReason, Fleet,
    Outcome, ProviderId, ProviderInfo, Reply, RngStreams, Start, Step,
};
use firedrill::time::Instant;

/// Drives one call, with a clock of its own.
pub(crate) struct Teller<'a> {
    pub(crate) call: Call,
    pub(crate) fleet: &'a mut Fleet,
    pub(crate) now: Instant,
    attempt: AttemptId,
}

impl<'a> Teller<'a> {
    pub(crate) fn new(fleet: &'a mut Fleet, second: u64) -> Self {
        Self::arrive(fleet, second, None)
    }

    pub(crate) fn with_deadline(fleet: &'a mut Fleet, second: u64, after: u64) -> Self {
        Self::arrive(fleet, second, Some(Duration::from_secs(after)))
    }

    pub(crate) fn arrive(fleet: &'a mut Fleet, second: u64, deadline: Option<Duration>) -> Self {
        let ask = CallContext {
            deadline,
            ..CallContext::default()
        };
        Self::asking(fleet, second, ask)
    }

    pub(crate) fn asking(fleet: &'a mut Fleet, second: u64, ask: CallContext) -> Self {
        let now = at(second);
        Self {
            call: Call::new(CallId(0), now, ask, RngStreams::new(1)),
            fleet,
            now,
            attempt: AttemptId(0),
        }
    }

    pub(crate) fn step(&mut self) -> Step {
        self.call.step(self.fleet, self.now)
    }

    /// The attempt that began last.
    pub(crate) fn attempt(&self) -> AttemptId {
        self.attempt
    }

    /// The next step starts an attempt there.
    pub(crate) fn starts(&mut self, provider: u16) -> Start {
        match self.step() {
            Step::Start(start) => {
                assert_eq!(start.provider, ProviderId(provider));
                self.attempt = start.attempt;
                start
            }
            other => panic!("expected a start at {provider}, got {other:?}"),
        }
    }

    /// The first token of this attempt comes and is handed over.
    pub(crate) fn hands_over(&mut self, attempt: AttemptId) {
        self.call
            .on_first_token_received(self.fleet, attempt, self.now);
        self.call.on_first_token_delivered(attempt);
    }

    pub(crate) fn fails(&mut self, class: FailureClass) {
        self.replies(Reply::Failed(Failure::of(class)));
    }

    pub(crate) fn fails_with_hint(&mut self, class: FailureClass, seconds: u64) {
        let hint = Some(Duration::from_secs(seconds));
        self.replies(Reply::Failed(Failure {
            hint,
            ..Failure::of(class)
        }));
    }

    pub(crate) fn fails_and_waits(&mut self, class: FailureClass) -> Duration {
        self.fails(class);
        let Step::Wait { until: Some(until) } = self.step() else {
            panic!("it does not wait");
        };
        let wait = until.since(self.now);
        self.now = until;
        wait
    }

    /// This attempt, of several, ends.
    pub(crate) fn replies_to(&mut self, attempt: u32, reply: &Reply) {
        self.call
            .on_reply(self.fleet, AttemptId(attempt), reply, self.now);
    }

    /// The next step cancels this attempt.
    pub(crate) fn cancels(&mut self, attempt: u32) {
        let attempt = AttemptId(attempt);
        assert_eq!(self.step(), Step::Cancel { attempt });
    }

    /// Nothing is to be done before an attempt has an event.
    pub(crate) fn only_waits(&mut self) {
        assert_eq!(self.step(), Step::Wait { until: None });
    }

    pub(crate) fn succeeds(&mut self) {
        self.replies(Reply::Succeeded);
        self.has_succeeded(self.attempt);
    }

    pub(crate) fn has_succeeded(&mut self, attempt: AttemptId) {
        assert_eq!(self.step(), Step::Finish(Outcome::Succeeded { attempt }));
    }

    pub(crate) fn replies(&mut self, reply: Reply) {
        self.call
            .on_reply(self.fleet, self.attempt, &reply, self.now);
    }

    /// It waits until then, and the clock advances to it.
    pub(crate) fn waits_until(&mut self, second: u64) {
        if at(second) > self.now {
            let until = Some(at(second));
            assert_eq!(self.step(), Step::Wait { until });
            self.now = at(second);
        }
    }

    pub(crate) fn ends(&mut self, ending: FailureReason) {
        for _ in 0..2 {
            assert_eq!(self.step(), Step::Finish(Outcome::Failed(ending)));
        }
    }
}

pub(crate) fn asked(streamed: bool) -> CallContext {
    CallContext {
        delivery: match streamed {
            true => Delivery::Live,
            false => Delivery::Plain,
        },
        ..CallContext::default()
    }
}

pub(crate) fn at(second: u64) -> Instant {
    Instant::START + Duration::from_secs(second)
}

pub(crate) fn fleet(policy: &Policy, providers: usize) -> Fleet {
    let members = (0..providers).map(|position| ProviderInfo::named(format!("p{position}")));
    Fleet::new(policy.clone(), members.collect(), RngStreams::new(1))
}

/// Three attempts, two of them at one provider after exactly 1 s; a breaker that opens after two
/// failures, for 10 s; hints up to 60 s; no timeout.
pub(crate) fn policy() -> Policy {
    policy_of(
        "retry: { max_attempts: 3, max_attempts_per_provider: 2, backoff: { base: 1s, jitter: \
            none } }\n\
         breaker: { consecutive_failures: 2, open: { initial: 10s } }\n",
    )
}

/// The policy of this text, which needs no name.
pub(crate) fn policy_of(text: &str) -> Policy {
    let text = format!("name: story\n{text}");
    Policy::parse("story.yaml", &text).unwrap_or_else(|problem| panic!("{problem}"))
}

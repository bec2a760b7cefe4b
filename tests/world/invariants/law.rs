//! The invariants of every trace, and a trace's violations of them.

use std::collections::BTreeMap;
use std::time::Duration;

use firedrill::policy::config::{HintMode, Policy};
use firedrill::policy::{
    Action, AttemptId, BreakerState, CallId, Cause, FailureClass, FailureReason, KeyId, Outcome,
    ProviderId,
};
use firedrill::scenario::Scenario;
use firedrill::time::Instant;
use firedrill::trace::{Event, EventKind};

use super::drawn::Case;

/// The invariants of a run of this case.
pub(crate) struct Law<'a> {
    case: &'a Case,
    scenario: &'a Scenario,
    policy: &'a Policy,
    calls: BTreeMap<CallId, Call>,
    breakers: BTreeMap<ProviderId, BreakerState>,
    broken: Vec<String>,
    now: Instant,
}

/// A trace's record of one call.
#[derive(Default)]
struct Call {
    arrived: Option<Instant>,
    ended: Option<(Instant, Outcome)>,
    attempts: Vec<Attempt>,
    /// The attempt whose tokens the caller has.
    heard: Option<AttemptId>,
    /// The whole and correct answers that providers wrote: the provider, and the number of its
    /// attempt there.
    answered: Vec<(ProviderId, u32)>,
}

struct Attempt {
    provider: ProviderId,
    nth: u32,
    key: KeyId,
    over: Option<Over>,
}

/// How an attempt ended: cancelled, or with a reply.
#[derive(Clone, Copy)]
enum Over {
    Cancelled,
    Answered,
    Failed(FailureClass, Option<Duration>, Instant),
}

impl<'a> Law<'a> {
    pub(crate) fn new(case: &'a Case, scenario: &'a Scenario, policy: &'a Policy) -> Self {
        Self {
            case,
            scenario,
            policy,
            calls: BTreeMap::new(),
            breakers: BTreeMap::new(),
            broken: Vec::new(),
            now: Instant::START,
        }
    }

    /// The violations in this trace, in words.
    pub(crate) fn broken(mut self, trace: &[Event]) -> Vec<String> {
        for event in trace {
            self.hold(self.now <= event.at, || "time runs backwards".to_owned());
            self.now = event.at;
            self.read(&event.kind);
        }
        let calls = std::mem::take(&mut self.calls);
        self.hold(!calls.is_empty(), || "there were no calls".to_owned());
        for (id, call) in &calls {
            self.judge(*id, call);
        }
        self.broken
    }

    fn hold(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.broken.push(format!("{}: {}", self.now, otherwise()));
        }
    }

    fn read(&mut self, kind: &EventKind) {
        match *kind {
            EventKind::Arrived { call, .. } => {
                let at = self.now;
                let before = self.calls.entry(call).or_default().arrived.replace(at);
                self.hold(before.is_none(), || format!("{call} arrived twice"));
            }
            EventKind::Started {
                call,
                attempt,
                provider,
                nth,
                cause,
                key,
                ..
            } => self.on_start(call, attempt, (provider, nth, key), cause),
            EventKind::FirstTokenDelivered { call, attempt } => {
                let state = self.calls.entry(call).or_default();
                let flies = state.attempt(attempt).is_some_and(|one| one.over.is_none());
                let before = state.heard.replace(attempt);
                self.hold(before.is_none(), || {
                    format!("{call} had its first token twice")
                });
                self.hold(flies, || format!("{call} heard of no attempt in flight"));
            }
            EventKind::Replied {
                call,
                attempt,
                failure,
                hint,
                ..
            } => {
                let at = self.now;
                let failed = |class| Over::Failed(class, hint, at);
                self.on_over(call, attempt, failure.map_or(Over::Answered, failed));
            }
            EventKind::Cancelled { call, attempt, .. } => {
                self.on_over(call, attempt, Over::Cancelled)
            }
            EventKind::Ended { call, outcome } => {
                let at = self.now;
                let state = self.calls.entry(call).or_default();
                let before = state.ended.replace((at, outcome));
                self.hold(before.is_none(), || format!("{call} ended twice"));
            }
            EventKind::Answered {
                call: Some(call),
                provider,
                nth,
            } => {
                let state = self.calls.entry(call).or_default();
                state.answered.push((provider, nth));
            }
            EventKind::Breaker { provider, from, to } => self.on_breaker(provider, from, to),
            _ => {}
        }
    }

    fn on_breaker(&mut self, provider: ProviderId, from: BreakerState, to: BreakerState) {
        // Several processes have a breaker each, and a trace does not say which one changed.
        if self.scenario.load.clients > 1 {
            return;
        }
        let before = self
            .breakers
            .insert(provider, to)
            .unwrap_or(BreakerState::Closed);
        self.hold(before == from && from != to, || {
            format!("a breaker goes from {from:?} to {to:?}, and was {before:?}")
        });
    }

    fn on_over(&mut self, call: CallId, attempt: AttemptId, over: Over) {
        let state = self.calls.entry(call).or_default();
        let is_open = state.ended.is_none();
        let before = state.attempt(attempt).map(|one| one.over.replace(over));
        self.hold(is_open, || format!("{call} goes on after its end"));
        self.hold(matches!(before, Some(None)), || {
            format!("{call} attempt {} ended, and was not in flight", attempt.0)
        });
    }

    fn on_start(
        &mut self,
        id: CallId,
        attempt: AttemptId,
        (provider, nth, key): (ProviderId, u32, KeyId),
        cause: Cause,
    ) {
        let call = self.calls.remove(&id).unwrap_or_default();
        let made = call.attempts.len() as u32;
        let there = call.attempts.iter().filter(|one| one.provider == provider);
        let most = self.policy.retry.max_attempts;
        let counted = attempt.0 == made + 1 && nth as usize == there.count();
        self.hold(counted, || format!("{id} miscounts"));
        self.hold(made < most, || format!("{id} tries more than {most} times"));
        self.hold(call.arrived.is_some() && call.ended.is_none(), || {
            format!("{id} is not open")
        });
        self.hold(call.heard.is_none(), || {
            format!("{id} asks again after its first token")
        });
        self.hold(!call.has_answer(), || {
            format!("{id} asks again after its answer")
        });
        let flying = call.attempts.iter().filter(|one| one.over.is_none());
        let flying = Vec::from_iter(flying.map(|one| one.provider));
        let hedges = self
            .policy
            .hedge
            .as_ref()
            .map_or(0, |hedge| hedge.max_hedges as usize);
        self.hold(flying.len() <= hedges, || {
            format!("{id} asks too many at once")
        });
        self.hold(!flying.contains(&provider), || {
            format!("{id} asks one twice at once")
        });
        let is_hedge = cause == Cause::Hedge;
        self.hold(is_hedge != flying.is_empty(), || {
            format!("{id} says {cause:?}")
        });
        self.keys_and_hints_are_heeded(id, &call, (provider, key), cause);
        self.hands_are_obeyed(id, provider);
        let mut call = call;
        call.attempts.push(Attempt {
            provider,
            nth,
            key,
            over: None,
        });
        self.calls.insert(id, call);
    }

    fn keys_and_hints_are_heeded(
        &mut self,
        id: CallId,
        call: &Call,
        (provider, key): (ProviderId, KeyId),
        cause: Cause,
    ) {
        let now = self.now;
        let honours = self.policy.hints.retry_after == HintMode::Honour;
        for attempt in &call.attempts {
            let Some(Over::Failed(class, hint, at)) = attempt.over else {
                continue;
            };
            let same = (attempt.provider, attempt.key) == (provider, key);
            let action = self.policy.failures.get(&class).copied();
            let action = action.unwrap_or(class.action());
            self.hold(action != Action::Stop, || {
                format!("{id} goes on after {class}")
            });
            self.hold(!(same && class == FailureClass::Auth), || {
                format!("{id} shows a key again that was not accepted")
            });
            if same && honours && cause == Cause::Retry && action == Action::Retry {
                let over = hint.is_none_or(|hint| at + hint <= now);
                self.hold(over, || format!("{id} does not wait for {hint:?}"));
            }
        }
    }

    /// An isolated provider gets no attempt, and a pin is obeyed.
    fn hands_are_obeyed(&mut self, id: CallId, provider: ProviderId) {
        // At the very time of the operation either may come first, and a frozen process applies it
        // later.
        if self.case.freezes || self.scenario.turns().contains(&self.now) {
            return;
        }
        let obeyed = match self.scenario.pinned(self.now) {
            Some(pinned) => provider == pinned,
            None => !self.scenario.is_isolated(provider, self.now),
        };
        self.hold(obeyed, || {
            format!("{id} asks {} against the hand", provider.0)
        });
    }

    /// Checks a call as a whole, once the run is over.
    fn judge(&mut self, id: CallId, call: &Call) {
        let (Some(arrived), Some((ended, outcome))) = (call.arrived, call.ended) else {
            return self.hold(false, || format!("{id} is lost"));
        };
        self.now = ended;
        let all_over = call.attempts.iter().all(|attempt| attempt.over.is_some());
        self.hold(all_over, || format!("{id} left an attempt in flight"));
        let answers = call
            .attempts
            .iter()
            .filter(|attempt| attempt.is_answer())
            .count();
        match outcome {
            Outcome::Succeeded { attempt } => {
                let found = call.attempts.get(attempt.0 as usize - 1);
                let is_answer = found.is_some_and(Attempt::is_answer);
                self.hold(is_answer && answers == 1, || {
                    format!("{id} has {answers} answers")
                });
                let is_heard = call.heard.is_none_or(|heard| heard == attempt);
                self.hold(is_heard, || format!("{id} mixes two answers"));
                let is_whole = found.is_some_and(|found| {
                    let written = call.answered.contains(&(found.provider, found.nth));
                    written || self.case.deceiving.contains(&found.provider.index())
                });
                self.hold(is_whole, || format!("{id} takes a part for the whole"));
            }
            Outcome::Failed(ending) => {
                self.hold(answers == 0, || format!("{id} had an answer, and failed"));
                let broke_off = matches!(ending, FailureReason::Interrupted(_));
                self.hold(!broke_off || call.heard.is_some(), || {
                    format!("{id} held nothing")
                });
                self.unfinished_is_dropped(id, ending, (arrived, ended));
            }
        }
        self.deadline_holds(id, (arrived, ended));
    }

    fn unfinished_is_dropped(
        &mut self,
        id: CallId,
        ending: FailureReason,
        (arrived, ended): (Instant, Instant),
    ) {
        let waited = ended.since(arrived);
        let is_over = waited >= self.scenario.run.drain;
        let left = self.case.is_impatient && waited >= Duration::from_secs(2);
        let is_dropped = is_over || left || self.case.freezes;
        self.hold(ending != FailureReason::Unfinished || is_dropped, || {
            format!("{id} was dropped")
        });
    }

    fn deadline_holds(&mut self, id: CallId, (arrived, ended): (Instant, Instant)) {
        let given = self.scenario.load.common.deadline.length();
        let own = self.policy.timeouts.call;
        let Some(deadline) = given.into_iter().chain(own).min() else {
            return;
        };
        let frozen = match self.case.freezes {
            true => Duration::from_secs(3),
            false => Duration::ZERO,
        };
        let latest = arrived + deadline + Duration::from_millis(2) + frozen;
        self.hold(ended <= latest, || {
            format!("{id} came {arrived}, and had {deadline:?}")
        });
    }
}

impl Call {
    fn attempt(&mut self, attempt: AttemptId) -> Option<&mut Attempt> {
        self.attempts.get_mut((attempt.0 as usize).checked_sub(1)?)
    }

    fn has_answer(&self) -> bool {
        self.attempts.iter().any(Attempt::is_answer)
    }
}

impl Attempt {
    const fn is_answer(&self) -> bool {
        matches!(self.over, Some(Over::Answered))
    }
}

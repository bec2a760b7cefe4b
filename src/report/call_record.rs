//! The record of one open call, and how it is counted once it has ended.
//!
//! A call is counted as a whole, at its end, in every scope that it belongs to.
//! [`super::collector`] assigns events to calls.

use super::client_rules::{Conduct, Standing};
use super::cost::Tokens;
use super::ledger::Fate;
use super::run_stats::Scope;
use crate::policy::call::{Cause, FailureReason, Outcome};
use crate::policy::classify::{Action, FailureClass};
use crate::policy::keys::KeyId;
use crate::policy::{AttemptId, ProviderId};
use crate::time::Instant;

/// A call that has not ended.
#[derive(Debug, Default)]
pub(super) struct OpenCall {
    /// When it arrived.
    pub(super) arrived: Instant,
    /// The intervals that it belongs to, by position.
    pub(super) stretches: Vec<usize>,
    first_token: Option<Instant>,
    attempts: Vec<Attempt>,
}

/// The start of an attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Started {
    /// Its number within the call.
    pub(super) id: AttemptId,
    /// Its provider.
    pub(super) provider: ProviderId,
    /// How many attempts its call made there before.
    pub(super) nth: u32,
    /// Why it is made.
    pub(super) cause: Cause,
    /// The provider's key that it uses.
    pub(super) key: KeyId,
    /// Its time.
    pub(super) at: Instant,
}

/// How a call ended, by what the trace knows.
#[derive(Clone, Copy, Debug)]
pub(super) enum CallEnd {
    /// With a whole answer, from this attempt.
    Answered(AttemptId),
    /// With what the client took for an answer, though the provider never wrote a whole one.
    WrongAnswer,
    /// Without an answer.
    Failed(FailureReason),
}

/// An attempt of a call.
#[derive(Debug)]
struct Attempt {
    id: AttemptId,
    provider: ProviderId,
    nth: u32,
    cause: Cause,
    key: KeyId,
    reply: Option<Result<(), FailureClass>>,
    billed: Tokens,
    standing: Standing,
    is_in_flight: bool,
    /// Whether the provider has written a whole answer.
    is_whole: bool,
    /// The end of the wait that the provider asked for.
    until: Option<Instant>,
    is_useless: bool,
    breaks_hint: bool,
}

impl OpenCall {
    /// A call arrives at `arrived`, of which nothing else is known. Its memory may be that of
    /// another.
    pub(super) fn begin(&mut self, arrived: Instant) {
        self.arrived = arrived;
        self.stretches.clear();
        self.first_token = None;
        self.attempts.clear();
    }

    /// An attempt was started. Its answer counts as whole without an event of the provider when
    /// `is_whole`.
    pub(super) fn on_start(&mut self, started: Started, standing: Standing, is_whole: bool) {
        let Started {
            provider, key, at, ..
        } = started;
        let before = || {
            let attempts = self.attempts.iter();
            attempts.filter(move |attempt| attempt.provider == provider)
        };
        self.attempts.push(Attempt {
            id: started.id,
            provider,
            nth: started.nth,
            cause: started.cause,
            key,
            reply: None,
            billed: Tokens::default(),
            standing,
            is_in_flight: true,
            is_whole,
            until: None,
            is_useless: before().any(|attempt| attempt.is_beyond_retry(key)),
            breaks_hint: before().any(|attempt| attempt.asks_to_wait(key, at)),
        });
    }

    /// The first token was delivered; later ones do not count.
    pub(super) fn on_first_token(&mut self, at: Instant) {
        self.first_token.get_or_insert(at);
    }

    /// An attempt ended by itself; a hint may ask to wait until a time. True if it got a whole
    /// answer.
    pub(super) fn on_reply(
        &mut self,
        id: AttemptId,
        failure: Option<FailureClass>,
        until: Option<Instant>,
    ) -> bool {
        let Some(attempt) = self.find(id) else {
            return false;
        };
        attempt.reply = Some(failure.map_or(Ok(()), Err));
        attempt.until = until;
        failure.is_none() && attempt.is_whole
    }

    /// An attempt is no longer in flight. True if it was in flight, as a probe.
    pub(super) fn on_over(&mut self, id: AttemptId) -> bool {
        self.find(id).is_some_and(Attempt::lands_as_probe)
    }

    /// Takes the probes still in flight, by provider.
    pub(super) fn probes_left(&mut self) -> impl Iterator<Item = ProviderId> {
        let attempts = self.attempts.iter_mut();
        attempts.filter_map(|attempt| attempt.lands_as_probe().then_some(attempt.provider))
    }

    /// A provider has written a whole answer.
    pub(super) fn on_whole(&mut self, provider: ProviderId, nth: u32) {
        if let Some(attempt) = self.find_at(provider, nth) {
            attempt.is_whole = true;
        }
    }

    /// Whether an attempt of it was a fallback.
    pub(super) fn fell_back(&self) -> bool {
        let mut attempts = self.attempts.iter();
        attempts.any(|attempt| attempt.cause == Cause::Fallback)
    }

    /// The key with which an attempt was made.
    pub(super) fn key_of(&self, id: AttemptId) -> Option<KeyId> {
        let mut attempts = self.attempts.iter();
        let found = attempts.find(|attempt| attempt.id == id)?;
        Some(found.key)
    }

    fn find(&mut self, id: AttemptId) -> Option<&mut Attempt> {
        self.attempts.iter_mut().find(|attempt| attempt.id == id)
    }

    fn find_at(&mut self, provider: ProviderId, nth: u32) -> Option<&mut Attempt> {
        let mut attempts = self.attempts.iter_mut();
        attempts.find(|attempt| attempt.provider == provider && attempt.nth == nth)
    }

    /// An attempt was billed. False if the attempt is not known.
    pub(super) fn on_bill(&mut self, provider: ProviderId, nth: u32, tokens: Tokens) -> bool {
        let Some(attempt) = self.find_at(provider, nth) else {
            return false;
        };
        attempt.billed += tokens;
        true
    }

    /// Whether a provider may still bill work for this call that no client reads.
    pub(super) fn may_be_billed_late(&self, end: CallEnd) -> bool {
        let answer = end.answer();
        self.attempts
            .iter()
            .any(|attempt| Some(attempt.id) != answer)
    }

    /// The attempts that did not answer: provider, number there, key.
    pub(super) fn lost_keys(&self, end: CallEnd) -> impl Iterator<Item = (ProviderId, u32, KeyId)> {
        let answer = end.answer();
        let lost = self
            .attempts
            .iter()
            .filter(move |one| Some(one.id) != answer);
        lost.map(|one| (one.provider, one.nth, one.key))
    }

    /// How it ended, when its client says `outcome`: a client that was given half an answer and
    /// took it for a whole one did not succeed.
    pub(super) fn end(&self, outcome: Outcome) -> CallEnd {
        match outcome {
            Outcome::Failed(reason) => CallEnd::Failed(reason),
            Outcome::Succeeded { attempt } => {
                let mut all = self.attempts.iter();
                match all.any(|one| one.id == attempt && !one.is_whole) {
                    true => CallEnd::WrongAnswer,
                    false => CallEnd::Answered(attempt),
                }
            }
        }
    }

    /// Counts the call, which ended at `at` with `end`, in `scope`.
    pub(super) fn count_in(&self, scope: &mut Scope, end: CallEnd, at: Instant) {
        scope.calls += 1;
        match end {
            CallEnd::Answered(_) => self.count_success(scope, at),
            CallEnd::WrongAnswer => {
                scope.endings.wrong_answer += 1;
                scope.latency_failed.add(self.since_arrival(at));
            }
            CallEnd::Failed(reason) => {
                scope.endings.count(reason);
                // A call that never ended has no error, and no time of one.
                if reason != FailureReason::Unfinished {
                    scope.latency_failed.add(self.since_arrival(at));
                }
            }
        }
        scope.fell_back += u64::from(self.fell_back());
        let hedges = self.attempts.iter().filter(|one| one.cause == Cause::Hedge);
        scope.hedges += hedges.count() as u64;
        let answer = end.answer();
        let attempts = self.attempts.len() as u64;
        scope.conduct.attempts_max = scope.conduct.attempts_max.max(attempts);
        let mut all = self.attempts.iter();
        let won = all.find(|one| Some(one.id) == answer);
        let hedge_won = won.is_some_and(|one| one.cause == Cause::Hedge);
        for attempt in &self.attempts {
            let delivered = Some(attempt.id) == answer;
            attempt.count_in(scope, attempt.fate(delivered, hedge_won));
            attempt.judge_in(&mut scope.conduct);
        }
    }

    fn count_success(&self, scope: &mut Scope, at: Instant) {
        scope.succeeded += 1;
        scope.latency.add(self.since_arrival(at));
        if let Some(first_token) = self.first_token {
            scope.ttft.add(self.since_arrival(first_token));
        }
    }

    const fn since_arrival(&self, at: Instant) -> u64 {
        at.as_nanos().saturating_sub(self.arrived.as_nanos())
    }
}

impl Attempt {
    /// Whether it failed in a way that a retry with `key` at the same provider cannot help.
    fn is_beyond_retry(&self, key: KeyId) -> bool {
        let Some(Err(class)) = self.reply else {
            return false;
        };
        class.action() != Action::Retry && (self.key == key || !is_about_the_key(class))
    }

    /// Whether a hint of the provider to `key` is still in force at `at`.
    fn asks_to_wait(&self, key: KeyId, at: Instant) -> bool {
        self.key == key && self.until.is_some_and(|until| at < until)
    }

    /// It is no longer in flight: true if it was in flight, as a probe.
    const fn lands_as_probe(&mut self) -> bool {
        let was_in_flight = self.is_in_flight;
        self.is_in_flight = false;
        was_in_flight && self.standing.probes > 0
    }

    fn judge_in(&self, conduct: &mut Conduct) {
        conduct.useless_retries += u64::from(self.is_useless);
        conduct.hints_violated += u64::from(self.breaks_hint);
        conduct.hints_violated_by_client += u64::from(self.standing.is_early);
        conduct.probes_at_once = conduct.probes_at_once.max(self.standing.probes);
    }

    /// What became of its answer; `hedge_won` says that a hedge answered the call.
    const fn fate(&self, delivered: bool, hedge_won: bool) -> Fate {
        match (self.cause, self.reply) {
            _ if delivered => Fate::Delivered,
            (Cause::Hedge, _) => Fate::Hedged,
            (_, Some(Err(_))) => Fate::Failed,
            (_, Some(Ok(()))) if !self.is_whole => Fate::Failed,
            _ if hedge_won => Fate::Hedged,
            _ => Fate::Abandoned,
        }
    }

    fn count_in(&self, scope: &mut Scope, fate: Fate) {
        let Some(tally) = scope.providers.get_mut(self.provider.index()) else {
            return;
        };
        tally.attempts += 1;
        match self.reply {
            Some(Ok(())) => tally.answered += u64::from(self.is_whole),
            Some(Err(class)) => *tally.failures.entry(class).or_default() += 1,
            None => {}
        }
        tally.ledger.add(fate, self.billed);
        let Some(tally) = tally.key_mut(self.key) else {
            return;
        };
        tally.attempts += 1;
        match self.reply {
            Some(Ok(())) => tally.answered += u64::from(self.is_whole),
            Some(Err(class)) => *tally.failures.entry(class).or_default() += 1,
            None => {}
        }
        tally.ledger.add(fate, self.billed);
    }
}

/// Whether another key may help.
const fn is_about_the_key(class: FailureClass) -> bool {
    matches!(
        class,
        FailureClass::Auth | FailureClass::Forbidden | FailureClass::Quota
    )
}

impl CallEnd {
    /// The attempt that answered it.
    const fn answer(self) -> Option<AttemptId> {
        match self {
            Self::Answered(attempt) => Some(attempt),
            Self::WrongAnswer | Self::Failed(_) => None,
        }
    }
}

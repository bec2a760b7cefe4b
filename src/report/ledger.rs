//! What is known of one call while it lives, and how it is counted once it has ended.
//!
//! A call is counted whole, at its end, in every scope that it belongs to; until then nothing about
//! it is. Which call an event is about is [`super::fold`]'s matter.

use super::cost::Tokens;
use super::state::Scope;
use crate::policy::call::{Cause, Outcome};
use crate::policy::classify::FailureClass;
use crate::policy::{AttemptId, ProviderId};
use crate::time::Instant;

/// A call that has not ended.
#[derive(Debug)]
pub(super) struct OpenCall {
    /// When it arrived.
    pub(super) arrived: Instant,
    /// The faults that were at work then, by place.
    pub(super) faults: Vec<usize>,
    first_token: Option<Instant>,
    attempts: Vec<Attempt>,
}

/// An attempt of a call.
#[derive(Debug)]
struct Attempt {
    id: AttemptId,
    provider: ProviderId,
    nth: u32,
    cause: Cause,
    reply: Option<Result<(), FailureClass>>,
    billed: Tokens,
}

impl OpenCall {
    /// A call that arrived at `arrived`, while `faults` were at work.
    pub(super) const fn new(arrived: Instant, faults: Vec<usize>) -> Self {
        Self {
            arrived,
            faults,
            first_token: None,
            attempts: Vec::new(),
        }
    }

    /// An attempt was started.
    pub(super) fn on_start(&mut self, id: AttemptId, provider: ProviderId, nth: u32, cause: Cause) {
        self.attempts.push(Attempt {
            id,
            provider,
            nth,
            cause,
            reply: None,
            billed: Tokens::default(),
        });
    }

    /// The caller got its first token; later ones do not count.
    pub(super) fn on_first_token(&mut self, at: Instant) {
        self.first_token.get_or_insert(at);
    }

    /// An attempt ended by itself.
    pub(super) fn on_reply(&mut self, id: AttemptId, failure: Option<FailureClass>) {
        if let Some(attempt) = self.attempts.iter_mut().find(|attempt| attempt.id == id) {
            attempt.reply = Some(failure.map_or(Ok(()), Err));
        }
    }

    /// An attempt was billed. False when no attempt is known to be meant.
    pub(super) fn on_bill(&mut self, provider: ProviderId, nth: u32, tokens: Tokens) -> bool {
        let meant = |attempt: &&mut Attempt| attempt.provider == provider && attempt.nth == nth;
        let Some(attempt) = self.attempts.iter_mut().find(meant) else {
            return false;
        };
        attempt.billed += tokens;
        true
    }

    /// Whether a provider may still bill work for this call that nobody will read.
    pub(super) fn may_be_billed_late(&self, outcome: Outcome) -> bool {
        let answer = answer_of(outcome);
        self.attempts
            .iter()
            .any(|attempt| Some(attempt.id) != answer)
    }

    /// Counts the call, which ended at `at` with `outcome`, in `scope`.
    pub(super) fn count_in(&self, scope: &mut Scope, outcome: Outcome, at: Instant) {
        scope.calls += 1;
        match outcome {
            Outcome::Succeeded { .. } => self.count_success(scope, at),
            Outcome::Failed(ending) => scope.endings.count(ending),
        }
        let fell_back = |attempt: &Attempt| attempt.cause == Cause::Fallback;
        scope.fell_back += u64::from(self.attempts.iter().any(fell_back));
        let answer = answer_of(outcome);
        for attempt in &self.attempts {
            attempt.count_in(scope, Some(attempt.id) == answer);
        }
    }

    fn count_success(&self, scope: &mut Scope, at: Instant) {
        let since_arrival = |at: Instant| at.as_nanos().saturating_sub(self.arrived.as_nanos());
        scope.succeeded += 1;
        scope.latency.add(since_arrival(at));
        if let Some(first_token) = self.first_token {
            scope.ttft.add(since_arrival(first_token));
        }
    }
}

impl Attempt {
    fn count_in(&self, scope: &mut Scope, delivered: bool) {
        let Some(tally) = scope.providers.get_mut(self.provider.index()) else {
            return;
        };
        tally.attempts += 1;
        match self.reply {
            Some(Ok(())) => tally.answered += 1,
            Some(Err(class)) => *tally.failures.entry(class).or_default() += 1,
            None => {}
        }
        tally.billed += self.billed;
        if !delivered {
            tally.wasted += self.billed;
        }
    }
}

const fn answer_of(outcome: Outcome) -> Option<AttemptId> {
    match outcome {
        Outcome::Succeeded { attempt } => Some(attempt),
        Outcome::Failed(_) => None,
    }
}

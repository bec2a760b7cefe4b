//! What a call does otherwise because of its policy's quirks. Without quirks nothing here has an
//! effect; [`Quirk`] says what each means.

use std::time::Duration;

use super::super::backoff;
use super::super::classify::{Action, FailureClass};
use super::super::config::{Backoff, InnerRetries, Quirk};
use super::super::fleet::Fleet;
use super::super::hints::{self, HintDecision};
use super::super::reason::{Leaving, Stop, Wait};
use super::state::{Failed, Flight, Then, Visit};
use super::{Call, Cause, Delivery, Failure, FailureReason, Step};
use crate::policy::ProviderId;
use crate::policy::router::ProviderOrder;
use crate::rng::Purpose;
use crate::time::Instant;

/// What a call keeps for the quirks of its policy.
#[derive(Debug, Default)]
pub(super) struct QuirkState {
    /// Attempts that the policy does not count: those inside others, and forks.
    uncounted: u32,
    /// Attempts at each provider, in the order of their first; kept only if there are quirks.
    made: Vec<(ProviderId, u32)>,
    /// Retries that are to be started side by side once no attempt is in flight.
    branches: u32,
    /// Of these, the ones that are to be started beside the one in flight.
    forks: u32,
    /// Rounds over all providers that are over.
    rounds: u32,
}

impl QuirkState {
    /// The number of an attempt, the `counted`-th that the policy counts.
    pub(super) const fn number(&self, counted: u32) -> u32 {
        counted + self.uncounted
    }
}

/// What the fleet learns of a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// That it failed.
    Failed,
    /// That it failed, twice.
    FailedTwice,
    /// That it is over.
    Over,
}

impl Call {
    /// How many attempts this call has made at the provider before this one, which is counted.
    pub(super) fn count_attempt(&mut self, fleet: &Fleet, visit: &Visit) -> u32 {
        if fleet.policy().quirks.is_empty() {
            return visit.attempts;
        }
        self.quirks.uncounted += u32::from(visit.uncounted);
        let made = &mut self.quirks.made;
        match made.iter_mut().find(|(whose, _)| *whose == visit.provider) {
            Some((_, count)) => {
                *count += 1;
                *count - 1
            }
            None => {
                made.push((visit.provider, 1));
                0
            }
        }
    }

    /// The number by which draws about the wait after this visit's last attempt are keyed.
    pub(super) fn nth_wait(&self, visit: &Visit) -> u32 {
        let mut made = self.quirks.made.iter();
        let found = made.find(|(whose, _)| *whose == visit.provider);
        found.map_or(visit.attempts, |(_, count)| *count)
    }

    /// What the fleet learns of this failure.
    pub(super) fn told(&self, fleet: &Fleet, flight: &Flight, failure: &Failure) -> Told {
        let quirks = &fleet.policy().quirks;
        if quirks.is_empty() {
            return Told::Failed;
        }
        let (visit, class) = (&flight.visit, failure.class);
        let waits_for_last = quirks.has(&Quirk::BreakerCountsLastAttempt)
            && failure.status.is_some_and(|status| status != 200)
            && fleet.action(class, failure.status) == Action::Retry
            && self.attempts < fleet.policy().retry.max_attempts
            && visit.attempts < fleet.settings(visit.provider).max_attempts;
        let is_inside = self.retries_inside(fleet, visit, failure);
        match is_inside || waits_for_last || self.hangs(fleet, class) {
            true => Told::Over,
            false if quirks.has(&Quirk::TimeoutsFork) && is_timeout(class) => Told::FailedTwice,
            false => Told::Failed,
        }
    }

    /// Whether a failure is the caller's because the head of the answer was handed over.
    pub(super) fn committed_at_head(&self, fleet: &Fleet, failure: &Failure) -> bool {
        let quirks = &fleet.policy().quirks;
        failure.after_head
            && (quirks.has(&Quirk::CommitsAtHead)
                || self.ask.delivery.is_streamed() && quirks.has(&Quirk::StreamsCommitAtHead))
    }

    /// Whether a failure of this class ends neither its attempt nor the call.
    pub(super) fn hangs(&self, fleet: &Fleet, class: FailureClass) -> bool {
        class == FailureClass::Truncated
            && self.ask.delivery == Delivery::Plain
            && fleet.policy().quirks.has(&Quirk::TruncatedHangs)
    }

    /// Counts the retries that a failure starts; false if the policy starts one as always.
    pub(super) fn branches_off(&mut self, fleet: &Fleet, class: FailureClass) -> bool {
        let forks = fleet.policy().quirks.has(&Quirk::TimeoutsFork);
        if forks {
            self.quirks.branches += if is_timeout(class) { 2 } else { 1 };
        }
        forks
    }

    /// A retry has started for all branches: the others are to follow.
    pub(super) const fn fork(&mut self) {
        self.quirks.forks = self.quirks.branches.saturating_sub(1);
        self.quirks.branches = 0;
    }

    /// Starts the next branch beside the attempt in flight, if there is one.
    pub(super) fn start_fork(&mut self, fleet: &mut Fleet, now: Instant) -> Option<Step> {
        self.quirks.forks = self.quirks.forks.checked_sub(1)?;
        let visit = self.flights.last()?.visit;
        let Ok(pass) = self.ask_again(fleet, visit.provider, now) else {
            self.quirks.forks = 0;
            return None;
        };
        let visit = Visit {
            attempts: visit.attempts - 1,
            uncounted: true,
            ..visit
        };
        Some(self.start(fleet, &visit, &pass, Cause::Retry, now))
    }

    /// Whether the SDK inside the attempt retries after this failure.
    pub(super) fn retries_inside(&self, fleet: &Fleet, visit: &Visit, failure: &Failure) -> bool {
        if fleet.policy().quirks.is_empty() {
            return false;
        }
        let Failure { class, hint, .. } = *failure;
        let is_repeated = Self::repeats(fleet, visit, class);
        let inner = fleet.policy().quirks.inner_retries();
        is_repeated
            || inner.is_some_and(|inner| {
                inner.failures.get(&class) == Some(&Action::Retry)
                    && visit.inside + 1 < inner.max_attempts
                    && !matches!(inner.judge(hint), HintDecision::Beyond(_))
            })
    }

    /// Whether the HTTP library below the policy sends the request once more.
    fn repeats(fleet: &Fleet, visit: &Visit, class: FailureClass) -> bool {
        let is_first = class == FailureClass::Reset && !visit.resent;
        is_first && fleet.policy().quirks.has(&Quirk::RepeatsResets)
    }

    /// Waits to retry inside the attempt.
    pub(super) fn retry_inside(
        &mut self,
        fleet: &mut Fleet,
        failed: &Failed,
        now: Instant,
    ) -> Option<Step> {
        if !self.retries_inside(fleet, &failed.visit, &failed.failure) {
            return None;
        }
        let (visit, Failure { class, hint, .. }) = (failed.visit, failed.failure);
        if Self::repeats(fleet, &visit, class) {
            let inside = Visit {
                attempts: visit.attempts - 1,
                uncounted: true,
                resent: true,
                ..visit
            };
            let wait = Wait::Hint {
                hint: Duration::ZERO,
                wait: Duration::ZERO,
            };
            return Some(self.sleep(fleet, inside, failed, wait, Then::Return, now));
        }
        let inner = fleet.policy().quirks.inner_retries()?;
        let wait = match inner.judge(hint) {
            HintDecision::Wait(hint) => {
                let mut stream = self.stream(Purpose::Spread, &visit);
                let wait = hints::spread(&inner.hints, hint, &mut stream);
                Wait::Hint { hint, wait }
            }
            _ => self.wait_of(&inner.backoff, visit.inside + 1, &visit),
        };
        let inside = Visit {
            inside: visit.inside + 1,
            attempts: visit.attempts - 1,
            uncounted: true,
            ..visit
        };
        Some(self.sleep(fleet, inside, failed, wait, Then::Return, now))
    }

    /// What the policy does about a failure that the SDK inside could not mend; none = as always.
    pub(super) fn action_afterwards(fleet: &Fleet, class: FailureClass) -> Option<Action> {
        let inner = fleet.policy().quirks.inner_retries()?;
        inner.afterwards.get(&class).copied()
    }

    /// Leaves the provider of a failed attempt, after a wait if a quirk says so.
    pub(super) fn leave(
        &mut self,
        fleet: &mut Fleet,
        failed: &Failed,
        why: Leaving,
        now: Instant,
    ) -> Step {
        let quirks = &fleet.policy().quirks;
        let has_another = self.has_another(fleet, failed.visit.provider, now);
        let is_last = matches!(why, Leaving::AttemptsPerProvider { .. }) && !has_another;
        let waits = quirks.has(&Quirk::WaitsBeforeFallback)
            || is_last && quirks.has(&Quirk::WaitsAfterLastAttempt);
        if !waits {
            return self.fall_back(fleet, failed.visit.provider, failed.failure.class, why, now);
        }
        let nth = match is_last {
            true => self.attempts_there(fleet, &failed.visit),
            false => self.attempts,
        };
        let wait = self.back_off(fleet, failed, nth);
        self.sleep(fleet, failed.visit, failed, wait, Then::Leave(why), now)
    }

    /// Gives up after the last attempt, after a wait if a quirk says so.
    pub(super) fn spend_attempts(
        &mut self,
        fleet: &mut Fleet,
        failed: &Failed,
        now: Instant,
    ) -> Step {
        let Failure { class, status, .. } = failed.failure;
        let action = fleet.action(class, status);
        if action == Action::Fallback {
            self.rotate_on(fleet, failed.visit.provider);
        }
        let waits = fleet.policy().quirks.has(&Quirk::WaitsAfterLastAttempt)
            && !self.has_another(fleet, failed.visit.provider, now);
        if action != Action::Retry || !waits {
            return self.give_up_spent(class);
        }
        let nth = self.attempts_there(fleet, &failed.visit);
        let wait = self.back_off(fleet, failed, nth);
        self.sleep(fleet, failed.visit, failed, wait, Then::GiveUp, now)
    }

    pub(super) fn give_up_spent(&mut self, class: FailureClass) -> Step {
        let attempts = self.attempts;
        self.fail(
            FailureReason::Exhausted(class),
            Stop::AttemptsSpent { attempts },
        )
    }

    /// Waits before the next round if every provider has been asked in this one.
    pub(super) fn end_round(
        &mut self,
        fleet: &mut Fleet,
        (provider, class): (ProviderId, FailureClass),
        now: Instant,
    ) -> Option<Step> {
        let rounds = fleet.policy().quirks.rounds()?;
        let is_over = self.turn.order().all(|one| self.left.contains(&one));
        if !is_over || self.quirks.rounds + 1 >= rounds.max {
            return None;
        }
        self.quirks.rounds += 1;
        let visit = Visit::at(provider);
        let wait = self.wait_of(&rounds.backoff, self.quirks.rounds, &visit);
        let failed = Failed {
            visit,
            failure: Failure::of(class),
            at: now,
        };
        Some(self.sleep(fleet, visit, &failed, wait, Then::StartOver, now))
    }

    /// Begins again with the first provider.
    pub(super) fn start_over(
        &mut self,
        fleet: &mut Fleet,
        class: FailureClass,
        now: Instant,
    ) -> Step {
        self.left.clear();
        self.try_start(fleet, Cause::Fallback, Some(class), now)
    }

    /// The providers of this one's priority group, in the order of this call.
    fn group(&self, fleet: &Fleet, provider: ProviderId) -> Vec<ProviderId> {
        let rank = |one: ProviderId| fleet.settings(one).priority_group;
        let all = self.turn.order();
        all.filter(|one| rank(*one) == rank(provider)).collect()
    }

    /// The attempts that count against the maximum per provider: under a quirk, those in its group.
    pub(super) fn attempts_there(&self, fleet: &Fleet, visit: &Visit) -> u32 {
        if !fleet.policy().quirks.has(&Quirk::RetriesDrawAgain) {
            return visit.attempts;
        }
        let group = self.group(fleet, visit.provider);
        let made = self.quirks.made.iter();
        let made = made.filter(|(provider, _)| group.contains(provider));
        made.map(|(_, count)| count).sum()
    }

    /// Whether a retry draws again, and any provider of a group of several admits it now.
    pub(super) fn has_another(&self, fleet: &Fleet, provider: ProviderId, now: Instant) -> bool {
        let draws = fleet.policy().quirks.has(&Quirk::RetriesDrawAgain);
        let group = if draws {
            self.group(fleet, provider)
        } else {
            Vec::new()
        };
        group.len() > 1 && group.iter().any(|one| fleet.standing(*one, now).is_ok())
    }

    /// The call does not return to this provider; nor to its group, if a quirk has retries draw
    /// among all of it, unless another of the group could do what this one cannot.
    pub(super) fn leave_group(&mut self, fleet: &Fleet, from: ProviderId, why: Leaving) {
        let is_own = match why {
            Leaving::ContextTooSmall => true,
            Leaving::Class { action, .. } => action == Action::LargerModel,
            _ => false,
        };
        match fleet.policy().quirks.has(&Quirk::RetriesDrawAgain) && !is_own {
            true => self.left.extend(self.group(fleet, from)),
            false => self.left.push(from),
        }
    }

    /// Retries at any provider of the group that is not refused, drawn by weight, the one that
    /// failed included.
    pub(super) fn draw_again(
        &mut self,
        fleet: &mut Fleet,
        failed: ProviderId,
        class: FailureClass,
        now: Instant,
    ) -> Step {
        self.count_retry(fleet, class);
        let mut order = self.group(fleet, failed);
        self.left.retain(|left| !order.contains(left));
        let weight = |provider: &ProviderId| match fleet.standing(*provider, now) {
            Ok(_) => u64::from(fleet.settings(*provider).weight),
            Err(_) => 0,
        };
        let nth = u64::from(self.attempts);
        let mut draw = self.draws.stream(Purpose::Route, self.id.0, 0, nth);
        let mut left = draw.below(order.iter().map(weight).sum::<u64>().max(1));
        let first = order.iter().position(|provider| {
            let weight = weight(provider);
            let is_it = left < weight;
            left = left.saturating_sub(weight);
            is_it
        });
        order.rotate_left(first.unwrap_or(0));
        let cause = match order.first() == Some(&failed) {
            true => Cause::Retry,
            false => Cause::Fallback,
        };
        let others = self.turn.order().filter(|one| !order.contains(one));
        let others = Vec::from_iter(others);
        order.extend(others);
        self.turn = ProviderOrder::Listed(order);
        self.try_start(fleet, cause, Some(class), now)
    }

    /// Begins where the call before ended, if a quirk says so.
    pub(super) fn begin_rotated(&mut self, fleet: &Fleet) {
        let Some(begins) = fleet.rotated_to() else {
            return;
        };
        let mut order = Vec::from_iter(self.turn.order());
        if let Some(first) = order.iter().position(|one| *one == begins) {
            order.rotate_left(first);
            self.turn = ProviderOrder::Listed(order);
        }
    }

    /// The next call begins at the provider after this one, if a quirk says so.
    pub(super) fn rotate_on(&self, fleet: &mut Fleet, from: ProviderId) {
        if !fleet.policy().quirks.has(&Quirk::RotationGoesOn) {
            return;
        }
        let order: Vec<ProviderId> = self.turn.order().collect();
        let place = order.iter().position(|one| *one == from);
        let next = place.map(|place| order[(place + 1) % order.len()]);
        if let Some(next) = next {
            fleet.rotate_to(next);
        }
    }

    fn wait_of(&self, settings: &Backoff, nth: u32, visit: &Visit) -> Wait {
        let range = backoff::range(settings, nth, Duration::ZERO);
        let mut stream = self.stream(Purpose::Backoff, visit);
        Wait::Backoff {
            nth,
            base: settings.base,
            low: range.0,
            high: range.1,
            wait: backoff::draw(settings, range, &mut stream),
        }
    }
}

impl InnerRetries {
    fn judge(&self, hint: Option<Duration>) -> HintDecision {
        hints::judge(&self.hints, hint, None)
    }
}

/// Whether the attempt's own time ran out before an answer began.
fn is_timeout(class: FailureClass) -> bool {
    use FailureClass::{TimeoutAttempt, TimeoutFirstToken};
    matches!(class, TimeoutAttempt | TimeoutFirstToken)
}

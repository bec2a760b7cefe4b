//! The state that the calls of a rig share, and its invariants: limits, budgets, operations, and
//! the providers that may be asked.

use std::time::Duration;

use firedrill::policy::config::{HintMode, Policy};
use firedrill::policy::{
    Action, BreakerState, CallContext, Cause, Failure, FailureClass, Fleet, ProviderId,
    ProviderInfo, Start,
};
use firedrill::time::Instant;
use firedrill::units::Share;

use crate::driven::Driven;
use crate::rig::{Hand, fleet_of};

pub(crate) struct Common {
    pub(crate) fleet: Fleet,
    pub(crate) policy: Policy,
    pub(crate) members: Vec<ProviderInfo>,
    pub(crate) is_watchful: bool,
    pinned: Option<ProviderId>,
    isolated: Vec<ProviderId>,
    pub(crate) is_peace: bool,
    checks: u32,
    /// Calls, hedges, and the cost of retries.
    calls: u64,
    hedges: u64,
    retries: u64,
    /// In nano-dollars, as expected.
    spent: u64,
    /// By provider: attempts so far, and those in flight.
    started: Vec<u64>,
    flying: Vec<u32>,
}

impl Common {
    pub(crate) fn new(policy: &Policy, members: Vec<ProviderInfo>) -> Self {
        Self {
            fleet: fleet_of(policy, members.clone()),
            policy: policy.clone(),
            is_watchful: false,
            pinned: None,
            isolated: Vec::new(),
            is_peace: false,
            checks: 0,
            calls: 0,
            hedges: 0,
            retries: 0,
            spent: 0,
            started: vec![0; members.len()],
            flying: vec![0; members.len()],
            members,
        }
    }

    pub(crate) fn by_hand(&mut self, hand: Hand) {
        let known = |provider: u16| usize::from(provider) < self.members.len();
        match hand {
            Hand::Pin(provider) => {
                self.pinned = provider.filter(|provider| known(*provider)).map(ProviderId);
                self.fleet.pin(self.pinned);
            }
            Hand::Isolate(provider, out) => {
                let provider = ProviderId(provider);
                self.isolated.retain(|isolated| *isolated != provider);
                self.isolated.extend(out.then_some(provider));
                self.fleet.isolate(provider, out);
            }
        }
    }

    /// Makes the health checks that are due; one in three fails, until faults have ended.
    pub(crate) fn check_health(&mut self, now: Instant) {
        while let Some((provider, key)) = self.fleet.due_check(now) {
            assert!(key.0 < self.members[provider.index()].keys);
            assert!(!self.isolated.contains(&provider), "it is isolated");
            self.checks += 1;
            let passed = self.is_peace || !self.checks.is_multiple_of(3);
            self.fleet.on_check(provider, passed);
        }
        assert!(self.fleet.next_check().is_none_or(|next| now < next));
    }

    pub(crate) fn on_arrival(&mut self) {
        self.calls += 1;
    }

    /// The policy's action for this failure.
    pub(crate) fn action(&self, failure: &Failure) -> Action {
        let set = self.policy.failures.get(&failure.class);
        let action = set.copied().unwrap_or(failure.class.action());
        let heeds = self.policy.hints.should_retry == HintMode::Honour;
        match (failure.should_retry.filter(|_| heeds), action) {
            (Some(false), Action::Retry) => Action::Fallback,
            (Some(true), Action::Stop) => Action::Retry,
            _ => action,
        }
    }

    /// An attempt starts: its provider may be asked, and capacity and budget allow it.
    pub(crate) fn on_start(&mut self, start: &Start, ask: &CallContext, now: Instant) {
        let (provider, at) = (start.provider, start.provider.index());
        match self.pinned {
            Some(pinned) => assert_eq!(provider, pinned, "not where it is pinned"),
            None => assert!(!self.isolated.contains(&provider), "it was taken out"),
        }
        assert!(start.key.0 < self.members[at].keys, "no such key");
        let state = self.fleet.state(provider);
        assert!(!start.probe || state == BreakerState::HalfOpen);
        let passes_over = self.pinned.is_some() || self.policy.route.panic_threshold > Share::ZERO;
        assert!(
            state != BreakerState::Open || passes_over,
            "its breaker refuses"
        );
        self.started[at] += 1;
        self.flying[at] += 1;
        self.limits_hold(provider, now);
        self.hedges += u64::from(start.cause == Cause::Hedge);
        if let Some(hedge) = &self.policy.hedge {
            let earned = u128::from(hedge.budget.as_parts()) * u128::from(self.calls);
            assert!(u128::from(self.hedges) * WHOLE <= earned, "too many hedges");
        }
        self.spending_holds(provider, ask, now);
    }

    fn limits_hold(&self, provider: ProviderId, now: Instant) {
        let limit = &self.fleet.settings(provider).limit;
        let flying = self.flying[provider.index()];
        assert!(
            limit.concurrency.is_none_or(|most| flying <= most),
            "too many at once"
        );
        if let Some(rpm) = limit.rpm {
            // The burst of a tenth of a minute, or one, and the refill.
            let minute = Duration::from_secs(60).as_nanos();
            let at_once = (u128::from(rpm) * minute / 10).max(minute);
            let flown = u128::from(rpm) * now.since_start().as_nanos();
            let started = u128::from(self.started[provider.index()]);
            assert!(
                started * minute <= at_once + flown,
                "beyond {rpm} per minute"
            );
        }
    }

    /// A provider does not bill what it refuses at once.
    pub(crate) fn on_failure(
        &mut self,
        provider: ProviderId,
        class: FailureClass,
        ask: &CallContext,
    ) {
        if self.policy.spend.is_some() && !class.may_be_billed() {
            let cost = self.members[provider.index()].cost(ask.prompt, ask.output);
            self.spent -= cost.map_or(0, |cost| cost.as_nanos());
        }
    }

    fn spending_holds(&mut self, provider: ProviderId, ask: &CallContext, now: Instant) {
        let Some(spend) = &self.policy.spend else {
            return;
        };
        let cost = self.members[provider.index()].cost(ask.prompt, ask.output);
        self.spent += cost.map_or(0, |cost| cost.as_nanos());
        let per = spend.per.as_nanos();
        let earned = u128::from(spend.max.as_nanos()) * (per + now.since_start().as_nanos());
        assert!(
            u128::from(self.spent) * per <= earned,
            "more than may be spent"
        );
    }

    /// A retry at a provider is charged to the retry budget.
    pub(crate) fn on_retry(&mut self, class: FailureClass, now: Instant) {
        let Some(budget) = &self.policy.retry.budget else {
            return;
        };
        self.retries += u64::from(budget.costs.get(&class).copied().unwrap_or(1));
        let earned = u128::from(budget.ratio.as_parts()) * u128::from(self.calls);
        let time = (now.since_start() + budget.window).as_nanos();
        let reserve = u128::from(budget.reserve.count_nano) * time;
        let reserve = reserve / budget.reserve.per.as_nanos();
        assert!(
            u128::from(self.retries) * WHOLE <= earned + reserve,
            "too many retries"
        );
    }

    /// An attempt is over.
    pub(crate) fn on_end(&mut self, provider: ProviderId) {
        self.flying[provider.index()] -= 1;
    }

    /// The number of waiting calls is within its maximum.
    pub(crate) fn queue_is_within_bounds(&self, calls: &[Driven]) {
        let waiting = calls.iter().filter(|call| call.is_parked()).count();
        let most = self
            .policy
            .queue
            .as_ref()
            .map_or(0, |queue| queue.max_calls);
        assert!(waiting <= most as usize, "{waiting} wait where {most} may");
    }
}

/// A whole retry, hedge or share.
const WHOLE: u128 = Share::WHOLE.as_parts() as u128;

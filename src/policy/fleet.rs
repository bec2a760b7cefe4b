//! What the calls of one client share: each provider's breaker and settings, and the router.
//!
//! A fleet knows no call. It is handed to a call's step, which asks it for a turn, for admission
//! to a provider, and tells it how the attempt ended. It also remembers the breakers' transitions
//! until whoever drives it takes them.

use super::ask::Ask;
use super::breaker::{Admission, Breaker, State};
use super::classify::{Action, FailureClass};
use super::config::Policy;
use super::member::Member;
use super::router::{Router, Turn};
use super::settings::Settings;
use super::{CallId, ProviderId};
use crate::rng::Draws;
use crate::time::Instant;

/// All providers, in order, as one client sees them.
#[derive(Debug)]
pub struct Fleet {
    policy: Policy,
    slots: Vec<Slot>,
    router: Router,
    transitions: Vec<Transition>,
}

/// A breaker changed its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Whose breaker.
    pub provider: ProviderId,
    /// From this state.
    pub from: State,
    /// To this one.
    pub to: State,
}

impl Fleet {
    /// A fleet of these providers, under this policy. Providers beyond the 65,535th are left out.
    pub fn new(policy: Policy, providers: &[String]) -> Self {
        let slots: Vec<_> = (0..u16::MAX)
            .zip(providers)
            .map(|(position, name)| Slot::new(&policy, usize::from(position), name))
            .collect();
        let members: Vec<_> = providers.iter().map(Member::named).collect();
        Self {
            router: Router::new(&policy, &members, &[], Draws::new(0)),
            policy,
            slots,
            transitions: Vec::new(),
        }
    }

    /// The policy of this fleet.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What holds at a provider of this fleet.
    ///
    /// # Panics
    ///
    /// If the provider is not of this fleet.
    pub fn settings(&self, provider: ProviderId) -> &Settings {
        &self.slots[provider.index()].settings
    }

    /// The state of a provider's breaker; closed if it has none, or is not of this fleet.
    pub fn state(&self, provider: ProviderId) -> State {
        let slot = self.slots.get(provider.index());
        slot.and_then(|slot| slot.breaker.as_ref())
            .map_or(State::Closed, Breaker::state)
    }

    /// The breaker transitions since the last time this was asked, in order. Whoever drives the
    /// fleet asks after each step and each reply; they are kept until then.
    pub fn take_transitions(&mut self) -> Vec<Transition> {
        std::mem::take(&mut self.transitions)
    }

    /// What the policy does about a class of failures.
    pub(super) fn action(&self, class: FailureClass) -> Action {
        let set = self.policy.failures.get(&class);
        set.copied().unwrap_or(class.action())
    }

    /// The turn of a call that begins.
    pub(super) fn turn(&mut self) -> Turn {
        self.router.turn(CallId(0), &Ask::default(), Instant::START)
    }

    /// Admits an attempt at this provider, or refuses it.
    pub(super) fn admit(&mut self, provider: ProviderId, now: Instant) -> Option<Admission> {
        self.ask_breaker(provider, |breaker| breaker.admit(now))
            .unwrap_or(Some(Admission::UNGUARDED))
    }

    /// Whether an attempt at `then` would be admitted if nothing happened until then.
    pub(super) fn would_admit(&self, provider: ProviderId, then: Instant) -> bool {
        let breaker = self.slots[provider.index()].breaker.as_ref();
        breaker.is_none_or(|breaker| breaker.would_admit(then))
    }

    /// An attempt showed that the provider is well.
    pub(super) fn on_success(&mut self, provider: ProviderId, admission: Admission) {
        self.ask_breaker(provider, |breaker| {
            breaker.on_success(admission, None, Instant::START)
        });
    }

    /// An attempt failed. Not every failure is the provider's.
    pub(super) fn on_failure(
        &mut self,
        provider: ProviderId,
        admission: Admission,
        class: FailureClass,
        now: Instant,
    ) {
        self.ask_breaker(provider, |breaker| {
            if class.counts_against_provider() {
                breaker.on_failure(admission, None, now);
            } else {
                breaker.on_success(admission, None, Instant::START);
            }
        });
    }

    /// An attempt was abandoned.
    pub(super) fn on_cancelled(&mut self, provider: ProviderId, admission: Admission) {
        self.ask_breaker(provider, |breaker| breaker.on_cancelled(admission));
    }

    /// Lets the provider's breaker, if it has one, do something, and remembers a transition.
    fn ask_breaker<T>(
        &mut self,
        provider: ProviderId,
        what: impl FnOnce(&mut Breaker) -> T,
    ) -> Option<T> {
        let breaker = self.slots[provider.index()].breaker.as_mut()?;
        let from = breaker.state();
        let answer = what(breaker);
        let to = breaker.state();
        if from != to {
            self.transitions.push(Transition { provider, from, to });
        }
        Some(answer)
    }
}

/// One provider's place.
#[derive(Debug)]
struct Slot {
    settings: Settings,
    breaker: Option<Breaker>,
}

impl Slot {
    fn new(policy: &Policy, position: usize, name: &str) -> Self {
        let settings = Settings::resolve(policy, position, name);
        let breaker = settings
            .breaker
            .clone()
            .map(|breaker| Breaker::new(breaker, Draws::new(0), ProviderId(0)));
        Self { settings, breaker }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::config::{
        self, Backoff, Beyond, Hints, Jitter, Read, Retry, Route, Strategy, Timeouts,
    };
    use super::*;
    use std::collections::BTreeMap;
    use std::time::Duration;

    #[test]
    fn transitions_are_told_once_and_in_order() {
        let mut fleet = fleet(policy(), 2);
        let provider = ProviderId(1);
        let fail = |fleet: &mut Fleet, second| {
            let admission = fleet.admit(provider, at(second)).unwrap();
            fleet.on_failure(provider, admission, FailureClass::Reset, at(second));
        };
        fail(&mut fleet, 0);
        fail(&mut fleet, 0);
        fail(&mut fleet, 10);
        let told: Vec<_> = fleet.take_transitions();
        assert!(
            told.iter()
                .all(|transition| transition.provider == provider)
        );
        assert_eq!(
            told.iter()
                .map(|told| (told.from, told.to))
                .collect::<Vec<_>>(),
            [
                (State::Closed, State::Open),
                (State::Open, State::HalfOpen),
                (State::HalfOpen, State::Open),
            ]
        );
        assert_eq!(fleet.take_transitions(), []);
        assert_eq!(fleet.state(ProviderId(0)), State::Closed);
    }

    #[test]
    fn a_probe_that_meets_a_bad_request_finds_the_provider_alive() {
        let mut fleet = fleet(policy(), 1);
        let provider = ProviderId(0);
        for (second, class) in [
            (0, FailureClass::ServerError),
            (0, FailureClass::ServerError),
            (10, FailureClass::BadRequest),
        ] {
            let admission = fleet.admit(provider, at(second)).unwrap();
            fleet.on_failure(provider, admission, class, at(second));
        }
        assert_eq!(fleet.state(provider), State::Closed);
    }

    #[test]
    fn without_a_breaker_nobody_is_refused() {
        let mut policy = policy();
        policy.breaker = None;
        let mut fleet = fleet(policy, 1);
        let provider = ProviderId(0);
        for _ in 0..100 {
            let admission = fleet.admit(provider, at(0)).unwrap();
            assert!(!admission.is_probe());
            fleet.on_failure(provider, admission, FailureClass::Connect, at(0));
        }
        assert_eq!(fleet.take_transitions(), []);
    }

    #[test]
    fn a_policy_overrides_what_a_class_leads_to() {
        let mut policy = policy();
        policy.failures.insert(FailureClass::Reset, Action::Stop);
        let fleet = fleet(policy, 1);
        assert_eq!(fleet.action(FailureClass::Reset), Action::Stop);
        assert_eq!(fleet.action(FailureClass::Connect), Action::Retry);
    }

    /// A fleet of `count` providers.
    pub(in super::super) fn fleet(policy: Policy, count: usize) -> Fleet {
        let names: Vec<_> = (0..count).map(|position| format!("p{position}")).collect();
        Fleet::new(policy, &names)
    }

    /// Three attempts, two of them at one provider after exactly 1 s; a breaker that opens after
    /// two failures, for 10 s; hints up to 60 s; no timeout.
    pub(in super::super) fn policy() -> Policy {
        let text = "name: sample\n\
            retry: { attempts: 3, per_provider: 2, backoff: { base: 1s, jitter: none } }\n\
            breaker: { consecutive: 2, open: { first: 10s } }\n";
        Policy::parse("sample.yaml", text).unwrap()
    }

    /// The moment this many seconds after the start.
    pub(in super::super) fn at(second: u64) -> Instant {
        Instant::START + Duration::from_secs(second)
    }
}

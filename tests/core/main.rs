//! Invariants of the decision core under any policy, fleet and replies, and stories of single
//! calls. Pure: no network, no client, no clock.

use std::collections::BTreeMap;

use firedrill::policy::{BreakerState, ProviderId};
use policies::{MOST_TO_CLOSE, crowded_policies, fleets, hands, policies, scripts};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rig::{Hand, Rig};

mod common;
mod driven;
mod hedging;
mod mechanisms;
mod policies;
mod rig;
mod stories;
mod teller;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 512,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    /// The rig checks at each step: attempts in total, per provider and in flight, deadlines,
    /// hints, keys, budgets, limits, operations, the order of events, that each attempt ends
    /// exactly once, and that no other attempt answers once a token was handed over.
    #[test]
    fn no_story_makes_a_call_break_its_bounds(
        policy in policies(),
        members in fleets(0..4),
        scripts in scripts(),
        hands in hands(),
    ) {
        let mut rig = Rig::new(&policy, members);
        rig.drive(&scripts, hands);
        prop_assert!(rig.outcomes().iter().all(Option::is_some), "a call never ended");
    }

    /// In addition, the rig steps every waiting call once more whenever all is quiet.
    #[test]
    fn nobody_waits_for_room_that_is_there(
        policy in crowded_policies(),
        members in fleets(1..3),
        scripts in scripts(),
        hands in hands(),
    ) {
        let mut rig = Rig::new(&policy, members);
        rig.drive_watchfully(&scripts, hands);
        prop_assert!(rig.outcomes().iter().all(Option::is_some), "a call never ended");
    }

    #[test]
    fn whatever_became_of_calls_their_room_is_free_again(
        policy in crowded_policies(),
        members in fleets(1..4),
        scripts in scripts(),
        hands in hands(),
    ) {
        let mut policy = policy;
        policy.limit.rpm = None;
        let (providers, room) = (members.len(), policy.limit.concurrency.unwrap() as usize);
        let mut rig = Rig::new(&policy, members);
        rig.drive(&scripts, hands);
        // A call of no task leaves free what is kept for tasks, but for the last place.
        let kept = policy.route.tasks.values().filter_map(|task| task.reserved_concurrency);
        let free = room - (kept.sum::<u32>() as usize).min(room - 1);
        for provider in 0..providers as u16 {
            prop_assert_eq!(rig.room_at(provider, room + 1), free);
        }
    }

    #[test]
    fn the_breaker_always_leaves_half_open(
        policy in policies(),
        members in fleets(1..4),
        scripts in scripts(),
        hands in hands(),
    ) {
        let providers = members.len();
        let mut rig = Rig::new(&policy, members);
        rig.drive(&scripts, hands);
        rig.make_peace(providers);
        for provider in 0..providers as u16 {
            only(&mut rig, provider, providers);
            for _ in 0..MOST_TO_CLOSE {
                prop_assert_eq!(rig.healthy_call(), ProviderId(provider));
            }
        }
        for provider in 0..providers {
            prop_assert_eq!(rig.state(provider), BreakerState::Closed);
        }
    }

    #[test]
    fn transitions_form_an_unbroken_chain(
        policy in policies(),
        members in fleets(1..4),
        scripts in scripts(),
    ) {
        let providers = members.len();
        let mut rig = Rig::new(&policy, members);
        rig.drive(&scripts, BTreeMap::new());
        let mut states = vec![BreakerState::Closed; providers];
        for told in rig.common.fleet.take_transitions() {
            let state = &mut states[told.provider.index()];
            prop_assert_eq!(*state, told.from);
            prop_assert!(POSSIBLE.contains(&(told.from, told.to)), "{:?}", told);
            *state = told.to;
        }
        for (provider, state) in states.into_iter().enumerate() {
            prop_assert_eq!(rig.state(provider), state);
        }
    }
}

/// Only this provider is asked.
fn only(rig: &mut Rig, provider: u16, providers: usize) {
    for other in 0..providers as u16 {
        rig.common.by_hand(Hand::Isolate(other, other != provider));
    }
}

const POSSIBLE: [(BreakerState, BreakerState); 4] = [
    (BreakerState::Closed, BreakerState::Open),
    (BreakerState::Open, BreakerState::HalfOpen),
    (BreakerState::HalfOpen, BreakerState::Open),
    (BreakerState::HalfOpen, BreakerState::Closed),
];

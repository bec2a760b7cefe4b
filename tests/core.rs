//! What must hold for the decision core whatever the policy, the fleet and the replies are, and
//! the stories of single calls. Pure: no network, no client, no clock.

use std::time::Duration;

use firedrill::policy::breaker::State;
use firedrill::policy::classify::{Action, FailureClass};
use firedrill::policy::config::{
    self, Backoff, Beyond, Breaker, Hints, Jitter, Open, Policy, Read, Retry, Route, Tier, Timeouts,
};
use firedrill::time::Instant;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;
use rig::{Act, Rig, Script};

#[path = "core/rig.rs"]
mod rig;
#[path = "core/stories.rs"]
mod stories;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    /// The rig checks at each step: attempts in total and per provider, deadlines, hints, the
    /// order of providers, and that each attempt ends exactly once.
    #[test]
    fn no_story_makes_a_call_break_its_bounds(
        policy in policies(),
        providers in 0..4_usize,
        scripts in scripts(),
    ) {
        let mut rig = Rig::new(&policy, providers);
        rig.drive(&scripts);
        prop_assert!(rig.outcomes().iter().all(Option::is_some), "a call never ended");
    }

    #[test]
    fn the_breaker_always_leaves_half_open(
        policy in policies(),
        providers in 1..4_usize,
        scripts in scripts(),
    ) {
        let mut rig = Rig::new(&policy, providers);
        rig.drive(&scripts);
        rig.now = rig.now + LONGEST_OPEN;
        let asked: Vec<_> = (0..providers * MOST_TO_CLOSE).map(|_| rig.healthy_call()).collect();
        for provider in asked {
            prop_assert_eq!(rig.state(provider.index()), State::Closed);
        }
    }

    #[test]
    fn transitions_form_an_unbroken_chain(
        policy in policies(),
        providers in 1..4_usize,
        scripts in scripts(),
    ) {
        let mut rig = Rig::new(&policy, providers);
        rig.drive(&scripts);
        let mut states = vec![State::Closed; providers];
        for told in rig.fleet.take_transitions() {
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

fn policies() -> impl Strategy<Value = Policy> {
    let rules = prop::collection::btree_map(classes(), select(ACTIONS.as_slice()), 0..6);
    let call = prop::option::of(millis(1..20_000));
    let tiers = prop::collection::vec(tiers(), 0..3);
    let strategy = select([config::Strategy::Priority, config::Strategy::RoundRobin].as_slice());
    let breaker = prop::option::of(breakers());
    (strategy, retries(), hints(), call, breaker, rules, tiers).prop_map(
        |(strategy, retry, hints, call, breaker, failures, tiers)| Policy {
            name: "any".into(),
            about: String::new(),
            route: Route {
                strategy,
                ..Route::default()
            },
            retry,
            hints,
            timeouts: Timeouts {
                call,
                ..Timeouts::default()
            },
            breaker,
            failures,
            tiers,
            ..nothing()
        },
    )
}

/// A policy that says nothing.
fn nothing() -> Policy {
    Policy::parse("any.yaml", "name: any\n").expect("a policy of its defaults")
}

fn retries() -> impl Strategy<Value = Retry> {
    let backoff = (
        millis(0..2_000),
        500..4_000_u64,
        millis(0..5_000),
        jitters(),
    );
    (1..6_u32, 1..4_u32, backoff).prop_map(|(attempts, per_provider, backoff)| Retry {
        attempts,
        per_provider,
        backoff: Backoff {
            base: backoff.0,
            factor_milli: backoff.1,
            cap: backoff.2,
            jitter: backoff.3,
        },
        ..Retry::default()
    })
}

fn jitters() -> impl Strategy<Value = Jitter> {
    select(
        [
            Jitter::None,
            Jitter::Proportional,
            Jitter::Full,
            Jitter::Equal,
            Jitter::Decorrelated,
        ]
        .as_slice(),
    )
}

fn hints() -> impl Strategy<Value = Hints> {
    let retry_after = select([Read::Honour, Read::Ignore].as_slice());
    let beyond = select([Beyond::Fallback, Beyond::Stop].as_slice());
    (retry_after, millis(0..5_000), beyond).prop_map(|(retry_after, cap, beyond)| Hints {
        retry_after,
        cap,
        beyond,
        ..Hints::default()
    })
}

fn breakers() -> impl Strategy<Value = Breaker> {
    let longest = LONGEST_OPEN.as_millis() as u64;
    let probes_to_close = 1..=MOST_TO_CLOSE as u32;
    (1..4_u32, millis(0..longest), 1..4_u32, probes_to_close).prop_map(
        |(consecutive, first, probes, close_after)| Breaker {
            consecutive: Some(consecutive),
            open: Open {
                first,
                ..Open::default()
            },
            probes,
            close_after,
            ..Breaker::default()
        },
    )
}

fn tiers() -> impl Strategy<Value = Tier> {
    let per_provider = prop::option::of(1..4_u32);
    (per_provider, prop::option::of(breakers())).prop_map(|(per_provider, breaker)| Tier {
        per_provider,
        breaker,
        ..Tier::default()
    })
}

fn scripts() -> impl Strategy<Value = Vec<Script>> {
    prop::collection::vec(script(), 1..9)
}

fn script() -> impl Strategy<Value = Script> {
    let deadline = prop::option::of(millis(0..15_000));
    let dropped_after = prop::option::weighted(0.2, millis(0..10_000));
    let acts = prop::collection::vec(acts(), 1..5);
    (0..10_000_u64, deadline, any::<bool>(), dropped_after, acts).prop_map(
        |(arrival, deadline, streamed, dropped_after, acts)| Script {
            arrival: Instant::START + Duration::from_millis(arrival),
            deadline,
            streamed,
            dropped_after,
            acts,
        },
    )
}

fn acts() -> impl Strategy<Value = Act> {
    let hint = prop::option::of(millis(0..8_000));
    let failure = (millis(0..4_000), classes(), hint, prop::bool::weighted(0.1));
    prop_oneof![
        3 => millis(0..4_000).prop_map(Act::Answer),
        6 => failure.prop_map(|(after, class, hint, late)| Act::Fail { after, class, hint, late }),
        1 => Just(Act::Hang),
    ]
}

fn classes() -> impl Strategy<Value = FailureClass> {
    select(FailureClass::ALL.as_slice())
}

fn millis(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> + Clone {
    range.prop_map(Duration::from_millis)
}

const ACTIONS: [Action; 3] = [Action::Retry, Action::Fallback, Action::Stop];

const LONGEST_OPEN: Duration = Duration::from_secs(5);
const MOST_TO_CLOSE: usize = 3;

const POSSIBLE: [(State, State); 4] = [
    (State::Closed, State::Open),
    (State::Open, State::HalfOpen),
    (State::HalfOpen, State::Open),
    (State::HalfOpen, State::Closed),
];

//! Properties of every fleet, policy and history.

use super::*;
use proptest::prelude::{ProptestConfig, any, prop, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::Strategy as Values;
use proptest::test_runner::RngSeed;

/// An event at a router.
#[derive(Clone, Debug)]
enum Move {
    Turn {
        task: &'static str,
        session: Option<u64>,
        tokens: u64,
    },
    Start(u16),
    End(u16, Option<u64>),
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_turn_names_everybody_whom_the_task_allows_once_and_nobody_else(
        members in members(),
        strategy in prop::sample::select(STRATEGIES.as_slice()),
        sticky: bool,
        places in prop::collection::vec((0..4_u32, 0..4_u32), 0..8),
        moves in prop::collection::vec((moves(), sizes()), 1..60),
        half_life in 0..20_000_u64,
    ) {
        let (weights, groups): (Vec<_>, Vec<_>) = places.into_iter().unzip();
        let mut rig = Rig { members, ..Rig::new("", "") };
        let route = &mut rig.policy.route;
        route.strategy = strategy;
        route.half_life = Duration::from_millis(half_life);
        route.affinity = if sticky { Affinity::Session } else { Affinity::None };
        route.tasks.insert("strict".into(), strict());
        route.tasks.insert("lax".into(), prefer(&["m2", "p0"]));
        let rig = rig.weights(&weights).priority_groups(&groups);
        let mut router = rig.router();
        for (call, (step, now)) in (0..).map(CallId).zip(moves) {
            let now = Instant::from_nanos(now);
            match step {
                Move::Start(id) => router.on_start(ProviderId(id), now),
                Move::End(id, took) => {
                    let well = |took| AttemptResult::Well(Duration::from_nanos(took));
                    router.on_end(ProviderId(id), took.map_or(AttemptResult::Failed, well), now);
                }
                Move::Turn { task, session, tokens } => {
                    let context = self::tokens(tokens, 1);
                    let ask = CallContext { task: Some(task.into()), session, ..context };
                    let turn = router.turn(call, &ask, now, &mut Notes::default());
                    let mut named: Vec<_> = turn.order().map(ProviderId::index).collect();
                    named.sort_unstable();
                    prop_assert_eq!(named, allowed(&rig.members, &ask));
                }
            }
        }
    }
}

/// A rule that excludes some providers, by name, by model and by price.
fn strict() -> Task {
    Task {
        only: true,
        max_cost: Money::parse_usd("0.002"),
        ..prefer(&["p3", "m1", "nobody", "p3"])
    }
}

/// The providers that the call may use, in fleet order.
fn allowed(members: &[ProviderInfo], ask: &CallContext) -> Vec<usize> {
    let is_affordable = |member: &ProviderInfo| {
        let nanos = |price: Option<Money>| price.map(|price| price.as_nanos() as f64);
        let prices = nanos(member.input).zip(nanos(member.output));
        prices.is_some_and(|(input, output)| {
            let (prompt, answer) = (ask.prompt as f64, ask.output as f64);
            (input * prompt + output * answer) / (prompt + answer) <= 2e9
        })
    };
    let is_allowed = |member: &ProviderInfo| {
        ask.task.as_deref() != Some("strict")
            || (member.name == "p3" || member.model == "m1") && is_affordable(member)
    };
    let is_allowed_at = |at: &usize| is_allowed(&members[*at]);
    (0..members.len()).filter(is_allowed_at).collect()
}

fn moves() -> impl Values<Value = Move> {
    let task = prop::sample::select(&["none", "strict", "lax"][..]);
    let turn = (task, prop::option::of(0_u64..50), sizes());
    prop_oneof![
        3 => turn.prop_map(|(task, session, tokens)| Move::Turn { task, session, tokens }),
        1 => (0_u16..9).prop_map(Move::Start),
        1 => (0_u16..9, prop::option::of(sizes())).prop_map(|(id, took)| Move::End(id, took)),
    ]
}

fn members() -> impl Values<Value = Vec<ProviderInfo>> {
    let price = || prop::option::of(0..5_000_000_000_u64);
    let one = (price(), price(), prop::option::of(any::<u32>()), 0..3_u8);
    prop::collection::vec(one, 0..8).prop_map(|members| {
        let members = members.into_iter().enumerate();
        let member = members.map(|(at, (input, output, quality, model))| ProviderInfo {
            model: format!("m{model}"),
            input: input.map(Money::from_nanos),
            output: output.map(Money::from_nanos),
            quality,
            ..ProviderInfo::named(format!("p{at}"))
        });
        member.collect()
    })
}

/// Numbers of every order of magnitude.
fn sizes() -> impl Values<Value = u64> {
    (any::<u64>(), 0..64_u32).prop_map(|(number, scale)| number >> scale)
}

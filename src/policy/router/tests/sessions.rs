//! Session affinity.

use super::*;

/// The first provider of each of this many sessions.
fn starts(rig: &Rig, sessions: u64) -> Vec<String> {
    let mut router = rig.router();
    let start = |session| {
        let turn = router.turn(
            CallId(session),
            &of_session(session),
            at(0),
            &mut Notes::default(),
        );
        let first = turn.order().next().unwrap();
        rig.members[first.index()].name.clone()
    };
    (0..sessions).map(start).collect()
}

#[test]
fn a_session_always_starts_at_its_own_place() {
    for strategy in STRATEGIES {
        let mut rig = Rig::new("a b c", "affinity: session");
        rig.policy.route.strategy = strategy;
        for session in 0..20 {
            let orders = rig.orders(&mut rig.router(), &of_session(session), 20);
            let mut led = led(&orders, "a b c");
            led.sort_unstable();
            assert_eq!(led, [0, 0, 20], "{strategy:?}");
        }
    }
}

#[test]
fn sessions_spread_evenly_or_by_weight() {
    let even = Rig::new("a b c d", "strategy: priority, affinity: session");
    let led = led(&starts(&even, 8_000), "a b c d");
    assert!(
        led.iter().all(|count| (1_850..2_150).contains(count)),
        "{led:?}"
    );
    let rig = Rig::new("a b c", "strategy: weighted, affinity: session").weights(&[3, 0, 1]);
    let led = self::led(&starts(&rig, 8_000), "a b c");
    assert!((5_850..6_150).contains(&led[0]) && led[1] == 0, "{led:?}");
}

#[test]
fn a_new_provider_moves_only_its_share() {
    let route = "strategy: round_robin, affinity: session";
    let before = starts(&Rig::new("a b c", route), 8_000);
    // It joins in the middle: the hash depends on names, not positions.
    let after = starts(&Rig::new("a new b c", route), 8_000);
    let moved: Vec<_> = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| before != after)
        .collect();
    assert!(moved.iter().all(|(_, after)| *after == "new"));
    assert!((1_850..2_150).contains(&moved.len()), "{}", moved.len());
}

#[test]
fn a_session_has_the_same_place_in_every_process() {
    let rig = Rig::new("a b c", "affinity: session");
    let order = |seed| {
        let mut router = Router::new(&rig.policy, &rig.members, &[], RngStreams::new(seed));
        rig.orders(&mut router, &of_session(7), 1)
    };
    assert!((1..20).all(|seed| order(seed) == order(0)));
}

#[test]
fn the_others_follow_as_the_strategy_has_them() {
    let rig = Rig::new("a b c d", "strategy: quality, affinity: session").qualities(&[
        Some(1),
        Some(4),
        Some(3),
        Some(2),
    ]);
    for session in 0..20 {
        let order = rig.order(&of_session(session));
        let (_, others) = order.split_once(' ').unwrap();
        let by_quality = "b c d a".replace(&order[..1], "");
        assert_eq!(
            others,
            by_quality.split_whitespace().collect::<Vec<_>>().join(" ")
        );
    }
}

#[test]
fn the_place_is_in_the_first_priority_group() {
    let rig = Rig::new("a b c", "affinity: session").priority_groups(&[1, 0, 0]);
    let led = led(&starts(&rig, 1_000), "a b c");
    assert_eq!(led[0], 0);
    assert!(led[1] > 400 && led[2] > 400, "{led:?}");
}

#[test]
fn the_place_is_among_those_that_the_task_prefers() {
    let mut rig = Rig::new("a b c", "affinity: session");
    rig.members[1].model = "large".into();
    rig.members[2].model = "large".into();
    let rig = rig.task(prefer(&["large"]));
    let orders: Vec<_> = (0..1_000)
        .map(|session| {
            rig.order(&CallContext {
                session: Some(session),
                ..of_task()
            })
        })
        .collect();
    let led = led(&orders, "a b c");
    assert_eq!(led[0], 0);
    assert!(led[1] > 400 && led[2] > 400, "{led:?}");
}

#[test]
fn sessions_take_no_turns_from_other_calls() {
    let rig = Rig::new("a b", "strategy: round_robin, affinity: session");
    let mut router = rig.router();
    let mut orders = Vec::new();
    for session in 0..100 {
        rig.orders(&mut router, &of_session(session), 1);
        orders.extend(rig.orders(&mut router, &CallContext::default(), 1));
    }
    assert_eq!(led(&orders, "a b"), [50, 50]);
}

#[test]
fn without_affinity_a_session_is_a_call_as_any_other() {
    let rig = Rig::new("a b", "strategy: round_robin");
    let orders = rig.orders(&mut rig.router(), &of_session(1), 2);
    assert_eq!(orders, ["a b", "b a"]);
}

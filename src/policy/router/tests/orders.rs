//! Strategies, priority groups and tasks.

use super::*;

#[test]
fn priority_asks_as_the_fleet_lists_them() {
    let rig = Rig::new("a b c", "strategy: priority");
    assert_eq!(rig.order(&CallContext::default()), "a b c");
}

#[test]
fn round_robin_asks_in_turns_and_around() {
    let rig = Rig::new("a b c", "strategy: round_robin");
    let orders = rig.orders(&mut rig.router(), &CallContext::default(), 4);
    assert_eq!(orders, ["a b c", "b c a", "c a b", "a b c"]);
}

#[test]
fn weights_say_how_often_each_leads_and_nothing_comes_last() {
    let rig = Rig::new("a b c", "strategy: weighted").weights(&[1, 0, 3]);
    let orders = rig.orders(&mut rig.router(), &CallContext::default(), 400);
    assert_eq!(led(&orders, "a b c"), [100, 0, 300]);
    assert!(orders.iter().all(|order| order.ends_with('b')));
}

#[test]
fn who_follows_the_first_has_its_weights_share_of_that_too() {
    let rig = Rig::new("a b c", "strategy: weighted").weights(&[2, 1, 3]);
    let orders = rig.orders(&mut rig.router(), &CallContext::default(), 6_000);
    let behind_a = |order: &str| orders.iter().filter(|found| *found == order).count();
    let (b, c) = (behind_a("a b c"), behind_a("a c b"));
    assert_eq!(b + c, 2_000);
    assert!(
        (450..550).contains(&b),
        "{b} of 2,000, a quarter is expected"
    );
}

#[test]
fn the_cheapest_for_this_calls_tokens_comes_first_and_the_unknown_last() {
    let rig = Rig::new("a b c d", "strategy: cheapest").prices(&[
        ("", ""),
        ("1", "10"),
        ("3", "3"),
        ("1", "10"),
    ]);
    assert_eq!(rig.order(&tokens(10_000, 100)), "b d c a");
    assert_eq!(rig.order(&tokens(100, 10_000)), "c b d a");
}

#[test]
fn the_highest_quality_comes_first_and_the_unrated_last() {
    let ratings = [Some(50), None, Some(90), Some(0)];
    let rig = Rig::new("a b c d", "strategy: quality").qualities(&ratings);
    assert_eq!(rig.order(&CallContext::default()), "c a d b");
}

#[test]
fn balanced_asks_the_healthy_first_and_comes_back_by_itself() {
    let rig = Rig::new("a b c", "strategy: balanced, half_life: 10s");
    let mut router = rig.router();
    let order = |router: &mut Router, second| {
        rig.names(&router.turn(
            CallId(1),
            &CallContext::default(),
            at(second),
            &mut Notes::default(),
        ))
    };
    assert_eq!(order(&mut router, 0), "a b c");
    router.on_end(ProviderId(0), AttemptResult::Failed, at(0));
    router.on_end(ProviderId(0), AttemptResult::Failed, at(0));
    router.on_end(ProviderId(1), AttemptResult::Failed, at(0));
    assert_eq!(order(&mut router, 0), "c b a");
    assert_eq!(order(&mut router, 30), "b c a");
    assert_eq!(order(&mut router, 60), "a b c");
}

#[test]
fn balanced_is_not_disturbed_by_noise() {
    let rig = Rig::new("a b", "strategy: balanced, half_life: 10s");
    let mut router = rig.router();
    for call in 0..200 {
        let seen = if call % 25 == 24 {
            AttemptResult::Failed
        } else {
            AttemptResult::Well(Duration::from_secs(1))
        };
        router.on_end(ProviderId(0), seen, at(call / 10));
        let turn = router.turn(
            CallId(call),
            &CallContext::default(),
            at(call / 10),
            &mut Notes::default(),
        );
        assert_eq!(rig.names(&turn), "a b", "{call}");
    }
}

#[test]
fn least_latency_asks_the_sooner_of_two_and_the_others_behind_it() {
    let rig = Rig::new("a b c", "strategy: least_latency");
    let mut router = rig.router();
    for (id, millis) in [(0, 900), (1, 100), (2, 500)] {
        let took = Duration::from_millis(millis);
        router.on_end(ProviderId(id), AttemptResult::Well(took), at(0));
    }
    let orders = rig.orders(&mut router, &CallContext::default(), 3_000);
    for order in &orders {
        assert!(["b c a", "c b a"].contains(&order.as_str()), "{order}");
    }
    // Two of the three pairs contain the soonest.
    let led = led(&orders, "b");
    assert!((1_900..2_100).contains(&led[0]), "{led:?}");
}

#[test]
fn least_latency_spreads_over_those_that_nobody_knows() {
    let rig = Rig::new("a b c d", "strategy: least_latency");
    let orders = rig.orders(&mut rig.router(), &CallContext::default(), 4_000);
    let led = led(&orders, "a b c d");
    assert!(
        led.iter().all(|count| (900..1_100).contains(count)),
        "{led:?}"
    );
}

#[test]
fn whoever_fails_fast_does_not_draw_the_calls() {
    let rig = Rig::new("a b", "strategy: least_latency");
    let mut router = rig.router();
    let mut asked = [0; 2];
    for call in 0..600 {
        let now = Instant::START + Duration::from_millis(call * 100);
        let turn = router.turn(
            CallId(call),
            &CallContext::default(),
            now,
            &mut Notes::default(),
        );
        let first = turn.order().next().unwrap();
        asked[first.index()] += 1;
        router.on_start(first, now);
        let seen = match first.index() {
            0 => AttemptResult::Failed,
            _ => AttemptResult::Well(Duration::from_millis(800)),
        };
        router.on_end(first, seen, now);
    }
    assert!((2..60).contains(&asked[0]), "in a minute: {asked:?}");
}

#[test]
fn the_highest_score_comes_first() {
    let rig = |score| {
        let route = format!("strategy: score, score: {{ {score} }}");
        Rig::new("a b c", &route)
            .prices(&[("9", "9"), ("5", "5"), ("1", "1")])
            .qualities(&[Some(90), Some(80), Some(10)])
    };
    let ask = tokens(1_000, 100);
    let only = |part| rig(format!("health: 0, latency: 0, {part}: 1")).order(&ask);
    assert_eq!(only("cost"), "c b a");
    assert_eq!(only("quality"), "a b c");
    assert_eq!(
        rig("health: 1, latency: 1".into()).order(&ask),
        "a b c",
        "all alike"
    );

    let rig = rig("health: 7, latency: 3".into());
    let mut router = rig.router();
    for (id, millis) in [(0, 1_000), (1, 500), (2, 500)] {
        let took = Duration::from_millis(millis);
        router.on_end(ProviderId(id), AttemptResult::Well(took), at(0));
    }
    router.on_end(ProviderId(1), AttemptResult::Failed, at(0));
    let turn = router.turn(CallId(1), &ask, at(0), &mut Notes::default());
    assert_eq!(rig.names(&turn), "c a b");
}

#[test]
fn a_lower_priority_group_is_asked_first_whatever_the_strategy() {
    for strategy in [
        "priority",
        "cheapest",
        "quality",
        "balanced",
        "least_latency",
        "score",
    ] {
        let rig = Rig::new("a b c", &format!("strategy: {strategy}"))
            .priority_groups(&[5, 2, 2])
            .prices(&[("1", "1"), ("2", "2"), ("2", "2")])
            .qualities(&[Some(9), Some(1), Some(1)]);
        let order = rig.order(&tokens(1, 1));
        assert!(order.ends_with(" a"), "{strategy}: {order}");
    }
}

#[test]
fn each_priority_group_takes_turns_of_its_own() {
    let rig = Rig::new("a b c d e", "strategy: round_robin").priority_groups(&[0, 0, 1, 1, 1]);
    let orders = rig.orders(&mut rig.router(), &CallContext::default(), 4);
    assert_eq!(orders, ["a b c d e", "b a d e c", "a b e c d", "b a c d e"]);
}

#[test]
fn a_task_asks_whom_it_prefers_first_in_its_order() {
    let mut rig = Rig::new("a b c d", "").priority_groups(&[0, 0, 0, 1]);
    rig.members[1].model = "large".into();
    rig.members[2].model = "large".into();
    let rig = rig.task(prefer(&["nobody", "d", "large"]));
    assert_eq!(rig.order(&of_task()), "d b c a");
    assert_eq!(
        rig.order(&CallContext::default()),
        "a b c d",
        "without a task no rule applies"
    );
}

#[test]
fn the_strategy_orders_those_of_one_word() {
    let mut rig =
        Rig::new("a b c", "strategy: cheapest").prices(&[("1", "1"), ("9", "9"), ("2", "2")]);
    rig.members[1].model = "large".into();
    rig.members[2].model = "large".into();
    assert_eq!(rig.task(prefer(&["large"])).order(&of_task()), "c b a");
}

#[test]
fn a_task_with_only_asks_nobody_else() {
    let only = Task {
        only: true,
        ..prefer(&["c", "a"])
    };
    let rig = Rig::new("a b c", "strategy: round_robin").task(only);
    assert_eq!(rig.order(&of_task()), "c a");
}

#[test]
fn a_ceiling_leaves_out_the_dear_and_those_of_unknown_price() {
    let cheap = Task {
        max_cost: Money::parse_usd("0.002"),
        ..prefer(&["b"])
    };
    let rig = Rig::new("a b c", "")
        .prices(&[("1", "3"), ("1", "4"), ("", "")])
        .task(cheap);
    assert_eq!(rig.order(&of_task()), "a");
}

#[test]
fn a_task_that_leaves_nobody_has_an_empty_turn() {
    for task in [
        Task {
            only: true,
            ..prefer(&["nobody"])
        },
        Task {
            max_cost: Some(Money::ZERO),
            ..Task::default()
        },
    ] {
        for strategy in STRATEGIES {
            let mut rig = Rig::new("a b", "affinity: session").task(task.clone());
            rig.policy.route.strategy = strategy;
            assert_eq!(rig.order(&of_task()), "", "{strategy:?}");
        }
    }
}

#[test]
fn a_task_takes_no_turns_from_those_that_it_asks_later() {
    let rig = Rig::new("a b c", "strategy: round_robin").task(prefer(&["a"]));
    let mut router = rig.router();
    let mut orders = Vec::new();
    for _ in 0..300 {
        rig.orders(&mut router, &of_task(), 1);
        orders.extend(rig.orders(&mut router, &CallContext::default(), 1));
    }
    assert_eq!(led(&orders, "a b c"), [100; 3]);
}

#[test]
fn plain_turns_need_no_list() {
    for (route, groups) in [
        ("strategy: priority", [0, 1]),
        ("strategy: round_robin", [3, 3]),
        ("affinity: session, tasks: { t: {} }", [0, 0]),
    ] {
        let mut router = Rig::new("a b", route).priority_groups(&groups).router();
        let turn = router.turn(
            CallId(1),
            &CallContext::default(),
            at(0),
            &mut Notes::default(),
        );
        assert!(
            matches!(
                turn,
                ProviderOrder::From {
                    first: 0,
                    providers: 2
                }
            ),
            "{route}"
        );
    }
}

#[test]
fn whoever_has_no_settings_has_the_general_ones() {
    let rig = Rig::new("a b", "strategy: weighted").weights(&[0, 0]);
    let mut router = Router::new(&rig.policy, &rig.members, &[], RngStreams::new(1));
    let orders = rig.orders(&mut router, &CallContext::default(), 4);
    assert_eq!(led(&orders, "a b"), [2, 2]);
}

#[test]
fn an_empty_fleet_has_empty_turns() {
    for strategy in STRATEGIES {
        let mut rig = Rig::new("a", "affinity: session");
        rig.members.clear();
        rig.policy.route.strategy = strategy;
        assert_eq!(rig.order(&of_session(1)), "");
        assert_eq!(rig.order(&CallContext::default()), "");
    }
}

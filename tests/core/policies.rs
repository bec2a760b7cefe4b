//! Random policies with every mechanism on and off, random members for them, and random scripts.
//! The rig checks the results.
//!
//! This file is long because it draws every setting that a policy has.

use std::collections::BTreeMap;
use std::time::Duration;

use firedrill::policy::config::{
    AboveMax, Adaptive, Affinity, Backoff, Breaker, Budget, CheckTargets, CountSlow, HealthCheck,
    Hedge, HedgeDelay, HintMode, Hints, Jitter, Limit, Open, Outlier, Overrides, Policy,
    ProviderOverride, Queue, Retry, Route, SlowStart, Spend, Strategy as Order, Task, Throttle,
    Timeouts, WhenFull, WhenUnavailable,
};
use firedrill::policy::{
    Action, CallContext, Delivery, FailureClass, Priority, ProviderId, ProviderInfo,
};
use firedrill::time::Instant;
use firedrill::units::{Factor, Money, Rate, Share};
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;

use crate::rig::{Act, Hand, Script};

/// No provider stays refused for longer, whatever was observed.
pub(crate) const LONGEST_OUT: Duration = Duration::from_secs(5);

/// No breaker needs more probes.
pub(crate) const MOST_TO_CLOSE: usize = 3;

/// No attempt is expected to cost more: 4,000 tokens at 20 dollars a million, in nano-dollars.
const DEAREST: u64 = 80_000_000;

/// Longer than any memory of failures.
pub(crate) const PEACE: Duration = Duration::from_secs(60);

/// Any policy at all.
pub(crate) fn policies() -> impl Strategy<Value = Policy> {
    let rules = prop::collection::btree_map(classes(), select(ACTIONS.as_slice()), 0..6);
    let call = of(millis(1..20_000));
    let by_position = prop::collection::vec(overrides(), 0..3);
    let attempts = (retries(), hints(), call, of(hedges()));
    let health = (
        of(breakers()),
        weighted(0.3, outliers()),
        weighted(0.3, checks()),
    );
    let load = (
        limits(),
        weighted(0.3, throttles()),
        of(queues()),
        weighted(0.3, spends()),
    );
    (routes(), attempts, health, load, rules, by_position).prop_map(
        |(route, attempts, health, load, failures, by_position)| {
            let ((retry, hints, call, hedge), (breaker, outlier, health_check)) =
                (attempts, health);
            let (limit, throttle, queue, spend) = load;
            Policy {
                name: "any".into(),
                route,
                retry,
                hints,
                timeouts: Timeouts {
                    call,
                    ..Timeouts::default()
                },
                breaker,
                outlier,
                health_check,
                hedge,
                limit,
                throttle,
                queue,
                spend,
                failures: failures.into_iter().collect(),
                overrides: Overrides {
                    by_position,
                    ..Overrides::default()
                },
                ..nothing()
            }
        },
    )
}

/// Policies under which only the client's own limits delay a call, so that each wait ends with an
/// event.
pub(crate) fn crowded_policies() -> impl Strategy<Value = Policy> {
    (policies(), 1..4_u32, of(1..120_u64), queues()).prop_map(
        |(policy, concurrency, rpm, queue)| Policy {
            breaker: None,
            outlier: None,
            health_check: None,
            throttle: None,
            spend: None,
            queue: Some(queue),
            limit: Limit {
                rpm,
                concurrency: Some(concurrency),
                adaptive: None,
                tpm: None,
                ..policy.limit
            },
            overrides: Overrides::default(),
            ..policy
        },
    )
}

/// A policy without settings.
pub(crate) fn nothing() -> Policy {
    Policy::parse("any.yaml", "name: any\n").expect("a policy of its defaults")
}

fn routes() -> impl Strategy<Value = Route> {
    let orders = select(
        [
            Order::Priority,
            Order::RoundRobin,
            Order::Weighted,
            Order::Cheapest,
            Order::Quality,
            Order::Balanced,
            Order::LeastLatency,
            Order::Score,
        ]
        .as_slice(),
    );
    let affinity = select([Affinity::None, Affinity::Session].as_slice());
    let panic_below = prop_oneof![Just(Share::ZERO), share()];
    let tasks = prop::collection::btree_map(select(TASKS.as_slice()), tasks(), 0..2);
    (orders, affinity, panic_below, of(slow_starts()), tasks).prop_map(
        |(strategy, affinity, panic_below, slow_start, tasks)| Route {
            strategy,
            affinity,
            panic_threshold: panic_below,
            slow_start,
            tasks: tasks
                .into_iter()
                .map(|(name, task)| (name.to_owned(), task))
                .collect(),
            ..Route::default()
        },
    )
}

fn tasks() -> impl Strategy<Value = Task> {
    let prefer = prop::collection::vec(select(["p0", "p1", "p2", "absent"].as_slice()), 0..3);
    let places = weighted(0.3, 1..3_u32);
    (prefer, any::<bool>(), of(0..5_000_000_u64), places).prop_map(
        |(prefer, only, most, places)| Task {
            only: only && !prefer.is_empty(),
            prefer: prefer.into_iter().map(str::to_owned).collect(),
            max_cost: most.map(Money::from_nanos),
            reserved_concurrency: places,
        },
    )
}

fn slow_starts() -> impl Strategy<Value = SlowStart> {
    (millis(1..10_000), share()).prop_map(|(within, from)| SlowStart {
        window: within,
        initial_share: from,
    })
}

fn retries() -> impl Strategy<Value = Retry> {
    let per_class = prop::collection::btree_map(classes(), 0..3_u32, 0..4);
    (1..6_u32, 1..4_u32, backoffs(), per_class, of(budgets())).prop_map(
        |(attempts, per_provider, backoff, per_class, budget)| Retry {
            max_attempts: attempts,
            max_attempts_per_provider: per_provider,
            max_retries_by_class: per_class,
            backoff,
            budget,
        },
    )
}

fn backoffs() -> impl Strategy<Value = Backoff> {
    (
        millis(0..2_000),
        factors(500..4_000),
        millis(0..5_000),
        jitters(),
    )
        .prop_map(|(base, factor, cap, jitter)| Backoff {
            base,
            factor,
            max: cap,
            jitter,
        })
}

fn budgets() -> impl Strategy<Value = Budget> {
    let costs = prop::collection::btree_map(classes(), 0..4_u32, 0..4);
    (share(), 1..3_000_000_000_u64, millis(1_000..20_000), costs).prop_map(
        |(ratio, count_nano, window, costs)| Budget {
            ratio,
            reserve: Rate {
                count_nano,
                per: Duration::from_secs(1),
            },
            window,
            costs,
        },
    )
}

fn jitters() -> impl Strategy<Value = Jitter> {
    select(
        [
            Jitter::None,
            Jitter::Proportional,
            Jitter::Full,
            Jitter::Equal,
            Jitter::Decorrelated,
            Jitter::Between(800_000_000, 1_200_000_000),
        ]
        .as_slice(),
    )
}

fn hints() -> impl Strategy<Value = Hints> {
    let beyond = select([AboveMax::Fallback, AboveMax::Stop].as_slice());
    let spread = prop_oneof![Just(Share::ZERO), share()];
    (reads(), reads(), millis(0..5_000), beyond, spread).prop_map(
        |(retry_after, should_retry, cap, beyond, spread)| Hints {
            retry_after,
            should_retry,
            max: cap,
            above_max: beyond,
            jitter: spread,
        },
    )
}

fn reads() -> impl Strategy<Value = HintMode> {
    select([HintMode::Honour, HintMode::Ignore].as_slice())
}

fn hedges() -> impl Strategy<Value = Hedge> {
    let after = prop_oneof![
        3 => millis(0..3_000).prop_map(HedgeDelay::After),
        1 => (1..100_u8).prop_map(HedgeDelay::Quantile),
    ];
    (after, share(), 1..4_u32, 1..4_u32).prop_map(|(after, budget, min, most)| Hedge {
        delay: after,
        budget,
        min_samples: min,
        max_hedges: most,
    })
}

fn breakers() -> impl Strategy<Value = Breaker> {
    let failures = (of(1..4_u32), of(1..6_u32), of(share()));
    let counts = select([CountSlow::Ended, CountSlow::InFlight].as_slice());
    let slow = (of(millis(1..3_000)), share(), counts);
    let window = (millis(1_000..20_000), 1..6_u32);
    let leave = (1..4_u32, 1..=MOST_TO_CLOSE as u32, of(millis(1..5_000)));
    (failures, slow, window, opens(), leave).prop_map(|(failures, slow, window, open, leave)| {
        let (consecutive, within, success_below) = failures;
        let ((slow, slow_above, count_slow), (window, min)) = (slow, window);
        let (probes, close_after, lease) = leave;
        Breaker {
            consecutive_failures: consecutive,
            max_failures: within,
            min_success_rate: success_below,
            slow_call: slow,
            max_slow_rate: slow_above,
            count_slow,
            window,
            min_attempts: min,
            open,
            max_probes: probes,
            success_threshold: close_after,
            probe_timeout: lease,
        }
    })
}

fn opens() -> impl Strategy<Value = Open> {
    let longest = LONGEST_OUT.as_millis() as u64;
    (
        millis(0..longest),
        factors(1_000..4_000),
        jitters(),
        reads(),
    )
        .prop_map(|(first, factor, jitter, hint)| Open {
            initial: first,
            factor,
            max: LONGEST_OUT,
            jitter,
            hint,
        })
}

fn outliers() -> impl Strategy<Value = Outlier> {
    let slower = of(factors(1_000..4_000));
    (millis(100..5_000), 1..4_u32, share(), slower, share()).prop_map(
        |(interval, min, success_below, slower, max_ejected)| Outlier {
            interval,
            min,
            success_rate_below_mean: success_below,
            latency_factor: slower,
            base_ejection_time: LONGEST_OUT / 5,
            max_ejection_time: LONGEST_OUT,
            max_ejection_percent: max_ejected,
            ..Outlier::default()
        },
    )
}

fn checks() -> impl Strategy<Value = HealthCheck> {
    let whom = select([CheckTargets::All, CheckTargets::Refused].as_slice());
    (millis(500..5_000), whom, 1..3_u32, 1..3_u32).prop_map(|(every, whom, fall, rise)| {
        HealthCheck {
            interval: every,
            targets: whom,
            unhealthy_threshold: fall,
            healthy_threshold: rise,
            ..HealthCheck::default()
        }
    })
}

fn limits() -> impl Strategy<Value = Limit> {
    let rates = (weighted(0.3, 1..200_u64), weighted(0.3, 100..100_000_u64));
    let rooms = (weighted(0.4, 1..4_u32), weighted(0.2, adaptives()));
    let full = select([WhenFull::Fallback, WhenFull::Wait].as_slice());
    (rates, rooms, full).prop_map(|((rpm, tpm), (concurrency, adaptive), full)| Limit {
        rpm,
        tpm,
        concurrency,
        adaptive,
        when_full: full,
    })
}

fn adaptives() -> impl Strategy<Value = Adaptive> {
    (1..3_u32, 1..5_u32, share()).prop_map(|(min, start, backoff)| Adaptive {
        min,
        start,
        decrease: backoff,
        latency_factor: Factor::milli(2_000),
    })
}

fn throttles() -> impl Strategy<Value = Throttle> {
    (factors(1_000..3_000), share()).prop_map(|(k, max)| Throttle {
        k,
        window: PEACE / 2,
        max_reject_probability: max,
    })
}

fn queues() -> impl Strategy<Value = Queue> {
    let unavailable = select([WhenUnavailable::Fail, WhenUnavailable::Wait].as_slice());
    (1..6_u32, millis(1..8_000), unavailable).prop_map(|(most, wait, unavailable)| Queue {
        max_calls: most,
        max_wait: wait,
        when_unavailable: unavailable,
    })
}

fn spends() -> impl Strategy<Value = Spend> {
    (DEAREST..5 * DEAREST).prop_map(|most| Spend {
        max: Money::from_nanos(most),
        per: PEACE,
    })
}

fn overrides() -> impl Strategy<Value = ProviderOverride> {
    let own = (
        of(1..4_u32),
        of(breakers()),
        weighted(0.2, limits()),
        weighted(0.3, backoffs()),
    );
    (own, of(1..5_u32), of(0..2_u32)).prop_map(
        |((per_provider, breaker, limit, backoff), weight, group)| ProviderOverride {
            max_attempts_per_provider: per_provider,
            breaker: breaker.map(Into::into),
            limit: limit.map(Into::into),
            backoff: backoff.map(Into::into),
            weight,
            priority_group: group,
            ..ProviderOverride::default()
        },
    )
}

/// Providers named `p0`, `p1`, … with some of their data missing.
pub(crate) fn fleets(
    size: impl Into<prop::collection::SizeRange>,
) -> impl Strategy<Value = Vec<ProviderInfo>> {
    let price = || of((0..20_000_000_000_u64).prop_map(Money::from_nanos));
    let known = (
        price(),
        price(),
        of(0..100_u32),
        of(select([1_000_u64, 8_000].as_slice())),
    );
    let member = (known, 1..4_u16);
    prop::collection::vec(member, size).prop_map(|members| {
        let named = members.into_iter().enumerate();
        let named = named.map(
            |(at, ((input, output, quality, context), keys))| ProviderInfo {
                input,
                output,
                quality,
                context,
                keys,
                ..ProviderInfo::named(format!("p{at}"))
            },
        );
        named.collect()
    })
}

/// Operations during the calls, with their times.
pub(crate) fn hands() -> impl Strategy<Value = BTreeMap<Instant, Hand>> {
    let hand = prop_oneof![
        of(0..3_u16).prop_map(Hand::Pin),
        (0..3_u16, any::<bool>()).prop_map(|(provider, out)| Hand::Isolate(provider, out)),
    ];
    prop::collection::btree_map(moments(), hand, 0..4)
}

pub(crate) fn scripts() -> impl Strategy<Value = Vec<Script>> {
    prop::collection::vec(script(), 1..9)
}

fn script() -> impl Strategy<Value = Script> {
    let dropped_after = weighted(0.2, millis(0..10_000));
    let acts = prop::collection::vec(acts(), 1..5);
    (moments(), asks(), dropped_after, acts).prop_map(|(arrival, ask, dropped_after, acts)| {
        Script {
            arrival,
            ask,
            dropped_after,
            acts,
        }
    })
}

fn asks() -> impl Strategy<Value = CallContext> {
    let delivery = select([Delivery::Plain, Delivery::Live, Delivery::Whole].as_slice());
    let who = (of(select(TASKS.as_slice())), 0..3_u8, of(0..3_u64));
    let unsupported = prop_oneof![
        9 => Just(Vec::new()),
        1 => prop::collection::vec((0..3_u16).prop_map(ProviderId), 1..3),
    ];
    (
        of(millis(0..15_000)),
        delivery,
        who,
        0..2_000_u64,
        1..2_000_u64,
        unsupported,
    )
        .prop_map(
            |(deadline, delivery, (task, priority, session), prompt, output, unsupported)| {
                CallContext {
                    deadline,
                    delivery,
                    task: task.map(str::to_owned),
                    priority: Priority(priority),
                    session,
                    prompt,
                    output,
                    unsupported,
                }
            },
        )
}

fn acts() -> impl Strategy<Value = Act> {
    let ends = prop_oneof![3 => Just(None), 6 => failures().prop_map(Some)];
    let after = prop_oneof![9 => millis(0..4_000).prop_map(Some), 1 => Just(None)];
    (after, ends, of(millis(0..2_000)), millis(0..500)).prop_map(
        |(after, failure, first_token, held)| Act {
            after,
            failure,
            first_token,
            held,
        },
    )
}

fn failures() -> impl Strategy<Value = firedrill::policy::Failure> {
    (
        classes(),
        of(millis(0..8_000)),
        weighted(0.2, any::<bool>()),
    )
        .prop_map(|(class, hint, should_retry)| firedrill::policy::Failure {
            hint,
            should_retry,
            ..firedrill::policy::Failure::of(class)
        })
}

fn moments() -> impl Strategy<Value = Instant> {
    (0..10_000_u64).prop_map(|at| Instant::START + Duration::from_millis(at))
}

fn classes() -> impl Strategy<Value = FailureClass> {
    select(FailureClass::ALL.as_slice())
}

fn share() -> impl Strategy<Value = Share> {
    (0..=Share::WHOLE.as_parts()).prop_map(Share::from_parts)
}

fn factors(milli: std::ops::Range<u64>) -> impl Strategy<Value = Factor> {
    milli.prop_map(Factor::milli)
}

fn millis(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> + Clone {
    range.prop_map(Duration::from_millis)
}

const TASKS: [&str; 2] = ["chat", "code"];

const ACTIONS: [Action; 5] = [
    Action::Retry,
    Action::Fallback,
    Action::RotateKey,
    Action::LargerModel,
    Action::Stop,
];

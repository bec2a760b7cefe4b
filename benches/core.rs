//! The cost of decisions: one whole call through the core, with nothing on, with each mechanism on
//! by itself, and with all of them on.
//!
//! The floor in the same run is an empty policy: the cost of a mechanism is the ratio to it, and a
//! mechanism that is off costs the difference between the floor and itself, nothing.
//! The reasons of decisions are measured in pairs: noted and taken, against the same calls when no
//! one listens.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use firedrill::policy::config::Policy;
use firedrill::policy::{
    Call, CallContext, CallId, Delivery, Failure, FailureClass, Fleet, ProviderInfo, Reply,
    RngStreams, Step,
};
use firedrill::time::Instant;
use firedrill::units::Money;

const CALLS: u64 = 1_000;

/// Whether the calls note the reasons of their decisions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reasons {
    Off,
    Noted,
}

/// Each mechanism, as in a policy file.
const MECHANISMS: &[(&str, &str)] = &[
    (
        "breaker",
        "breaker: { min_success_rate: 80%, slow_call: 20s, open: { hint: honour } }",
    ),
    ("outlier", "outlier: { latency_factor: 3 }"),
    ("health_check", "health_check: {}"),
    ("hedge", "hedge: {}"),
    ("throttle", "throttle: {}"),
    ("queue", "queue: {}"),
    ("spend", "spend: { max: 1000000 USD }"),
    (
        "limit",
        "limit: { rpm: 100M, tpm: 1000000M, concurrency: 100, adaptive: {} }",
    ),
    ("retry budget", "retry: { budget: {} }"),
    (
        "least latency, slow start, panic",
        "route: { strategy: least_latency, slow_start: {}, panic_threshold: 50% }",
    ),
];

fn fleet(text: &str) -> Fleet {
    let policy = Policy::parse("bench.yaml", &format!("name: bench\n{text}\n"));
    let members = ["openai", "deepseek", "kimi"].map(|name| ProviderInfo {
        input: Some(Money::from_nanos(2_000_000_000)),
        output: Some(Money::from_nanos(8_000_000_000)),
        ..ProviderInfo::named(name)
    });
    Fleet::new(
        policy.expect("a policy"),
        members.to_vec(),
        RngStreams::new(1),
    )
}

/// Takes one call to its end; every attempt but the last of `replies` gets its reply at once.
/// Returns the number of steps, and of the reasons that were noted.
fn drive(fleet: &mut Fleet, id: u64, replies: &[Reply], reasons: Reasons) -> u64 {
    let mut now = Instant::from_nanos(id * 1_000_000_000);
    let ask = CallContext {
        delivery: Delivery::Live,
        prompt: 900,
        output: 220,
        ..CallContext::default()
    };
    let mut call = Call::new(CallId(id), now, ask, RngStreams::new(1));
    if reasons == Reasons::Noted {
        call.explain();
    }
    let (mut steps, mut next) = (0, 0);
    loop {
        steps += 1;
        let step = call.step(fleet, now);
        if reasons == Reasons::Noted {
            steps += call.take_reasons().len() as u64;
        }
        match step {
            Step::Start(start) => {
                let reply = &replies[next.min(replies.len() - 1)];
                if *reply == Reply::Succeeded {
                    call.on_first_token_received(fleet, start.attempt, now);
                    call.on_first_token_delivered(start.attempt);
                    call.on_usage(fleet, start.attempt, (900, 200), now);
                }
                call.on_reply(fleet, start.attempt, reply, now);
                next += 1;
            }
            Step::Wait { until } => now = until.expect("a wait for the clock"),
            Step::WaitForCapacity { until } => now = until,
            Step::Cancel { .. } => {}
            Step::Finish(_) => return steps,
        }
    }
}

fn core(criterion: &mut Criterion) {
    let failed = Reply::Failed(Failure::of(FailureClass::ServerError));
    let well = vec![Reply::Succeeded];
    let falls_back = vec![failed, Reply::Succeeded];
    let all: String = MECHANISMS
        .iter()
        .map(|(_, text)| format!("{text}\n"))
        .collect();
    let mut group = criterion.benchmark_group("core, calls");
    group.throughput(Throughput::Elements(CALLS));
    let mut measure = |name: String, text: &str, replies: &[Reply], reasons: Reasons| {
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || fleet(text),
                |fleet| {
                    let calls = (0..CALLS).map(|id| drive(fleet, id, replies, reasons));
                    calls.sum::<u64>()
                },
                criterion::BatchSize::SmallInput,
            );
        });
    };
    for (on, text) in [("off", ""), ("on", &all)] {
        let floor = if on == "off" { " (floor)" } else { "" };
        measure(
            format!("succeeds, everything {on}{floor}"),
            text,
            &well,
            Reasons::Off,
        );
        measure(
            format!("falls back, everything {on}"),
            text,
            &falls_back,
            Reasons::Off,
        );
        let name = format!("falls back, everything {on}, reasons noted");
        measure(name, text, &falls_back, Reasons::Noted);
    }
    for (name, text) in MECHANISMS {
        measure(format!("succeeds, only {name}"), text, &well, Reasons::Off);
    }
    group.finish();
}

criterion_group!(benches, core);
criterion_main!(benches);

//! What a decision costs: one whole call through the core, healthy and failing.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use firedrill::policy::call::{Call, Failure, Reply, Step};
use firedrill::policy::classify::FailureClass;
use firedrill::policy::fleet::Fleet;
use firedrill::policy::{CallId, presets};
use firedrill::rng::Draws;
use firedrill::time::Instant;

const CALLS: u64 = 1_000;

fn fleet() -> Fleet {
    let policy = presets::policy("resilient").expect("a preset");
    Fleet::new(
        policy,
        &[
            "openai".to_owned(),
            "deepseek".to_owned(),
            "kimi".to_owned(),
        ],
    )
}

/// Takes one call to its end; every attempt but the last of `replies` gets its reply at once.
/// Returns how many steps that took.
fn drive(fleet: &mut Fleet, id: u64, replies: &[Reply]) -> u64 {
    let mut now = Instant::from_nanos(id * 1_000_000_000);
    let mut call = Call::new(CallId(id), now, None, false, Draws::new(1));
    let (mut steps, mut next) = (0, 0);
    loop {
        steps += 1;
        match call.step(fleet, now) {
            Step::Start(start) => {
                call.on_reply(
                    fleet,
                    start.attempt,
                    &replies[next.min(replies.len() - 1)],
                    now,
                );
                next += 1;
            }
            Step::Wait { until } => now = until.expect("a wait for the clock"),
            Step::Cancel { .. } => {}
            Step::Finish(_) => return steps,
        }
    }
}

fn core(criterion: &mut Criterion) {
    let failed = Reply::Failed(Failure {
        class: FailureClass::ServerError,
        hint: None,
    });
    let mut group = criterion.benchmark_group("core, steps");
    for (name, replies) in [
        ("a call that succeeds at once", vec![Reply::Succeeded]),
        (
            "a call that falls back once",
            vec![failed, Reply::Succeeded],
        ),
    ] {
        let steps = drive(&mut fleet(), 0, &replies);
        group.throughput(Throughput::Elements(CALLS * steps));
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                fleet,
                |fleet| (0..CALLS).map(|id| drive(fleet, id, &replies)).sum::<u64>(),
                criterion::BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, core);
criterion_main!(benches);

//! The cost of each mechanism on the happy path of a call, beside one integer division.

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use firedrill::policy::budget::Budget;
use firedrill::policy::bulkhead::{Bulkhead, Left};
use firedrill::policy::call_context::Priority;
use firedrill::policy::config;
use firedrill::policy::hedge::Hedger;
use firedrill::policy::limiter::Limiter;
use firedrill::policy::queue::Queue;
use firedrill::policy::spend::Spend;
use firedrill::policy::throttle::Throttle;
use firedrill::policy::{CallId, ProviderId};
use firedrill::rng::{Purpose, RngStreams};
use firedrill::time::Instant;
use firedrill::units::Money;

const TOOK: Duration = Duration::from_millis(700);

/// Measures one call's use of a mechanism; calls come every millisecond.
fn measure(criterion: &mut Criterion, name: &str, mut call: impl FnMut(u64, Instant) -> u64) {
    let mut number = 0;
    criterion.bench_function(&format!("mechanism, per call/{name}"), |bencher| {
        bencher.iter(|| {
            number += 1;
            call(number, Instant::from_nanos(number * 1_000_000))
        });
    });
}

fn sharing(criterion: &mut Criterion) {
    measure(criterion, "floor: one division", |number, now| {
        now.as_nanos() / std::hint::black_box(number)
    });
    let mut budget = Budget::new(config::Budget::default());
    measure(criterion, "budget", |_, now| {
        budget.on_first(now);
        0
    });
    let mut hedger = Hedger::new(config::Hedge::default(), 3);
    measure(criterion, "hedge", |_, _| {
        hedger.on_call();
        let delay = hedger.delay(ProviderId(0));
        hedger.on_first_token_received(ProviderId(0), TOOK);
        delay.map_or(0, |delay| delay.as_secs())
    });
    let mut spend = Spend::new(config::Spend::default());
    measure(criterion, "spend", |_, now| {
        let (expected, actual) = (Money::from_nanos(2_000), Money::from_nanos(1_000));
        let ready = spend.ready_at(expected, now);
        spend.take(expected, now);
        spend.settle(expected, actual, now);
        ready.as_nanos()
    });
}

fn at_one_provider(criterion: &mut Criterion) {
    let mut limiter = Limiter::new(Some(100_000), Some(100_000_000));
    measure(criterion, "limiter", |_, now| {
        let ready = limiter.ready_at(1_000, now);
        limiter.take(1_000, now);
        limiter.settle(1_000, 800, now);
        ready.as_nanos()
    });
    let mut bulkhead = Bulkhead::new(Some(100), Some(config::Adaptive::default()));
    measure(criterion, "bulkhead", |_, _| {
        let room = bulkhead.has_room();
        bulkhead.enter();
        bulkhead.leave(Left::Well(TOOK));
        u64::from(room)
    });
    let mut throttle = Throttle::new(config::Throttle::default());
    let mut stream = RngStreams::new(1).stream(Purpose::Throttle, 0, 0, 0);
    measure(criterion, "throttle", |_, now| {
        let refuses = throttle.refuses(now, &mut stream);
        throttle.on_sent(now);
        throttle.on_accepted(now);
        u64::from(refuses)
    });
    let mut queue = Queue::new(config::Queue::default());
    for call in 0..50 {
        queue.join(CallId(call), Priority::LOW, Instant::START);
    }
    measure(criterion, "queue, 50 wait, none joins", |number, _| {
        u64::from(queue.is_next(CallId(number + 50), Priority::HIGH))
    });
    measure(
        criterion,
        "queue, 50 wait, join and leave",
        |number, now| {
            let call = CallId(number + 50);
            queue.join(call, Priority::NORMAL, now);
            queue.leave(call);
            0
        },
    );
}

criterion_group!(benches, sharing, at_one_provider);
criterion_main!(benches);

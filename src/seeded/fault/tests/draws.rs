//! Statistics of faults: rates, groups, bursts, ramps and chances match their definitions.
//!
//! Seeds are fixed, so a test here always passes or always fails. Bounds are 99.9 % confidence
//! intervals (3.29 standard errors) around the defined value.

use std::time::Duration;

use crate::policy::{CallId, ProviderId};
use crate::rng::RngStreams;
use crate::scenario::fault::{Burst, Fault, FaultKind, Ramp, Recovery, Shape, Sticky, Windows};
use crate::seeded::{AttemptInfo, SeededFault};
use crate::time::Instant;
use crate::units::Share;

const WHOLE: Share = Share::WHOLE;
const Z: f64 = 3.29;

fn fault(rate: Share) -> Fault {
    Fault {
        rate,
        ..Fault::new("f", vec![ProviderId(0)], FaultKind::Reset)
    }
}

fn drawn(fault: &Fault, seed: u64) -> SeededFault {
    let all = SeededFault::all(std::slice::from_ref(fault), RngStreams::new(seed));
    all.into_iter().next().expect("one fault")
}

/// The first attempt of `call`, after `ms` milliseconds.
fn seen(ms: u64, call: u64) -> AttemptInfo<'static> {
    AttemptInfo::new(Instant::from_nanos(ms * 1_000_000), CallId(call))
}

/// `hits` of `n` independent draws agree with the share `p`.
#[track_caller]
fn agrees(hits: u64, n: u64, p: f64) {
    let (hits, n) = (hits as f64, n as f64);
    let error = (n * p * (1.0 - p)).sqrt();
    let off = (hits - n * p).abs();
    assert!(
        off <= Z * error,
        "{hits} of {n}, expected {} ± {error}",
        n * p
    );
}

/// A mean of `n` draws with standard deviation `deviation` agrees with `expected`.
#[track_caller]
fn is_near(mean: f64, expected: f64, deviation: f64, n: f64) {
    let off = (mean - expected).abs();
    assert!(
        off <= Z * deviation / n.sqrt(),
        "{mean}, expected {expected}"
    );
}

/// The correlation of two series of draws.
fn correlation(pairs: impl Iterator<Item = (bool, bool)>) -> f64 {
    let (mut n, mut a, mut b, mut both) = (0.0, 0.0, 0.0, 0.0);
    for (one, other) in pairs {
        n += 1.0;
        a += f64::from(u8::from(one));
        b += f64::from(u8::from(other));
        both += f64::from(u8::from(one && other));
    }
    (both / n - a * b / n / n) / (a / n * (1.0 - a / n) * b / n * (1.0 - b / n)).sqrt()
}

#[test]
fn rates_are_kept_over_a_hundred_thousand_attempts() {
    let n = 100_000;
    for rate in [500_000, 5_000_000, 20_000_000, 300_000_000, 999_500_000] {
        let rate = Share::from_parts(rate);
        for seed in 0..3 {
            let drawn = drawn(&fault(rate), seed);
            let hits = (0..n).filter(|call| drawn.applies(&seen(0, *call))).count();
            agrees(hits as u64, n, rate.as_parts() as f64 / 1e9);
        }
    }
}

#[test]
fn every_later_attempt_has_luck_of_its_own() {
    let drawn = drawn(&fault(Share::percent(30)), 1);
    let pairs = (0..50_000).map(|call| {
        let second = AttemptInfo {
            nth: 1,
            ..seen(0, call)
        };
        (drawn.applies(&seen(0, call)), drawn.applies(&second))
    });
    assert!(correlation(pairs).abs() < Z / 50_000_f64.sqrt());
}

#[test]
fn each_target_draws_for_itself_unless_they_share_their_fate() {
    let (first, second, third) = (ProviderId(0), ProviderId(1), ProviderId(2));
    let apart = Fault {
        targets: vec![first, second, third],
        ..fault(Share::percent(30))
    };
    let together = Fault {
        shared_fate: vec![vec![first, second]],
        ..apart.clone()
    };
    let n = 50_000;
    let struck = |fault: &Fault, a, b| {
        let all = SeededFault::all(std::slice::from_ref(fault), RngStreams::new(7));
        let at = |provider| all[0].at(provider).expect("a target");
        let (a, b) = (at(a), at(b));
        correlation((0..n).map(|call| (a.applies(&seen(0, call)), b.applies(&seen(0, call)))))
    };
    let by_chance = Z / (n as f64).sqrt();
    assert!(struck(&apart, first, second).abs() < by_chance);
    assert!(struck(&apart, second, third).abs() < by_chance);
    assert!((struck(&together, first, second) - 1.0).abs() < 1e-9);
    assert!(struck(&together, second, third).abs() < by_chance);
    assert!(
        SeededFault::all(&[apart], RngStreams::new(7))[0]
            .at(ProviderId(3))
            .is_none()
    );
}

#[test]
fn a_chance_is_kept_over_ten_thousand_seeds() {
    let fault = Fault {
        chance: Share::percent(30),
        ..fault(WHOLE)
    };
    let n = 10_000;
    let happened = (0..n).filter(|seed| drawn(&fault, *seed).covers(Instant::START));
    agrees(happened.count() as u64, n, 0.3);
    // Two faults of one scenario happen or do not happen independently.
    let pairs = (0..n).map(|seed| {
        let two = SeededFault::all(&[fault.clone(), fault.clone()], RngStreams::new(seed));
        (two[0].covers(Instant::START), two[1].covers(Instant::START))
    });
    assert!(correlation(pairs).abs() < Z / (n as f64).sqrt());
}

/// On for 20 seconds and off for 40, on average.
fn bursting() -> Fault {
    Fault {
        burst: Some(Burst {
            on: Duration::from_secs(20),
            off: Duration::from_secs(40),
            rate_off: Share::ZERO,
        }),
        ..fault(WHOLE)
    }
}

/// Lengths of the active intervals of a fault, and of those between, in seconds.
fn stretches(drawn: &SeededFault, count: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut on, mut off) = (Vec::new(), Vec::new());
    let mut now = Instant::START;
    for n in 0..count {
        let (start, end) = drawn.at_or_after(now).expect("another burst");
        let end = end.expect("a burst ends");
        on.push(end.since(start).as_secs_f64());
        if n > 0 {
            off.push(start.since(now).as_secs_f64());
        }
        now = end;
    }
    (on, off)
}

fn mean(lengths: &[f64]) -> f64 {
    lengths.iter().sum::<f64>() / lengths.len() as f64
}

#[test]
fn bursts_last_as_long_as_they_should_and_are_exponential() {
    let bursting = bursting();
    let (on, off) = stretches(&drawn(&bursting, 3), 20_000);
    let n = on.len() as f64;
    // The deviation of an exponential is its mean.
    is_near(mean(&on), 20.0, 20.0, n);
    is_near(mean(&off), 40.0, 40.0, n);
    for (lengths, mean) in [(&on, 20.0), (&off, 40.0)] {
        for times in [0.5_f64, 1.0, 2.0] {
            let longer = lengths.iter().filter(|length| **length > times * mean);
            let share = libm::exp(-times);
            agrees(longer.count() as u64, lengths.len() as u64, share);
        }
    }
    // Lengths are independent of each other.
    let pairs = on.windows(2).map(|pair| (pair[0] > 14.0, pair[1] > 14.0));
    assert!(correlation(pairs).abs() < Z / n.sqrt());
}

#[test]
fn a_burst_is_on_for_its_share_of_time_at_every_moment() {
    let bursting = bursting();
    let n = 5_000;
    for second in [0, 1, 30, 600] {
        let now = Instant::from_nanos(second * 1_000_000_000);
        let on = (0..n).filter(|seed| drawn(&bursting, *seed).covers(now));
        agrees(on.count() as u64, n, 1.0 / 3.0);
    }
}

#[test]
fn a_gilbert_elliott_channel_has_two_rates() {
    let channel = Fault {
        burst: Some(Burst {
            on: Duration::from_secs(20),
            off: Duration::from_secs(40),
            rate_off: Share::percent(1),
        }),
        ..fault(Share::percent(50))
    };
    let mut certain = channel.clone();
    certain.rate = WHOLE;
    certain.burst = channel.burst.map(|burst| Burst {
        rate_off: Share::ZERO,
        ..burst
    });
    let (channel, state) = (drawn(&channel, 11), drawn(&certain, 11));
    let (mut on, mut off, mut hits_on, mut hits_off) = (0, 0, 0, 0);
    for call in 0..200_000 {
        let attempt = seen(call * 100, call);
        let hit = u64::from(channel.applies(&attempt));
        assert!(channel.covers(attempt.now));
        match state.covers(attempt.now) {
            true => (on, hits_on) = (on + 1, hits_on + hit),
            false => (off, hits_off) = (off + 1, hits_off + hit),
        }
    }
    agrees(hits_on, on, 0.5);
    agrees(hits_off, off, 0.01);
    // 20,000 s hold some 333 bursts: the share of time is known that well, and no better. Its
    // variance over a long time T is 2 p^2 q^2 (a + b) / T, with q = 1 - p.
    let (p, q) = (1.0 / 3.0, 2.0 / 3.0);
    let error = (2.0 * p * p * q * q * 60.0 / 20_000.0_f64).sqrt();
    let share = on as f64 / 200_000.0;
    assert!((share - p).abs() < Z * error, "{share}");
}

#[test]
fn a_ramp_strikes_as_much_as_the_area_below_it() {
    let second = Duration::from_secs(1);
    let n = 100_000;
    // The areas below the curves, over their length: 1/2; 1/5 - 1/(e^5 - 1); and (1+2+3+4)/5/4.
    let exponential = 0.2 - 1.0 / libm::expm1(5.0);
    for (shape, area) in [
        (Shape::Linear, 0.5),
        (Shape::Exponential, exponential),
        (Shape::Steps, 0.5),
    ] {
        let ramped = Fault {
            windows: Windows {
                at: Duration::ZERO,
                length: Some(100 * second),
                every: None,
            },
            ramp: Some(Ramp {
                up: 100 * second,
                down: Duration::ZERO,
                shape,
            }),
            recovery: Some(Recovery {
                over: 100 * second,
                shape,
            }),
            ..fault(Share::percent(60))
        };
        let drawn = drawn(&ramped, 5);
        let hits = |from: u64| {
            let struck = (0..n).filter(|call| drawn.applies(&seen(from + call, from + call)));
            struck.count() as u64
        };
        agrees(hits(0), n, 0.6 * area);
        agrees(hits(100_000), n, 0.6 * area);
        assert_eq!(hits(200_000), 0);
    }
}

#[test]
fn luck_that_sticks_for_a_length_is_drawn_once_in_each() {
    let sticky = Fault {
        sticky: Sticky::Length(Duration::from_secs(1)),
        ..fault(Share::percent(30))
    };
    let drawn = drawn(&sticky, 2);
    let n = 20_000;
    let mut struck = 0;
    for second in 0..n {
        let luck = drawn.applies(&seen(second * 1_000, 1));
        for ms in [1, 500, 999] {
            assert_eq!(drawn.applies(&seen(second * 1_000 + ms, second + ms)), luck);
        }
        struck += u64::from(luck);
    }
    agrees(struck, n, 0.3);
}

#[test]
fn luck_that_sticks_to_a_call_is_the_same_for_a_whole_group() {
    let sticky = Fault {
        targets: vec![ProviderId(0), ProviderId(1)],
        sticky: Sticky::Call,
        ..fault(Share::percent(30))
    };
    let (here, there) = (drawn(&sticky, 2), drawn(&sticky, 2));
    let n = 20_000;
    let mut struck = 0;
    for call in 0..n {
        let luck = here.applies(&seen(0, call));
        for nth in 0..3 {
            assert_eq!(
                there.applies(&AttemptInfo {
                    nth,
                    ..seen(call, call)
                }),
                luck
            );
        }
        struck += u64::from(luck);
    }
    agrees(struck, n, 0.3);
}

#[test]
fn who_is_struck_at_some_rate_is_struck_at_any_higher_one() {
    let (low, high) = (
        drawn(&fault(Share::percent(10)), 4),
        drawn(&fault(Share::percent(30)), 4),
    );
    for call in 0..10_000 {
        assert!(!low.applies(&seen(0, call)) || high.applies(&seen(0, call)));
    }
}

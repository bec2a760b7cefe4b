//! A workload keeps what its file promises: gaps, token counts, shares; the same for every
//! provider.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use firedrill::engine::{Row, Tokens, Workload};
use firedrill::policy::CallId;
use firedrill::scenario::{Arrivals, Calls, Load, Prefixes, Quantiles, RateCurve, Step, Task};
use firedrill::time::Instant;
use firedrill::units::{Factor, Rate, Share, duration};

fn load(arrivals: Arrivals, per_time: &str) -> Load {
    Load {
        calls: Calls::Drawn {
            arrivals,
            rate: per(per_time).into(),
        },
        common: Task {
            prompt: Some(Quantiles {
                p50: 900,
                p99: 8_000,
            }),
            output: Some(Quantiles {
                p50: 220,
                p99: 1_500,
            }),
            stream: Some(Share::percent(60)),
            ..Task::default()
        },
        tasks: Vec::new(),
        user_retry: None,
        clients: 1,
    }
}

fn workload(arrivals: Arrivals, per_time: &str, duration: Duration) -> Workload {
    Workload::new(&load(arrivals, per_time), duration, 1)
}

fn nanos(moments: impl Iterator<Item = Instant>) -> Vec<u64> {
    moments.map(Instant::as_nanos).collect()
}

#[test]
fn constant_arrivals_come_one_gap_apart_and_end_with_the_run() {
    let ten = workload(Arrivals::Constant, "2/s", Duration::from_secs(10));
    let expected: Vec<u64> = (1..=20).map(|n| n * 500_000_000).collect();
    assert_eq!(nanos(ten.arrivals()), expected);
}

#[test]
fn a_gap_that_is_no_whole_number_does_not_drift() {
    let day = workload(Arrivals::Constant, "7/s", Duration::from_secs(86_400));
    let last = day.arrivals().last().unwrap();
    assert_eq!(last.as_nanos(), 86_400_000_000_000);
    assert_eq!(day.arrivals().count(), 7 * 86_400);
    let minutes = workload(Arrivals::Constant, "1/min", Duration::from_secs(180));
    assert_eq!(
        nanos(minutes.arrivals()),
        [60, 120, 180].map(|s| s * 1_000_000_000)
    );
}

#[test]
fn a_year_of_calls_is_never_a_list() {
    let year = Duration::from_secs(366 * 86_400);
    for arrivals in [Arrivals::Constant, Arrivals::Poisson] {
        let busy = workload(arrivals, "1_000_000/s", year);
        assert!(busy.arrivals().nth(1_000).unwrap() > Instant::START);
    }
}

#[test]
fn poisson_gaps_have_the_right_mean_and_spread() {
    let busy = workload(Arrivals::Poisson, "8/s", Duration::from_secs(86_400));
    let moments = nanos(busy.arrivals().take(100_000));
    assert!(moments.is_sorted());
    let gaps: Vec<f64> = std::iter::once(moments[0])
        .chain(moments.windows(2).map(|pair| pair[1] - pair[0]))
        .map(|gap| gap as f64 / 1e9)
        .collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
    assert!((mean / 0.125 - 1.0).abs() < 0.01, "mean {mean}");
    let cv = variance.sqrt() / mean;
    assert!((cv - 1.0).abs() < 0.02, "CV {cv}");
}

#[test]
fn poisson_arrivals_fill_the_run_and_no_more() {
    let hour = workload(Arrivals::Poisson, "10/s", Duration::from_secs(3_600));
    let moments = nanos(hour.arrivals());
    assert!(
        (35_000..37_000).contains(&moments.len()),
        "{}",
        moments.len()
    );
    assert!(moments.iter().all(|&at| at <= 3_600_000_000_000));
}

#[test]
fn token_counts_keep_their_quantiles() {
    let calls = workload(Arrivals::Poisson, "8/s", Duration::from_secs(1));
    let drawn: Vec<Tokens> = (0..500_000).map(|n| calls.tokens(CallId(n))).collect();
    let quantiles = |count: fn(&Tokens) -> u64| {
        let mut counts: Vec<u64> = drawn.iter().map(count).collect();
        counts.sort_unstable();
        [counts[249_999] as f64, counts[494_999] as f64]
    };
    let is_close = |found: [f64; 2], p50: f64, p99: f64| {
        (found[0] / p50 - 1.0).abs() < 0.01 && (found[1] / p99 - 1.0).abs() < 0.01
    };
    let (input, output) = (quantiles(|t| t.input), quantiles(|t| t.output));
    assert!(is_close(input, 900.0, 8_000.0), "{input:?}");
    assert!(is_close(output, 220.0, 1_500.0), "{output:?}");
}

#[test]
fn equal_quantiles_are_a_constant_and_huge_ones_are_capped() {
    let mut load = load(Arrivals::Constant, "1/s");
    load.common.prompt = Some(Quantiles { p50: 100, p99: 100 });
    load.common.output = Some(Quantiles {
        p50: 1,
        p99: 10_000_000,
    });
    let calls = Workload::new(&load, Duration::from_secs(1), 1);
    let drawn: Vec<Tokens> = (0..10_000).map(|n| calls.tokens(CallId(n))).collect();
    assert!(drawn.iter().all(|tokens| tokens.input == 100));
    let most = drawn.iter().map(|tokens| tokens.output).max();
    let least = drawn.iter().map(|tokens| tokens.output).min();
    assert_eq!((least, most), (Some(1), Some(10_000_000)));
}

#[test]
fn the_share_of_streamed_calls_is_as_written() {
    let calls = workload(Arrivals::Poisson, "8/s", Duration::from_secs(1));
    let streamed = (0..100_000)
        .filter(|&n| calls.is_streamed(CallId(n)))
        .count();
    assert!((59_400..60_600).contains(&streamed), "{streamed}");
}

#[test]
fn a_call_is_the_same_whoever_asks_and_another_under_another_seed() {
    let load = load(Arrivals::Poisson, "8/s");
    let (minute, hour) = (Duration::from_secs(60), Duration::from_secs(3_600));
    let (short, long) = (
        Workload::new(&load, minute, 3),
        Workload::new(&load, hour, 3),
    );
    let all = nanos(short.arrivals());
    assert_eq!(all, nanos(long.arrivals().take(all.len())));
    assert_eq!(short.tokens(CallId(7)), long.tokens(CallId(7)));
    let other = Workload::new(&load, minute, 4);
    assert_ne!(all, nanos(other.arrivals()));
    assert_ne!(short.tokens(CallId(7)), other.tokens(CallId(7)));
}

#[test]
fn a_trace_is_replayed_row_by_row_beyond_any_duration() {
    let row = |arrival, input, output| Row {
        arrival: Instant::from_nanos(arrival),
        input,
        output,
        prefix: None,
    };
    let mut load = load(Arrivals::Poisson, "8/s");
    load.calls = Calls::Trace {
        shown: "t.csv".into(),
        path: "t.csv".into(),
        rows: Arc::new(vec![row(0, 5, 6), row(0, 7, 8), row(9_000_000_000, 9, 10)]),
    };
    let calls = Workload::new(&load, Duration::from_secs(1), 1);
    assert_eq!(nanos(calls.arrivals()), [0, 0, 9_000_000_000]);
    assert_eq!(
        calls.tokens(CallId(1)),
        Tokens {
            input: 7,
            output: 8,
            is_cut: false,
            prefix: None,
        }
    );
    assert_eq!(
        calls.tokens(CallId(3)),
        Tokens {
            input: 0,
            output: 1,
            is_cut: false,
            prefix: None,
        }
    );
}

fn curved(arrivals: Arrivals, curve: RateCurve, length: &str) -> Workload {
    let mut load = load(arrivals, "1/s");
    if let Calls::Drawn { rate, .. } = &mut load.calls {
        *rate = curve;
    }
    Workload::new(&load, long(length), 1)
}

fn per(text: &str) -> Rate {
    Rate::parse(text).unwrap()
}

fn long(text: &str) -> Duration {
    duration::parse(text).unwrap()
}

fn curves() -> [RateCurve; 4] {
    let step = |at, rate| Step {
        at: long(at),
        rate: per(rate),
    };
    [
        RateCurve::Diurnal {
            mean: per("20/s"),
            peak: per("40/s"),
            peak_at: long("12m"),
            period: long("30m"),
        },
        RateCurve::Ramp {
            from: per("10/min"),
            to: per("50/s"),
            at: long("5m"),
            over: long("20m"),
        },
        RateCurve::Spike {
            base: per("10/s"),
            peak: per("200/s"),
            at: long("10m"),
            length: long("1m"),
        },
        RateCurve::Steps {
            steps: vec![step("1m", "30/s"), step("20m", "90/h"), step("40m", "7/s")],
        },
    ]
}

#[test]
fn constant_arrivals_under_a_curve_are_its_integral() {
    for curve in curves() {
        for length in ["7m", "13m", "45m", "1h"] {
            let calls = curved(Arrivals::Constant, curve.clone(), length);
            let moments = nanos(calls.arrivals());
            let integral = curve.calls_by(Instant::START + long(length));
            assert_eq!(moments.len() as u128, integral, "{curve:?} {length}");
            for (n, &at) in moments.iter().enumerate().step_by(997) {
                let n = n as u128 + 1;
                assert_eq!(curve.calls_by(Instant::from_nanos(at)), n, "{curve:?}");
                assert_eq!(
                    curve.calls_by(Instant::from_nanos(at - 1)),
                    n - 1,
                    "{curve:?}"
                );
            }
        }
    }
}

#[test]
fn a_curve_that_never_changes_is_a_constant_rate() {
    let step = Step {
        at: Duration::ZERO,
        rate: per("7/s"),
    };
    let flat = RateCurve::Steps { steps: vec![step] };
    for arrivals in [Arrivals::Constant, Arrivals::Poisson] {
        let curved = nanos(curved(arrivals, flat.clone(), "1h").arrivals());
        let constant = nanos(workload(arrivals, "7/s", long("1h")).arrivals());
        assert_eq!(curved.len(), constant.len());
        for (one, other) in curved.iter().zip(&constant) {
            assert!(one.abs_diff(*other) < 30_000, "{one} {other}");
        }
    }
}

#[test]
fn poisson_arrivals_under_a_curve_are_poisson_in_its_own_time() {
    for curve in curves() {
        let moments = nanos(curved(Arrivals::Poisson, curve.clone(), "1h").arrivals());
        assert!(moments.is_sorted());
        let all = curve.calls_by(Instant::START + long("1h")) as f64;
        let off = (moments.len() as f64 - all) / all.sqrt();
        assert!(off.abs() < 3.0, "{} of {all} {curve:?}", moments.len());
        // Given their number, they are spread evenly along the integral: Kolmogorov and Smirnov's
        // bound for a chance of one in a thousand.
        let count = moments.len() as f64;
        let farthest = moments.iter().enumerate().map(|(n, &at)| {
            let expected = curve.calls_by(Instant::from_nanos(at)) as f64 / all;
            (expected - n as f64 / count).abs()
        });
        let farthest = farthest.fold(0.0, f64::max);
        assert!(
            farthest < 1.95 / count.sqrt() + 1.0 / all,
            "{farthest} {curve:?}"
        );
    }
}

#[test]
fn exponential_gaps_have_their_distribution() {
    let moments = nanos(workload(Arrivals::Poisson, "8/s", long("1d")).arrivals());
    let mut gaps: Vec<f64> = moments
        .windows(2)
        .map(|two| (two[1] - two[0]) as f64)
        .collect();
    gaps.sort_by(f64::total_cmp);
    let count = gaps.len() as f64;
    let farthest = gaps.iter().enumerate().map(|(n, gap)| {
        let expected = 1.0 - libm::exp(-gap / 125_000_000.0);
        (expected - n as f64 / count).abs()
    });
    let farthest = farthest.fold(0.0, f64::max);
    assert!(farthest < 1.95 / count.sqrt(), "{farthest}");
}

#[test]
fn gamma_gaps_vary_as_written_around_the_same_mean() {
    for (milli, cv) in [(500, 0.5), (1_000, 1.0), (3_000, 3.0)] {
        let gamma = Arrivals::Gamma {
            cv: Factor::milli(milli),
        };
        let busy = workload(gamma, "8/s", long("10h"));
        let moments = nanos(busy.arrivals());
        assert!(moments.is_sorted());
        let gaps: Vec<f64> = moments
            .windows(2)
            .map(|two| (two[1] - two[0]) as f64 / 1e9)
            .collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((mean / 0.125 - 1.0).abs() < 0.02, "{cv}: mean {mean}");
        let found = variance.sqrt() / mean;
        assert!((found / cv - 1.0).abs() < 0.03, "{cv}: CV {found}");
    }
}

#[test]
fn a_second_click_asks_the_same_question() {
    let calls = workload(Arrivals::Poisson, "8/s", Duration::from_secs(1));
    for number in 0..1_000 {
        let (first, third) = (CallId(number), CallId(number + (2 << 48)));
        assert_eq!(calls.first_click(third), first);
        assert_eq!(calls.tokens(third), calls.tokens(first));
        assert_eq!(calls.is_streamed(third), calls.is_streamed(first));
        assert_eq!(calls.client(third), calls.client(first));
    }
}

#[test]
fn a_share_of_streamed_calls_is_taken_whole_and_no_other() {
    let mut load = load(Arrivals::Constant, "2/s");
    load.common.whole = Some(Share::percent(25));
    let workload = Workload::new(&load, Duration::from_secs(10), 1);
    let calls = || (0..40_000).map(CallId);
    let streamed = calls().filter(|&call| workload.is_streamed(call)).count();
    let whole = calls().filter(|&call| workload.is_whole(call)).count();
    let plain = calls().filter(|&call| workload.is_whole(call) && !workload.is_streamed(call));
    assert_eq!(plain.count(), 0);
    let share = whole as f64 / streamed as f64;
    assert!((share - 0.25).abs() < 0.01, "{share}");
}

#[test]
fn calls_whose_prompts_begin_alike_are_of_one_session() {
    let mut load = load(Arrivals::Constant, "2/s");
    load.common.prefix = Some(Prefixes {
        owner: 0,
        tokens: 500,
        distinct: 4,
        share: Share::percent(50),
    });
    let workload = Workload::new(&load, Duration::from_secs(10), 1);
    let sessions: BTreeSet<_> = (0..500)
        .map(|call| workload.tokens(CallId(call)).session())
        .collect();
    assert_eq!(sessions.len(), 5, "four of them, and calls of none");
}

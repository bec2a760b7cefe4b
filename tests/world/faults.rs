//! Faults of the network, the connection and the client process, as the real client meets them: a
//! scenario in, and the result of each call out.
//!
//! This file is long because each kind of fault has a story of its own, and they share one rig.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use firedrill::drill::{Drill, compare_engines};
use firedrill::engine::SeededFault;
use firedrill::policy::config::Policy;
use firedrill::policy::{FailureClass, FailureReason, Outcome, ProviderId, RngStreams};
use firedrill::scenario::Scenario;
use firedrill::scenario::fault::{Body, Cause, Refusal};
use firedrill::scenario::fault::{
    Burst, CloseMode, Fault, FaultKind, Flaw, LateClose, Ramp, Recovery, Shape, Windows,
};
use firedrill::time::Instant;
use firedrill::trace::{Event, EventKind, Recorder};
use firedrill::units::Share;

/// The results of the calls of one run.
#[derive(Default)]
struct Told(Mutex<Tally>);

#[derive(Clone, Debug, Default, PartialEq)]
struct Tally {
    arrived: BTreeMap<u64, Instant>,
    ended: BTreeMap<u64, (Instant, Outcome)>,
    failed: BTreeMap<FailureClass, u64>,
    /// Class and provider of each call's first failure.
    first: BTreeMap<u64, (FailureClass, u16)>,
    fired: BTreeMap<u16, u64>,
    billed: u64,
    connections: usize,
}

impl Recorder for Told {
    fn record(&self, event: &Event) {
        let mut tally = self.0.lock().unwrap();
        match &event.kind {
            EventKind::Arrived { call, .. } => {
                tally.connections = firedrill::engine::connections();
                assert!(tally.arrived.insert(call.0, event.at).is_none());
            }
            EventKind::Replied {
                call,
                provider,
                failure: Some(class),
                ..
            } => {
                *tally.failed.entry(*class).or_default() += 1;
                tally.first.entry(call.0).or_insert((*class, provider.0));
            }
            EventKind::Ended { call, outcome } => {
                let ended = tally.ended.insert(call.0, (event.at, *outcome));
                assert!(ended.is_none() && tally.arrived.contains_key(&call.0));
            }
            EventKind::Fired { fault, .. } => *tally.fired.entry(fault.0).or_default() += 1,
            EventKind::Billed { .. } => tally.billed += 1,
            _ => {}
        }
    }
}

impl Tally {
    fn succeeded(&self) -> usize {
        let succeeded =
            |(_, outcome): &&(Instant, Outcome)| matches!(outcome, Outcome::Succeeded { .. });
        self.ended.values().filter(succeeded).count()
    }

    /// The calls whose first attempt failed with this class, at the first provider.
    fn calls_failed(&self, class: FailureClass) -> Vec<u64> {
        let first = self.first.iter();
        let first = first.filter(|(_, (failed, provider))| *failed == class && *provider == 0);
        first.map(|(call, _)| *call).collect()
    }
}

const LOAD: &str = "{ arrivals: constant, rate: 1/s, prompt: 100 tok, output: 20 tok }";

const ONE_ATTEMPT: &str = "name: mine\nabout: One attempt.\n\
    retry: { max_attempts: 1, max_attempts_per_provider: 1 }\ntimeouts: { connect: 2s, attempt: \
        5s }\n";

fn scenario(run: &str, load: &str, faults: Vec<Fault>) -> Scenario {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drill.yaml");
    let text = format!(
        "name: drill\nabout: A test.\nrun: {run}\nload: {load}\nproviders:\n  \
         openai: {{ dialect: openai, model: gpt-4.1, ttft: 200ms, speed: 100 tok/s }}\n  \
         kimi: {{ dialect: openai, model: kimi-k2, ttft: 200ms, speed: 100 tok/s }}\n\
         policies: [no-failover]\n"
    );
    std::fs::write(&path, text).unwrap();
    let drill = Drill::load(path).unwrap_or_else(|problem| panic!("{problem}"));
    let mut scenario = drill.scenario().clone();
    scenario.faults = faults;
    scenario
}

fn run(scenario: &Scenario, policy: &str, seed: u64) -> Tally {
    let policy = Policy::parse("mine.yaml", policy).unwrap_or_else(|problem| panic!("{problem}"));
    let told = Arc::new(Told::default());
    firedrill::engine::run(scenario, &policy, seed, told.clone());
    told.0.lock().unwrap().clone()
}

/// One minute of a call per second, with one attempt each.
fn minute(faults: Vec<Fault>) -> Tally {
    let scenario = scenario("{ duration: 60s, seeds: 1..1 }", LOAD, faults);
    run(&scenario, ONE_ATTEMPT, 1)
}

fn fault(inject: FaultKind) -> Fault {
    Fault::new("fault", vec![ProviderId(0)], inject)
}

fn during(start: u64, length: u64, fault: Fault) -> Fault {
    let windows = Windows {
        at: Duration::from_secs(start),
        length: Some(Duration::from_secs(length)),
        every: None,
    };
    Fault { windows, ..fault }
}

#[test]
fn a_name_that_cannot_be_resolved_fails_new_connections_only() {
    let told = minute(vec![
        during(0, 10, fault(FaultKind::Dns)),
        during(20, 10, fault(FaultKind::Dns)),
    ]);
    // A call comes at each full second; the first at 1 s.
    let failed: Vec<u64> = (0..9).collect();
    assert_eq!(told.calls_failed(FailureClass::Connect), failed);
    assert_eq!(told.succeeded(), 51);
    assert_eq!(
        told.fired,
        BTreeMap::from([(0, 9)]),
        "kept ones need no name"
    );
    let (ended, _) = told.ended[&0];
    assert_eq!(ended.since(told.arrived[&0]), Duration::from_millis(1));
}

#[test]
fn refused_connections_leave_open_ones_alone() {
    let told = minute(vec![
        during(0, 10, fault(FaultKind::Refused)),
        during(20, 10, fault(FaultKind::Refused)),
    ]);
    let failed: Vec<u64> = (0..9).collect();
    assert_eq!(told.calls_failed(FailureClass::Connect), failed);
    assert_eq!(
        (told.succeeded(), told.fired),
        (51, BTreeMap::from([(0, 9)]))
    );
}

#[test]
fn a_share_of_connections_is_refused_and_it_is_always_the_same() {
    let refused = Fault {
        rate: Share::percent(30),
        ..fault(FaultKind::Refused)
    };
    // Closed after each answer, so that every call needs a connection of its own.
    let by = Duration::ZERO;
    let told = minute(vec![refused.clone(), fault(FaultKind::SlowClose { by })]);
    let failed = told.calls_failed(FailureClass::Connect);
    assert!((8..=30).contains(&failed.len()), "{failed:?}");
    assert_eq!(told.fired[&0], failed.len() as u64);
    let again = minute(vec![refused, fault(FaultKind::SlowClose { by })]);
    assert_eq!(told, again);
}

#[test]
fn a_tls_alert_is_no_answer() {
    let told = minute(vec![during(0, 10, fault(FaultKind::Tls))]);
    let failed: Vec<u64> = (0..9).collect();
    assert_eq!(
        told.calls_failed(FailureClass::Malformed),
        failed,
        "{:?}",
        told.failed
    );
    assert_eq!(
        (told.succeeded(), told.fired),
        (51, BTreeMap::from([(0, 9)]))
    );
}

#[test]
fn a_mute_connection_is_left_to_the_clients_patience() {
    let told = minute(vec![during(0, 10, fault(FaultKind::AcceptOnly))]);
    let failed: Vec<u64> = (0..9).collect();
    assert_eq!(told.calls_failed(FailureClass::TimeoutAttempt), failed);
    assert_eq!(
        (told.succeeded(), told.fired),
        (51, BTreeMap::from([(0, 9)]))
    );
    let (ended, _) = told.ended[&0];
    assert_eq!(ended.since(told.arrived[&0]), Duration::from_secs(5));
}

#[test]
fn a_connection_that_is_closed_before_a_byte_is_a_reset() {
    for with in [CloseMode::Rst, CloseMode::Fin] {
        let told = minute(vec![during(0, 10, fault(FaultKind::Closed(with)))]);
        let failed: Vec<u64> = (0..9).collect();
        assert_eq!(
            told.calls_failed(FailureClass::Reset),
            failed,
            "{with:?} {:?}",
            told.failed
        );
        assert_eq!(
            (told.succeeded(), told.fired),
            (51, BTreeMap::from([(0, 9)]))
        );
    }
}

#[test]
fn a_stale_connection_dies_under_the_next_request() {
    for with in [CloseMode::Rst, CloseMode::Fin] {
        let idle = Duration::from_secs(5);
        let load = "{ arrivals: constant, rate: 6/min, prompt: 100 tok, output: 20 tok }";
        let stale = fault(FaultKind::StaleKeepAlive { idle, with });
        let scenario = scenario("{ duration: 5m, seeds: 1..1 }", load, vec![stale]);
        let told = run(&scenario, ONE_ATTEMPT, 1);
        // A new connection answers one call, and is stale when the next one comes.
        let failed: Vec<u64> = (1..30).step_by(2).collect();
        assert_eq!(
            told.calls_failed(FailureClass::Reset),
            failed,
            "{with:?} {:?}",
            told.failed
        );
        assert_eq!(
            (told.succeeded(), told.fired),
            (15, BTreeMap::from([(0, 15)]))
        );
        assert_eq!(
            told.billed, 30,
            "what is not read is not billed: prompt and output, 15 times"
        );
    }
    let idle = Duration::from_secs(11);
    let told = minute(vec![fault(FaultKind::StaleKeepAlive {
        idle,
        with: CloseMode::Rst,
    })]);
    assert_eq!(
        (told.succeeded(), told.fired.len()),
        (60, 0),
        "a second idle is not stale"
    );
}

#[test]
fn a_slow_close_costs_connections_and_no_answers() {
    let by = Duration::from_secs(30);
    let told = minute(vec![fault(FaultKind::SlowClose { by })]);
    assert_eq!(
        (told.succeeded(), told.fired),
        (60, BTreeMap::from([(0, 60)]))
    );
    assert!(told.connections < 5, "{} connections", told.connections);
}

#[test]
fn a_group_goes_down_by_one_cause() {
    let two_attempts = ONE_ATTEMPT.replace("max_attempts: 1", "max_attempts: 2");
    let both = vec![ProviderId(0), ProviderId(1)];
    for (inject, class) in [
        (FaultKind::Outage, FailureClass::Connect),
        (FaultKind::Blackhole, FailureClass::TimeoutConnect),
        (FaultKind::Dns, FailureClass::Connect),
        (FaultKind::Refused, FailureClass::Connect),
    ] {
        let cloud = during(0, 10, Fault::new("cloud", both.clone(), inject));
        let scenario = scenario("{ duration: 60s, seeds: 1..1 }", LOAD, vec![cloud]);
        let told = run(&scenario, &two_attempts, 1);
        // Each call of the first ten seconds fails at both, except those that outlast a blackhole.
        assert_eq!(told.calls_failed(class).len(), 9, "{:?}", told.failed);
        assert!(
            (51..=53).contains(&told.succeeded()),
            "{}",
            told.succeeded()
        );
        let fired = told.fired[&0];
        assert!(
            (16..=18).contains(&fired),
            "{fired} times, twice for each call"
        );
    }
}

#[test]
fn a_group_shares_its_cause_in_every_layer() {
    let two_attempts = ONE_ATTEMPT.replace("max_attempts: 1", "max_attempts: 2");
    let both = vec![ProviderId(0), ProviderId(1)];
    let overloaded = FaultKind::Refuse {
        refusal: Refusal::of(Cause::Overloaded),
        billed: false,
        late: Duration::ZERO,
    };
    for (inject, class) in [
        (FaultKind::Closed(CloseMode::Rst), FailureClass::Reset),
        (FaultKind::EarlyFin, FailureClass::Reset),
        (overloaded, FailureClass::Overloaded),
        (
            FaultKind::Flaw(Flaw::Body(Body::Empty)),
            FailureClass::Malformed,
        ),
    ] {
        let cloud = during(0, 10, Fault::new("cloud", both.clone(), inject));
        let scenario = scenario("{ duration: 60s, seeds: 1..1 }", LOAD, vec![cloud]);
        let told = run(&scenario, &two_attempts, 1);
        let shown = format!("{class}: {:?} {:?}", told.failed, told.fired);
        assert_eq!(told.calls_failed(class).len(), 9, "{shown}");
        assert_eq!(told.failed, BTreeMap::from([(class, 18)]), "{shown}");
        assert_eq!(told.succeeded(), 51, "{shown}");
        assert_eq!(told.fired, BTreeMap::from([(0, 18)]), "{shown}");
    }
    // A factor of two loses no call: half of the calls are answered by the second.
    let away = during(0, 30, fault(FaultKind::Outage));
    let dear = Fault::new("dear", both, FaultKind::DoubleBilled);
    let scenario = scenario("{ duration: 60s, seeds: 1..1 }", LOAD, vec![away, dear]);
    let told = run(&scenario, &two_attempts, 1);
    assert_eq!(told.calls_failed(FailureClass::Connect).len(), 29);
    assert_eq!((told.succeeded(), told.fired[&1]), (60, 60));
    assert_eq!(told.billed, 60 * 4, "prompt and output, each twice");
}

#[test]
fn an_end_or_an_error_may_come_late_in_both_engines() {
    let after = |with| LateClose {
        silence: Duration::from_secs(3),
        with,
    };
    let late = |seconds| FaultKind::Refuse {
        refusal: Refusal::with_status(500),
        billed: false,
        late: Duration::from_secs(seconds),
    };
    let hang = |with| FaultKind::Hang {
        then: Some(after(with)),
    };
    let head = |with| FaultKind::HeadersOnly {
        then: Some(after(with)),
    };
    let attempt = FailureClass::TimeoutAttempt;
    for (inject, class, seconds) in [
        (hang(CloseMode::Fin), FailureClass::Reset, 3),
        (hang(CloseMode::Rst), FailureClass::Reset, 3),
        (head(CloseMode::Fin), FailureClass::Truncated, 3),
        (head(CloseMode::Rst), FailureClass::Reset, 3),
        (FaultKind::Hang { then: None }, attempt, 5),
        (late(0), FailureClass::ServerError, 0),
        (late(4), FailureClass::ServerError, 4),
        (late(6), attempt, 5),
    ] {
        let shown = format!("{inject:?}");
        let fault = during(10, 10, fault(inject));
        let scenario = scenario("{ duration: 60s, seeds: 1..1 }", LOAD, vec![fault]);
        let told = run(&scenario, ONE_ATTEMPT, 1);
        let failed = told.calls_failed(class);
        assert_eq!(failed, Vec::from_iter(9..19), "{shown}: {:?}", told.failed);
        for call in failed {
            let took = told.ended[&call].0.since(told.arrived[&call]);
            let late = took.saturating_sub(Duration::from_secs(seconds));
            assert!(took.as_secs() == seconds, "{shown}: {took:?}");
            assert!(late < Duration::from_millis(10), "{shown}: {took:?}");
        }
        let policy = Policy::parse("mine.yaml", ONE_ATTEMPT).unwrap();
        let both = compare_engines(&scenario, &policy, 1).unwrap();
        assert_eq!((both.agree, both.calls), (60, 60), "{shown}");
    }
}

#[test]
fn a_fault_of_so_many_times_strikes_the_first_exchanges_that_match_at_each_target() {
    let two_attempts = ONE_ATTEMPT.replace("max_attempts: 1", "max_attempts: 2");
    let both = vec![ProviderId(0), ProviderId(1)];
    for (inject, class) in [
        (FaultKind::EarlyFin, FailureClass::Reset),
        (
            FaultKind::Flaw(Flaw::Body(Body::Empty)),
            FailureClass::Malformed,
        ),
    ] {
        let thrice = Fault {
            times: Some(3),
            ..during(10, 30, Fault::new("thrice", both.clone(), inject))
        };
        let scenario = scenario("{ duration: 60s, seeds: 1..1 }", LOAD, vec![thrice]);
        let told = run(&scenario, &two_attempts, 1);
        assert_eq!(told.calls_failed(class), [9, 10, 11], "{:?}", told.failed);
        assert_eq!((told.succeeded(), told.fired[&0]), (57, 6));
    }
}

/// A fault with its draws under a seed, as the first of its scenario.
fn drawn(fault: &Fault, seed: u64) -> SeededFault {
    let faults = std::slice::from_ref(fault);
    SeededFault::all(faults, RngStreams::new(seed)).remove(0)
}

#[test]
fn an_outage_in_bursts_is_one_only_while_a_burst_is_on() {
    let bursts = Burst {
        on: Duration::from_secs(10),
        off: Duration::from_secs(20),
        rate_off: Share::ZERO,
    };
    for (inject, class) in [
        (FaultKind::Outage, FailureClass::Connect),
        (FaultKind::Blackhole, FailureClass::TimeoutConnect),
    ] {
        let flaps = Fault {
            burst: Some(bursts),
            ..during(60, 300, fault(inject))
        };
        let scenario = scenario("{ duration: 10m, seeds: 1..1 }", LOAD, vec![flaps.clone()]);
        let told = run(&scenario, ONE_ATTEMPT, 3);
        let flaps = drawn(&flaps, 3);
        let struck = told.calls_failed(class);
        for (call, arrived) in &told.arrived {
            let (ended, outcome) = told.ended[call];
            let next = flaps.at_or_after(*arrived);
            if struck.contains(call) {
                assert!(flaps.covers(*arrived), "{class}: #{call}");
            } else if next.is_none_or(|(start, _)| ended < start) {
                let succeeded = matches!(outcome, Outcome::Succeeded { .. });
                assert!(succeeded, "{class}: #{call} {outcome:?}");
            }
        }
        assert!(
            (30..200).contains(&struck.len()),
            "{class}: {}",
            struck.len()
        );
        assert!(told.fired[&0] >= struck.len() as u64, "{:?}", told.fired);
    }
}

#[test]
fn a_fault_that_does_not_happen_under_a_seed_does_nothing_under_it() {
    let rare = Fault {
        chance: Share::percent(1),
        ..during(10, 20, fault(FaultKind::Outage))
    };
    let happens = |seed: u64| drawn(&rare, seed).covers(Instant::from_nanos(10_000_000_000));
    let lucky = (1..).find(|seed| !happens(*seed)).unwrap();
    let unlucky = (1..).find(|seed| happens(*seed)).unwrap();
    let run_time = "{ duration: 60s, seeds: 1..1 }";
    let calm = run(&scenario(run_time, LOAD, Vec::new()), ONE_ATTEMPT, lucky);
    for inject in [
        FaultKind::Outage,
        FaultKind::Blackhole,
        FaultKind::Dns,
        FaultKind::Refused,
        FaultKind::Tls,
        FaultKind::AcceptOnly,
        FaultKind::Closed(CloseMode::Fin),
        FaultKind::SlowClose {
            by: Duration::from_secs(1),
        },
        FaultKind::ClientPause,
    ] {
        let rare = Fault {
            inject: inject.clone(),
            ..rare.clone()
        };
        // Each call needs a connection of its own, from a name that is looked up.
        let by = Duration::ZERO;
        let faults = vec![rare, fault(FaultKind::SlowClose { by })];
        let under = |seed| run(&scenario(run_time, LOAD, faults.clone()), ONE_ATTEMPT, seed);
        let told = under(lucky);
        assert_eq!(told.fired.get(&0), None, "{inject:?}");
        assert_eq!(
            (told.succeeded(), told.billed),
            (60, calm.billed),
            "{inject:?}"
        );
        assert!(under(unlucky).fired[&0] >= 1, "{inject:?}");
    }
}

#[test]
fn connections_are_refused_more_often_as_a_fault_grows_and_fades() {
    let length = Duration::from_secs(600);
    let fades = Fault {
        ramp: Some(Ramp {
            up: length,
            down: Duration::ZERO,
            shape: Shape::Linear,
        }),
        recovery: Some(Recovery {
            over: length,
            shape: Shape::Linear,
        }),
        ..during(0, 600, fault(FaultKind::Closed(CloseMode::Rst)))
    };
    let by = Duration::ZERO;
    let faults = vec![fades, fault(FaultKind::SlowClose { by })];
    let scenario = scenario("{ duration: 30m, seeds: 1..1 }", LOAD, faults);
    let told = run(&scenario, ONE_ATTEMPT, 1);
    let failed = told.calls_failed(FailureClass::Reset);
    let within = |from: u64, to: u64| {
        failed
            .iter()
            .filter(|call| (from..to).contains(call))
            .count()
    };
    let thirds = [0, 200, 400, 600, 800, 1_000, 1_200].map(|from| within(from, from + 200));
    // A sixth, a half and five sixths of two hundred, give or take three deviations.
    for (found, expected) in thirds.into_iter().zip([33, 100, 167, 167, 100, 33, 0]) {
        assert!(found.abs_diff(expected) <= expected.min(22), "{thirds:?}");
    }
    assert_eq!(told.fired[&0], failed.len() as u64);
}

#[test]
fn a_frozen_client_keeps_its_users_waiting() {
    let told = minute(vec![during(10, 20, fault(FaultKind::ClientPause))]);
    assert_eq!(
        (told.succeeded(), told.fired),
        (60, BTreeMap::from([(0, 1)]))
    );
    for call in 0..60 {
        let arrived = told.arrived[&call];
        assert_eq!(arrived, Instant::from_nanos((call + 1) * 1_000_000_000));
        let (ended, _) = told.ended[&call];
        let thawed = Instant::from_nanos(30_000_000_000);
        // Call 8 comes at 9 s, call 9 at the very time at which the process freezes.
        if (9..29).contains(&call) {
            assert!(ended >= thawed, "#{call} ended at {ended}");
        } else {
            assert!(ended.since(arrived) < Duration::from_secs(1), "#{call}");
        }
    }
}

#[test]
fn a_client_that_is_frozen_for_good_leaves_its_calls_unfinished() {
    let frozen = Fault {
        windows: Windows {
            at: Duration::from_millis(30_500),
            length: None,
            every: None,
        },
        ..fault(FaultKind::ClientPause)
    };
    let told = minute(vec![frozen]);
    assert_eq!(told.succeeded(), 30);
    let unfinished = (FailureReason::Unfinished, 30);
    let found = told.ended.values();
    let found = found.filter(|(_, outcome)| *outcome == Outcome::Failed(unfinished.0));
    assert_eq!(found.count(), unfinished.1);
}

#[test]
fn an_answer_waits_for_a_frozen_client() {
    // The call of 1 s is in flight when its process freezes; its timeout is over when it thaws, but
    // so is the latency of the answer.
    let load = "{ arrivals: constant, rate: 1/min, prompt: 100 tok, output: 100 tok }";
    let frozen = Fault {
        windows: Windows {
            at: Duration::from_millis(60_500),
            length: Some(Duration::from_secs(3)),
            every: None,
        },
        ..fault(FaultKind::ClientPause)
    };
    let scenario = scenario("{ duration: 1m, seeds: 1..1 }", load, vec![frozen]);
    let told = run(&scenario, ONE_ATTEMPT, 1);
    assert_eq!(told.succeeded(), 1, "{:?}", told.failed);
    let (ended, _) = told.ended[&0];
    assert_eq!(ended, Instant::from_nanos(63_500_000_000));
}

#[test]
fn faults_of_connections_leave_no_connection_behind() {
    let share = |inject| Fault {
        rate: Share::percent(5),
        ..fault(inject)
    };
    let idle = Duration::from_secs(2);
    let by = Duration::from_secs(3);
    let faults = vec![
        share(FaultKind::Dns),
        share(FaultKind::Refused),
        share(FaultKind::Tls),
        share(FaultKind::AcceptOnly),
        share(FaultKind::Closed(CloseMode::Rst)),
        share(FaultKind::Closed(CloseMode::Fin)),
        share(FaultKind::StaleKeepAlive {
            idle,
            with: CloseMode::Rst,
        }),
        share(FaultKind::StaleKeepAlive {
            idle,
            with: CloseMode::Fin,
        }),
        Fault {
            rate: Share::percent(50),
            ..fault(FaultKind::SlowClose { by })
        },
    ];
    let count = faults.len();
    let load = "{ arrivals: poisson, rate: 30/min, prompt: 9 tok, output: 60 tok, stream: 50% }";
    let scenario = scenario("{ duration: 6h, seeds: 1..1 }", load, faults);
    let policy = ONE_ATTEMPT.replace(
        "max_attempts: 1, max_attempts_per_provider: 1",
        "max_attempts: 3, max_attempts_per_provider: 3",
    );
    let told = run(&scenario, &policy, 1);
    assert!(told.arrived.len() > 10_000);
    assert_eq!(told.fired.len(), count, "{:?}", told.fired);
    assert!(told.connections < 15, "{} connections", told.connections);
}

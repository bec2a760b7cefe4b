//! Claims about whole exchanges. Claims about one decision are in its own file.
//!
//! Here: correct answers, streams that are cut or stall, and the rig. `verdict`: exchanges without
//! an answer; `timing`: when it is sent; `state`: faults of the provider itself; `spoil`: its
//! content; `money`: bills; `any`: properties under any set of faults.

mod answer;
mod any;
mod bytes;
mod money;
mod spoil;
mod state;
mod timing;
mod verdict;

use answer::Answer;
use serde_json::Value;

use super::*;
use crate::prices::Price;
use crate::scenario::fault::{CloseMode, Fault, FaultKind};
use crate::scenario::{
    Arrivals, Calls, Dialect, Limit, Limits, Load, Network, Quantiles, Run, Scenario, Span, Task,
    Uptime,
};
use crate::units::{Factor, Money, Rate, Share, TokenRate};

#[test]
fn a_plain_answer_comes_whole_after_think_time_and_generation() {
    let (played, bytes) = play(&mut provider(&[]), &request(false, 300));
    assert_eq!(
        played,
        [
            (0, Done::Billed(900, 0)),
            (3_600, Done::Billed(0, 300)),
            (3_600, Done::Answered),
            (3_600, Done::Write)
        ]
    );
    let answer = Answer::read(&bytes);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.fields["content-type"], "application/json");
    assert_eq!(answer.fields["openai-processing-ms"], "3600");
    assert!(!answer.fields.contains_key("date"));
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["object"], "chat.completion");
    assert_eq!(body["choices"][0]["message"]["content"], "300 tok");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!(body["usage"]["prompt_tokens"], 900);
    assert_eq!(body["usage"]["completion_tokens"], 300);
    assert_eq!(body["usage"]["total_tokens"], 1_200);
}

#[test]
fn a_stream_leaves_in_writes_and_ends_in_order() {
    let (played, bytes) = play(&mut provider(&[]), &request(true, 300));
    let writes: Vec<u64> = moments(&played, &Done::Write);
    // The last comes when its last token is due.
    let whole = (0..30).map(|k| 600 + k * 100).chain([3_590]);
    assert_eq!(writes, Vec::from_iter(whole));
    assert_eq!(played[0], (0, Done::Billed(900, 0)));
    let end = [
        (3_590, Done::Billed(0, 300)),
        (3_590, Done::Answered),
        (3_590, Done::Write),
    ];
    assert_eq!(played[played.len() - 3..], end);
    let answer = Answer::read(&bytes);
    assert_eq!(
        answer.fields["content-type"],
        "text/event-stream; charset=utf-8"
    );
    assert!(answer.is_terminated);
    let events = answer.events();
    assert_eq!(events.last(), Some(&"[DONE]"));
    let chunks: Vec<Value> = events[..events.len() - 1]
        .iter()
        .map(|event| serde_json::from_str(event).unwrap())
        .collect();
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    let (finish, usage) = (&chunks[chunks.len() - 2], &chunks[chunks.len() - 1]);
    assert_eq!(finish["choices"][0]["finish_reason"], "stop");
    assert_eq!(usage["choices"], Value::Array(vec![]));
    assert_eq!(usage["usage"]["total_tokens"], 1_200);
    assert_eq!(answer.tokens(), 300);
}

#[test]
fn a_cut_delivers_and_bills_exactly_its_tokens() {
    for (with, last) in [(CloseMode::Rst, Done::Rst), (CloseMode::Fin, Done::Fin)] {
        let cut = cut(25, with);
        let (played, bytes) = play(&mut provider(&[cut]), &request(true, 300));
        assert_eq!(played[0], (0, Done::Fired(0)));
        let end = [
            (840, Done::Billed(0, 25)),
            (840, Done::Write),
            (840, last.clone()),
        ];
        assert_eq!(played[played.len() - 3..], end);
        let answer = Answer::read(&bytes);
        assert_eq!(answer.tokens(), 25);
        assert!(!answer.is_terminated);
    }
}

#[test]
fn a_cut_before_the_first_token_shows_a_head_and_bills_no_output() {
    let cut = cut(0, CloseMode::Fin);
    let (played, bytes) = play(&mut provider(&[cut]), &request(true, 300));
    assert_eq!(
        played[1..],
        [
            (0, Done::Billed(900, 0)),
            (600, Done::Write),
            (600, Done::Fin)
        ]
    );
    assert_eq!(Answer::read(&bytes).tokens(), 0);
}

#[test]
fn a_stall_moves_the_rest_of_the_stream() {
    let stall = stall(25, Duration::from_secs(5));
    let (played, bytes) = play(&mut provider(&[stall]), &request(true, 40));
    let writes = moments(&played, &Done::Write);
    assert_eq!(writes, [600, 700, 800, 840, 5_900, 5_990]);
    assert_eq!(Answer::read(&bytes).tokens(), 40);
}

#[test]
fn cuts_and_stalls_strike_only_streams_that_are_long_enough() {
    let faults = [cut(25, CloseMode::Rst), stall(25, Duration::from_secs(5))];
    for request in [request(false, 300), request(true, 24)] {
        let (spoilt, _) = play(&mut provider(&faults), &request);
        assert_eq!(spoilt, play(&mut provider(&[]), &request).0);
    }
}

#[test]
fn what_an_earlier_cut_hides_has_not_struck() {
    let cut = |after| cut(after, CloseMode::Rst);
    let stall = |after| stall(after, Duration::from_secs(1));
    let faults = [cut(30), stall(20), stall(10), cut(20), cut(20)];
    let (played, bytes) = play(&mut provider(&faults), &request(true, 300));
    let fired = [(0, Done::Fired(2)), (0, Done::Fired(3))];
    assert_eq!(played[..2], fired);
    assert_eq!(played[2], (0, Done::Billed(900, 0)));
    assert_eq!(played.last(), Some(&(1_790, Done::Rst)));
    assert_eq!(Answer::read(&bytes).tokens(), 20);
}

#[test]
fn slowness_multiplies_think_time_and_gaps() {
    let faults = [slow(2_000), slow(1_500)];
    let (played, _) = play(&mut provider(&faults), &request(false, 100));
    let fired = [(0, Done::Fired(0)), (0, Done::Fired(1))];
    assert_eq!(played[..2], fired);
    assert_eq!(played.last(), Some(&(3 * 600 + 3 * 1_000, Done::Write)));
    let (played, _) = play(&mut provider(&faults), &request(true, 3));
    assert_eq!(moments(&played, &Done::Write), [1_800, 1_860]);
}

#[test]
fn the_first_fault_that_decides_is_the_only_one_that_strikes() {
    let status = refuse(Refusal::with_status(503));
    let slow = slow(2_000);
    let request = request(true, 300);
    let struck = |faults: &[FaultKind]| play(&mut provider(faults), &request);
    let (played, bytes) = struck(&[slow.clone(), status.clone(), FaultKind::Hang { then: None }]);
    assert_eq!(played, [(0, Done::Fired(1)), (0, Done::Write)]);
    assert_eq!(Answer::read(&bytes).status, 503);
    let (played, _) = struck(&[FaultKind::Hang { then: None }, status.clone()]);
    assert_eq!(played, [(0, Done::Fired(0)), (0, Done::Silence)]);
    let (played, _) = struck(&[FaultKind::Reset, status]);
    assert_eq!(played, [(0, Done::Fired(0)), (0, Done::Rst)]);
}

#[test]
fn faults_of_the_network_and_of_others_are_not_ours() {
    let mut scenario = scenario(&[
        FaultKind::Outage,
        FaultKind::Blackhole,
        FaultKind::Hang { then: None },
    ]);
    scenario.faults[2].targets = vec![ProviderId(1)];
    let mut provider = Provider::new(&scenario, ProviderId(0), RngStreams::new(1));
    assert_eq!(play(&mut provider, &request(false, 1)).0.len(), 4);
}

#[test]
fn over_the_limit_is_429_with_hints_that_hold() {
    let mut scenario = scenario(&[]);
    scenario.providers[0].limits.requests = vec![per_minute(7)];
    let mut provider = Provider::new(&scenario, ProviderId(0), RngStreams::new(1));
    for remaining in (0..7).rev() {
        let (_, bytes) = play(&mut provider, &request(false, 1));
        let fields = Answer::read(&bytes).fields;
        assert_eq!(fields["x-ratelimit-limit-requests"], "7");
        assert_eq!(
            fields["x-ratelimit-remaining-requests"],
            remaining.to_string()
        );
    }
    let (played, bytes) = play(&mut provider, &request(true, 300));
    assert_eq!(played, [(0, Done::Write)]);
    let answer = Answer::read(&bytes);
    assert_eq!(answer.status, 429);
    for (name, value) in [
        ("retry-after", "9"),
        ("retry-after-ms", "8572"),
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "1m0s"),
    ] {
        assert_eq!(answer.fields[name], value, "{name}");
    }
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["error"]["code"], "rate_limit_exceeded");
    let later = NOW + Duration::from_millis(8_572);
    let exchange = provider.on_request(later, &request(false, 1));
    assert_eq!(exchange.count(), 4);
}

#[test]
fn what_a_fault_refuses_takes_nothing_from_the_limit() {
    let refusing = refuse(Refusal::with_status(429).after(Duration::from_secs(20)));
    let mut scenario = scenario(&[refusing]);
    scenario.providers[0].limits.requests = vec![per_minute(1)];
    scenario.faults[0].windows.length = Some(Duration::from_secs(10));
    let mut provider = Provider::new(&scenario, ProviderId(0), RngStreams::new(1));
    let (_, bytes) = play(&mut provider, &request(false, 1));
    let fields = Answer::read(&bytes).fields;
    assert_eq!(fields["retry-after"], "20");
    assert_eq!(fields["x-ratelimit-remaining-requests"], "0");
    assert_eq!(fields["x-ratelimit-reset-requests"], "20s");
    let after = Instant::from_nanos(10_000_000_000);
    let exchange = provider.on_request(after, &request(false, 1));
    assert_eq!(exchange.count(), 4);
}

#[test]
fn think_time_is_a_draw_of_the_call_less_the_round_trip() {
    let mut scenario = scenario(&[]);
    scenario.providers[0].ttft.p99 = Duration::from_secs(3);
    let first = |call, nth, one_way| {
        let mut scenario = scenario.clone();
        scenario.providers[0].one_way = Duration::from_millis(one_way);
        let mut provider = Provider::new(&scenario, ProviderId(0), RngStreams::new(1));
        let request = Request {
            call: CallId(call),
            nth,
            ..request(true, 1)
        };
        moments(&play(&mut provider, &request).0, &Done::Write)[0]
    };
    assert_eq!(first(1, 0, 1), first(1, 0, 1));
    assert_eq!(first(1, 0, 1), first(1, 0, 101) + 200);
    assert_eq!(first(1, 0, 1_000_000), 0);
    assert_ne!(first(1, 0, 1), first(1, 1, 1));
    assert_ne!(first(1, 0, 1), first(2, 0, 1));
}

#[test]
fn moments_are_whole_milliseconds() {
    let late = NOW + Duration::from_nanos(1);
    for (at, _) in provider(&[]).on_request(late, &request(true, 30)) {
        assert_eq!(at.as_nanos() % 1_000_000, 0);
        assert!(at > late);
    }
}

fn refuse(refusal: Refusal) -> FaultKind {
    FaultKind::Refuse {
        refusal,
        billed: false,
        late: Duration::ZERO,
    }
}

fn slow(factor_milli: u64) -> FaultKind {
    FaultKind::Slow {
        factor: Factor::milli(factor_milli),
        what: scenario::fault::SlowPart::All,
    }
}

fn cut(after: u64, with: CloseMode) -> FaultKind {
    FaultKind::StreamCut {
        after,
        with,
        inside: None,
    }
}

fn stall(after: u64, length: Duration) -> FaultKind {
    FaultKind::Stall {
        after,
        length,
        then: None,
    }
}

fn per_minute(count: u64) -> Limit {
    Limit {
        count,
        per: Duration::from_secs(60),
        span: Span::Bucket,
    }
}

/// An action without its bytes.
#[derive(Clone, Debug, PartialEq)]
enum Done {
    Write,
    Fin,
    Rst,
    Silence,
    Billed(u64, u64),
    Answered,
    Fired(u16),
}

impl Done {
    fn output(&self) -> u64 {
        match self {
            Self::Billed(_, output) => *output,
            _ => 0,
        }
    }
}

/// Runs a request at [`NOW`]: the actions with their offsets in milliseconds, and all bytes.
fn play(provider: &mut Provider, request: &Request) -> (Vec<(u64, Done)>, Vec<u8>) {
    done(provider.on_request(NOW, request))
}

/// Runs an exchange that began at [`NOW`].
fn done(exchange: Exchange) -> (Vec<(u64, Done)>, Vec<u8>) {
    let mut bytes = Vec::new();
    let played = exchange.map(|(at, action)| {
        let done = match action {
            Action::Write(written) => {
                assert!((1..2_048).contains(&written.len()));
                bytes.extend_from_slice(&written);
                Done::Write
            }
            Action::Fin => Done::Fin,
            Action::Rst => Done::Rst,
            Action::Silence => Done::Silence,
            Action::Billed(bill) => Done::Billed(bill.input, bill.output),
            Action::Answered => Done::Answered,
            Action::Fired(fault) => Done::Fired(fault.0),
        };
        (nanos(at.since(NOW)) / 1_000_000, done)
    });
    (played.collect(), bytes)
}

fn moments(played: &[(u64, Done)], which: &Done) -> Vec<u64> {
    let such = played.iter().filter(|(_, done)| done == which);
    such.map(|(at, _)| *at).collect()
}

fn request(streamed: bool, output: u64) -> Request {
    let tokens = Tokens {
        input: 900,
        output,
        is_cut: false,
        prefix: None,
    };
    Request::new(CallId(42), 0, streamed, tokens)
}

/// 100 tok/s after 600 ms, without a limit.
fn provider(faults: &[FaultKind]) -> Provider {
    Provider::new(&scenario(faults), ProviderId(0), RngStreams::new(1))
}

fn scenario(faults: &[FaultKind]) -> Scenario {
    let ttft = Duration::from_millis(602);
    let provider = scenario::Provider {
        name: "primary".into(),
        dialect: Dialect::Openai,
        model: "gpt-4.1".into(),
        ttft: Quantiles {
            p50: ttft,
            p99: ttft,
        },
        speed: Quantiles {
            p50: TokenRate::per_second(100),
            p99: TokenRate::per_second(100),
        },
        limits: Limits::default(),
        one_way: Duration::from_millis(1),
        price: Price {
            input: Money::ZERO,
            output: Money::ZERO,
            cached: Money::ZERO,
            source: String::new(),
        },
        capacity: None,
        cache: None,
        context: None,
        quality: None,
        key_count: 1,
    };
    Scenario {
        name: "test".into(),
        about: String::new(),
        run: Run {
            duration: Duration::from_secs(60),
            seeds: 1..=1,
            drain: Duration::from_secs(60),
        },
        network: Network {
            one_way: Duration::from_millis(1),
        },
        providers: vec![provider],
        load: no_load(),
        faults: faults.iter().map(always).collect(),
        alerts: Vec::new(),
        operations: Vec::new(),
        policies: Vec::new(),
        expect: Vec::new(),
        margins: Vec::new(),
        uptime: Uptime {
            window: Duration::from_secs(10),
            down_above: Share::percent(5),
        },
    }
}

fn no_load() -> Load {
    let rate = Rate {
        count_nano: 1_000_000_000,
        per: Duration::from_secs(1),
    };
    let one = Some(Quantiles { p50: 1, p99: 1 });
    Load {
        calls: Calls::Drawn {
            arrivals: Arrivals::Constant,
            rate: rate.into(),
        },
        common: Task {
            prompt: one,
            output: one,
            ..Task::default()
        },
        tasks: Vec::new(),
        user_retry: None,
        clients: 1,
    }
}

fn always(inject: &FaultKind) -> Fault {
    Fault::new("fault", vec![ProviderId(0)], inject.clone())
}

const NOW: Instant = Instant::from_nanos(5_000_000_000);

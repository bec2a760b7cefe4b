//! Random cases: a scenario and a policy, as their files would have them, and a seed.

use std::fmt;

use firedrill::scenario::Dialect;
use firedrill::scenario::catalogue::{KEYS, ROWS, Row, STATUS, Scope};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// The inputs of one run.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) scenario: String,
    pub(crate) policy: String,
    pub(crate) seed: u64,
    /// Providers whose answers are wrong in a way that no client can see.
    pub(crate) deceiving: Vec<usize>,
    /// Whether client processes are paused for a while.
    pub(crate) freezes: bool,
    /// Whether users click again, so that calls are abandoned.
    pub(crate) is_impatient: bool,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            scenario,
            policy,
            seed,
            ..
        } = self;
        write!(f, "--- seed {seed}\n{scenario}--- mine.yaml\n{policy}")
    }
}

/// Shown as its files.
impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let providers = prop::collection::vec(provider(), 2..=4);
    let faults = prop::collection::vec(fault(), 0..6);
    let operations = prop::option::weighted(0.2, operation());
    (
        providers,
        faults,
        load(),
        operations,
        policy(),
        1..1_000_u64,
    )
        .prop_map(|(providers, faults, load, operation, policy, seed)| {
            let count = providers.len();
            let mut case = Case {
                scenario: String::from(
                    "name: drill\nrun: { duration: 20s, drain: 3m }\nproviders:\n",
                ),
                policy,
                seed,
                deceiving: Vec::new(),
                freezes: false,
                is_impatient: load.contains("patience"),
            };
            for (number, provider) in providers.iter().enumerate() {
                case.scenario += &format!("  p{number}: {{ {provider} }}\n");
            }
            case.scenario += &format!("load: {{ {load} }}\nfaults:\n");
            for (number, fault) in faults.iter().enumerate() {
                case.add(number, fault, count);
            }
            if faults.is_empty() {
                case.scenario
                    .truncate(case.scenario.len() - "faults:\n".len());
            }
            if let Some((what, target)) = operation {
                let target = target.index(count);
                case.scenario +=
                    &format!("operations: {{ o: {{ at: 5s, for: 8s, {what}: p{target} }} }}\n");
            }
            case.scenario += "policies: [mine]\n";
            case
        })
}

/// A fault as drawn, before the number of providers is known.
#[derive(Clone, Debug)]
struct Drawn {
    row: &'static Row,
    status: u16,
    target: Index,
    options: Vec<bool>,
    time: &'static str,
    rate: &'static str,
}

impl Case {
    fn add(&mut self, number: usize, fault: &Drawn, providers: usize) {
        let Drawn { row, status, .. } = fault;
        let word = match row.word {
            word if word == STATUS.word => status.to_string(),
            word => word.to_owned(),
        };
        let mut keys = vec![format!("inject: {word}")];
        if row.reach == Scope::Client {
            self.freezes = true;
            keys.push("at: 5s, for: 3s".to_owned());
        } else {
            let target = fault.target.index(providers);
            keys.push(format!("target: p{target}{}", fault.time));
            if DECEIVING.contains(&row.word) {
                self.deceiving.push(target);
            }
        }
        if row.reach == Scope::Attempts {
            keys.push(format!("rate: {}", fault.rate));
        }
        keys.extend(row.required().map(said));
        let optional = row.optional().zip(&fault.options);
        let chosen = optional.filter(|(_, chosen)| **chosen);
        let chosen = Vec::from_iter(chosen.map(|(key, _)| key));
        let needed = Vec::from_iter(row.required());
        let goes = |key: &&&str| match **key {
            // Neither goes without the other.
            "silence" => chosen.contains(&"then"),
            "then" => chosen.contains(&"silence") || needed.contains(&"silence"),
            "hint" => chosen.contains(&"retry_after"),
            "inside" => !chosen.contains(&"with"),
            _ => true,
        };
        keys.extend(chosen.iter().filter(goes).map(|key| said(key)));
        self.scenario += &format!("  f{number}: {{ {} }}\n", keys.join(", "));
    }
}

/// A key with a value that has an effect within a short run.
fn said(key: &str) -> String {
    let value = match key {
        "idle" => "2s",
        "retry_after" => "2s",
        "silence" => "8s",
        "by" => "4s",
        "after" => "7 tok",
        key => {
            let known = KEYS.iter().find(|known| known.name == key);
            known.expect("every key is described").example
        }
    };
    format!("{key}: {value}")
}

fn fault() -> impl Strategy<Value = Drawn> {
    let rows: Vec<&'static Row> = ROWS.iter().chain([&STATUS]).collect();
    let options = prop::collection::vec(prop::bool::weighted(0.4), 6);
    let times = select(["", ", at: 4s", ", at: 6s, for: 6s", ", for: 2s, every: 5s"].as_slice());
    let rates = select(["100%", "60%", "20%"].as_slice());
    let statuses = select([400_u16, 401, 403, 404, 429, 500, 502, 503, 529].as_slice());
    (
        select(rows),
        statuses,
        any::<Index>(),
        options,
        times,
        rates,
    )
        .prop_map(|(row, status, target, options, time, rate)| Drawn {
            row,
            status,
            target,
            options,
            time,
            rate,
        })
}

fn operation() -> impl Strategy<Value = (&'static str, Index)> {
    (select(["pin", "isolate"].as_slice()), any::<Index>())
}

fn provider() -> impl Strategy<Value = String> {
    let dialects = select(Dialect::ALL.as_slice());
    let pace = select(
        [
            "ttft: 300ms, speed: 100 tok/s",
            "ttft: { p50: 400ms, p99: 4s }, speed: 30 tok/s",
        ]
        .as_slice(),
    );
    let more = lines(&[
        &["", "limits: { rpm: 120 }", "limits: { rpm: 20 }"],
        &[
            "",
            "capacity: { slots: 8, queue: 2, slowdown: 1.5 }",
            "capacity: { slots: 2 }",
        ],
        &["", "cache: { ttl: 5m }"],
        &["", "context: 600 tok", "context: 4k tok"],
        &["", "keys: 2", "keys: 3"],
        &["", "quality: 40", "quality: 90"],
    ]);
    (dialects, pace, 1..9_u32, more).prop_map(|(dialect, pace, price, more)| {
        let name = dialect.name();
        let price = format!("price: {{ input: {price} USD, output: {} USD }}", 2 * price);
        let all = format!("dialect: {name}, model: gpt-4.1, {pace}, {price}");
        [vec![all], more].concat().join(", ")
    })
}

fn load() -> impl Strategy<Value = String> {
    let more = lines(&[
        &["rate: 1/s", "rate: 3/s", "rate: 6/s"],
        &["arrivals: poisson", "arrivals: constant"],
        &["prompt: 400 tok", "prompt: { p50: 300 tok, p99: 3k tok }"],
        &["output: 40 tok", "output: { p50: 30 tok, p99: 200 tok }"],
        &["stream: 0%", "stream: 100%", "stream: 60%"],
        &[
            "",
            "deadline: 20s",
            "deadline: 6s",
            "deadline: 1s",
            "deadline: none",
        ],
        &["", "", "patience: 2s, user_retry: { at_most: 2 }"],
        &["", "clients: 2"],
    ]);
    let whole = select(["", ", whole: 50%"].as_slice());
    (more, whole).prop_map(|(more, whole)| {
        let all = more.join(", ");
        match all.contains("stream: 0%") {
            true => all,
            false => all + whole,
        }
    })
}

/// A policy with every mechanism on or off, in one of a few ways.
#[rustfmt::skip]
fn policy() -> impl Strategy<Value = String> {
    let retry = (2..7_u32, 1..5_u32, lines(&[
        &["backoff: { base: 200ms, max: 2s }", "backoff: { base: 1s, jitter: none }",
          "backoff: { base: 100ms, max: 4s, jitter: decorrelated }"],
        &["", "budget: { ratio: 20%, reserve: 1/s }", "budget: { ratio: 0%, reserve: 1/s }"],
        &["", "max_retries_by_class: { rate_limited: 1, timeout: 1 }"],
    ]));
    let sections = lines(&[
        &["", "route: { strategy: round_robin, affinity: session }",
        "route: { strategy: cheapest, small_context: skip }",
          "route: { strategy: least_latency }", "route: { strategy: balanced, panic_threshold: \
              50% }",
          "route: { strategy: score, slow_start: { window: 5s } }", "route: { strategy: quality }",
          "route: { strategy: weighted, slow_start: {} }"],
        &["", "hints: { retry_after: ignore, should_retry: ignore }",
          "hints: { max: 5s, jitter: 50% }", "hints: { max: 1s, above_max: stop }"],
        &["timeouts: { connect: 1s, first_token: 3s, idle: 2s, attempt: 10s, call: 15s }",
          "timeouts: { connect: 2s, first_token: 1s, attempt: 5s }",
          "timeouts: { attempt: 8s }", "timeouts: { call: 5s }", ""],
        &["", "streams: { prebuffer: 16 tok, prebuffer_timeout: 2s }",
          "streams: { min_speed: 20 tok/s, min_speed_window: 2s }"],
        &["", "breaker: {}", "breaker: { consecutive_failures: 2, open: { initial: 2s, factor: 2, \
            max: 8s } }",
          "breaker: { consecutive_failures: none, min_success_rate: 60%, min_attempts: 4, window: \
              10s, probe_timeout: 2s, \
           open: { initial: 1s, jitter: equal, hint: honour } }",
          "breaker: { slow_call: 1s, max_slow_rate: 50%, min_attempts: 3, max_probes: 2, \
              success_threshold: 2, count_slow: in_flight, \
           open: { initial: 2s } }"],
        &["", "outlier: { interval: 3s, min: 3, base_ejection_time: 4s, latency_factor: 3 }"],
        &["", "health_check: { interval: 2s, timeout: 1s, targets: all }",
          "health_check: { interval: 2s, timeout: 1s, targets: refused, unhealthy_threshold: 1 }"],
        &["", "hedge: { delay: 300ms, budget: 100%, max_hedges: 2 }",
          "hedge: { delay: p90, budget: 20%, min_samples: 5 }"],
        &["", "", "limit: { rpm: 200 }", "limit: { concurrency: 2, when_full: wait }",
          "limit: { adaptive: { min: 1, start: 2 }, tpm: 60000 }"],
        &["", "", "throttle: { window: 10s }"],
        &["", "", "queue: { max_calls: 8, max_wait: 3s }", "queue: { max_calls: 1, max_wait: 1s }",
          "queue: { max_calls: 8, max_wait: 4s, when_unavailable: wait }"],
        &["", "", "", "spend: { max: 1 USD }", "spend: { max: 0.01 USD, per: 1m }"],
        &["", "failures: { auth: rotate_key, quota: rotate_key, rate_limited: rotate_key }",
          "failures: { context_too_long: larger_model, server_error: stop, auth: stop }",
          "failures: { timeout: fallback, rate_limited: fallback, malformed: stop }"],
        &["", "", "", "overrides: { by_position: [ { max_attempts_per_provider: 1 }, \
              { priority_group: 1, weight: 3 } ] }"],
    ]);
    (retry, sections).prop_map(|((attempts, per_provider, more), sections)| {
        let retry = format!("max_attempts: {attempts}, max_attempts_per_provider: {per_provider}");
        let retry = [vec![retry], more].concat().join(", ");
        let sections = sections.join("\n");
        format!("name: mine\nretry: {{ {retry} }}\n{sections}\n")
    })
}

/// One of each, without those that are empty.
fn lines(choices: &[&'static [&'static str]]) -> impl Strategy<Value = Vec<String>> + use<> {
    let each = Vec::from_iter(choices.iter().map(|choice| select(*choice)));
    each.prop_map(|lines| {
        let said = lines.into_iter().filter(|line| !line.is_empty());
        said.map(str::to_owned).collect()
    })
}

/// Faults under which the bytes are valid, and the content is wrong.
const DECEIVING: [&str; 5] = [
    "duplicate_event",
    "reordered_events",
    "lying_finish",
    "no_finish",
    "null_content",
];

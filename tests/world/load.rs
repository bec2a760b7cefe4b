//! Loads in the world: users who wait, users who click again, tasks, recorded traces.

mod listed;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use firedrill::Diagnostic;
use firedrill::drill::Drill;
use firedrill::engine;
use firedrill::engine::{Prefix, Row, Workload};
use firedrill::policy::{CallId, FailureReason, Outcome};
use firedrill::policy_file::presets;
use firedrill::report::Format;
use firedrill::scenario::{Calls, Scenario, load};
use firedrill::time::Instant;
use firedrill::trace::{Event, EventKind, Recorder};
use serde_json::json;

/// A scenario of its own, in a folder of its own.
struct Project(tempfile::TempDir);

impl Project {
    /// One provider that takes exactly 1 s to a whole answer.
    fn new(run: &str, load: &str, faults: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "name: drill\nabout: A test.\nrun: {run}\nnetwork: {{ one_way: 0ms }}\n\
             providers:\n  openai: {{ dialect: openai, model: gpt-4.1, ttft: 500ms, \
             speed: 100 tok/s }}\nload: {load}\nfaults: {faults}\npolicies: [no-failover]\n"
        );
        std::fs::write(folder.path().join("drill.yaml"), text).unwrap();
        Self(folder)
    }

    fn write(self, name: &str, text: &str) -> Self {
        std::fs::write(self.0.path().join(name), text).unwrap();
        self
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("drill.yaml")
    }

    fn try_scenario(&self) -> Result<Scenario, Diagnostic> {
        load(self.path(), &[]).map(|loaded| loaded.scenario)
    }

    fn scenario(&self) -> Scenario {
        self.try_scenario()
            .unwrap_or_else(|problem| panic!("{problem}"))
    }

    fn workload(&self) -> Workload {
        let scenario = self.scenario();
        Workload::new(&scenario.load, scenario.run.duration, 1)
    }

    /// All calls of seed 1.
    fn lives(&self) -> BTreeMap<u64, Life> {
        let lives = Arc::new(Lives::default());
        let policy = presets::policy("no-failover").unwrap();
        engine::run(&self.scenario(), &policy, 1, lives.clone());
        lives.0.lock().unwrap().clone()
    }
}

/// From arrival to end.
#[derive(Clone, Debug, PartialEq)]
struct Life {
    arrived: Instant,
    streamed: bool,
    ended: Option<(Instant, Outcome)>,
}

impl Life {
    fn length(&self) -> Duration {
        self.end().since(self.arrived)
    }

    fn end(&self) -> Instant {
        self.ended.expect("every call ends").0
    }

    fn succeeded(&self) -> bool {
        matches!(self.ended, Some((_, Outcome::Succeeded { .. })))
    }
}

#[derive(Default)]
struct Lives(Mutex<BTreeMap<u64, Life>>);

impl Recorder for Lives {
    fn record(&self, event: &Event) {
        let mut lives = self.0.lock().unwrap();
        match event.kind {
            EventKind::Arrived { call, streamed } => {
                let life = Life {
                    arrived: event.at,
                    streamed,
                    ended: None,
                };
                let before = lives.insert(call.0, life);
                assert_eq!(before, None, "{call} arrived twice");
            }
            EventKind::Ended { call, outcome } => {
                lives.get_mut(&call.0).unwrap().ended = Some((event.at, outcome));
            }
            _ => {}
        }
    }
}

const ONE_SECOND: &str = "prompt: 100 tok, output: 50 tok";
const CLICK: u64 = 1 << 48;

#[test]
fn users_obey_littles_law() {
    let load = format!(
        "{{ users: {{ count: 40, think: {{ p50: 3s, p99: 12s }} }}, {ONE_SECOND}, clients: 3 }}"
    );
    let lives = Project::new("{ duration: 20m }", &load, "{}").lives();
    // 40 users = throughput x (thinking + waiting); the mean of a lognormal is its median times
    // e^(sigma^2 / 2), with sigma from its 99th percentile.
    let sigma = libm::log(4.0) / 2.326_347_874;
    let think = 3.0 * libm::exp(sigma * sigma / 2.0);
    let waiting: Duration = lives.values().map(Life::length).sum();
    let response = waiting.as_secs_f64() / lives.len() as f64;
    assert!((response - 1.0).abs() < 0.01, "{response}");
    let expected = 1_200.0 * 40.0 / (think + response);
    let off = lives.len() as f64 / expected - 1.0;
    assert!(off.abs() < 0.03, "{} calls, not {expected}", lives.len());
}

#[test]
fn a_user_never_has_two_calls_at_once_and_thinks_in_between() {
    let load = format!("{{ users: {{ count: 7, think: 2s }}, {ONE_SECOND} }}");
    let project = Project::new("{ duration: 5m }", &load, "{}");
    let lives = project.lives();
    assert_eq!(lives, project.lives(), "one seed, one story");
    let mut users: BTreeMap<u64, Vec<&Life>> = BTreeMap::new();
    for (call, life) in &lives {
        users.entry(call % 7).or_default().push(life);
    }
    assert_eq!(users.len(), 7);
    for calls in users.values() {
        assert!(calls.len() >= 99, "{}", calls.len());
        for pair in calls.windows(2) {
            let thought = pair[1].arrived.since(pair[0].end());
            assert_eq!(thought, Duration::from_secs(2), "{pair:?}");
        }
    }
    let firsts: BTreeSet<Instant> = (0..7).map(|user| lives[&user].arrived).collect();
    assert_eq!(firsts.len(), 7, "users do not begin in step");
    let end = Instant::START + Duration::from_secs(300);
    assert!(
        lives
            .values()
            .all(|life| life.arrived < end && life.succeeded())
    );
}

#[test]
fn a_slow_provider_slows_a_closed_loop_down() {
    let load = format!("{{ users: {{ count: 10, think: 1s }}, {ONE_SECOND} }}");
    let calls = |faults| {
        Project::new("{ duration: 10m }", &load, faults)
            .lives()
            .len() as f64
    };
    let slow = calls("{ slow: { target: openai, inject: slow, factor: 3 } }");
    // Each turn takes 4 s and no longer 2 s.
    let share = slow / calls("{}");
    assert!((share - 0.5).abs() < 0.01, "{share}");
}

#[test]
fn impatient_users_click_again_and_abandon_the_call_before() {
    let load = format!(
        "{{ users: {{ count: 4, think: 10s, patience: 5s, user_retry: {{ at_most: 2 }} }}, \
         {ONE_SECOND}, deadline: 20s }}"
    );
    let silent = "{ silent: { target: openai, inject: hang } }";
    let lives = Project::new("{ duration: 2m }", &load, silent).lives();
    let unfinished = Outcome::Failed(FailureReason::Unfinished);
    let abandoned = |life: &Life| life.length() == Duration::from_secs(5);
    for (call, life) in &lives {
        match (call / CLICK, lives.get(&(call + CLICK))) {
            (0 | 1, Some(next)) => {
                assert!(abandoned(life), "{call}: {life:?}");
                assert_eq!(life.ended.unwrap().1, unfinished);
                assert_eq!(next.arrived, life.end());
            }
            // The third click, or one that was due after the arrivals' end, waits for its deadline.
            (2, None) => assert_eq!(life.length(), Duration::from_secs(20)),
            (0 | 1, None) => assert!(life.arrived.as_nanos() > 115_000_000_000, "{life:?}"),
            other => panic!("{call}: {other:?}"),
        }
    }
    assert!(lives.keys().any(|call| call / CLICK == 2));
}

#[test]
fn without_abandoning_the_calls_before_run_on() {
    let load = format!(
        "{{ arrivals: constant, rate: 1/min, {ONE_SECOND}, \
         patience: 5s, user_retry: {{ at_most: 3, abandons: false }} }}"
    );
    let slow = "{ slow: { target: openai, inject: slow, factor: 12 } }";
    let lives = Project::new("{ duration: 10m30s }", &load, slow).lives();
    // Ten calls of 12 s: each is clicked again after 5, 10 and 15 s, and the first ends meanwhile.
    assert_eq!(lives.len(), 40);
    for (call, life) in &lives {
        let late = Duration::from_secs(5) * (call / CLICK) as u32;
        assert_eq!(life.arrived, lives[&(call % CLICK)].arrived + late);
        assert_eq!(life.length(), Duration::from_secs(12), "{call}");
        assert!(life.succeeded());
    }
}

#[test]
fn a_storm_of_clicks_comes_and_goes_with_the_outage() {
    let load = format!(
        "{{ rate: 2/s, {ONE_SECOND}, deadline: 30s, \
         patience: 4s, user_retry: {{ chance: 80%, at_most: 5 }} }}"
    );
    let silent = "{ silent: { target: openai, inject: hang, at: 5m, for: 2m } }";
    let project = Project::new("{ duration: 15m }", &load, silent);
    let lives = project.lives();
    let clicks = |from: u64, to: u64| {
        let within = |life: &Life| (from..to).contains(&(life.arrived.as_nanos() / 1_000_000_000));
        let again = lives.iter().filter(|(call, _)| **call >= CLICK);
        again.filter(|(_, life)| within(life)).count()
    };
    assert_eq!((clicks(0, 300), clicks(430, 900)), (0, 0));
    // 2/s x (0.8 + 0.8^2 + … + 0.8^5) = 5.4/s, when all five fit in.
    assert!(
        (400..800).contains(&clicks(300, 430)),
        "{}",
        clicks(300, 430)
    );
    assert_eq!(lives, project.lives(), "one seed, one story");
}

#[test]
fn reports_say_that_a_closed_loop_is_not_paired() {
    let note = "closed loop: arrivals depend on the policy";
    let load = format!("{{ users: {{ count: 4, think: 10s }}, {ONE_SECOND} }}");
    let closed = Project::new("{ duration: 1m }", &load, "{}");
    let report = Drill::load(closed.path()).unwrap().run();
    for shown in
        [Format::Table, Format::Markdown, Format::Json].map(|format| report.render(format, false))
    {
        assert!(shown.contains(note), "{shown}");
    }
    let table = report.render(Format::Table, false);
    assert!(table.lines().all(|line| line.len() <= 80), "{table}");
    let load = format!("{{ rate: 1/s, {ONE_SECOND} }}");
    let open = Project::new("{ duration: 1m }", &load, "{}");
    let report = Drill::load(open.path()).unwrap().run();
    assert!(!report.render(Format::Table, false).contains("note:"));
    assert!(!report.render(Format::Json, false).contains("notes"));
    let load = format!("{{ rate: 1/s, {ONE_SECOND}, patience: 1s, user_retry: {{ at_most: 1 }} }}");
    let clicked = Project::new("{ duration: 1m }", &load, "{}").scenario();
    assert!(!clicked.load.is_closed() && clicked.load.notes()[0].starts_with("users click again"));
}

const TASKS: &str = "{ arrivals: constant, rate: 10/s, stream: 50%, deadline: 90s, \
    prefix: { tokens: 1_500 tok, distinct: 20, share: 80% }, tasks: { \
    chat: { share: 70%, prompt: 2k tok, output: { p50: 100 tok, p99: 900 tok }, stream: 100%, \
            deadline: 30s, max_tokens: 500 tok }, \
    batch: { share: 30%, prompt: 900 tok, output: 50 tok, prefix: { tokens: 600 tok } } } }";

#[test]
fn tasks_have_their_shares_and_what_is_theirs() {
    let workload = Project::new("{ duration: 1h }", TASKS, "{}").workload();
    let all: Vec<CallId> = (0..100_000).map(CallId).collect();
    let is_chat = |call: &&CallId| workload.task(**call) == Some("chat");
    let chats: Vec<CallId> = all.iter().filter(is_chat).copied().collect();
    // Three standard deviations of a binomial draw.
    let off = (chats.len() as f64 - 70_000.0).abs();
    assert!(off < 3.0 * (100_000_f64 * 0.7 * 0.3).sqrt(), "{off}");
    let (mut streamed, mut cut) = (0, 0);
    for &call in &all {
        let tokens = workload.tokens(call);
        if workload.task(call) == Some("chat") {
            assert_eq!(workload.deadline(call), Some(Duration::from_secs(30)));
            assert_eq!(workload.max_tokens(call), Some(500));
            assert!(workload.is_streamed(call) && tokens.output <= 500);
            assert!(!tokens.is_cut || tokens.output == 500);
            cut += u32::from(tokens.is_cut);
        } else {
            assert_eq!(workload.deadline(call), Some(Duration::from_secs(90)));
            assert_eq!(
                (tokens.input, tokens.output, tokens.is_cut),
                (900, 50, false)
            );
            assert_eq!(workload.max_tokens(call), None);
            streamed += u32::from(workload.is_streamed(call));
        }
    }
    assert!((14_500..15_500).contains(&streamed), "{streamed}");
    // 4.4 % of the outputs are longer than 500 tokens.
    assert!((2_800..3_400).contains(&cut), "{cut}");
}

#[test]
fn prompts_share_their_beginnings_within_a_task() {
    let workload = Project::new("{ duration: 1h }", TASKS, "{}").workload();
    let mut known: BTreeMap<(bool, Prefix), u32> = BTreeMap::new();
    let mut chats = 0;
    for call in (0..100_000).map(CallId) {
        let is_chat = workload.task(call) == Some("chat");
        chats += u32::from(is_chat);
        if let Some(prefix) = workload.tokens(call).prefix {
            *known.entry((is_chat, prefix)).or_insert(0_u32) += 1;
        }
    }
    let ids: BTreeSet<u64> = known.keys().map(|(_, prefix)| prefix.id).collect();
    assert_eq!((known.len(), ids.len()), (21, 21), "{known:?}");
    for ((is_chat, prefix), count) in known {
        if is_chat {
            assert_eq!(prefix.tokens, 1_500);
            let share = f64::from(count) / (f64::from(chats) * 0.8 / 20.0);
            assert!((share - 1.0).abs() < 0.1, "{share}");
        } else {
            assert_eq!((prefix.tokens, count), (600, 100_000 - chats));
        }
    }
}

#[test]
fn a_prefix_is_never_longer_than_its_prompt() {
    let load = "{ rate: 1/s, prompt: 100 tok, output: 1 tok, prefix: { tokens: 600 tok } }";
    let workload = Project::new("{ duration: 1h }", load, "{}").workload();
    let prefix = Prefix { id: 0, tokens: 100 };
    assert_eq!(workload.tokens(CallId(0)).prefix, Some(prefix));
}

#[test]
fn tasks_reach_the_providers() {
    let load = "{ arrivals: constant, rate: 10/s, tasks: { \
        quick: { share: 50%, prompt: 1 tok, output: 1 tok, stream: 100% }, \
        long: { share: 50%, prompt: 1 tok, output: 300 tok, deadline: 2s } } }";
    let project = Project::new("{ duration: 1m }", load, "{}");
    let workload = project.workload();
    for (call, life) in project.lives() {
        let is_quick = workload.task(CallId(call)) == Some("quick");
        assert_eq!(life.streamed, is_quick);
        // 500 ms to the first token, then 300 tokens in 3 s: too long for 2 s.
        assert_eq!(life.succeeded(), is_quick);
    }
}

#[test]
fn what_is_understood_of_a_load_is_shown() {
    let shown = |load: &str| {
        let scenario = Project::new("{ duration: 1h }", load, "{}").scenario();
        scenario.resolved()["load"].clone()
    };
    let tasks = shown(TASKS);
    assert_eq!(tasks["tasks"][1]["prefix"]["tokens"], "600 tok");
    assert_eq!(tasks["tasks"][0]["prefix"]["distinct"], "20");
    assert_eq!(tasks["tasks"][0]["max_tokens"], "500 tok");
    let users = shown(
        "{ users: { count: 50, think: { p50: 5s, p99: 30s }, patience: 10s, \
         user_retry: { chance: 50%, at_most: 3 } }, prompt: 9 tok, output: 9 tok }",
    );
    let expected = json!({
        "users": { "count": 50, "think": { "p50": "5s", "p99": "30s" } },
        "prompt": { "p50": "9 tok", "p99": "9 tok" },
        "output": { "p50": "9 tok", "p99": "9 tok" },
        "stream": "0%", "deadline": null, "clients": 1,
        "patience": "10s", "user_retry": { "chance": "50%", "at_most": 3, "abandons": true },
    });
    assert_eq!(users, expected);
    for (rate, expected) in [
        (
            "{ curve: diurnal, mean: 2/s, peak: 4/s, peak_at: 12m, period: 30m }",
            json!({ "curve": "diurnal", "mean": "2/s", "peak": "4/s", "peak_at": "12m",
                    "period": "30m" }),
        ),
        (
            "{ curve: ramp, from: 0/s, to: 10/s, over: 5m }",
            json!({ "curve": "ramp", "from": "0/s", "to": "10/s", "at": "0s", "over": "5m" }),
        ),
        (
            "{ curve: spike, base: 1/s, peak: 20/s, at: 10m, for: 1m }",
            json!({ "curve": "spike", "base": "1/s", "peak": "20/s", "at": "10m", "for": "1m" }),
        ),
        (
            "{ curve: steps, steps: [ { at: 0s, rate: 1/s }, { at: 5m, rate: 3/s } ] }",
            json!({ "curve": "steps",
                    "steps": [{ "at": "0s", "rate": "1/s" }, { "at": "5m", "rate": "3/s" }] }),
        ),
    ] {
        let load = format!("{{ arrivals: gamma, cv: 2, rate: {rate}, {ONE_SECOND} }}");
        let load = shown(&load);
        assert_eq!((&load["rate"], &load["cv"]), (&expected, &json!("2")));
    }
}

const AZURE: &str = "TIMESTAMP,ContextTokens,GeneratedTokens\n\
    2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:50.9951690,396,109\n";
const BURST_GPT: &str = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n\
    5,ChatGPT,374,44,418,Conversation log\n9.314579,GPT-4,396,109,505,API log\n";
const MOONCAKE: &str = "\
    {\"timestamp\": 27000, \"input_length\": 374, \"output_length\": 44, \"hash_ids\": [3]}\n\
    {\"timestamp\": 30000, \"input_length\": 396, \"output_length\": 109, \"hash_ids\": [3]}\n";

#[test]
fn recorded_traces_of_every_known_kind_are_replayed() {
    let replay = |name: &str, text: &str| {
        let load = format!("{{ trace: {name} }}");
        let project = Project::new("{ seeds: 1 }", &load, "{}").write(name, text);
        let rows: Vec<(u64, u64)> = project
            .lives()
            .values()
            .map(|life| {
                (
                    life.arrived.as_nanos() / 1_000_000,
                    life.length().as_millis() as u64,
                )
            })
            .collect();
        rows
    };
    // 500 ms to the first token, and 10 ms for each; timers resolve one millisecond.
    assert_eq!(replay("azure.csv", AZURE), [(0, 940), (4_315, 1_590)]);
    assert_eq!(replay("burst.csv", BURST_GPT), [(0, 940), (4_315, 1_590)]);
    assert_eq!(
        replay("mooncake.jsonl", MOONCAKE),
        [(0, 940), (3_000, 1_590)]
    );
}

#[test]
fn blocks_of_a_recorded_prompt_are_its_prefix() {
    let project = Project::new("{ seeds: 1 }", "{ trace: m.jsonl }", "{}");
    let workload = project.write("m.jsonl", MOONCAKE).workload();
    let prefix = |call| workload.tokens(CallId(call)).prefix.unwrap();
    assert_eq!((prefix(0).tokens, prefix(1).tokens), (374, 396));
    assert_eq!(prefix(0).id, prefix(1).id);
}

#[test]
fn a_wrong_trace_is_shown_where_it_is_wrong() {
    let text = MOONCAKE.replace("\"input_length\": 396", "\"input_length\": \"many\"");
    let project = Project::new("{ seeds: 1 }", "{ trace: m.jsonl }", "{}");
    let problem = project.write("m.jsonl", &text).try_scenario().unwrap_err();
    let shown = problem.to_string();
    assert_eq!((problem.line(), problem.column()), (2, 38), "{shown}");
    assert!(
        shown.contains("m.jsonl:2:38") && shown.contains("^^^^^^"),
        "{shown}"
    );
}

/// Every trace that lies beside the package, if there is any.
#[test]
fn real_traces_are_read_whole() {
    let folder = Path::new("../shared/data/traces");
    let expected = [
        ("azure_llm_2023_conv.csv", 12_337, 2_100),
        ("azure_llm_2023_code.csv", 6_621, 2_100),
        ("mooncake_conversation.csv", 6_758, 2_100),
    ];
    for (name, count, seconds) in expected {
        let Ok(text) = std::fs::read_to_string(folder.join(name)) else {
            eprintln!("skipped: {name} is not here");
            continue;
        };
        let project = Project::new("{ seeds: 1 }", &format!("{{ trace: {name} }}"), "{}");
        let scenario = project.write(name, &text).scenario();
        let Calls::Trace { rows, .. } = &scenario.load.calls else {
            panic!("{name} is a trace");
        };
        assert_eq!(rows.len(), count, "{name}");
        assert!(rows.is_sorted_by_key(|row: &Row| row.arrival), "{name}");
        let length = scenario.run.duration.as_secs();
        assert!(
            (seconds - 60..=seconds).contains(&length),
            "{name}: {length}"
        );
    }
}

//! One provider, one key, one task, one client; and one policy against another.

use snapbox::cmd::OutputAssert;
use snapbox::str;

use crate::{Project, json, stderr, stdout};

/// Three providers that weigh 1:8:1, five calls a second for two minutes: 600 calls.
const WEIGHTS: &str = "name: weights
about: Who gets how much?
run: { duration: 2m, seeds: 1 }
providers:
  a: { dialect: openai, model: gpt-4.1, ttft: 300ms, speed: 200 tok/s }
  b: { dialect: openai, model: gpt-4.1, ttft: 300ms, speed: 200 tok/s }
  c: { dialect: openai, model: gpt-4.1, ttft: 300ms, speed: 200 tok/s }
load: { arrivals: constant, rate: 5/s, clients: 4, prompt: 100 tok, output: 20 tok }
faults: { b-down: { at: 1m, for: 30s, target: b, inject: outage } }
policies: [weighted]
expect:
  weighted:
    - attempt_share(b) >= 75%
    - attempt_share(b) <= 85%
    - attempts(a) <= 90
    - calls of client 0 >= 150
    - calls of client 3 <= 150
    - calls of client 1 during b-down >= 37
    - calls of client 1 during b-down <= 38
    - tokens(a) <= 10.8k tok
    - tokens_per_minute <= 36k tok
    - cost(b) >= 0.1 USD
    - failures(a) <= 0
    - failures.connect(b) >= 100
    - attempt_success_rate(c) >= 100%
    - attempt_success_rate(b) <= 80%
";

const WEIGHTED: &str = "name: weighted
route: { strategy: weighted }
retry: { max_attempts: 1 }
overrides: { by_name: { b: { weight: 8 } } }
";

#[test]
fn weights_show_as_shares_of_attempts() {
    let project = Project::new()
        .with("weights.yaml", WEIGHTS)
        .with("policies/weighted.yaml", WEIGHTED);
    let output = project.output("run weights.yaml --format json");
    let result = json(&output);
    assert_eq!(output.status.code(), Some(0), "{result:#}");
    let policy = &result["policies"]["weighted"];
    let share = |name: &str| policy["measures"][name]["value"].as_f64().expect("a share");
    let shares = ["a", "b", "c"].map(|name| share(&format!("attempt_share({name})")));
    let sum: f64 = shares.iter().sum();
    assert!((sum - 1.0).abs() < 1e-6, "{shares:?}");
    let output = project.output("run weights.yaml");
    let table = stdout(&output);
    let line = table.lines().find(|line| line.contains("attempts: "));
    assert!(
        line.is_some_and(|line| line.contains("a ") && line.contains("b ")),
        "{table}"
    );
    let page = stdout(&project.output("run weights.yaml --format md"));
    assert!(page.contains("## By provider"), "{page}");
}

/// Short calls behind long ones at four places: two of each second would need about 15.
const TASKS: &str = "name: tasks
about: Who waits behind whom?
run: { duration: 2m, seeds: 1 }
providers:
  openai: { dialect: openai, model: gpt-4.1, ttft: 500ms, speed: 50 tok/s }
load:
  arrivals: constant
  rate: 1/s
  tasks:
    chat: { share: 50%, prompt: 500 tok, output: 50 tok, priority: high, deadline: 4s }
    batch: { share: 50%, prompt: 4k tok, output: 500 tok, priority: low, deadline: 10m }
policies: [waits-in-line, refuses-when-full]
expect:
  waits-in-line:
    - success_rate of batch >= 100%
    - success_rate of chat <= 90%
    - failed_calls(deadline) of chat >= 5
    - failed_calls(deadline) of batch <= 0
    - latency.p50 of batch >= 10s
    - latency.max of chat <= 4s
    - cost of batch >= refuses-when-full
    - success_rate >= refuses-when-full + 10%
    - success_rate of chat >= 0.5 * refuses-when-full
  refuses-when-full:
    - shed_rate of batch >= 30%
    - shed_rate of chat >= 30%
    - success_rate of batch <= waits-in-line - 30%
";

#[test]
fn tasks_are_measured_apart() {
    let policy = |name: &str, rest: &str| {
        format!("name: {name}\nretry: {{ max_attempts: 1 }}\nlimit: {{ concurrency: 4{rest} }}\n")
    };
    let waits =
        policy("waits-in-line", ", when_full: wait") + "queue: { max_calls: 500, max_wait: 10m }\n";
    let project = Project::new()
        .with("tasks.yaml", TASKS)
        .with("policies/waits-in-line.yaml", &waits)
        .with(
            "policies/refuses-when-full.yaml",
            &policy("refuses-when-full", ""),
        );
    let output = project.output("run tasks.yaml --format json");
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
    let policy = &json(&output)["policies"]["waits-in-line"];
    let calls = |task: &str| {
        policy["tasks"][task]["calls"]["value"]
            .as_u64()
            .expect("a count")
    };
    let all = policy["measures"]["calls"]["value"].as_u64();
    assert_eq!(Some(calls("chat") + calls("batch")), all);
    let table = stdout(&project.output("run tasks.yaml"));
    assert!(table.contains("success: chat "), "{table}");
    let page = stdout(&project.output("run tasks.yaml --format md"));
    assert!(page.contains("## By task"), "{page}");
    let rows = stdout(&project.output("run tasks.yaml --format csv"));
    assert!(
        rows.contains("tasks,waits-in-line,tasks.chat.success_rate,"),
        "{rows}"
    );
}

/// Of three keys the first is wrong.
const KEYS: &str = "name: keys
about: Which key is used?
run: { duration: 1m, seeds: 1 }
providers:
  openai: { dialect: openai, model: gpt-4.1, ttft: 300ms, speed: 200 tok/s, keys: 3 }
load: { arrivals: constant, rate: 1/s, prompt: 100 tok, output: 20 tok }
faults: { dead: { target: openai, inject: auth, when: { key: key-1 } } }
policies: [resilient]
expect:
  resilient:
    - failures(openai/1) >= 1
    - attempt_success_rate(openai/1) <= 0%
    - attempts(openai/2) >= 55
    - attempt_success_rate(openai/2) >= 100%
    - attempts(openai/3) <= 0
    - cost(openai/1) <= 0 USD
    - cost(openai/2) > 0 USD
    - tokens(openai/2) >= 7k tok
";

#[test]
fn keys_are_measured_apart() {
    let project = Project::new().with("keys.yaml", KEYS);
    let output = project.output("run keys.yaml");
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
    let page = stdout(&project.output("run keys.yaml --format md"));
    assert!(page.contains("openai/2"), "{page}");
}

#[test]
fn a_comparison_says_both_values() {
    let expect = "  no-failover:\n    - success_rate >= priority-fallback + 5%\n";
    let faults = "faults:\n  main-down: { for: 30s, target: main, inject: outage }\n";
    let text = crate::scenario("two", "no-failover, priority-fallback", faults, expect);
    let project = Project::new().with("two.yaml", &text);
    let output = project.output("run two.yaml");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let table = stdout(&output);
    let finding = table.lines().find(|line| line.starts_with("fails"));
    let finding = finding.expect("a finding");
    let (_, told) = finding.split_once(", was ").expect("the value");
    let (_, told) = told
        .split_once("%, priority-fallback has ")
        .expect("the other");
    assert!(told.contains("%: needs 10"), "{finding}");
}

/// The output of a run with these expectations, all of them wrong.
fn wrong(folder: &str, expect: &str) -> OutputAssert {
    let text = crate::scenario("wrong", "no-failover", "", expect);
    let file = format!("{folder}/wrong.yaml");
    let project = Project::new().with(&file, &text);
    project
        .firedrill(&format!("run {file}"))
        .code(2)
        .stdout_eq("")
}

#[test]
fn all_expectations_that_cannot_be_read_are_told_at_once() {
    let output = wrong(
        "read",
        "  every: [ 99% <= uptime, cost <= 400 EUR ]
  no-failover: [ latency.p95 <= 1 min, success_rate =< 99% ]
",
    );
    output.stderr_eq(str![[r#"
error: the value stands before the comparison
  --> read/wrong.yaml:14:12
   |
14 |   every: [ 99% <= uptime, cost <= 400 EUR ]
   |            ^^^
   |
   = help: write `uptime >= 99%`

error: `EUR` is no currency here, only USD is
  --> read/wrong.yaml:14:35
   |
14 |   every: [ 99% <= uptime, cost <= 400 EUR ]
   |                                   ^^^^^^^
   |
   = help: convert it: write what it is worth in US dollars, as in `3.00 USD`

error: `min` is no unit of time
  --> read/wrong.yaml:15:33
   |
15 |   no-failover: [ latency.p95 <= 1 min, success_rate =< 99% ]
   |                                 ^^^^^
   |
   = help: write `1m`

error: `=<` is not a comparison
  --> read/wrong.yaml:15:53
   |
15 |   no-failover: [ latency.p95 <= 1 min, success_rate =< 99% ]
   |                                                     ^^
   |
   = help: write `<=`

"#]]);
}

#[test]
fn all_expectations_that_mean_nothing_are_told_at_once() {
    let output = wrong(
        "meant",
        "  every: [ p95 <= 2s ]
  no-failover: [ success_rate >= 0.8, tokens <= 50M, cost >= no-failover ]
",
    );
    output.stderr_eq(str![[r#"
error: there is no measure `p95`
  --> meant/wrong.yaml:14:12
   |
14 |   every: [ p95 <= 2s ]
   |            ^^^
   |
   = help: write `latency.p95`

error: `success_rate` is not measured in this unit
  --> meant/wrong.yaml:15:34
   |
15 |   no-failover: [ success_rate >= 0.8, tokens <= 50M, cost >= no-failover ]
   |                                  ^^^
   |
   = help: write `80%`

error: `tokens` is not measured in this unit
  --> meant/wrong.yaml:15:49
   |
15 |   no-failover: [ success_rate >= 0.8, tokens <= 50M, cost >= no-failover ]
   |                                                 ^^^
   |
   = help: write `50M tok`

error: this compares `no-failover` with itself
  --> meant/wrong.yaml:15:62
   |
15 |   no-failover: [ success_rate >= 0.8, tokens <= 50M, cost >= no-failover ]
   |                                                              ^^^^^^^^^^^
   |
   = help: name another policy of the run

"#]]);
}

//! Wrong policy files: each gets a message with file, line, column, caret, and a hint.
//!
//! This file is long because each error is written with its whole message.

use std::fs;

use firedrill::policy::config::Policy;
use insta::assert_snapshot;

/// What the reader of a wrong file sees.
fn told(text: &str) -> String {
    let problem = Policy::parse("mine.yaml", text).expect_err("this file is wrong");
    let shown = problem.to_string();
    let place = format!("mine.yaml:{}:{}", problem.line(), problem.column());
    assert!(shown.contains(&place), "{shown}");
    shown
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once() {
    let text = "name: mine\nretry: { atempts: 3, max_attempts: 0, backoff: { base: 9s, max: 1 } }\n\
        breaker: { min_success_rate: 0.8, max_probes: 0 }\ntimeouts: { call: 1 min }\n\
        overrides: { by_name: { kimi: { breaker: { probe_timeout: 0s } } } }\n";
    let problems = Policy::parse("mine.yaml", text).unwrap_err().into_iter();
    let told = problems.map(|problem| {
        let (line, column) = (problem.line(), problem.column());
        format!("{line}:{column} {}", problem.message())
    });
    assert_snapshot!(Vec::from_iter(told).join("\n"), @"
    2:10 unknown key `atempts`
    2:36 `0` is out of range
    2:65 a length of time needs a unit
    3:30 a share needs a percent sign
    3:47 `0` is out of range
    4:19 `min` is no unit of time
    5:59 `0s` is out of range
    ");
}

#[test]
fn the_numbers_of_quirks_have_ranges() {
    let text = "name: mine\nquirks:\n  - waits_blindly\n  \
        - inner_retries: { max_attempts: 500 }\n  \
        - rounds: { max: 0, backoff: { base: 9s, max: 1s } }\n  - fixed_waits: { reset: 2h }\n";
    let problems = Policy::parse("mine.yaml", text).unwrap_err().into_iter();
    let told = problems.map(|problem| {
        let (line, column) = (problem.line(), problem.column());
        let hint = problem.hint_text().unwrap_or_default();
        format!("{line}:{column} {}: {hint}", problem.message())
    });
    assert_snapshot!(Vec::from_iter(told).join("\n"), @"
    4:36 `500` is out of range: from `1` to `100`
    5:20 `0` is out of range: from `1` to `100`
    5:49 the longest wait (`max`) is shorter than the first (`base`): raise `max`, or lower `base`
    6:27 `2h` is out of range: from `0s` to `1h`
    ");
}

#[test]
fn an_unknown_key_is_pointed_at_and_the_nearest_is_named() {
    assert_snapshot!(told("name: mine\nretry:\n  atempts: 3\n"), @"
    error: unknown key `atempts`
     --> mine.yaml:3:3
      |
    3 |   atempts: 3
      |   ^^^^^^^
      |
      = help: known keys: `max_attempts`, `max_attempts_per_provider`, `max_retries_by_class`, `backoff`, `budget`
    ");
}

#[test]
fn an_unknown_key_far_from_all_gets_the_list() {
    assert_snapshot!(told("name: mine\nretry: { sooner: true }\n"), @"
    error: unknown key `sooner`
     --> mine.yaml:2:10
      |
    2 | retry: { sooner: true }
      |          ^^^^^^
      |
      = help: known keys: `max_attempts`, `max_attempts_per_provider`, `max_retries_by_class`, `backoff`, `budget`
    ");
}

#[test]
fn a_length_of_time_without_a_unit_is_refused() {
    assert_snapshot!(told("name: mine\ntimeouts: { attempt: 30 }\n"), @"
    error: a length of time needs a unit
     --> mine.yaml:2:22
      |
    2 | timeouts: { attempt: 30 }
      |                      ^^
      |
      = help: write `30s` or `30ms`
    ");
}

#[test]
fn a_negative_length_of_time_is_refused() {
    assert_snapshot!(told("name: mine\nretry:\n  backoff:\n    base: -250ms\n"), @"
    error: `-250` is negative
     --> mine.yaml:4:11
      |
    4 |     base: -250ms
      |           ^^^^^^
      |
      = help: write a length of time such as `30s`
    ");
}

#[test]
fn a_length_of_time_that_overflows_is_refused() {
    assert_snapshot!(told("name: mine\ntimeouts: { call: 99999999999999999999999h }\n"), @"
    error: `99999999999999999999999` is longer than 100 years
     --> mine.yaml:2:19
      |
    2 | timeouts: { call: 99999999999999999999999h }
      |                   ^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: write at most `36_525d`
    ");
}

#[test]
fn not_a_number_is_refused() {
    assert_snapshot!(told("name: mine\nretry: { backoff: { factor: .NaN } }\n"), @"
    error: `.NaN` is not a number
     --> mine.yaml:2:29
      |
    2 | retry: { backoff: { factor: .NaN } }
      |                             ^^^^
      |
      = help: write as in `1.5`
    ");
}

#[test]
fn a_number_out_of_range_tells_the_range() {
    assert_snapshot!(told("name: mine\nretry:\n  max_attempts: 0\n"), @"
    error: `0` is out of range
     --> mine.yaml:3:17
      |
    3 |   max_attempts: 0
      |                 ^
      |
      = help: from `1` to `100`
    ");
}

#[test]
fn a_huge_number_is_refused() {
    assert_snapshot!(told("name: mine\nretry: { max_attempts: 18446744073709551616 }\n"), @"
    error: `18446744073709551616` is too large
     --> mine.yaml:2:24
      |
    2 | retry: { max_attempts: 18446744073709551616 }
      |                        ^^^^^^^^^^^^^^^^^^^^
      |
      = help: the largest is 4294967295
    ");
}

#[test]
fn a_number_out_of_range_in_an_override_is_found_there() {
    let text = "name: mine\noverrides:\n  by_position:\n  - {}\n  - breaker: { max_probes: 0 }\n";
    assert_snapshot!(told(text), @"
    error: `0` is out of range
     --> mine.yaml:5:28
      |
    5 |   - breaker: { max_probes: 0 }
      |                            ^
      |
      = help: from `1` to `100`
    ");
}

#[test]
fn a_key_that_is_there_twice_tells_where_it_was_first() {
    assert_snapshot!(told("name: mine\nretry: { max_attempts: 3 }\nretry: { max_attempts: 4 \
        }\n"), @"
    error: the key `retry` is here twice
     --> mine.yaml:3:1
      |
    3 | retry: { max_attempts: 4 }
      | ^^^^^
      |
      = help: it first stands in line 2
    ");
}

#[test]
fn a_bulkhead_that_would_start_below_its_least_is_refused() {
    assert_snapshot!(told("name: mine\nlimit: { adaptive: { start: 2 } }\n"), @"
    error: it would start (`start`) below the least (`min`)
     --> mine.yaml:2:29
      |
    2 | limit: { adaptive: { start: 2 } }
      |                             ^
      |
      = help: raise `start`, or lower `min`
    ");
}

#[test]
fn a_bulkhead_smaller_than_what_it_may_shrink_to_is_refused_in_an_override_as_well() {
    let limit = "limit: { concurrency: 2, adaptive: {} }";
    let text = format!("name: mine\noverrides: {{ by_name: {{ a: {{ {limit} }} }} }}\n");
    assert_snapshot!(told(&text), @"
    error: `concurrency` is less than `adaptive.min`, which is 3
     --> mine.yaml:2:52
      |
    2 | overrides: { by_name: { a: { limit: { concurrency: 2, adaptive: {} } } } }
      |                                                    ^
      |
      = help: raise it to 3 or more, or lower `adaptive.min`
    ");
}

#[test]
fn a_bulkhead_that_would_start_beyond_its_bound_is_refused() {
    let text = "name: mine\nlimit: { concurrency: 10, adaptive: { start: 30 } }\n";
    assert_snapshot!(told(text), @"
    error: `concurrency` is less than `adaptive.start`, which is 30
     --> mine.yaml:2:23
      |
    2 | limit: { concurrency: 10, adaptive: { start: 30 } }
      |                       ^^
      |
      = help: raise it to 30 or more, or lower `adaptive.start`
    ");
    let text = "name: mine\nlimit: { concurrency: 10, adaptive: {} }\n";
    Policy::parse("mine.yaml", text).expect("a start that is a default is cut to the bound");
}

#[test]
fn a_budget_that_never_pays_for_a_retry_is_refused() {
    assert_snapshot!(
        told("name: mine\nretry: { budget: { ratio: 0%, reserve: 1/min } }\n"), @"
    error: no retry can ever be paid from this budget
     --> mine.yaml:2:27
      |
    2 | retry: { budget: { ratio: 0%, reserve: 1/min } }
      |                           ^^
      |
      = help: raise `ratio`, or let `reserve` bring at least one in a `window`
    ");
}

#[test]
fn an_unknown_strategy_gets_the_nearest() {
    assert_snapshot!(told("name: mine\nroute: { strategy: round-robin }\n"), @"
    error: unknown word `round-robin`
     --> mine.yaml:2:20
      |
    2 | route: { strategy: round-robin }
      |                    ^^^^^^^^^^^
      |
      = help: did you mean `round_robin`?
    ");
}

#[test]
fn scores_that_are_all_nothing_are_refused() {
    let text = "name: mine\nroute: { strategy: score, score: { health: 0, latency: 0 } }\n";
    assert_snapshot!(told(text), @"
    error: nothing counts in the score
     --> mine.yaml:2:27
      |
    2 | route: { strategy: score, score: { health: 0, latency: 0 } }
      |                           ^^^^^
      |
      = help: give `health`, `latency`, `cost` or `quality` more than `0`
    ");
}

#[test]
fn weights_that_are_all_nothing_are_refused() {
    let route = "name: mine\nroute: { strategy: weighted }\n";
    let weights =
        "overrides:\n  by_position:\n  - weight: 0\n    priority_group: 1\n  - weight: 0\n";
    assert_snapshot!(told(&format!("{route}{weights}")), @"
    error: no provider has a weight
     --> mine.yaml:5:13
      |
    5 |   - weight: 0
      |             ^
      |
      = help: give one more than `0`: under `weighted`, `0` is asked last
    ");
    // Some provider has a weight, or the strategy does not look at weights.
    for fine in [
        format!("{route}overrides: {{ by_position: [ {{ weight: 0 }}, {{}} ] }}\n"),
        format!("{route}{weights}  by_name: {{ a: {{ weight: 1 }} }}\n"),
        format!("name: mine\n{weights}"),
    ] {
        Policy::parse("mine.yaml", &fine).unwrap();
    }
}

#[test]
fn a_weight_out_of_range_tells_the_range() {
    assert_snapshot!(told("name: mine\noverrides:\n  by_position:\n  - weight: 1000001\n"), @"
    error: `1000001` is out of range
     --> mine.yaml:4:13
      |
    4 |   - weight: 1000001
      |             ^^^^^^^
      |
      = help: from `0` to `1000000`
    ");
}

#[test]
fn a_priority_group_out_of_range_tells_the_range() {
    let text = "name: mine\noverrides: { by_name: { a: { priority_group: 1001 } } }\n";
    assert_snapshot!(told(text), @"
    error: `1001` is out of range
     --> mine.yaml:2:46
      |
    2 | overrides: { by_name: { a: { priority_group: 1001 } } }
      |                                              ^^^^
      |
      = help: from `0` to `1000`
    ");
}

#[test]
fn a_task_that_asks_only_nobody_is_refused() {
    assert_snapshot!(told("name: mine\nroute:\n  tasks:\n    code: { only: true }\n"), @"
    error: the task `code` has no providers
     --> mine.yaml:4:19
      |
    4 |     code: { only: true }
      |                   ^^^^
      |
      = help: list providers or models in `prefer`, or leave out `only`
    ");
}

#[test]
fn a_ceiling_without_a_currency_is_refused() {
    assert_snapshot!(told("name: mine\nroute: { tasks: { code: { max_cost: 0.01 } } }\n"), @"
    error: money needs its currency
     --> mine.yaml:2:37
      |
    2 | route: { tasks: { code: { max_cost: 0.01 } } }
      |                                     ^^^^
      |
      = help: write `0.01 USD`
    ");
}

#[test]
fn an_unknown_class_of_failures_gets_the_nearest() {
    assert_snapshot!(told("name: mine\nfailures:\n  rate_limit: fallback\n  timeouts: retry\n"), @"
    error: unknown key `rate_limit`
     --> mine.yaml:3:3
      |
    3 |   rate_limit: fallback
      |   ^^^^^^^^^^
      |
      = help: did you mean `rate_limited`?

    error: unknown key `timeouts`
     --> mine.yaml:4:3
      |
    4 |   timeouts: retry
      |   ^^^^^^^^
      |
      = help: did you mean `timeout`?
    ");
}

#[test]
fn an_action_that_does_not_exist_gets_the_list() {
    assert_snapshot!(told("name: mine\nfailures: { context_too_long: shorten }\n"), @"
    error: unknown word `shorten`
     --> mine.yaml:2:31
      |
    2 | failures: { context_too_long: shorten }
      |                               ^^^^^^^
      |
      = help: one of `retry`, `fallback`, `rotate_key`, `larger_model`, `stop`
    ");
}

#[test]
fn a_breaker_is_a_map_or_the_word_none() {
    assert_snapshot!(told("name: mine\nbreaker: off\n"), @"
    error: expected a map with its settings, or `none`, found `off`
     --> mine.yaml:2:10
      |
    2 | breaker: off
      |          ^^^
    ");
}

#[test]
fn a_missing_name_is_named() {
    assert_snapshot!(told("about: A policy without a name.\n"), @"
    error: the key `name` is missing
     --> mine.yaml:1:1
      |
    1 | about: A policy without a name.
      | ^^^^^
      |
      = help: add `name: …` here
    ");
}

#[test]
fn a_cap_below_the_base_is_refused() {
    assert_snapshot!(told("name: mine\nretry: { backoff: { base: 10s } }\n"), @"
    error: the longest wait (`max`) is shorter than the first (`base`)
     --> mine.yaml:2:27
      |
    2 | retry: { backoff: { base: 10s } }
      |                           ^^^
      |
      = help: raise `max`, or lower `base`
    ");
}

#[test]
fn a_breaker_open_for_longer_than_its_cap_is_refused() {
    assert_snapshot!(told("name: mine\nbreaker: { open: { initial: 10m } }\n"), @"
    error: the longest time (`max`) is shorter than the first (`initial`)
     --> mine.yaml:2:29
      |
    2 | breaker: { open: { initial: 10m } }
      |                             ^^^
      |
      = help: raise `max`, or lower `initial`
    ");
    let text = "name: mine\noverrides: { by_position: [ { breaker: { open: { max: 1s } } } ] }\n";
    assert_snapshot!(told(text), @"
    error: the longest time (`max`) is shorter than the first (`initial`)
     --> mine.yaml:2:55
      |
    2 | overrides: { by_position: [ { breaker: { open: { max: 1s } } } ] }
      |                                                       ^^
      |
      = help: raise `max`, or lower `initial`
    ");
}

#[test]
fn a_breaker_that_nothing_opens_is_refused() {
    assert_snapshot!(told("name: mine\nbreaker: { consecutive_failures: none }\n"), @"
    error: nothing ever opens this breaker
     --> mine.yaml:2:34
      |
    2 | breaker: { consecutive_failures: none }
      |                                  ^^^^
      |
      = help: write `consecutive_failures: 5`, `min_success_rate: 80%` or `open: { hint: honour }`
    ");
}

#[test]
fn a_share_above_the_whole_is_refused() {
    assert_snapshot!(told("name: mine\nbreaker: { slow_call: 5s, max_slow_rate: 100% }\n"), @"
    error: no share of slow attempts is above 100%
     --> mine.yaml:2:42
      |
    2 | breaker: { slow_call: 5s, max_slow_rate: 100% }
      |                                          ^^^^
      |
      = help: write `99%`, or leave `slow_call` out
    ");
}

#[test]
fn an_ejection_for_longer_than_its_cap_is_refused() {
    assert_snapshot!(told("name: mine\noutlier: { base_ejection_time: 10m }\n"), @"
    error: the longest time (`max_ejection_time`) is shorter than the first (`base_ejection_time`)
     --> mine.yaml:2:32
      |
    2 | outlier: { base_ejection_time: 10m }
      |                                ^^^
      |
      = help: raise `max_ejection_time`, or lower `base_ejection_time`
    ");
}

#[test]
fn yaml_that_is_none_is_pointed_at() {
    assert_snapshot!(told("name: mine\nretry: { max_attempts: 3\ntimeouts: {}\n"), @"
    error: not YAML: this `{` is not closed
     --> mine.yaml:2:8
      |
    2 | retry: { max_attempts: 3
      |        ^
      |
      = help: close it with `}`
    ");
}

#[test]
fn an_empty_file_is_a_problem() {
    assert_snapshot!(told("# To be written.\n"), @"
    error: the file is empty
     --> mine.yaml:1:1
      |
    1 | # To be written.
      | ^
      |
      = help: write a scenario or a policy: `firedrill presets NAME` prints one
    ");
}

#[test]
fn a_file_named_unlike_its_policy_is_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.yaml");
    fs::write(&path, "name: yours\n").unwrap();
    let problem = Policy::read(&path).unwrap_err();
    assert_eq!((problem.line(), problem.column()), (1, 7));
    assert_eq!(
        problem.message(),
        "the policy `yours` stands in a file of another name"
    );
    assert_eq!(
        problem.hint_text(),
        Some("write `name: mine`, or rename the file")
    );
    fs::write(&path, "name: mine\n").unwrap();
    assert_eq!(Policy::read(&path).unwrap().name, "mine");
}

#[test]
fn what_is_no_text_is_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.yaml");
    fs::write(&path, [0x7f, b'E', b'L', b'F', 0, 0, 0xff]).unwrap();
    let problem = Policy::read(&path).unwrap_err();
    assert_eq!(problem.message(), "this is not a text file in UTF-8");
    assert!(problem.to_string().contains('^'), "{problem}");
    assert!(
        Policy::read(folder.path())
            .unwrap_err()
            .to_string()
            .contains("folder")
    );
    assert!(Policy::read(path.join("none")).is_err());
}

/// The keys of earlier versions, and what they are called now.
const RENAMED: [(&str, &str); 45] = [
    ("route.panic_below", "panic_threshold"),
    ("route.slow_start.within", "window"),
    ("route.slow_start.from", "initial_share"),
    ("retry.attempts", "max_attempts"),
    ("retry.per_provider", "max_attempts_per_provider"),
    ("retry.per_class", "max_retries_by_class"),
    ("retry.backoff.cap", "max"),
    ("hints.cap", "max"),
    ("hints.beyond", "above_max"),
    ("hints.spread", "jitter"),
    ("streams.opening", "prebuffer"),
    ("streams.opening_within", "prebuffer_timeout"),
    ("streams.speed_over", "min_speed_window"),
    ("breaker.open.first", "initial"),
    ("breaker.open.cap", "max"),
    ("breaker.consecutive", "consecutive_failures"),
    ("breaker.success_below", "min_success_rate"),
    ("breaker.min", "min_attempts"),
    ("breaker.slow", "slow_call"),
    ("breaker.slow_above", "max_slow_rate"),
    ("breaker.close_after", "success_threshold"),
    ("breaker.probes", "max_probes"),
    ("breaker.lease", "probe_timeout"),
    ("outlier.success_below", "success_rate_below_mean"),
    ("outlier.slower", "latency_factor"),
    ("outlier.eject", "base_ejection_time"),
    ("outlier.cap", "max_ejection_time"),
    ("outlier.max_ejected", "max_ejection_percent"),
    ("health_check.every", "interval"),
    ("health_check.whom", "targets"),
    ("health_check.fall", "unhealthy_threshold"),
    ("health_check.rise", "healthy_threshold"),
    ("hedge.after", "delay"),
    ("hedge.most", "max_hedges"),
    ("hedge.min", "min_samples"),
    ("limit.full", "when_full"),
    ("limit.adaptive.backoff", "decrease"),
    ("limit.adaptive.slow", "latency_factor"),
    ("throttle.max", "max_reject_probability"),
    ("queue.most", "max_calls"),
    ("queue.wait", "max_wait"),
    ("spend.most", "max"),
    ("tiers", "overrides.by_position"),
    ("by_name", "overrides.by_name"),
    ("overrides.by_name.NAME.tier", "priority_group"),
];

#[test]
fn a_key_of_an_earlier_version_is_told_its_new_name() {
    for (old, new) in RENAMED {
        let key = old.rsplit('.').next().expect("a key");
        let nested = old.replace('.', ": { ");
        let close = " }".repeat(old.matches('.').count());
        let text = format!("name: mine\n{nested}: 1{close}\n");
        let problem = Policy::parse("mine.yaml", &text).expect_err(old);
        assert_eq!(problem.message(), format!("unknown key `{key}`"), "{old}");
        let nested = new.split_once('.');
        let nested = nested.map(|(section, key)| format!("{section}: {{ {key}: … }}"));
        let hint = format!("it is now `{}`", nested.as_deref().unwrap_or(new));
        assert_eq!(problem.hint_text(), Some(hint.as_str()), "{old}");
    }
}

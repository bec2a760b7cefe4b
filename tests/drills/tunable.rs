//! What there is to tune: the knobs of `scenarios/tuning` matter, and have a best value inside
//! their range; the planted problems of `tests/scenarios/planted` have the answers that they state.

use std::path::Path;

use firedrill::drill::{Changes, Drill, Engine};
use firedrill::report::{Format, Report, Verdict};

/// Paths in the policy's file, and values.
type Values = &'static [(&'static str, &'static str)];

/// Knobs of a shipped scenario: too little, good, and too much.
const KNOBS: &[(&str, [Values; 3])] = &[
    (
        "backoff",
        [
            &[("retry.max_attempts", "6"), ("retry.backoff.base", "100ms")],
            &[
                ("retry.max_attempts", "6"),
                ("retry.backoff.base", "4s"),
                ("retry.backoff.factor", "1"),
                ("retry.backoff.jitter", "equal"),
            ],
            &[
                ("retry.max_attempts", "6"),
                ("retry.backoff.base", "8s"),
                ("retry.backoff.jitter", "none"),
            ],
        ],
    ),
    (
        "breaker",
        [
            &[
                ("breaker.consecutive_failures", "1"),
                ("breaker.open.initial", "5s"),
            ],
            &[
                ("breaker.consecutive_failures", "5"),
                ("breaker.open.initial", "5s"),
            ],
            &[
                ("breaker.consecutive_failures", "20"),
                ("breaker.open.initial", "5s"),
            ],
        ],
    ),
    (
        "hedging",
        [
            &[("hedge.delay", "500ms"), ("hedge.budget", "50%")],
            &[("hedge.delay", "2500ms"), ("hedge.budget", "50%")],
            &[("hedge.delay", "5s"), ("hedge.budget", "50%")],
        ],
    ),
];

#[test]
fn each_question_of_tuning_has_a_best_answer_between_the_extremes() {
    for (name, [less, good, more]) in KNOBS {
        let path = format!("scenarios/tuning/{name}.yaml");
        let told = |set: &[(&str, &str)]| {
            let report = run(&path, 1, set);
            (success(&report), report.verdict())
        };
        let base = told(&[]);
        let good = told(good);
        // The base keeps to what is expected, so that a search can begin there.
        assert_eq!((base.1, good.1), (Verdict::Holds, Verdict::Holds), "{name}");
        assert!(good.0 > base.0 + 0.01, "{name}: {good:?} {base:?}");
        for other in [told(less), told(more)] {
            let is_worse = other.0 < good.0 - 0.01 || other.1 == Verdict::Fails;
            assert!(is_worse, "{name}: {good:?} {other:?}");
        }
    }
}

#[test]
fn the_best_attempt_timeout_follows_from_arithmetic() {
    let path = planted("attempt-timeout");
    for (timeout, expected) in [
        ("1s", 0.0),
        ("1002ms", 0.936),
        ("1298ms", 0.936),
        ("1310ms", 0.84),
        ("2590ms", 0.84),
        ("2610ms", 0.6),
    ] {
        let found = success(&run(&path, 4, &[("timeouts.attempt", timeout)]));
        assert!((found - expected).abs() < 0.03, "{timeout}: {found}");
    }
}

#[test]
fn retries_in_vain_change_nothing_but_the_bill() {
    let path = planted("retries-in-vain");
    let told = |attempts: &str, billed: &str| {
        let set = [
            ("policy.retry.max_attempts", attempts),
            ("policy.retry.max_attempts_per_provider", attempts),
            ("faults.broken.billed", billed),
        ];
        let report = run_with(&path, 4, &set);
        (success(&report), measure(&report, "cost_per_success"))
    };
    let (rate, _) = told("1", "true");
    assert!((rate - 0.7).abs() < 0.03, "{rate}");
    for (attempts, count) in [("1", 1.0), ("2", 2.0), ("8", 8.0)] {
        let (found, cost) = told(attempts, "true");
        assert_eq!(found, rate);
        let expected = 0.0012 + count * 0.0008 * (1.0 - rate) / rate;
        assert!((cost - expected).abs() < 1e-7, "{attempts}: {cost}");
        assert_eq!(told(attempts, "false"), (rate, 0.0012));
    }
}

#[test]
fn where_only_the_order_matters_nothing_else_does() {
    let path = planted("order");
    let told = |set: &[(&str, &str)]| {
        let report = run(&path, 1, set);
        assert_eq!(success(&report), 1.0);
        let latency = measure(&report, "latency.p95");
        (measure(&report, "cost_per_success"), latency)
    };
    let first = "overrides.by_name.cheap.priority_group";
    let (dear, latency) = told(&[]);
    assert_eq!(dear, 0.0012);
    assert_eq!(told(&[(first, "0")]), (0.000_24, latency));
    assert_eq!(
        told(&[("route.strategy", "cheapest"), (first, "1")]).0,
        0.000_24
    );
    for (path, value) in [
        ("retry.max_attempts", "4"),
        ("timeouts.attempt", "2s"),
        ("breaker.consecutive_failures", "20"),
    ] {
        assert_eq!(told(&[(path, value)]), (dear, latency), "{path}");
    }
}

#[test]
fn where_only_luck_differs_every_choice_has_the_same_mean_and_other_draws() {
    let path = planted("only-luck");
    let choices = [
        ("overrides.by_name.one.weight", "1"),
        ("overrides.by_name.one.weight", "20"),
        ("route.strategy", "priority"),
    ];
    let few = choices.map(|choice| success(&run(&path, 4, &[choice])));
    assert!(few[0] != few[1] && few[1] != few[2], "{few:?}");
    for choice in choices {
        // 2,400 calls: three standard errors are 2.4 points.
        let rate = success(&run(&path, 20, &[choice]));
        assert!((rate - 0.8).abs() < 0.024, "{choice:?}: {rate}");
    }
}

fn planted(name: &str) -> String {
    format!("tests/scenarios/planted/{name}.yaml")
}

/// The report of so many seeds with values set in the policy.
fn run(path: &str, seeds: u64, set: &[(&str, &str)]) -> Report {
    let set = set
        .iter()
        .map(|(path, value)| (format!("policy.{path}"), *value));
    let set = Vec::from_iter(set);
    let set = set.iter().map(|(path, value)| (path.as_str(), *value));
    run_with(path, seeds, &Vec::from_iter(set))
}

fn run_with(path: &str, seeds: u64, set: &[(&str, &str)]) -> Report {
    let set = set
        .iter()
        .map(|(path, value)| ((*path).to_owned(), (*value).to_owned()));
    let changes = Changes {
        seeds: Some(1..=seeds),
        set: set.collect(),
        engine: Engine::Model,
        ..Changes::default()
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let drill = Drill::load_with(path, changes);
    drill
        .unwrap_or_else(|problems| panic!("{problems:?}"))
        .run()
}

fn success(report: &Report) -> f64 {
    measure(report, "success_rate")
}

/// A measure of the only policy.
fn measure(report: &Report, name: &str) -> f64 {
    let text = report.render(Format::Json, false);
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let policies = json["policies"].as_object().expect("an object");
    let policy = policies.values().next().expect("a policy");
    let value = &policy["measures"][name]["value"];
    let text = value.as_str().map(str::to_owned);
    let text = text.unwrap_or_else(|| value.to_string());
    text.parse().expect("a number")
}

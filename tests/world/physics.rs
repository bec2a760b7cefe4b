//! The physics of providers at their boundary, a scenario in and a report out: limits admit what
//! their arithmetic says, load delays answers, and storms arise that were not injected.

use std::collections::BTreeMap;

use firedrill::drill::Drill;
use firedrill::policy::FailureClass;
use firedrill::report::{RunStats, Scope};

/// A scenario of its own: keys of each provider beside dialect and model, the load, the faults.
struct Story<'a> {
    duration: &'a str,
    providers: &'a [&'a str],
    load: &'a str,
    faults: &'a str,
}

/// Answers take 800 ms: 600 to the first token and 20 tokens at 100 tok/s.
const CALM: &str = "ttft: 600ms, speed: 100 tok/s";

/// A call every half second, 240 in two minutes; the last comes at the end of the second.
const STEADY: Story<'_> = Story {
    duration: "2m",
    providers: &[],
    load: "{ arrivals: constant, rate: 2/s, prompt: 100 tok, output: 20 tok }",
    faults: "{}",
};

const ONE_TRY: &str = "retry: { max_attempts: 1, max_attempts_per_provider: 1 }";

impl Story<'_> {
    /// The stats under a policy with these keys.
    fn told(&self, policy: &str) -> RunStats {
        let folder = tempfile::tempdir().unwrap();
        let mut providers = String::new();
        for (number, keys) in self.providers.iter().enumerate() {
            let dialect = if keys.contains("dialect") {
                ""
            } else {
                "dialect: openai, "
            };
            providers += &format!("  p{number}: {{ {dialect}model: gpt-4.1, {keys} }}\n");
        }
        let scenario = format!(
            "name: drill\nrun: {{ duration: {}, seeds: 1..1 }}\nproviders:\n{providers}\
             load: {}\nfaults: {}\npolicies: [./mine.yaml]\n",
            self.duration, self.load, self.faults
        );
        let policy = format!("name: mine\nabout: A test.\n{policy}\n");
        std::fs::write(folder.path().join("mine.yaml"), policy).unwrap();
        std::fs::write(folder.path().join("drill.yaml"), scenario).unwrap();
        let drill = Drill::load(folder.path().join("drill.yaml"));
        let report = drill.unwrap_or_else(|problem| panic!("{problem}")).run();
        report.policies().next().expect("the policy ran").1.clone()
    }
}

/// How many of the calls of [`STEADY`] such `limits` admit, and how many failed with each class.
fn admitted(dialect: &str, limits: &str) -> (u64, BTreeMap<FailureClass, u64>) {
    let provider = format!("dialect: {dialect}, {CALM}, limits: {{ {limits} }}");
    let story = Story {
        providers: &[&provider],
        ..STEADY
    };
    let run = story.told(ONE_TRY).run;
    assert_eq!(run.calls, 240, "{limits}");
    (run.succeeded, run.providers[0].failures.clone())
}

#[test]
fn each_kind_of_limit_admits_what_its_arithmetic_says() {
    for (limits, expected) in [
        // All of the bucket, and one a second for two minutes; the first empties it in a minute.
        ("rpm: 60", 180),
        // Half a minute's calls, half a minute's pause, and the same again.
        ("rpm: 60, window: sliding", 120),
        // The same, and the call at the very end belongs to the next minute.
        ("rpm: 60, window: fixed", 121),
        // Ten in ten seconds: every second ten seconds half of the calls, and so all the time.
        ("rpm: 60, window: fixed, rpm_over: 10s", 121),
        // Calls never stop coming twice as fast as they may: it never opens again.
        ("rpm: 60, window: sliding, count_refused: true", 60),
        ("rpm: 60, count_refused: true", 120),
        ("rpm: 60, count_refused: requests", 120),
        // A call is 120 tokens, and tokens of refused calls count in the same way.
        ("tpm: 7_200, window: sliding", 120),
        (
            "tpm: 7_200, window: sliding, count_refused: requests, rpm: 1k",
            120,
        ),
        ("tpm: 7_200, window: sliding, count_refused: tokens", 60),
        ("tpm: 7_200, window: sliding, count_refused: true", 60),
        ("tpm: 7_200, count_refused: true", 120),
        ("rpd: 50", 50),
        // A call is 120 tokens.
        ("tpm: 7_200, window: fixed", 121),
        ("itpm: 6_000, window: fixed", 121),
        ("otpm: 1_200, window: fixed", 121),
        ("tpd: 1_200, window: fixed", 10),
        // No wait helps: it is always refused.
        ("tpm: 119", 0),
        // The tightest of several says no.
        ("rpm: 60, tpm: 2_400, window: fixed", 41),
        // While one is answered, the next comes: every other is let in.
        ("concurrency: 1", 120),
        ("concurrency: 2", 240),
    ] {
        let (succeeded, failures) = admitted("openai", limits);
        // A sliding window forgets a second late.
        let off = succeeded.abs_diff(expected);
        assert!(off <= 2, "`{limits}`: {succeeded} instead of {expected}");
        // This dialect has one class for all of them.
        let refused = match 240 - succeeded {
            0 => BTreeMap::new(),
            count => BTreeMap::from([(FailureClass::RateLimited, count)]),
        };
        assert_eq!(failures, refused, "`{limits}`");
    }
}

/// Each dialect has its own words for each limit; the client classifies them the same, except where
/// the words say that no wait of minutes helps.
#[test]
fn refusals_by_limits_are_understood_in_each_dialect() {
    use FailureClass::{Quota, RateLimited};
    let limits = [
        "rpm: 60, rpm_over: 60s",
        "tpm: 7_200",
        "rpd: 50",
        "tpd: 1_200",
        "concurrency: 1",
    ];
    for (dialect, daily) in [
        ("openai", RateLimited),
        ("deepseek", RateLimited),
        ("moonshot", RateLimited),
        ("openrouter", Quota),
        ("xai", RateLimited),
        ("azure", RateLimited),
        ("anthropic", RateLimited),
        ("gemini", Quota),
    ] {
        for limits in limits {
            let (_, failures) = admitted(dialect, limits);
            let is_daily = limits.starts_with("rpd") || limits.starts_with("tpd");
            let expected = if is_daily { daily } else { RateLimited };
            let classes: Vec<_> = failures.keys().copied().collect();
            assert_eq!(classes, [expected], "`{limits}` of {dialect}");
        }
    }
}

#[test]
fn what_is_charged_on_completion_overshoots_by_what_is_under_way() {
    // Ten calls' worth a minute; two calls are under way when the tenth is charged.
    let (on_admission, _) = admitted("openai", "tpm: 1_200, window: fixed");
    let (on_completion, _) = admitted("openai", "tpm: 1_200, window: fixed, charge: completion");
    assert_eq!((on_admission, on_completion), (21, 23));
}

#[test]
fn a_primary_outage_pushes_a_backup_over_its_own_limit() {
    let backup = format!("{CALM}, limits: {{ rpm: 60 }}");
    let with = |faults| {
        let story = Story {
            providers: &[CALM, &backup],
            faults,
            ..STEADY
        };
        story
            .told("retry: { max_attempts: 2, max_attempts_per_provider: 1 }")
            .run
    };
    let calm = with("{}");
    assert_eq!((calm.succeeded, calm.providers[1].attempts), (240, 0));
    let storm = with("{ down: { target: p0, inject: outage } }");
    let refused = storm.providers[1].failures[&FailureClass::RateLimited];
    assert!(
        (55..=65).contains(&refused),
        "{refused} of 240 refused by the backup"
    );
    assert_eq!(storm.succeeded, 240 - refused);
}

#[test]
fn another_provider_of_the_same_account_is_no_way_out() {
    let with = |account: &str| {
        let provider = format!("{CALM}, limits: {{ rpm: 60, window: fixed{account} }}");
        let story = Story {
            providers: &[&provider, &provider],
            ..STEADY
        };
        story
            .told("retry: { max_attempts: 2, max_attempts_per_provider: 1 }")
            .run
            .succeeded
    };
    assert_eq!(with(""), 240);
    assert_eq!(with(", account: org-1"), 121);
}

/// One slot, half a second of work a call.
const QUEUE: &str = "ttft: 402ms, speed: 100 tok/s, capacity: { slots: 1, queue: 1_000 }";

/// The mean wait of calls, in seconds, at this rate.
fn mean_wait(rate: &str) -> f64 {
    let load = format!("{{ rate: {rate}, prompt: 9 tok, output: 10 tok }}");
    let story = Story {
        duration: "40m",
        providers: &[QUEUE],
        load: &load,
        faults: "{}",
    };
    let run = story.told(ONE_TRY).run;
    assert_eq!(run.succeeded, run.calls);
    run.latency.sum_ns as f64 / run.calls as f64 / 1e9 - 0.502
}

/// With one server and constant work s at use u, the mean wait is s * u / (2 * (1 - u)).
#[test]
fn answers_come_later_the_busier_a_provider_is() {
    let (half, nearly_all) = (mean_wait("1/s"), mean_wait("1.8/s"));
    assert!((0.22..0.28).contains(&half), "{half} s at 50 %, not 0.25 s");
    assert!(
        (1.6..3.0).contains(&nearly_all),
        "{nearly_all} s at 90 %, not 2.25 s"
    );
}

#[test]
fn more_than_the_queue_holds_is_refused_as_overload() {
    let provider = "ttft: 602ms, speed: 100 tok/s, capacity: { slots: 1, queue: 3 }";
    let story = Story {
        providers: &[provider],
        load: "{ arrivals: constant, rate: 10/s, prompt: 9 tok, output: 40 tok }",
        ..STEADY
    };
    let run = story.told(ONE_TRY).run;
    let overloaded = run.providers[0].failures[&FailureClass::Overloaded];
    // One a second is answered; the last four were still under way.
    assert!((119..=124).contains(&run.succeeded), "{}", run.succeeded);
    assert_eq!(run.succeeded + overloaded, 1_200);
}

#[test]
fn work_for_clients_that_left_goes_on_and_is_billed() {
    // Half a second of work for each, four calls a second, and no caller waits longer than a
    // second.
    let story = Story {
        providers: &[QUEUE],
        load: "{ arrivals: constant, rate: 4/s, prompt: 9 tok, output: 10 tok, deadline: 1s }",
        ..STEADY
    };
    let run = story.told(ONE_TRY).run;
    // Were their work dropped, a call in two would be answered in time.
    assert!(run.succeeded <= 4, "{} of 480 in time", run.succeeded);
    // Thousandths of tokens.
    let billed = run.providers[0].ledger.billed();
    assert_eq!(
        (billed.input, billed.output),
        (480 * 9 * 1_000, 480 * 10 * 1_000)
    );
}

/// Ten slots, a second of work a call, eight calls a second; for half a minute all takes five times
/// as long. `late` changes nothing: it counts what comes minutes after that.
fn after_the_trigger(capacity: &str, policy: &str) -> Scope {
    let provider = format!("ttft: 602ms, speed: 100 tok/s, capacity: {{ {capacity} }}");
    let story = Story {
        duration: "7m",
        providers: &[&provider],
        load: "{ arrivals: poisson, rate: 8/s, prompt: 9 tok, output: 40 tok }",
        faults: "{ trigger: { target: p0, inject: slow, factor: 5, at: 1m, for: 30s }, \
                 late: { target: p0, inject: slow, factor: 1, at: 5m, for: 2m } }",
    };
    story.told(policy).during.remove(1)
}

#[test]
fn retries_keep_a_storm_alive_after_its_trigger_has_gone() {
    let capacity = "slots: 10, queue: 200";
    let timeout = "timeouts: { attempt: 3s }";
    let once = after_the_trigger(capacity, &format!("{ONE_TRY}\n{timeout}"));
    assert!(
        once.succeeded * 100 > once.calls * 95,
        "{} of {}",
        once.succeeded,
        once.calls
    );
    let thrice = format!(
        "retry: {{ max_attempts: 3, max_attempts_per_provider: 3, backoff: {{ base: 100ms }} \
            }}\n{timeout}\n\
         failures: {{ overloaded: retry, timeout: retry }}"
    );
    let storm = after_the_trigger(capacity, &thrice);
    assert!(
        storm.succeeded * 100 < storm.calls * 20,
        "{} of {}",
        storm.succeeded,
        storm.calls
    );
}

#[test]
fn capacity_that_overload_takes_keeps_the_overload_alive() {
    let degrade = "slots: 10, queue: 60, degrade: { to: 50%, within: 20s, recover: 5m }";
    let patient = after_the_trigger("slots: 10, queue: 60", ONE_TRY);
    assert_eq!(patient.succeeded, patient.calls);
    let worn = after_the_trigger(degrade, ONE_TRY);
    assert!(
        worn.succeeded * 100 < worn.calls * 75,
        "{} of {}",
        worn.succeeded,
        worn.calls
    );
}

//! A case for each rule: a policy that it warns about, the location, and the corrected policy.
//! This file is long because there are many rules.

use super::*;
use crate::policy_file::presets;
use crate::units::duration;

/// A policy that a rule warns about.
struct Case {
    code: &'static str,
    /// The policy without its name, and its context.
    policy: &'static str,
    around: fn() -> LintContext,
    /// The key that the warning points at, and a part of what it says.
    place: &'static str,
    says: &'static str,
    /// The corrected policy, in the same context.
    mended: &'static str,
}

const CASES: &[Case] = &[
    Case {
        code: "fallback-starved",
        policy: "breaker: {}\ntimeouts: { attempt: 60s, call: 60s }\n",
        around: nothing,
        place: "timeouts.attempt",
        says: "one attempt may take 1m (`attempt`), and the call ends (`call`) after 1m",
        mended: "breaker: {}\ntimeouts: { attempt: 15s, call: 60s }\n",
    },
    Case {
        code: "fallback-starved",
        policy: "breaker: {}\ntimeouts: { connect: 2s, call: 60s }\n",
        around: nothing,
        place: "timeouts.attempt",
        says: "as long as the whole call",
        mended: "retry: { max_attempts: 1 }\ntimeouts: { connect: 2s, call: 60s }\n",
    },
    Case {
        code: "fallback-starved",
        policy: "breaker: {}\ntimeouts: { first_token: 10s, attempt: 30s }\n",
        around: || LintContext {
            deadline: Some(duration("30s")),
            streamed: Some(Share::ZERO),
            ..fleet(2)
        },
        place: "timeouts.attempt",
        says: "its caller leaves after 30s",
        mended: "breaker: {}\ntimeouts: { first_token: 10s, attempt: 7s }\n",
    },
    Case {
        code: "timeouts-beyond-deadline",
        policy: "retry: { max_attempts: 4 }\ntimeouts: { attempt: 30s, call: 60s }\n",
        around: nothing,
        place: "timeouts.attempt",
        says: "4 attempts of up to 30s (`attempt`) come to 121s",
        mended: "retry: { max_attempts: 4 }\ntimeouts: { attempt: 14s, call: 60s }\n",
    },
    Case {
        code: "timeouts-beyond-deadline",
        policy: "retry: { max_attempts: 4, max_attempts_per_provider: 1 }\n\
            timeouts: { first_token: 20s, attempt: 30s, call: 60s }\n",
        around: nothing,
        place: "timeouts.first_token",
        says: "come to 80s",
        mended: "retry: { max_attempts: 4, max_attempts_per_provider: 1 }\n\
            timeouts: { first_token: 15s, attempt: 30s, call: 60s }\n",
    },
    Case {
        code: "timeout-never-fires",
        policy: "overrides: { by_position: [ { timeouts: { idle: 40s } } ] }\n\
            timeouts: { idle: 20s, attempt: 30s }\n",
        around: nothing,
        place: "overrides.by_position.0.timeouts.idle",
        says: "`idle: 40s` never fires: `attempt: 30s` comes first",
        mended: "overrides: { by_position: [ { timeouts: { idle: 9s } } ] }\n\
            timeouts: { idle: 20s, attempt: 30s }\n",
    },
    Case {
        code: "no-timeout",
        policy: "timeouts: { first_token: 10s }\n",
        around: nothing,
        place: "timeouts",
        says: "a stream that stalls",
        mended: "timeouts: { first_token: 10s, idle: 20s }\n",
    },
    Case {
        code: "no-timeout",
        policy: "timeouts: { connect: 2s }\n",
        around: nothing,
        place: "timeouts",
        says: "an answer that never comes",
        mended: "timeouts: { call: 60s }\n",
    },
    Case {
        code: "waits-beyond-deadline",
        policy: "retry: { max_attempts: 9, max_attempts_per_provider: 9, backoff: { base: 4s } }\n\
            timeouts: { attempt: 1s, call: 30s }\n",
        around: nothing,
        place: "retry.max_attempts_per_provider",
        says: "wait 1m in between, and the call has 30s",
        mended: "retry: { max_attempts: 9, max_attempts_per_provider: 5, backoff: { base: 4s } }\n\
            timeouts: { attempt: 1s, call: 30s }\n",
    },
    Case {
        code: "no-jitter",
        policy: "retry: { backoff: { jitter: none } }\n",
        around: nothing,
        place: "retry.backoff.jitter",
        says: "without jitter",
        mended: "retry: { backoff: { jitter: 80%..120% } }\n",
    },
    Case {
        code: "no-jitter",
        policy: "overrides: { by_name: { kimi: { backoff: { jitter: 100%..100% } } } }\n",
        around: nothing,
        place: "overrides.by_name.kimi.backoff.jitter",
        says: "without jitter",
        mended: "retry: { max_attempts_per_provider: 1, backoff: { jitter: none } }\n",
    },
    Case {
        code: "retries-multiply",
        policy: "retry: { max_attempts: 4, max_attempts_per_provider: 3 }\n",
        around: || fleet(3),
        place: "retry.max_attempts_per_provider",
        says: "4 attempts, 3 per provider, reach 2 of 3 providers",
        mended: "retry: { max_attempts: 4, max_attempts_per_provider: 1 }\n",
    },
    Case {
        code: "section-without-effect",
        policy: "hedge: { delay: p95 }\n",
        around: || fleet(1),
        place: "hedge",
        says: "another provider, and there is none",
        mended: "hedge: { delay: p95, budget: 0% }\n",
    },
    Case {
        code: "section-without-effect",
        policy: "outlier: {}\n",
        around: || fleet(1),
        place: "outlier",
        says: "by its peers",
        mended: "breaker: {}\n",
    },
    Case {
        code: "section-without-effect",
        policy: "route: { slow_start: { window: 30s } }\n",
        around: || fleet(1),
        place: "route.slow_start",
        says: "leaves calls to others",
        mended: "route: { strategy: priority }\n",
    },
    Case {
        code: "section-without-effect",
        policy: "queue: { max_wait: 5s }\n",
        around: || fleet(2),
        place: "queue",
        says: "neither `limit` nor `spend`",
        mended: "queue: { max_wait: 5s }\nlimit: { concurrency: 4 }\n",
    },
    Case {
        code: "retry-in-vain",
        policy: "failures: { auth: retry }\n",
        around: nothing,
        place: "failures.auth",
        says: "`auth` is tried again",
        mended: "failures: { auth: fallback, reset: retry }\n",
    },
    Case {
        code: "retry-in-vain",
        policy: "failures: { bad_request: retry }\n",
        around: nothing,
        place: "failures.bad_request",
        says: "`bad_request` is tried again",
        mended: "failures: { bad_request: fallback }\n",
    },
    Case {
        code: "no-retry-budget",
        policy: "retry: { max_attempts: 3 }\n",
        around: many_clients,
        place: "retry.budget",
        says: "4 clients retry",
        mended: "retry: { max_attempts: 3, budget: {} }\n",
    },
    Case {
        code: "no-breaker",
        policy: "retry: { max_attempts: 4 }\n",
        around: nothing,
        place: "breaker",
        says: "there is no breaker",
        mended: "retry: { max_attempts: 4 }\nbreaker: {}\n",
    },
    Case {
        code: "no-breaker",
        policy: "retry: { max_attempts: 4 }\n",
        around: || fleet(2),
        place: "breaker",
        says: "there is no breaker",
        mended: "retry: { max_attempts: 4 }\nhealth_check: {}\n",
    },
    Case {
        code: "probes-in-turns",
        policy: "breaker: { max_probes: 2, success_threshold: 5 }\n",
        around: nothing,
        place: "breaker.success_threshold",
        says: "closing takes 5 successes, and 2 at a time may probe: 3 rounds",
        mended: "breaker: { max_probes: 5, success_threshold: 5 }\n",
    },
    Case {
        code: "slow-in-flight",
        policy: "breaker: { count_slow: in_flight }\n",
        around: nothing,
        place: "breaker.count_slow",
        says: "there is no `slow_call`",
        mended: "breaker: { slow_call: 5s, count_slow: in_flight }\n",
    },
    Case {
        code: "slow-in-flight",
        policy: "breaker: { slow_call: 30s, count_slow: in_flight }\ntimeouts: { attempt: 9s }\n",
        around: nothing,
        place: "breaker.count_slow",
        says: "attempts end after 9s, and are slow after 30s",
        mended: "breaker: { slow_call: 5s, count_slow: in_flight }\ntimeouts: { attempt: 9s }\n",
    },
    Case {
        code: "context-unknown",
        policy: "breaker: {}\nroute: { small_context: skip }\n",
        around: || fleet(2),
        place: "route.small_context",
        says: "no provider says its context",
        mended: "breaker: {}\nroute: { small_context: ask }\n",
    },
    Case {
        code: "reserved-places",
        policy: "route: { tasks: { chat: { reserved_concurrency: 4 } } }\nbreaker: {}\n",
        around: nothing,
        place: "route.tasks.chat.reserved_concurrency",
        says: "places are kept for `chat`, and their number has no limit",
        mended: "route: { tasks: { chat: { reserved_concurrency: 4 } } }\nbreaker: {}\n\
            limit: { concurrency: 12 }\n",
    },
    Case {
        code: "reserved-places",
        policy: "route: { tasks: { chat: { reserved_concurrency: 4 } } }\nbreaker: {}\n\
            limit: { concurrency: 4 }\n",
        around: nothing,
        place: "route.tasks.chat.reserved_concurrency",
        says: "tasks keep 4 places, and a provider has 4",
        mended: "route: { tasks: { chat: { reserved_concurrency: 3 } } }\nbreaker: {}\n\
            limit: { concurrency: 4 }\n",
    },
    Case {
        code: "waits-in-vain",
        policy: "queue: { when_unavailable: wait }\nlimit: { rpm: 60 }\n\
            retry: { max_attempts: 1 }\n",
        around: nothing,
        place: "queue.when_unavailable",
        says: "nothing refuses a provider",
        mended: "queue: { max_wait: 30s, when_unavailable: wait }\nbreaker: {}\n",
    },
    Case {
        code: "waits-in-vain",
        policy: "queue: { max_wait: 5s, when_unavailable: wait }\nbreaker: {}\n",
        around: nothing,
        place: "queue.max_wait",
        says: "calls wait for 5s at most, and a breaker stays open for 30s",
        mended: "queue: { max_wait: 5s, when_unavailable: wait }\n\
            breaker: { open: { initial: 5s } }\n",
    },
    Case {
        code: "ejects-none",
        policy: "breaker: {}\noutlier: { max_ejection_percent: 10% }\n",
        around: || fleet(3),
        place: "outlier.max_ejection_percent",
        says: "10% of 3 providers is none",
        mended: "breaker: {}\noutlier: { max_ejection_percent: 10%, min_ejections: 1 }\n",
    },
    Case {
        code: "probe-can-hang",
        policy: "breaker: {}\n",
        around: nothing,
        place: "breaker",
        says: "holds its place without end",
        mended: "breaker: { probe_timeout: 30s }\n",
    },
    Case {
        code: "hint-for-one-call",
        policy: "breaker: {}\n",
        around: nothing,
        place: "breaker.open.hint",
        says: "for one call only",
        mended: "breaker: { open: { hint: honour } }\n",
    },
    Case {
        code: "hint-for-one-call",
        policy: "breaker: {}\n",
        around: nothing,
        place: "breaker.open.hint",
        says: "for one call only",
        mended: "breaker: {}\nfailures: { rate_limited: fallback }\n",
    },
    Case {
        code: "checks-cost",
        policy: "health_check: { targets: all, interval: 5s }\n",
        around: nothing,
        place: "health_check.interval",
        says: "every 5s: 17280 billed requests a day",
        mended: "health_check: { targets: refused, interval: 5s }\n",
    },
    Case {
        code: "hedge-never",
        policy: "hedge: { budget: 0% }\n",
        around: nothing,
        place: "hedge.budget",
        says: "never hedges",
        mended: "hedge: {}\n",
    },
    Case {
        code: "hedge-doubles",
        policy: "hedge: { budget: 50% }\n",
        around: nothing,
        place: "hedge.budget",
        says: "up to 50% of calls",
        mended: "hedge: { budget: 20% }\n",
    },
    Case {
        code: "hedge-doubles",
        policy: "hedge: { delay: 300ms }\n",
        around: || fleet(2),
        place: "hedge.delay",
        says: "below the median of `p0`, 500ms",
        mended: "hedge: { delay: 2s }\n",
    },
    Case {
        code: "hedge-doubles",
        policy: "hedge: { delay: p40 }\n",
        around: nothing,
        place: "hedge.delay",
        says: "60% of healthy calls",
        mended: "hedge: { delay: p90 }\n",
    },
    Case {
        code: "limit-below-load",
        policy: "limit: { rpm: 100 }\n",
        around: busy,
        place: "limit.rpm",
        says: "allow 200 attempts per minute, and 300 arrive",
        mended: "limit: { rpm: 150 }\n",
    },
    Case {
        code: "limit-below-load",
        policy: "limit: { tpm: 100k }\n",
        around: busy,
        place: "limit.tpm",
        says: "allow 200000 tokens per minute, and 300000 arrive",
        mended: "limit: { tpm: 100k }\noverrides: { by_name: { p1: { limit: { tpm: none } } } }\n",
    },
    Case {
        code: "shared-fate",
        policy: "",
        around: || {
            let mut around = fleet(3);
            around.providers[0].host = Some("api.test".to_owned());
            around.providers[2].host = Some("api.test".to_owned());
            around
        },
        place: "provider p2",
        says: "`p0` and `p2` share api.test",
        mended: "retry: { max_attempts: 1 }\n",
    },
];

fn nothing() -> LintContext {
    LintContext::default()
}

fn fleet(count: usize) -> LintContext {
    let provider = |place| LintProvider {
        name: format!("p{place}"),
        host: None,
        first_token: Some(duration("500ms")),
        context: None,
    };
    LintContext {
        providers: (0..count).map(provider).collect(),
        ..nothing()
    }
}

fn many_clients() -> LintContext {
    LintContext {
        clients: Some(4),
        ..nothing()
    }
}

/// Two clients that share 600 calls a minute, of 1,000 tokens each.
fn busy() -> LintContext {
    LintContext {
        offered_per_minute: Some(600),
        tokens_per_call: Some(1_000),
        clients: Some(2),
        ..fleet(2)
    }
}

fn duration(text: &str) -> Duration {
    duration::parse(text).unwrap()
}

fn findings(text: &str, around: &LintContext) -> Vec<Finding> {
    let policy = Policy::parse("p.yaml", &format!("name: p\n{text}")).unwrap();
    lint(&policy, around)
}

fn first_place(finding: &Finding) -> String {
    match &finding.place {
        LintLocation::Policy(paths) => paths[0].join("."),
        LintLocation::Provider(name) => format!("provider {name}"),
    }
}

#[test]
fn each_rule_warns_of_its_case_and_not_of_the_mended_one() {
    for case in CASES {
        let around = (case.around)();
        let (code, policy) = (case.code, case.policy);
        let found = findings(policy, &around);
        let found = Vec::from_iter(found.iter().filter(|finding| finding.code == code));
        let [finding] = found[..] else {
            panic!("{code} found {} times in {policy}", found.len());
        };
        assert_eq!(first_place(finding), case.place, "{code}");
        assert!(finding.message.contains(case.says), "{}", finding.message);
        let mended = findings(case.mended, &around);
        let is_left = mended.iter().any(|finding| finding.code == code);
        assert!(!is_left, "{code} in {}", case.mended);
    }
}

#[test]
fn every_rule_has_a_case_and_says_why_and_what_instead() {
    for code in codes() {
        assert!(CASES.iter().any(|case| case.code == code), "{code}");
    }
    for case in CASES {
        for finding in findings(case.policy, &(case.around)()) {
            assert!(!finding.why.is_empty(), "{}", finding.code);
            assert!(finding.instead.contains(' '), "{}", finding.code);
            assert!(!finding.message.contains(": write "), "{}", finding.code);
        }
    }
}

#[test]
fn what_is_unknown_is_not_held_against_a_policy() {
    for (text, code) in [
        (
            "retry: { max_attempts: 4, max_attempts_per_provider: 4 }\n",
            "retries-multiply",
        ),
        ("retry: { max_attempts: 4 }\n", "no-retry-budget"),
        ("limit: { rpm: 1 }\n", "limit-below-load"),
        ("hedge: { delay: 1ms }\n", "hedge-doubles"),
        ("timeouts: { attempt: 10m }\n", "fallback-starved"),
        ("timeouts: { attempt: 10m }\n", "timeouts-beyond-deadline"),
    ] {
        let found = findings(text, &nothing());
        assert!(found.iter().all(|finding| finding.code != code), "{text}");
    }
}

#[test]
fn who_has_nowhere_to_go_needs_no_way_there() {
    let alone = fleet(1);
    let found = findings(
        "retry: { max_attempts: 4 }\ntimeouts: { attempt: 9s }\n",
        &alone,
    );
    assert_eq!(found, []);
}

#[test]
fn what_is_allowed_is_not_told_and_what_finds_nothing_is() {
    let even = "retry: { backoff: { jitter: none } }\nallow: ";
    let codes = |rules: &str| {
        let found = findings(&format!("{even}{rules}\n"), &nothing());
        Vec::from_iter(found.into_iter().map(|finding| finding.code))
    };
    assert!(codes("[]").contains(&"no-jitter"));
    assert!(!codes("[no-jitter]").contains(&"no-jitter"));
    assert!(!codes("[no-jitter]").contains(&IN_VAIN));
    assert!(codes("[probes-in-turns]").contains(&IN_VAIN));
    // Another scenario may have a load that it is for.
    assert!(!codes("[limit-below-load]").contains(&IN_VAIN));
}

#[test]
fn presets_do_as_a_reviewer_would_advise_or_say_that_they_mean_it() {
    for name in [
        "no-failover",
        "retry-only",
        "priority-fallback",
        "round-robin",
        "resilient",
    ] {
        let policy = presets::policy(name).unwrap();
        assert_eq!(lint(&policy, &nothing()), [], "{name}");
    }
}

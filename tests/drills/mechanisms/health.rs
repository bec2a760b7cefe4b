//! How providers are excluded for a while, and how they come back.

use super::{Row, Shown, Story, Without};

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "Breaker: failures in a row",
        who: "articles, LiteLLM, Portkey, Kong, Envoy AI, Envoy, resilience4j, Finagle",
        knobs: &["breaker", "breaker.consecutive_failures"],
        test: "src/policy/breaker/tests.rs::only_failures_in_a_row_open_it",
        shown: Shown::By(Story {
            scenario: "breaker",
            with: "plain",
            without: Without::Policy("no-breaker"),
            measure: "ttft.p50 during silent",
        }),
    },
    Row {
        name: "Breaker: failures within a window",
        who: "LiteLLM, Kong",
        knobs: &["breaker.max_failures", "breaker.window"],
        test: "src/policy/breaker/tests.rs::\
               enough_failures_within_the_window_open_it_whatever_succeeds_between",
        shown: Shown::By(Story {
            scenario: "breaker-count",
            with: "failure-count",
            without: Without::Policy("plain"),
            measure: "ttft.mean during lossy",
        }),
    },
    Row {
        name: "Breaker: success rate over a window, with a minimum volume",
        who: "LiteLLM, Portkey, Bifrost, Helicone, Envoy AI, Envoy, resilience4j, Polly, Finagle",
        knobs: &[
            "breaker.min_success_rate",
            "breaker.window",
            "breaker.min_attempts",
        ],
        test: "src/policy/breaker/tests.rs::a_smaller_share_of_successes_than_asked_for_opens_it",
        shown: Shown::By(Story {
            scenario: "breaker-rate",
            with: "success-rate",
            without: Without::Policy("plain"),
            measure: "ttft.mean during lossy",
        }),
    },
    Row {
        name: "Breaker: share of slow answers",
        who: "Bifrost, resilience4j",
        knobs: &["breaker.slow_call", "breaker.max_slow_rate"],
        test: "src/policy/breaker/tests.rs::slow_answers_open_it_although_all_are_right",
        shown: Shown::By(Story {
            scenario: "slow-calls",
            with: "slow-calls",
            without: Without::Policy("plain"),
            measure: "ttft.p50 during slow",
        }),
    },
    Row {
        name: "Slow calls counted while they are in flight",
        who: "none",
        knobs: &["breaker.count_slow"],
        test: "src/policy/breaker/tests.rs::slow_attempts_in_flight_open_it_before_one_ends",
        shown: Shown::By(Story {
            scenario: "slow-in-flight",
            with: "in-flight",
            without: Without::Policy("in-flight-off"),
            measure: "latency.p90 during slow",
        }),
    },
    Row {
        name: "Open time that grows, with jitter",
        who: "Envoy AI, Envoy, resilience4j, Polly, Finagle",
        knobs: &[
            "breaker.open.factor",
            "breaker.open.max",
            "breaker.open.jitter",
        ],
        test: "src/policy/breaker/tests.rs::it_stays_open_longer_each_time_up_to_the_cap",
        shown: Shown::By(Story {
            scenario: "growing-time",
            with: "growing-time",
            without: Without::Policy("plain"),
            measure: "load_during(gone)",
        }),
    },
    Row {
        name: "Open time by the provider's own hint",
        who: "LiteLLM, Helicone, Finagle",
        knobs: &["breaker.open.hint"],
        test: "src/policy/breaker/tests.rs::a_hint_opens_it_at_once_for_as_long_as_it_says",
        shown: Shown::By(Story {
            scenario: "hint-opens",
            with: "hint-opens",
            without: Without::Policy("plain"),
            measure: "hints_violated.client",
        }),
    },
    Row {
        name: "Probes one at a time",
        who: "articles, resilience4j, Polly, Finagle",
        knobs: &["breaker.max_probes", "breaker.success_threshold"],
        test: "src/policy/breaker/tests.rs::probes_are_bounded_and_enough_of_them_close_it",
        shown: Shown::By(Story {
            scenario: "probes",
            with: "plain",
            without: Without::Policy("ten-probes"),
            measure: "latency.p90 during silent",
        }),
    },
    Row {
        name: "A lease for probes",
        who: "none",
        knobs: &["breaker.probe_timeout"],
        test: "src/policy/breaker/tests.rs::a_probe_that_does_not_come_back_loses_its_place",
        shown: Shown::By(Story {
            scenario: "probe-lease",
            with: "lease",
            without: Without::Policy("plain"),
            measure: "recovery_time(openai)",
        }),
    },
    Row {
        name: "Outliers among peers are ejected, with a maximum",
        who: "Envoy AI, Envoy",
        knobs: &[
            "outlier",
            "outlier.success_rate_below_mean",
            "outlier.max_ejection_percent",
        ],
        test: "src/policy/outlier/tests.rs::who_fails_far_more_than_its_peers_is_left_out",
        shown: Shown::By(Story {
            scenario: "outlier",
            with: "outlier",
            without: Without::Policy("in-turns"),
            measure: "latency.p95 during lossy",
        }),
    },
    Row {
        name: "Panic bypass",
        who: "articles, LiteLLM, Portkey, Envoy AI, Envoy, Finagle",
        knobs: &["route.panic_threshold"],
        test: "src/policy/fleet/tests.rs::when_too_few_are_well_breakers_are_passed_over",
        shown: Shown::By(Story {
            scenario: "panic",
            with: "panic",
            without: Without::Policy("plain"),
            measure: "success_rate after cut to 20s",
        }),
    },
    Row {
        name: "Slow start after a recovery",
        who: "Bifrost, Envoy AI, Envoy",
        knobs: &[
            "route.slow_start",
            "route.slow_start.window",
            "route.slow_start.initial_share",
        ],
        test: "src/policy/slow_start.rs::the_part_grows_evenly_from_the_first_to_the_whole",
        shown: Shown::By(Story {
            scenario: "slow-start",
            with: "slow-start",
            without: Without::Policy("plain"),
            measure: "latency.p95 after down to 1m",
        }),
    },
    Row {
        name: "Active health checks, which cost money",
        who: "articles, LiteLLM, Kong, Envoy AI, Envoy, Finagle, gRPC",
        knobs: &[
            "health_check",
            "health_check.interval",
            "health_check.targets",
        ],
        test: "src/policy/health_check.rs::\
            a_row_of_failures_takes_it_down_and_a_row_of_passes_brings_it_back",
        shown: Shown::By(Story {
            scenario: "health-check",
            with: "health-check",
            without: Without::Policy("plain"),
            measure: "latency.p90 during silent",
        }),
    },
    Row {
        name: "Isolation by hand",
        who: "articles, LiteLLM, Envoy, resilience4j, Polly",
        knobs: &["Client::isolate"],
        test: "tests/world/clients.rs::an_isolated_provider_is_asked_nothing_for_a_while",
        shown: Shown::By(Story {
            scenario: "isolate",
            with: "plain",
            without: Without::Set("operations.drain.at", "179s"),
            measure: "ttft.p95 during lossy",
        }),
    },
    Row {
        name: "A switch to one provider, by hand",
        who: "articles, LiteLLM, Envoy",
        knobs: &["Client::pin"],
        test: "tests/world/clients.rs::calls_are_pinned_from_the_start_to_the_end",
        shown: Shown::By(Story {
            scenario: "pin",
            with: "in-turns",
            without: Without::Set("operations.rollback.at", "179s"),
            measure: "ttft.p50 during slow",
        }),
    },
];

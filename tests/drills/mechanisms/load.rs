//! Limits on the load of providers, and calls without capacity.

use super::{Row, Shown, Story, Without};

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "Requests per minute, limited by the client",
        who: "articles, LiteLLM, Portkey, Bifrost, Helicone, Kong, Envoy AI, Envoy, \
            resilience4j, Polly, AWS, tower",
        knobs: &["limit.rpm"],
        test: "src/policy/limiter.rs::a_burst_of_a_tenth_goes_out_at_once_and_the_rest_evenly",
        shown: Shown::By(Story {
            scenario: "rpm",
            with: "rpm",
            without: Without::Policy("queue"),
            measure: "success_rate",
        }),
    },
    Row {
        name: "Tokens per minute, limited by the client",
        who: "articles, LiteLLM, Portkey, Bifrost, Helicone, Kong, Envoy AI, Envoy, \
            resilience4j, Polly, AWS, tower",
        knobs: &["limit.tpm"],
        test: "src/policy/limiter.rs::what_was_not_used_comes_back_and_what_was_used_on_top_delays",
        shown: Shown::By(Story {
            scenario: "tpm",
            with: "tpm",
            without: Without::Policy("plain"),
            measure: "attempts_per_call",
        }),
    },
    Row {
        name: "Bulkhead",
        who: "articles, LiteLLM, Bifrost, Envoy AI, Envoy, resilience4j, Polly, Finagle, tower",
        knobs: &["limit.concurrency"],
        test: "src/policy/bulkhead.rs::a_fixed_bound_stays_whatever_happens",
        shown: Shown::By(Story {
            scenario: "bulkhead",
            with: "bulkhead",
            without: Without::Policy("plain"),
            measure: "latency.p95",
        }),
    },
    Row {
        name: "Places kept for a task",
        who: "LiteLLM (of rates)",
        knobs: &["route.tasks"],
        test: "src/policy/reserved.rs::others_leave_free_what_a_task_does_not_use_of_its_reserve",
        shown: Shown::By(Story {
            scenario: "reserved-places",
            with: "reserved-queue",
            without: Without::Policy("walled-queue"),
            measure: "success_rate of chat",
        }),
    },
    Row {
        name: "Adaptive concurrency",
        who: "Envoy AI, Envoy, Finagle",
        knobs: &[
            "limit.adaptive",
            "limit.adaptive.start",
            "limit.adaptive.latency_factor",
        ],
        test: "src/policy/bulkhead.rs::it_finds_what_a_provider_can_bear",
        shown: Shown::By(Story {
            scenario: "adaptive",
            with: "adaptive",
            without: Without::Policy("plain"),
            measure: "ttft.p95 during shrunk",
        }),
    },
    Row {
        name: "Adaptive throttle",
        who: "Envoy, Finagle, AWS",
        knobs: &[
            "throttle",
            "throttle.k",
            "throttle.window",
            "throttle.max_reject_probability",
        ],
        test: "src/policy/throttle.rs::a_provider_that_accepts_one_of_ten_is_sent_twice_that",
        shown: Shown::By(Story {
            scenario: "throttle",
            with: "throttle",
            without: Without::Policy("no-breaker"),
            measure: "attempts_per_call during storm",
        }),
    },
    Row {
        name: "Bounded queue",
        who: "LiteLLM, Envoy",
        knobs: &["queue", "queue.max_calls", "queue.max_wait"],
        test: "src/policy/queue.rs::a_full_queue_turns_away_who_is_no_more_important",
        shown: Shown::By(Story {
            scenario: "queue",
            with: "walled-queue",
            without: Without::Policy("walled"),
            measure: "success_rate",
        }),
    },
    Row {
        name: "Waiting for the first provider to return",
        who: "none",
        knobs: &["queue.when_unavailable"],
        test: "src/policy/call/tests/returning.rs::a_call_waits_for_the_first_provider_to_return",
        shown: Shown::By(Story {
            scenario: "wait-for-return",
            with: "returning-queue",
            without: Without::Policy("queue"),
            measure: "success_rate",
        }),
    },
    Row {
        name: "Priorities in the queue",
        who: "LiteLLM, Envoy",
        knobs: &["Request::priority"],
        test: "src/policy/queue.rs::the_most_important_goes_first_and_then_who_came_first",
        shown: Shown::By(Story {
            scenario: "queue-priorities",
            with: "walled-queue",
            without: Without::Set("load.tasks.batch.priority", "normal"),
            measure: "success_rate",
        }),
    },
    Row {
        name: "Budget in money",
        who: "articles, LiteLLM, Portkey, Bifrost, Kong, Envoy AI",
        knobs: &["spend", "spend.max", "spend.per"],
        test: "src/policy/spend.rs::what_was_spent_comes_back_after_the_period",
        shown: Shown::By(Story {
            scenario: "spend",
            with: "spend",
            without: Without::Policy("plain"),
            measure: "cost",
        }),
    },
];

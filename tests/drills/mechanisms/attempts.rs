//! Retries: their number, their waits, and the server's hints.

use super::Shown::{By, Elsewhere};
use super::Without::Policy;
use super::{Row, Story};

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "Attempt cap",
        who: "all",
        knobs: &["retry.max_attempts", "retry.max_attempts_per_provider"],
        test: "tests/core/main.rs::no_story_makes_a_call_break_its_bounds",
        shown: By(Story {
            scenario: "attempt-cap",
            with: "backoff",
            without: Policy("attempts-many"),
            measure: "cost_per_success",
        }),
    },
    Row {
        name: "An action for each class of failure: retry, fall back, stop",
        who: "LiteLLM, Bifrost, Kong, Envoy AI, Envoy, resilience4j, Polly, Finagle, gRPC, AWS, \
              tower",
        knobs: &[
            "failures.reset",
            "failures.server_error",
            "failures.bad_request",
        ],
        test: "tests/core/stories.rs::the_policy_decides_what_a_class_leads_to",
        shown: By(Story {
            scenario: "class-actions",
            with: "plain",
            without: Policy("by-class-off"),
            measure: "cost_per_success",
        }),
    },
    Row {
        name: "A number of retries for each class of failure",
        who: "LiteLLM",
        knobs: &["retry.max_retries_by_class"],
        test: "tests/core/main.rs::no_story_makes_a_call_break_its_bounds",
        shown: By(Story {
            scenario: "retries-per-class",
            with: "per-class",
            without: Policy("per-class-off"),
            measure: "ttft.p95",
        }),
    },
    Row {
        name: "Exponential backoff with a cap",
        who: "all; Portkey and Vercel in part",
        knobs: &[
            "retry.backoff.base",
            "retry.backoff.factor",
            "retry.backoff.max",
        ],
        test: "src/policy/backoff.rs::without_jitter_it_doubles_up_to_the_cap",
        shown: By(Story {
            scenario: "backoff",
            with: "backoff",
            without: Policy("backoff-off"),
            measure: "success_rate during deploys",
        }),
    },
    Row {
        name: "Jitter: full, equal, proportional, decorrelated, a range",
        who: "all but Portkey and Vercel; decorrelated: Polly, Finagle",
        knobs: &["retry.backoff.jitter"],
        test: "src/policy/backoff.rs::each_jitter_fills_its_range_and_nothing_else",
        shown: By(Story {
            scenario: "jitter",
            with: "jitter",
            without: Policy("jitter-off"),
            measure: "success_rate",
        }),
    },
    Row {
        name: "Hints to wait, from every header and body that is known: seconds, ms, dates, limits",
        who: "in part LiteLLM, Portkey, Helicone, Envoy, Finagle, gRPC, AWS, Vercel, OpenAI, \
              Anthropic",
        knobs: &["hints.retry_after"],
        test: "src/policy/hints/tests.rs::the_more_explicit_hint_wins",
        shown: By(Story {
            scenario: "hints-honoured",
            with: "hints",
            without: Policy("hints-off"),
            measure: "success_rate during closed",
        }),
    },
    Row {
        name: "A hint that asks for too much leads elsewhere",
        who: "Portkey; gRPC and OpenAI in part",
        knobs: &["hints.max", "hints.above_max"],
        test: "tests/core/stories.rs::a_hint_beyond_the_cap_leads_away_or_ends_the_call",
        shown: By(Story {
            scenario: "hints-beyond",
            with: "hints-cap",
            without: Policy("hints-cap-off"),
            measure: "ttft.p95 during limited",
        }),
    },
    Row {
        name: "A hint that many were given is spread",
        who: "Envoy; AWS clamps it",
        knobs: &["hints.jitter"],
        test: "src/policy/hints/tests.rs::a_spread_comes_on_top_of_the_hint_evenly",
        shown: By(Story {
            scenario: "hints-spread",
            with: "hints-spread",
            without: Policy("hints-spread-off"),
            measure: "success_rate",
        }),
    },
    Row {
        name: "The server says whether another try is any use (`x-should-retry`)",
        who: "Envoy, Finagle, gRPC, OpenAI, Anthropic",
        knobs: &["hints.should_retry"],
        test: "src/policy/hints/tests.rs::another_try_is_recommended_or_forbidden_by_the_server",
        shown: By(Story {
            scenario: "should-retry",
            with: "should-retry",
            without: Policy("should-retry-off"),
            measure: "latency.p95",
        }),
    },
    Row {
        name: "Retry budget: a share of calls, and a reserve",
        who: "Envoy, Finagle, gRPC, AWS, tower; Envoy AI in part",
        knobs: &["retry.budget"],
        test: "src/policy/budget.rs::retries_stay_within_ratio_and_reserve_over_any_run",
        shown: By(Story {
            scenario: "retry-budget",
            with: "retry-budget",
            without: Policy("retry-budget-off"),
            measure: "success_rate after halved from 60s",
        }),
    },
    Row {
        name: "A retry costs the budget what its failure cost the provider",
        who: "AWS",
        knobs: &["retry.budget.costs"],
        test: "src/policy/budget.rs::a_class_has_its_own_cost",
        shown: By(Story {
            scenario: "retry-costs",
            with: "retry-costs",
            without: Policy("retry-costs-off"),
            measure: "success_rate",
        }),
    },
    Row {
        name: "An empty account is no rate limit, though its status is the same",
        who: "Bifrost",
        knobs: &["failures.quota"],
        test: "src/policy/classify.rs::quota_is_tested_before_the_rate_limit",
        shown: By(Story {
            scenario: "quota",
            with: "plain",
            without: Policy("quota-off"),
            measure: "useless_retries",
        }),
    },
    Row {
        name: "Retry on a bad 200",
        who: "resilience4j, Polly, Finagle, tower; Bifrost, Envoy and Vercel in part",
        knobs: &["failures.malformed"],
        test: "tests/client/wire.rs::a_page_is_no_answer_whatever_it_is_said_to_be",
        shown: By(Story {
            scenario: "bad-200",
            with: "plain",
            without: Policy("bad-200-off"),
            measure: "success_rate",
        }),
    },
    Row {
        name: "A request that is refused for unknown reasons is tried once elsewhere",
        who: "Portkey; resilience4j and Polly in part",
        knobs: &["failures.rejected"],
        test: "tests/core/stories.rs::a_call_that_two_providers_reject_stops",
        shown: By(Story {
            scenario: "rejected",
            with: "plain",
            without: Policy("rejected-off"),
            measure: "success_rate",
        }),
    },
    Row {
        name: "Context-window fallback to a larger model",
        who: "LiteLLM",
        knobs: &["failures.context_too_long"],
        test: "tests/core/stories.rs::the_policy_decides_what_a_class_leads_to",
        shown: By(Story {
            scenario: "larger-model",
            with: "larger-model",
            without: Policy("plain"),
            measure: "success_rate",
        }),
    },
    Row {
        name: "Key rotation within a provider",
        who: "LiteLLM, Bifrost, Envoy, articles; Portkey in part",
        knobs: &["failures.rate_limited"],
        test: "src/policy/keys.rs::another_key_is_the_next_behind_and_around",
        shown: By(Story {
            scenario: "rotate-key",
            with: "rotate-key",
            without: Policy("plain"),
            measure: "cost_per_success",
        }),
    },
    Row {
        name: "Transparent retry of what was provably never processed: a kept connection that was \
               dead",
        who: "Envoy AI, Envoy, Finagle, gRPC",
        knobs: &[],
        test: "tests/client/wire.rs::a_kept_connection_that_was_closed_meanwhile_is_no_failure",
        shown: Elsewhere(
            "There is no client without it. \
             [stale-keep-alive](../scenarios/conduct/stale-keep-alive.yaml) holds every policy to \
             it",
        ),
    },
    Row {
        name: "The same of HTTP/2: refused streams, and those that a GOAWAY does not cover",
        who: "Envoy AI, Envoy, Finagle, gRPC",
        knobs: &[],
        test: "tests/client/tls.rs::a_request_that_a_goaway_does_not_cover_is_sent_again",
        shown: Elsewhere(
            "The simulated providers speak HTTP/1.1: the test does it over loopback TLS",
        ),
    },
    Row {
        name: "Attempt number and idempotency key on the wire",
        who: "Envoy, Finagle, gRPC, AWS, OpenAI, Anthropic; LiteLLM and Portkey in part",
        knobs: &["Builder::key_prefix"],
        test: "tests/drills/mechanisms/numbers.rs::attempts_say_their_number_and_their_calls_key",
        shown: Elsewhere("No simulated provider bills a key once: the test reads what is sent"),
    },
    Row {
        name: "A trail of every attempt, in the error and in the trace",
        who: "Bifrost, TensorZero, Envoy, resilience4j, Polly, Finagle, gRPC, AWS, Vercel",
        knobs: &["Error::attempts"],
        test: "src/client/error.rs::an_error_tells_what_each_attempt_met",
        shown: Elsewhere("It changes no outcome, and explains them all"),
    },
];

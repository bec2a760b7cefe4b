//! Timeouts, deadlines and hedges.

use super::Shown::By;
use super::Without::{Policy, Set};
use super::{Row, Story};

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "Connect timeout",
        who: "OpenAI, Anthropic",
        knobs: &["timeouts.connect"],
        test: "tests/client/tls.rs::the_handshake_counts_in_the_connect_timeout",
        shown: By(Story {
            scenario: "connect-timeout",
            with: "plain",
            without: Policy("connect-off"),
            measure: "latency.p95 during gone",
        }),
    },
    Row {
        name: "First-token timeout",
        who: "LiteLLM, TensorZero; Bifrost and Envoy in part",
        knobs: &["timeouts.first_token"],
        test: "tests/client/wire.rs::the_first_token_is_due_in_every_phase_before_it",
        shown: By(Story {
            scenario: "first-token-timeout",
            with: "plain",
            without: Policy("first-token-off"),
            measure: "ttft.p95",
        }),
    },
    Row {
        name: "Idle timeout of streams",
        who: "Bifrost, Envoy AI, Envoy, Finagle; OpenAI and Anthropic in part",
        knobs: &["timeouts.idle"],
        test: "tests/client/wire.rs::silence_counts_from_the_latest_token",
        shown: By(Story {
            scenario: "idle-timeout",
            with: "plain",
            without: Policy("idle-off"),
            measure: "latency.p95",
        }),
    },
    Row {
        name: "Attempt timeout",
        who: "all but gRPC; Portkey and Bifrost in part",
        knobs: &["timeouts.attempt"],
        test: "tests/core/stories.rs::\
               an_attempt_gets_the_timeouts_of_its_provider_as_far_as_they_apply",
        shown: By(Story {
            scenario: "attempt-timeout",
            with: "plain",
            without: Policy("attempt-off"),
            measure: "success_rate",
        }),
    },
    Row {
        name: "Call timeout, over all attempts",
        who: "TensorZero, Envoy AI, Envoy, Polly, Finagle, gRPC; tower, Vercel and articles in \
              part",
        knobs: &["timeouts.call"],
        test: "tests/core/stories.rs::the_earlier_deadline_holds",
        shown: By(Story {
            scenario: "call-timeout",
            with: "call",
            without: Policy("call-off"),
            measure: "unfinished",
        }),
    },
    Row {
        name: "The caller's deadline, carried through every wait",
        who: "gRPC, Finagle, Envoy",
        knobs: &["Request::deadline"],
        test: "tests/core/stories.rs::a_wait_that_the_deadline_would_cut_is_not_begun",
        shown: By(Story {
            scenario: "deadline",
            with: "hints-cap-off",
            without: Set("load.deadline", "60s"),
            measure: "latency.p95",
        }),
    },
    Row {
        name: "Hedging after a delay, before the first token",
        who: "Envoy, resilience4j, Polly, gRPC",
        knobs: &["hedge"],
        test: "src/policy/hedge.rs::a_fixed_delay_needs_no_attempts_to_learn_from",
        shown: By(Story {
            scenario: "hedge-after-delay",
            with: "hedge-delay",
            without: Policy("plain"),
            measure: "ttft.p95",
        }),
    },
    Row {
        name: "Hedging after a quantile of what attempts there took",
        who: "Finagle, tower",
        knobs: &[
            "hedge",
            "hedge.delay",
            "hedge.min_samples",
            "hedge.max_hedges",
        ],
        test: "src/policy/hedge.rs::each_provider_has_a_quantile_of_its_own",
        shown: By(Story {
            scenario: "hedge-after-quantile",
            with: "hedge-quantile",
            without: Policy("plain"),
            measure: "ttft.p99",
        }),
    },
    Row {
        name: "A budget for hedges",
        who: "Finagle, gRPC; Envoy and tower in part",
        knobs: &["hedge.budget"],
        test: "src/policy/hedge.rs::hedges_are_never_more_than_the_share_of_calls",
        shown: By(Story {
            scenario: "hedge-budget",
            with: "hedge-bound",
            without: Policy("hedge-unbound"),
            measure: "cost_per_success",
        }),
    },
];

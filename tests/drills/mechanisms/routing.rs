//! The order of providers.

use super::{Row, Shown, Story, Without};

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "Leaving out a context that is too small",
        who: "LiteLLM",
        knobs: &["route.small_context"],
        test: "src/policy/call/tests/contexts.rs::a_context_that_is_too_small_is_not_asked",
        shown: Shown::By(Story {
            scenario: "larger-model",
            with: "skips-small",
            without: Without::Policy("plain"),
            measure: "success_rate",
        }),
    },
    Row {
        name: "Priority groups",
        who: "articles, LiteLLM, Portkey, TensorZero, Kong, Envoy AI, Envoy, gRPC",
        knobs: &["overrides"],
        test: "src/policy/router/tests/orders.rs::\
            a_lower_priority_group_is_asked_first_whatever_the_strategy",
        shown: Shown::By(Story {
            scenario: "priority-groups",
            with: "priority-groups",
            without: Without::Policy("in-turns"),
            measure: "cost_per_success",
        }),
    },
    Row {
        name: "Weighted",
        who: "articles, LiteLLM, Portkey, Bifrost, TensorZero, Helicone, Kong, Envoy AI, Envoy, \
            Finagle, gRPC, tower",
        knobs: &["route.strategy", "overrides"],
        test: "src/policy/router/tests/orders.rs::\
            weights_say_how_often_each_leads_and_nothing_comes_last",
        shown: Shown::By(Story {
            scenario: "weighted",
            with: "weighted",
            without: Without::Policy("in-turns"),
            measure: "attempts_per_call",
        }),
    },
    Row {
        name: "Round robin",
        who: "articles, Kong, Envoy, gRPC",
        knobs: &["route.strategy"],
        test: "src/policy/router/tests/orders.rs::round_robin_asks_in_turns_and_around",
        shown: Shown::By(Story {
            scenario: "round-robin",
            with: "in-turns",
            without: Without::Policy("plain"),
            measure: "attempts_per_call",
        }),
    },
    Row {
        name: "Cheapest",
        who: "articles, LiteLLM, Bifrost, Kong",
        knobs: &["route.strategy"],
        test: "src/policy/router/tests/orders.rs::\
            the_cheapest_for_this_calls_tokens_comes_first_and_the_unknown_last",
        shown: Shown::By(Story {
            scenario: "cheapest",
            with: "cheapest",
            without: Without::Policy("plain"),
            measure: "cost_per_success",
        }),
    },
    Row {
        name: "Quality",
        who: "articles",
        knobs: &["route.strategy"],
        test: "src/policy/router/tests/orders.rs::\
            the_highest_quality_comes_first_and_the_unrated_last",
        shown: Shown::By(Story {
            scenario: "quality",
            with: "quality",
            without: Without::Policy("plain"),
            measure: "cost_per_success",
        }),
    },
    Row {
        name: "Balanced",
        who: "articles",
        knobs: &["route.strategy", "route.half_life"],
        test: "src/policy/router/tests/orders.rs::\
            balanced_asks_the_healthy_first_and_comes_back_by_itself",
        shown: Shown::By(Story {
            scenario: "balanced",
            with: "balanced",
            without: Without::Policy("plain"),
            measure: "ttft.mean during lossy",
        }),
    },
    Row {
        name: "Least latency: the better of two, by peak EWMA",
        who: "articles, LiteLLM, Bifrost, Helicone, Kong, Envoy AI, Envoy, Finagle, gRPC, tower",
        knobs: &["route.strategy", "route.half_life"],
        test: "src/policy/router/latency.rs::\
            the_choice_spreads_over_equals_and_never_takes_the_worst",
        shown: Shown::By(Story {
            scenario: "least-latency",
            with: "least-latency",
            without: Without::Policy("in-turns"),
            measure: "ttft.p90 during slow",
        }),
    },
    Row {
        name: "Composite score",
        who: "articles, Bifrost",
        knobs: &["route.strategy", "route.score"],
        test: "src/policy/router/tests/orders.rs::the_highest_score_comes_first",
        shown: Shown::By(Story {
            scenario: "score",
            with: "score",
            without: Without::Policy("cheapest"),
            measure: "ttft.mean during lossy",
        }),
    },
    Row {
        name: "Rules for tasks, with a ceiling on the price",
        who: "articles, LiteLLM, Portkey, Bifrost, TensorZero, Kong, Envoy AI, Envoy",
        knobs: &["route.tasks"],
        test: "src/policy/router/tasks.rs::\
            a_ceiling_is_per_1000_tokens_of_prompt_and_output_together",
        shown: Shown::By(Story {
            scenario: "task-rules",
            with: "task-rules",
            without: Without::Policy("plain"),
            measure: "cost",
        }),
    },
    Row {
        name: "Affinity to prompt caches",
        who: "LiteLLM, Kong, Envoy AI, Envoy",
        knobs: &["route.affinity"],
        test: "src/policy/router/tests/sessions.rs::a_session_always_starts_at_its_own_place",
        shown: Shown::By(Story {
            scenario: "affinity",
            with: "affinity",
            without: Without::Policy("in-turns"),
            measure: "cost_per_success",
        }),
    },
];

//! Failures of streamed answers.

use super::Shown::{By, Elsewhere};
use super::Without::{Policy, Set};
use super::{Row, Story};

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "Failover until the first token is handed over",
        who: "Bifrost, gRPC; LiteLLM and Vercel in part",
        knobs: &["failures.overloaded"],
        test: "tests/core/stories.rs::after_the_first_token_of_a_stream_nobody_else_can_answer",
        shown: By(Story {
            scenario: "before-the-first-token",
            with: "plain",
            without: Policy("overloaded-stop"),
            measure: "success_rate",
        }),
    },
    Row {
        name: "Buffered opening: an error among the first tokens still falls back",
        who: "Bifrost; LiteLLM and Vercel in part",
        knobs: &["streams.prebuffer", "streams.prebuffer_timeout"],
        test: "tests/drills/mechanisms/openings.rs::\
               an_error_among_the_first_tokens_falls_back_unheard",
        shown: By(Story {
            scenario: "opening",
            with: "opening",
            without: Policy("plain"),
            measure: "success_rate",
        }),
    },
    Row {
        name: "Whole answers: a caller that can wait for the end gets one, though a stream was cut",
        who: "none; LiteLLM in part",
        knobs: &["Client::whole"],
        test: "tests/world/clients.rs::\
               calls_that_are_taken_whole_are_not_handed_over_token_by_token",
        shown: By(Story {
            scenario: "whole-answers",
            with: "plain",
            without: Set("load.whole", "0%"),
            measure: "success_rate",
        }),
    },
    Row {
        name: "Minimum throughput",
        who: "Bifrost",
        knobs: &["streams.min_speed", "streams.min_speed_window"],
        test: "tests/client/wire/trickle.rs::a_stream_that_trickles_is_given_up_after_the_span",
        shown: By(Story {
            scenario: "min-speed",
            with: "min-speed",
            without: Policy("plain"),
            measure: "latency.p95",
        }),
    },
    Row {
        name: "An error in band is an error, whatever the status",
        who: "Vercel, OpenAI, Anthropic; LiteLLM and Bifrost in part",
        knobs: &[],
        test: "tests/client/wire.rs::an_error_in_band_interrupts_only_what_had_begun",
        shown: Elsewhere(
            "There is no client without it. \
             [in-band-error](../scenarios/conduct/in-band-error.yaml) holds every policy to it",
        ),
    },
    Row {
        name: "A truncated stream is never a success",
        who: "Bifrost; LiteLLM, OpenAI and Anthropic in part",
        knobs: &[],
        test: "tests/world/stories.rs::a_cut_stream_keeps_what_came_before_the_cut",
        shown: Elsewhere(
            "There is no client without it. \
             [clean-cut-stream](../scenarios/conduct/clean-cut-stream.yaml) holds every policy to \
             it",
        ),
    },
    Row {
        name: "Usage is counted in all cases, of abandoned attempts too",
        who: "none",
        knobs: &[],
        test: "tests/world/stories.rs::what_is_abandoned_is_billed_all_the_same",
        shown: Elsewhere("It changes no outcome, but what is known of its cost"),
    },
];

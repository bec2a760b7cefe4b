//! OpenRouter on the fake side: OpenAI's form, and errors as
//! `{"error":{"code","message","metadata"}}`, where the code is the status as a number, but in band
//! a word. The message of the provider behind it is in the metadata.

use super::chat::Chat;
use super::date::Date;
use super::habits::{Habits, Id, UsageAt};
use super::head::Head;
use super::refusal::{ErrorValues, Row, text_or_null};
use super::site;
use super::spec::{FakeSpec, OwnHint};
use super::{Cause, Stamp, openai};

/// The service's spec.
pub(in crate::wire) const SPEC: FakeSpec = FakeSpec {
    grammar: |model| Chat::grammar(&SPEC, &HABITS, model),
    name_exchange: |head, stamp| {
        head.field(
            "x-generation-id",
            format_args!("gen-{}", stamp.generation()),
        );
    },
    quotas,
    own_hint: OwnHint::Seconds,
    host: "openrouter.ai",
    errors: ROWS,
    error: json,
    error_in_band: in_band,
    site: site::OPENROUTER,
    ..openai::SPEC
};

/// The form of its good answers.
const HABITS: Habits = Habits {
    id: Id::Generation,
    fields: ",\"provider\":\"OpenAI\"",
    native_finish: true,
    // `stream_options` has no effect there (its page on usage accounting).
    unasked_usage: UsageAt::Own,
    in_band_chunk: true,
    comment: ": OPENROUTER PROCESSING\n\n",
    stream_type: "text/event-stream",
    ..openai::HABITS
};

/// One limit, with its reset in Unix milliseconds.
fn quotas(head: &mut Head, stamp: &Stamp) {
    if let Some(quota) = stamp.quotas.requests {
        let reset = Date::after(stamp.at, quota.reset).unix_millis();
        head.field("x-ratelimit-limit", quota.limit);
        head.field("x-ratelimit-remaining", quota.remaining);
        head.field("x-ratelimit-reset", reset);
    }
}

/// The causes for which the service has its own errors.
const ROWS: &[(Cause, Row)] = &[
    (
        Cause::RateLimit,
        Row::new(
            429,
            "rate_limit_exceeded",
            "",
            "Rate limit exceeded: free-models-per-min. ",
        )
        .with(LIMIT),
    ),
    (
        Cause::DailyLimit,
        Row::new(
            429,
            "rate_limit_exceeded",
            "",
            "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model \
             requests per day",
        )
        .with(LIMIT),
    ),
    (
        Cause::Capacity,
        Row::new(429, "rate_limit_exceeded", "", "Provider returned error").with(
            ",\"metadata\":{\"raw\":\"$model is temporarily rate-limited upstream. Please retry \
             shortly, or add your own key to accumulate your rate limits: \
             https://openrouter.ai/settings/integrations\",\"provider_name\":\"OpenAI\"}",
        ),
    ),
    (
        Cause::Quota,
        Row::new(
            402,
            "payment_required",
            "",
            "Insufficient credits. Add more using https://openrouter.ai/settings/credits",
        ),
    ),
    (
        Cause::SpendLimit,
        Row::new(
            403,
            "forbidden",
            "",
            "Key limit exceeded (total limit). Manage it using \
             https://openrouter.ai/settings/keys",
        ),
    ),
    (
        Cause::Auth,
        Row::new(401, "unauthorized", "", "No auth credentials found"),
    ),
    (
        Cause::Permission,
        Row::new(
            403,
            "forbidden",
            "",
            "This key is not allowed to use this model",
        ),
    ),
    (
        Cause::Region,
        Row::new(403, "forbidden", "", "Provider returned error").with(
            ",\"metadata\":{\"raw\":\"This model is not available in your region.\",\
             \"provider_name\":\"OpenAI\"}",
        ),
    ),
    (
        Cause::ModelGone,
        Row::new(404, "not_found", "", "No endpoints found for $model."),
    ),
    (
        Cause::ContextTooLong,
        Row::new(
            400,
            "invalid_request",
            "",
            "This endpoint's maximum context length is 131072 tokens. However, you requested \
             about 140268 tokens (136172 of text input, 4096 in the output). Please reduce the \
             length of either one, or use the \"middle-out\" transform to compress your prompt \
             automatically.",
        ),
    ),
    (
        Cause::ContentFilter,
        Row::new(
            403,
            "forbidden",
            "",
            "$model requires moderation on OpenAI. Your input was flagged for \"violence\". No \
             credits were charged.",
        )
        .with(
            ",\"metadata\":{\"reasons\":[\"violence\"],\"flagged_input\":\"tok\",\
             \"provider_name\":\"OpenAI\",\"model_slug\":\"$model\"}",
        ),
    ),
    (
        Cause::BadRequest,
        Row::new(
            400,
            "invalid_request",
            "",
            "Input required: specify \"prompt\" or \"messages\"",
        ),
    ),
    (
        Cause::Timeout,
        Row::new(408, "request_timeout", "", "Your request timed out"),
    ),
    (
        Cause::ModelError,
        Row::new(502, "server_error", "", "Provider returned error").with(
            ",\"metadata\":{\"raw\":\"{\\\"error\\\":{\\\"message\\\":\\\"The model produced \
             invalid content.\\\"}}\",\"provider_name\":\"OpenAI\"}",
        ),
    ),
    (
        Cause::ServerError,
        Row::new(500, "server_error", "", "Internal Server Error"),
    ),
    (
        Cause::BadGateway,
        Row::new(
            502,
            "server_error",
            "",
            "Provider disconnected unexpectedly",
        ),
    ),
    (
        Cause::Overloaded,
        Row::new(
            503,
            "provider_overloaded",
            "",
            "There is no available model provider that meets your routing requirements",
        ),
    ),
    (
        Cause::GatewayTimeout,
        Row::new(504, "server_error", "", "The operation was aborted"),
    ),
];

/// The body.
fn json(said: &ErrorValues<'_>, row: &Row) -> String {
    let code = said.status.to_string();
    format!(
        "{{{},\"user_id\":\"user_firedrill\"}}",
        error(said, row, &code)
    )
}

/// The error in the chunk that ends a stream.
fn in_band(said: &ErrorValues<'_>, row: &Row) -> String {
    format!("{{{}}}", error(said, row, &text_or_null(row.kind)))
}

fn error(said: &ErrorValues<'_>, row: &Row, code: &str) -> String {
    format!(
        "\"error\":{{\"message\":{},\"code\":{code}{}}}",
        said.message(row),
        said.more(row),
    )
}

/// The additional metadata of a limit.
const LIMIT: &str = "~,\"metadata\":{\"headers\":{\"X-RateLimit-Limit\":\"$limit\"},\
                     \"provider_name\":null}~";

//! Anthropic's errors: `{"type":"error","error":{"type","message","details"},"request_id"}`. The
//! causes that share a type are told apart by `details.error_code`, as the vendor's SDK reads it.

use super::{BodyShape, ErrorValues, Row, text_or_null};
use crate::wire::fake::Cause;

/// What the service has of its own.
pub(super) const ROWS: &[(Cause, Row)] = &[
    (
        Cause::RateLimit,
        Row::new(
            429,
            RATE,
            "",
            "This request would exceed your organization's rate limit~ of $limit requests per \
             minute~ (org: 00000000-f12e-4d21-8000-000000000000, model: $model). For details, \
             refer to: https://docs.claude.com/en/api/rate-limits. You can see the response \
             headers for current usage.",
        ),
    ),
    (
        Cause::TokenLimit,
        Row::new(
            429,
            RATE,
            "",
            "This request would exceed your organization's rate limit~ of $limit tokens per \
             minute~ (org: 00000000-f12e-4d21-8000-000000000000, model: $model). For details, \
             refer to: https://docs.claude.com/en/api/rate-limits. You can see the response \
             headers for current usage. Please reduce the prompt length or the maximum tokens \
             requested, or try again later.",
        ),
    ),
    (
        Cause::DailyLimit,
        Row::new(
            429,
            RATE,
            "",
            "Number of request tokens has exceeded your daily rate limit. For details, refer to: \
             https://docs.claude.com/en/api/rate-limits.",
        ),
    ),
    (
        Cause::Concurrency,
        Row::new(
            429,
            RATE,
            "",
            "Number of concurrent connections has exceeded your rate limit. Please try again \
             later or contact sales to discuss your options for a rate limit increase.",
        ),
    ),
    (
        Cause::SlowDown,
        Row::new(
            429,
            RATE,
            "",
            "This request would exceed the limit on how fast your organization's usage may grow. \
             Please scale up your input tokens usage more gradually to stay within the \
             acceleration limit.",
        )
        .with(",\"details\":{\"error_code\":\"ramp_limit_exceeded\"}"),
    ),
    (
        Cause::Quota,
        Row::new(
            400,
            REQUEST,
            "",
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & \
             Billing to upgrade or purchase credits.",
        ),
    ),
    (
        Cause::SpendLimit,
        Row::new(
            429,
            RATE,
            "",
            "Your organization has reached its monthly API usage threshold.",
        )
        .with(",\"details\":{\"error_code\":\"enforced_spend_limit_reached\"}"),
    ),
    (
        Cause::Auth,
        Row::new(401, "authentication_error", "", "invalid x-api-key"),
    ),
    (
        Cause::Permission,
        Row::new(
            403,
            "permission_error",
            "",
            "Your API key does not have permission to use the specified resource.",
        ),
    ),
    (
        Cause::Region,
        Row::new(403, "forbidden", "", "Request not allowed"),
    ),
    (
        Cause::ModelGone,
        Row::new(404, "not_found_error", "", "model: $model"),
    ),
    (
        Cause::ContextTooLong,
        Row::new(
            400,
            REQUEST,
            "",
            "prompt is too long: 208310 tokens > 200000 maximum",
        ),
    ),
    (
        Cause::ContentFilter,
        Row::new(
            400,
            REQUEST,
            "",
            "Output blocked by content filtering policy",
        ),
    ),
    (
        Cause::TooLarge,
        Row::new(
            413,
            "request_too_large",
            "",
            "Request exceeds the maximum size",
        ),
    ),
    (
        Cause::BadRequest,
        Row::new(
            400,
            REQUEST,
            "",
            "messages: at least one message is required",
        ),
    ),
    (
        Cause::Conflict,
        Row::new(
            409,
            "conflict_error",
            "",
            "The request conflicts with another one that is in progress.",
        ),
    ),
    (
        Cause::ServerError,
        Row::new(500, "api_error", "", "Internal server error"),
    ),
    (Cause::BadGateway, Row::shaped(502, BodyShape::Page)),
    // sdk-ts #616: the captured answer says so, and nothing of when.
    (
        Cause::Overloaded,
        Row::new(529, "overloaded_error", "", "Overloaded").retry(),
    ),
    (
        Cause::GatewayTimeout,
        Row::new(504, "timeout_error", "", "Request timed out"),
    ),
];

/// An error that says no more than its status, with the type that the documents give that.
pub(super) fn bare(status: u16) -> &'static Row {
    static BILLING: Row = Row::new(402, "billing_error", "", "");
    static REQUEST_ROW: Row = Row::new(400, REQUEST, "", "");
    static API: Row = Row::new(500, "api_error", "", "");
    match status {
        402 => &BILLING,
        _ if status < 500 => &REQUEST_ROW,
        _ => &API,
    }
}

/// The body.
pub(super) fn json(said: &ErrorValues<'_>, row: &Row) -> String {
    format!(
        "{{\"type\":\"error\",\"error\":{{\"type\":{},\"message\":{}{}}},\
         \"request_id\":\"req_{}\"}}",
        text_or_null(row.kind),
        said.message(row),
        said.more(row),
        said.stamp.id(),
    )
}

const RATE: &str = "rate_limit_error";
const REQUEST: &str = "invalid_request_error";

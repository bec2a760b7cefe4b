//! xAI (Grok), as the fake provider speaks it: OpenAI's form, and errors as
//! `{"code": "…", "error": "text"}`, whose codes are the sentences of gRPC's statuses. No error
//! says how long to wait. Statuses, codes and texts as in public reports of 2025 and 2026
//! (eliza #2578, cline #3120 and #4826, continue #10373, #10778 and #12670, inspect_ai #2267).

use super::chat::Chat;
use super::habits::{Habits, Id, UsageAt};
use super::refusal::{BodyShape, ErrorValues, Row, text_or_null};
use super::site;
use super::spec::{FakeSpec, OwnHint};
use super::{Cause, openai};

/// How the service speaks.
pub(in crate::wire) const SPEC: FakeSpec = FakeSpec {
    grammar: |model| Chat::grammar(&SPEC, &HABITS, model),
    embeddings: false,
    name_exchange: |head, stamp| head.field("x-request-id", stamp.uuid()),
    own_hint: OwnHint::NoField,
    host: "api.x.ai",
    errors: ROWS,
    error: json,
    error_in_band: json,
    site: site::XAI,
    ..openai::SPEC
};

/// How its good answers look.
const HABITS: Habits = Habits {
    id: Id::Uuid,
    fields: ",\"system_fingerprint\":\"fp_156d35dcaa\"",
    usage: UsageAt::Own,
    stream_type: "text/event-stream",
    ..openai::HABITS
};

/// The causes that the service has errors of its own for.
const ROWS: &[(Cause, Row)] = &[
    (
        Cause::RateLimit,
        Row::new(
            429,
            "",
            EXHAUSTED,
            "Too many requests for team firedrill and model $model~. Your team's rate limit is: \
             Requests per Minute (actual/limit): $used/$limit~. See https://console.x.ai for \
             your limits.",
        ),
    ),
    (
        Cause::TokenLimit,
        Row::new(
            429,
            "",
            EXHAUSTED,
            "Too many tokens for team firedrill and model $model~. Your team's rate limit is: \
             Tokens per Minute (actual/limit): $used/$limit~. See https://console.x.ai for your \
             limits.",
        ),
    ),
    (
        Cause::Quota,
        Row::new(
            429,
            "",
            EXHAUSTED,
            "Your team firedrill has used all available credits or reached its monthly spending \
             limit. Purchase more credits or raise the limit to go on.",
        ),
    ),
    (
        Cause::SpendLimit,
        Row::new(
            403,
            "",
            DENIED,
            "Your team firedrill has used all available credits or reached its monthly spending \
             limit. Purchase more credits or raise the limit to go on.",
        ),
    ),
    (
        Cause::Auth,
        Row::new(
            400,
            "",
            INVALID,
            "Incorrect API key provided: xx***xx. Keys are on https://console.x.ai.",
        ),
    ),
    (
        Cause::Permission,
        Row::new(
            403,
            "",
            DENIED,
            "This API key may not use this model. Permissions are on https://console.x.ai.",
        ),
    ),
    (
        Cause::ModelGone,
        Row::new(
            404,
            "",
            "Some requested entity was not found",
            "The model $model does not exist or your team firedrill has no access to it.",
        ),
    ),
    (
        Cause::ContextTooLong,
        Row::new(
            400,
            "",
            INVALID,
            "This model's maximum prompt length is 131072 but the request contains 136973 tokens.",
        ),
    ),
    (
        Cause::ContentFilter,
        Row::new(
            403,
            "",
            DENIED,
            "Content violates usage guidelines. Team: firedrill, Model: $model, Failed check: \
             SAFETY_CHECK_TYPE_BIO",
        ),
    ),
    (
        Cause::BadRequest,
        Row::new(400, "", INVALID, "Messages must not be empty."),
    ),
    (
        Cause::ServerError,
        Row::new(
            500,
            "",
            "Internal error",
            "The request could not be served.",
        ),
    ),
    (Cause::BadGateway, Row::shaped(502, BodyShape::Page)),
    (
        Cause::Overloaded,
        Row::new(
            503,
            "",
            "The service is currently unavailable",
            "The model is at capacity. Please try again later.",
        ),
    ),
    (Cause::GatewayTimeout, Row::shaped(504, BodyShape::Page)),
];

const EXHAUSTED: &str = "Some resource has been exhausted";
const DENIED: &str = "The caller does not have permission to execute the specified operation";
const INVALID: &str = "Client specified an invalid argument";

/// The body.
fn json(said: &ErrorValues<'_>, row: &Row) -> String {
    format!(
        "{{\"code\":{},\"error\":{}}}",
        text_or_null(row.code),
        said.message(row),
    )
}

//! Moonshot (Kimi) on the fake side: OpenAI's form, and errors as `{"error":{"message","type"}}`.
//! The hint to wait is in the message; overload is a 429 there.

use super::chat::Chat;
use super::habits::{Cached, Habits, UsageAt};
use super::refusal::{BodyShape, ErrorValues, Row, text_or_null};
use super::site;
use super::spec::{FakeSpec, OwnHint, Page};
use super::{Cause, openai};

/// The service's spec.
pub(in crate::wire) const SPEC: FakeSpec = FakeSpec {
    grammar: |model| Chat::grammar(&SPEC, &HABITS, model),
    responses: false,
    embeddings: false,
    name_exchange: |head, stamp| head.field("msh-request-id", stamp.uuid()),
    // The hint to wait is in the message.
    own_hint: OwnHint::NoField,
    page: Page::Plain("nginx"),
    host: "api.moonshot.ai",
    errors: ROWS,
    error: json,
    error_in_band: json,
    site: site::MOONSHOT,
    ..openai::SPEC
};

/// The form of its good answers.
const HABITS: Habits = Habits {
    message: "",
    usage: UsageAt::ChoiceAndOwn,
    unasked_usage: UsageAt::Choice,
    cached: Cached::Flat,
    stream_type: "text/event-stream",
    ..openai::HABITS
};

/// The causes for which the service has its own errors.
const ROWS: &[(Cause, Row)] = &[
    (
        Cause::RateLimit,
        Row::new(
            429,
            "rate_limit_reached_error",
            "",
            "Your account org-firedrill<ak-firedrill> request reached organization max \
             RPM~: $limit~, please try again~ after $seconds seconds~",
        ),
    ),
    (
        Cause::TokenLimit,
        Row::new(
            429,
            "rate_limit_reached_error",
            "",
            "Your account org-firedrill<ak-firedrill> request reached organization TPM rate \
             limit~, current: $used, limit: $limit~, please try again~ after $seconds seconds~",
        ),
    ),
    (
        Cause::DailyLimit,
        Row::new(
            429,
            "rate_limit_reached_error",
            "",
            "Your account org-firedrill<ak-firedrill> request reached organization TPD rate \
             limit~, current: $used, limit: $limit~, please try again~ after $seconds seconds~",
        ),
    ),
    (
        Cause::Concurrency,
        Row::new(
            429,
            "rate_limit_reached_error",
            "",
            "Your account org-firedrill<ak-firedrill> request reached organization max \
             concurrency, please try again~ after $seconds seconds~",
        ),
    ),
    (
        Cause::Quota,
        Row::new(
            429,
            "exceeded_current_quota_error",
            "",
            "Your account org-firedrill<ak-firedrill> is suspended due to insufficient balance, \
             please recharge your account or check your plan and billing details",
        ),
    ),
    (
        Cause::Auth,
        Row::new(
            401,
            "invalid_authentication_error",
            "",
            "Invalid Authentication",
        ),
    ),
    (
        Cause::Permission,
        Row::new(
            403,
            "permission_denied_error",
            "",
            "The API you are accessing is not open",
        ),
    ),
    (
        Cause::ModelGone,
        Row::new(
            404,
            "resource_not_found_error",
            "",
            "Not found the model $model or Permission denied",
        ),
    ),
    (
        Cause::ContextTooLong,
        Row::new(
            400,
            "invalid_request_error",
            "",
            "Invalid request: Your request exceeded model token limit: 131072",
        ),
    ),
    (
        Cause::ContentFilter,
        Row::new(
            400,
            "content_filter",
            "",
            "The request was rejected because it was considered high risk",
        ),
    ),
    (
        Cause::BadRequest,
        Row::new(
            400,
            "invalid_request_error",
            "",
            "Invalid request: messages must not be empty",
        ),
    ),
    (
        Cause::ServerError,
        Row::new(500, "unexpected_output", "", "invalid state transition"),
    ),
    (Cause::BadGateway, Row::shaped(502, BodyShape::Page)),
    (
        Cause::Overloaded,
        Row::new(
            429,
            "engine_overloaded_error",
            "",
            "The engine is currently overloaded, please try again later",
        ),
    ),
    (Cause::GatewayTimeout, Row::shaped(504, BodyShape::Page)),
    (Cause::Edge, Row::shaped(502, BodyShape::Page)),
];

/// The body.
fn json(said: &ErrorValues<'_>, row: &Row) -> String {
    format!(
        "{{\"error\":{{\"message\":{},\"type\":{}{}}}}}",
        said.message(row),
        text_or_null(row.kind),
        said.more(row),
    )
}

//! OpenAI on the fake side: fields, habits and errors
//! (`{"error":{"message","type","param","code"}}`). The other dialects of its form state their
//! differences.

use super::Cause;
use super::chat::Chat;
use super::habits::{Cached, Habits, Id, UsageAt};
use super::quota::{self, GoDuration};
use super::refusal::{self, ErrorValues, Row, text_or_null};
use super::site;
use super::spec::{FakeSpec, OwnHint, Page};

/// The service's spec.
pub(in crate::wire) const SPEC: FakeSpec = FakeSpec {
    grammar: |model| Chat::grammar(&SPEC, &HABITS, model),
    responses: true,
    embeddings: true,
    name_exchange: |head, stamp| {
        head.field("x-request-id", format_args!("req_{}", stamp.id()));
        head.field("openai-processing-ms", stamp.processing.as_millis());
    },
    quotas: |head, stamp| quota::openai(head, stamp, GoDuration),
    own_hint: OwnHint::SecondsAndMillis,
    page: Page::Cloudflare,
    host: "api.openai.com",
    errors: ROWS,
    bare: refusal::bare,
    error: json,
    error_in_band: json,
    site: site::OPENAI,
    hints_about_money: false,
    finish_is_terminator: false,
};

/// The form of its good answers.
pub(super) const HABITS: Habits = Habits {
    id: Id::Chatcmpl,
    fields: "",
    plain: "",
    choice: "",
    native_finish: false,
    message: ",\"refusal\":null",
    preamble: "",
    usage: UsageAt::Own,
    unasked_usage: UsageAt::Nowhere,
    cached: Cached::Details,
    comment: ": keep-alive\n\n",
    stream_type: "text/event-stream; charset=utf-8",
    in_band_chunk: false,
};

/// The causes for which the service has its own errors.
const ROWS: &[(Cause, Row)] = &[
    (
        Cause::RateLimit,
        Row::new(
            429,
            "requests",
            "rate_limit_exceeded",
            "Rate limit reached for $model in organization org-firedrill on requests per min \
             (RPM)~: Limit $limit, Used $used, Requested 1~.~ Please try again in $go.~ Visit \
             https://platform.openai.com/account/rate-limits to learn more.",
        ),
    ),
    (
        Cause::TokenLimit,
        Row::new(
            429,
            "tokens",
            "rate_limit_exceeded",
            "Rate limit reached for $model in organization org-firedrill on tokens per min \
             (TPM)~: Limit $limit, Used $used~.~ Please try again in $go.~ Visit \
             https://platform.openai.com/account/rate-limits to learn more.",
        ),
    ),
    (
        Cause::DailyLimit,
        Row::new(
            429,
            "requests",
            "rate_limit_exceeded",
            "Rate limit reached for $model in organization org-firedrill on requests per day \
             (RPD)~: Limit $limit, Used $used, Requested 1~.~ Please try again in $go.~ Visit \
             https://platform.openai.com/account/rate-limits to learn more.",
        ),
    ),
    (
        Cause::SlowDown,
        Row::new(
            429,
            "rate_limit_error",
            "slow_down",
            "Slow down: your request rate has risen too fast. Please keep it at its former level \
             for 15 minutes, then raise it gradually.",
        ),
    ),
    (
        Cause::Quota,
        Row::new(
            429,
            "insufficient_quota",
            "insufficient_quota",
            "You exceeded your current quota, please check your plan and billing details. For \
             more information on this error, read the docs: \
             https://platform.openai.com/docs/guides/error-codes/api-errors.",
        ),
    ),
    (
        Cause::SpendLimit,
        Row::new(
            429,
            "insufficient_quota",
            "organization_spend_limit_exceeded",
            "Your organization has reached its spend limit. An owner can raise it in the \
             organization's settings.",
        ),
    ),
    (
        Cause::Auth,
        Row::new(
            401,
            "invalid_request_error",
            "invalid_api_key",
            "Incorrect API key provided: sk-fire**drill. You can find your API key at \
             https://platform.openai.com/account/api-keys.",
        ),
    ),
    (
        Cause::Permission,
        Row::new(
            403,
            "invalid_request_error",
            "model_not_found",
            "Project `proj_firedrill` does not have access to model `$model`",
        ),
    ),
    (
        Cause::Region,
        Row::new(
            403,
            "request_forbidden",
            "unsupported_country_region_territory",
            "Country, region, or territory not supported",
        ),
    ),
    (
        Cause::ModelGone,
        Row::new(
            404,
            "invalid_request_error",
            "model_not_found",
            "The model `$model` does not exist or you do not have access to it.",
        ),
    ),
    (
        Cause::ContextTooLong,
        Row::new(
            400,
            "invalid_request_error",
            "context_length_exceeded",
            "This model's maximum context length is 128000 tokens. However, your messages \
             resulted in 130172 tokens. Please reduce the length of the messages.",
        )
        .about("messages"),
    ),
    (
        Cause::ContentFilter,
        Row::new(
            400,
            "invalid_request_error",
            "content_policy_violation",
            "Your request was rejected as a result of our safety system.",
        ),
    ),
    (
        Cause::TooLarge,
        Row::new(
            413,
            "invalid_request_error",
            "",
            "413: Maximum content size limit (26214400) exceeded (26272366 bytes read)",
        ),
    ),
    (
        Cause::BadRequest,
        Row::new(
            400,
            "invalid_request_error",
            "invalid_value",
            "Invalid value for 'messages'.",
        )
        .about("messages"),
    ),
    (
        Cause::ModelError,
        Row::new(
            500,
            "model_error",
            "",
            "The model produced invalid content. Consider modifying your prompt if you are \
             seeing this error persistently.",
        ),
    ),
    (
        Cause::ServerError,
        Row::new(
            500,
            "server_error",
            "",
            "The server had an error while processing your request. Sorry about that!",
        ),
    ),
    // The codes of the network's errors are numbers (stanfordnlp/dspy #203).
    (
        Cause::BadGateway,
        Row::new(502, "cf_bad_gateway", "502", "Bad gateway."),
    ),
    (
        Cause::Overloaded,
        Row::new(
            503,
            "service_unavailable_error",
            "server_is_overloaded",
            "Our servers are currently overloaded. Please try again later.",
        ),
    ),
    (
        Cause::GatewayTimeout,
        Row::new(504, "cf_gateway_timeout", "504", "Gateway timeout."),
    ),
];

/// The body.
fn json(said: &ErrorValues<'_>, row: &Row) -> String {
    let code = match row.code.parse::<u16>() {
        Ok(number) => number.to_string(),
        Err(_) => text_or_null(row.code),
    };
    format!(
        "{{\"error\":{{\"message\":{},\"type\":{},\"param\":{},\"code\":{code}{}}}}}",
        said.message(row),
        text_or_null(row.kind),
        text_or_null(row.param),
        said.more(row),
    )
}

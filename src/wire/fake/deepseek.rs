//! DeepSeek on the fake side: OpenAI's form, also in its errors, where almost every code is
//! `invalid_request_error` and none has a hint to wait.

use super::chat::Chat;
use super::habits::{Cached, Habits, Id, UsageAt};
use super::refusal::{BodyShape, Row};
use super::site;
use super::spec::{FakeSpec, OwnHint, Page};
use super::{Cause, openai};

/// The service's spec.
pub(in crate::wire) const SPEC: FakeSpec = FakeSpec {
    grammar: |model| Chat::grammar(&SPEC, &HABITS, model),
    responses: false,
    embeddings: false,
    name_exchange: |head, stamp| head.field("x-ds-trace-id", format_args!("0000{}", stamp.id())),
    quotas: |_, _| {},
    own_hint: OwnHint::NoField,
    page: Page::Plain("nginx"),
    host: "api.deepseek.com",
    errors: ROWS,
    site: site::DEEPSEEK,
    ..openai::SPEC
};

/// The form of its good answers.
const HABITS: Habits = Habits {
    id: Id::Uuid,
    fields: ",\"system_fingerprint\":\"fp_f12ed21100_prod0820_fp8_kvcache\"",
    message: "",
    usage: UsageAt::Finish,
    // The last chunk states it either way (its reference, `stream_options`).
    unasked_usage: UsageAt::Finish,
    cached: Cached::HitAndMiss,
    ..openai::HABITS
};

/// The causes for which the service has its own errors.
const ROWS: &[(Cause, Row)] = &[
    (
        Cause::RateLimit,
        Row::new(
            429,
            "rate_limit_error",
            "rate_limit_reached",
            "Rate limit reached: you are sending requests too quickly. Please pace your requests \
             reasonably.",
        ),
    ),
    // The only limit is on concurrent requests, and moves with the load.
    (
        Cause::Concurrency,
        Row::new(
            429,
            "rate_limit_error",
            "rate_limit_reached",
            "Too many concurrent requests: the limit on concurrency has been reached. Please \
             retry later.",
        ),
    ),
    (
        Cause::Quota,
        Row::new(402, "unknown_error", CODE, "Insufficient Balance"),
    ),
    (
        Cause::Auth,
        Row::new(
            401,
            "authentication_error",
            CODE,
            "Authentication Fails, Your api key: ****rill is invalid",
        ),
    ),
    (
        Cause::ModelGone,
        Row::new(400, CODE, CODE, "Model Not Exist"),
    ),
    (
        Cause::ContextTooLong,
        Row::new(
            400,
            CODE,
            CODE,
            "This model's maximum context length is 131072 tokens. However, you requested 140268 \
             tokens (136172 in the messages, 4096 in the completion). Please reduce the length \
             of the messages or completion.",
        ),
    ),
    (
        Cause::ContentFilter,
        Row::new(400, CODE, CODE, "Content Exists Risk"),
    ),
    (
        Cause::BadRequest,
        Row::new(400, CODE, CODE, "Invalid request format: empty messages"),
    ),
    (
        Cause::Unprocessable,
        Row::new(
            422,
            CODE,
            CODE,
            "Failed to deserialize the JSON body into the target type: messages[0]: missing \
             field `role` at line 1 column 64",
        ),
    ),
    (
        Cause::ServerError,
        Row::new(
            500,
            "internal_error",
            "internal_error",
            "Our server encounters an issue. Please retry your request after a brief wait.",
        ),
    ),
    (Cause::BadGateway, Row::shaped(502, BodyShape::Page)),
    (
        Cause::Overloaded,
        Row::new(
            503,
            "service_unavailable_error",
            "service_unavailable_error",
            "Service is too busy. We advise users to temporarily switch to alternative LLM API \
             service providers.",
        ),
    ),
    (Cause::GatewayTimeout, Row::shaped(504, BodyShape::Page)),
    (Cause::Edge, Row::shaped(502, BodyShape::Page)),
];

const CODE: &str = "invalid_request_error";

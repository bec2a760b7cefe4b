//! Azure on the fake side: OpenAI's form with filter results, and errors as
//! `{"error":{"code","message"}}`, where the code is often the status as text.

use super::chat::Chat;
use super::habits::Habits;
use super::quota::{self, whole_seconds};
use super::refusal::{BodyShape, ErrorValues, Row, text_or_null};
use super::site;
use super::spec::{FakeSpec, Page};
use super::{Cause, openai};

/// The service's spec.
pub(in crate::wire) const SPEC: FakeSpec = FakeSpec {
    grammar: |model| Chat::grammar(&SPEC, &HABITS, model),
    name_exchange: |head, stamp| {
        head.field("apim-request-id", stamp.uuid());
        head.field("x-request-id", stamp.uuid());
        head.field("x-ms-region", "East US 2");
    },
    // openai-python #937, openai-dotnet #838.
    quotas: |head, stamp| quota::openai(head, stamp, whole_seconds),
    page: Page::Plain("Microsoft-Azure-Application-Gateway/v2"),
    host: "firedrill.openai.azure.com",
    errors: ROWS,
    error: json,
    error_in_band: json,
    site: site::AZURE,
    ..openai::SPEC
};

/// The prompt's filter results come first, in a chunk without other fields.
const HABITS: Habits = Habits {
    fields: ",\"system_fingerprint\":\"fp_f12ed21100\"",
    plain: ",\"prompt_filter_results\":[{\"prompt_index\":0,\"content_filter_results\":{\
            \"hate\":{\"filtered\":false,\"severity\":\"safe\"},\
            \"self_harm\":{\"filtered\":false,\"severity\":\"safe\"},\
            \"sexual\":{\"filtered\":false,\"severity\":\"safe\"},\
            \"violence\":{\"filtered\":false,\"severity\":\"safe\"}}}]",
    choice: ",\"content_filter_results\":{}",
    preamble: "{\"choices\":[],\"created\":0,\"id\":\"\",\"model\":\"\",\"object\":\"\",\
               \"prompt_filter_results\":[{\"prompt_index\":0,\"content_filter_results\":{\
               \"hate\":{\"filtered\":false,\"severity\":\"safe\"},\
               \"self_harm\":{\"filtered\":false,\"severity\":\"safe\"},\
               \"sexual\":{\"filtered\":false,\"severity\":\"safe\"},\
               \"violence\":{\"filtered\":false,\"severity\":\"safe\"}}}]}",
    ..openai::HABITS
};

/// The causes for which the service has its own errors.
const ROWS: &[(Cause, Row)] = &[
    (
        Cause::RateLimit,
        Row::new(
            429,
            "",
            "429",
            "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version \
             2024-10-21 have exceeded call rate limit of your current OpenAI S0 pricing tier.~ \
             Please retry after $seconds seconds.~ Please go here: \
             https://aka.ms/oai/quotaincrease if you would like to further increase the default \
             rate limit.",
        ),
    ),
    (
        Cause::TokenLimit,
        Row::new(
            429,
            "",
            "429",
            "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version \
             2024-10-21 have exceeded token rate limit of your current OpenAI S0 pricing tier.~ \
             Please retry after $seconds seconds.~ Please go here: \
             https://aka.ms/oai/quotaincrease if you would like to further increase the default \
             rate limit.",
        ),
    ),
    (
        Cause::Capacity,
        Row::new(
            429,
            "too_many_requests",
            "too_many_requests",
            "The system is currently experiencing high demand and cannot process your request. \
             Your request exceeds the maximum usage size allowed during peak load.",
        ),
    ),
    (
        Cause::Quota,
        Row::new(
            403,
            "",
            "403",
            "Out of call volume quota for OpenAI S0 pricing tier. To increase your call volume \
             switch to a higher tier.",
        ),
    ),
    (
        Cause::Auth,
        Row::new(
            401,
            "",
            "401",
            "Access denied due to invalid subscription key or wrong API endpoint. Make sure to \
             provide a valid key for an active subscription and use a correct regional API \
             endpoint for your resource.",
        ),
    ),
    (
        Cause::Permission,
        Row::new(
            403,
            "",
            "403",
            "Access denied due to Virtual Network/Firewall rules.",
        ),
    ),
    (
        Cause::ModelGone,
        Row::new(
            404,
            "",
            "DeploymentNotFound",
            "The API deployment for this resource does not exist. If you created the deployment \
             within the last 5 minutes, please wait a moment and try again.",
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
        .with(",\"param\":\"messages\""),
    ),
    (
        Cause::ContentFilter,
        Row::new(
            400,
            "",
            "content_filter",
            "The response was filtered due to the prompt triggering Azure OpenAI's content \
             management policy. Please modify your prompt and retry. To learn more about our \
             content filtering policies please read our documentation: \
             https://go.microsoft.com/fwlink/?linkid=2198766",
        )
        .with(
            ",\"type\":null,\"param\":\"prompt\",\"status\":400,\"innererror\":{\"code\":\
             \"ResponsibleAIPolicyViolation\",\"content_filter_result\":{\
             \"hate\":{\"filtered\":false,\"severity\":\"safe\"},\
             \"self_harm\":{\"filtered\":false,\"severity\":\"safe\"},\
             \"sexual\":{\"filtered\":false,\"severity\":\"safe\"},\
             \"violence\":{\"filtered\":true,\"severity\":\"medium\"}}}",
        ),
    ),
    (
        Cause::TooLarge,
        Row::new(413, "", "413", "The request body is too large."),
    ),
    (
        Cause::BadRequest,
        Row::new(
            400,
            "invalid_request_error",
            "invalid_value",
            "Invalid value for 'messages'.",
        )
        .with(",\"param\":\"messages\""),
    ),
    (
        Cause::Timeout,
        Row::new(408, "", "Timeout", "The operation was timeout."),
    ),
    (
        Cause::ServerError,
        Row::new(
            500,
            "",
            "InternalServerError",
            "The server had an error processing your request. Sorry about that! You can retry \
             your request, or contact us through an Azure support request if you continue seeing \
             this error.",
        ),
    ),
    (Cause::BadGateway, Row::shaped(502, BodyShape::Page)),
    (
        Cause::Overloaded,
        Row::new(
            503,
            "",
            "ServiceUnavailable",
            "The service is temporarily unable to process your request. Please try again later.",
        ),
    ),
    (Cause::GatewayTimeout, Row::shaped(504, BodyShape::Page)),
    (Cause::Edge, Row::shaped(502, BodyShape::Page)),
];

/// The body.
fn json(said: &ErrorValues<'_>, row: &Row) -> String {
    let code = match row.code {
        "" => said.status.to_string(),
        code => code.to_owned(),
    };
    let kind = match row.kind {
        "" => String::new(),
        kind => format!(",\"type\":{}", text_or_null(kind)),
    };
    format!(
        "{{\"error\":{{\"code\":{},\"message\":{}{kind}{}}}}}",
        text_or_null(&code),
        said.message(row),
        said.more(row),
    )
}

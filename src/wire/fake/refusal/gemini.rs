//! Gemini's errors: `{"error":{"code","message","status","details"}}`, over several lines. What
//! kind of limit it was, and how long to wait, is told in the details and in no field.

use std::fmt::Write;

use super::{BodyShape, ErrorValues, Row, precise, text_or_null};
use crate::wire::fake::Cause;

/// What the service has of its own.
pub(super) const ROWS: &[(Cause, Row)] = &[
    (
        Cause::RateLimit,
        Row::new(429, EXHAUSTED, "", EXCEEDED).with(
            "{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\",\"violations\":[{\
             \"quotaMetric\":\"generativelanguage.googleapis.com/generate_requests_per_model\",\
             \"quotaId\":\"GenerateRequestsPerMinutePerProjectPerModel\",\"quotaDimensions\":{\
             \"location\":\"global\",\"model\":\"$model\"}~,\"quotaValue\":\"$limit\"~}]}",
        ),
    ),
    (
        Cause::TokenLimit,
        Row::new(429, EXHAUSTED, "", EXCEEDED).with(
            "{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\",\"violations\":[{\
             \"quotaMetric\":\
             \"generativelanguage.googleapis.com/generate_content_paid_tier_input_token_count\",\
             \"quotaId\":\"GenerateContentPaidTierInputTokensPerModelPerMinute\",\
             \"quotaDimensions\":{\"location\":\"global\",\"model\":\"$model\"}\
             ~,\"quotaValue\":\"$limit\"~}]}",
        ),
    ),
    (
        Cause::DailyLimit,
        Row::new(429, EXHAUSTED, "", EXCEEDED).with(
            "{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\",\"violations\":[{\
             \"quotaMetric\":\
             \"generativelanguage.googleapis.com/generate_requests_per_model_per_day\",\
             \"quotaId\":\"GenerateRequestsPerDayPerProjectPerModel\",\"quotaDimensions\":{\
             \"location\":\"global\",\"model\":\"$model\"}~,\"quotaValue\":\"$limit\"~}]}",
        ),
    ),
    (
        Cause::Capacity,
        Row::new(
            429,
            EXHAUSTED,
            "",
            "Resource has been exhausted (e.g. check quota).",
        ),
    ),
    // A plan without any quota: the same status as a minute's limit.
    (
        Cause::Quota,
        Row::new(429, EXHAUSTED, "", EXCEEDED).with(
            "{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\",\"violations\":[{\
             \"quotaMetric\":\
             \"generativelanguage.googleapis.com/generate_content_free_tier_requests\",\
             \"quotaId\":\"GenerateRequestsPerDayPerProjectPerModel-FreeTier\",\
             \"quotaDimensions\":{\"location\":\"global\",\"model\":\"$model\"},\
             \"quotaValue\":\"0\"}]}",
        ),
    ),
    (
        Cause::Auth,
        Row::new(
            400,
            "INVALID_ARGUMENT",
            "",
            "API key not valid. Please pass a valid API key.",
        )
        .with(
            "{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\
             \"API_KEY_INVALID\",\"domain\":\"googleapis.com\",\"metadata\":{\"service\":\
             \"generativelanguage.googleapis.com\"}}",
        ),
    ),
    (
        Cause::Permission,
        Row::new(
            403,
            "PERMISSION_DENIED",
            "",
            "The caller does not have permission",
        ),
    ),
    (
        Cause::Region,
        Row::new(
            400,
            "FAILED_PRECONDITION",
            "",
            "User location is not supported for the API use.",
        ),
    ),
    (
        Cause::ModelGone,
        Row::new(
            404,
            "NOT_FOUND",
            "",
            "models/$model is not found for API version v1beta, or is not supported for \
             generateContent. Call ListModels to see the list of available models and their \
             supported methods.",
        ),
    ),
    (
        Cause::ContextTooLong,
        Row::new(
            400,
            "INVALID_ARGUMENT",
            "",
            "The input token count (1200000) exceeds the maximum number of tokens allowed \
             (1048576).",
        ),
    ),
    (
        Cause::TooLarge,
        Row::new(
            400,
            "INVALID_ARGUMENT",
            "",
            "Request payload size exceeds the limit: 20971520 bytes.",
        ),
    ),
    (
        Cause::BadRequest,
        Row::new(
            400,
            "INVALID_ARGUMENT",
            "",
            "* GenerateContentRequest.contents: contents is not specified",
        ),
    ),
    (
        Cause::ServerError,
        Row::new(
            500,
            "INTERNAL",
            "",
            "An internal error has occurred. Please retry or report in \
             https://developers.generativeai.google/guide/troubleshooting",
        ),
    ),
    (Cause::BadGateway, Row::shaped(502, BodyShape::Page)),
    (
        Cause::Overloaded,
        Row::new(
            503,
            "UNAVAILABLE",
            "",
            "The model is overloaded. Please try again later.",
        ),
    ),
    (
        Cause::GatewayTimeout,
        Row::new(
            504,
            "DEADLINE_EXCEEDED",
            "",
            "Deadline expired before operation could complete.",
        ),
    ),
    (Cause::Edge, Row::shaped(502, BodyShape::Page)),
];

/// An error that says no more than its status: `google.rpc.Code`, as it maps to HTTP.
pub(super) fn bare(status: u16) -> &'static Row {
    static ROWS: [Row; 6] = [
        Row::new(401, "UNAUTHENTICATED", "", ""),
        Row::new(409, "ABORTED", "", ""),
        Row::new(429, EXHAUSTED, "", ""),
        Row::new(499, "CANCELLED", "", ""),
        Row::new(501, "UNIMPLEMENTED", "", ""),
        Row::new(500, "UNKNOWN", "", ""),
    ];
    let exact = ROWS.iter().find(|row| row.status == status);
    exact.unwrap_or(&ROWS[5])
}

/// The body.
pub(super) fn json(said: &ErrorValues<'_>, row: &Row) -> String {
    let mut body = format!(
        "{{\n  \"error\": {{\n    \"code\": {},\n    \"message\": {},\n    \"status\": {}",
        said.status,
        said.message(row),
        text_or_null(row.kind),
    );
    let mut details = Vec::new();
    if !row.more.is_empty() {
        details.push(said.more(row));
    }
    if let Some(wait) = said.wait {
        details.push(format!(
            "{{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"{}\"}}",
            precise(wait)
        ));
    }
    if !details.is_empty() {
        let details = details.join(",\n      ");
        let _ = write!(body, ",\n    \"details\": [\n      {details}\n    ]");
    }
    body.push_str("\n  }\n}\n");
    body
}

const EXHAUSTED: &str = "RESOURCE_EXHAUSTED";

const EXCEEDED: &str = "You exceeded your current quota, please check your plan and billing \
                        details. For more information on this error, head to: \
                        https://ai.google.dev/gemini-api/docs/rate-limits.~ Please retry in \
                        $precise.~";

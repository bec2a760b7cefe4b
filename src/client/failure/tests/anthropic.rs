//! Anthropic's messages.

use super::*;

#[test]
fn anthropic_has_a_type_for_each() {
    let body = |kind: &str, message: &str| {
        format!(
            r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}"}},
            "request_id":"req_011CSHoEeqs5C35K2UUqR7Fy"}}"#
        )
    };
    for (status, kind, message, class) in TYPES {
        let failure = refused(*status, &[], &body(kind, message));
        assert_eq!(failure.class, *class, "{status} {kind} {message}");
    }
    check(&[(
        429,
        r#"{"type":"error","error":{"type":"rate_limit_error","message":"Spend limit reached",
        "details":{"error_code":"enforced_spend_limit_reached"}},"request_id":"req_011"}"#,
        Quota,
    )]);
}

/// Status, type and message, and their class.
const TYPES: &[(u16, &str, &str, FailureClass)] = &[
    (
        400,
        "invalid_request_error",
        "max_tokens: required",
        BadRequest,
    ),
    (
        400,
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API.",
        Quota,
    ),
    (
        400,
        "invalid_request_error",
        "You have reached your specified API usage limits.",
        Quota,
    ),
    (
        400,
        "invalid_request_error",
        "prompt is too long: 208310 tokens > 200000 maximum",
        ContextTooLong,
    ),
    (
        400,
        "invalid_request_error",
        "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
        ContextTooLong,
    ),
    (
        400,
        "invalid_request_error",
        "Output blocked by content filtering policy",
        ContentFilter,
    ),
    (401, "authentication_error", "invalid x-api-key", Auth),
    (402, "billing_error", "Billing", Quota),
    (403, "permission_error", "Not yours", Forbidden),
    (404, "not_found_error", "model: claude-1", ModelGone),
    (409, "conflict_error", "Conflict", ServerError),
    (
        413,
        "request_too_large",
        "Request exceeds the maximum size",
        ContextTooLong,
    ),
    (
        429,
        "rate_limit_error",
        "This request would exceed your rate limit",
        RateLimited,
    ),
    (500, "api_error", "Internal server error", ServerError),
    (504, "timeout_error", "Request timed out", ServerError),
    (529, "overloaded_error", "Overloaded", Overloaded),
];

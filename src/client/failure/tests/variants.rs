//! Chat completions, by the vendors that imitate OpenAI: DeepSeek, Moonshot, OpenRouter.

use super::*;

#[test]
fn deepseek_says_the_same_type_for_everything() {
    let body = |message: &str, kind: &str| {
        format!(
            r#"{{"error":{{"message":"{message}","type":"{kind}","param":null,
            "code":"invalid_request_error"}}}}"#
        )
    };
    for (status, message, kind, class) in [
        (402, "Insufficient Balance", "unknown_error", Quota),
        (401, "Authentication Fails", "authentication_error", Auth),
        (
            400,
            "Content Exists Risk",
            "invalid_request_error",
            ContentFilter,
        ),
        (400, "Model Not Exist", "invalid_request_error", ModelGone),
        (
            400,
            "This model's maximum context length is 65536 tokens. However, you requested 70000.",
            "invalid_request_error",
            ContextTooLong,
        ),
        (
            422,
            "Failed to deserialize",
            "invalid_request_error",
            BadRequest,
        ),
        (429, "Rate limit reached", "rate_limit_error", RateLimited),
        (500, "Internal error", "server_error", ServerError),
        (
            503,
            "Service is too busy. We advise users to temporarily switch to alternative providers.",
            "service_unavailable_error",
            Overloaded,
        ),
    ] {
        let failure = refused(status, &[], &body(message, kind));
        assert_eq!(failure.class, class, "{status} {message}");
        assert_eq!(failure.hint, None, "DeepSeek gives no hint");
    }
}

#[test]
fn moonshot_refuses_for_money_with_two_statuses() {
    check(&[
        (
            429,
            r#"{"error":{"message":"Your account is suspended, please check your plan and billing
            details","type":"exceeded_current_quota_error"}}"#,
            Quota,
        ),
        (
            403,
            r#"{"error":{"message":"Insufficient balance, please recharge",
            "type":"permission_denied_error"}}"#,
            Quota,
        ),
        (
            403,
            r#"{"error":{"message":"The API you are accessing is not open",
            "type":"permission_denied_error"}}"#,
            Forbidden,
        ),
        (
            429,
            r#"{"error":{"message":"The engine is currently overloaded, please try again later",
            "type":"engine_overloaded_error"}}"#,
            Overloaded,
        ),
        (
            429,
            r#"{"error":{"message":"Your account reached max organization concurrency: 1, please
            try again after 1 seconds","type":"rate_limit_reached_error"}}"#,
            RateLimited,
        ),
        (
            400,
            r#"{"error":{"type":"content_filter","message":"The request was rejected because it was
            considered high risk"}}"#,
            ContentFilter,
        ),
        (
            400,
            r#"{"error":{"type":"invalid_request_error","message":"Input token length too long"}}"#,
            ContextTooLong,
        ),
        (
            400,
            r#"{"error":{"type":"invalid_request_error",
            "message":"Your request exceeded model token limit : 131072"}}"#,
            ContextTooLong,
        ),
        (
            404,
            r#"{"error":{"type":"resource_not_found_error","message":"Not found the model"}}"#,
            ModelGone,
        ),
        (
            401,
            r#"{"error":{"message":"Invalid Authentication",
            "type":"invalid_authentication_error"}}"#,
            Auth,
        ),
    ]);
}

#[test]
fn xai_says_an_error_in_a_bare_text_with_a_code_beside_it() {
    check(&[
        (
            400,
            r#"{"code":"Client specified an invalid argument","error":"Incorrect API key provided:
            xx***xx."}"#,
            Auth,
        ),
        (
            429,
            r#"{"code":"Some resource has been exhausted","error":"Your team 0 has either used all
            available credits or reached its monthly spending limit."}"#,
            Quota,
        ),
        (
            403,
            r#"{"code":"The caller does not have permission to execute the specified operation",
            "error":"Your newly created team doesn't have any credits or licenses yet."}"#,
            Quota,
        ),
        (
            403,
            r#"{"code":"The caller does not have permission to execute the specified operation",
            "error":"Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"}"#,
            ContentFilter,
        ),
        (
            429,
            r#"{"code":"Some resource has been exhausted","error":"Too many tokens for team 0."}"#,
            RateLimited,
        ),
        (
            400,
            r#"{"code":"Client specified an invalid argument","error":"This model's maximum prompt
            length is 131072 but the request contains 136973 tokens."}"#,
            ContextTooLong,
        ),
        (
            200,
            r#"{"code":"Some requested entity was not found","error":"The model grok does not exist
            or your team 0 does not have access to it."}"#,
            ModelGone,
        ),
    ]);
}

#[test]
fn openrouter_repeats_its_status_as_a_code() {
    check(&[
        (
            402,
            r#"{"error":{"message":"Insufficient credits. Add more using the settings page",
            "code":402}}"#,
            Quota,
        ),
        (
            403,
            r#"{"error":{"message":"Key limit exceeded (total limit).","code":403}}"#,
            Quota,
        ),
        (
            403,
            r#"{"error":{"code":403,"message":"Your chosen model requires moderation and your input
            was flagged","metadata":{"reasons":["violence"],"flagged_input":"..."}}}"#,
            ContentFilter,
        ),
        (
            408,
            r#"{"error":{"code":408,"message":"Your request timed out"}}"#,
            ServerError,
        ),
        (
            429,
            r#"{"error":{"code":429,"message":"Rate limited"}}"#,
            RateLimited,
        ),
        (
            502,
            r#"{"error":{"code":502,"message":"Bad gateway"}}"#,
            ServerError,
        ),
        (
            503,
            r#"{"error":{"code":503,"message":"No provider"}}"#,
            ServerError,
        ),
        (
            400,
            r#"{"error":{"code":400,"message":"x/y is not a valid model ID"}}"#,
            ModelGone,
        ),
        (
            400,
            r#"{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":
            "{\"message\":\"This model's maximum context length is 8192 tokens\"}"}}}"#,
            ContextTooLong,
        ),
    ]);
}

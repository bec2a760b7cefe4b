//! Errors as the vendors document them, and what the client makes of each.

use std::time::Duration;

use FailureClass::*;

use super::*;
use crate::wire::answer::read_error;

/// What becomes of an error with a status of its own.
fn refused(status: u16, headers: &[(&'static str, &str)], body: &str) -> Failure {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    let status = StatusCode::from_u16(status).unwrap();
    // Bodies are wrapped here, and strings in JSON hold no line breaks.
    let body = body.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let failed = refusal(status, &map, read_error(body.as_bytes()));
    assert_eq!(failed.status, Some(status.as_u16()));
    failed.failure
}

/// A status, the body that goes with it, and the class that they have together.
type Row = (u16, &'static str, FailureClass);

fn check(table: &[Row]) {
    for (status, body, class) in table {
        let failure = refused(*status, &[], body);
        assert_eq!(failure.class, *class, "{status} {body}");
    }
}

#[test]
fn openai_tells_money_from_a_limit_by_its_codes() {
    check(&[
        (
            429,
            r#"{"error":{"message":"Rate limit reached for gpt-4.1 in organization org-1 on tokens
            per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 2s.",
            "type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#,
            RateLimited,
        ),
        (
            429,
            r#"{"error":{"message":"Slow down","type":"rate_limit_error","code":"slow_down"}}"#,
            RateLimited,
        ),
        (
            429,
            r#"{"error":{"message":"You exceeded your current quota, please check your plan and
            billing details.","type":"insufficient_quota","param":null,
            "code":"insufficient_quota"}}"#,
            Quota,
        ),
        (
            429,
            r#"{"error":{"message":"No credits.","type":"insufficient_quota",
            "code":"credit_balance_exhausted"}}"#,
            Quota,
        ),
        (
            429,
            r#"{"error":{"message":"Limit.","type":"rate_limit_error",
            "code":"organization_spend_limit_exceeded"}}"#,
            Quota,
        ),
        (
            429,
            r#"{"error":{"message":"Limit.","type":null,"code":"project_spend_limit_exceeded"}}"#,
            Quota,
        ),
        (
            429,
            r#"{"error":{"message":"L.","type":null,"code":"organization_usage_limit_exceeded"}}"#,
            Quota,
        ),
    ]);
}

#[test]
fn openai_has_a_status_or_a_code_for_the_rest() {
    check(&[
        (
            503,
            r#"{"error":{"message":"Our servers are currently overloaded. Please try again later.",
            "type":"service_unavailable_error","param":null,"code":"server_is_overloaded"}}"#,
            Overloaded,
        ),
        (
            503,
            r#"{"error":{"message":"The engine is currently overloaded, please try again later",
            "type":"server_error","param":null,"code":null}}"#,
            Overloaded,
        ),
        (
            500,
            r#"{"error":{"message":"The server had an error while processing your request. Sorry
            about that!","type":"server_error","param":null,"code":null}}"#,
            ServerError,
        ),
        (
            401,
            r#"{"error":{"message":"Incorrect API key provided: sk-1.","type":
            "invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
            Auth,
        ),
        (
            403,
            r#"{"error":{"code":"unsupported_country_region_territory","message":"Country, region,
            or territory not supported","param":null,"type":"request_forbidden"}}"#,
            Forbidden,
        ),
        (
            404,
            r#"{"error":{"message":"The model `gpt-9` does not exist or you do not have access to
            it.","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#,
            ModelGone,
        ),
        (
            400,
            r#"{"error":{"message":"This model's maximum context length is 8192 tokens.","type":
            "invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
            ContextTooLong,
        ),
        (
            400,
            r#"{"error":{"message":"Rejected by our safety system.","type":
            "invalid_request_error","param":null,"code":"content_policy_violation"}}"#,
            ContentFilter,
        ),
        (
            400,
            r#"{"error":{"message":"Unsupported value","type":"invalid_request_error",
            "param":"temperature","code":"unsupported_value"}}"#,
            BadRequest,
        ),
    ]);
}

#[test]
fn the_edge_speaks_html_or_json_of_its_own() {
    let page = "<!DOCTYPE html><title>520: Web server is returning an unknown error</title>";
    for status in [520, 521, 522, 523, 524, 502, 504] {
        check(&[(status, page, ServerError), (status, "", ServerError)]);
    }
    check(&[
        (
            403,
            "<!DOCTYPE html><title>Just a moment...</title>",
            Forbidden,
        ),
        (
            520,
            r#"{"cloudflare_error":true,"status":520}"#,
            ServerError,
        ),
        (
            413,
            "<html><h1>413 Request Entity Too Large</h1></html>",
            ContextTooLong,
        ),
        (408, "", ServerError),
        (409, "", ServerError),
        (424, "", ServerError),
        (
            498,
            r#"{"error":{"message":"x","code":"capacity_exceeded"}}"#,
            Overloaded,
        ),
        (529, "", Overloaded),
    ]);
}

#[test]
fn azure_has_words_and_wordings() {
    check(&[
        (
            429,
            r#"{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation
            under Azure OpenAI API version 2024-10-21 have exceeded token rate limit of your
            current OpenAI S0 pricing tier. Please retry after 37 seconds."}}"#,
            RateLimited,
        ),
        (
            429,
            r#"{"error":{"code":"NoCapacity","message":"The system is currently experiencing high
            demand and cannot process your request."}}"#,
            Overloaded,
        ),
        (
            400,
            r#"{"error":{"message":"The response was filtered due to the prompt triggering Azure
            OpenAI's content management policy.","type":null,"param":"prompt",
            "code":"content_filter","status":400,"innererror":{"code":
            "ResponsibleAIPolicyViolation","content_filter_result":{}}}}"#,
            ContentFilter,
        ),
        (
            404,
            r#"{"error":{"code":"DeploymentNotFound","message":"The API deployment for this
            resource does not exist."}}"#,
            ModelGone,
        ),
        (
            401,
            r#"{"error":{"code":"401","message":"Access denied due to invalid subscription key or
            wrong API endpoint."}}"#,
            Auth,
        ),
    ]);
}

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

#[test]
fn anthropic_has_a_type_for_each() {
    let body = |kind: &str, message: &str| {
        format!(
            r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}"}},
            "request_id":"req_011CSHoEeqs5C35K2UUqR7Fy"}}"#
        )
    };
    for (status, kind, message, class) in [
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
    ] {
        let failure = refused(status, &[], &body(kind, message));
        assert_eq!(failure.class, class, "{status} {kind} {message}");
    }
    check(&[(
        429,
        r#"{"type":"error","error":{"type":"rate_limit_error","message":"Spend limit reached",
        "details":{"error_code":"enforced_spend_limit_reached"}},"request_id":"req_011"}"#,
        Quota,
    )]);
}

/// Google's 429, for this quota.
fn exhausted(quota: &str, message: &str, delay: &str) -> String {
    format!(
        r#"{{"error":{{"code":429,"message":"You exceeded your current quota, please check your plan
        and billing details. {message}","status":"RESOURCE_EXHAUSTED","details":[
        {{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{{"quotaMetric":
        "generativelanguage.googleapis.com/generate_content_free_tier_requests","quotaId":"{quota}",
        "quotaDimensions":{{"location":"global","model":"gemini-2.5-pro"}}}}]}},
        {{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"{delay}"}}]}}}}"#
    )
}

#[test]
fn gemini_has_one_status_for_minutes_days_and_nothing_at_all() {
    let minute = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier";
    let day = "GenerateRequestsPerDayPerProjectPerModel-FreeTier";
    for (quota, message, delay, class, millis) in [
        (
            minute,
            "limit: 5, model: gemini-2.5-pro",
            "31s",
            RateLimited,
            31_000,
        ),
        (minute, "limit: 250000", "45.8s", RateLimited, 45_800),
        (day, "limit: 100", "33785s", Quota, 33_785_000),
        (
            minute,
            "limit: 0, model: gemini-2.5-pro",
            "36000s",
            Quota,
            36_000_000,
        ),
    ] {
        let failure = refused(429, &[], &exhausted(quota, message, delay));
        assert_eq!(failure.class, class, "{quota} {message}");
        assert_eq!(failure.hint, Some(Duration::from_millis(millis)));
    }
}

#[test]
fn gemini_has_a_word_for_the_rest() {
    let body = |code: u16, status: &str, message: &str| {
        format!(r#"{{"error":{{"code":{code},"message":"{message}","status":"{status}"}}}}"#)
    };
    for (code, status, message, class) in [
        (
            400,
            "INVALID_ARGUMENT",
            "API key not valid. Please pass a valid API key.",
            Auth,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "The input token count (1250000) exceeds the maximum number of tokens allowed (1048576).",
            ContextTooLong,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "Invalid JSON payload received.",
            BadRequest,
        ),
        (
            400,
            "FAILED_PRECONDITION",
            "User location is not supported for the API use.",
            Forbidden,
        ),
        (
            403,
            "PERMISSION_DENIED",
            "Your API key was reported as leaked.",
            Forbidden,
        ),
        (
            404,
            "NOT_FOUND",
            "models/gemini-1.0-pro is not found",
            ModelGone,
        ),
        (
            429,
            "RESOURCE_EXHAUSTED",
            "Resource has been exhausted.",
            RateLimited,
        ),
        (
            500,
            "INTERNAL",
            "An internal error has occurred.",
            ServerError,
        ),
        (
            503,
            "UNAVAILABLE",
            "The model is overloaded. Please try again later.",
            Overloaded,
        ),
        (
            503,
            "UNAVAILABLE",
            "The service is currently unavailable.",
            Overloaded,
        ),
        (504, "DEADLINE_EXCEEDED", "Deadline expired.", ServerError),
    ] {
        let body = body(code, status, message);
        assert_eq!(refused(code, &[], &body).class, class, "{body}");
        let in_band = in_band(read_error(body.as_bytes()));
        assert_eq!(in_band.failure.class, class, "in band: {body}");
        assert_eq!(in_band.status, Some(200));
    }
    check(&[(
        400,
        r#"[{"error":{"code":400,"message":"Ungültiger Schlüssel","status":"INVALID_ARGUMENT",
        "details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":
        "API_KEY_INVALID","domain":"googleapis.com"}]}}]"#,
        Auth,
    )]);
}

#[test]
fn hints_come_in_headers_and_in_bodies() {
    let azure = r#"{"error":{"code":"429","message":"Please retry after 37 seconds."}}"#;
    let google = exhausted("PerMinute", "limit: 5", "31s");
    let date = ("date", "Sun, 06 Nov 1994 08:49:07 GMT");
    let until = ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT");
    let hint = |headers: &[(&'static str, &str)], body: &str| {
        let hint = refused(429, headers, body).hint;
        hint.map(|hint| hint.as_millis())
    };
    assert_eq!(
        hint(&[("retry-after-ms", "1500"), ("retry-after", "2")], ""),
        Some(1_500)
    );
    assert_eq!(hint(&[("retry-after", "2")], azure), Some(2_000));
    assert_eq!(hint(&[("retry-after", "2.5")], &google), Some(2_500));
    assert_eq!(hint(&[until, date], &google), Some(30_000));
    assert_eq!(
        hint(&[until], ""),
        None,
        "a date without a date to count from"
    );
    assert_eq!(hint(&[("retry-after", "NaN")], ""), None);
    assert_eq!(hint(&[("retry-after", "-7")], azure), Some(37_000));
    assert_eq!(hint(&[], azure), Some(37_000));
    assert_eq!(hint(&[], &google), Some(31_000));
    assert_eq!(hint(&[], ""), None);
}

#[test]
fn an_error_in_band_says_its_class_in_words_or_digits() {
    use FailureClass::{Overloaded, RateLimited, ServerError};
    for (error, class) in [
        (r#"{"code":"rate_limit_exceeded"}"#, RateLimited),
        (r#"{"code":"429"}"#, RateLimited),
        (r#"{"code":502}"#, ServerError),
        (r#"{"type":"overloaded_error"}"#, Overloaded),
        (r#"{"code":503,"status":"UNAVAILABLE"}"#, Overloaded),
        (r#"{"status":"INTERNAL"}"#, ServerError),
        (r#"{"code":7}"#, ServerError),
        (r#"{"message":"Something broke."}"#, ServerError),
        ("{}", ServerError),
    ] {
        let body = format!(r#"{{"error":{error}}}"#);
        let failed = in_band(read_error(body.as_bytes()));
        assert_eq!(failed.failure.class, class, "{error}");
        assert_eq!(failed.status, Some(200));
    }
}

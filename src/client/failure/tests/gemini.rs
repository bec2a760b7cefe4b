//! Gemini's generateContent.

use std::time::Duration;

use super::*;

/// Google's 429, for this quota.
pub(super) fn exhausted(quota: &str, message: &str, delay: &str) -> String {
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
    for (code, status, message, class) in WORDS {
        let body = body(*code, status, message);
        assert_eq!(refused(*code, &[], &body).class, *class, "{body}");
        let in_band = in_band(read_error(body.as_bytes()));
        assert_eq!(in_band.failure.class, *class, "in band: {body}");
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
fn a_hint_in_band_counts_as_well() {
    let body = exhausted("GenerateRequestsPerMinute", "limit: 5", "31s").replace('\n', " ");
    let failure = in_band(read_error(body.as_bytes())).failure;
    assert_eq!(failure.class, RateLimited);
    assert_eq!(failure.hint, Some(Duration::from_secs(31)));
}

/// Code, word and message, and their class.
const WORDS: &[(u16, &str, &str, FailureClass)] = &[
    (
        400,
        "INVALID_ARGUMENT",
        "API key not valid. Please pass a valid API key.",
        Auth,
    ),
    (
        400,
        "INVALID_ARGUMENT",
        "The input token count (1250000) exceeds the maximum number of tokens allowed (1).",
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
];

//! Error bodies, of every form with details.

use super::super::{ErrorBody, read_error};

fn body(bytes: &str) -> ErrorBody {
    read_error(bytes.as_bytes())
}

#[test]
fn a_refusal_that_is_no_json_says_nothing() {
    for bytes in ["", "<html>", "null", "[]", "7", "{\"error\":"] {
        assert_eq!(body(bytes), ErrorBody::default(), "{bytes}");
    }
}

#[test]
fn openai_has_a_type_and_a_code() {
    let error = body(
        r#"{"error":{"message":"You exceeded your current quota, please check your plan and
        billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#
            .replace('\n', " ")
            .as_str(),
    );
    assert_eq!(error.kind.as_deref(), Some("insufficient_quota"));
    assert_eq!(error.code.as_deref(), Some("insufficient_quota"));
    assert!(
        error
            .message
            .is_some_and(|said| said.starts_with("You exceeded"))
    );
}

#[test]
fn anthropic_has_a_type_and_sometimes_details() {
    let error = body(
        r#"{"type":"error","error":{"type":"rate_limit_error","message":"Spend limit reached.",
        "details":{"error_code":"enforced_spend_limit_reached"}},"request_id":"req_011"}"#,
    );
    assert_eq!(error.kind.as_deref(), Some("rate_limit_error"));
    assert_eq!(error.reasons, ["enforced_spend_limit_reached"]);
}

#[test]
fn google_has_a_status_and_details() {
    let error = body(
        r#"{"error":{"code":429,"message":"You exceeded your current quota.",
        "status":"RESOURCE_EXHAUSTED","details":[
        {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[
          {"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_requests",
           "quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
           "quotaDimensions":{"location":"global","model":"gemini-2.5-pro"},"quotaValue":"5"},
          {"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]},
        {"@type":"type.googleapis.com/google.rpc.Help","links":[{"description":"x","url":"y"}]},
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"31s"}]}}"#,
    );
    assert_eq!(error.code.as_deref(), Some("429"));
    assert_eq!(error.status.as_deref(), Some("RESOURCE_EXHAUSTED"));
    assert_eq!(error.retry_delay.as_deref(), Some("31s"));
    let quotas = [
        "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
        "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
    ];
    assert_eq!(error.quotas, quotas);
    let error = body(
        r#"[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.",
        "status":"INVALID_ARGUMENT","details":[{"@type":
        "type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID",
        "domain":"googleapis.com","metadata":{"service":"generativelanguage.googleapis.com"}}]}}]"#,
    );
    assert_eq!(error.reasons, ["API_KEY_INVALID"]);
}

#[test]
fn azure_has_an_error_inside() {
    let error = body(
        r#"{"error":{"message":"The response was filtered","type":null,"param":"prompt",
        "code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation",
        "content_filter_result":{"hate":{"filtered":true,"severity":"high"}}}}}"#,
    );
    assert_eq!(error.code.as_deref(), Some("content_filter"));
    assert_eq!(error.reasons, ["ResponsibleAIPolicyViolation"]);
}

#[test]
fn openrouter_has_metadata() {
    let error = body(
        r#"{"error":{"code":403,"message":"Your input was flagged","metadata":{"reasons":
        ["violence"],"flagged_input":"...","provider_name":"OpenAI","model_slug":"x/y"}}}"#,
    );
    assert_eq!(error.code.as_deref(), Some("403"));
    assert_eq!(error.reasons, ["flagged_input"]);
    let error = body(
        r#"{"error":{"message":"Provider returned error","code":400,
        "metadata":{"raw":"prompt is too long","provider_name":"Anthropic"}}}"#,
    );
    let said = "Provider returned error: prompt is too long";
    assert_eq!(error.message.as_deref(), Some(said));
}

#[test]
fn servers_that_have_no_error_object_speak_at_the_top() {
    let error = body(
        r#"{"object":"error","message":"The model does not exist.","type":"NotFoundError",
        "param":null,"code":404}"#,
    );
    assert_eq!(error.kind.as_deref(), Some("NotFoundError"));
    assert_eq!(error.code.as_deref(), Some("404"));
    assert_eq!(body(r#"{"error":"boom"}"#).message.as_deref(), Some("boom"));
    assert_eq!(
        body(r#"{"detail":"boom"}"#).message.as_deref(),
        Some("boom")
    );
    let edge = body(r#"{"cloudflare_error":true,"status":520}"#);
    assert_eq!(edge.status.as_deref(), Some("520"));
}

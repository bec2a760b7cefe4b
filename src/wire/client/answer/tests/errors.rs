//! Error bodies, of every form with details.

use super::super::{ErrorBody, read_error};

fn body(bytes: &str) -> ErrorBody {
    read_error(bytes.as_bytes())
}

#[test]
fn a_refusal_without_words_says_nothing() {
    for bytes in ["", " \n", "<html>", "null", "[]", "7", "{}", "\u{feff}{}"] {
        assert!(body(bytes).is_empty(), "{bytes}");
    }
    let empty = r#"{"error":{"message":"","type":"","param":"","code":null}}"#;
    assert!(body(empty).is_empty());
    let of_python = r#"{"error":{"message":"None","type":"None","param":"None","code":null}}"#;
    assert!(body(of_python).is_empty());
}

#[test]
fn a_refusal_that_is_no_json_is_a_message() {
    let said = |bytes| body(bytes).message;
    assert_eq!(
        said("Too Many Requests\n").as_deref(),
        Some("Too Many Requests")
    );
    assert_eq!(said("{\"error\":").as_deref(), Some("{\"error"));
    let page = "<html><head><title>502 Bad Gateway</title></head><script>x</script></html>";
    assert_eq!(said(page).as_deref(), Some("502 Bad Gateway"));
}

#[test]
fn errors_are_found_inside_others() {
    let inner = r#"{"error":{"message":"No room","type":"overloaded_error","code":529}}"#;
    let quoted = serde_json::to_string(inner).unwrap();
    let twice = serde_json::to_string(&quoted).unwrap();
    for wrapped in [
        inner.to_owned(),
        format!("\u{feff}{inner}"),
        format!("[{inner}]"),
        format!(
            r#"{{"error":{{"message":"Provider returned error","metadata":{{"raw":{quoted}}}}}}}"#
        ),
        format!(r#"{{"error":{{"message":{quoted},"code":"500"}}}}"#),
        format!(r#"{{"error":{{"message":{twice},"code":"500"}}}}"#),
        format!(r#"{{"error":{quoted}}}"#),
        format!(r#"{{"errors":[{inner}]}}"#),
        format!(r#"{{"detail":{inner}}}"#),
        format!(r#"{{"detail":[{{"msg":{quoted}}}]}}"#),
        format!(r#"{{"status":"failure","message":{quoted}}}"#),
        format!(r#"{{"message":{inner}}}"#),
        format!(r#"{{"fault":{{"faultstring":{quoted}}}}}"#),
        format!("Upstream said: {inner} (request 7)"),
    ] {
        let error = body(&wrapped);
        let message = error.message.as_deref().unwrap_or_default();
        assert!(message.contains("No room"), "{wrapped}: {message}");
        assert!(
            error.words().any(|word| word == "overloaded_error"),
            "{wrapped}"
        );
        assert_eq!(error.inner_status, Some(529), "{wrapped}");
    }
}

#[test]
fn the_request_is_not_taken_for_the_error() {
    let error = body(
        r#"{"detail":[{"type":"missing","loc":["body","messages",0,"role"],"msg":"Field required",
        "input":{"content":"my api key expired","type":"insufficient_quota"}}]}"#
            .replace('\n', " ")
            .as_str(),
    );
    assert_eq!(error.message.as_deref(), Some("Field required"));
    assert_eq!(error.kind.as_deref(), Some("missing"));
    assert!(error.reasons.is_empty());
}

#[test]
fn what_could_be_a_wait_is_kept() {
    let waits = |bytes| body(bytes).waits;
    let of = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
    assert_eq!(
        waits(r#"{"error":{"retry_after":12}}"#),
        of("retry_after", "12")
    );
    assert_eq!(
        waits(r#"{"error":{"metadata":{"headers":{"X-RateLimit-Reset":"1741305600000"}}}}"#),
        of("x-ratelimit-reset", "1741305600000")
    );
    assert_eq!(waits(r#"{"error":{"retry_count":3,"max_retries":2}}"#), []);
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
    assert_eq!(error.waits, [("retrydelay".to_owned(), "31s".to_owned())]);
    let quotas = [
        "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
        "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
    ];
    assert_eq!(error.reasons, quotas);
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
    assert_eq!(
        error.reasons,
        ["param=prompt", "ResponsibleAIPolicyViolation"]
    );
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

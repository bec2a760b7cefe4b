//! Chat completions, by OpenAI and by Azure.

use super::*;

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

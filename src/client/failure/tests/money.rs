//! Empty accounts and lasting quotas, told apart from rate limits whatever the status and the hint:
//! waiting does not restore them.

use super::*;

/// Every form in which the vendors report an empty account or an exhausted quota.
const NO_MONEY: &[(u16, &str)] = &[
    // OpenAI.
    (
        429,
        r#"{"error":{"message":"Q.","type":"insufficient_quota","code":"insufficient_quota"}}"#,
    ),
    (
        429,
        r#"{"error":{"message":"Q.","type":"insufficient_quota","code":null}}"#,
    ),
    (429, r#"{"error":{"code":"credit_balance_exhausted"}}"#),
    (
        429,
        r#"{"error":{"type":"rate_limit_error","code":"organization_spend_limit_exceeded"}}"#,
    ),
    (429, r#"{"error":{"code":"project_spend_limit_exceeded"}}"#),
    (
        429,
        r#"{"error":{"code":"organization_usage_limit_exceeded"}}"#,
    ),
    (429, r#"{"error":{"code":"project_usage_limit_exceeded"}}"#),
    // Anthropic.
    (
        429,
        r#"{"type":"error","error":{"type":"rate_limit_error","message":"Spend limit reached",
        "details":{"error_code":"enforced_spend_limit_reached"}}}"#,
    ),
    (
        400,
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance
        is too low to access the Anthropic API."}}"#,
    ),
    (
        402,
        r#"{"type":"error","error":{"type":"billing_error","message":"Billing"}}"#,
    ),
    // Gemini.
    (
        402,
        r#"{"error":{"code":402,"message":"Billing","status":"PAYMENT_REQUIRED"}}"#,
    ),
    (
        429,
        r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Quota exceeded for metric:
        free_tier_requests, limit: 0, model: gemini-2.5-pro. Please retry in 36000s."}}"#,
    ),
    (
        429,
        r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"limit: 100","details":[
        {"violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}]}}"#,
    ),
    // DeepSeek.
    (
        402,
        r#"{"error":{"message":"Insufficient Balance","type":"unknown_error",
        "code":"invalid_request_error"}}"#,
    ),
    // Moonshot.
    (
        403,
        r#"{"error":{"message":"Insufficient balance, please recharge"}}"#,
    ),
    (
        429,
        r#"{"error":{"message":"Suspended","type":"exceeded_current_quota_error"}}"#,
    ),
    // OpenRouter.
    (
        402,
        r#"{"error":{"message":"Insufficient credits","code":402}}"#,
    ),
    (
        403,
        r#"{"error":{"message":"Key limit exceeded (total limit).","code":403}}"#,
    ),
];

#[test]
fn a_hint_to_wait_makes_no_rate_limit_of_a_debt() {
    let heads: [&[(&str, &str)]; 3] = [
        &[],
        &[("retry-after", "1"), ("x-should-retry", "true")],
        &[
            ("x-ratelimit-remaining-tokens", "0"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ],
    ];
    for (status, body) in NO_MONEY {
        for head in heads {
            assert_eq!(refused(*status, head, body).class, Quota, "{status} {body}");
        }
    }
}

#[test]
fn a_debt_in_band_is_a_debt() {
    for (status, body) in NO_MONEY {
        let body = body.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        let error = read_error(body.as_bytes());
        // Without a status, what only the status says is lost.
        let is_said = error.code.is_some() || error.message.is_some();
        if *status != 402 && is_said {
            assert_eq!(in_band(error).failure.class, Quota, "{body}");
        }
    }
}

#[test]
fn what_only_sounds_like_money_is_a_rate_limit() {
    check(&[
        (
            429,
            r#"{"error":{"message":"You exceeded your current quota. limit: 250000","status":
            "RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":
            "GenerateContentInputTokensPerModelPerMinute-FreeTier"}]}]}}"#,
            RateLimited,
        ),
        (
            429,
            r#"{"error":{"message":"Rate limit reached on requests per day (RPD): Limit 200",
            "type":"requests","code":"rate_limit_exceeded"}}"#,
            RateLimited,
        ),
        (
            429,
            r#"{"error":{"message":"Your account reached max request limit",
            "type":"rate_limit_reached_error"}}"#,
            RateLimited,
        ),
    ]);
}

//! The bodies of OpenAI's errors, status by status.
//!
//! Status line and hints in fields are `head`'s and `openai`'s matter. The wording is that of
//! answers that users of the real service have reported.

use std::time::Duration;

use super::head::reason;
use super::quota::GoDuration;
use super::{Cause, Quota, Refusal};

/// What an error object says.
struct Wrong {
    message: String,
    kind: &'static str,
    param: &'static str,
    code: String,
}

/// The status of `refusal`.
pub(super) fn status_of(refusal: &Refusal) -> u16 {
    let usual = match refusal.cause {
        Cause::RateLimit => 429,
        Cause::Overloaded => 503,
        _ => 500,
    };
    refusal.status.unwrap_or(usual)
}

/// Content type and body of `refusal`, by the provider of `model`.
pub(super) fn body(
    model: &str,
    quota: Option<&Quota>,
    refusal: &Refusal,
) -> (&'static str, String) {
    match status_of(refusal) {
        status @ 520..=526 => ("text/html; charset=UTF-8", edge_page(status)),
        429 => (
            JSON,
            rate_limited(model, quota, refusal.hint.map(|hint| hint.wait)).json(),
        ),
        status => (JSON, wrong(model, status).json()),
    }
}

/// Any status but 429, which has numbers in it, and 52x, which are no JSON.
fn wrong(model: &str, status: u16) -> Wrong {
    const REQUEST: &str = "invalid_request_error";
    match status {
        400 => Wrong::new("Invalid value for 'messages'.", REQUEST, "invalid_value").of("messages"),
        401 => Wrong::new(
            "Incorrect API key provided: sk-fire**drill. You can find your API key at \
             https://platform.openai.com/account/api-keys.",
            REQUEST,
            "invalid_api_key",
        ),
        403 => Wrong::new(
            "Country, region, or territory not supported",
            "request_forbidden",
            "unsupported_country_region_territory",
        ),
        404 => Wrong::new(
            format!("The model `{model}` does not exist or you do not have access to it."),
            REQUEST,
            "model_not_found",
        ),
        500 => Wrong::new(
            "The server had an error while processing your request. Sorry about that!",
            "server_error",
            "",
        ),
        502 => Wrong::at_edge(status, "Bad gateway.", "cf_bad_gateway"),
        503 => Wrong::new(
            "Our servers are currently overloaded. Please try again later.",
            "service_unavailable_error",
            "server_is_overloaded",
        ),
        504 => Wrong::at_edge(status, "Gateway timeout.", "cf_gateway_timeout"),
        _ if status < 500 => Wrong::new(reason(status), REQUEST, ""),
        _ => Wrong::new(reason(status), "server_error", ""),
    }
}

/// 429: names the model, the limit when there is one, and the wait when there is a hint.
fn rate_limited(model: &str, quota: Option<&Quota>, wait: Option<Duration>) -> Wrong {
    let mut message = format!(
        "Rate limit reached for {model} in organization org-firedrill on requests per min (RPM)"
    );
    if let Some(quota) = quota {
        let used = quota.limit.saturating_sub(quota.remaining);
        message += &format!(": Limit {}, Used {used}, Requested 1", quota.limit);
    }
    message += ".";
    if let Some(wait) = wait {
        message += &format!(" Please try again in {}.", GoDuration(wait));
    }
    message += " Visit https://platform.openai.com/account/rate-limits to learn more.";
    Wrong::new(message, "requests", "rate_limit_exceeded")
}

/// The page of the content delivery network, cut down to what tells it from JSON.
fn edge_page(status: u16) -> String {
    let reason = reason(status);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head><title>api.openai.com | {status}: \
         {reason}</title></head>\n<body><h1>{reason} <span>Error code {status}</span></h1>\
         </body>\n</html>\n"
    )
}

impl Wrong {
    /// An error with this code; an empty one is `null`.
    fn new(message: impl Into<String>, kind: &'static str, code: &str) -> Self {
        Self {
            message: message.into(),
            kind,
            param: "",
            code: text_or_null(code),
        }
    }

    /// An error of the content delivery network, whose code is a number (stanfordnlp/dspy #203).
    fn at_edge(status: u16, message: &str, kind: &'static str) -> Self {
        Self {
            code: status.to_string(),
            ..Self::new(message, kind, "")
        }
    }

    /// With the parameter that it is about.
    fn of(self, param: &'static str) -> Self {
        Self { param, ..self }
    }

    fn json(&self) -> String {
        format!(
            "{{\"error\":{{\"message\":{},\"type\":{},\"param\":{},\"code\":{}}}}}",
            text_or_null(&self.message),
            text_or_null(self.kind),
            text_or_null(self.param),
            self.code,
        )
    }
}

/// A JSON string; `null` when there is no text.
fn text_or_null(text: &str) -> String {
    match text {
        "" => "null".into(),
        text => serde_json::Value::from(text).to_string(),
    }
}

const JSON: &str = "application/json";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_a_body_that_parses() {
        for status in (400..=599).filter(|status| !(520..=526).contains(status)) {
            let refusal = Refusal::with_status(status);
            let (kind, body) = body("gpt \"4\"", None, &refusal);
            assert_eq!(kind, JSON);
            let read: serde_json::Value = serde_json::from_str(&body).unwrap();
            assert!(read["error"]["message"].is_string(), "{status}: {body}");
            assert!(read["error"]["type"].is_string(), "{status}: {body}");
        }
    }

    #[test]
    fn a_rate_limit_names_model_limit_and_wait() {
        let quota = Quota {
            limit: 500,
            remaining: 0,
            reset: Duration::from_secs(60),
        };
        let refusal = Refusal::with_status(429).after(Duration::from_millis(120));
        assert_eq!(
            body("gpt-4.1", Some(&quota), &refusal).1,
            "{\"error\":{\"message\":\"Rate limit reached for gpt-4.1 in organization \
             org-firedrill on requests per min (RPM): Limit 500, Used 500, Requested 1. Please \
             try again in 120ms. Visit https://platform.openai.com/account/rate-limits to learn \
             more.\",\"type\":\"requests\",\"param\":null,\"code\":\"rate_limit_exceeded\"}}"
        );
    }

    #[test]
    fn types_and_codes_are_the_services_own() {
        for (status, kind, code) in [
            (400, "invalid_request_error", "\"invalid_value\""),
            (401, "invalid_request_error", "\"invalid_api_key\""),
            (
                403,
                "request_forbidden",
                "\"unsupported_country_region_territory\"",
            ),
            (404, "invalid_request_error", "\"model_not_found\""),
            (418, "invalid_request_error", "null"),
            (500, "server_error", "null"),
            (502, "cf_bad_gateway", "502"),
            (503, "service_unavailable_error", "\"server_is_overloaded\""),
            (504, "cf_gateway_timeout", "504"),
            (529, "server_error", "null"),
        ] {
            let wrong = wrong("gpt-4.1", status);
            assert_eq!((wrong.kind, wrong.code.as_str()), (kind, code), "{status}");
        }
    }
}

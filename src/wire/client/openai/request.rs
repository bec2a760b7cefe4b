//! Writes the body of a request in OpenAI's form: the caller's fields as they are, and ours.

use bytes::Bytes;
use serde::Serialize;

use crate::wire::client::request::raw::Fields;
use crate::wire::client::request::{Message, Request, json};

pub(super) fn body(request: &Request, model: &str, streamed: bool) -> Bytes {
    let name = model.rsplit('/').next().unwrap_or(model);
    let reasons = REASONING.iter().any(|start| name.starts_with(start));
    json(&Asked {
        model,
        messages: &request.messages,
        max_tokens: request.max_tokens.filter(|_| !reasons),
        max_completion_tokens: request.max_tokens.filter(|_| reasons),
        stream: streamed.then_some(true),
        stream_options: streamed.then_some(StreamOptions {
            include_usage: true,
        }),
        fields: &request.fields,
    })
}

#[derive(Serialize)]
struct Asked<'a> {
    model: &'a str,
    messages: &'a [Message],
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(flatten)]
    fields: &'a Fields,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

/// Prefixes of the names of OpenAI's reasoning models.
const REASONING: [&str; 4] = ["o1", "o3", "o4", "gpt-5"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_request_says_no_more_than_it_must() {
        let body = body(&Request::user("hi"), "gpt-4.1", false);
        let expected = r#"{"model":"gpt-4.1","messages":[{"role":"user","content":"hi"}]}"#;
        assert_eq!(body, expected.as_bytes());
    }

    #[test]
    fn a_streamed_request_asks_for_its_usage() {
        let body = body(&Request::user("hi").max_tokens(5), "m", true);
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value["stream"], true);
        assert_eq!(value["stream_options"]["include_usage"], true);
        assert_eq!(value["max_tokens"], 5);
    }

    #[test]
    fn the_bound_has_the_name_that_the_model_knows() {
        for (model, name, other) in [
            ("gpt-4.1", "max_tokens", "max_completion_tokens"),
            ("deepseek-v3.2", "max_tokens", "max_completion_tokens"),
            ("gpt-5-mini", "max_completion_tokens", "max_tokens"),
            ("openai/o3", "max_completion_tokens", "max_tokens"),
        ] {
            let body = body(&Request::user("hi").max_tokens(5), model, false);
            let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(value[name], 5, "{model}");
            assert!(value.get(other).is_none(), "{model}");
        }
    }

    #[test]
    fn instructions_stand_among_the_messages() {
        let body = body(
            &Request::user("hi").message("system", "Be brief."),
            "m",
            false,
        );
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value["messages"][1]["role"], "system");
    }
}

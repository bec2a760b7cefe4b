//! OpenAI chat completions: requests and answers.
//!
//! The services with this form have files of their own beside this one, which state only their
//! differences. The limit on output tokens is `max_tokens`, which all of them accept; only OpenAI's
//! own reasoning models refuse that name, and need `max_completion_tokens`.

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::{Counted, ErrorBody, Finish, FinishReason, Piece, Wrong, named, object, said};
use super::request::{Message, Request, json};
use super::{ClientSpec, Key};

/// OpenAI's own service.
pub(in crate::wire) const SPEC: ClientSpec = ClientSpec {
    base_path: "/v1",
    path: |_model, _streamed| PATH.to_owned(),
    key: Key {
        header: "authorization",
        scheme: "Bearer ",
    },
    headers: &[],
    body,
    read_plain,
    read_event,
    may_end_without_terminator: true,
};

/// Below a base URL such as `https://api.openai.com/v1`.
pub(super) const PATH: &str = "/chat/completions";

fn body(request: &Request, model: &str, streamed: bool) -> Bytes {
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
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

/// Prefixes of the names of OpenAI's reasoning models.
const REASONING: [&str; 4] = ["o1", "o3", "o4", "gpt-5"];

fn read_plain(bytes: &[u8]) -> Result<Piece, Wrong> {
    let body = Body::read(bytes)?;
    let choice = first(body.choices)?.ok_or(Wrong::Malformed)?;
    if choice.message.is_none() && choice.error.is_none() {
        return Err(Wrong::Malformed);
    }
    Ok(Piece {
        model: named(body.model),
        ..choice.read(body.usage)?
    })
}

/// Azure sends chunks without a choice before the first token, and all services send the
/// usage in one.
fn read_event(data: &[u8]) -> Result<Piece, Wrong> {
    if data.trim_ascii() == b"[DONE]" {
        return Ok(Piece {
            ends: true,
            ..Piece::default()
        });
    }
    let body = Body::read(data)?;
    let choice = first(body.choices)?.unwrap_or_default();
    Ok(Piece {
        model: named(body.model),
        ..choice.read(body.usage)?
    })
}

fn first(choices: Option<Vec<Choice>>) -> Result<Option<Choice>, Wrong> {
    Ok(choices.ok_or(Wrong::Malformed)?.into_iter().next())
}

#[derive(Deserialize)]
struct Body {
    choices: Option<Vec<Choice>>,
    usage: Option<Counts>,
    model: Option<Value>,
    error: Option<Value>,
    /// xAI's code for the error.
    #[serde(default)]
    code: Value,
}

impl Body {
    /// A body that says no error.
    fn read(bytes: &[u8]) -> Result<Self, Wrong> {
        let mut body: Self = object(bytes)?;
        match (said(body.error.take()), &body.code) {
            (Err(Wrong::Error(error)), code) => Err(Wrong::Error(Box::new(error.or_code(code)))),
            (found, _) => found.map(|()| body),
        }
    }
}

#[derive(Default, Deserialize)]
struct Choice {
    message: Option<MessagePart>,
    delta: Option<MessagePart>,
    finish_reason: Option<String>,
    /// Moonshot's field in streams.
    usage: Option<Counts>,
    /// OpenRouter's field for an error after the model had begun.
    error: Option<Value>,
}

#[derive(Default, Deserialize)]
struct MessagePart {
    content: Option<String>,
    refusal: Option<String>,
    /// DeepSeek's and Moonshot's name.
    reasoning_content: Option<String>,
    /// OpenRouter's.
    reasoning: Option<String>,
    tool_calls: Option<Vec<IgnoredAny>>,
}

#[derive(Deserialize)]
struct Counts {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    /// DeepSeek's name for cached tokens.
    prompt_cache_hit_tokens: Option<u64>,
    /// Moonshot's.
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

impl Choice {
    fn read(self, usage: Option<Counts>) -> Result<Piece, Wrong> {
        said(self.error)?;
        let finish = finish(self.finish_reason)?;
        let message = self.message.or(self.delta).unwrap_or_default();
        let full = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        Ok(Piece {
            busy: full(&message.reasoning_content)
                || full(&message.reasoning)
                || message.tool_calls.is_some_and(|calls| !calls.is_empty()),
            spoken: message.content.is_some() || message.refusal.is_some(),
            // A refusal by the model itself is its answer.
            text: match message.content {
                Some(content) if !content.is_empty() => content,
                _ => message.refusal.unwrap_or_default(),
            },
            finish,
            counted: usage.or(self.usage).map(Counted::from).unwrap_or_default(),
            ..Piece::default()
        })
    }
}

/// Some send an empty reason with every chunk. Two of the reasons are errors.
fn finish(raw: Option<String>) -> Result<Option<Finish>, Wrong> {
    let Some(raw) = raw.filter(|raw| !raw.is_empty()) else {
        return Ok(None);
    };
    let reason = match raw.as_str() {
        "stop" | "eos" => FinishReason::Stop,
        "length" => FinishReason::Length,
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "content_filter" => FinishReason::ContentFilter,
        // OpenRouter: the provider behind it failed. DeepSeek: it ran out of machines.
        "error" | "insufficient_system_resource" => {
            return Err(Wrong::Error(Box::new(ErrorBody {
                kind: (raw != "error").then_some(raw),
                ..ErrorBody::default()
            })));
        }
        _ => FinishReason::Other,
    };
    Ok(Some(Finish { reason, raw }))
}

impl From<Counts> for Counted {
    fn from(counts: Counts) -> Self {
        let details = counts.prompt_tokens_details;
        Self {
            prompt: counts.prompt_tokens,
            cached: details
                .and_then(|details| details.cached_tokens)
                .or(counts.prompt_cache_hit_tokens)
                .or(counts.cached_tokens),
            completion: counts.completion_tokens,
        }
    }
}

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

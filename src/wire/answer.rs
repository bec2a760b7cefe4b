//! What comes back, as the OpenAI dialect says it: answers, chunks of a stream, errors.
//!
//! Readers are lenient where vendors differ (missing usage, unknown fields) and strict where a
//! caller would be deceived: an answer without a choice is no answer.

use serde::Deserialize;

/// Tokens, as the provider counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Usage {
    /// Of the prompt.
    #[serde(default)]
    pub prompt_tokens: u64,
    /// Of the answer.
    #[serde(default)]
    pub completion_tokens: u64,
}

/// A whole answer's content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// The text.
    pub text: String,
    /// Why it ends: `stop`, `length`, …
    pub finish_reason: Option<String>,
    /// Tokens, if the provider told.
    pub usage: Option<Usage>,
}

/// One event of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chunk {
    /// A piece of the answer; any part may be absent.
    Delta(Content),
    /// An error in band: the stream is over.
    Error(ErrorBody),
    /// `[DONE]`.
    Done,
}

/// What a provider says about a request it did not answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorBody {
    /// `error.type`.
    pub kind: Option<String>,
    /// `error.code`.
    pub code: Option<String>,
    /// `error.message`.
    pub message: Option<String>,
}

/// The bytes are not what the dialect allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Reads a plain answer. An error object in a 200 comes back as `Ok(Err(…))`.
pub fn read_plain(bytes: &[u8]) -> Result<Result<Content, ErrorBody>, Malformed> {
    let body: Completion = serde_json::from_slice(bytes).map_err(|_| Malformed)?;
    if let Some(error) = body.error {
        return Ok(Err(error.into()));
    }
    let choice = body
        .choices
        .unwrap_or_default()
        .into_iter()
        .next()
        .ok_or(Malformed)?;
    let message = choice.message.ok_or(Malformed)?;
    Ok(Ok(Content {
        text: message.content.unwrap_or_default(),
        finish_reason: choice.finish_reason,
        usage: body.usage,
    }))
}

/// Reads one event of a stream.
pub fn read_chunk(data: &[u8]) -> Result<Chunk, Malformed> {
    if data.trim_ascii() == b"[DONE]" {
        return Ok(Chunk::Done);
    }
    let body: Completion = serde_json::from_slice(data).map_err(|_| Malformed)?;
    if let Some(error) = body.error {
        return Ok(Chunk::Error(error.into()));
    }
    let choice = body
        .choices
        .ok_or(Malformed)?
        .into_iter()
        .next()
        .unwrap_or_default();
    Ok(Chunk::Delta(Content {
        text: choice
            .delta
            .and_then(|delta| delta.content)
            .unwrap_or_default(),
        finish_reason: choice.finish_reason,
        usage: body.usage,
    }))
}

/// Reads the body of a refusal; whatever cannot be read (HTML, nothing at all) is left out.
pub fn read_error(bytes: &[u8]) -> ErrorBody {
    let body: Option<Completion> = serde_json::from_slice(bytes).ok();
    body.and_then(|body| body.error)
        .map(ErrorBody::from)
        .unwrap_or_default()
}

#[derive(Deserialize)]
struct Completion {
    choices: Option<Vec<Choice>>,
    usage: Option<Usage>,
    error: Option<ErrorObject>,
}

#[derive(Default, Deserialize)]
struct Choice {
    message: Option<Text>,
    delta: Option<Text>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Text {
    content: Option<String>,
}

#[derive(Deserialize)]
struct ErrorObject {
    #[serde(rename = "type")]
    kind: Option<String>,
    /// A string at most vendors, a number at some.
    code: Option<serde_json::Value>,
    message: Option<String>,
}

impl From<ErrorObject> for ErrorBody {
    fn from(error: ErrorObject) -> Self {
        let code = error.code.and_then(|code| match code {
            serde_json::Value::String(code) => Some(code),
            serde_json::Value::Number(code) => Some(code.to_string()),
            _ => None,
        });
        Self {
            kind: error.kind,
            code,
            message: error.message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_plain_answer() {
        let body = br#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4.1",
            "choices":[{"index":0,"message":{"role":"assistant","content":"hello"},
            "logprobs":null,"finish_reason":"stop"}],
            "usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}"#;
        let content = read_plain(body).unwrap().unwrap();
        assert_eq!(
            (content.text.as_str(), content.finish_reason.as_deref()),
            ("hello", Some("stop"))
        );
        assert_eq!(
            content.usage,
            Some(Usage {
                prompt_tokens: 9,
                completion_tokens: 2
            })
        );
    }

    #[test]
    fn what_would_deceive_a_caller_is_malformed() {
        for body in [
            "",
            "<!DOCTYPE html><html>520</html>",
            r#"{"choices":[{"message":{"content":"hal"#,
            r#"{"choices":[]}"#,
            r#"{"choices":null}"#,
            r#"{"choices":[{"finish_reason":"stop"}]}"#,
        ] {
            assert_eq!(read_plain(body.as_bytes()), Err(Malformed), "{body}");
        }
    }

    #[test]
    fn an_error_in_a_200_is_an_error() {
        let body = br#"{"error":{"code":502,"message":"Provider returned error"}}"#;
        let error = read_plain(body).unwrap().unwrap_err();
        assert_eq!(error.code.as_deref(), Some("502"));
    }

    #[test]
    fn reads_every_kind_of_chunk() {
        let delta = br#"{"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}"#;
        assert!(matches!(read_chunk(delta), Ok(Chunk::Delta(content)) if content.text == "hi"));
        let usage = br#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#;
        assert!(matches!(read_chunk(usage), Ok(Chunk::Delta(content)) if content.usage.is_some()));
        let error = br#"{"error":{"type":"server_error","code":null,"message":"boom"}}"#;
        assert!(matches!(read_chunk(error), Ok(Chunk::Error(_))));
        assert_eq!(read_chunk(b"[DONE]"), Ok(Chunk::Done));
        assert_eq!(read_chunk(b"{\"choices\":"), Err(Malformed));
    }

    #[test]
    fn a_refusal_that_is_no_json_says_nothing() {
        assert_eq!(read_error(b"<html>"), ErrorBody::default());
        let body = br#"{"error":{"message":"m","type":"insufficient_quota","param":null,
            "code":"insufficient_quota"}}"#;
        assert_eq!(read_error(body).code.as_deref(), Some("insufficient_quota"));
    }
}

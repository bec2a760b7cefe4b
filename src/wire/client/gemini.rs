//! Gemini generateContent: requests and answers.
//!
//! Model and method are in the path; the body is the same for all models, streamed or plain. Events
//! of a stream have the same form as a whole answer; only the end of the body, after a
//! `finishReason`, terminates it.

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::{Counted, Finish, FinishReason, Piece, Wrong, named, object, said};
use super::request::{Request, escaped, json};
use super::{ClientSpec, Key};

/// Gemini's own service.
pub(in crate::wire) const SPEC: ClientSpec = ClientSpec {
    base_path: "",
    path,
    key: Key {
        header: "x-goog-api-key",
        scheme: "",
    },
    headers: &[],
    body: |request, _model, _streamed| body(request),
    read_plain,
    read_event,
    may_end_without_terminator: true,
};

/// Below the root of a host, such as `https://generativelanguage.googleapis.com`. A name without a
/// collection, such as `gemini-2.5-pro`, is in `models`.
fn path(model: &str, streamed: bool) -> String {
    let has_collection = ["models/", "tunedModels/"]
        .iter()
        .any(|collection| model.starts_with(collection));
    let collection = if has_collection { "" } else { "models/" };
    let model = escaped(model, true);
    let verb = if streamed {
        "streamGenerateContent?alt=sse"
    } else {
        "generateContent"
    };
    format!("/v1beta/{collection}{model}:{verb}")
}

fn body(request: &Request) -> Bytes {
    let mut contents = Vec::with_capacity(request.messages.len());
    let mut instructions = Vec::new();
    for message in &request.messages {
        let part = AskedPart {
            text: &message.content,
        };
        if message.is_system() {
            instructions.push(part);
            continue;
        }
        let role = match message.role.as_str() {
            "assistant" => "model",
            other => other,
        };
        contents.push(AskedContent {
            role,
            parts: [part],
        });
    }
    let parts = instructions;
    json(&Asked {
        contents,
        system_instruction: (!parts.is_empty()).then_some(Instruction { parts }),
        generation_config: request
            .max_tokens
            .map(|max_output_tokens| GenerationConfig { max_output_tokens }),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Asked<'a> {
    contents: Vec<AskedContent<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<Instruction<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation_config: Option<GenerationConfig>,
}

#[derive(Serialize)]
struct AskedContent<'a> {
    role: &'a str,
    parts: [AskedPart<'a>; 1],
}

#[derive(Serialize)]
struct Instruction<'a> {
    parts: Vec<AskedPart<'a>>,
}

#[derive(Serialize)]
struct AskedPart<'a> {
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GenerationConfig {
    max_output_tokens: u32,
}

fn read_plain(bytes: &[u8]) -> Result<Piece, Wrong> {
    let body: Body = object(bytes)?;
    let has_candidate = body.candidates.as_ref().is_some_and(|all| !all.is_empty());
    let piece = read(body)?;
    has_candidate.then_some(piece).ok_or(Wrong::Malformed)
}

fn read_event(data: &[u8]) -> Result<Piece, Wrong> {
    let body: Body = object(data)?;
    let is_known = body.candidates.is_some()
        || body.prompt_feedback.is_some()
        || body.usage_metadata.is_some()
        || body.error.is_some();
    is_known.then_some(()).ok_or(Wrong::Malformed)?;
    read(body)
}

fn read(body: Body) -> Result<Piece, Wrong> {
    said(body.error)?;
    let blocked = body.prompt_feedback.and_then(|said| said.block_reason);
    if blocked.is_some() {
        return Err(Wrong::Filtered(blocked));
    }
    let mut piece = Piece {
        counted: counted(body.usage_metadata),
        model: named(body.model_version),
        ..Piece::default()
    };
    let candidates = body.candidates.unwrap_or_default();
    let Some(candidate) = candidates.into_iter().next() else {
        return Ok(piece);
    };
    piece.finish = finish(candidate.finish_reason);
    let parts = candidate.content.and_then(|content| content.parts);
    for part in parts.unwrap_or_default() {
        match part.text {
            Some(text) if !part.thought.unwrap_or(false) => {
                piece.spoken = true;
                piece.text.push_str(&text);
            }
            Some(thought) => piece.busy |= !thought.is_empty(),
            None => piece.busy |= part.function_call.is_some(),
        }
    }
    Ok(piece)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    candidates: Option<Vec<Candidate>>,
    prompt_feedback: Option<Feedback>,
    usage_metadata: Option<Counts>,
    model_version: Option<Value>,
    error: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    content: Option<Content>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Content {
    parts: Option<Vec<Part>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    text: Option<String>,
    /// The text is a summary of the model's reasoning.
    thought: Option<bool>,
    function_call: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    block_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    prompt_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
}

fn finish(raw: Option<String>) -> Option<Finish> {
    let raw = raw?;
    let reason = match raw.as_str() {
        "STOP" => FinishReason::Stop,
        "MAX_TOKENS" => FinishReason::Length,
        "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "IMAGE_SAFETY" => {
            FinishReason::ContentFilter
        }
        _ => FinishReason::Other,
    };
    Some(Finish { reason, raw })
}

/// Gemini counts thoughts apart from the text, and bills both as output.
fn counted(counts: Option<Counts>) -> Counted {
    let Some(counts) = counts else {
        return Counted::default();
    };
    let output = [counts.candidates_token_count, counts.thoughts_token_count];
    Counted {
        prompt: counts.prompt_token_count,
        cached: counts.cached_content_token_count,
        completion: output.into_iter().flatten().reduce(u64::saturating_add),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_request_says_no_more_than_it_must() {
        let expected = r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#;
        assert_eq!(body(&Request::user("hi")), expected.as_bytes());
    }

    #[test]
    fn the_assistant_is_the_model_and_instructions_stand_apart() {
        let request = Request::default()
            .message("system", "Be brief.")
            .message("user", "hi")
            .message("assistant", "hello")
            .max_tokens(7);
        let value: serde_json::Value = serde_json::from_slice(&body(&request)).unwrap();
        let expected = serde_json::json!({
            "contents": [
                { "role": "user", "parts": [{ "text": "hi" }] },
                { "role": "model", "parts": [{ "text": "hello" }] },
            ],
            "systemInstruction": { "parts": [{ "text": "Be brief." }] },
            "generationConfig": { "maxOutputTokens": 7 },
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn a_name_with_a_collection_stands_as_it_is() {
        for name in ["models/gemini-2.5-pro", "tunedModels/mine"] {
            assert_eq!(path(name, false), format!("/v1beta/{name}:generateContent"));
        }
    }
}

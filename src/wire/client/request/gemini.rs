//! A request to Gemini's generateContent.
//!
//! Model and manner stand in the path; the body is the same for all models, streamed or plain.

use bytes::Bytes;
use serde::Serialize;

use super::{Request, escaped, json};

/// Below the root of a host, such as `https://generativelanguage.googleapis.com`. A name without
/// a collection, such as `gemini-2.5-pro`, is one of `models`.
pub(super) fn path(model: &str, streamed: bool) -> String {
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

pub(super) fn body(request: &Request) -> Bytes {
    let mut contents = Vec::with_capacity(request.messages.len());
    let mut instructions = Vec::new();
    for message in &request.messages {
        let part = Part {
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
        contents.push(Content {
            role,
            parts: [part],
        });
    }
    let parts = instructions;
    json(&Body {
        contents,
        system_instruction: (!parts.is_empty()).then_some(Instruction { parts }),
        generation_config: request
            .max_tokens
            .map(|max_output_tokens| GenerationConfig { max_output_tokens }),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    contents: Vec<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<Instruction<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation_config: Option<GenerationConfig>,
}

#[derive(Serialize)]
struct Content<'a> {
    role: &'a str,
    parts: [Part<'a>; 1],
}

#[derive(Serialize)]
struct Instruction<'a> {
    parts: Vec<Part<'a>>,
}

#[derive(Serialize)]
struct Part<'a> {
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GenerationConfig {
    max_output_tokens: u32,
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

//! Writes the body of a request in Gemini's form.
//!
//! The assistant is called `model`, system instructions are separate from the conversation, and the
//! result of a tool names the function and not only the call.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::wire::client::request::form::{self, Choice, Format, Function, PartForm, Source};
use crate::wire::client::request::raw::Raw;
use crate::wire::client::request::table::Losses;
use crate::wire::client::request::{Message, Request, json};
use crate::wire::dialect::Family;

pub(super) fn body(request: &Request, model: &str) -> Bytes {
    json(&Asked::of(request, model, &mut Losses::default()))
}

pub(super) fn losses(request: &Request) -> Losses {
    let mut losses = Losses::default();
    Asked::of(request, "", &mut losses);
    losses
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Asked<'a> {
    contents: Vec<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<Instruction<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation_config: Option<GenerationConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<[Tools<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<ToolConfig>,
    /// The functions that may be called, if not all.
    #[serde(skip)]
    allowed: Option<Vec<String>>,
    /// The functions that were called so far, by the ids of the calls.
    #[serde(skip)]
    called: Vec<(String, String)>,
}

#[derive(Serialize)]
struct Content<'a> {
    role: &'static str,
    parts: Vec<Part<'a>>,
}

#[derive(Default, Serialize)]
struct Instruction<'a> {
    parts: Vec<Part<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Part<'a> {
    Text {
        text: Cow<'a, str>,
    },
    Inline {
        #[serde(rename = "inlineData")]
        data: Inline,
    },
    File {
        #[serde(rename = "fileData")]
        data: File,
    },
    Call {
        #[serde(rename = "functionCall")]
        call: FunctionCall,
        #[serde(rename = "thoughtSignature", skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
    },
    Response {
        #[serde(rename = "functionResponse")]
        response: FunctionResponse,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inline {
    mime_type: String,
    data: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<&'static str>,
    file_uri: String,
}

#[derive(Serialize)]
struct FunctionCall {
    id: String,
    name: String,
    args: Raw,
}

#[derive(Serialize)]
struct FunctionResponse {
    id: String,
    name: String,
    response: Raw,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct GenerationConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<&'a Raw>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<&'a Raw>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<&'a Raw>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<&'a Raw>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<&'a Raw>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_json_schema: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tools<'a> {
    function_declarations: Vec<Declaration<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Declaration<'a> {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters_json_schema: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolConfig {
    function_calling_config: FunctionCallingConfig,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FunctionCallingConfig {
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_function_names: Option<[String; 1]>,
}

impl<'a> Asked<'a> {
    fn of(request: &'a Request, model: &str, losses: &mut Losses) -> Self {
        let mut asked = Self {
            contents: Vec::with_capacity(request.messages.len()),
            ..Self::default()
        };
        if request.max_tokens.is_some() {
            asked.config().max_output_tokens = request.max_tokens;
        }
        for message in request.messages.iter() {
            message.note_losses(Family::Gemini, losses);
            asked.add(message, model, losses);
        }
        for (name, value) in request.mapped(Family::Gemini, losses) {
            if asked.set(name, value).is_none() {
                losses.content(name);
            }
        }
        if let (Some(allowed), Some([tools])) = (&asked.allowed, &mut asked.tools) {
            let functions = &mut tools.function_declarations;
            functions.retain(|function| allowed.contains(&function.name));
            if functions.is_empty() {
                losses.content("tool_choice");
            }
        }
        asked
    }

    fn add(&mut self, message: &'a Message, model: &str, losses: &mut Losses) {
        let (role, parts) = match message.role.as_str() {
            "system" | "developer" => {
                let instruction = self.system_instruction.get_or_insert_default();
                instruction.parts.extend(parts(message, losses));
                return;
            }
            "user" => ("user", parts(message, losses)),
            "assistant" => ("model", self.said(message, model, losses)),
            "tool" => return self.add_result(message, losses),
            _ => return losses.content("messages[].role"),
        };
        self.contents.push(Content { role, parts });
    }

    /// What the assistant said, and the tools that it called.
    fn said(&mut self, message: &'a Message, model: &str, losses: &mut Losses) -> Vec<Part<'a>> {
        let mut parts = parts(message, losses);
        let refusal = message.field("refusal");
        parts.extend(refusal.map(|text| Part::Text { text: text.into() }));
        let Some(calls) = message.tool_calls() else {
            losses.content("messages[].tool_calls");
            return parts;
        };
        if !calls.is_empty() {
            parts.retain(|part| !matches!(part, Part::Text { text } if text.is_empty()));
        }
        for (nth, call) in calls.into_iter().enumerate() {
            let Some(args) = call.arguments() else {
                losses.content("messages[].tool_calls[].function.arguments");
                continue;
            };
            // Only the first call of a turn is signed.
            let foreign = (nth == 0 && wants_signature(model)).then_some(FOREIGN_SIGNATURE);
            let signature = call.signature().or(foreign).map(str::to_owned);
            let (id, name) = (call.id, call.function.name);
            self.called.push((id.clone(), name.clone()));
            let call = FunctionCall { id, name, args };
            parts.push(Part::Call { call, signature });
        }
        parts
    }

    /// The results of one turn are parts of one content.
    fn add_result(&mut self, message: &'a Message, losses: &mut Losses) {
        let id = message.field("tool_call_id");
        let called = self.called.iter().rev();
        let found = called.clone().find(|(call, _)| Some(call) == id.as_ref());
        let Some((id, name)) = found.cloned() else {
            return losses.content("messages[].tool_call_id");
        };
        let Some(response) = response(message) else {
            return losses.content("messages[].content");
        };
        let response = FunctionResponse { id, name, response };
        let part = Part::Response { response };
        match self.contents.last_mut() {
            Some(last) if matches!(last.parts[..], [Part::Response { .. }, ..]) => {
                last.parts.push(part);
            }
            _ => self.contents.push(Content {
                role: "user",
                parts: vec![part],
            }),
        }
    }

    /// Sets a field that this form has; `None` when its value is not of OpenAI's form.
    fn set(&mut self, name: &str, value: &'a Raw) -> Option<()> {
        match name {
            "temperature" => self.config().temperature = Some(value),
            "top_p" => self.config().top_p = Some(value),
            "stop" => self.config().stop_sequences = form::stops(value)?,
            "seed" => self.config().seed = Some(value),
            "presence_penalty" => self.config().presence_penalty = Some(value),
            "frequency_penalty" => self.config().frequency_penalty = Some(value),
            "response_format" => {
                let format = Format::read(value)?;
                let config = self.config();
                config.response_mime_type = Some("application/json");
                if let Format::JsonSchema(schema) = format {
                    config.response_json_schema = Some(schema);
                }
            }
            "tools" => {
                let functions = form::functions(value)?.into_iter();
                self.tools = Some([Tools {
                    function_declarations: functions.map(declaration).collect(),
                }]);
            }
            "tool_choice" => {
                let (mode, name) = match Choice::read(value)? {
                    Choice::Allowed { names, required } => {
                        self.allowed = Some(names);
                        (if required { "ANY" } else { "AUTO" }, None)
                    }
                    Choice::Auto => ("AUTO", None),
                    Choice::None => ("NONE", None),
                    Choice::Required => ("ANY", None),
                    Choice::Function(name) => ("ANY", Some([name])),
                };
                self.tool_config = Some(ToolConfig {
                    function_calling_config: FunctionCallingConfig {
                        mode,
                        allowed_function_names: name,
                    },
                });
            }
            _ => return None,
        }
        Some(())
    }

    fn config(&mut self) -> &mut GenerationConfig<'a> {
        self.generation_config.get_or_insert_default()
    }
}

fn parts<'a>(message: &'a Message, losses: &mut Losses) -> Vec<Part<'a>> {
    let all = message.forms().filter_map(|form| {
        let part = part(form);
        if part.is_none() {
            losses.content("messages[].content");
        }
        part
    });
    all.collect()
}

fn part(form: PartForm<'_>) -> Option<Part<'_>> {
    Some(match form {
        PartForm::Text(text) => Part::Text { text },
        PartForm::Audio { data, format } => Part::Inline {
            data: Inline {
                mime_type: format!("audio/{format}"),
                data,
            },
        },
        PartForm::Image(source) | PartForm::File { source, .. } => match source {
            Source::Inline { media_type, data } => Part::Inline {
                data: Inline {
                    mime_type: media_type,
                    data,
                },
            },
            Source::Url(file_uri) => Part::File {
                data: File {
                    mime_type: type_of(&file_uri),
                    file_uri,
                },
            },
        },
        PartForm::Unknown => return None,
    })
}

/// A tool's result, which must be an object: as it is if it is one, otherwise its text in one.
fn response(message: &Message) -> Option<Raw> {
    let texts = message.forms().map(|form| match form {
        PartForm::Text(text) => Some(text),
        _ => None,
    });
    let text: String = texts.collect::<Option<Vec<_>>>()?.concat();
    let object = Raw::parse(text.trim()).filter(Raw::is_object);
    object.or_else(|| Raw::of(&serde_json::json!({ "result": text })).ok())
}

fn declaration(function: Function<'_>) -> Declaration<'_> {
    Declaration {
        name: function.name,
        description: function.description,
        parameters_json_schema: function.parameters,
    }
}

/// The media type that the end of a URL's path tells.
fn type_of(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next()?;
    let (_, extension) = path.rsplit_once('.')?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "pdf" => "application/pdf",
        _ => return None,
    })
}

/// Whether the model refuses a conversation whose calls of tools are not signed: Gemini from 3 on.
fn wants_signature(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    let version = name.strip_prefix("gemini-").unwrap_or("");
    version.starts_with(|c: char| ('3'..='9').contains(&c))
}

/// What Google has callers send in place of a signature when another model made the call.
const FOREIGN_SIGNATURE: &str = "skip_thought_signature_validator";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_request_says_no_more_than_it_must() {
        let expected = r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#;
        assert_eq!(body(&Request::user("hi"), "m"), expected.as_bytes());
    }

    #[test]
    fn the_assistant_is_the_model_and_instructions_stand_apart() {
        let request = Request::default()
            .message("system", "Be brief.")
            .message("user", "hi")
            .message("assistant", "hello")
            .max_tokens(7);
        let value: serde_json::Value = serde_json::from_slice(&body(&request, "m")).unwrap();
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
    fn calls_that_another_model_made_are_signed_from_gemini_3_on() {
        let call = |signature: Option<&str>| {
            let mut called = serde_json::json!({
                "id": "c", "type": "function", "function": { "name": "f", "arguments": "{}" },
            });
            if let Some(signature) = signature {
                called["extra_content"]["google"]["thought_signature"] = signature.into();
            }
            let form = serde_json::json!({
                "messages": [{ "role": "assistant", "tool_calls": [called] }],
            });
            Request::from_openai(&form).unwrap()
        };
        let signed = |request, model| {
            let value: serde_json::Value = serde_json::from_slice(&body(&request, model)).unwrap();
            value["contents"][0]["parts"][0]["thoughtSignature"].clone()
        };
        assert_eq!(
            signed(call(None), "gemini-2.5-pro"),
            serde_json::Value::Null
        );
        assert_eq!(signed(call(None), "models/gemini-3-pro"), FOREIGN_SIGNATURE);
        assert_eq!(signed(call(Some("own")), "gemini-3-pro"), "own");
    }
}

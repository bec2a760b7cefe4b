//! Reads the form of the answer that a request asks for: tools, a schema, the usage of a stream.
//!
//! The rule of tools, since a fake provider does not think. A call is made of one tool, and only
//! where the last message holds no result of one:
//!
//! - where the request requires a call, of the tool that it names; of several, the first whose name
//!   is a word of the last message, otherwise the first;
//! - where the choice is free, of the first tool whose name is a word of the last message. Without
//!   such a word the answer is no call.
//!
//! An answer that is no call is JSON where the request asks for it, otherwise text.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::rng::Hash;
use crate::wire::Family;
use crate::wire::fake::{Call, Content, Vectors, sample};

/// What the answer to the request with this body holds; `None` when the request is invalid.
pub(super) fn content(family: Family, body: &[u8]) -> Option<Content> {
    let body: Value = serde_json::from_slice(body).ok()?;
    match family {
        Family::Openai => openai(&body),
        Family::Anthropic => anthropic(&body),
        Family::Gemini => gemini(&body),
    }
    .content()
}

/// What the answer of the Responses API to the request with this body holds; `None` when the
/// request is invalid.
pub(super) fn responses(body: &[u8]) -> Option<Content> {
    let body: Value = serde_json::from_slice(body).ok()?;
    response(&body).content()
}

/// The vectors that the request with this body asks for; `None` when it is invalid.
pub(super) fn embeddings(body: &[u8]) -> Option<Vectors> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let seed = |input: &Value| match input {
        Value::String(text) if text.is_empty() => None,
        Value::Array(tokens) if tokens.is_empty() => None,
        Value::String(_) | Value::Array(_) => {
            Some(Hash::new().with(input.to_string().as_bytes()).number())
        }
        _ => None,
    };
    let seeds = match &body["input"] {
        // One input, as tokens.
        Value::Array(tokens) if tokens.first().is_some_and(Value::is_number) => {
            seed(&body["input"]).map(|seed| vec![seed])
        }
        Value::Array(inputs) if inputs.len() <= MOST_INPUTS => inputs.iter().map(seed).collect(),
        Value::Array(_) => None,
        input => seed(input).map(|seed| vec![seed]),
    };
    let dimensions = match &body["dimensions"] {
        Value::Null => None,
        number => Some(u32::try_from(number.as_u64()?).ok()?),
    };
    Some(Vectors {
        seeds: seeds.filter(|seeds| !seeds.is_empty())?,
        dimensions: match dimensions {
            Some(0) => return None,
            Some(number) if number > MOST_DIMENSIONS => return None,
            fits => fits,
        },
        base64: match body["encoding_format"].as_str() {
            None | Some("float") => false,
            Some("base64") => true,
            Some(_) => return None,
        },
    })
}

/// A request, without the form of its family.
#[derive(Debug, Default)]
struct Question<'a> {
    /// The tools, by name, with the schemas of their arguments.
    tools: Vec<(&'a str, &'a Value)>,
    choice: Choice<'a>,
    /// The last message holds the result of a tool.
    is_answered: bool,
    /// The texts of the last message.
    last: Vec<&'a str>,
    format: Format<'a>,
}

/// Which tools must be called.
#[derive(Debug, Default)]
enum Choice<'a> {
    /// Any or none.
    #[default]
    Free,
    /// None.
    Never,
    /// One of these, or of all if there are none here.
    Required(Vec<&'a str>),
    /// Any of these or none.
    Among(Vec<&'a str>),
}

/// The form of an answer that is no call.
#[derive(Debug, Default)]
enum Format<'a> {
    #[default]
    Text,
    /// An object of any kind.
    Json,
    /// JSON that satisfies this schema.
    Schema(&'a Value),
    /// One of the schema's values, as text.
    Word(&'a Value),
}

impl Question<'_> {
    fn content(&self) -> Option<Content> {
        if let Some((name, schema)) = self.called()? {
            let arguments = match sample(schema) {
                Value::Object(fields) => Value::Object(fields),
                // A tool without parameters, or with a schema that is no object's.
                _ => json!({}),
            };
            return Some(Content::Call(Arc::new(Call {
                name: name.to_owned(),
                arguments: arguments.to_string(),
            })));
        }
        Some(match self.format {
            Format::Text => Content::Tokens,
            Format::Json => Content::Text(json!({ "answer": "tok" }).to_string().into()),
            Format::Schema(schema) => Content::Text(sample(schema).to_string().into()),
            Format::Word(schema) => match sample(schema) {
                Value::String(word) => Content::Text(word.into()),
                other => Content::Text(other.to_string().into()),
            },
        })
    }

    /// The tool that is called, if one is; `None` when the request names one that it does not have.
    fn called(&self) -> Option<Option<(&str, &Value)>> {
        let has = |name: &&str| self.tools.iter().any(|(known, _)| known == name);
        let (names, is_required) = match &self.choice {
            Choice::Free => (&[][..], false),
            Choice::Never => return Some(None),
            Choice::Required(names) => (&names[..], true),
            Choice::Among(names) => (&names[..], false),
        };
        if !names.iter().all(has) {
            return None;
        }
        if self.is_answered {
            return Some(None);
        }
        let allowed = |name: &str| names.is_empty() || names.contains(&name);
        let mut tools = self.tools.iter().filter(|(name, _)| allowed(name));
        let named = tools.clone().find(|(name, _)| self.says(name));
        Some(match is_required {
            true => named.or_else(|| tools.next()).copied(),
            false => named.copied(),
        })
    }

    /// Whether this name is a word of the last message.
    fn says(&self, name: &str) -> bool {
        let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        let words = self.last.iter().flat_map(|text| text.split(|c| !inside(c)));
        words.into_iter().any(|word| word == name)
    }
}

/// OpenAI's chat completions.
fn openai(body: &Value) -> Question<'_> {
    let last = list(body, "messages").last().unwrap_or(&Value::Null);
    let tools = list(body, "tools").iter();
    let choice = &body["tool_choice"];
    Question {
        tools: tools
            .filter_map(|tool| named(tool.get("function")?, &["parameters"]))
            .collect(),
        choice: match choice["type"].as_str() {
            Some("function") => Choice::Required(texts([&choice["function"]["name"]])),
            Some("allowed_tools") => {
                let allowed = &choice["allowed_tools"];
                let names = list(allowed, "tools")
                    .iter()
                    .map(|t| &t["function"]["name"]);
                among(allowed["mode"].as_str(), texts(names))
            }
            _ => mode(choice.as_str()),
        },
        is_answered: last["role"] == "tool",
        last: said(&last["content"]),
        format: json_format(
            &body["response_format"],
            &body["response_format"]["json_schema"]["schema"],
        ),
    }
}

/// OpenAI's Responses API: the input is a text, or a list of items.
fn response(body: &Value) -> Question<'_> {
    let input = &body["input"];
    let last = list(body, "input").last().unwrap_or(&Value::Null);
    let choice = &body["tool_choice"];
    let format = &body["text"]["format"];
    let tools = list(body, "tools").iter();
    Question {
        tools: tools
            .filter(|tool| tool["type"] == "function")
            .filter_map(|tool| named(tool, &["parameters"]))
            .collect(),
        choice: match choice["type"].as_str() {
            Some("function") => Choice::Required(texts([&choice["name"]])),
            Some("allowed_tools") => {
                let names = list(choice, "tools").iter().map(|tool| &tool["name"]);
                among(choice["mode"].as_str(), texts(names))
            }
            _ => mode(choice.as_str()),
        },
        is_answered: last["type"] == "function_call_output",
        last: [said(input), said(&last["content"])].concat(),
        format: json_format(format, &format["schema"]),
    }
}

/// Anthropic's messages.
fn anthropic(body: &Value) -> Question<'_> {
    let last = list(body, "messages").last().unwrap_or(&Value::Null);
    let blocks = list(last, "content");
    let choice = &body["tool_choice"];
    let formats = [&body["output_config"]["format"], &body["output_format"]];
    let format = formats.into_iter().find(|format| format.is_object());
    let format = format.unwrap_or(&Value::Null);
    Question {
        tools: list(body, "tools")
            .iter()
            .filter(|tool| tool.get("input_schema").is_some())
            .filter_map(|tool| named(tool, &["input_schema"]))
            .collect(),
        choice: match choice["type"].as_str() {
            Some("any") => Choice::Required(Vec::new()),
            Some("tool") => Choice::Required(texts([&choice["name"]])),
            other => mode(other),
        },
        is_answered: blocks.iter().any(|block| block["type"] == "tool_result"),
        last: said(&last["content"]),
        format: json_format(format, &format["schema"]),
    }
}

/// Gemini's generateContent, whose fields may be written in either case.
fn gemini(body: &Value) -> Question<'_> {
    let last = list(body, "contents").last().unwrap_or(&Value::Null);
    let parts = list(last, "parts");
    let answers = ["functionResponse", "function_response"];
    let tools = list(body, "tools").iter();
    let config = either(body, &["toolConfig", "tool_config"]);
    let calling = either(
        config,
        &["functionCallingConfig", "function_calling_config"],
    );
    let names = ["allowedFunctionNames", "allowed_function_names"];
    let names = either(calling, &names).as_array();
    let names = texts(names.into_iter().flatten());
    Question {
        tools: tools
            .flat_map(|tool| {
                let declared = ["functionDeclarations", "function_declarations"];
                either(tool, &declared).as_array().into_iter().flatten()
            })
            .filter_map(|tool| named(tool, &SCHEMAS))
            .collect(),
        choice: match calling["mode"].as_str() {
            Some("ANY" | "any") => Choice::Required(names),
            Some("NONE" | "none") => Choice::Never,
            _ => Choice::Among(names),
        },
        is_answered: parts
            .iter()
            .any(|part| answers.iter().any(|key| part.get(key).is_some())),
        last: said(&last["parts"]),
        format: gemini_format(either(body, &["generationConfig", "generation_config"])),
    }
}

fn gemini_format(config: &Value) -> Format<'_> {
    let schemas = [
        "responseSchema",
        "response_schema",
        "responseJsonSchema",
        "response_json_schema",
    ];
    let schema = either(config, &schemas);
    let kind = either(config, &["responseMimeType", "response_mime_type"]);
    match kind.as_str() {
        Some("application/json") if schema.is_null() => Format::Json,
        Some("application/json") => Format::Schema(schema),
        Some("text/x.enum") => Format::Word(schema),
        _ => Format::Text,
    }
}

/// A choice of tools by a word.
fn mode<'a>(word: Option<&str>) -> Choice<'a> {
    match word {
        Some("none") => Choice::Never,
        Some("required") => Choice::Required(Vec::new()),
        _ => Choice::Free,
    }
}

/// A choice of tools among these.
fn among<'a>(word: Option<&str>, names: Vec<&'a str>) -> Choice<'a> {
    match word {
        Some("required") => Choice::Required(names),
        _ => Choice::Among(names),
    }
}

fn json_format<'a>(format: &'a Value, schema: &'a Value) -> Format<'a> {
    match format["type"].as_str() {
        Some("json_schema") => Format::Schema(schema),
        Some("json_object") => Format::Json,
        _ => Format::Text,
    }
}

/// A tool by its name, with the schema under one of these keys.
fn named<'a>(tool: &'a Value, schemas: &[&str]) -> Option<(&'a str, &'a Value)> {
    Some((tool["name"].as_str()?, either(tool, schemas)))
}

/// The texts of a message: its content is one, or has parts with one each.
fn said(content: &Value) -> Vec<&str> {
    let parts = content.as_array().into_iter().flatten();
    texts(std::iter::once(content).chain(parts.map(|part| &part["text"])))
}

fn texts<'a>(values: impl IntoIterator<Item = &'a Value>) -> Vec<&'a str> {
    values.into_iter().filter_map(Value::as_str).collect()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// The value under the first of these keys that there is.
fn either<'a>(value: &'a Value, keys: &[&str]) -> &'a Value {
    let found = keys.iter().find_map(|key| value.get(key));
    found.unwrap_or(&Value::Null)
}

/// The vendor's limits of a request for embeddings.
const MOST_INPUTS: usize = 2_048;
const MOST_DIMENSIONS: u32 = 3_072;

/// The keys of a function's parameters at Gemini.
const SCHEMAS: [&str; 3] = [
    "parameters",
    "parametersJsonSchema",
    "parameters_json_schema",
];

#[cfg(test)]
mod tests;

//! Writes the body of a request in Anthropic's form.
//!
//! System instructions are separate from the conversation, joined by a blank line if there are
//! several and none marks the end of a cache, and a limit on output tokens is required. Results of
//! tools are blocks of one message of the user.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::wire::client::request::form::{self, Choice, Format, PartForm, Source};
use crate::wire::client::request::raw::Raw;
use crate::wire::client::request::table::Losses;
use crate::wire::client::request::{Message, MessageContent, Request, json};
use crate::wire::dialect::Family;

/// The limit on output tokens for a request without one, since Anthropic requires it: the maximum
/// of its smallest model still in service, so that no model refuses it.
const MAX_TOKENS: u32 = 4_096;

pub(super) fn body(request: &Request, model: &str, streamed: bool) -> Bytes {
    let mut asked = Asked::of(request, &mut Losses::default());
    asked.model = model;
    asked.stream = streamed.then_some(true);
    json(&asked)
}

pub(super) fn losses(request: &Request) -> Losses {
    let mut losses = Losses::default();
    Asked::of(request, &mut losses);
    losses
}

#[derive(Default, Serialize)]
struct Asked<'a> {
    model: &'a str,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<Content<'a>>,
    messages: Vec<AskedMessage<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<Cow<'a, Raw>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<&'a Raw>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<AskedTool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<AskedChoice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<&'a Raw>,
    /// The tools that may be called, if not all.
    #[serde(skip)]
    allowed: Option<Vec<String>>,
}

#[derive(Serialize)]
struct AskedMessage<'a> {
    role: &'a str,
    content: Content<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(Cow<'a, str>),
    Blocks(Vec<Marked<'a>>),
}

/// A block, and the mark that a cache is to end after it.
#[derive(Serialize)]
struct Marked<'a> {
    #[serde(flatten)]
    block: Block<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<Raw>,
}

impl<'a> From<Block<'a>> for Marked<'a> {
    fn from(block: Block<'a>) -> Self {
        Self {
            block,
            cache_control: None,
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Text {
        text: Cow<'a, str>,
    },
    Image {
        source: AskedSource,
    },
    Document {
        source: AskedSource,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<String>,
    },
    ToolUse {
        id: String,
        name: String,
        input: Raw,
    },
    ToolResult {
        tool_use_id: String,
        content: Content<'a>,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum AskedSource {
    Base64 { media_type: String, data: String },
    Url { url: String },
}

#[derive(Serialize)]
struct AskedTool<'a> {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    input_schema: Cow<'a, RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<Raw>,
}

#[derive(Serialize)]
struct AskedChoice {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disable_parallel_tool_use: Option<bool>,
}

#[derive(Serialize)]
struct OutputConfig<'a> {
    format: OutputFormat<'a>,
}

#[derive(Serialize)]
struct OutputFormat<'a> {
    r#type: &'static str,
    schema: &'a RawValue,
}

#[derive(Serialize)]
struct Metadata<'a> {
    user_id: &'a Raw,
}

impl<'a> Asked<'a> {
    fn of(request: &'a Request, losses: &mut Losses) -> Self {
        let mut asked = Self {
            max_tokens: request.max_tokens.unwrap_or(MAX_TOKENS),
            messages: Vec::with_capacity(request.messages.len()),
            ..Self::default()
        };
        for message in request.messages.iter() {
            message.note_losses(Family::Anthropic, losses);
            asked.add(message, losses);
        }
        for (name, value) in request.mapped(Family::Anthropic, losses) {
            if asked.set(name, value, losses).is_none() {
                losses.content(name);
            }
        }
        if let Some(allowed) = &asked.allowed {
            asked.tools.retain(|tool| allowed.contains(&tool.name));
            if asked.tools.is_empty() {
                losses.content("tool_choice");
            }
        }
        asked
    }

    fn add(&mut self, message: &'a Message, losses: &mut Losses) {
        match message.role.as_str() {
            "system" | "developer" => self.instruct(message, losses),
            "user" => self.messages.push(AskedMessage {
                role: "user",
                content: content(message, losses),
            }),
            "assistant" => self.messages.push(AskedMessage {
                role: "assistant",
                content: said(message, losses),
            }),
            "tool" => self.add_result(message, losses),
            _ => losses.content("messages[].role"),
        }
    }

    fn instruct(&mut self, message: &'a Message, losses: &mut Losses) {
        let mut blocks = Vec::new();
        for (part, cache_control) in message.marked_forms() {
            let PartForm::Text(text) = part else {
                losses.content("messages[].content");
                continue;
            };
            let block = Block::Text { text };
            blocks.push(Marked {
                block,
                cache_control,
            });
        }
        end_cache(&mut blocks, message.mark());
        let said = match self.system.take() {
            None => Vec::new(),
            Some(Content::Text(text)) => vec![Block::Text { text }.into()],
            Some(Content::Blocks(blocks)) => blocks,
        };
        self.system = joined(said.into_iter().chain(blocks).collect());
    }

    /// All results of one turn must be in one message.
    fn add_result(&mut self, message: &'a Message, losses: &mut Losses) {
        let Some(id) = message.field("tool_call_id") else {
            losses.content("messages[].tool_call_id");
            return;
        };
        let block = Marked {
            block: Block::ToolResult {
                tool_use_id: tool_id(&id),
                content: unmarked(message, losses),
            },
            cache_control: message.mark(),
        };
        if let Some(last) = self.messages.last_mut()
            && let Content::Blocks(blocks) = &mut last.content
            && let Some(Block::ToolResult { .. }) = blocks.first().map(|first| &first.block)
        {
            blocks.push(block);
            return;
        }
        self.messages.push(AskedMessage {
            role: "user",
            content: Content::Blocks(vec![block]),
        });
    }

    /// Sets a field that this form has; `None` when its value is not of OpenAI's form.
    fn set(&mut self, name: &str, value: &'a Raw, losses: &mut Losses) -> Option<()> {
        match name {
            "temperature" => self.temperature = Some(temperature(value, losses)?),
            "top_p" => self.top_p = Some(value),
            "stop" => self.stop_sequences = form::stops(value)?,
            "tools" => self.tools = form::functions(value)?.into_iter().map(tool).collect(),
            "tool_choice" => {
                let (r#type, name) = match Choice::read(value)? {
                    Choice::Allowed { names, required } => {
                        self.allowed = Some(names);
                        (if required { "any" } else { "auto" }, None)
                    }
                    Choice::Auto => ("auto", None),
                    Choice::None => ("none", None),
                    Choice::Required => ("any", None),
                    Choice::Function(name) => ("tool", Some(name)),
                };
                let choice = self.choice();
                choice.r#type = r#type;
                choice.name = name;
                // There is nothing to disable then, and no place to say so.
                choice
                    .disable_parallel_tool_use
                    .take_if(|_| r#type == "none");
            }
            "parallel_tool_calls" => {
                let is_none = self.choice().r#type == "none";
                self.choice().disable_parallel_tool_use = (!is_none).then_some(true);
            }
            "response_format" => match Format::read(value)? {
                Format::JsonSchema(schema) => {
                    let r#type = "json_schema";
                    let format = OutputFormat { r#type, schema };
                    self.output_config = Some(OutputConfig { format });
                }
                Format::JsonObject => losses.setting("response_format: json_object"),
            },
            "cache_control" => self.cache_control = Some(value),
            "user" => self.metadata = Some(Metadata { user_id: value }),
            _ => return None,
        }
        Some(())
    }

    fn choice(&mut self) -> &mut AskedChoice {
        self.tool_choice.get_or_insert(AskedChoice {
            r#type: "auto",
            name: None,
            disable_parallel_tool_use: None,
        })
    }
}

/// Instructions: one text, unless one of them marks the end of a cache.
fn joined(blocks: Vec<Marked<'_>>) -> Option<Content<'_>> {
    let texts = blocks.iter().map(|marked| match marked {
        Marked {
            block: Block::Text { text },
            cache_control: None,
        } => Some(&**text),
        _ => None,
    });
    match texts.collect::<Option<Vec<_>>>() {
        Some(texts) if texts.is_empty() => None,
        Some(texts) => Some(Content::Text(texts.join("\n\n").into())),
        None => Some(Content::Blocks(blocks)),
    }
}

/// A message's content as it is, if it is a text, or block by block.
fn content<'a>(message: &'a Message, losses: &mut Losses) -> Content<'a> {
    let mark = message.mark();
    if mark.is_none() {
        return unmarked(message, losses);
    }
    let mut blocks = blocks(message, losses);
    end_cache(&mut blocks, mark);
    Content::Blocks(blocks)
}

/// The same, without the mark of the whole message.
fn unmarked<'a>(message: &'a Message, losses: &mut Losses) -> Content<'a> {
    match &message.content {
        MessageContent::Text(text) => Content::Text(Cow::Borrowed(text)),
        _ => Content::Blocks(blocks(message, losses)),
    }
}

/// Marks the last of these blocks, unless it has a mark of its own.
fn end_cache(blocks: &mut [Marked<'_>], mark: Option<Raw>) {
    if let Some(last) = blocks.last_mut() {
        last.cache_control = last.cache_control.take().or(mark);
    }
}

fn blocks<'a>(message: &'a Message, losses: &mut Losses) -> Vec<Marked<'a>> {
    let all = message.marked_forms().filter_map(|(part, cache_control)| {
        let block = block(part);
        if block.is_none() {
            losses.content("messages[].content");
        }
        let block = block?;
        Some(Marked {
            block,
            cache_control,
        })
    });
    all.collect()
}

fn block(part: PartForm<'_>) -> Option<Block<'_>> {
    Some(match part {
        PartForm::Text(text) => Block::Text { text },
        PartForm::Image(source) => Block::Image {
            source: source.into(),
        },
        PartForm::File { name, source } if source.may_be_pdf() => Block::Document {
            source: source.into(),
            title: name,
        },
        PartForm::File { .. } | PartForm::Audio { .. } | PartForm::Unknown => return None,
    })
}

/// What the assistant said, and the tools that it called.
fn said<'a>(message: &'a Message, losses: &mut Losses) -> Content<'a> {
    let calls = message.tool_calls();
    if calls.is_none() {
        losses.content("messages[].tool_calls");
    }
    let (calls, refusal) = (calls.unwrap_or_default(), message.field("refusal"));
    if calls.is_empty() && refusal.is_none() {
        return content(message, losses);
    }
    let mut blocks = blocks(message, losses);
    let refusal = refusal.map(|text| Block::Text { text: text.into() }.into());
    blocks.extend(refusal);
    // Anthropic refuses an empty text.
    blocks.retain(|one| !matches!(&one.block, Block::Text { text } if text.is_empty()));
    for call in calls {
        match call.arguments() {
            Some(input) => {
                let (id, name) = (tool_id(&call.id), call.function.name);
                blocks.push(Block::ToolUse { id, name, input }.into());
            }
            None => losses.content("messages[].tool_calls[].function.arguments"),
        }
    }
    end_cache(&mut blocks, message.mark());
    Content::Blocks(blocks)
}

fn tool(function: form::Function<'_>) -> AskedTool<'_> {
    AskedTool {
        name: function.name,
        description: function.description,
        input_schema: match function.parameters {
            Some(schema) => Cow::Borrowed(schema),
            None => Cow::Owned(no_parameters()),
        },
        strict: function.strict.filter(|strict| *strict),
        cache_control: function.cache_control,
    }
}

/// The schema of a function without parameters, which Anthropic requires.
fn no_parameters() -> Box<RawValue> {
    let schema = RawValue::from_string(r#"{"type":"object"}"#.to_owned());
    schema.unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Anthropic's temperatures end at 1, OpenAI's at 2.
fn temperature<'a>(value: &'a Raw, losses: &mut Losses) -> Option<Cow<'a, Raw>> {
    let number: f64 = value.read()?;
    if number <= 1.0 {
        return Some(Cow::Borrowed(value));
    }
    losses.setting("temperature above 1");
    Raw::parse("1").map(Cow::Owned)
}

/// An id with the characters that Anthropic takes: other vendors' ids have others, such as
/// `functions.weather:0`.
fn tool_id(id: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    id.chars().map(|c| if fits(c) { c } else { '_' }).collect()
}

impl Source {
    fn may_be_pdf(&self) -> bool {
        match self {
            Self::Inline { media_type, .. } => media_type == "application/pdf",
            Self::Url(_) => true,
        }
    }
}

impl From<Source> for AskedSource {
    fn from(source: Source) -> Self {
        match source {
            Source::Inline { media_type, data } => Self::Base64 { media_type, data },
            Source::Url(url) => Self::Url { url },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_without_a_bound_is_given_one() {
        let body = body(&Request::user("hi"), "claude-sonnet-4.5", false);
        let expected = concat!(
            r#"{"model":"claude-sonnet-4.5","max_tokens":4096,"#,
            r#""messages":[{"role":"user","content":"hi"}]}"#
        );
        assert_eq!(body, expected.as_bytes());
    }

    #[test]
    fn instructions_stand_apart() {
        let request = Request::default()
            .message("system", "Be brief.")
            .message("user", "hi")
            .message("assistant", "hello")
            .message("developer", "Be kind.")
            .message("user", "bye")
            .max_tokens(7);
        let body = body(&request, "m", true);
        let expected = serde_json::json!({
            "model": "m", "max_tokens": 7, "system": "Be brief.\n\nBe kind.", "stream": true,
            "messages": [
                { "role": "user", "content": "hi" },
                { "role": "assistant", "content": "hello" },
                { "role": "user", "content": "bye" },
            ],
        });
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value, expected);
    }
}

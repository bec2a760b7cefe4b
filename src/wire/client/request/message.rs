//! Messages of a conversation, in OpenAI's form.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::raw::{Fields, Raw};

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Message {
    /// `system`, `user`, `assistant` or `tool`; `developer` is `system`'s newer name.
    pub role: String,
    /// What it says.
    pub content: MessageContent,
    /// `tool_calls`, `tool_call_id` and any other field.
    #[serde(flatten)]
    pub(in crate::wire::client) fields: Fields,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum MessageContent {
    /// A text.
    Text(String),
    /// Text, images, audio and files.
    Parts(Vec<Part>),
    /// Nothing, as in a message that only calls tools.
    None,
}

/// A part of a message, in OpenAI's form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Part(Raw);

/// A call of a tool that the model asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolCall {
    /// Its id, which the tool's result repeats.
    pub id: String,
    /// The name of the tool.
    pub name: String,
    /// The arguments: the text of a JSON object.
    pub arguments: String,
    /// Gemini's signature of the reasoning before the call. Gemini 3 wants it back with the call.
    pub signature: Option<String>,
}

impl Message {
    /// A message of one text.
    pub fn text(role: impl Into<String>, text: impl Into<String>) -> Self {
        Self::of(role, MessageContent::Text(text.into()))
    }

    /// A message of several parts.
    pub fn parts(role: impl Into<String>, parts: impl IntoIterator<Item = Part>) -> Self {
        Self::of(role, MessageContent::Parts(parts.into_iter().collect()))
    }

    /// What the assistant said, with the tools that it called. The `tool` messages with their
    /// results follow it.
    pub fn assistant(text: impl Into<String>, calls: &[ToolCall]) -> Self {
        let text = text.into();
        if calls.is_empty() {
            return Self::text("assistant", text);
        }
        let content = match text.is_empty() {
            true => MessageContent::None,
            false => MessageContent::Text(text),
        };
        let calls: Vec<_> = calls.iter().map(ToolCall::form).collect();
        Self::of("assistant", content).with("tool_calls", &calls)
    }

    /// The result of the call with this id.
    pub fn tool_result(id: impl AsRef<str>, result: impl Into<String>) -> Self {
        Self::text("tool", result).with("tool_call_id", id.as_ref())
    }

    fn of(role: impl Into<String>, content: MessageContent) -> Self {
        Self {
            role: role.into(),
            content,
            fields: Fields::default(),
        }
    }

    /// With a field whose value is always JSON: texts and lists of texts.
    fn with(mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Self {
        if let Ok(value) = Raw::of(value) {
            self.fields.set(name, value);
        }
        self
    }

    /// Whether it is a system instruction rather than a part of the conversation. Dialects that
    /// keep instructions apart accept OpenAI's newer name for the role as well.
    pub(in crate::wire::client) fn is_system(&self) -> bool {
        matches!(self.role.as_str(), "system" | "developer")
    }

    /// Whether every dialect has it: a text of a common role.
    pub(super) fn is_plain(&self) -> bool {
        let is_common = self.is_system() || matches!(self.role.as_str(), "user" | "assistant");
        is_common && self.fields.is_empty() && matches!(self.content, MessageContent::Text(_))
    }

    /// Bytes that stand for its tokens.
    pub(super) fn weight(&self) -> u64 {
        let content = match &self.content {
            MessageContent::Text(text) => text.len() as u64,
            MessageContent::Parts(parts) => parts.iter().map(Part::weight).sum(),
            MessageContent::None => 0,
        };
        let fields = self.fields.iter().map(|(_, value)| value.text().len());
        content + fields.map(|bytes| bytes as u64).sum::<u64>()
    }
}

impl Part {
    /// A text.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::of(&serde_json::json!({ "type": "text", "text": text.as_ref() }))
    }

    /// An image at a URL: `https://…`, or its bytes as `data:image/png;base64,…`.
    pub fn image(url: impl AsRef<str>) -> Self {
        let url = url.as_ref();
        Self::of(&serde_json::json!({ "type": "image_url", "image_url": { "url": url } }))
    }

    /// Sound: its bytes in base64, and their format, `wav` or `mp3`.
    pub fn audio(data: impl AsRef<str>, format: impl AsRef<str>) -> Self {
        let audio = serde_json::json!({ "data": data.as_ref(), "format": format.as_ref() });
        Self::of(&serde_json::json!({ "type": "input_audio", "input_audio": audio }))
    }

    /// A file: its name, and its bytes as `data:application/pdf;base64,…`.
    pub fn file(name: impl AsRef<str>, data: impl AsRef<str>) -> Self {
        let file = serde_json::json!({ "filename": name.as_ref(), "file_data": data.as_ref() });
        Self::of(&serde_json::json!({ "type": "file", "file": file }))
    }

    fn of(value: &serde_json::Value) -> Self {
        // A value of JSON always has a text, so that the default is never taken.
        Self(Raw::of(value).unwrap_or_else(|_| Raw::null()))
    }

    pub(super) const fn raw(&self) -> &Raw {
        &self.0
    }

    /// A text counts by its length. Anything else counts as the vendors' usual price of an image:
    /// its bytes say nothing about its tokens.
    fn weight(&self) -> u64 {
        const IMAGE: u64 = 4_000;
        let text: Option<TextPart> = self.0.read();
        text.map_or(IMAGE, |part| part.text.len() as u64)
    }
}

#[derive(Deserialize)]
struct TextPart {
    text: String,
}

impl ToolCall {
    /// A call as OpenAI's form has it. The signature stands where Gemini's own imitation of that
    /// form puts it.
    fn form(&self) -> serde_json::Value {
        let function = serde_json::json!({ "name": self.name, "arguments": self.arguments });
        let mut form =
            serde_json::json!({ "id": self.id, "type": "function", "function": function });
        if let Some(signature) = &self.signature {
            form["extra_content"]["google"]["thought_signature"] = signature.as_str().into();
        }
        form
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::deserialize(deserializer)?;
        let role = fields.take("role").and_then(|role| role.read());
        let role = role.ok_or_else(|| D::Error::custom("a message has no role"))?;
        let content = match fields.take("content") {
            None => MessageContent::None,
            Some(raw) if raw.is_null() => MessageContent::None,
            Some(raw) => raw
                .read()
                .map(MessageContent::Text)
                .or_else(|| raw.read().map(MessageContent::Parts))
                .ok_or_else(|| D::Error::custom("a content is neither a text nor a list"))?,
        };
        Ok(Self {
            role,
            content,
            fields,
        })
    }
}

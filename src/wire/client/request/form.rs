//! Reads the parts of OpenAI's form that other dialects write in a form of their own.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::message::{Message, MessageContent, Part};
use super::raw::Raw;
use super::table::{self, Losses};
use crate::wire::dialect::Family;

/// What a part of a message is.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::wire::client) enum PartForm<'a> {
    Text(Cow<'a, str>),
    Image(Source),
    /// Its bytes in base64, and their format.
    Audio {
        data: String,
        format: String,
    },
    File {
        name: Option<String>,
        source: Source,
    },
    /// Something that no other dialect has.
    Unknown,
}

/// Where the bytes of a part are.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::wire::client) enum Source {
    /// Here, in base64.
    Inline { media_type: String, data: String },
    /// At a URL.
    Url(String),
}

impl Source {
    fn of(url: String) -> Option<Self> {
        if url.starts_with("https://") || url.starts_with("http://") {
            return Some(Self::Url(url));
        }
        let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
        let mut words = head.strip_suffix(";base64")?.split(';');
        Some(Self::Inline {
            media_type: words.next().filter(|kind| !kind.is_empty())?.to_owned(),
            data: data.to_owned(),
        })
    }
}

impl Message {
    /// The parts of its content.
    pub(in crate::wire::client) fn forms(&self) -> impl Iterator<Item = PartForm<'_>> {
        self.marked_forms().map(|(form, _)| form)
    }

    /// The same, each with its mark of where a cache is to end (`cache_control`).
    pub(in crate::wire::client) fn marked_forms(
        &self,
    ) -> impl Iterator<Item = (PartForm<'_>, Option<Raw>)> {
        let (text, parts) = match &self.content {
            MessageContent::Text(text) => (Some(text), &[][..]),
            MessageContent::Parts(parts) => (None, &parts[..]),
            MessageContent::None => (None, &[][..]),
        };
        let text = text.map(|text| (PartForm::Text(Cow::Borrowed(text)), None));
        text.into_iter().chain(parts.iter().map(PartForm::read))
    }

    /// The mark of the whole message: a cache is to end after it.
    pub(in crate::wire::client) fn mark(&self) -> Option<Raw> {
        let mark = self.fields.get("cache_control");
        mark.filter(|mark| !mark.is_null()).cloned()
    }

    /// The tools that it calls; `None` when they are not of the known form.
    pub(in crate::wire::client) fn tool_calls(&self) -> Option<Vec<ToolCallForm>> {
        match self.fields.get("tool_calls") {
            Some(calls) if !calls.is_null() => calls.read(),
            _ => Some(Vec::new()),
        }
    }

    /// Notes those of its fields that this family lacks.
    pub(in crate::wire::client) fn note_losses(&self, family: Family, losses: &mut Losses) {
        for (name, value) in self.fields.iter() {
            let fate = table::fate(table::MESSAGE, family, name, value);
            losses.note(fate, &format!("messages[].{name}"));
        }
    }

    /// A field that is a text.
    pub(in crate::wire::client) fn field(&self, name: &str) -> Option<String> {
        self.fields.get(name)?.read()
    }
}

impl PartForm<'_> {
    fn read(part: &Part) -> (Self, Option<Raw>) {
        let fields: Option<PartFields> = part.raw().read();
        let Some(mut fields) = fields else {
            return (Self::Unknown, None);
        };
        let mark = fields.cache_control.take();
        (fields.form().unwrap_or(Self::Unknown), mark)
    }
}

#[derive(Deserialize)]
struct PartFields {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
    refusal: Option<String>,
    image_url: Option<ImageUrl>,
    input_audio: Option<InputAudio>,
    file: Option<InputFile>,
    cache_control: Option<Raw>,
}

#[derive(Deserialize)]
struct ImageUrl {
    url: String,
}

#[derive(Deserialize)]
struct InputAudio {
    data: String,
    format: String,
}

/// A file by its id is at one vendor only.
#[derive(Deserialize)]
struct InputFile {
    filename: Option<String>,
    file_data: Option<String>,
}

impl PartFields {
    fn form<'a>(self) -> Option<PartForm<'a>> {
        Some(match self.kind.as_str() {
            "text" => PartForm::Text(self.text?.into()),
            "refusal" => PartForm::Text(self.refusal?.into()),
            "image_url" => PartForm::Image(Source::of(self.image_url?.url)?),
            "input_audio" => {
                let InputAudio { data, format } = self.input_audio?;
                PartForm::Audio { data, format }
            }
            "file" => {
                let file = self.file?;
                PartForm::File {
                    name: file.filename,
                    source: Source::of(file.file_data?)?,
                }
            }
            _ => return None,
        })
    }
}

/// A call of a tool by the assistant.
#[derive(Deserialize)]
pub(in crate::wire::client) struct ToolCallForm {
    #[serde(default)]
    pub(in crate::wire::client) id: String,
    pub(in crate::wire::client) function: Called,
    extra_content: Option<Extra>,
}

#[derive(Deserialize)]
pub(in crate::wire::client) struct Called {
    pub(in crate::wire::client) name: String,
    #[serde(default)]
    arguments: String,
}

#[derive(Deserialize)]
struct Extra {
    google: Option<Google>,
}

#[derive(Deserialize)]
struct Google {
    thought_signature: Option<String>,
}

impl ToolCallForm {
    /// Its arguments, which must be an object; none at all are an empty one.
    pub(in crate::wire::client) fn arguments(&self) -> Option<Raw> {
        let text = self.function.arguments.trim();
        let text = if text.is_empty() { "{}" } else { text };
        Raw::parse(text).filter(Raw::is_object)
    }

    /// Gemini's signature of the reasoning before it.
    pub(in crate::wire::client) fn signature(&self) -> Option<&str> {
        let google = self.extra_content.as_ref()?.google.as_ref()?;
        google.thought_signature.as_deref()
    }
}

/// A function that the model may call.
#[derive(Deserialize)]
pub(in crate::wire::client) struct Function<'a> {
    pub(in crate::wire::client) name: String,
    pub(in crate::wire::client) description: Option<String>,
    #[serde(borrow)]
    pub(in crate::wire::client) parameters: Option<&'a RawValue>,
    pub(in crate::wire::client) strict: Option<bool>,
    /// Anthropic's mark of where a cache is to end.
    pub(in crate::wire::client) cache_control: Option<Raw>,
}

/// The functions in `tools`; `None` when there are tools of another kind.
pub(in crate::wire::client) fn functions(tools: &Raw) -> Option<Vec<Function<'_>>> {
    #[derive(Deserialize)]
    struct Tool<'a> {
        #[serde(borrow)]
        function: Function<'a>,
        cache_control: Option<Raw>,
    }
    let tools: Vec<Tool<'_>> = tools.read()?;
    let functions = tools.into_iter().map(|tool| Function {
        cache_control: tool.cache_control.or(tool.function.cache_control),
        ..tool.function
    });
    Some(functions.collect())
}

/// Which tools the model must call.
pub(in crate::wire::client) enum Choice {
    /// As it likes.
    Auto,
    /// None.
    None,
    /// At least one.
    Required,
    /// This one.
    Function(String),
    /// Any of these, and at least one if `required`.
    Allowed { names: Vec<String>, required: bool },
}

impl Choice {
    pub(in crate::wire::client) fn read(raw: &Raw) -> Option<Self> {
        #[derive(Deserialize)]
        struct Chosen {
            function: Option<Name>,
            allowed_tools: Option<Allowed>,
        }
        #[derive(Deserialize)]
        struct Allowed {
            mode: String,
            tools: Vec<Named>,
        }
        #[derive(Deserialize)]
        struct Named {
            function: Name,
        }
        #[derive(Deserialize)]
        struct Name {
            name: String,
        }
        match raw.text() {
            r#""auto""# => Some(Self::Auto),
            r#""none""# => Some(Self::None),
            r#""required""# => Some(Self::Required),
            _ => {
                let chosen: Chosen = raw.read()?;
                let Some(allowed) = chosen.allowed_tools else {
                    return Some(Self::Function(chosen.function?.name));
                };
                let names = allowed.tools.into_iter().map(|tool| tool.function.name);
                Some(Self::Allowed {
                    names: names.collect(),
                    required: match allowed.mode.as_str() {
                        "auto" => false,
                        "required" => true,
                        _ => return None,
                    },
                })
            }
        }
    }
}

/// The form that the answer must have.
pub(in crate::wire::client) enum Format<'a> {
    /// Any object.
    JsonObject,
    /// What this schema says.
    JsonSchema(&'a RawValue),
}

impl<'a> Format<'a> {
    pub(in crate::wire::client) fn read(raw: &'a Raw) -> Option<Self> {
        #[derive(Deserialize)]
        struct Asked<'a> {
            #[serde(rename = "type")]
            kind: String,
            #[serde(borrow)]
            json_schema: Option<Schema<'a>>,
        }
        #[derive(Deserialize)]
        struct Schema<'a> {
            #[serde(borrow)]
            schema: Option<&'a RawValue>,
        }
        let asked: Asked<'a> = raw.read()?;
        match asked.kind.as_str() {
            "json_object" => Some(Self::JsonObject),
            "json_schema" => Some(Self::JsonSchema(asked.json_schema?.schema?)),
            _ => None,
        }
    }
}

/// The sequences at which the answer stops: one, or several.
pub(in crate::wire::client) fn stops(raw: &Raw) -> Option<Vec<String>> {
    let one: Option<String> = raw.read();
    one.map(|one| vec![one]).or_else(|| raw.read())
}

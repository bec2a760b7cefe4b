//! The text of an answer, in any of the forms that providers give it: a string, a list of parts, a
//! part alone.
//!
//! A part is text if its type says so or if it has none. Thoughts and calls of tools are activity
//! without text; references, images and parts of unknown types are left out.

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess};

use super::lenient::{Flag, Lenient, any};

/// The text of a content field.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) text: String,
    /// There was a text, even if it was empty.
    pub(super) spoken: bool,
    /// There were parts other than text: reasoning, a tool's arguments.
    pub(super) busy: bool,
    /// The field held something, if only an empty list.
    pub(super) given: bool,
}

impl<'de> Deserialize<'de> for Parts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        any(from)
    }
}

impl<'de> Lenient<'de> for Parts {
    fn text(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            spoken: true,
            given: true,
            ..Self::default()
        }
    }

    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut all = Self {
            given: true,
            ..Self::default()
        };
        while let Some(part) = list.next_element()? {
            all.add(part);
        }
        Ok(all)
    }

    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        let (mut kind, mut thought, mut called) = (Kind::Text, false, false);
        let mut inner = Self::default();
        while let Some(key) = object.next_key::<String>()? {
            match key.as_str() {
                "type" => kind = object.next_value()?,
                "thought" => thought |= object.next_value::<Flag>()?.0,
                "text" | "value" | "content" | "parts" | "refusal" | "output_text" => {
                    inner.add(object.next_value()?);
                }
                // Gemini's name for a call of a tool.
                "functionCall" => {
                    object.next_value::<IgnoredAny>()?;
                    called = true;
                }
                _ => {
                    object.next_value::<IgnoredAny>()?;
                }
            }
        }
        let kind = if thought { Kind::Thought } else { kind };
        let is_empty_thought = thought && inner.text.is_empty();
        Ok(match kind {
            Kind::Text => Self {
                busy: inner.busy || called,
                given: true,
                ..inner
            },
            Kind::Thought | Kind::Other => Self {
                busy: (kind == Kind::Thought && !is_empty_thought) || called,
                given: true,
                ..Self::default()
            },
        })
    }
}

impl Parts {
    fn add(&mut self, part: Self) {
        self.text.push_str(&part.text);
        self.spoken |= part.spoken;
        self.busy |= part.busy;
        self.given |= part.given;
    }
}

/// What a part's `type` makes of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Text,
    /// Activity without text.
    Thought,
    Other,
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        any(from)
    }
}

impl Lenient<'_> for Kind {
    fn text(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if has(&ACTIVITY) {
            Self::Thought
        } else if name.is_empty() || has(&TEXT) {
            Self::Text
        } else {
            Self::Other
        }
    }
}

/// Words in the types of parts that show that the model works: Anthropic's `thinking`,
/// `redacted_thinking`, `signature_delta`, `tool_use` and `input_json_delta`, OpenAI's `reasoning`
/// and `summary_text`.
const ACTIVITY: [&str; 7] = [
    "think",
    "reason",
    "thought",
    "summary",
    "signature",
    "tool",
    "json",
];

/// Words in the types of parts that are text: `text`, `text_delta`, `output_text`, `refusal`.
const TEXT: [&str; 4] = ["text", "refusal", "message", "markdown"];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> (String, bool, bool) {
        let parts: Parts = serde_json::from_str(json).unwrap();
        (parts.text, parts.spoken, parts.busy)
    }

    #[test]
    fn a_text_has_many_forms() {
        for json in [
            r#""ab""#,
            r#"["a","b"]"#,
            r#"["a",{"type":"text","text":"b"}]"#,
            r#"[{"type":"text","text":{"value":"ab","annotations":[]}}]"#,
            r#"[{"text":"a"},{"type":"output_text","text":"b","logprobs":[null]}]"#,
            r#"{"type":"text","text":"ab"}"#,
            r#"{"parts":[{"text":"ab"}],"role":"model"}"#,
            r#"[null,7,{"type":"reference","reference_ids":[0]},{"type":"text","text":"ab"}]"#,
            r#"[{"text":"ab"},{"type":"image_url","image_url":{"url":"x"}}]"#,
            r#"[{"text":"ab","thought":null},{"type":"audio","text":"c"}]"#,
        ] {
            assert_eq!(read(json), ("ab".to_owned(), true, false), "{json}");
        }
    }

    #[test]
    fn thoughts_and_calls_of_tools_are_activity_without_text() {
        for json in [
            r#"[{"type":"thinking","thinking":[{"type":"text","text":"Hm."}]}]"#,
            r#"[{"type":"reasoning","text":"Hm."}]"#,
            r#"[{"text":"Hm.","thought":true}]"#,
            r#"[{"type":"tool_use","name":"f","input":{}}]"#,
            r#"[{"functionCall":{"name":"f"}}]"#,
            r#"{"type":"signature_delta","signature":"Eq"}"#,
        ] {
            assert_eq!(read(json), (String::new(), false, true), "{json}");
        }
    }

    #[test]
    fn a_value_that_is_no_text_is_none() {
        for json in [
            "null",
            "7",
            "true",
            "[]",
            "{}",
            r#"{"type":"text","text":null}"#,
        ] {
            assert_eq!(read(json), (String::new(), false, false), "{json}");
        }
        assert_eq!(read(r#"[{"text":""}]"#), (String::new(), true, false));
    }
}

//! What becomes of each field of the OpenAI form in the other families: one table, one row per
//! field.
//!
//! In the OpenAI family every field is sent as the caller wrote it. `docs/production.md` shows this
//! table, and a test compares the two.

use serde::{Deserialize, Serialize};

use super::raw::Raw;
use crate::wire::dialect::Family;

/// What to do with a setting of a request that a provider's dialect lacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Lossy {
    /// The provider is not asked; the call goes on to the next.
    #[default]
    Refuse,
    /// The setting is left out.
    Drop,
}

/// What becomes of a field in one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is sent under this name.
    As(&'static str),
    /// It is left out: the answer does not depend on it.
    Ignored,
    /// It is lost: [`Lossy`] says whether the provider is asked without it.
    Setting,
    /// The answer would be to another question: the provider is never asked without it.
    Content,
}

/// A field of the OpenAI form.
pub(crate) struct Row {
    /// Its name.
    pub(crate) field: &'static str,
    /// In Anthropic's form.
    pub(crate) anthropic: Fate,
    /// In Gemini's.
    pub(crate) gemini: Fate,
    /// Values with which it asks for nothing.
    neutral: &'static [&'static str],
    /// A value that asks for something.
    #[cfg(test)]
    pub(crate) sample: &'static str,
}

impl Row {
    pub(crate) const fn fate(&self, family: Family) -> Fate {
        match family {
            Family::Openai => Fate::As(self.field),
            Family::Anthropic => self.anthropic,
            Family::Gemini => self.gemini,
        }
    }
}

use Fate::{As, Content, Ignored, Setting};

/// Makes rows of `field, Anthropic, Gemini, neutral values, a value that is not`.
macro_rules! rows {
    ($(
        $field:literal $anthropic:expr, $gemini:expr, [$($neutral:literal)*], $sample:literal;
    )*) => {
        &[$(Row {
            field: $field,
            anthropic: $anthropic,
            gemini: $gemini,
            neutral: &[$($neutral),*],
            #[cfg(test)]
            sample: $sample,
        }),*]
    };
}

/// Fields of a request, besides those that [`Request`](super::Request) has on its own: `messages`,
/// and the limit on output tokens. Null is neutral everywhere.
#[rustfmt::skip]
pub(crate) const REQUEST: &[Row] = rows! {
    "temperature"           As("temperature"), As("generationConfig.temperature"), [], "0.5";
    "top_p"                 As("top_p"), As("generationConfig.topP"), [], "0.9";
    "stop"                  As("stop_sequences"), As("generationConfig.stopSequences"), ["[]"],
                            r#"["a","b"]"#;
    "seed"                  Setting, As("generationConfig.seed"), [], "7";
    "presence_penalty"      Setting, As("generationConfig.presencePenalty"), ["0" "0.0"], "0.1";
    "frequency_penalty"     Setting, As("generationConfig.frequencyPenalty"), ["0" "0.0"], "0.1";
    "logit_bias"            Setting, Setting, ["{}"], r#"{"50256":-100}"#;
    "logprobs"              Setting, Setting, ["false"], "true";
    "top_logprobs"          Setting, Setting, ["0"], "2";
    "reasoning_effort"      Setting, Setting, [], r#""low""#;
    "verbosity"             Setting, Setting, [], r#""low""#;
    "response_format"       As("output_config.format"), As("generationConfig.responseJsonSchema"),
                            [r#"{"type":"text"}"#],
        r#"{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}"#;
    "tools"                 As("tools"), As("tools.functionDeclarations"), ["[]"],
                            r#"[{"type":"function","function":{"name":"f"}}]"#;
    "tool_choice"           As("tool_choice"), As("toolConfig.functionCallingConfig"), [],
                            r#""required""#;
    "parallel_tool_calls"   As("tool_choice.disable_parallel_tool_use"), Setting, ["true"], "false";
    "functions"             Content, Content, ["[]"], r#"[{"name":"f"}]"#;
    "function_call"         Content, Content, [], r#""auto""#;
    "modalities"            Content, Content, [r#"["text"]"#], r#"["text","audio"]"#;
    "audio"                 Content, Content, [], r#"{"voice":"ash","format":"mp3"}"#;
    "web_search_options"    Content, Content, [], "{}";
    "user"                  As("metadata.user_id"), Ignored, [], r#""u-1""#;
    "metadata"              Ignored, Ignored, [], r#"{"job":"nightly"}"#;
    "store"                 Ignored, Ignored, [], "true";
    "service_tier"          Ignored, Ignored, [], r#""flex""#;
    "prediction"            Ignored, Ignored, [], r#"{"type":"content","content":"x"}"#;
    "cache_control"         As("cache_control"), Ignored, [], r#"{"type":"ephemeral"}"#;
    "prompt_cache_key"      Ignored, Ignored, [], r#""k""#;
    "prompt_cache_retention" Ignored, Ignored, [], r#""24h""#;
    "safety_identifier"     Ignored, Ignored, [], r#""s""#;
};

/// Fields of a message, besides its role and its content.
#[rustfmt::skip]
pub(crate) const MESSAGE: &[Row] = rows! {
    "tool_calls"        As("content.tool_use"), As("parts.functionCall"), ["[]"], "[]";
    "tool_call_id"      As("content.tool_result.tool_use_id"), As("parts.functionResponse.id"), [],
                            r#""c""#;
    "refusal"           As("content.text"), As("parts.text"), [], r#""no""#;
    "cache_control"     As("content.cache_control"), Ignored, [], r#"{"type":"ephemeral"}"#;
    "name"              Setting, Setting, [], r#""ann""#;
    "function_call"     Content, Content, [], r#"{"name":"f","arguments":"{}"}"#;
    "audio"             Content, Content, [], r#"{"id":"a"}"#;
    "reasoning_content" Ignored, Ignored, [], r#""hm""#;
    "reasoning"         Ignored, Ignored, [], r#""hm""#;
    "annotations"       Ignored, Ignored, ["[]"], "[{}]";
};

/// What becomes of a field with this value: `None` when it asks for nothing. A field without a row
/// is one that only the OpenAI family knows.
pub(crate) fn fate(rows: &[Row], family: Family, field: &str, value: &Raw) -> Option<Fate> {
    let row = rows.iter().find(|row| row.field == field);
    let neutral = row.map_or(&[][..], |row| row.neutral);
    let is_neutral = value.is_null() || neutral.iter().any(|one| is_same(one, value.text()));
    (!is_neutral).then(|| row.map_or(Setting, |row| row.fate(family)))
}

/// Whether two texts of JSON are the same but for their white space.
fn is_same(a: &str, b: &str) -> bool {
    let dense = |text: &str| -> String { text.split_ascii_whitespace().collect() };
    a == b || (b.len() < 64 && dense(a) == dense(b))
}

/// What a request loses in a dialect.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    /// The first setting that is lost.
    setting: Option<String>,
    /// The first part of the question that is lost.
    content: Option<String>,
}

impl Losses {
    /// A setting is lost.
    pub(crate) fn setting(&mut self, what: impl Into<String>) {
        self.setting.get_or_insert_with(|| what.into());
    }

    /// A part of the question is lost.
    pub(crate) fn content(&mut self, what: impl Into<String>) {
        self.content.get_or_insert_with(|| what.into());
    }

    /// Notes the field `name` if its fate is to be lost.
    pub(super) fn note(&mut self, fate: Option<Fate>, name: &str) {
        match fate {
            Some(Fate::Setting) => self.setting(name),
            Some(Fate::Content) => self.content(name),
            Some(Fate::As(_) | Fate::Ignored) | None => {}
        }
    }

    /// The loss because of which the provider is not asked, if there is one.
    pub(crate) fn forbidding(self, lossy: Lossy) -> Option<String> {
        let setting = self.setting.filter(|_| lossy == Lossy::Refuse);
        self.content.or(setting)
    }
}

//! The body of a request, as far as every request is read.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// The parts of a body that are read, in any family.
#[derive(Deserialize)]
pub(super) struct Body<'a> {
    #[serde(borrow, default)]
    pub(super) model: Option<Cow<'a, str>>,
    pub(super) stream: Option<bool>,
    pub(super) max_tokens: Option<u64>,
    pub(super) max_completion_tokens: Option<u64>,
    pub(super) max_output_tokens: Option<u64>,
    stream_options: Option<StreamOptions>,
    #[serde(rename = "generationConfig", alias = "generation_config")]
    pub(super) generation_config: Option<GenerationConfig>,
    // What makes an answer special: `form` reads it.
    tools: Option<IgnoredAny>,
    response_format: Option<IgnoredAny>,
    output_config: Option<IgnoredAny>,
    output_format: Option<IgnoredAny>,
}

impl Body<'_> {
    pub(super) fn asks_for_usage(&self) -> bool {
        let options = self.stream_options.as_ref();
        options.and_then(|asked| asked.include_usage) == Some(true)
    }

    /// Whether it may ask for more than a text.
    pub(super) fn is_special(&self) -> bool {
        let config = self.generation_config.as_ref();
        let mime = config.and_then(|config| config.response_type.as_ref());
        [
            &self.tools,
            &self.response_format,
            &self.output_config,
            &self.output_format,
            &mime.copied(),
        ]
        .into_iter()
        .any(Option::is_some)
    }
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct GenerationConfig {
    #[serde(rename = "maxOutputTokens", alias = "max_output_tokens")]
    pub(super) max_output: Option<u64>,
    #[serde(rename = "responseMimeType", alias = "response_mime_type")]
    response_type: Option<IgnoredAny>,
}

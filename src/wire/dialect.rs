//! Whose grammar a provider speaks: three families, and variants of the first with habits of
//! their own.

use serde::{Deserialize, Serialize};

/// How a provider speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// OpenAI chat completions.
    #[default]
    Openai,
    /// OpenAI chat completions, as Azure serves them.
    Azure,
    /// OpenAI chat completions, as DeepSeek serves them.
    Deepseek,
    /// OpenAI chat completions, as Moonshot (Kimi) serves them.
    Moonshot,
    /// OpenAI chat completions, as OpenRouter serves them.
    Openrouter,
    /// Anthropic messages.
    Anthropic,
    /// Gemini generateContent.
    Gemini,
}

/// What dialects share: one form of request, answer and stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// OpenAI chat completions.
    Openai,
    /// Anthropic messages.
    Anthropic,
    /// Gemini generateContent.
    Gemini,
}

impl Dialect {
    /// Every dialect, in the order of their declaration.
    pub const ALL: [Self; 7] = [
        Self::Openai,
        Self::Azure,
        Self::Deepseek,
        Self::Moonshot,
        Self::Openrouter,
        Self::Anthropic,
        Self::Gemini,
    ];

    /// The dialect as files write it: `openai`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Azure => "azure",
            Self::Deepseek => "deepseek",
            Self::Moonshot => "moonshot",
            Self::Openrouter => "openrouter",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }

    /// Whose form of request, answer and stream it has.
    pub const fn family(self) -> Family {
        match self {
            Self::Anthropic => Family::Anthropic,
            Self::Gemini => Family::Gemini,
            _ => Family::Openai,
        }
    }

    /// What the vendor's own base URL has after its host: what SDKs of this dialect are given,
    /// and what [`super::request::path`] is put behind.
    pub const fn base_path(self) -> &'static str {
        match self {
            Self::Openai | Self::Moonshot => "/v1",
            Self::Openrouter => "/api/v1",
            Self::Azure | Self::Deepseek | Self::Anthropic | Self::Gemini => "",
        }
    }
}

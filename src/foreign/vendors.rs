//! Where the vendors' models are served, and which variable usually holds the key.

use crate::wire::Dialect;

/// A vendor, as other systems name it.
pub(super) struct Vendor {
    /// Its names, before the `/` of a model or as `provider`.
    pub(super) names: &'static [&'static str],
    /// The dialect that it speaks.
    pub(super) dialect: Dialect,
    /// Its base URL; empty where each account has one of its own.
    pub(super) url: &'static str,
    /// The variable that its SDK reads the key from.
    pub(super) variable: &'static str,
}

/// The vendor of this name.
pub(super) fn vendor(name: &str) -> Option<&'static Vendor> {
    VENDORS.iter().find(|one| one.names.contains(&name))
}

const fn row(
    names: &'static [&'static str],
    dialect: Dialect,
    url: &'static str,
    variable: &'static str,
) -> Vendor {
    Vendor {
        names,
        dialect,
        url,
        variable,
    }
}

use Dialect::{Anthropic, Azure, Deepseek, Gemini, Moonshot, Openai, Openrouter, Xai};

const VENDORS: &[Vendor] = &[
    row(
        &["openai"],
        Openai,
        "https://api.openai.com/v1",
        "OPENAI_API_KEY",
    ),
    row(&["azure", "azure-openai"], Azure, "", "AZURE_API_KEY"),
    row(
        &["anthropic"],
        Anthropic,
        "https://api.anthropic.com",
        "ANTHROPIC_API_KEY",
    ),
    row(
        &["gemini", "google"],
        Gemini,
        "https://generativelanguage.googleapis.com",
        "GEMINI_API_KEY",
    ),
    row(
        &["deepseek"],
        Deepseek,
        "https://api.deepseek.com",
        "DEEPSEEK_API_KEY",
    ),
    row(
        &["moonshot"],
        Moonshot,
        "https://api.moonshot.ai/v1",
        "MOONSHOT_API_KEY",
    ),
    row(
        &["openrouter"],
        Openrouter,
        "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
    ),
    row(&["xai", "x-ai"], Xai, "https://api.x.ai/v1", "XAI_API_KEY"),
    row(
        &["groq"],
        Openai,
        "https://api.groq.com/openai/v1",
        "GROQ_API_KEY",
    ),
    row(
        &["mistral", "mistral-ai"],
        Openai,
        "https://api.mistral.ai/v1",
        "MISTRAL_API_KEY",
    ),
    row(
        &["together_ai", "together-ai"],
        Openai,
        "https://api.together.xyz/v1",
        "TOGETHERAI_API_KEY",
    ),
    row(
        &["fireworks_ai", "fireworks-ai"],
        Openai,
        "https://api.fireworks.ai/inference/v1",
        "FIREWORKS_AI_API_KEY",
    ),
    row(
        &["perplexity", "perplexity-ai"],
        Openai,
        "https://api.perplexity.ai",
        "PERPLEXITYAI_API_KEY",
    ),
    row(
        &["hosted_vllm", "ollama", "custom_openai"],
        Openai,
        "",
        "LOCAL_API_KEY",
    ),
];

//! The dialects of providers: one table, with one row per dialect.
//!
//! A row names the variant, the module with the dialect's spec on either side, and the form of its
//! requests.

use serde::{Deserialize, Serialize};

use super::client::{self, ClientSpec};
#[cfg(feature = "sim")]
use super::fake::{self, FakeSpec};

/// Makes [`Dialect`] and its methods from rows of `Variant = module, family;`. The name in files is
/// that of the module.
macro_rules! dialects {
    ($($(#[$meta:meta])* $variant:ident = $module:ident, $family:ident;)*) => {
        /// How a provider speaks.
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize,
        )]
        #[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
        #[serde(rename_all = "lowercase")]
        #[non_exhaustive]
        pub enum Dialect {
            $($(#[$meta])* $variant,)*
        }

        impl Dialect {
            /// Every dialect, in the order of their declaration.
            pub const ALL: [Self; [$(stringify!($variant)),*].len()] = [$(Self::$variant),*];

            /// The dialect's name in files: `openai`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($module),)*
                }
            }

            /// The family whose form of request, answer and stream it has.
            pub(crate) const fn family(self) -> Family {
                match self {
                    $(Self::$variant => Family::$family,)*
                }
            }

            /// The client's side of it.
            pub(super) const fn client(self) -> &'static ClientSpec {
                match self {
                    $(Self::$variant => &client::$module::SPEC,)*
                }
            }

            /// The fake provider's side of it.
            #[cfg(feature = "sim")]
            pub(super) const fn fake(self) -> &'static FakeSpec {
                match self {
                    $(Self::$variant => &fake::$module::SPEC,)*
                }
            }
        }
    };
}

dialects! {
    /// OpenAI chat completions.
    #[default]
    Openai = openai, Openai;
    /// OpenAI chat completions, as Azure serves them.
    Azure = azure, Openai;
    /// OpenAI chat completions, as DeepSeek serves them.
    Deepseek = deepseek, Openai;
    /// OpenAI chat completions, as Moonshot (Kimi) serves them.
    Moonshot = moonshot, Openai;
    /// OpenAI chat completions, as OpenRouter serves them.
    Openrouter = openrouter, Openai;
    /// OpenAI chat completions, as xAI (Grok) serves them.
    Xai = xai, Openai;
    /// Anthropic messages.
    Anthropic = anthropic, Anthropic;
    /// Gemini generateContent.
    Gemini = gemini, Gemini;
}

/// A family of dialects: one form of request, answer and stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// OpenAI chat completions.
    Openai,
    /// Anthropic messages.
    Anthropic,
    /// Gemini generateContent.
    Gemini,
}

impl Dialect {
    /// The path in the vendor's own base URL: SDKs of this dialect take such a URL, and
    /// the path of a request is appended to it.
    pub const fn base_path(self) -> &'static str {
        self.client().base_path
    }
}

//! Facts about a provider that are not part of the policy: prices, quality, context length.

use crate::units::Money;

/// A provider of a fleet, with the facts that decisions depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderInfo {
    /// Its name, unique in the fleet.
    pub name: String,
    /// The model that answers.
    pub model: String,
    /// What a million prompt tokens cost; none = unknown.
    pub input: Option<Money>,
    /// What a million output tokens cost; none = unknown.
    pub output: Option<Money>,
    /// The quality of its answers, from 0 to 100, as the operator rates them.
    pub quality: Option<u32>,
    /// The longest prompt that it accepts, in tokens; none = unknown.
    pub context: Option<u64>,
    /// How many API keys there are for it, at least 1.
    pub keys: u16,
}

impl ProviderInfo {
    /// A provider of which only the name is known.
    pub fn named(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            model: name.clone(),
            name,
            input: None,
            output: None,
            quality: None,
            context: None,
            keys: 1,
        }
    }

    /// What this many tokens cost here; none = unknown.
    pub fn cost(&self, prompt: u64, output: u64) -> Option<Money> {
        Some(self.input?.per_million(prompt) + self.output?.per_million(output))
    }
}

//! What the core knows of a provider beside the policy: what it costs, how good it is, what fits.

use crate::units::Money;

/// A provider of a fleet, as far as decisions need to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderInfo {
    /// Its name, unique in the fleet.
    pub name: String,
    /// The model that answers.
    pub model: String,
    /// What a million prompt tokens cost; none = nobody knows.
    pub input: Option<Money>,
    /// What a million output tokens cost; none = nobody knows.
    pub output: Option<Money>,
    /// How good its answers are, from 0 to 100, as the fleet's owner rates them.
    pub quality: Option<u32>,
    /// The longest prompt that it takes, in tokens; none = nobody knows.
    pub context: Option<u64>,
    /// How many API keys there are for it, at least 1.
    pub keys: u16,
}

impl ProviderInfo {
    /// A provider of which nothing but its name is known.
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

    /// What so many tokens cost here; none = nobody knows.
    pub fn cost(&self, prompt: u64, output: u64) -> Option<Money> {
        Some(self.input?.per_million(prompt) + self.output?.per_million(output))
    }
}

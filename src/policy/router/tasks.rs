//! What a task's rule does to the fleet: which providers it prefers, and which it excludes.
//!
//! A word of `prefer` means the provider of that name, or else every provider of that model. A
//! provider with an unknown price is excluded by `max_cost`, since the limit cannot be checked. The
//! strategy orders providers that match the same word.

use crate::policy::ProviderId;
use crate::policy::call_context::CallContext;
use crate::policy::config::Task;
use crate::policy::provider_info::ProviderInfo;
use crate::units::Money;

/// The rule of one task, for one fleet.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// The first word of `prefer` that matches, for each provider of the fleet.
    words: Vec<u32>,
    only: bool,
    max_cost: Option<Money>,
}

/// No word of the task matches the provider, which then comes after those with a match.
pub(super) const NO_WORD: u32 = u32::MAX;

impl Rule {
    /// The rule of `task` for these providers.
    pub(super) fn new(task: &Task, members: &[ProviderInfo]) -> Self {
        let mut words = vec![NO_WORD; members.len()];
        for (nth, word) in (0..NO_WORD).zip(&task.prefer) {
            let is_name = members.iter().any(|member| member.name == *word);
            for (found, member) in words.iter_mut().zip(members) {
                let meant = if is_name { &member.name } else { &member.model };
                if meant == word {
                    *found = nth.min(*found);
                }
            }
        }
        Self {
            words,
            only: task.only,
            max_cost: task.max_cost,
        }
    }

    /// The number of the word that matches this provider; none if the call may not use it.
    pub(super) fn word(
        &self,
        provider: ProviderId,
        member: &ProviderInfo,
        ask: &CallContext,
    ) -> Option<u32> {
        let word = self.words[provider.index()];
        let is_asked = word != NO_WORD || !self.only;
        let is_affordable = self
            .max_cost
            .is_none_or(|most| is_within(most, member, ask));
        (is_asked && is_affordable).then_some(word)
    }
}

/// Whether a call costs at most `most` per 1,000 tokens there. For a call of unknown length,
/// neither the prompt price nor the output price may be higher.
fn is_within(most: Money, member: &ProviderInfo, ask: &CallContext) -> bool {
    let (Some(input), Some(output)) = (member.input, member.output) else {
        return false;
    };
    // Prices are per million tokens; nothing is rounded.
    let most = u128::from(most.as_nanos()) * 1_000;
    let (input, output) = (u128::from(input.as_nanos()), u128::from(output.as_nanos()));
    let (prompt, answer) = (u128::from(ask.prompt), u128::from(ask.output));
    match prompt + answer {
        0 => input.max(output) <= most,
        tokens => {
            let cost = (input * prompt).saturating_add(output * answer);
            cost <= most.saturating_mul(tokens)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_means_a_name_or_else_a_model() {
        let mut members = ["a", "b", "c", "d"].map(ProviderInfo::named);
        members[1].model = "large".into();
        members[2].model = "large".into();
        // The name wins over the model of the same name.
        members[3].model = "a".into();
        let task = Task {
            prefer: ["nobody", "large", "a", "b"].map(str::to_owned).into(),
            ..Task::default()
        };
        assert_eq!(Rule::new(&task, &members).words, [2, 1, 1, NO_WORD]);
    }

    #[test]
    fn a_ceiling_is_per_1000_tokens_of_prompt_and_output_together() {
        // 1 USD and 4 USD per million tokens: 0.001 and 0.004 per 1,000.
        let member = priced("1", "4");
        for (prompt, output, most, expected) in [
            (1_000, 0, "0.001", true),
            (1_000, 0, "0.000999999", false),
            (500, 500, "0.0025", true),
            (500, 500, "0.002499999", false),
            (1, 0, "0.001", true),
            (0, 3, "0.003", false),
            (0, 0, "0.003", false),
            (0, 0, "0.004", true),
            (u64::MAX, u64::MAX, "0.0025", true),
        ] {
            let ask = CallContext {
                prompt,
                output,
                ..CallContext::default()
            };
            let found = is_within(usd(most), &member, &ask);
            assert_eq!(found, expected, "{prompt} + {output} under {most}");
        }
    }

    #[test]
    fn where_nobody_knows_the_price_the_ceiling_is_not_kept() {
        let mut member = priced("0", "0");
        assert!(is_within(Money::ZERO, &member, &CallContext::default()));
        member.output = None;
        assert!(!is_within(usd("1000"), &member, &CallContext::default()));
    }

    fn priced(input: &str, output: &str) -> ProviderInfo {
        ProviderInfo {
            input: Some(usd(input)),
            output: Some(usd(output)),
            ..ProviderInfo::named("a")
        }
    }

    fn usd(text: &str) -> Money {
        Money::parse_usd(text).unwrap()
    }
}

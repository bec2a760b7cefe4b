//! A scenario to hunt in, for the providers of a fleet file.

use std::time::Duration;

use crate::client::{Described, FleetFile};
use crate::prices;
use crate::profiles;
use crate::text::{Diagnostic, Document};
use crate::units::{duration, tokens};

/// The providers of `fleet` for a run of this length, under a load that they can well bear. One
/// whose model has a built-in profile is as fast as that, another as fast as a usual model.
///
/// # Errors
/// When the file lacks what a simulation needs: a price that no book knows.
pub fn scenario(fleet: &FleetFile, run: Duration) -> Result<Document, Diagnostic> {
    let mut text = format!(
        "name: {NAME}\nabout: Does the policy survive what can happen to this fleet?\n\
         run: {{ duration: {}, seeds: 1 }}\nproviders:\n",
        duration::write(run)
    );
    for provider in fleet.described() {
        if provider.price.is_none() && prices::price_of(provider.model).is_none() {
            let (name, model) = (provider.name, provider.model);
            let message = format!("a simulation needs a price, and our book has no `{model}`");
            let problem = fleet.document().problem(&["fleet", name, "model"], message);
            let hint = "add what a million tokens cost: `price: { input: 2 USD, output: 8 USD }`";
            return Err(problem.hint(hint));
        }
        text += &entry(&provider);
    }
    text += LOAD;
    Document::parse("the scenario of this fleet", &text)
}

/// The entry of `providers`.
fn entry(provider: &Described<'_>) -> String {
    let Described { name, model, .. } = provider;
    let is_of_model = |profile: &&str| profile.rsplit('/').next() == Some(model);
    let speed = match profiles::names().into_iter().find(is_of_model) {
        // Its limits are those of one account tier, which the fleet's owner need not have.
        Some(profile) => profile.to_owned(),
        None => USUAL.to_owned(),
    };
    let mut keys = vec![
        format!("profile: {speed}"),
        format!("dialect: {}", provider.dialect.name()),
        format!("model: {:?}", model),
    ];
    keys.extend(
        provider
            .price
            .map(|(input, output)| format!("price: {{ input: {input}, output: {output} }}")),
    );
    keys.extend(
        provider
            .quality
            .map(|quality| format!("quality: {quality}")),
    );
    let context = provider.context.map(tokens::write);
    keys.extend(context.map(|context| format!("context: {context}")));
    keys.extend((provider.keys > 1).then(|| format!("keys: {}", provider.keys)));
    format!("  {name}: {{ {} }}\n", keys.join(", "))
}

/// The name of the scenario, and the stem of the file in which it would be.
pub const NAME: &str = "usual";
/// The profile of a model without one: fast enough that only a fault is slow.
const USUAL: &str = "openai/gpt-4.1";
/// Half a call a second of a chat, so that every tier's limits are far away.
const LOAD: &str = "\
load:
  rate: 1/s
  prompt: { p50: 1_000 tok, p99: 4k tok }
  output: { p50: 115 tok, p99: 600 tok }
  stream: 50%
  deadline: 1m
policies: [resilient]
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::{Changes, Drill};

    #[test]
    fn a_fleet_becomes_a_scenario_of_its_providers() {
        let text = "fleet:\n  \
                    fast: { url: https://a.example/v1, model: gpt-4.1 }\n  \
                    own: { url: https://b.example, model: my-model, dialect: anthropic, \
                    keys: [env:A, env:B], price: { input: 1 USD, output: 2 USD }, quality: 50 }\n";
        let fleet = FleetFile::parse("fleet.yaml", text).expect("a fleet");
        let document = scenario(&fleet, Duration::from_secs(600)).expect("a scenario");
        let drill = Drill::of_document(document, "usual.yaml", Changes::default());
        let drill = drill.expect("it is one");
        let providers = &drill.scenario().providers;
        let names = Vec::from_iter(providers.iter().map(|one| (&*one.name, &*one.model)));
        assert_eq!(names, [("fast", "gpt-4.1"), ("own", "my-model")]);
        assert_eq!(
            (providers[1].key_count, providers[1].quality),
            (2, Some(50))
        );
    }

    #[test]
    fn a_model_without_a_price_is_pointed_at() {
        let text = "fleet:\n  own: { url: https://b.example, model: my-model }\n";
        let fleet = FleetFile::parse("fleet.yaml", text).expect("a fleet");
        let problem = scenario(&fleet, Duration::from_secs(600)).expect_err("no price");
        insta::assert_snapshot!(problem);
    }
}

//! What an import writes: a fleet, a policy, and a first scenario that runs both.

use std::collections::BTreeSet;
use std::time::Duration;

use super::note::Outcome;
use super::sheet::{Sheet, Spot};
use super::yaml::Yaml;
use crate::client::FleetFile;
use crate::policy::classify::is_error_status;
use crate::policy::config::Policy;
use crate::policy_file::{KNOBS, read_amount, write_amount};
use crate::prices::price_of;
use crate::profiles;
use crate::text::{Diagnostic, Document, secrets};
use crate::time::nanos;
use crate::units::{Money, tokens};
use crate::wire::Dialect;

/// The files, as they are collected.
#[derive(Debug)]
pub(crate) struct Draft {
    name: String,
    system: &'static str,
    policy: Yaml,
    /// The providers, in the order of the fleet.
    pub(super) providers: Vec<Provider>,
}

/// A provider of the fleet.
#[derive(Clone, Debug, Default)]
pub(super) struct Provider {
    /// Its name, as [`Draft::name_for`] makes it.
    pub(super) name: String,
    /// Its dialect.
    pub(super) dialect: Dialect,
    /// The model that answers.
    pub(super) model: String,
    /// The base URL; none = a client of ours cannot call it.
    pub(super) url: Option<String>,
    /// `env:NAME` for each key.
    pub(super) keys: Vec<String>,
    /// The version of Azure's interface.
    pub(super) api_version: Option<String>,
    /// Per million tokens.
    pub(super) price: Option<(Money, Money)>,
    /// The longest prompt.
    pub(super) context: Option<u64>,
}

impl Draft {
    /// An empty draft of the policy `name`.
    pub(super) fn new(name: &str, system: &'static str) -> Self {
        let mut draft = Self {
            name: name.to_owned(),
            system,
            policy: Yaml::map(),
            providers: Vec::new(),
        };
        draft.word("name", name);
        draft.word(
            "about",
            &format!("Imported from a configuration of {system}."),
        );
        draft
    }

    /// Adds a provider that stands in for one that the file does not know.
    pub(super) fn stand_in(&mut self, wish: &str, url: Option<String>) -> String {
        let name = self.name_for(wish);
        let is_claude = wish.contains("anthropic");
        let dialect = [Dialect::Openai, Dialect::Anthropic][usize::from(is_claude)];
        let url = url.map(|url| url + dialect.base_path());
        self.providers.push(Provider {
            name: name.clone(),
            dialect,
            model: ["gpt-4.1", "claude-sonnet-4.5"][usize::from(is_claude)].to_owned(),
            url,
            ..Provider::default()
        });
        name
    }

    /// Sets a word or a text at a dotted path of the policy.
    pub(super) fn word(&mut self, path: &str, word: &str) {
        let path = Vec::from_iter(path.split('.'));
        self.policy.set(&path, Yaml::Text(word.to_owned()));
    }

    /// Switches a mechanism off, or one of its signals.
    pub(super) fn none(&mut self, path: &str) {
        self.word(path, "none");
    }

    /// Sets a number at a dotted path of the policy, within its range. False when the range does
    /// not hold the number: the nearest end is written.
    pub(super) fn number(&mut self, path: &str, amount: u64) -> bool {
        let (text, is_exact) = written(path, amount);
        let path = Vec::from_iter(path.split('.'));
        self.policy.set(&path, Yaml::Plain(text));
        is_exact
    }

    /// As [`Self::number`], of a length of time.
    pub(super) fn time(&mut self, path: &str, length: Duration) -> bool {
        self.number(path, nanos(length))
    }

    /// As [`Self::number`], of one provider: `knob` is the path of the policy's own setting.
    pub(super) fn own(&mut self, provider: &str, path: &str, knob: &str, amount: u64) -> bool {
        let (text, is_exact) = written(knob, amount);
        let mut keys = vec!["overrides", "by_name", provider];
        keys.extend(path.split('.'));
        self.policy.set(&keys, Yaml::Plain(text));
        is_exact
    }

    /// Sets a count that is no knob of its own (`weight`, `priority_group`) of one provider.
    pub(super) fn own_count(&mut self, provider: &str, key: &str, count: u64) {
        let keys = ["overrides", "by_name", provider, key];
        self.policy.set(&keys, Yaml::Plain(count.to_string()));
    }

    /// Sets what is done about classes of failures.
    pub(super) fn action(&mut self, classes: &[&str], action: &str) {
        for class in classes {
            self.policy
                .set(&["failures", class], Yaml::Text(action.to_owned()));
        }
    }

    /// Sets what is done about an answer of a status, whatever its class. False where a policy
    /// knows no such status.
    pub(super) fn status(&mut self, status: u64, action: &str) -> bool {
        let is_error = u16::try_from(status).is_ok_and(is_error_status);
        if is_error {
            let path = ["failures", &status.to_string()];
            self.policy.set(&path, Yaml::Text(action.to_owned()));
        }
        is_error
    }

    /// Adds a quirk; none twice.
    pub(super) fn quirk(&mut self, name: &str) {
        let quirk = Yaml::Text(name.to_owned());
        self.add_quirk(quirk);
    }

    /// Adds a quirk that has a list of classes.
    pub(super) fn quirk_of(&mut self, name: &str, classes: &[&str]) {
        let mut quirk = Yaml::map();
        let classes = classes.iter().map(|class| (*class).to_owned());
        quirk.set(&[name], Yaml::texts(Vec::from_iter(classes)));
        self.add_quirk(quirk);
    }

    fn add_quirk(&mut self, quirk: Yaml) {
        self.policy.add(&["quirks"], quirk);
    }

    /// Sets how many retries failures of a class may have.
    pub(super) fn retries(&mut self, class: &str, retries: u64) {
        let path = ["retry", "max_retries_by_class", class];
        self.policy.set(&path, Yaml::Plain(retries.to_string()));
    }

    /// Whether the policy says something at a dotted path.
    pub(super) fn has(&self, path: &str) -> bool {
        self.policy.get(&Vec::from_iter(path.split('.'))).is_some()
    }

    /// A name for a provider, made from `wish`: letters, digits, `-` and `_`, and not taken yet.
    pub(super) fn name_for(&self, wish: &str) -> String {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let text: String = wish
            .chars()
            .map(|c| if fits(c) { c } else { '-' })
            .collect();
        let text = text.trim_matches('-');
        let text = match text.is_empty() || secrets::are_in(wish) || secrets::are_in(text) {
            true => "provider",
            false => &text[..text.len().min(LONGEST_NAME)],
        };
        let taken: BTreeSet<&str> = self.providers.iter().map(|one| one.name.as_str()).collect();
        let numbered = |n: usize| match n {
            1 => text.to_owned(),
            n => format!("{text}-{n}"),
        };
        let free = (1..)
            .map(numbered)
            .find(|name| !taken.contains(name.as_str()));
        free.unwrap_or_default()
    }

    /// The policy's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The files by their paths: policy, scenario, and the fleet where a client can call one.
    pub(crate) fn files(&self) -> Vec<(String, String)> {
        let name = &self.name;
        let mut files = Vec::new();
        if let Some(fleet) = self.fleet() {
            files.push(("fleet.yaml".to_owned(), fleet));
        }
        files.push((format!("policies/{name}.yaml"), self.policy()));
        files.push((format!("scenarios/{name}.yaml"), self.scenario()));
        files
    }

    /// The policy file.
    pub(super) fn policy(&self) -> String {
        let mut policy = self.policy.clone();
        let everything = serde_json::to_string(&Policy::everything()).unwrap_or_default();
        let order = Document::parse("policy", &everything).map(|all| all.keys(&[]));
        policy.order(&order.unwrap_or_default());
        let head = format!("# Imported from a configuration of {}.\n", self.system);
        head + &policy.write()
    }

    /// The fleet file; `None` when no provider of it can be called.
    fn fleet(&self) -> Option<String> {
        let mut fleet = Yaml::map();
        for one in &self.providers {
            let Some(url) = &one.url else { continue };
            let at = |key| ["fleet", one.name.as_str(), key];
            if one.dialect != Dialect::default() {
                fleet.set(&at("dialect"), Yaml::Text(one.dialect.name().to_owned()));
            }
            fleet.set(&at("url"), Yaml::Text(url.clone()));
            fleet.set(&at("model"), Yaml::Text(one.model.clone()));
            if let Some(version) = &one.api_version {
                fleet.set(&at("api_version"), Yaml::Plain(version.clone()));
            }
            if !one.keys.is_empty() {
                fleet.set(&at("keys"), Yaml::texts(&one.keys));
            }
            self.terms(one, &mut fleet, "fleet");
        }
        let head = format!("# Imported from a configuration of {}.\n", self.system);
        (!fleet.is_empty()).then(|| head + &fleet.write())
    }

    /// Price and context of a provider.
    fn terms(&self, one: &Provider, file: &mut Yaml, section: &str) {
        let at = |key| [section, one.name.as_str(), key];
        if let Some((input, output)) = one.price {
            let mut price = Yaml::map();
            price.set(&["input"], Yaml::Plain(input.to_string()));
            price.set(&["output"], Yaml::Plain(output.to_string()));
            file.set(&at("price"), price);
        }
        if let Some(context) = one.context {
            file.set(&at("context"), Yaml::Plain(tokens::write(context)));
        }
    }

    /// A scenario in which the first provider is down for a while, and limits the rate later.
    fn scenario(&self) -> String {
        let mut providers = Yaml::map();
        for one in &self.providers {
            let at = |key| ["providers", one.name.as_str(), key];
            let known = profiles::names().into_iter();
            let known = known.filter_map(profiles::find);
            let profile = known
                .into_iter()
                .find(|row| row.model == one.model && row.dialect == one.dialect);
            if let Some(profile) = profile {
                providers.set(&at("profile"), Yaml::Text(profile.name.to_owned()));
            } else {
                providers.set(&at("dialect"), Yaml::Text(one.dialect.name().to_owned()));
                providers.set(&at("model"), Yaml::Text(one.model.clone()));
                let mut ttft = Yaml::map();
                ttft.set(&["p50"], Yaml::Plain("700ms".to_owned()));
                ttft.set(&["p99"], Yaml::Plain("3s".to_owned()));
                providers.set(&at("ttft"), ttft);
                providers.set(&at("speed"), Yaml::Plain("80 tok/s".to_owned()));
            }
            if one.keys.len() > 1 {
                providers.set(&at("keys"), Yaml::Plain(one.keys.len().to_string()));
            }
            self.terms(one, &mut providers, "providers");
            if self.is_unpriced(one) {
                let mut price = Yaml::map();
                price.set(&["input"], Yaml::Plain("2 USD".to_owned()));
                price.set(&["output"], Yaml::Plain("8 USD".to_owned()));
                providers.set(&at("price"), price);
            }
        }
        let first = self.providers.first().map_or("", |one| one.name.as_str());
        SCENARIO
            .replace("$SYSTEM", self.system)
            .replace("$NAME", &self.name)
            .replace("$FIRST", first)
            .replace("$PROVIDERS", providers.write().trim_end())
    }

    /// Whether neither the file nor the price book has a price.
    fn is_unpriced(&self, one: &Provider) -> bool {
        one.price.is_none() && price_of(&one.model).is_none()
    }

    /// Checks that what is written can be read: an error is about the foreign file as a whole.
    pub(super) fn check(&self, sheet: &mut Sheet) -> Result<(), Diagnostic> {
        for one in self.providers.iter().filter(|one| self.is_unpriced(one)) {
            let says = format!(
                "The price book has no model `{}`: the scenario assumes 2 and 8 USD per million \
                 tokens.",
                one.model
            );
            sheet.default("price", Outcome::Approximated, says);
        }
        let policy = Policy::parse("policy", &self.policy()).map(|_| ());
        let fleet = self
            .fleet()
            .map_or(Ok(()), |text| FleetFile::parse("fleet", &text).map(|_| ()));
        policy.and(fleet).map_err(|problem| {
            let message = format!("no policy can say this: {}", problem.message());
            let hint = problem.hint_text().unwrap_or("change the file");
            sheet.wrong(&Spot::default(), &message, hint)
        })
    }
}

/// The number as a policy writes it at the path of this knob, and whether its range holds it.
fn written(path: &str, amount: u64) -> (String, bool) {
    let knob = KNOBS.iter().find(|knob| knob.path == path);
    let Some(knob) = knob else {
        return (amount.to_string(), true);
    };
    let end = |text| read_amount(knob.kind, text).unwrap_or(amount);
    let within = amount.clamp(end(knob.range.0), end(knob.range.1));
    (write_amount(knob.kind, within), within == amount)
}

/// Of a provider's name, before a number.
const LONGEST_NAME: usize = 56;

const SCENARIO: &str = "\
# Written by `firedrill import`, from a configuration of $SYSTEM. The configuration does not say
# how fast providers are, which load there is, and what fails: these are assumptions to change.
name: $NAME
about: Does the imported policy survive ten minutes without its first provider, and a rate limit?
run: { duration: 30m, seeds: 1..3 }
$PROVIDERS
load:
  rate: 1/s
  prompt: { p50: 1_000 tok, p99: 4k tok }
  output: { p50: 115 tok, p99: 600 tok }
  stream: 50%
  deadline: 60s
faults:
  outage: { at: 5m, for: 10m, target: $FIRST, inject: outage }
  storm: { at: 20m, for: 5m, target: $FIRST, inject: 429, rate: 80%, retry_after: 15s }
policies: [$NAME, resilient]
";

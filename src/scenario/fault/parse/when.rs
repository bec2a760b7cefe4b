//! To which attempts a fault applies.

use super::super::catalogue::{Row, Scope};
use super::super::kind::Layer;
use super::super::reader::Reader;
use super::super::when::When;
use super::Setting;
use crate::policy::ProviderId;
use crate::text::Diagnostic;
use crate::text::one_of::OneOf;

impl Reader<'_> {
    /// The conditions on an attempt at one of these `targets`.
    pub(super) fn when(
        &self,
        row: &Row,
        setting: &Setting<'_>,
        targets: &[ProviderId],
    ) -> Result<When, Diagnostic> {
        let Some(when) = &self.file.when else {
            return Ok(When::default());
        };
        self.check_when_keys(row)?;
        self.each("model", when.model.as_ref(), |model, place| {
            self.check_model(place, model, setting, targets)
        })?;
        self.each("key", when.key.as_ref(), |key, place| {
            self.check_key(place, key)
        })?;
        self.each("prompt", when.prompt.as_ref(), |_, _| Ok(()))?;
        self.each("client", when.client.as_ref(), |client, place| {
            let clients = setting.clients.filter(|clients| client >= clients);
            let Some(clients) = clients else {
                return Ok(());
            };
            let message = format!("there is no client {client}: `load.clients` is {clients}");
            let problem = self.problem(place, message);
            Err(problem.hint("clients are counted from 0"))
        })?;
        Ok(when.clone())
    }

    /// Checks each of the `values` of a key of `when`, with its place.
    fn each<T: PartialEq>(
        &self,
        key: &str,
        values: Option<&OneOf<T>>,
        check: impl Fn(&T, &str) -> Result<(), Diagnostic>,
    ) -> Result<(), Diagnostic> {
        let Some(values) = values else {
            return Ok(());
        };
        let path = format!("when.{key}");
        if values.values().is_empty() {
            let problem = self.problem(&path, "no attempt is one of none");
            return Err(problem.hint(format!("name one, or leave `{key}` out")));
        }
        for (n, value) in values.values().iter().enumerate() {
            let inside = format!("{path}.{n}");
            // A value that stands alone is read as a list of one.
            let is_listed = values.values().len() > 1;
            check(value, if is_listed { &inside } else { &path })?;
            if values.values()[..n].contains(value) {
                let problem = self.problem(&inside, "this is in the list already");
                return Err(problem.hint("name it once"));
            }
        }
        Ok(())
    }

    fn check_key(&self, place: &str, key: &str) -> Result<(), Diagnostic> {
        if (1..=200).contains(&key.len()) && key.chars().all(|c| c.is_ascii_graphic()) {
            return Ok(());
        }
        let problem = self.problem(place, "this is not a valid key of a request");
        Err(problem.hint("write 1 to 200 letters, digits and signs, without blanks"))
    }

    /// Before a request is read, only its client is known.
    fn check_when_keys(&self, row: &Row) -> Result<(), Diagnostic> {
        let keys = self.keys("when");
        if keys.is_empty() {
            let problem = self.problem("when", "this has no condition");
            return Err(problem.hint("write as in `when: { client: 0 }`, or leave it out"));
        }
        let blind = row.layer == Layer::Connection || row.reach == Scope::Client;
        let Some(key) = keys.iter().find(|key| blind && *key != "client") else {
            return Ok(());
        };
        let word = self.word();
        let message = format!("`{word}` strikes before a request is read: it has no `{key}` yet");
        let problem = self.problem_at_key(&format!("when.{key}"), message);
        Err(problem.hint("it can look at the `client` alone"))
    }

    /// Refuses a model that no target serves.
    fn check_model(
        &self,
        place: &str,
        model: &str,
        setting: &Setting<'_>,
        targets: &[ProviderId],
    ) -> Result<(), Diagnostic> {
        // Of a provider that cannot be read, the model is not known.
        let served: Option<Vec<&str>> = targets.iter().map(|id| setting.fleet.model(*id)).collect();
        let Some(served) = served.filter(|served| !served.contains(&model)) else {
            return Ok(());
        };
        let message = format!("none of its targets serves `{model}`");
        Err(self.problem(place, message).did_you_mean(model, served))
    }
}

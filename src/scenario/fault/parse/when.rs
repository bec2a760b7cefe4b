//! To which attempts a fault applies.

use super::super::catalogue::{Row, Scope};
use super::super::kind::Layer;
use super::super::reader::Reader;
use super::super::when::When;
use super::Setting;
use crate::policy::ProviderId;
use crate::text::Diagnostic;

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
        if let Some(model) = &when.model {
            self.check_model(model, setting, targets)?;
        }
        let can_be_shown = |key: &String| {
            (1..=200).contains(&key.len()) && key.chars().all(|c| c.is_ascii_graphic())
        };
        if !when.key.as_ref().is_none_or(can_be_shown) {
            let problem = self.problem("when.key", "this is not a valid key of a request");
            return Err(problem.hint("write 1 to 200 letters, digits and signs, without blanks"));
        }
        match (when.client, setting.clients) {
            (Some(client), Some(clients)) if client >= clients => {
                let message = format!("there is no client {client}: `load.clients` is {clients}");
                let problem = self.problem("when.client", message);
                return Err(problem.hint("clients are counted from 0"));
            }
            _ => {}
        }
        Ok(when.clone())
    }

    /// Before a request is read, only its client is known.
    fn check_when_keys(&self, row: &Row) -> Result<(), Diagnostic> {
        let keys = self.document.keys(&self.path("when"));
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
        Err(self
            .problem("when.model", message)
            .did_you_mean(model, served))
    }
}

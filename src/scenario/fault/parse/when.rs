//! Which attempts a fault looks at.

use super::Common;
use crate::policy::ProviderId;
use crate::scenario::check::MOST_TOKENS;
use crate::scenario::check::bounded;
use crate::scenario::fault::catalogue::Scope;
use crate::scenario::fault::{Bound, Layer, Side, When};
use crate::text::Diagnostic;
use crate::units::tokens;

impl Common<'_> {
    /// What must hold of an attempt at one of these `targets`.
    pub(super) fn when(&self, targets: &[ProviderId]) -> Result<When, Diagnostic> {
        let Some(file) = &self.reader.file.when else {
            return Ok(When::default());
        };
        self.check_when_keys()?;
        Ok(When {
            model: self.when_model(file.model.as_deref(), targets)?,
            key: self.when_key(file.key.as_deref())?,
            prompt: self.when_prompt(file.prompt.as_deref())?,
            streamed: file.streamed,
            client: self.when_client(file.client)?,
        })
    }

    /// Before a request is read, nothing is known of it but whose it is.
    fn check_when_keys(&self) -> Result<(), Diagnostic> {
        let keys = self
            .reader
            .document
            .keys(&["faults", self.reader.name, "when"]);
        if keys.is_empty() {
            let problem = self.reader.problem("when", "this asks for nothing");
            return Err(problem.hint("write as in `when: { client: 0 }`, or leave it out"));
        }
        let blind = self.row.layer == Layer::Connection || self.row.reach == Scope::Client;
        let Some(key) = keys.iter().find(|key| blind && *key != "client") else {
            return Ok(());
        };
        let word = &self.reader.file.inject;
        let message = format!("`{word}` strikes before a request is read: it has no `{key}` yet");
        let path = ["faults", self.reader.name, "when", key];
        let problem = self.reader.document.problem_at_key(&path, message);
        Err(problem.hint("it can look at the `client` alone"))
    }

    fn when_problem(&self, key: &str, message: impl Into<String>) -> Diagnostic {
        self.reader
            .document
            .problem(&["faults", self.reader.name, "when", key], message)
    }

    /// A model that no target serves would never be asked for.
    fn when_model(
        &self,
        model: Option<&str>,
        targets: &[ProviderId],
    ) -> Result<Option<String>, Diagnostic> {
        let Some(model) = model else { return Ok(None) };
        let providers = self.setting.providers;
        let struck = targets.iter().filter_map(|id| providers.get(id.index()));
        let served = Vec::from_iter(struck.map(|provider| provider.model.as_str()));
        if !served.contains(&model) {
            let message = format!("none of its targets serves `{model}`");
            let problem = self.when_problem("model", message);
            return Err(problem.did_you_mean(model, served));
        }
        Ok(Some(model.to_owned()))
    }

    fn when_key(&self, key: Option<&str>) -> Result<Option<String>, Diagnostic> {
        let Some(key) = key else { return Ok(None) };
        if !(1..=200).contains(&key.len()) || !key.chars().all(|c| c.is_ascii_graphic()) {
            let problem = self.when_problem("key", "no request can show such a key");
            return Err(problem.hint("write 1 to 200 letters, digits and signs, without blanks"));
        }
        Ok(Some(key.to_owned()))
    }

    fn when_prompt(&self, prompt: Option<&str>) -> Result<Option<Bound>, Diagnostic> {
        let Some(written) = prompt else {
            return Ok(None);
        };
        let text = written.trim();
        let side = Side::ALL
            .into_iter()
            .find(|side| text.starts_with(side.sign()));
        let Some(side) = side else {
            let problem = self.when_problem("prompt", "a size of prompts begins with a comparison");
            return Err(problem.hint("write as in `\"> 8k tok\"`, with `>`, `>=`, `<` or `<=`"));
        };
        let tokens = tokens::parse(&text[side.sign().len()..])
            .map_err(|message| self.when_problem("prompt", message))?;
        let path = ["faults", self.reader.name, "when", "prompt"];
        bounded(
            self.reader.document,
            &path,
            tokens,
            0..=MOST_TOKENS,
            tokens::write,
        )?;
        Ok(Some(Bound { side, tokens }))
    }

    fn when_client(&self, client: Option<u32>) -> Result<Option<u32>, Diagnostic> {
        let Some(client) = client else {
            return Ok(None);
        };
        let clients = self.setting.clients;
        if client >= clients {
            let message = format!("there is no client {client}: `load.clients` is {clients}");
            let problem = self.when_problem("client", message);
            return Err(problem.hint("clients are counted from 0"));
        }
        Ok(Some(client))
    }
}

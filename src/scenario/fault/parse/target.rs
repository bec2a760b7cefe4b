//! Whom a fault strikes: providers by name, or groups with a shared cause.

use std::collections::BTreeMap;

use super::Common;
use crate::policy::ProviderId;
use crate::scenario::Provider;
use crate::scenario::check::check_name;
use crate::scenario::fault::catalogue::Scope;
use crate::scenario::fault::written::Targets;
use crate::text::{Diagnostic, Document};

/// Providers with a shared cause (a cloud, a region, a network in front of them, an account, a
/// base URL), by the group's name.
pub(in crate::scenario) type Groups = BTreeMap<String, Vec<ProviderId>>;

/// The groups of the file.
pub(in crate::scenario) fn groups(
    document: &Document,
    files: &BTreeMap<String, Vec<String>>,
    providers: &[Provider],
) -> Result<Groups, Diagnostic> {
    let mut groups = Groups::new();
    for name in document.keys(&["groups"]) {
        let path = ["groups", &name];
        check_name(document, &path, "a group")?;
        if providers.iter().any(|provider| provider.name == name) {
            let message = format!("`{name}` is a provider already");
            let problem = document.problem_at_key(&path, message);
            return Err(problem.hint("give the group another name"));
        }
        let members = files.get(&name).map(Vec::as_slice).unwrap_or_default();
        if members.is_empty() {
            let problem = document.problem(&path, "a group needs at least one provider");
            return Err(
                problem.hint("write as in `groups: { aws-us-east: [ openai, anthropic ] }`")
            );
        }
        let mut ids = Vec::new();
        for (n, member) in members.iter().enumerate() {
            let place = n.to_string();
            let point = |message: String| document.problem(&["groups", &name, &place], message);
            let id = place_of(providers, member).ok_or_else(|| {
                let known = providers.iter().map(|provider| provider.name.as_str());
                point(format!("unknown provider `{member}`")).did_you_mean(member, known)
            })?;
            if ids.contains(&id) {
                let problem = point(format!("the provider `{member}` is named twice"));
                return Err(problem.hint("name it once"));
            }
            ids.push(id);
        }
        groups.insert(name, ids);
    }
    Ok(groups)
}

impl Common<'_> {
    /// In the order of the fleet. A fault of clients has none.
    pub(super) fn targets(&self) -> Result<Vec<ProviderId>, Diagnostic> {
        let (one, many) = match &self.reader.file.target {
            _ if self.row.reach == Scope::Client => return Ok(Vec::new()),
            None => {
                let problem = self
                    .reader
                    .document
                    .problem(&["faults", self.reader.name], "the key `target` is missing");
                return Err(problem.hint("add `target: …` here"));
            }
            Some(Targets::One(name)) => (Some(name), [].as_slice()),
            Some(Targets::Many(names)) => (None, names.as_slice()),
        };
        let mut targets = Vec::new();
        if let Some(name) = one {
            self.add(&mut targets, name, &["faults", self.reader.name, "target"])?;
        }
        for (n, name) in many.iter().enumerate() {
            let place = n.to_string();
            self.add(
                &mut targets,
                name,
                &["faults", self.reader.name, "target", &place],
            )?;
        }
        if targets.is_empty() {
            let problem = self
                .reader
                .problem("target", "a fault needs somebody to strike");
            return Err(problem.hint("name a provider, or a group of `groups`"));
        }
        targets.sort_unstable();
        Ok(targets)
    }

    /// Adds who is called `name`, at `path`.
    fn add(
        &self,
        targets: &mut Vec<ProviderId>,
        name: &str,
        path: &[&str],
    ) -> Result<(), Diagnostic> {
        let (providers, groups) = (self.setting.providers, self.setting.groups);
        let found = place_of(providers, name).map(|id| vec![id]);
        let Some(found) = found.or_else(|| groups.get(name).cloned()) else {
            let what = match groups.is_empty() {
                true => "provider",
                false => "provider or group",
            };
            let known = providers.iter().map(|provider| provider.name.as_str());
            let problem = self
                .reader
                .document
                .problem(path, format!("unknown {what} `{name}`"));
            return Err(problem.did_you_mean(name, known.chain(groups.keys().map(String::as_str))));
        };
        for id in found {
            if targets.contains(&id) {
                let twice = providers
                    .get(id.index())
                    .map_or(name, |one| one.name.as_str());
                let message = format!("the provider `{twice}` is struck twice");
                let problem = self.reader.document.problem(path, message);
                return Err(problem.hint("name it once, alone or in one group"));
            }
            targets.push(id);
        }
        Ok(())
    }
}

fn place_of(providers: &[Provider], name: &str) -> Option<ProviderId> {
    let place = providers.iter().position(|known| known.name == name)?;
    u16::try_from(place).ok().map(ProviderId)
}

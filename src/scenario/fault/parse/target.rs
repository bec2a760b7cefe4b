//! The targets of a fault: providers by name, or groups with a shared cause.

use std::collections::BTreeMap;

use super::super::catalogue::{Row, Scope};
use super::super::forms::{Targets, WrittenGroup};
use super::super::reader::Reader;
use super::Setting;
use crate::policy::ProviderId;
use crate::scenario::check::check_name;
use crate::scenario::provider::Fleet;
use crate::text::findings::Findings;
use crate::text::{Diagnostic, Document};

/// Providers with a shared cause (a cloud, a region, a network in front of them, an account, a
/// base URL), by the group's name.
pub(in crate::scenario) type Groups = BTreeMap<String, Group>;

/// The providers of a group.
#[derive(Clone, Debug, Default)]
pub(in crate::scenario) struct Group {
    members: Vec<ProviderId>,
    /// Whether they share the draws of a fault that names the group.
    shared_fate: bool,
}

/// The groups of the file. One that is wrong is still known by its name.
pub(in crate::scenario) fn groups(
    document: &Document,
    files: &BTreeMap<String, WrittenGroup>,
    fleet: &Fleet,
    findings: &mut Findings,
) -> Groups {
    let names = document.keys(&["groups"]).into_iter();
    names
        .filter(|_| !fleet.is_empty())
        .map(|name| {
            let written = files.get(&name);
            let group = findings.part(&["groups", &name], || {
                group(document, &name, written, fleet)
            });
            (name, group.unwrap_or_default())
        })
        .collect()
}

/// The group `name`.
fn group(
    document: &Document,
    name: &str,
    written: Option<&WrittenGroup>,
    fleet: &Fleet,
) -> Result<Group, Diagnostic> {
    let members = written.map_or(&[][..], |group| &group.providers);
    let path = ["groups", name];
    check_name(document, &path, "a group")?;
    if fleet.id(name).is_some() {
        let message = format!("`{name}` is a provider already");
        let problem = document.problem_at_key(&path, message);
        return Err(problem.hint("give the group another name"));
    }
    if members.is_empty() {
        let problem = document.problem(&path, "a group needs at least one provider");
        return Err(problem.hint("write as in `groups: { aws-us-east: [ openai, anthropic ] }`"));
    }
    let mut ids = Vec::new();
    for (n, member) in members.iter().enumerate() {
        let place = n.to_string();
        let inside = match written.is_some_and(|group| group.is_map) {
            true => vec!["groups", name, "providers", &place],
            false => vec!["groups", name, &place],
        };
        let point = |message: String| document.problem(&inside, message);
        let id = fleet.id(member).ok_or_else(|| {
            point(format!("unknown provider `{member}`")).did_you_mean(member, fleet.names())
        })?;
        if ids.contains(&id) {
            let problem = point(format!("the provider `{member}` is named twice"));
            return Err(problem.hint("name it once"));
        }
        ids.push(id);
    }
    Ok(Group {
        members: ids,
        shared_fate: written.is_some_and(|group| group.shared_fate),
    })
}

impl Reader<'_> {
    /// The targets of the fault, in the order of the fleet. A fault of clients has none.
    pub(super) fn targets(
        &self,
        row: &Row,
        setting: &Setting<'_>,
    ) -> Result<Vec<ProviderId>, Diagnostic> {
        if row.reach == Scope::Client {
            return Ok(Vec::new());
        }
        let Some(Targets(names)) = &self.file.target else {
            let problem = self.problem("", "the key `target` is missing");
            return Err(problem.hint("add `target: …` here"));
        };
        let mut targets = Vec::new();
        for (n, name) in names.iter().enumerate() {
            for id in self.named(&format!("target.{n}"), name, setting)? {
                if targets.contains(&id) {
                    let twice = setting.fleet.names().nth(id.index()).unwrap_or(name);
                    let message = format!("the provider `{twice}` is struck twice");
                    let problem = self.problem(&format!("target.{n}"), message);
                    return Err(problem.hint("name it once, alone or in one group"));
                }
                targets.push(id);
            }
        }
        if names.is_empty() {
            let problem = self.problem("target", "a fault needs a target");
            return Err(problem.hint("name a provider, or a group of `groups`"));
        }
        targets.sort_unstable();
        Ok(targets)
    }

    /// The sets of `targets` that share their draws: all, or those of groups that share them.
    pub(super) fn shared_fate(
        &self,
        targets: &[ProviderId],
        setting: &Setting<'_>,
    ) -> Vec<Vec<ProviderId>> {
        if targets.len() < 2 {
            return Vec::new();
        }
        if let Some(all) = self.file.shared_fate {
            return all.then(|| targets.to_vec()).into_iter().collect();
        }
        let names = self.file.target.iter().flat_map(|Targets(names)| names);
        let groups = names.filter(|name| setting.fleet.id(name).is_none());
        let groups = groups.filter_map(|name| setting.groups.get(name));
        let sets = groups.filter(|group| group.shared_fate && group.members.len() > 1);
        sets.map(|group| group.members.clone()).collect()
    }

    /// The provider, or the members of the group, called `name`.
    fn named(
        &self,
        key: &str,
        name: &str,
        setting: &Setting<'_>,
    ) -> Result<Vec<ProviderId>, Diagnostic> {
        let (fleet, groups) = (setting.fleet, setting.groups);
        let found = fleet.id(name).map(|id| vec![id]);
        found
            .or_else(|| groups.get(name).map(|group| group.members.clone()))
            .ok_or_else(|| {
                let what = match groups.is_empty() {
                    true => "provider",
                    false => "provider or group",
                };
                let known = fleet.names().chain(groups.keys().map(String::as_str));
                let problem = self.problem(key, format!("unknown {what} `{name}`"));
                problem.did_you_mean(name, known)
            })
    }
}

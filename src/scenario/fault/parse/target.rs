//! The targets of a fault: providers by name, or groups with a shared cause.

use std::collections::BTreeMap;

use super::super::catalogue::{Row, Scope};
use super::super::forms::{Target, WrittenGroup};
use super::super::reader::Reader;
use super::Setting;
use crate::policy::ProviderId;
use crate::scenario::provider::Fleet;
use crate::text::Diagnostic;
use crate::text::findings::Findings;
use crate::text::one_of::OneOf;
use crate::text::place::{Place, named};

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
    section: &Place<'_>,
    written: BTreeMap<String, WrittenGroup>,
    fleet: &Fleet,
    findings: &mut Findings,
) -> Groups {
    if fleet.is_empty() {
        return Groups::new();
    }
    let limits = ("a group", usize::MAX);
    let groups = named(section, limits, written, findings, |place, name, one| {
        group(place, name, &one, fleet)
    });
    let groups = groups.into_iter();
    groups
        .map(|(name, group)| (name, group.unwrap_or_default()))
        .collect()
}

/// The group `name`.
fn group(
    place: &Place<'_>,
    name: &str,
    written: &WrittenGroup,
    fleet: &Fleet,
) -> Result<Group, Diagnostic> {
    if fleet.id(name).is_some() {
        let message = format!("`{name}` is a provider already");
        return place.refuse_key("", message, "give the group another name");
    }
    if written.providers.is_empty() {
        let hint = "write as in `groups: { aws-us-east: [ openai, anthropic ] }`";
        return place.refuse("", "a group needs at least one provider", hint);
    }
    let mut members = Vec::new();
    for (n, member) in written.providers.iter().enumerate() {
        let key = match written.is_map {
            true => format!("providers.{n}"),
            false => n.to_string(),
        };
        let id = fleet.find(member, |message| place.problem(&key, message))?;
        if members.contains(&id) {
            let message = format!("the provider `{member}` is named twice");
            return place.refuse(&key, message, "name it once");
        }
        members.push(id);
    }
    Ok(Group {
        members,
        shared_fate: written.shared_fate,
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
        let Some(names) = &self.file.target else {
            return self.refuse("", "the key `target` is missing", "add `target: …` here");
        };
        let mut targets = Vec::new();
        for (n, Target(name)) in names.values().iter().enumerate() {
            for id in self.named(&format!("target.{n}"), name, setting)? {
                if targets.contains(&id) {
                    let twice = setting.fleet.names().nth(id.index()).unwrap_or(name);
                    let message = format!("the provider `{twice}` is struck twice");
                    let hint = "name it once, alone or in one group";
                    return self.refuse(&format!("target.{n}"), message, hint);
                }
                targets.push(id);
            }
        }
        if names.values().is_empty() {
            let hint = "name a provider, or a group of `groups`";
            return self.refuse("target", "a fault needs a target", hint);
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
        let names = self.file.target.iter().flat_map(OneOf::values);
        let groups = names.filter(|Target(name)| setting.fleet.id(name).is_none());
        let groups = groups.filter_map(|Target(name)| setting.groups.get(name));
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

//! Finds a policy by its name: a file of the project, a file by path, or a preset.
//!
//! A name that ends in `.yaml` or `.yml`, or holds a `/`, is a file: relative to the scenario, and
//! below its project's root, when the scenario names it; relative to the current directory, and
//! anywhere, when the user does. `policy_file` checks the contents.

use std::path::{Path, PathBuf};

use super::Changes;
use crate::policy::config::Policy;
use crate::policy_file::presets;
use crate::scenario::load::Loaded;
use crate::text::project::POLICIES;
use crate::text::{Diagnostic, Document};

/// What is wrong with the names of the policies to run: those that the user chose, else the
/// scenario's own.
pub(super) fn check(loaded: &Loaded, changes: &Changes) -> Vec<Diagnostic> {
    let asked = asked(loaded, &changes.policies);
    if asked.is_empty() {
        let problem = loaded.document.problem(&["policies"], "no policy to run");
        return vec![problem.did_you_mean("", presets::names())];
    }
    let wrong = asked.iter().filter_map(|one| one.place(loaded).err());
    wrong.collect()
}

/// The policies to run, each with its document; or every problem found. A name that [`check`]
/// refuses, and what stands in for one, is left out.
pub(super) fn find_all(
    loaded: &Loaded,
    changes: &Changes,
) -> Result<Vec<(Policy, Document)>, Vec<Diagnostic>> {
    let overrides = overrides(&changes.set);
    let mut policies: Vec<(Policy, Document)> = Vec::new();
    let mut problems = Vec::new();
    for asked in asked(loaded, &changes.policies) {
        let place = asked.place(loaded);
        let Some(place) = place.ok().filter(|_| !asked.is_stand_in(loaded)) else {
            continue;
        };
        match place.read(&overrides) {
            Err(wrong) => problems.extend(wrong),
            Ok((policy, _)) if policies.iter().any(|(other, _)| other.name == policy.name) => {
                let message = format!("two policies are named `{}`", policy.name);
                problems.push(asked.problem(loaded, message).hint("leave one of them out"));
            }
            Ok(found) => policies.push(found),
        }
    }
    if problems.is_empty() {
        Ok(policies)
    } else {
        Err(problems)
    }
}

/// The names of the policies that the scenario lists, then of those that the user runs: a file's
/// name is its stem.
pub(super) fn names(loaded: &Loaded, changes: &Changes) -> Vec<String> {
    let listed = loaded.scenario.policies.iter().chain(&changes.policies);
    let mut names: Vec<String> = Vec::new();
    for name in listed.map(|written| name_of(written)) {
        if names.iter().all(|known| known != name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// Whether `name` is a preset, or a policy of the scenario's project.
pub(super) fn exists(name: &str, loaded: &Loaded) -> bool {
    known(loaded).iter().any(|known| known == name)
}

/// A `--set`: path and value.
type Override = (String, String);

/// The overrides of `--set policy.…`, without the `policy.`; all others are the scenario's.
fn overrides(all: &[Override]) -> Vec<Override> {
    let own = |(path, value): &Override| {
        let path = path.strip_prefix(PREFIX)?;
        Some((path.to_owned(), value.clone()))
    };
    all.iter().filter_map(own).collect()
}

/// A policy's name, and where it was written.
struct Asked<'a> {
    name: &'a str,
    by: By,
}

/// Where a policy's name was written.
#[derive(Clone, Copy)]
enum By {
    /// In the scenario, at this position of its list.
    Scenario(usize),
    /// By the user, on the command line or in code.
    User,
}

/// The names to find: `chosen`, else the scenario's list.
fn asked<'a>(loaded: &'a Loaded, chosen: &'a [String]) -> Vec<Asked<'a>> {
    let own = loaded.scenario.policies.iter().enumerate();
    if chosen.is_empty() {
        let by_scenario = |(place, name): (usize, &'a String)| Asked {
            name,
            by: By::Scenario(place),
        };
        return own.map(by_scenario).collect();
    }
    let by_user = |name: &'a String| Asked { name, by: By::User };
    chosen.iter().map(by_user).collect()
}

/// Where a policy is.
enum Place<'a> {
    /// In this file.
    File(PathBuf),
    /// It is the preset of this name, with this text.
    Preset(&'a str, &'static str),
}

impl Place<'_> {
    /// The policy and its document, with `overrides` on top.
    fn read(&self, overrides: &[Override]) -> Result<(Policy, Document), Diagnostic> {
        let (mut document, stem) = self.document()?;
        let set = |(path, value): &Override| document.set_with_prefix(PREFIX, path, value).err();
        let wrong = Vec::from_iter(overrides.iter().filter_map(set));
        let read = Policy::from_document(&document, Some(&stem));
        let all = wrong.into_iter().chain(read.as_ref().err().cloned());
        match Diagnostic::of_all(all.collect()) {
            Some(problems) => Err(problems),
            None => Ok((read?, document)),
        }
    }

    /// The policy's document, and the stem that its name must equal.
    fn document(&self) -> Result<(Document, String), Diagnostic> {
        match self {
            Self::File(file) => {
                let stem = file.file_stem().unwrap_or_default();
                Ok((Document::read(file)?, stem.to_string_lossy().into_owned()))
            }
            Self::Preset(name, text) => {
                let document = Document::parse(&format!("preset {name}"), text)?;
                Ok((document, (*name).to_owned()))
            }
        }
    }
}

impl Asked<'_> {
    /// Where the policy is, if there is one of this name.
    fn place(&self, loaded: &Loaded) -> Result<Place<'_>, Diagnostic> {
        let name = self.name;
        if let Some(file) = self.file(loaded)? {
            if file.exists() {
                return Ok(Place::File(file));
            }
            let message = format!("there is no file `{}`", file.display());
            let from = match self.by {
                By::Scenario(_) => "this file",
                By::User => "the current directory",
            };
            let hint = format!("the path is relative to {from}");
            return Err(self.problem(loaded, message).hint(hint));
        }
        let preset = presets::text(name).map(|text| Place::Preset(name, text));
        preset.ok_or_else(|| {
            let known = known(loaded);
            let problem = self.problem(loaded, format!("there is no policy `{name}`"));
            if let Some(now) = presets::renamed(name) {
                return problem.hint(format!("it is `{now}` now"));
            }
            problem.did_you_mean(name, known.iter().map(String::as_str))
        })
    }

    /// The file; none when it can only be a preset.
    fn file(&self, loaded: &Loaded) -> Result<Option<PathBuf>, Diagnostic> {
        let listed = match self.by {
            By::Scenario(place) => Some((place, self.name)),
            By::User if is_file_name(self.name) => return Ok(Some(PathBuf::from(self.name))),
            // A name in a report is a file's stem, so the user may write the stem.
            By::User => listed_as(self.name, loaded),
        };
        match listed {
            Some((place, name)) if is_file_name(name) => {
                let keys = ["policies", &place.to_string()];
                let shown = name.strip_prefix("./").unwrap_or(name);
                loaded.locate(&keys, shown).map(Some)
            }
            _ => Ok(project_file(self.name, &loaded.root)),
        }
    }

    /// Whether the scenario does not say this name: it stands in for a wrong one.
    fn is_stand_in(&self, loaded: &Loaded) -> bool {
        match self.by {
            By::Scenario(place) => {
                let keys = ["policies", &place.to_string()];
                loaded.document.is_stand_in(&keys)
            }
            By::User => false,
        }
    }

    /// A diagnostic that points at the name in its file.
    fn problem(&self, loaded: &Loaded, message: String) -> Diagnostic {
        match self.by {
            By::Scenario(place) => {
                let place = place.to_string();
                loaded.document.problem(&["policies", &place], message)
            }
            By::User => on_command_line("--policy", self.name, message),
        }
    }
}

/// A diagnostic that points at the name in `--policy NAME`, or behind another flag.
pub(super) fn on_command_line(flag: &str, name: &str, message: String) -> Diagnostic {
    let words = format!("{flag} {name}");
    let range = words.len() - name.len()..words.len();
    Diagnostic::of_text("command line", &words, range, message)
}

/// Whether a policy's name is that of a file.
fn is_file_name(name: &str) -> bool {
    name.contains('/') || stem(name).is_some()
}

/// A file's name without its ending, when it ends as policy files do.
fn stem(name: &str) -> Option<&str> {
    ENDINGS.iter().find_map(|ending| name.strip_suffix(ending))
}

/// The policy's name in what was written: a file's stem, or the name itself.
fn name_of(written: &str) -> &str {
    let last = written.rsplit('/').next().unwrap_or(written);
    stem(last).unwrap_or(last)
}

/// The file of the project for a bare name, if there is one.
fn project_file(name: &str, root: &Path) -> Option<PathBuf> {
    let mut files = ENDINGS
        .iter()
        .map(|ending| root.join(POLICIES).join(format!("{name}{ending}")));
    files.find(|file| file.is_file())
}

/// The file, and its position, that the scenario lists and whose stem is `name`.
fn listed_as<'a>(name: &str, loaded: &'a Loaded) -> Option<(usize, &'a str)> {
    let mut listed = loaded
        .scenario
        .policies
        .iter()
        .map(String::as_str)
        .enumerate();
    listed.find(|(_, listed)| is_file_name(listed) && name_of(listed) == name)
}

/// All known bare names, sorted.
fn known(loaded: &Loaded) -> Vec<String> {
    let mut known: Vec<String> = presets::names().into_iter().map(str::to_owned).collect();
    for entry in std::fs::read_dir(loaded.root.join(POLICIES))
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name();
        known.extend(name.to_str().and_then(stem).map(str::to_owned));
    }
    known.sort();
    known.dedup();
    known
}

/// The prefix of a `--set` path that is meant for policies.
const PREFIX: &str = "policy.";

/// The extensions of policy files.
const ENDINGS: [&str; 2] = [".yaml", ".yml"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_or_an_ending_makes_a_file() {
        for file in ["./mine", "mine.yaml", "mine.yml", "../policies/x.yaml"] {
            assert!(is_file_name(file), "{file}");
        }
        for bare in ["mine", "retry-only", "v1.2"] {
            assert!(!is_file_name(bare), "{bare}");
        }
    }

    #[test]
    fn only_a_policy_prefix_reaches_policies() {
        let pair = |path: &str| (path.to_owned(), "3".to_owned());
        let all = [
            pair("policy.retry.max_attempts"),
            pair("load.rate"),
            pair("policies"),
        ];
        assert_eq!(overrides(&all), [pair("retry.max_attempts")]);
    }
}

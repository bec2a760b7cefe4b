//! Writes a policy's settings as those of another system, and notes what became of each.

use super::note::Outcome;
use super::sheet::{Sheet, Spot};
use super::statuses::class_of;
use super::yaml::Yaml;
use crate::policy::classify::{Action, FailureClass};
use crate::policy::config::Policy;
use crate::units::duration;
use std::time::Duration;

/// A foreign file that is being written from a policy.
pub(super) struct Export<'a> {
    /// The policy.
    pub(super) policy: &'a Policy,
    sheet: &'a mut Sheet,
    /// The file so far.
    pub(super) file: Yaml,
    /// What stands as comments at its end.
    pub(super) comments: String,
}

impl<'a> Export<'a> {
    pub(super) fn new(policy: &'a Policy, sheet: &'a mut Sheet) -> Self {
        let file = Yaml::map();
        let mut export = Self {
            policy,
            sheet,
            file,
            comments: String::new(),
        };
        for key in ["name", "about", "allow"] {
            export.note(key, Outcome::NotUsed, "It is for people and for `check`.");
        }
        export
    }

    /// What the policy does after an answer of this status.
    pub(super) fn action(&self, status: u64) -> Action {
        let class = class_of(status).and_then(FailureClass::from_name);
        let class = class.unwrap_or(FailureClass::Rejected);
        let status = u16::try_from(status).ok();
        let set = self.policy.failures.action(class, status);
        set.unwrap_or_else(|| class.action())
    }

    /// The keys of a map of the policy's file.
    pub(super) fn keys(&self, path: &str) -> Vec<String> {
        self.sheet.keys(&spot(path))
    }

    /// Notes what became of a setting, if the policy's file says it.
    pub(super) fn note(&mut self, path: &str, outcome: Outcome, says: &str) {
        let spot = spot(path);
        if self.sheet.has(&spot) {
            self.sheet.note(&spot, outcome, says);
        }
    }

    /// Sets a value of the foreign file at a path of keys.
    pub(super) fn set(&mut self, path: &[&str], value: Yaml) {
        self.file.set(path, value);
    }

    /// Makes the map at `key` the only entry of a list.
    pub(super) fn wrap(&mut self, key: &str) {
        if let Some(value) = self.file.get(&[key]).cloned() {
            self.file.set(&[key], Yaml::List(vec![value]));
        }
    }

    /// Adds settings of single providers, by name, as comments: the file has no models.
    pub(super) fn comments(&mut self, lines: &[(String, Yaml)]) {
        for (name, params) in lines {
            let text = params.flow();
            self.comments.push_str(&format!("# {name}: {text}\n"));
        }
    }

    /// Sets a number or a word of the foreign file.
    pub(super) fn plain(&mut self, path: &[&str], value: impl ToString) {
        self.file.set(path, Yaml::Plain(value.to_string()));
    }
}

fn spot(path: &str) -> Spot {
    let mut steps = path.split('.');
    let first = Spot::of(steps.next().unwrap_or_default());
    steps.fold(first, |spot, key| spot.to(key))
}

/// A length of time as a number of seconds: `0.25`.
pub(super) fn seconds(length: Duration) -> String {
    let millis = length.as_millis();
    let text = format!("{}.{:03}", millis / 1_000, millis % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A length of time in words, for sentences.
pub(super) fn shown(length: Duration) -> String {
    duration::write(length)
}

//! The smallest world that was found, as a scenario file: what happened, and that it breaks.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::{fs, io};

use super::Hunt;
use super::candidate::Candidate;
use crate::drill::{Changes, Drill, Engine};
use crate::expect::Expectation;
use crate::policy::config::Policy;
use crate::policy_file::presets;
use crate::report::Verdict;
use crate::report::story::{CallStory, Pick};
use crate::scenario::fault::FaultKind;
use crate::text::{Diagnostic, text_scalar};
use crate::time::Instant;

/// The smallest world that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its faults in words, one a line, and its load.
    pub words: Vec<String>,
    /// How the expectation came out, under the first seed: `was 61.2%`.
    pub finding: String,
    /// The seeds under which it breaks.
    pub seeds: Vec<u64>,
    /// What happens in it, in a word or two, for a name: `outage`.
    pub title: String,
    /// How many faults are the scenario's own.
    own: usize,
    candidate: Candidate,
}

/// What a policy does in the found world.
#[derive(Clone, Debug)]
pub struct Other {
    /// The policy.
    pub name: String,
    /// Whether it breaks as well.
    pub verdict: Verdict,
    /// How the expectation came out: `was 99.1%`.
    pub finding: String,
}

/// Files of a found world, by their path in the folder.
pub type Files = Vec<(PathBuf, String)>;

impl Found {
    pub(super) fn new(hunt: &Hunt, candidate: Candidate, seeds: Vec<u64>) -> Self {
        let own = hunt.drill.scenario().faults.len();
        let faults = candidate.drill.scenario().faults.iter().skip(own);
        let mut title = Vec::from_iter(faults.map(|fault| word(&fault.inject)));
        title.dedup();
        Self {
            words: hunt.space.words(&candidate.world),
            finding: candidate.finding(seeds.first().copied().unwrap_or(1)),
            title: match title.is_empty() {
                true => "load".to_owned(),
                false => title.join("-and-"),
            },
            seeds,
            own,
            candidate,
        }
    }

    /// The scenario, and its policy where it is no preset, as files of `folder`; `origin` says in
    /// comments where it comes from. `set` was set on top of the policy.
    ///
    /// # Errors
    /// When the world as a file is no scenario.
    pub fn files(&self, folder: &Path, name: &str, origin: &[String]) -> Result<Files, Diagnostic> {
        let drill = &self.candidate.drill;
        let Some((policy, own)) = drill.policies().iter().zip(drill.policy_documents()).next()
        else {
            return Ok(Files::new());
        };
        let is_preset = is_preset(policy);
        let listed = match is_preset {
            true => policy.name.clone(),
            false => format!("./policies/{}.yaml", policy.name),
        };
        let mut document = drill.document().clone();
        for (path, value) in self.frame(policy, name, &listed) {
            document.set(path, &value)?;
        }
        if let Some(trace) = self.trace(folder) {
            document.set("load.trace", &text_scalar(&trace))?;
        }
        let comments = origin.iter().chain(&self.words);
        let comments = comments.map(|line| format!("# {line}\n"));
        let text = comments.collect::<String>() + &document.to_yaml();
        let mut files = vec![(PathBuf::from(format!("{name}.yaml")), text)];
        if !is_preset {
            let file = Path::new("policies").join(format!("{}.yaml", policy.name));
            files.push((file, own.to_yaml()));
        }
        Ok(files)
    }

    /// What the file says beside the world itself.
    fn frame(&self, policy: &Policy, name: &str, listed: &str) -> [(&'static str, String); 5] {
        let until = &self.candidate.expectation.text;
        let about = format!("Is {until} for {} here?", policy.name);
        let about = match about.len() <= LONGEST_ABOUT {
            true => about,
            false => "Does the policy survive what a hunt has found?".to_owned(),
        };
        let seeds = match self.seeds.first() {
            None | Some(1) => "1".to_owned(),
            Some(seed) => format!("{seed}..{seed}"),
        };
        [
            ("name", text_scalar(name)),
            ("about", text_scalar(&about)),
            ("run.seeds", seeds),
            ("policies", format!("[{}]", text_scalar(listed))),
            (
                "expect",
                format!(
                    "{{ {}: [{}] }}",
                    text_scalar(&policy.name),
                    text_scalar(until)
                ),
            ),
        ]
    }

    /// The way from `folder` to the trace that the scenario replays, if it does.
    fn trace(&self, folder: &Path) -> Option<String> {
        let drill = &self.candidate.drill;
        let written = drill.document().value(&["load", "trace"])?;
        let written = written.trim_matches(['"', '\'']);
        let trace = drill.path().parent()?.join(written);
        relative(folder, &trace).ok()
    }

    /// What each of `policies`, names or files, does in this world under the first seed.
    ///
    /// # Errors
    /// When one of them cannot be read; all problems, at least one.
    pub fn others(&self, policies: &[String]) -> Result<Vec<Other>, Vec<Diagnostic>> {
        let drill = &self.candidate.drill;
        let changes = Changes {
            policies: policies.to_vec(),
            engine: Engine::Model,
            prices: drill.changes().prices.clone(),
            ..Changes::default()
        };
        let drill = Drill::of_document(drill.document().clone(), drill.path(), changes)?;
        let drill = drill.counting([self.candidate.expectation.clone()]);
        let others = drill
            .policies()
            .iter()
            .map(|policy| self.other(&drill, policy));
        Ok(others.collect())
    }

    /// What the policy does on the simulated network, byte by byte, in the world of `written`: the
    /// file of this one, read again.
    pub fn on_the_wire(&self, written: &Drill) -> Option<Other> {
        let drill = written.clone().engine(Engine::Wire);
        let policy = drill.policies().first()?;
        Some(self.other(&drill, policy))
    }

    fn other(&self, drill: &Drill, policy: &Policy) -> Other {
        let seed = self.seeds.first().copied().unwrap_or(1);
        let judged = drill.stats(policy, seed);
        let judged = judged.map(|stats| drill.judged(&self.candidate.expectation, &stats));
        let (verdict, finding) =
            judged.unwrap_or_else(|error| (Verdict::Inconclusive, error.to_string()));
        Other {
            name: policy.name.clone(),
            verdict,
            finding,
        }
    }

    /// The expectation, as the world has it.
    pub const fn expectation(&self) -> &Expectation {
        &self.candidate.expectation
    }

    /// The story of the first call that fails once the first hunted fault has begun, under the
    /// first seed; none if all succeed.
    pub fn story(&self) -> Option<String> {
        let drill = &self.candidate.drill;
        let hunted = drill.scenario().faults.iter().skip(self.own);
        let begins = hunted.map(|fault| Instant::START + fault.windows.at).min();
        let first: Arc<Mutex<Option<CallStory>>> = Arc::default();
        let kept = first.clone();
        let keep = move |story: &CallStory| {
            let mut first = kept.lock().unwrap_or_else(PoisonError::into_inner);
            let is_due = story.ended.map(|(at, _)| at) >= begins;
            let is_first = first
                .as_ref()
                .is_none_or(|first| story.arrived < first.arrived);
            if is_due && is_first {
                *first = Some(story.clone());
            }
        };
        let seed = self.seeds.first().copied()?;
        drill
            .trace(drill.policies().first()?, seed, Pick::Failed, keep)
            .ok()?;
        let first = first.lock().unwrap_or_else(PoisonError::into_inner);
        first.as_ref().map(|story| story.in_full(&drill.names()))
    }
}

/// The word of a fault, for a name.
fn word(kind: &FaultKind) -> String {
    kind.word().replace('_', "-")
}

/// Whether the preset of its name is this policy.
fn is_preset(policy: &Policy) -> bool {
    let text = presets::text(&policy.name);
    let preset = text.and_then(|text| Policy::parse(&policy.name, text).ok());
    preset.as_ref() == Some(policy)
}

/// The way from the folder `from` to the file `to`.
fn relative(from: &Path, to: &Path) -> io::Result<String> {
    let (from, to) = (fs::canonicalize(from)?, fs::canonicalize(to)?);
    let shared = from
        .components()
        .zip(to.components())
        .take_while(|(one, two)| one == two);
    let shared = shared.count();
    let up = from.components().skip(shared).map(|_| "..".to_owned());
    let down = to.components().skip(shared);
    let down = down.map(|part| part.as_os_str().to_string_lossy().into_owned());
    Ok(Vec::from_iter(up.chain(down)).join("/"))
}

/// A question of more does not fit into a list of scenarios.
const LONGEST_ABOUT: usize = 100;

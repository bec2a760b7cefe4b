//! Finished runs that outlive the process: a sweep that was interrupted goes on with the others.
//!
//! A [`Finished`] run is exact, so it merges to the bytes of a run that was just made. Where it is
//! kept is up to the caller, who must also refuse runs of other [`Drill::inputs`].

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Drill, Fingerprint, Sample};
use crate::report::{CallOutcomes, RunStats};
use crate::rng::Hash;
use crate::scenario::Calls;

/// What a run came to: its counts, and how each of its calls ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finished {
    pub(super) state: RunStats,
    pub(super) calls: CallOutcomes,
    /// If it was in the sample that is repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fingerprint: Option<Fingerprint>,
}

/// Keeps finished runs by their number, which counts the runs of all drills: drill by drill, policy
/// by policy, seed by seed.
pub trait Checkpoint: Sync {
    /// Whether this run was finished before. The answer does not change.
    fn has(&self, run: u64) -> bool;

    /// A run that was finished before; none when it cannot be read. Then no further report is made.
    fn load(&self, run: u64) -> Option<Finished>;

    /// Keeps a run that has just finished. Called from several threads.
    fn save(&self, run: u64, finished: &Finished);
}

/// How a caller controls many runs.
#[derive(Clone, Copy, Default)]
pub struct Control<'a> {
    /// Where finished runs are kept.
    pub checkpoint: Option<&'a dyn Checkpoint>,
    /// The runs whose fingerprints are wanted.
    pub sample: Sample,
    /// Once it is true no run is started, and no report is made.
    pub interrupted: Option<&'a AtomicBool>,
}

impl Control<'_> {
    /// Whether this run was finished before.
    pub(super) fn has(&self, run: u64) -> bool {
        self.checkpoint
            .is_some_and(|checkpoint| checkpoint.has(run))
    }

    /// A run that was finished before.
    pub(super) fn load(&self, run: u64) -> Option<Finished> {
        self.checkpoint?.load(run)
    }

    /// Keeps a run that was just made.
    pub(super) fn save(&self, run: u64, finished: &Finished) {
        if let Some(checkpoint) = self.checkpoint {
            checkpoint.save(run, finished);
        }
    }

    pub(super) fn is_interrupted(&self) -> bool {
        let interrupted = self.interrupted;
        interrupted.is_some_and(|interrupted| interrupted.load(Ordering::Relaxed))
    }
}

impl fmt::Debug for Control<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control")
            .field("checkpoint", &self.checkpoint.is_some())
            .field("sample", &self.sample)
            .field("interrupted", &self.interrupted)
            .finish()
    }
}

impl Drill {
    /// Everything on which its runs and their numbers depend, beside the program itself.
    pub fn inputs(&self) -> Value {
        let seeds = self.seeds_to_run();
        let policies = self.policies().iter();
        let names = Vec::from_iter(policies.clone().map(|policy| policy.name.as_str()));
        let settings = policies.map(|policy| (policy.name.clone(), json!(policy)));
        json!({
            "engine": self.changes.engine.to_string(),
            "name": self.subject.name,
            "policies": names.join(", "),
            "replayed": self.replayed(),
            "scenario": self.subject.resolved,
            "seeds": format!("{}..{}", seeds.start(), seeds.end()),
            "settings": settings.collect::<Map<_, _>>(),
            "subject": self.subject,
        })
    }

    /// A hash of the calls that are replayed, if any: the resolved scenario has their number alone.
    fn replayed(&self) -> Option<String> {
        let Calls::Trace { rows, .. } = &self.scenario().load.calls else {
            return None;
        };
        let with = |hash: Hash, row| hash.with(format!("{row:?}").as_bytes());
        let hash = rows.iter().fold(Hash::new(), with);
        Some(format!("{:016x}", hash.number()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::Engine;

    #[test]
    fn inputs_differ_by_seeds_engine_policy_and_value() {
        let load = || Drill::load("scenarios/primary-outage.yaml").expect("it is shipped");
        let one = load().inputs();
        assert_eq!(one, load().inputs());
        for other in [
            load().seeds(1..=3),
            load().engine(Engine::Model),
            load().policy("resilient").expect("a preset"),
            load().set("policy.retry.max_attempts", "7").expect("valid"),
            load().set("load.rate", "7/s").expect("valid"),
        ] {
            assert_ne!(one, other.inputs());
        }
    }
}

//! What each run of a policy came to: the exact value of every measure, and how its calls ended.
//!
//! A comparison pairs the runs of two policies under one seed, since both got the same calls and
//! the same luck. [`super::statistics`] decides what such pairs say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::measures::{self, View};
use super::outcomes::CallOutcomes;
use super::ratio::Ratio;

/// The runs of one policy, by seed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BySeed {
    /// How the calls of each run ended.
    pub calls: BTreeMap<u64, CallOutcomes>,
    /// Each measure by its full name, as in `recovery_time(openai)`, and its value in each run in
    /// which it is defined.
    pub values: BTreeMap<String, BTreeMap<u64, Ratio>>,
}

impl BySeed {
    /// Adds the run under `seed`, whose stats are in `view`.
    pub(crate) fn add(&mut self, seed: u64, view: &View<'_>, calls: CallOutcomes) {
        self.calls.insert(seed, calls);
        for (name, value) in measures::exact(view) {
            self.values.entry(name).or_default().insert(seed, value);
        }
    }

    /// Adds the runs of `other`, which are of other seeds.
    pub(super) fn merge(&mut self, other: &Self) {
        self.calls
            .extend(other.calls.iter().map(|(seed, one)| (*seed, one.clone())));
        for (name, values) in &other.values {
            let known = self.values.entry(name.clone()).or_default();
            known.extend(values);
        }
    }

    /// Whether there is no run: the report was not made by running seeds.
    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The seeds, in order.
    pub fn seeds(&self) -> impl Iterator<Item = u64> + '_ {
        self.calls.keys().copied()
    }
}

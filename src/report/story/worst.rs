//! The calls of one run that are worth telling, and what its failed calls have in common.
//!
//! A run of a thousand equal failures is told by one of them: the calls that are told differ in how
//! they ended, as far as there are so many ways.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::keeper::{Keeper, Pick};
use super::{CallStory, words};
use crate::policy::CallId;
use crate::trace::{Event, EventKind, FaultId};

/// Which calls are worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WorstBy {
    /// Those that failed; of each way to fail those that took longest.
    Failed,
    /// Those that took longest, failed or not.
    Slowest,
}

/// Folds the events of one run.
#[derive(Clone, Debug)]
pub(crate) struct Worst {
    by: WorstBy,
    keeper: Keeper,
    /// All calls of the run.
    pub(crate) calls: u64,
    /// The failed ones.
    pub(crate) failed: BTreeSet<CallId>,
    /// How many failed in each way, and the longest of them, the longest first.
    ways: BTreeMap<String, Way>,
    /// How many failed calls each fault struck.
    pub(crate) struck: BTreeMap<FaultId, u64>,
    /// The faults that fired.
    pub(crate) fired: BTreeSet<FaultId>,
}

#[derive(Clone, Debug, Default)]
struct Way {
    count: u64,
    longest: Vec<CallStory>,
}

impl Worst {
    /// Nothing has happened yet.
    pub(crate) fn new(by: WorstBy) -> Self {
        Self {
            by,
            keeper: Keeper::new(Pick::All),
            calls: 0,
            failed: BTreeSet::new(),
            ways: BTreeMap::new(),
            struck: BTreeMap::new(),
            fired: BTreeSet::new(),
        }
    }

    /// Takes an event.
    pub(crate) fn on_event(&mut self, event: &Event) {
        if let EventKind::Fired { fault, .. } = event.kind {
            self.fired.insert(fault);
        }
        if let Some(story) = self.keeper.on_event(event) {
            self.on_end(story);
        }
    }

    /// In how many ways calls failed, the most frequent first: its text, and how many calls.
    pub(crate) fn ways(&self) -> Vec<(&str, u64)> {
        let failed = self.ways.iter().filter(|(text, _)| !text.is_empty());
        let mut ways = Vec::from_iter(failed.map(|(text, way)| (text.as_str(), way.count)));
        ways.sort_by_key(|(_, count)| Reverse(*count));
        ways
    }

    /// The calls to tell: one of each way before a second of any, at most [`TOLD`].
    pub(crate) fn told(&self) -> Vec<&CallStory> {
        let mut ways = Vec::from_iter(self.ways.values());
        ways.sort_by_key(|way| Reverse(way.count));
        let each =
            (0..TOLD).flat_map(|nth| ways.iter().filter_map(move |way| way.longest.get(nth)));
        each.take(TOLD).collect()
    }

    fn on_end(&mut self, story: CallStory) {
        self.calls += 1;
        let failure = story.failure();
        if failure.is_some() {
            self.failed.insert(story.call);
            for fault in faults_met(&story) {
                *self.struck.entry(fault).or_default() += 1;
            }
        }
        let way = match (self.by, failure) {
            (_, Some(reason)) => words::failure(reason),
            (WorstBy::Slowest, None) => String::new(),
            (WorstBy::Failed, None) => return,
        };
        let way = self.ways.entry(way).or_default();
        way.count += 1;
        way.longest.push(story);
        way.longest
            .sort_by_key(|one| (Reverse(one.took()), one.call));
        way.longest.truncate(TOLD);
    }
}

/// The faults that struck exchanges of a call.
fn faults_met(story: &CallStory) -> BTreeSet<FaultId> {
    let fired = story.events.iter().filter_map(|event| match event.kind {
        EventKind::Fired { fault, .. } => Some(fault),
        _ => None,
    });
    fired.collect()
}

/// So many calls are told.
const TOLD: usize = 3;

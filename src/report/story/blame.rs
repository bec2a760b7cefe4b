//! Which fault made a call fail: the one without which it would not have failed.
//!
//! The same seed is run again without the fault. Luck is paired, so a call that succeeds there
//! failed because of the fault: it struck the call, filled a queue, opened a breaker or emptied a
//! budget. A call that fails without any one fault has more causes than one,
//! or none among the faults.

use std::collections::{BTreeMap, BTreeSet};

use crate::policy::CallId;
use crate::trace::FaultId;

/// The failed calls of one run, by what made them fail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Blame {
    /// How many calls failed.
    pub failed: u64,
    /// How many of them would not have failed without any one of these faults: for each set of
    /// faults that some call needed.
    pub by: BTreeMap<Vec<FaultId>, u64>,
    /// The faults that fired and were not left out, because that would have been too many runs.
    pub untried: Vec<FaultId>,
}

impl Blame {
    /// Of the calls that failed, and those that succeed without each of these faults.
    pub(crate) fn new(
        failed: &BTreeSet<CallId>,
        saved: &[(FaultId, BTreeSet<CallId>)],
        untried: Vec<FaultId>,
    ) -> Self {
        let mut by: BTreeMap<Vec<FaultId>, u64> = BTreeMap::new();
        for call in failed {
            let needed = saved.iter().filter(|(_, saved)| saved.contains(call));
            *by.entry(needed.map(|(fault, _)| *fault).collect())
                .or_default() += 1;
        }
        Self {
            failed: failed.len() as u64,
            by,
            untried,
        }
    }

    /// The calls that would not have failed without this fault.
    pub fn of(&self, fault: FaultId) -> u64 {
        let needed = self.by.iter().filter(|(faults, _)| faults.contains(&fault));
        needed.map(|(_, calls)| calls).sum()
    }

    /// The fault without which the most calls would not have failed, if there is one.
    pub fn first(&self) -> Option<FaultId> {
        let faults = self.by.keys().flatten().copied();
        // Of several the first of the scenario.
        faults.max_by_key(|fault| (self.of(*fault), std::cmp::Reverse(*fault)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_blamed_on_every_fault_without_which_it_succeeds() {
        let calls = |calls: &[u64]| BTreeSet::from_iter(calls.iter().map(|call| CallId(*call)));
        let (storm, cascade) = (FaultId(0), FaultId(1));
        let saved = [(storm, calls(&[1, 2, 3])), (cascade, calls(&[3]))];
        let blame = Blame::new(&calls(&[1, 2, 3, 4]), &saved, Vec::new());
        let by = [(vec![], 1), (vec![storm], 2), (vec![storm, cascade], 1)];
        assert_eq!((blame.failed, blame.by.clone()), (4, BTreeMap::from(by)));
        assert_eq!((blame.of(storm), blame.of(cascade)), (3, 1));
        assert_eq!(blame.first(), Some(storm));
    }
}

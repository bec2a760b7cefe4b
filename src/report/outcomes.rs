//! Which calls of one run were answered and which failed, by number; and when its outages were.
//!
//! Two policies under one seed get the same calls with the same numbers, so a comparison can name
//! the calls that one of them saved and the other lost. Numbers are kept as ranges: a run without
//! a failure is one range, however many calls it has.

use serde::{Deserialize, Serialize};

use crate::policy::CallId;

/// How the calls of one run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CallOutcomes {
    /// The calls that got a whole answer.
    pub answered: CallRanges,
    /// The calls that failed.
    pub failed: CallRanges,
    /// When windows were down, in windows: the first of each outage, and the first after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outages: Vec<(u64, u64)>,
}

impl CallOutcomes {
    /// Notes how `call` ended.
    pub(super) fn add(&mut self, call: CallId, failed: bool) {
        let calls = match failed {
            true => &mut self.failed,
            false => &mut self.answered,
        };
        calls.add(call.0);
    }

    /// The number of calls that `self` answered and `other` lost.
    pub fn saved_over(&self, other: &Self) -> u64 {
        self.answered.shared(&other.failed)
    }

    /// The number of calls.
    pub fn arrived(&self) -> u64 {
        self.answered.count().saturating_add(self.failed.count())
    }

    /// Whether all calls are kept. If not, a comparison cannot count by call.
    pub const fn is_complete(&self) -> bool {
        !(self.answered.is_full || self.failed.is_full)
    }
}

/// Numbers of calls, as ranges with both ends, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallRanges {
    ranges: Vec<(u64, u64)>,
    /// Whether there were more ranges than are kept: then none is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_full: bool,
}

impl CallRanges {
    fn add(&mut self, call: u64) {
        if self.is_full {
            return;
        }
        let ranges = &mut self.ranges;
        // Calls end almost in the order of their numbers, so this is near the end.
        let next = ranges.partition_point(|(first, _)| *first <= call);
        let joins_last = next > 0 && ranges[next - 1].1.saturating_add(1) >= call;
        let joins_next = ranges
            .get(next)
            .is_some_and(|(first, _)| *first == call + 1);
        match (joins_last, joins_next) {
            (true, true) => {
                ranges[next - 1].1 = ranges[next].1;
                ranges.remove(next);
            }
            (true, false) => ranges[next - 1].1 = ranges[next - 1].1.max(call),
            (false, true) => ranges[next].0 = call,
            (false, false) => ranges.insert(next, (call, call)),
        }
        if ranges.len() > MOST_RANGES {
            ranges.clear();
            self.is_full = true;
        }
    }

    /// Both ends of each range, in order.
    pub(super) fn ranges(&self) -> &[(u64, u64)] {
        &self.ranges
    }

    pub(super) fn count(&self) -> u64 {
        let lengths = self.ranges.iter();
        let lengths = lengths.map(|(first, last)| (last.saturating_sub(*first)).saturating_add(1));
        lengths.fold(0, u64::saturating_add)
    }

    /// How many calls are in both.
    fn shared(&self, other: &Self) -> u64 {
        let (mut left, mut right) = (self.ranges.iter(), other.ranges.iter());
        let (mut one, mut two) = (left.next(), right.next());
        let mut shared: u64 = 0;
        while let (Some((from, to)), Some((start, end))) = (one, two) {
            let (first, last) = (from.max(start), to.min(end));
            if first <= last {
                shared = shared.saturating_add((last - first).saturating_add(1));
            }
            if to < end {
                one = left.next();
            } else {
                two = right.next();
            }
        }
        shared
    }
}

/// Bounds the memory of one run. Ten thousand separate failures are counted by call; of a run with
/// more, only the measures are compared.
const MOST_RANGES: usize = 10_000;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;

    fn ranges(calls: &[u64]) -> CallRanges {
        let mut ranges = CallRanges::default();
        calls.iter().for_each(|call| ranges.add(*call));
        ranges
    }

    #[test]
    fn calls_without_a_gap_are_one_range_in_any_order_of_ends() {
        assert_eq!(ranges(&[0, 2, 1, 3, 5, 4]).ranges, [(0, 5)]);
        assert_eq!(ranges(&[7, 3, 4]).ranges, [(3, 4), (7, 7)]);
    }

    #[test]
    fn too_many_gaps_are_told_and_not_kept() {
        let mut outcomes = CallOutcomes::default();
        for call in 0..=MOST_RANGES as u64 {
            assert!(outcomes.is_complete(), "{call}");
            outcomes.add(CallId(2 * call), true);
        }
        assert!(!outcomes.is_complete());
        assert_eq!(outcomes.failed.ranges, []);
    }

    proptest! {
        #[test]
        fn shared_calls_are_those_of_both_sets(
            one in prop::collection::vec(0_u64..60, 0..60),
            two in prop::collection::vec(0_u64..60, 0..60),
        ) {
            let (left, right) = (BTreeSet::from_iter(&one), BTreeSet::from_iter(&two));
            let shared = left.intersection(&right).count() as u64;
            prop_assert_eq!(ranges(&one).shared(&ranges(&two)), shared);
        }
    }
}

//! The calls that have not ended, by number: looked up with each event.

use super::call_record::OpenCall;
use crate::policy::CallId;

/// The open calls: each stands at the first free place from that of its number on.
#[derive(Debug, Default)]
pub(super) struct OpenCalls {
    /// A power of two, at most half of them taken.
    places: Vec<Option<(CallId, OpenCall)>>,
    count: usize,
}

impl OpenCalls {
    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// Their numbers, in no order.
    pub(super) fn numbers(&self) -> impl Iterator<Item = CallId> {
        self.places.iter().flatten().map(|(call, _)| *call)
    }

    /// The call of this number.
    pub(super) fn get(&self, call: CallId) -> Option<&OpenCall> {
        let (_, open) = self.places[self.find(call)?].as_ref()?;
        Some(open)
    }

    /// The call of this number.
    pub(super) fn get_mut(&mut self, call: CallId) -> Option<&mut OpenCall> {
        let place = self.find(call)?;
        let (_, open) = self.places[place].as_mut()?;
        Some(open)
    }

    /// Adds a call, which is not among them.
    pub(super) fn add(&mut self, call: CallId, open: OpenCall) {
        if (self.count + 1) * 2 > self.places.len() {
            let places = (self.places.len() * 2).max(FEWEST);
            let all = std::mem::take(&mut self.places);
            self.places.resize_with(places, || None);
            all.into_iter().flatten().for_each(|one| self.put(one));
        }
        self.put((call, open));
        self.count += 1;
    }

    /// Takes out the call of this number.
    pub(super) fn remove(&mut self, call: CallId) -> Option<OpenCall> {
        let mut gap = self.find(call)?;
        let (_, open) = self.places[gap].take()?;
        self.count -= 1;
        // What stands behind the gap comes up, unless it has its own place behind it.
        let mut place = self.after(gap);
        while let Some((call, _)) = &self.places[place] {
            let last = self.places.len() - 1;
            let from = |start: usize| place.wrapping_sub(start) & last;
            if from(self.home(*call)) >= from(gap) {
                self.places.swap(gap, place);
                gap = place;
            }
            place = self.after(place);
        }
        Some(open)
    }

    fn put(&mut self, one: (CallId, OpenCall)) {
        let mut place = self.home(one.0);
        while self.places[place].is_some() {
            place = self.after(place);
        }
        self.places[place] = Some(one);
    }

    fn find(&self, call: CallId) -> Option<usize> {
        if self.count == 0 {
            return None;
        }
        let mut place = self.home(call);
        while self.places[place].as_ref()?.0 != call {
            place = self.after(place);
        }
        Some(place)
    }

    /// Numbers in a row lie far apart: by the golden ratio.
    fn home(&self, call: CallId) -> usize {
        let mixed = call.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> (u64::BITS - self.places.len().trailing_zeros())) as usize
    }

    fn after(&self, place: usize) -> usize {
        (place + 1) & (self.places.len() - 1)
    }
}

const FEWEST: usize = 16;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::time::Instant;

    proptest! {
        #[test]
        fn calls_are_found_until_they_are_taken_out(
            steps in prop::collection::vec((0_u64..40, 0_u64..3), 0..300),
        ) {
            let (mut calls, mut expected) = (OpenCalls::default(), BTreeMap::new());
            for (at, (number, clicks)) in (0..).zip(steps) {
                let call = CallId(number + (clicks << 48));
                let arrived = Instant::from_nanos(at);
                let known = calls.remove(call).map(|open| open.arrived);
                prop_assert_eq!(known, expected.remove(&call));
                if known.is_none() {
                    let mut open = OpenCall::default();
                    open.begin(arrived);
                    calls.add(call, open);
                    expected.insert(call, arrived);
                }
                for (call, arrived) in &expected {
                    prop_assert_eq!(calls.get(*call).map(|open| open.arrived), Some(*arrived));
                }
                let mut numbers = Vec::from_iter(calls.numbers());
                numbers.sort_unstable();
                prop_assert_eq!(numbers, Vec::from_iter(expected.keys().copied()));
                prop_assert_eq!(calls.len(), expected.len());
            }
        }
    }
}

//! The windows that cover the present, kept as time goes on: a window costs something where it
//! begins or ends, and nothing at each event.

use super::{Due, Instant, Windows};

/// Which of several windows cover the time of the latest event.
#[derive(Clone, Debug)]
pub(crate) struct Active {
    all: Vec<Windows>,
    /// The positions of those that cover it, in ascending order.
    places: Vec<usize>,
    /// When each of them begins or ends next.
    changes: Due,
    /// From when to when the positions are these.
    since: Instant,
    until: Option<Instant>,
}

impl Active {
    /// Of `all`, at the start of the run.
    pub(crate) fn new(all: Vec<Windows>) -> Self {
        Self {
            changes: Due::all(all.iter().map(|_| Instant::START)),
            places: Vec::new(),
            since: Instant::START,
            until: (!all.is_empty()).then_some(Instant::START),
            all,
        }
    }

    /// The positions of those that cover `now`, in ascending order. It takes longer where time goes
    /// back, as it may in a trace of production.
    #[inline]
    pub(crate) fn at(&mut self, now: Instant) -> &[usize] {
        if now < self.since || self.until.is_some_and(|until| until <= now) {
            self.go_to(now);
        }
        &self.places
    }

    fn go_to(&mut self, now: Instant) {
        if now < self.since {
            *self = Self::new(std::mem::take(&mut self.all));
        }
        self.since = now;
        while let Some(place) = self.changes.take(now) {
            self.change(place);
        }
        self.until = self.changes.first();
    }

    /// One of them has begun or ended.
    fn change(&mut self, place: usize) {
        let next = self.all[place].at_or_after(self.since);
        let (covers, next) = match next {
            Some((start, end)) if start <= self.since => (true, end),
            Some((start, _)) => (false, Some(start)),
            None => (false, None),
        };
        match self.places.binary_search(&place) {
            Err(at) if covers => self.places.insert(at, place),
            Ok(at) if !covers => drop(self.places.remove(at)),
            _ => {}
        }
        self.changes.set(next, place);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn any_windows() -> impl Strategy<Value = Windows> {
        let lengths = (0..40_u64, proptest::option::of(1..20_u64));
        (lengths, proptest::option::of(1..20_u64)).prop_map(|((at, length), gap)| Windows {
            at: Duration::from_nanos(at),
            length: length.map(Duration::from_nanos),
            every: length
                .zip(gap)
                .map(|(length, gap)| Duration::from_nanos(length + gap)),
        })
    }

    proptest! {
        #[test]
        fn those_that_cover_the_present_are_found_in_whatever_order_events_come(
            all in proptest::collection::vec(any_windows(), 0..8),
            moments in proptest::collection::vec(0..100_u64, 1..20),
        ) {
            let mut active = Active::new(all.clone());
            for moment in moments {
                let now = Instant::from_nanos(moment);
                let covering = (0..all.len()).filter(|place| all[*place].covers(now));
                prop_assert_eq!(active.at(now), covering.collect::<Vec<_>>());
            }
        }
    }
}

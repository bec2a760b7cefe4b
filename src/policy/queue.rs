//! The queue: a bounded priority queue of calls that wait for capacity, or for the return of a
//! provider.
//!
//! The call of the highest priority goes first, and of equal priorities the one that joined first.
//! When the queue is full, a call pushes out one of lower priority: of the lowest priority, the one
//! that joined last, since it has waited for the shortest time.
//!
//! A call that waits for capacity holds back all calls behind it, since they would take the
//! capacity that it needs; but where places are kept for a task, its calls pass all others to reach
//! them. A call that waits for a provider to return holds back none: a provider that admits another
//! call does not admit this one. It keeps its position, in case that it finds the provider full.
//!
//! The queue has no clock and does not know the capacity. The fleet removes calls that have waited
//! for too long, and wakes the first call when there is room for it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::CallId;
use super::call_context::Priority;
use super::config::{self, WhenUnavailable};
use super::reserved::ReservedTask;
use super::step::FailureReason;
use crate::time::Instant;

/// The queued calls of one client.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    settings: config::Queue,
    /// The calls, in the order in which they go, by what they wait for.
    lines: BTreeMap<Line, BTreeMap<QueuePosition, CallId>>,
    /// The position of each call, and when its wait ends.
    places: BTreeMap<CallId, (QueuePosition, Line, Instant)>,
    joined: u64,
}

/// The highest priority first; then in the order of arrival.
type QueuePosition = (Reverse<Priority>, u64);

/// What the calls of one line wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Line {
    /// For the return of a provider.
    Return,
    /// For capacity, of which this task has some of its own.
    Capacity(Option<ReservedTask>),
}

/// A call that joins the queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiter {
    pub(crate) call: CallId,
    pub(crate) priority: Priority,
    /// Its task, if places are kept for it.
    pub(crate) task: Option<ReservedTask>,
    pub(crate) waits_for: WaitsFor,
}

/// What a call waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitsFor {
    /// That a provider which admits it has room.
    Capacity,
    /// That a provider which has room admits it.
    Return,
}

impl WaitsFor {
    /// Why a call fails that has waited for it in vain.
    pub(crate) const fn failure(self) -> FailureReason {
        match self {
            Self::Capacity => FailureReason::Shed,
            Self::Return => FailureReason::Unavailable,
        }
    }
}

/// The result of joining the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joined {
    /// The call waits. The call that it pushed out, if any, has left the queue.
    Waits {
        /// When its wait ends at the latest.
        until: Instant,
        /// The call of lowest priority, which was removed.
        pushed_out: Option<CallId>,
    },
    /// The queue is full of calls of at least the same priority.
    Full,
}

impl Queue {
    /// An empty queue.
    pub(crate) fn new(settings: config::Queue) -> Self {
        Self {
            settings,
            lines: BTreeMap::new(),
            places: BTreeMap::new(),
            joined: 0,
        }
    }

    /// Adds a call; one that waits already keeps its position and its time.
    pub(crate) fn join(&mut self, waiter: Waiter, now: Instant) -> Joined {
        let Waiter { call, priority, .. } = waiter;
        let line = waiter.line();
        if let Some(&(place, _, until)) = self.places.get(&call) {
            self.leave(call);
            self.put(call, (place, line, until));
            let pushed_out = None;
            return Joined::Waits { until, pushed_out };
        }
        let mut pushed_out = None;
        if self.places.len() >= self.settings.max_calls as usize {
            pushed_out = self.less_important(priority);
            match pushed_out {
                None => return Joined::Full,
                Some(gone) => self.leave(gone),
            }
        }
        let place = (Reverse(priority), self.joined);
        let until = self.until(call, now);
        self.joined += 1;
        self.put(call, (place, line, until));
        Joined::Waits { until, pushed_out }
    }

    /// A call leaves the queue.
    pub(crate) fn leave(&mut self, call: CallId) {
        if let Some((place, line, _)) = self.places.remove(&call) {
            self.lines.entry(line).or_default().remove(&place);
        }
    }

    /// What calls do that no healthy provider can take.
    pub(crate) const fn when_unavailable(&self) -> WhenUnavailable {
        self.settings.when_unavailable
    }

    /// When the wait of this call ends at the latest, or would end if it joined now.
    pub(crate) fn until(&self, call: CallId, now: Instant) -> Instant {
        let place = self.places.get(&call);
        place.map_or(now + self.settings.max_wait, |&(.., until)| until)
    }

    /// The calls that wait for the return of a provider, in the order in which they go.
    pub(crate) fn for_return(&self) -> impl Iterator<Item = CallId> {
        let line = self.lines.get(&Line::Return);
        line.into_iter().flat_map(BTreeMap::values).copied()
    }

    /// Whether no call waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Whether a call waits.
    pub(crate) fn holds(&self, call: CallId) -> bool {
        self.places.contains_key(&call)
    }

    /// The calls that get capacity next, and when their waits end: of the highest priority, the one
    /// that joined first; and the same among the calls of each task that has places of its own.
    pub(crate) fn firsts(&self) -> impl Iterator<Item = (CallId, Instant)> {
        let mut firsts = Vec::from_iter(self.heads().map(|(_, place, call)| (*place, call)));
        firsts.sort_unstable();
        let until = |call| self.places.get(&call).map(|&(.., until)| (call, until));
        firsts.into_iter().filter_map(move |(_, call)| until(call))
    }

    /// Whether no call that waits for capacity goes before this one. A call that is not queued
    /// comes after those of the same priority.
    pub(crate) fn is_next(&self, call: CallId, priority: Priority) -> bool {
        let own = self.position(call, priority);
        self.heads().all(|(_, first, _)| own <= *first)
    }

    /// The same, among the calls of a task that has places of its own.
    pub(crate) fn is_next_of(&self, task: ReservedTask, call: CallId, priority: Priority) -> bool {
        let own = self.position(call, priority);
        let line = Line::Capacity(Some(task));
        let first = self.heads().find(|(of, ..)| **of == line);
        first.is_none_or(|(_, first, _)| own <= *first)
    }

    /// The position of a call, or the one that it would get.
    fn position(&self, call: CallId, priority: Priority) -> QueuePosition {
        let place = self.places.get(&call);
        place.map_or((Reverse(priority), u64::MAX), |&(place, ..)| place)
    }

    /// The first call of each line that waits for capacity.
    fn heads(&self) -> impl Iterator<Item = (&Line, &QueuePosition, CallId)> {
        let lines = self.lines.iter().filter(|(line, _)| **line != Line::Return);
        lines.filter_map(|(line, calls)| {
            let (place, call) = calls.first_key_value()?;
            Some((line, place, *call))
        })
    }

    /// The last call of the lowest priority, if that is below `priority`.
    fn less_important(&self, priority: Priority) -> Option<CallId> {
        let lasts = self.lines.values().filter_map(BTreeMap::last_key_value);
        let (last, &call) = lasts.max()?;
        (last.0 > Reverse(priority)).then_some(call)
    }

    fn put(&mut self, call: CallId, place: (QueuePosition, Line, Instant)) {
        let (position, line, _) = place;
        self.lines.entry(line).or_default().insert(position, call);
        self.places.insert(call, place);
    }
}

impl Waiter {
    const fn line(&self) -> Line {
        match self.waits_for {
            WaitsFor::Capacity => Line::Capacity(self.task),
            WaitsFor::Return => Line::Return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::super::reserved::Reserved;
    use super::*;

    const WAIT: Duration = Duration::from_secs(5);

    #[test]
    fn the_most_important_goes_first_and_then_who_came_first() {
        let mut queue = queue(10);
        for (call, priority) in [(1, 0), (2, 1), (3, 2), (4, 1), (5, 2)] {
            join(&mut queue, call, Priority(priority), 0);
        }
        let mut order = Vec::new();
        while let Some(call) = first_of(&queue) {
            assert!(queue.is_next(call, Priority::LOW));
            order.push(call.0);
            queue.leave(call);
        }
        assert_eq!(order, [3, 5, 2, 4, 1]);
    }

    #[test]
    fn a_full_queue_turns_away_who_is_no_more_important() {
        let mut queue = queue(2);
        join(&mut queue, 1, Priority::NORMAL, 0);
        join(&mut queue, 2, Priority::NORMAL, 0);
        for priority in [Priority::LOW, Priority::NORMAL] {
            assert_eq!(join(&mut queue, 3, priority, 0), Joined::Full);
        }
        assert!(!queue.holds(CallId(3)));
    }

    #[test]
    fn the_last_of_the_least_important_is_pushed_out() {
        let mut queue = queue(3);
        for (call, priority) in [(1, Priority::LOW), (2, Priority::LOW), (3, Priority::HIGH)] {
            join(&mut queue, call, priority, 0);
        }
        let joined = join(&mut queue, 4, Priority::NORMAL, 1);
        assert_eq!(joined, waits(6, Some(2)));
        assert!(!queue.holds(CallId(2)));
        assert_eq!(first_of(&queue), Some(CallId(3)));
    }

    #[test]
    fn who_waits_already_keeps_place_and_time() {
        let mut queue = queue(2);
        join(&mut queue, 1, Priority::NORMAL, 0);
        join(&mut queue, 2, Priority::NORMAL, 1);
        let again = join(&mut queue, 1, Priority::HIGH, 3);
        assert_eq!(again, waits(5, None));
        assert_eq!(first_of(&queue), Some(CallId(1)));
    }

    #[test]
    fn a_newcomer_comes_after_those_that_are_as_important() {
        let mut queue = queue(2);
        assert!(queue.is_next(CallId(9), Priority::LOW));
        join(&mut queue, 1, Priority::NORMAL, 0);
        assert!(!queue.is_next(CallId(9), Priority::NORMAL));
        assert!(queue.is_next(CallId(9), Priority::HIGH));
        join(&mut queue, 2, Priority::NORMAL, 0);
        assert!(
            !queue.is_next(CallId(2), Priority::HIGH),
            "it keeps the priority that it joined with"
        );
    }

    #[test]
    fn who_left_does_not_wait_and_can_join_again_at_the_end() {
        let mut queue = queue(3);
        join(&mut queue, 1, Priority::NORMAL, 0);
        join(&mut queue, 2, Priority::NORMAL, 0);
        queue.leave(CallId(1));
        queue.leave(CallId(1));
        assert!(!queue.holds(CallId(1)));
        join(&mut queue, 1, Priority::NORMAL, 7);
        assert_eq!(first_of(&queue), Some(CallId(2)));
    }

    #[test]
    fn who_waits_for_a_return_holds_nobody_back_and_keeps_its_place() {
        let mut queue = queue(3);
        assert_eq!(for_return(&mut queue, 1, Priority::NORMAL), waits(5, None));
        assert!(queue.is_next(CallId(9), Priority::LOW));
        join(&mut queue, 2, Priority::NORMAL, 1);
        assert!(!queue.is_next(CallId(9), Priority::NORMAL));
        assert!(queue.is_next(CallId(1), Priority::NORMAL), "it came first");
        assert_eq!(first_of(&queue), Some(CallId(2)));
        // The provider that it waited for has returned, and is full.
        assert_eq!(join(&mut queue, 1, Priority::NORMAL, 3), waits(5, None));
        assert_eq!(first_of(&queue), Some(CallId(1)));
        assert_eq!(queue.for_return().count(), 0);
        assert!(!queue.is_next(CallId(2), Priority::NORMAL));
    }

    #[test]
    fn the_first_of_a_task_with_places_of_its_own_passes_the_others() {
        let task = config::Task {
            reserved_concurrency: Some(1),
            ..config::Task::default()
        };
        let tasks = BTreeMap::from([("chat".to_owned(), task)]);
        let chat = Reserved::new(&tasks).task(Some("chat")).unwrap();
        let mut queue = queue(4);
        join(&mut queue, 1, Priority::NORMAL, 0);
        for call in [2, 3] {
            let waiter = Waiter {
                task: Some(chat),
                ..waiter(call, Priority::NORMAL, WaitsFor::Capacity)
            };
            queue.join(waiter, at(1));
        }
        let next = |queue: &Queue, call| {
            let call = CallId(call);
            let all = queue.is_next(call, Priority::NORMAL);
            (all, queue.is_next_of(chat, call, Priority::NORMAL))
        };
        assert_eq!(next(&queue, 2), (false, true));
        assert_eq!(next(&queue, 3), (false, false));
        assert_eq!(next(&queue, 9), (false, false), "a newcomer");
        let firsts = Vec::from_iter(queue.firsts());
        assert_eq!(firsts, [(CallId(1), at(5)), (CallId(2), at(6))]);
        queue.leave(CallId(2));
        assert_eq!(next(&queue, 3), (false, true));
    }

    #[test]
    fn all_that_wait_count_against_the_maximum() {
        let mut queue = queue(2);
        for_return(&mut queue, 1, Priority::LOW);
        join(&mut queue, 2, Priority::NORMAL, 0);
        assert_eq!(join(&mut queue, 3, Priority::LOW, 0), Joined::Full);
        assert_eq!(join(&mut queue, 4, Priority::HIGH, 0), waits(5, Some(1)));
        assert_eq!(Vec::from_iter(queue.for_return()), []);
    }

    #[test]
    fn a_queue_for_nobody_holds_nobody() {
        let mut queue = queue(0);
        let joined = join(&mut queue, 1, Priority::HIGH, 0);
        assert_eq!((joined, first_of(&queue)), (Joined::Full, None));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..ProptestConfig::default()
        })]

        /// Compared with a list of the waiting calls in the order of arrival.
        #[test]
        fn nobody_is_lost_and_nobody_overtakes(
            most in 1_u32..6,
            events in prop::collection::vec((0_u8..4, 0_u64..12, 0_u8..3), 1..200),
        ) {
            let mut queue = queue(most);
            let mut line: Vec<(u64, u8)> = Vec::new();
            for (second, (event, call, priority)) in (0..).zip(events) {
                match event {
                    0 => {
                        queue.leave(CallId(call));
                        line.retain(|&(waits, _)| waits != call);
                    }
                    1 => {
                        // The first call leaves.
                        let first = first(&line);
                        prop_assert_eq!(first_of(&queue), first.map(CallId));
                        first.into_iter().for_each(|call| queue.leave(CallId(call)));
                        line.retain(|&(waits, _)| Some(waits) != first);
                    }
                    _ => {
                        let held = queue.holds(CallId(call));
                        let joined = join(&mut queue, call, Priority(priority), second);
                        let gone = expected(&mut line, most as usize, call, priority);
                        match joined {
                            Joined::Full => prop_assert_eq!(gone, Err(())),
                            Joined::Waits { until, pushed_out } => {
                                prop_assert_eq!(Ok(pushed_out.map(|call| call.0)), gone);
                                prop_assert!(held || until == at(second) + WAIT);
                            }
                        }
                    }
                }
                let waits = queue.lines.values().map(BTreeMap::len).sum::<usize>();
                prop_assert!(waits <= most as usize);
                prop_assert_eq!(waits, queue.places.len());
                let waiting = (0..12).filter(|&call| queue.holds(CallId(call)));
                let mut known: Vec<u64> = line.iter().map(|(call, _)| *call).collect();
                known.sort_unstable();
                prop_assert_eq!(waiting.collect::<Vec<_>>(), known);
                prop_assert_eq!(first_of(&queue), first(&line).map(CallId));
            }
        }
    }

    /// The call that goes first: the earliest of the highest priority.
    fn first(line: &[(u64, u8)]) -> Option<u64> {
        let highest = line.iter().map(|(_, priority)| *priority).max()?;
        let mut line = line.iter().filter(|(_, priority)| *priority == highest);
        line.next().map(|(call, _)| *call)
    }

    /// Adds a call to the list. Returns the call that is pushed out, or an error if the list is
    /// full.
    fn expected(
        line: &mut Vec<(u64, u8)>,
        most: usize,
        call: u64,
        priority: u8,
    ) -> Result<Option<u64>, ()> {
        if line.iter().any(|(waits, _)| *waits == call) {
            return Ok(None);
        }
        let mut gone = None;
        if line.len() >= most {
            let lowest = line.iter().map(|(_, priority)| *priority).min();
            let at = line.iter().rposition(|(_, of)| Some(*of) == lowest);
            let at = at.filter(|&at| line[at].1 < priority).ok_or(())?;
            gone = Some(line.remove(at).0);
        }
        line.push((call, priority));
        Ok(gone)
    }

    fn queue(most: u32) -> Queue {
        Queue::new(config::Queue {
            max_calls: most,
            max_wait: WAIT,
            ..config::Queue::default()
        })
    }

    /// Joins for capacity.
    fn join(queue: &mut Queue, call: u64, priority: Priority, second: u64) -> Joined {
        let waiter = waiter(call, priority, WaitsFor::Capacity);
        queue.join(waiter, at(second))
    }

    /// Joins at the start, for the return of a provider.
    fn for_return(queue: &mut Queue, call: u64, priority: Priority) -> Joined {
        let waiter = waiter(call, priority, WaitsFor::Return);
        queue.join(waiter, at(0))
    }

    fn waiter(call: u64, priority: Priority, waits_for: WaitsFor) -> Waiter {
        let call = CallId(call);
        Waiter {
            call,
            priority,
            task: None,
            waits_for,
        }
    }

    fn first_of(queue: &Queue) -> Option<CallId> {
        queue.firsts().next().map(|(call, _)| call)
    }

    fn waits(until: u64, pushed_out: Option<u64>) -> Joined {
        Joined::Waits {
            until: at(until),
            pushed_out: pushed_out.map(CallId),
        }
    }

    fn at(second: u64) -> Instant {
        Instant::START + Duration::from_secs(second)
    }
}

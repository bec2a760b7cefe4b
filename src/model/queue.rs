//! What comes next: events by time, and the places of what they concern.
//!
//! Time is in whole milliseconds, as that of the simulated network is. What happens at one moment
//! has the order that it has there: timers, as they were set; then what arrives, by the time at
//! which it was sent, the host, and the age of its connection; then calls that begin. A call that
//! is told by a timer finds what has arrived by then.

use crate::policy::CallId;
use crate::time::Instant;

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The next call of an open load arrives.
    Arrival,
    /// A call that has arrived begins.
    Begins(CallId),
    /// A user of a closed loop has thought, and asks.
    Thought(CallId),
    /// The patience of the user with this question is over, after so many clicks again.
    Impatient { question: Key, clicks: u32 },
    /// The last arrival is over.
    AllArrived,
    /// What has not ended by now does not end any more.
    Drained,
    /// Something may have happened to a call.
    Call(Key),
    /// Something may have happened to the health checks of a client process.
    Checks(u32),
    /// A request for a connection reaches the provider.
    Opening(Key),
    /// Both sides have a connection.
    Opened(Key),
    /// A request reaches the provider.
    Request(Key),
    /// The next action of an exchange is due.
    Action(Key),
    /// Something reaches the client's side of a connection.
    Arrived(Key),
    /// The client's end of a connection reaches the provider.
    Left(Key),
    /// The provider closes a connection, later than its last answer.
    Close(Key),
    /// An outage of this number begins.
    Outage(usize),
    /// An operator acts.
    Operation,
    /// A fault freezes client processes.
    Freeze(usize),
    /// It lets them go on.
    Thaw(usize),
}

/// The place among all that happens at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// Zero for a timer; for what is carried one more than the millisecond in which it was sent,
    /// and the host in the last bits.
    sent: u64,
    connection: u64,
}

impl Rank {
    const TIMER: Self = Self::new(0, 0);
    const LAST: Self = Self::new(u64::MAX, 0);

    /// Of what was sent at `sent` by this host, on the connection of this number; 0 for the request
    /// for one, which is sent before data.
    pub(super) const fn of(sent: Instant, host: u32, connection: u64) -> Self {
        let sent = sent.as_nanos() / NANOS + 1;
        Self::new(sent << HOST_BITS | host as u64, connection)
    }

    const fn new(sent: u64, connection: u64) -> Self {
        Self { sent, connection }
    }
}

/// No run has more hosts, and no time more than 2⁴⁸ ms.
const HOST_BITS: u32 = 16;

/// The events to come.
///
/// A wheel of wheels: a level has a slot for each value of six bits of a time, and an event stands
/// at the level of the highest bits in which its time differs from now. So to set one costs the
/// same however many there are, which a heap of all the timeouts of a busy client does not give.
/// Events come down to a slot before others are put there, so those of a slot are in the order in
/// which they were set.
pub(super) struct Queue {
    /// The time of the latest event, in milliseconds.
    now: u64,
    /// What happens now, in order; the first so many have happened.
    due: Vec<Entry>,
    happened: usize,
    levels: [Level; LEVELS],
    /// Which levels hold events, one bit each.
    filled: u32,
}

/// Enough for all times: 2⁶⁴ ns are less than 2⁴⁸ ms.
const LEVELS: usize = 8;
const BITS: u32 = 6;
const SLOTS: usize = 1 << BITS;

/// Events whose times have the same higher bits.
struct Level {
    /// Which slots hold events, one bit each.
    filled: u64,
    slots: [Vec<Entry>; SLOTS],
}

struct Entry {
    /// In milliseconds.
    at: u64,
    rank: Rank,
    event: Event,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            now: 0,
            due: Vec::new(),
            happened: 0,
            levels: std::array::from_fn(|_| Level {
                filled: 0,
                slots: [const { Vec::new() }; SLOTS],
            }),
            filled: 0,
        }
    }
}

impl Queue {
    /// Sets a timer for `event`, at the first whole millisecond from `at` on.
    pub(super) fn set(&mut self, at: Instant, event: Event) {
        self.carry(at, Rank::TIMER, event);
    }

    /// `event` happens now, after all else.
    pub(super) fn set_last(&mut self, now: Instant, event: Event) {
        self.carry(now, Rank::LAST, event);
    }

    /// `event` is carried over the network.
    pub(super) fn carry(&mut self, at: Instant, rank: Rank, event: Event) {
        self.place(millis(at), rank, event);
    }

    /// Takes the next event. Those that are `idle`, since what they concern is gone, are left out
    /// where that spares work.
    pub(super) fn next(&mut self, idle: impl Fn(Event) -> bool) -> Option<(Instant, Event)> {
        while self.happened == self.due.len() {
            self.turn(&idle)?;
        }
        let event = self.due[self.happened].event;
        self.happened += 1;
        Some((Instant::from_nanos(self.now * NANOS), event))
    }

    /// Its parts go in registers: all events pass here.
    fn place(&mut self, at: u64, rank: Rank, event: Event) {
        let entry = Entry { at, rank, event };
        if at <= self.now {
            let to_come = &self.due[self.happened..];
            let before = to_come.partition_point(|other| other.rank <= rank);
            return self.due.insert(self.happened + before, entry);
        }
        let number = (at ^ self.now).ilog2() / BITS;
        let slot = (at >> (number * BITS)) as usize % SLOTS;
        let level = &mut self.levels[number as usize];
        self.filled |= 1 << number;
        level.filled |= 1 << slot;
        level.slots[slot].push(entry);
    }

    /// Goes on to the next slot that holds events; none if none does.
    fn turn(&mut self, idle: impl Fn(Event) -> bool) -> Option<()> {
        let number = (self.filled != 0).then(|| self.filled.trailing_zeros())?;
        let level = &mut self.levels[number as usize];
        let slot = level.filled.trailing_zeros();
        level.filled &= level.filled - 1;
        if level.filled == 0 {
            self.filled &= self.filled - 1;
        }
        let shift = number * BITS;
        let higher = self.now >> shift >> BITS << BITS;
        self.now = (higher | u64::from(slot)) << shift;
        self.due.clear();
        self.happened = 0;
        let entries = &mut level.slots[slot as usize];
        if number == 0 {
            std::mem::swap(&mut self.due, entries);
            self.due.sort_by_key(|entry| entry.rank);
            return Some(());
        }
        let mut entries = std::mem::take(entries);
        let live = entries.drain(..).filter(|entry| !idle(entry.event));
        live.for_each(|Entry { at, rank, event }| self.place(at, rank, event));
        // Little memory is used again; much is given back, since a slot has its turn seldom.
        if entries.capacity() <= KEPT {
            self.levels[number as usize].slots[slot as usize] = entries;
        }
        Some(())
    }
}

/// Events for which a slot keeps its memory.
const KEPT: usize = 64;

const NANOS: u64 = 1_000_000;

/// The first whole millisecond from `at` on.
fn millis(at: Instant) -> u64 {
    at.as_nanos().div_ceil(NANOS).min(u64::MAX / NANOS)
}

/// Where something is kept. The key of what is gone finds nothing, also when its place is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    place: u32,
    turn: u32,
}

/// Things by key, in memory that is used again.
pub(super) struct Places<T> {
    all: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Places<T> {
    /// Keeps `thing`.
    pub(super) fn add(&mut self, thing: T) -> Key {
        if let Some(place) = self.free.pop() {
            let (turn, kept) = &mut self.all[place as usize];
            *kept = Some(thing);
            return Key { place, turn: *turn };
        }
        self.all.push((0, Some(thing)));
        let place = self.all.len() as u32 - 1;
        Key { place, turn: 0 }
    }

    /// What is kept there, if it still is.
    pub(super) fn get(&mut self, key: Key) -> Option<&mut T> {
        let (turn, kept) = self.all.get_mut(key.place as usize)?;
        kept.as_mut().filter(|_| *turn == key.turn)
    }

    /// Whether what was kept there is gone.
    pub(super) fn is_gone(&self, key: Key) -> bool {
        self.all[key.place as usize].0 != key.turn
    }

    /// Takes it out for a while; [`put`](Self::put) brings it back.
    pub(super) fn take(&mut self, key: Key) -> Option<T> {
        let (turn, kept) = self.all.get_mut(key.place as usize)?;
        kept.take_if(|_| *turn == key.turn)
    }

    /// Brings back what was taken.
    pub(super) fn put(&mut self, key: Key, thing: T) {
        self.all[key.place as usize].1 = Some(thing);
    }

    /// Frees the place of what was taken.
    pub(super) fn forget(&mut self, key: Key) {
        let (turn, kept) = &mut self.all[key.place as usize];
        *kept = None;
        *turn = turn.wrapping_add(1);
        self.free.push(key.place);
    }

    /// The keys of all that is kept, in the order of their places.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> {
        let all = (0_u32..).zip(&self.all);
        all.filter_map(|(place, (turn, kept))| kept.as_ref().map(|_| Key { place, turn: *turn }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, RngStreams};

    fn ms(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn what_happens_at_one_moment_has_the_order_of_the_network() {
        let mut queue = Queue::default();
        let key = Places::default().add(());
        let late = ms(1) + std::time::Duration::from_nanos(1);
        let from = |sent, host, number| Rank::of(ms(sent), host, number);
        queue.set_last(ms(2), Event::Begins(CallId(0)));
        queue.carry(ms(2), from(1, 3, 0), Event::Opening(key));
        queue.carry(ms(2), from(1, 2, 9), Event::Arrived(key));
        queue.carry(ms(2), from(1, 2, 4), Event::Request(key));
        queue.carry(ms(2), from(0, 9, 9), Event::Left(key));
        queue.set(late, Event::Drained);
        queue.set(late, Event::AllArrived);
        queue.set(ms(1), Event::Call(key));
        let order = Vec::from_iter(std::iter::from_fn(|| queue.next(|_| false)));
        let events = [
            Event::Drained,
            Event::AllArrived,
            Event::Left(key),
            Event::Request(key),
            Event::Arrived(key),
            Event::Opening(key),
            Event::Begins(CallId(0)),
        ];
        assert_eq!(order[0], (ms(1), Event::Call(key)));
        assert_eq!(order[1..], events.map(|event| (ms(2), event)));
    }

    #[test]
    fn what_concerns_nothing_any_more_is_left_out_on_its_way() {
        let mut queue = Queue::default();
        let mut places = Places::default();
        let (gone, kept) = (places.add('a'), places.add('b'));
        for (at, key) in [(100, gone), (200, kept), (3_000, gone)] {
            queue.set(ms(at), Event::Call(key));
        }
        places.forget(gone);
        let idle = |event| matches!(event, Event::Call(key) if places.is_gone(key));
        assert_eq!(queue.next(idle), Some((ms(200), Event::Call(kept))));
        assert_eq!(queue.next(idle), None);
    }

    #[test]
    fn events_come_by_time_however_far_they_lie_apart() {
        let mut queue = Queue::default();
        let mut draws = RngStreams::new(1).stream(Purpose::Fault, 0, 0, 0);
        let mut expected = Vec::new();
        let mut came = Vec::new();
        for number in 0..2_000 {
            let most = 1 << draws.below(42);
            let at = queue.now + draws.below(most);
            queue.set(ms(at), Event::Outage(number));
            expected.push((at, number));
            if number % 3 == 0 {
                came.extend(queue.next(|_| false));
            }
        }
        came.extend(std::iter::from_fn(|| queue.next(|_| false)));
        expected.sort_unstable();
        let expected = expected.into_iter();
        let expected = expected.map(|(at, number)| (ms(at), Event::Outage(number)));
        assert_eq!(came.len(), 2_000);
        assert!(came.is_sorted_by_key(|(at, _)| *at));
        came.sort_unstable_by_key(|(at, event)| match event {
            Event::Outage(number) => (*at, *number),
            _ => (*at, 0),
        });
        assert_eq!(came, Vec::from_iter(expected));
    }

    #[test]
    fn the_key_of_what_is_gone_finds_nothing() {
        let mut places = Places::default();
        let first = places.add('a');
        assert_eq!(places.take(first), Some('a'));
        assert_eq!(places.get(first), None);
        places.put(first, 'b');
        places.forget(first);
        let second = places.add('c');
        assert_eq!(places.get(first), None);
        assert_eq!(places.get(second), Some(&mut 'c'));
        assert_eq!(Vec::from_iter(places.keys()), [second]);
    }
}

//! What a provider works on at once: slots, and a bounded queue before them.
//!
//! Work goes on when the client has left, so its end is known when it is admitted, and nobody has
//! to be told of it: who comes next begins when enough of the work before is done. Nobody
//! overtakes. Thus a place once given is kept: slots that are lost or come back change the places
//! of those who come after. How much slower work is in company is decided when it begins.
//!
//! - `wear`: how overload takes slots away, and how slowly they come back.

mod degradation;

use std::collections::VecDeque;

use super::completion_times::CompletionTimes;
use crate::scenario::Capacity;
use crate::text::units::share::WHOLE;
use crate::time::Instant;
use degradation::Wear;

/// The slots of a provider.
#[derive(Clone, Debug)]
pub(super) struct Slots(Option<Work>);

/// A place in the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SlotGrant {
    /// When the work begins.
    pub(super) start: Instant,
    /// How many thousandths of its usual time it takes.
    pub(super) slow_milli: u64,
}

/// The queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QueueFull;

/// The work of a provider with a capacity.
#[derive(Clone, Debug)]
struct Work {
    capacity: Capacity,
    wear: Option<Wear>,
    /// Of all work that is under way or waits.
    ends: CompletionTimes,
    /// When those begin who wait, in order.
    waiting: VecDeque<Instant>,
    /// When whoever came last begins: nobody begins before.
    last: Instant,
}

impl Slots {
    /// All slots are free.
    pub(super) fn new(capacity: Option<Capacity>) -> Self {
        Self(capacity.map(|capacity| Work {
            capacity,
            wear: capacity.degrade.map(Wear::new),
            ends: CompletionTimes::default(),
            waiting: VecDeque::new(),
            last: Instant::START,
        }))
    }

    /// How much of the slots is at work at `now`, in parts per 10^9; nothing without a capacity.
    pub(super) fn busy(&self, now: Instant) -> u64 {
        self.0.as_ref().map_or(0, |work| work.busy(now))
    }

    /// A request comes at `now`, when `left` (parts per 10^9) of the slots is there. Its place is
    /// taken only when it is told to [`occupy`](Self::occupy) it.
    pub(super) fn admit(&mut self, now: Instant, left: u64) -> Result<SlotGrant, QueueFull> {
        match &mut self.0 {
            Some(work) => work.admit(now, left),
            None => Ok(SlotGrant {
                start: now,
                slow_milli: USUAL,
            }),
        }
    }

    /// The work that was admitted last ends at `end`.
    pub(super) fn occupy(&mut self, place: SlotGrant, end: Instant) {
        if let Some(work) = &mut self.0 {
            work.occupy(place, end);
        }
    }

    /// Whatever was worked on is lost.
    pub(super) fn clear(&mut self) {
        if let Some(work) = &mut self.0 {
            work.ends.clear();
            work.waiting.clear();
            work.last = Instant::START;
        }
    }
}

impl Work {
    fn admit(&mut self, now: Instant, left: u64) -> Result<SlotGrant, QueueFull> {
        let worn = self.wear.as_mut().map_or(WHOLE, |wear| {
            let waits = self.waiting.back().copied().unwrap_or(Instant::START);
            wear.advance(now, waits)
        });
        self.ends.forget(now);
        while self.waiting.front().is_some_and(|start| *start <= now) {
            self.waiting.pop_front();
        }
        let slots = slots_left(self.capacity.slots, worn, left);
        if slots == 0 {
            return Err(QueueFull);
        }
        let start = self
            .ends
            .below(slots)
            .unwrap_or(now)
            .max(self.last)
            .max(now);
        if start > now && self.waiting.len() >= self.capacity.queue as usize {
            return Err(QueueFull);
        }
        Ok(SlotGrant {
            start,
            slow_milli: self.slow_milli(self.ends.after(start), slots),
        })
    }

    fn busy(&self, now: Instant) -> u64 {
        let waiting = self.waiting.len() - self.waiting.partition_point(|start| *start <= now);
        let at_work = self.ends.after(now).saturating_sub(waiting) as u128;
        let slots = u128::from(self.capacity.slots.max(1));
        (at_work.min(slots) * u128::from(WHOLE) / slots) as u64
    }

    fn occupy(&mut self, place: SlotGrant, end: Instant) {
        let now = self.last.max(place.start);
        self.last = now;
        self.ends.put(end.max(now));
        self.waiting.push_back(now);
    }

    /// How much slower it is for one of `slots` with `others` at work: linear, from nobody to all.
    fn slow_milli(&self, others: usize, slots: usize) -> u64 {
        let slowdown = u128::from(self.capacity.slowdown_milli.saturating_sub(USUAL));
        let (others, all) = (others as u128, slots.saturating_sub(1) as u128);
        let part = match all {
            0 => slowdown,
            _ => slowdown * others.min(all) / all,
        };
        USUAL + part as u64
    }
}

/// What two losses (parts per 10^9 that are left) leave of `slots`, rounded up.
fn slots_left(slots: u32, worn: u64, left: u64) -> usize {
    let whole = u128::from(WHOLE);
    let part = u128::from(slots) * u128::from(worn) * u128::from(left);
    part.div_ceil(whole * whole).min(u128::from(slots)) as usize
}

/// What work takes alone, in thousandths.
const USUAL: u64 = 1_000;

#[cfg(test)]
mod tests;

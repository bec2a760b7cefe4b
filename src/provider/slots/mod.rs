//! A provider's concurrent work: slots, with a bounded queue.
//!
//! Work goes on when the client has left, so its end is known when it is admitted: the next request
//! begins when enough of the work before is done. No request overtakes another. Thus a place once
//! given is kept: slots that are lost or come back change the places of later requests. How much
//! slower work is in company is decided when it begins.
//!
//! - `degradation`: how overload takes slots away, and how slowly they come back.

mod degradation;

use std::collections::VecDeque;

use super::completion_times::CompletionTimes;
use super::state::SlotState;
use crate::scenario::Capacity;
use crate::time::Instant;
use crate::units::{Factor, Share};
use degradation::Degradation;

/// The slots of a provider.
#[derive(Clone, Debug)]
pub(super) struct Slots(Option<Work>);

/// A slot for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SlotGrant {
    /// When the work begins.
    pub(super) start: Instant,
    /// How many times its usual time it takes.
    pub(super) slowdown: Factor,
}

/// The queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QueueFull;

/// The work of a provider with a capacity.
#[derive(Clone, Debug)]
struct Work {
    capacity: Capacity,
    degradation: Option<Degradation>,
    /// The ends of all work in progress or in the queue.
    ends: CompletionTimes,
    /// When the requests that wait begin, in order.
    waiting: VecDeque<Instant>,
    /// When the last request begins: no later one begins before.
    last: Instant,
}

impl Slots {
    /// All slots are free.
    pub(super) fn new(capacity: Option<Capacity>) -> Self {
        Self(capacity.map(|capacity| Work {
            capacity,
            degradation: capacity.degrade.map(Degradation::new),
            ends: CompletionTimes::default(),
            waiting: VecDeque::new(),
            last: Instant::START,
        }))
    }

    /// How much of the slots is at work at `now`; nothing without a capacity.
    pub(super) fn busy(&self, now: Instant) -> Share {
        self.0.as_ref().map_or(Share::ZERO, |work| work.busy(now))
    }

    /// A request comes at `now`, when `left` of the slots is there. Its place is taken only when it
    /// is told to [`occupy`](Self::occupy) it.
    pub(super) fn admit(&mut self, now: Instant, left: Share) -> Result<SlotGrant, QueueFull> {
        match &mut self.0 {
            Some(work) => work.admit(now, left),
            None => Ok(SlotGrant {
                start: now,
                slowdown: Factor::ONE,
            }),
        }
    }

    /// Takes `place` for work that ends at `end`.
    pub(super) fn occupy(&mut self, place: SlotGrant, end: Instant) {
        if let Some(work) = &mut self.0 {
            work.occupy(place, end);
        }
    }

    /// Their use at `now`, when `left` of them is there.
    pub(super) fn state(&mut self, now: Instant, left: Share) -> Option<SlotState> {
        let work = self.0.as_mut()?;
        let worn = work.worn(now);
        let waiting = work.waiting.len() - work.waiting.partition_point(|start| *start <= now);
        let all = work.ends.after(now);
        Some(SlotState {
            slots: slots_left(work.capacity.slots, worn, left) as u64,
            busy: all.saturating_sub(waiting) as u64,
            waiting: waiting as u64,
        })
    }

    /// All work is lost.
    pub(super) fn clear(&mut self) {
        if let Some(work) = &mut self.0 {
            work.ends.clear();
            work.waiting.clear();
            work.last = Instant::START;
        }
    }
}

impl Work {
    fn admit(&mut self, now: Instant, left: Share) -> Result<SlotGrant, QueueFull> {
        let worn = self.worn(now);
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
            slowdown: self.slowdown(self.ends.after(start), slots),
        })
    }

    /// What overload has left at `now`.
    fn worn(&mut self, now: Instant) -> Share {
        let waits = self.waiting.back().copied().unwrap_or(Instant::START);
        let degradation = self.degradation.as_mut();
        degradation.map_or(Share::WHOLE, |degradation| degradation.advance(now, waits))
    }

    fn busy(&self, now: Instant) -> Share {
        let waiting = self.waiting.len() - self.waiting.partition_point(|start| *start <= now);
        let at_work = self.ends.after(now).saturating_sub(waiting) as u64;
        Share::from_fraction(at_work, self.capacity.slots.max(1)).unwrap_or_default()
    }

    fn occupy(&mut self, place: SlotGrant, end: Instant) {
        let now = self.last.max(place.start);
        self.last = now;
        self.ends.put(end.max(now));
        self.waiting.push_back(now);
    }

    /// How much slower it is for one of `slots` with `others` at work: linear, from none to all.
    fn slowdown(&self, others: usize, slots: usize) -> Factor {
        let usual = Factor::ONE.as_milli();
        let slowdown = u128::from(self.capacity.slowdown.as_milli().saturating_sub(usual));
        let (others, all) = (others as u128, slots.saturating_sub(1) as u128);
        let part = match all {
            0 => slowdown,
            _ => slowdown * others.min(all) / all,
        };
        Factor::milli(usual + part as u64)
    }
}

/// What two losses, of which `worn` and `left` are left, leave of `slots`, rounded up.
fn slots_left(slots: u64, worn: Share, left: Share) -> usize {
    let [whole, worn, left] = [Share::WHOLE, worn, left].map(|share| u128::from(share.as_parts()));
    (u128::from(slots) * worn * left).div_ceil(whole * whole) as usize
}

#[cfg(test)]
mod tests;

//! Calls that wait for capacity or for the return of a provider: their order, and which of them to
//! wake when they may go on.

use super::super::call_context::CallContext;
use super::super::config::{WhenFull, WhenUnavailable};
use super::super::queue::{Joined, Queue, Waiter, WaitsFor};
use super::super::reserved::ReservedTask;
use super::super::{CallId, ProviderId};
use super::{Fleet, Permit};
use crate::time::Instant;

impl Fleet {
    /// Whether a call that finds this provider full waits for it.
    pub(in crate::policy) fn waits_when_full(&self, provider: ProviderId) -> bool {
        self.settings(provider).limit.when_full == WhenFull::Wait
    }

    /// Whether other calls in the queue come before a call that asks for capacity.
    pub(in crate::policy) fn is_behind_others(
        &mut self,
        call: CallId,
        ask: &CallContext,
        now: Instant,
    ) -> bool {
        self.pass_over_late(call, now);
        let Some(queue) = waiting(&self.queue) else {
            return false;
        };
        let passes = |task| {
            let mut slots = self.slots.iter();
            slots.any(|slot| slot.has_own_place(task)) && queue.is_next_of(task, call, ask.priority)
        };
        !queue.is_next(call, ask.priority) && !self.reserved_task(ask).is_some_and(passes)
    }

    /// When the wait of a call that comes before others ends at the latest.
    pub(in crate::policy) fn first_leaves_at(&self) -> Option<Instant> {
        let firsts = waiting(&self.queue)?.firsts();
        firsts.map(|(_, until)| until).min()
    }

    /// The call's task, if places are kept for it.
    fn reserved_task(&self, ask: &CallContext) -> Option<ReservedTask> {
        let slot = self.slots.first()?;
        slot.reserved.task(ask.task.as_deref())
    }

    /// Puts a call into the queue, and returns when its wait ends; none if there is no queue, or it
    /// is full.
    pub(in crate::policy) fn join_queue(
        &mut self,
        call: CallId,
        ask: &CallContext,
        waits_for: WaitsFor,
        now: Instant,
    ) -> Option<Instant> {
        let waiter = Waiter {
            call,
            priority: ask.priority,
            task: self.reserved_task(ask),
            waits_for,
        };
        match self.queue.as_mut()?.join(waiter, now) {
            Joined::Full => None,
            Joined::Waits { until, pushed_out } => {
                self.woken.extend(pushed_out);
                Some(until)
            }
        }
    }

    /// Until when a call that no healthy provider can take waits at the latest; none if the policy
    /// does not let it wait.
    pub(in crate::policy) fn waits_for_return(
        &self,
        call: CallId,
        now: Instant,
    ) -> Option<Instant> {
        let queue = self.queue.as_ref()?;
        (queue.when_unavailable() == WhenUnavailable::Wait).then(|| queue.until(call, now))
    }

    /// Whether a call is still in the queue: it may have been pushed out.
    pub(in crate::policy) fn is_queued(&self, call: CallId) -> bool {
        self.queue.as_ref().is_some_and(|queue| queue.holds(call))
    }

    /// A call leaves the queue.
    pub(in crate::policy) fn leave_queue(&mut self, call: CallId) {
        if let Some(queue) = &mut self.queue
            && queue.holds(call)
        {
            queue.leave(call);
            self.wake_next();
        }
    }

    /// Removes calls from the front of the queue that have waited for the maximum but are not
    /// stepped any more.
    fn pass_over_late(&mut self, call: CallId, now: Instant) {
        let mut passed = false;
        let is_late = |(first, until): &(CallId, Instant)| *first != call && *until <= now;
        while let Some((late, _)) = waiting(&self.queue).and_then(|all| all.firsts().find(is_late))
            && let Some(queue) = &mut self.queue
        {
            queue.leave(late);
            passed = true;
        }
        if passed {
            self.wake_next();
        }
    }

    /// Wakes the first calls in the queue, since there may be capacity for one of them now.
    pub(super) fn wake_next(&mut self) {
        if let Some(queue) = waiting(&self.queue) {
            self.woken.extend(queue.firsts().map(|(call, _)| call));
        }
    }

    /// An attempt has ended, which leaves room, and may have closed a breaker or freed its probe.
    pub(super) fn wake_after(&mut self, pass: &Permit) {
        if pass.is_probe() {
            self.wake_returning();
        }
        self.wake_next();
    }

    /// Wakes the calls that wait for the return of a provider, since one may have returned.
    pub(super) fn wake_returning(&mut self) {
        let all = self.queue.iter().flat_map(Queue::for_return);
        self.woken.extend(all);
    }
}

/// The queue, if a call is in it.
fn waiting(queue: &Option<Queue>) -> Option<&Queue> {
    queue.as_ref().filter(|queue| !queue.is_empty())
}

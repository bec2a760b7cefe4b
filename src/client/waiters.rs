//! Calls that wait for capacity, and how they are woken.
//!
//! The core names the calls that may go on; they may be waiting in other tasks, or be about to
//! wait. A notification that comes before its call waits is stored, so that none is lost. It is
//! stored while the core is still locked, so that none is stored after its call has ended.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use super::lock;
use crate::policy::CallId;

/// The calls of one client that wait for capacity.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    calls: Mutex<BTreeMap<CallId, Sleeper>>,
}

#[derive(Debug)]
enum Sleeper {
    Asleep(Waker),
    Called,
}

impl Waiters {
    /// Notifies these calls that they may go on. Returns the wakers: foreign code, to be called
    /// under no lock.
    #[must_use]
    pub(super) fn tell(&self, told: Vec<CallId>) -> Vec<Waker> {
        if told.is_empty() {
            return Vec::new();
        }
        let mut calls = lock(&self.calls);
        let before = told
            .into_iter()
            .filter_map(|call| calls.insert(call, Sleeper::Called));
        let asleep = before.filter_map(|before| match before {
            Sleeper::Asleep(waker) => Some(waker),
            Sleeper::Called => None,
        });
        asleep.collect()
    }

    /// Ready once the call was notified.
    pub(super) fn poll(&self, call: CallId, cx: &Context<'_>) -> Poll<()> {
        let mut calls = lock(&self.calls);
        if let Some(Sleeper::Called) = calls.get(&call) {
            calls.remove(&call);
            return Poll::Ready(());
        }
        calls.insert(call, Sleeper::Asleep(cx.waker().clone()));
        Poll::Pending
    }

    /// Removes a call that no longer waits, with its notification.
    pub(super) fn forget(&self, call: CallId) {
        lock(&self.calls).remove(&call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_comes_too_early_is_kept() {
        let sleepers = Waiters::default();
        let cx = Context::from_waker(Waker::noop());
        assert!(sleepers.tell(vec![CallId(1)]).is_empty(), "no call waits");
        assert!(sleepers.poll(CallId(1), &cx).is_ready());
        assert!(
            sleepers.poll(CallId(1), &cx).is_pending(),
            "it was told once"
        );
    }

    #[test]
    fn whoever_sleeps_is_woken_once() {
        let sleepers = Waiters::default();
        let cx = Context::from_waker(Waker::noop());
        assert!(sleepers.poll(CallId(1), &cx).is_pending());
        let woken = sleepers.tell(vec![CallId(1), CallId(2), CallId(1)]);
        assert_eq!(woken.len(), 1);
        assert!(sleepers.poll(CallId(1), &cx).is_ready());
    }

    #[test]
    fn a_call_that_left_leaves_nothing_behind() {
        let sleepers = Waiters::default();
        let cx = Context::from_waker(Waker::noop());
        assert!(sleepers.poll(CallId(1), &cx).is_pending());
        sleepers.forget(CallId(1));
        assert!(lock(&sleepers.calls).is_empty());
    }
}

//! Calls that wait for room, and how they hear that there may be some.
//!
//! The core names the calls that may go on; they may be waiting in other tasks, or be just about to.
//! A word that comes before its call sleeps is kept for it, so that none is lost.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use super::lock;
use crate::policy::CallId;

/// The calls of one client that wait for room.
#[derive(Debug, Default)]
pub(super) struct Sleepers {
    calls: Mutex<BTreeMap<CallId, Sleeper>>,
}

#[derive(Debug)]
enum Sleeper {
    Asleep(Waker),
    Called,
}

impl Sleepers {
    /// Tells a call that it may go on.
    pub(super) fn wake(&self, call: CallId) {
        let before = lock(&self.calls).insert(call, Sleeper::Called);
        if let Some(Sleeper::Asleep(waker)) = before {
            waker.wake();
        }
    }

    /// Ready once the call was told to go on.
    pub(super) fn poll(&self, call: CallId, cx: &Context<'_>) -> Poll<()> {
        let mut calls = lock(&self.calls);
        if let Some(Sleeper::Called) = calls.get(&call) {
            calls.remove(&call);
            return Poll::Ready(());
        }
        calls.insert(call, Sleeper::Asleep(cx.waker().clone()));
        Poll::Pending
    }

    /// A call does not wait any more; what it was told is forgotten.
    pub(super) fn forget(&self, call: CallId) {
        lock(&self.calls).remove(&call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_comes_too_early_is_kept() {
        let sleepers = Sleepers::default();
        let cx = Context::from_waker(Waker::noop());
        sleepers.wake(CallId(1));
        assert!(sleepers.poll(CallId(1), &cx).is_ready());
        assert!(
            sleepers.poll(CallId(1), &cx).is_pending(),
            "it was told once"
        );
    }

    #[test]
    fn a_call_that_left_leaves_nothing_behind() {
        let sleepers = Sleepers::default();
        let cx = Context::from_waker(Waker::noop());
        assert!(sleepers.poll(CallId(1), &cx).is_pending());
        sleepers.forget(CallId(1));
        assert!(lock(&sleepers.calls).is_empty());
    }
}

//! Keeps every task on its host.
//!
//! turmoil-net has one current host per thread. A task that is polled, or dropped, while another
//! host is current talks from the wrong one; so both happen inside [`OnHost`] only. Each poll may
//! have moved packets: it wakes the scheduler.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use turmoil_net::HostId;

/// Starts `task` on `host`.
pub(super) fn spawn(host: HostId, task: impl Future<Output = ()> + 'static) {
    tokio::task::spawn_local(OnHost {
        host,
        task: Some(Box::pin(task)),
    });
}

/// Says that packets may be waiting.
pub(super) fn mark_dirty() {
    if !DIRTY.replace(true) {
        WAKER.with_borrow(|waker| {
            if let Some(waker) = waker {
                waker.wake_by_ref();
            }
        });
    }
}

/// Whether packets may be waiting; asking takes the mark away.
pub(super) fn take_dirty() -> bool {
    DIRTY.replace(false)
}

/// Who is to be woken when packets may be waiting.
pub(super) fn wake_when_dirty(waker: &Waker) {
    WAKER.with_borrow_mut(|known| match known {
        Some(known) => known.clone_from(waker),
        None => *known = Some(waker.clone()),
    });
}

struct OnHost {
    host: HostId,
    task: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

impl Future for OnHost {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        turmoil_net::set_current(self.host);
        let Some(task) = self.task.as_mut() else {
            return Poll::Ready(());
        };
        let polled = task.as_mut().poll(cx);
        if polled.is_ready() {
            self.task = None;
        }
        mark_dirty();
        polled
    }
}

impl Drop for OnHost {
    fn drop(&mut self) {
        if self.task.is_some() {
            turmoil_net::set_current(self.host);
            self.task = None;
            mark_dirty();
        }
    }
}

thread_local! {
    static DIRTY: Cell<bool> = const { Cell::new(true) };
    static WAKER: RefCell<Option<Waker>> = const { RefCell::new(None) };
}

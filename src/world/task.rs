//! Keeps every task on its host, and frozen processes paused.
//!
//! turmoil-net has one current host per thread. A task that is polled, or dropped, while another
//! host is current would send from the wrong one; so both happen inside [`OnHost`] only. Each poll
//! may have moved packets: it wakes the scheduler.
//!
//! Futures of a frozen process are not polled. Packets for it wait in its sockets, and its timers
//! wait as well.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use turmoil_net::HostId;

/// The tasks of one run: the state shared with the scheduler, and the frozen processes.
#[derive(Clone, Default)]
pub(super) struct Tasks(Rc<Shared>);

struct Shared {
    /// Whether packets may be waiting.
    dirty: Cell<bool>,
    /// Wakes the scheduler.
    scheduler: RefCell<Option<Waker>>,
    /// The frozen processes. A host is listed once for each fault that freezes it.
    frozen: RefCell<Vec<HostId>>,
    /// Wakes the futures of frozen processes.
    waiting: RefCell<Vec<Waker>>,
}

impl Tasks {
    /// Starts `task` on `host`.
    pub(super) fn spawn(&self, host: HostId, task: impl Future<Output = ()> + 'static) {
        tokio::task::spawn_local(OnHost {
            tasks: self.clone(),
            host,
            task: Some(Box::pin(task)),
        });
    }

    /// Freezes the process on `host`, until it has been thawed as many times as it was frozen.
    pub(super) fn freeze(&self, host: HostId) {
        self.0.frozen.borrow_mut().push(host);
    }

    /// The opposite of one [`Tasks::freeze`].
    pub(super) fn thaw(&self, host: HostId) {
        let mut frozen = self.0.frozen.borrow_mut();
        let position = frozen.iter().position(|other| *other == host);
        position.map(|position| frozen.remove(position));
        drop(frozen);
        // The futures of processes that are still frozen will wait again.
        let waiting = self.0.waiting.take();
        waiting.into_iter().for_each(Waker::wake);
    }

    /// The output of `part`, which belongs to the process on `host`: it makes no progress while the
    /// process is frozen.
    pub(super) async fn in_process<T>(&self, host: HostId, part: impl Future<Output = T>) -> T {
        let mut part = pin!(part);
        let done = poll_fn(|cx| {
            if self.is_frozen(host) {
                self.0.waiting.borrow_mut().push(cx.waker().clone());
                return Poll::Pending;
            }
            part.as_mut().poll(cx)
        });
        done.await
    }

    /// Whether the process on `host` is frozen.
    pub(super) fn is_frozen(&self, host: HostId) -> bool {
        self.0.frozen.borrow().contains(&host)
    }

    /// Marks that packets may be waiting.
    pub(super) fn mark_dirty(&self) {
        if !self.0.dirty.replace(true)
            && let Some(scheduler) = &*self.0.scheduler.borrow()
        {
            scheduler.wake_by_ref();
        }
    }

    /// Whether packets may be waiting.
    pub(super) fn is_dirty(&self) -> bool {
        self.0.dirty.get()
    }

    /// The same; clears the mark.
    pub(super) fn take_dirty(&self) -> bool {
        self.0.dirty.replace(false)
    }

    /// Sets the waker of the scheduler.
    pub(super) fn wake_when_dirty(&self, waker: &Waker) {
        match &mut *self.0.scheduler.borrow_mut() {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            // The first pass collects what the hosts sent when they started.
            dirty: Cell::new(true),
            scheduler: RefCell::default(),
            frozen: RefCell::default(),
            waiting: RefCell::default(),
        }
    }
}

struct OnHost {
    tasks: Tasks,
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
        self.tasks.mark_dirty();
        polled
    }
}

impl Drop for OnHost {
    fn drop(&mut self) {
        if self.task.is_some() {
            turmoil_net::set_current(self.host);
            self.task = None;
            self.tasks.mark_dirty();
        }
    }
}

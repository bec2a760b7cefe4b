//! Keeps every task on its host, and a process still that stands still.
//!
//! turmoil-net has one current host per thread. A task that is polled, or dropped, while another
//! host is current talks from the wrong one; so both happen inside [`OnHost`] only. Each poll may
//! have moved packets: it wakes the scheduler.
//!
//! What a frozen process does is not polled. What the network brings for it waits in its sockets,
//! and what its timers have to say waits as well.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use turmoil_net::HostId;

/// Starts `task` on `host`.
pub(super) fn spawn(host: HostId, task: impl Future<Output = ()> + 'static) {
    tokio::task::spawn_local(OnHost {
        host,
        task: Some(Box::pin(task)),
    });
}

/// The host whose task is being polled.
pub(super) fn current() -> Option<HostId> {
    CURRENT.get()
}

/// The process on `host` stands still from now on, until as many have thawed it.
pub(super) fn freeze(host: HostId) {
    ICE.with_borrow_mut(|ice| ice.frozen.push(host));
    HAS_ICE.set(true);
}

/// The opposite of one [`freeze`].
pub(super) fn thaw(host: HostId) {
    let waiting = ICE.with_borrow_mut(|ice| {
        let place = ice.frozen.iter().position(|frozen| *frozen == host);
        place.map(|place| ice.frozen.remove(place));
        HAS_ICE.set(!ice.frozen.is_empty());
        std::mem::take(&mut ice.waiting)
    });
    // Whoever is frozen still comes back at once.
    waiting.into_iter().for_each(Waker::wake);
}

/// What `part` comes to, which the process on `host` does: while that stands still, nothing is
/// done.
pub(super) async fn in_process<T>(host: HostId, part: impl Future<Output = T>) -> T {
    let mut part = pin!(part);
    let done = poll_fn(|cx| {
        if is_frozen(host) {
            ICE.with_borrow_mut(|ice| ice.waiting.push(cx.waker().clone()));
            return Poll::Pending;
        }
        part.as_mut().poll(cx)
    });
    done.await
}

/// Whether the process on `host` stands still.
pub(super) fn is_frozen(host: HostId) -> bool {
    HAS_ICE.get() && ICE.with_borrow(|ice| ice.frozen.contains(&host))
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
        self.enter();
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

impl OnHost {
    fn enter(&self) {
        turmoil_net::set_current(self.host);
        CURRENT.set(Some(self.host));
    }
}

impl Drop for OnHost {
    fn drop(&mut self) {
        if self.task.is_some() {
            self.enter();
            self.task = None;
            mark_dirty();
        }
    }
}

/// Who stands still, and who waits for the end of that.
#[derive(Default)]
struct Ice {
    /// A host is in it once for each that froze it.
    frozen: Vec<HostId>,
    waiting: Vec<Waker>,
}

thread_local! {
    static DIRTY: Cell<bool> = const { Cell::new(true) };
    static WAKER: RefCell<Option<Waker>> = const { RefCell::new(None) };
    static CURRENT: Cell<Option<HostId>> = const { Cell::new(None) };
    static HAS_ICE: Cell<bool> = const { Cell::new(false) };
    static ICE: RefCell<Ice> = const {
        RefCell::new(Ice { frozen: Vec::new(), waiting: Vec::new() })
    };
}

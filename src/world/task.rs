//! Starts tasks, after whose polls the scheduler is woken if it has something to do, and keeps
//! frozen processes paused.
//!
//! Futures of a frozen process are not polled. What arrives for it waits in its connections, and
//! its timers wait as well.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::World;

/// The frozen client processes of one run.
#[derive(Default)]
pub(super) struct Processes {
    /// Each once for each fault that freezes it.
    frozen: RefCell<Vec<u32>>,
    /// Wakes their futures.
    waiting: RefCell<Vec<Waker>>,
}

impl Processes {
    /// Freezes client process `client`, until it has been thawed as many times as it was frozen.
    pub(super) fn freeze(&self, client: u32) {
        self.frozen.borrow_mut().push(client);
    }

    /// The opposite of one [`Processes::freeze`].
    pub(super) fn thaw(&self, client: u32) {
        let mut frozen = self.frozen.borrow_mut();
        let position = frozen.iter().position(|other| *other == client);
        position.map(|position| frozen.remove(position));
        drop(frozen);
        // The futures of processes that are still frozen will wait again.
        let waiting = self.waiting.take();
        waiting.into_iter().for_each(Waker::wake);
    }

    /// The output of `part`, which belongs to process `client`: it makes no progress while the
    /// process is frozen.
    pub(super) async fn in_process<T>(&self, client: u32, part: impl Future<Output = T>) -> T {
        let mut part = pin!(part);
        let done = poll_fn(|cx| {
            if self.is_frozen(client) {
                self.waiting.borrow_mut().push(cx.waker().clone());
                return Poll::Pending;
            }
            part.as_mut().poll(cx)
        });
        done.await
    }

    /// Whether process `client` is frozen.
    pub(super) fn is_frozen(&self, client: u32) -> bool {
        self.frozen.borrow().contains(&client)
    }
}

/// Starts a task of `world`.
pub(super) fn spawn(world: &Rc<World>, task: impl Future<Output = ()> + 'static) {
    tokio::task::spawn_local(Watched {
        world: world.clone(),
        task: Some(Box::pin(task)),
    });
}

/// A task. Each poll may have sent packets, or have ended the run.
struct Watched {
    world: Rc<World>,
    task: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

impl Future for Watched {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(task) = self.task.as_mut() else {
            return Poll::Ready(());
        };
        let polled = task.as_mut().poll(cx);
        if polled.is_ready() {
            self.task = None;
        }
        self.world.wake_scheduler();
        polled
    }
}

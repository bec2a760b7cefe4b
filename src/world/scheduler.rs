//! Drives the simulated network by events.
//!
//! Packets that are due are delivered before any task runs. A pass collects the packets that hosts
//! have sent, and passes them to the network. It comes when all tasks that could run have run,
//! never on a tick: with nothing to do, tokio's paused clock jumps straight to the next timer.
//! Packets due at one time are delivered in the order in which they were sent.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio::time::{Instant, Sleep};

use super::World;
use super::network::Sent;
use super::outbox::Waiting;
use super::tcp::{Packet, keep};

/// Whether there is something to do: packets to send, events to record, or the end of the run.
#[derive(Default)]
pub(super) struct Signal {
    is_set: Cell<bool>,
    /// Woken when it is.
    scheduler: RefCell<Option<Waker>>,
}

impl Signal {
    pub(super) fn set(&self) {
        if !self.is_set.replace(true) {
            self.scheduler.borrow().iter().for_each(Waker::wake_by_ref);
        }
    }

    /// Whether it is set; clears it.
    fn take(&self) -> bool {
        self.is_set.replace(false)
    }

    fn wake_when_set(&self, scheduler: &Waker) {
        keep(&mut self.scheduler.borrow_mut(), scheduler);
    }
}

/// The packets in flight, and what wakes the run for them.
#[derive(Default)]
struct Flights {
    queue: RefCell<BinaryHeap<Reverse<Due>>>,
    /// When the next one is due.
    timer: RefCell<Option<Pin<Box<Sleep>>>>,
    /// Wakes the run.
    run: RefCell<Option<Waker>>,
    /// The last pass has found the world to be over.
    is_over: Cell<bool>,
}

/// A packet in flight.
struct Due {
    at: Instant,
    order: u64,
    packet: Packet,
}

impl Flights {
    /// When the next packet is due.
    fn next(&self) -> Option<Instant> {
        self.queue.borrow().peek().map(|due| due.0.at)
    }

    /// Delivers what is due.
    fn deliver(&self, now: Instant) {
        let mut queue = self.queue.borrow_mut();
        while queue.peek().is_some_and(|due| due.0.at <= now) {
            if let Some(Reverse(due)) = queue.pop() {
                due.packet.deliver();
            }
        }
    }

    /// Sets the task that delivers packets.
    fn wake_when_due(&self, run: &Waker) {
        keep(&mut self.run.borrow_mut(), run);
    }

    /// Wakes the run when the next packet is due.
    fn arm(&self) {
        let (Some(at), Some(run)) = (self.next(), &*self.run.borrow()) else {
            return;
        };
        let mut timer = self.timer.borrow_mut();
        let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        let mut cx = Context::from_waker(run);
        if timer.as_mut().poll(&mut cx).is_ready() {
            run.wake_by_ref();
        }
    }

    fn finish(&self) {
        self.is_over.set(true);
        self.run.borrow().iter().for_each(Waker::wake_by_ref);
    }
}

/// The run: ready when the world is over. It is polled before the tasks, whichever of them woke.
pub(super) async fn run(world: &Rc<World>) {
    let flights: Rc<Flights> = Rc::default();
    tokio::task::spawn_local(Passes {
        world: world.clone(),
        flights: flights.clone(),
        is_due: false,
        sent: 0,
        buffer: Vec::new(),
    });
    poll_fn(|cx| {
        if flights.is_over.get() {
            return Poll::Ready(());
        }
        flights.wake_when_due(cx.waker());
        let now = Instant::now();
        world.set_now(now);
        flights.deliver(now);
        flights.arm();
        world.wake_scheduler();
        Poll::Pending
    })
    .await;
}

/// The task that makes the passes.
struct Passes {
    world: Rc<World>,
    flights: Rc<Flights>,
    /// The next poll makes a pass, unless there is more to do by then.
    is_due: bool,
    sent: u64,
    buffer: Vec<Waiting>,
}

impl Passes {
    /// Sends the hosts' packets, of which some arrive at once.
    fn collect(&mut self) {
        let at = self.world.now();
        let now = self.world.moment(at);
        let mut network = self.world.network.borrow_mut();
        let mut send = |Sent { packet, after }: Sent| {
            if after.is_zero() {
                return packet.deliver();
            }
            self.sent += 1;
            self.flights.queue.borrow_mut().push(Reverse(Due {
                at: now + after,
                order: self.sent,
                packet,
            }));
        };
        self.world
            .connections
            .outbox
            .take(&mut self.buffer, |packet| {
                network.on_packet(at, packet, &mut send);
            });
        network.on_pass(&mut send);
        let struck = network.take_struck();
        drop(network);
        struck.into_iter().for_each(|fault| self.world.fired(fault));
    }
}

impl Future for Passes {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.world.due.wake_when_set(cx.waker());
        if this.world.due.take() {
            // Tasks that were woken before this one, or by it, run first.
            this.is_due = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if std::mem::take(&mut this.is_due) {
            this.collect();
            if this.world.connections.outbox.is_empty() && this.world.is_over() {
                this.flights.finish();
                return Poll::Ready(());
            }
            this.world.wake_scheduler();
            this.flights.arm();
        }
        Poll::Pending
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

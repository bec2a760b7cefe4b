//! Drives the simulated network by events.
//!
//! Packets that are due are delivered before any task runs. A pass collects the packets that hosts
//! have sent, and passes them to the network. It comes when all tasks that could run have run,
//! never on a tick: with nothing to do, tokio's paused clock jumps straight to the next timer.
//! Packets due at one time are delivered in the order in which they were sent.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::sync::Notify;
use tokio::time::{Instant, Sleep};

use super::World;
use super::network::Sent;
use super::outbox::Waiting;
use super::tcp::Packet;

/// The packets in flight.
#[derive(Default)]
pub(super) struct Flights {
    queue: RefCell<BinaryHeap<Reverse<Due>>>,
    /// The last pass has found the world to be over.
    over: Notify,
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

    /// Delivers what is due; true if there was something.
    fn deliver(&self) -> bool {
        let Some(next) = self.next() else {
            return false;
        };
        let now = Instant::now();
        if next > now {
            return false;
        }
        let mut queue = self.queue.borrow_mut();
        while queue.peek().is_some_and(|due| due.0.at <= now) {
            if let Some(Reverse(due)) = queue.pop() {
                due.packet.deliver();
            }
        }
        true
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
        timer: None,
    });
    let mut over = pin!(flights.over.notified());
    poll_fn(|cx| {
        if flights.deliver() {
            world.tasks.mark_dirty();
        }
        over.as_mut().poll(cx)
    })
    .await;
}

/// The task that makes the passes.
struct Passes {
    world: Rc<World>,
    flights: Rc<Flights>,
    /// Packets may be waiting, unless another task moves more of them.
    is_due: bool,
    sent: u64,
    buffer: Vec<Waiting>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Passes {
    /// Sends the hosts' packets. The last of a handshake arrives at once.
    fn collect(&mut self) {
        let (now, at) = (Instant::now(), self.world.now());
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
        self.world.outbox.take(&mut self.buffer, |packet| {
            network.on_packet(at, packet, &mut send);
        });
        network.on_pass(&mut send);
        let struck = network.take_struck();
        drop(network);
        if !self.world.outbox.is_empty() {
            self.world.tasks.mark_dirty();
        }
        for fault in struck {
            let call = None;
            self.world
                .record(crate::trace::EventKind::Fired { fault, call });
        }
    }

    /// Wakes this task when the next packet is due: no pass is, but `run` is polled then.
    fn arm(&mut self, cx: &mut Context<'_>) {
        let Some(at) = self.flights.next() else {
            return;
        };
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        if timer.as_mut().poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
    }
}

impl Future for Passes {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.world.tasks.wake_when_dirty(cx.waker());
        if this.world.tasks.take_dirty() {
            // Tasks that were woken before this one, or by it, run first.
            this.is_due = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if std::mem::take(&mut this.is_due) {
            if !this.world.outbox.is_empty() || this.world.network.borrow().has_news() {
                this.collect();
            }
            if !this.world.tasks.is_dirty() && this.world.is_over() {
                this.flights.over.notify_one();
                return Poll::Ready(());
            }
        }
        this.arm(cx);
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

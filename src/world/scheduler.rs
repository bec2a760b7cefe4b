//! Drives turmoil-net by events.
//!
//! A pass delivers the packets that are due, collects the packets that hosts have sent, and passes
//! them to the network. Passes run when a task has been polled or a packet falls due, never on a
//! tick: with nothing to do, tokio's paused clock jumps straight to the next timer. Packets due at
//! one time are delivered in the order in which they were sent.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep};
use turmoil_net::{EnterGuard, Packet};

use super::World;
use super::network::Sent;

/// The run: a future that is ready when the world is over.
pub(super) struct Scheduler<'a> {
    net: &'a EnterGuard,
    world: &'a World,
    queue: BinaryHeap<Reverse<Due>>,
    sent: u64,
    egress: Vec<Packet>,
    timer: Option<Pin<Box<Sleep>>>,
}

/// A packet in flight.
struct Due {
    at: Instant,
    order: u64,
    packet: Packet,
}

impl<'a> Scheduler<'a> {
    pub(super) fn new(net: &'a EnterGuard, world: &'a World) -> Self {
        Self {
            net,
            world,
            queue: BinaryHeap::new(),
            sent: 0,
            egress: Vec::new(),
            timer: None,
        }
    }

    /// Delivers what is due; true if there was something.
    fn deliver(&mut self, now: Instant) -> bool {
        let mut delivered = false;
        while self.queue.peek().is_some_and(|due| due.0.at <= now) {
            if let Some(Reverse(due)) = self.queue.pop() {
                self.net.deliver(due.packet);
                delivered = true;
            }
        }
        delivered
    }

    /// Sends the hosts' packets; true if some have arrived already.
    fn collect(&mut self, now: Instant) -> bool {
        let mut egress = std::mem::take(&mut self.egress);
        self.net.egress_all(&mut egress);
        if egress.is_empty() && !self.world.network.borrow().has_news() {
            self.egress = egress;
            return false;
        }
        let at = self.world.now();
        let mut network = self.world.network.borrow_mut();
        let mut arrived = false;
        let mut send = |Sent { packet, after }: Sent| {
            if after.is_zero() {
                self.net.deliver(packet);
                arrived = true;
                return;
            }
            self.sent += 1;
            self.queue.push(Reverse(Due {
                at: now + after,
                order: self.sent,
                packet,
            }));
        };
        for packet in egress.drain(..) {
            network.on_packet(at, packet, &mut send);
        }
        network.on_pass(at, &mut send);
        let struck = network.take_struck();
        drop(network);
        for fault in struck {
            let call = None;
            self.world
                .record(crate::trace::EventKind::Fired { fault, call });
        }
        self.egress = egress;
        arrived
    }
}

impl Future for Scheduler<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.world.tasks.wake_when_dirty(cx.waker());
        let this = &mut *self;
        let now = Instant::now();
        // Hosts that received a packet answer before the next collection: they are woken now, and
        // run before this future does.
        if this.deliver(now) || (this.world.tasks.take_dirty() && this.collect(now)) {
            this.world.tasks.mark_dirty();
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if this.world.is_over() {
            return Poll::Ready(());
        }
        let Some(at) = this.queue.peek().map(|due| due.0.at) else {
            return Poll::Pending;
        };
        let timer = this
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        if timer.as_mut().poll(cx).is_ready() {
            cx.waker().wake_by_ref();
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

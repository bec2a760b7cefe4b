//! Drives turmoil-net by events.
//!
//! Packets that are due are delivered before any task runs. A pass collects the packets that hosts
//! have sent, and passes them to the network. It comes when all tasks that could run have run,
//! never on a tick: with nothing to do, tokio's paused clock jumps straight to the next timer.
//! Packets due at one time are delivered in the order in which they were sent.
//!
//! Each pass looks at every socket, so a run has as few as it can: one for each moment in which a
//! host may have something to send ([`Outbox`](super::outbox::Outbox)).

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::sync::Notify;
use tokio::time::{Instant, Sleep};
use turmoil_net::{EnterGuard, Packet, Transport};

use super::World;
use super::network::Sent;

/// The packets in flight.
pub(super) struct Flights {
    net: EnterGuard,
    queue: RefCell<BinaryHeap<Reverse<Due>>>,
    /// How many bytes they carry.
    bytes: Cell<usize>,
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
    pub(super) fn new(net: EnterGuard) -> Self {
        Self {
            net,
            queue: RefCell::default(),
            bytes: Cell::new(0),
            over: Notify::new(),
        }
    }

    /// When the next packet is due.
    fn next(&self) -> Option<Instant> {
        self.queue.borrow().peek().map(|due| due.0.at)
    }

    /// Delivers what is due; true if there was something.
    fn deliver(&self, world: &World) -> bool {
        let Some(next) = self.next() else {
            return false;
        };
        let now = Instant::now();
        if next > now {
            return false;
        }
        let at = world.now();
        let network = world.network.borrow();
        let mut queue = self.queue.borrow_mut();
        while queue.peek().is_some_and(|due| due.0.at <= now) {
            if let Some(Reverse(due)) = queue.pop() {
                let bytes = self.bytes.get();
                self.bytes.set(bytes - length(&due.packet));
                world.outbox.on_data(bytes);
                if network.is_answered(at, &due.packet) {
                    world.outbox.fill();
                }
                self.net.deliver(due.packet);
            }
        }
        true
    }

    /// Sends a packet.
    fn send(&self, due: Due) {
        self.bytes.set(self.bytes.get() + length(&due.packet));
        self.queue.borrow_mut().push(Reverse(due));
    }
}

/// The bytes that a packet carries.
fn length(packet: &Packet) -> usize {
    match &packet.payload {
        Transport::Tcp(segment) => segment.payload.len(),
        Transport::Udp(_) => 0,
    }
}

/// The run: ready when the world is over. It is polled before the tasks, whichever of them woke.
pub(super) async fn run(world: &Rc<World>, flights: &Rc<Flights>) {
    tokio::task::spawn_local(Passes {
        world: world.clone(),
        flights: flights.clone(),
        is_due: false,
        sent: 0,
        egress: Vec::new(),
        timer: None,
    });
    let mut over = pin!(flights.over.notified());
    poll_fn(|cx| {
        if flights.deliver(world) {
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
    egress: Vec<Packet>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Passes {
    /// Sends the hosts' packets. Acknowledgements arrive at once.
    fn collect(&mut self) {
        self.flights.net.egress_all(&mut self.egress);
        if self.egress.is_empty() && !self.world.network.borrow().has_news() {
            return;
        }
        let (now, at) = (Instant::now(), self.world.now());
        let mut network = self.world.network.borrow_mut();
        let mut may_answer = false;
        let mut send = |Sent { packet, after }: Sent| {
            if after.is_zero() {
                may_answer |= !super::network::is_acknowledgement(&packet);
                self.flights.net.deliver(packet);
                return;
            }
            self.sent += 1;
            self.flights.send(Due {
                at: now + after,
                order: self.sent,
                packet,
            });
        };
        for packet in self.egress.drain(..) {
            network.on_packet(at, packet, &mut send);
        }
        network.on_pass(at, &mut send);
        let struck = network.take_struck();
        if may_answer || network.is_bulk_in_flight(at) {
            self.world.outbox.fill();
            self.world.tasks.mark_dirty();
        }
        drop(network);
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
            if this.world.outbox.take() || this.world.network.borrow().has_news() {
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

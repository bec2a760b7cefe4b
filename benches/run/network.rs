//! Beside the wire engine: hyper over turmoil-net, another simulated TCP, driven by events as the
//! engine is, with nothing of ours above it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::net::Ipv4Addr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use hyper_util::rt::TokioIo;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep_until};
use turmoil_net::shim::tokio::net::{TcpListener, TcpStream};
use turmoil_net::{EnterGuard, HostId, KernelConfig, Latency, Net, Packet, Verdict};

use super::http::{ask, serve};
use super::{ONE_WAY, Size, runtime, stagger};

const PORT: u16 = 443;

/// Makes the exchanges of `size`.
pub(crate) fn run(size: Size) {
    let config = KernelConfig::default()
        .retx_threshold(u32::MAX)
        .default_backlog(usize::MAX);
    let mut net = Net::with_config(config);
    net.rule(Latency::fixed(ONE_WAY));
    let server = net.add_host("server");
    let client = net.add_host("client");
    let entered = net.enter();
    let runtime = runtime();
    let tasks = LocalSet::new();
    tasks.block_on(&runtime, async {
        on(server, listen(server));
        let over = Rc::new(Cell::new(false));
        let told = over.clone();
        on(client, async move {
            let callers =
                (0..size.in_flight).map(|number| on(client, caller(client, number, size)));
            for caller in Vec::from_iter(callers) {
                caller.await.expect("a caller ends");
            }
            told.set(true);
        });
        drive(&entered, &over).await;
    });
    // Tasks still have sockets, which need the network.
    drop((tasks, runtime));
}

async fn listen(host: HostId) {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await;
    let listener = listener.expect("the port is free");
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        on(host, serve(TokioIo::new(stream)));
    }
}

async fn caller(host: HostId, number: u64, size: Size) {
    stagger(number, size).await;
    let stream = TcpStream::connect(("server", PORT)).await;
    let io = TokioIo::new(stream.expect("the server listens"));
    ask(io, size.each(), |connection| {
        on(host, async move { connection.await.expect("a clean end") });
    })
    .await;
}

thread_local! {
    /// Whether packets may wait, and what moves them.
    static MAY_WAIT: Cell<bool> = const { Cell::new(true) };
    static DRIVER: RefCell<Option<Waker>> = const { RefCell::new(None) };
}

/// Runs a task on a host; each poll may have sent packets.
fn on(host: HostId, task: impl Future<Output = ()> + 'static) -> tokio::task::JoinHandle<()> {
    spawn_local(OnHost {
        host,
        task: Some(Box::pin(task)),
    })
}

struct OnHost {
    host: HostId,
    task: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

impl OnHost {
    fn enter<T>(
        &mut self,
        act: impl FnOnce(&mut Option<Pin<Box<dyn Future<Output = ()>>>>) -> T,
    ) -> T {
        turmoil_net::set_current(self.host);
        let result = act(&mut self.task);
        if !MAY_WAIT.replace(true) {
            DRIVER.with_borrow(|driver| driver.iter().for_each(Waker::wake_by_ref));
        }
        result
    }
}

impl Future for OnHost {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.enter(|task| {
            let ended = task
                .as_mut()
                .is_none_or(|task| task.as_mut().poll(cx).is_ready());
            match ended {
                true => {
                    *task = None;
                    Poll::Ready(())
                }
                false => Poll::Pending,
            }
        })
    }
}

impl Drop for OnHost {
    fn drop(&mut self) {
        if self.task.is_some() {
            self.enter(|task| *task = None);
        }
    }
}

/// Moves packets until `over`: all have the same latency, so they arrive in the order in which they
/// were sent.
async fn drive(net: &EnterGuard, over: &Cell<bool>) {
    let mut sent: VecDeque<(Instant, Packet)> = VecDeque::new();
    let mut egress = Vec::new();
    while !over.get() {
        let now = Instant::now();
        while let Some((_, packet)) = sent.pop_front_if(|(at, _)| *at <= now) {
            net.deliver(packet);
            MAY_WAIT.set(true);
        }
        if MAY_WAIT.replace(false) {
            net.egress_all(&mut egress);
            for packet in egress.drain(..) {
                match net.evaluate(&packet) {
                    Verdict::Drop => {}
                    Verdict::Deliver(after) if !after.is_zero() => {
                        sent.push_back((now + after, packet));
                    }
                    _ => {
                        net.deliver(packet);
                        MAY_WAIT.set(true);
                    }
                }
            }
            continue;
        }
        woken_or_at(sent.front().map(|(at, _)| *at)).await;
    }
}

/// Ready when a task was polled, or at this time.
async fn woken_or_at(at: Option<Instant>) {
    let mut timer = pin!(at.map(sleep_until));
    poll_fn(|cx| {
        DRIVER.set(Some(cx.waker().clone()));
        let is_due = timer
            .as_mut()
            .as_pin_mut()
            .is_some_and(|timer| timer.poll(cx).is_ready());
        match is_due || MAY_WAIT.get() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
}

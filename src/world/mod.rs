//! Runs one simulation, with a network that carries bytes.
//!
//! - `tcp` is one connection, `stream` the end that a program holds, `listener` where a provider
//!   accepts; what they send waits in `outbox`.
//! - `scheduler` drives the network by events: packets are collected after activity, and time jumps
//!   to the next event. `network` decides the fate of each packet (latency, blackholes, resets),
//!   and `link` the faults on its path.
//! - `task` says when tasks have run; `client_pause` freezes processes; `host` puts fake providers
//!   behind ports, with the `names` by which clients find them.
//! - [`Simulated`] is the client's [`Connect`](crate::client::Connect) here, `load` generates
//!   calls, and `operate` applies an operator's actions to the clients.
//!
//! One run is one paused tokio runtime on a thread of its own, so no thread-local state passes from
//! run to run. One thread-local is ours: the run in which [`Simulated`] resolves names, because a
//! `Connect` is `Send` and the run is not. The clock resolves one millisecond, because the timers
//! of tokio do.

mod client_pause;
mod connect;
mod host;
mod link;
mod listener;
mod load;
mod names;
mod network;
mod operate;
mod outbox;
mod scheduler;
mod stream;
mod task;
mod tcp;
mod test_network;

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::Duration;

use tokio::task::LocalSet;

use crate::host::ProviderHost;
use crate::policy::ProviderId;
use crate::policy::config::Policy;
use crate::provider::Provider;
use crate::rng::RngStreams;
use crate::scenario::Scenario;
use crate::seeded::{SeededFault, Workload};
use crate::time::Instant;
use crate::trace::{Event, EventKind, FaultId, Recorder};
use connect::Connections;
pub use connect::{Simulated, connections};
pub(crate) use link::{Link, RESOLUTION};
use listener::AcceptQueue;
pub use listener::Listener;
pub(crate) use load::{FILLER, known};
use network::Network;
use scheduler::Signal;
pub use stream::SimulatedStream;
use task::Processes;
pub use test_network::TestNetwork;

/// Runs `scenario` under `policy` and `seed` to its end, and passes events to `recorder`: for
/// callers that always have threads.
///
/// # Panics
/// When the machine cannot start a thread, or the simulation itself panics, which is a bug.
pub fn run(scenario: &Scenario, policy: &Policy, seed: u64, recorder: Arc<dyn Recorder>) {
    try_run(scenario, policy, seed, recorder)
        .unwrap_or_else(|error| panic!("the machine cannot start a thread: {error}"));
}

/// Runs `scenario` under `policy` and `seed` to its end, on a fresh OS thread, and passes events to
/// `recorder`. The events depend on these three alone.
///
/// # Errors
/// When the machine cannot start a thread for a second: those of other runs may end meanwhile.
///
/// # Panics
/// When the simulation itself panics, which is a bug.
pub(crate) fn try_run(
    scenario: &Scenario,
    policy: &Policy,
    seed: u64,
    recorder: Arc<dyn Recorder>,
) -> io::Result<()> {
    let work = || simulate(scenario, policy, seed, recorder.clone());
    std::thread::scope(|scope| {
        let simulation = started(scope, &work)?;
        simulation
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Starts a thread; while the machine has no room for one, tries again for a while.
fn started<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    work: &'scope (impl Fn() -> io::Result<()> + Sync),
) -> io::Result<ScopedJoinHandle<'scope, io::Result<()>>> {
    let mut tries = 0;
    loop {
        match std::thread::Builder::new().spawn_scoped(scope, work) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && tries < TRIES => {
                tries += 1;
                #[expect(clippy::disallowed_methods, reason = "no task runs on this thread")]
                std::thread::sleep(BETWEEN_TRIES);
            }
            done => return done,
        }
    }
}

/// How often a thread is asked for again, and after how long: a second in all.
const TRIES: u32 = 100;
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// The state that every task of a run shares.
struct World {
    recorder: Arc<dyn Recorder>,
    processes: Processes,
    /// Wakes the scheduler.
    due: Signal,
    connections: Connections,
    /// Where connections to each provider wait, in order.
    queues: Vec<Weak<AcceptQueue>>,
    network: RefCell<Network>,
    workload: Workload,
    /// The number of client processes.
    clients: u32,
    /// Records calls that arrive at a frozen process, if the scenario can freeze any.
    arrivals: Option<Arc<client_pause::Arrivals>>,
    origin: tokio::time::Instant,
    /// The time: it stands still while tasks run.
    now: Cell<Instant>,
    open: Open,
}

/// The open work, and whether more may come.
#[derive(Default)]
struct Open {
    calls: Cell<u64>,
    /// Exchanges of calls: health checks do not keep a run alive.
    exchanges: Cell<u64>,
    all_arrived: Cell<bool>,
    drained: Cell<bool>,
}

impl World {
    fn now(&self) -> Instant {
        self.now.get()
    }

    /// Sets the time, before tasks run.
    fn set_now(&self, now: tokio::time::Instant) {
        let since = now.duration_since(self.origin);
        self.now.set(Instant::START + since);
    }

    /// Wakes the scheduler if there is something for it to do.
    fn wake_scheduler(&self) {
        let has_packets = !self.connections.outbox.is_empty();
        if has_packets || self.network.borrow().has_news() || self.is_over() {
            self.due.set();
        }
    }

    fn moment(&self, at: Instant) -> tokio::time::Instant {
        self.origin + at.since_start()
    }

    fn record(&self, kind: EventKind) {
        self.recorder.record(&Event {
            at: self.now(),
            kind,
        });
    }

    /// A fault struck, and no call alone.
    fn fired(&self, fault: FaultId) {
        let call = None;
        self.record(EventKind::Fired { fault, call });
    }

    /// All calls have ended and all work is billed; or the time of the drain is up.
    fn is_over(&self) -> bool {
        let Open {
            calls,
            exchanges,
            all_arrived,
            drained,
        } = &self.open;
        all_arrived.get() && calls.get() == 0 && (exchanges.get() == 0 || drained.get())
    }
}

fn simulate(
    scenario: &Scenario,
    policy: &Policy,
    seed: u64,
    recorder: Arc<dyn Recorder>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    let tasks = LocalSet::new();
    tasks.block_on(&runtime, async {
        let draws = RngStreams::new(seed);
        let faults = SeededFault::all(&scenario.faults, draws);
        let (recorder, arrivals) = heard(recorder, &faults);
        let listeners = scenario.providers.iter().map(|_| Listener::new());
        let listeners = Vec::from_iter(listeners);
        let world = Rc::new(World {
            recorder,
            processes: Processes::default(),
            due: Signal::default(),
            connections: Connections::default(),
            queues: listeners.iter().map(Listener::queue).collect(),
            arrivals,
            clients: scenario.load.clients,
            network: RefCell::new(Network::new(scenario, &faults)),
            workload: Workload::new(&scenario.load, scenario.run.duration, seed),
            origin: tokio::time::Instant::now(),
            now: Cell::new(Instant::START),
            open: Open::default(),
        });
        let providers = Provider::all(scenario, draws);
        let ids = (0..=u16::MAX).map(ProviderId);
        for (id, (listener, provider)) in ids.zip(listeners.into_iter().zip(providers)) {
            let hosted = ProviderHost::new(scenario, id, provider, draws);
            host::start(&world, listener, id, hosted, &faults);
        }
        client_pause::start(&world, &faults);
        connect::enter(&world);
        load::start(&world, scenario, policy, seed);
        scheduler::run(&world).await;
    });
    Ok(())
}

/// The recorder of the run, with the arrivals at frozen processes, if there can be any.
fn heard(
    recorder: Arc<dyn Recorder>,
    faults: &[SeededFault],
) -> (Arc<dyn Recorder>, Option<Arc<client_pause::Arrivals>>) {
    if !client_pause::is_due(faults) {
        return (recorder, None);
    }
    let arrivals = Arc::new(client_pause::Arrivals::new(recorder));
    (arrivals.clone(), Some(arrivals))
}

//! Runs one simulation: the only module that uses turmoil.
//!
//! - `scheduler` drives turmoil-net by events: packets are collected after activity, and time jumps
//!   to the next event.
//! - `task` keeps every task on its host; `client_pause` freezes processes; `network` decides the
//!   fate of each packet (latency, blackholes, resets), and `link` the faults on its path; `host`
//!   puts fake providers behind simulated sockets.
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
mod load;
mod network;
mod operate;
mod outbox;
mod scheduler;
mod stream;
mod task;

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{Scope, ScopedJoinHandle};
use std::time::Duration;

use tokio::task::LocalSet;
use turmoil_net::{HostId, KernelConfig, Net};

use crate::host::ProviderHost;
use crate::policy::ProviderId;
use crate::policy::config::Policy;
use crate::provider::Provider;
use crate::rng::RngStreams;
use crate::scenario::Scenario;
use crate::seeded::{SeededFault, Workload};
use crate::time::Instant;
use crate::trace::{Event, EventKind, Recorder};
pub use connect::Simulated;
pub(crate) use link::{Link, RESOLUTION};
pub(crate) use load::{FILLER, known};
use network::Network;
use outbox::Outbox;
use scheduler::Flights;
pub use stream::SmallReads;
use task::Tasks;

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
    tasks: Tasks,
    outbox: Outbox,
    network: RefCell<Network>,
    workload: Workload,
    /// The hosts of the client processes, in order.
    clients: Vec<HostId>,
    /// Records calls that arrive at a frozen process, if the scenario can freeze any.
    arrivals: Option<Arc<client_pause::Arrivals>>,
    origin: tokio::time::Instant,
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
        Instant::START + tokio::time::Instant::now().duration_since(self.origin)
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
    // Its retransmission counts passes, not time: with it, a slow network would look like a loss.
    // Without a large backlog, a connection request beyond it would be lost for good.
    let config = KernelConfig::default()
        .retx_threshold(u32::MAX)
        .default_backlog(usize::MAX);
    let mut net = Net::with_config(config);
    let servers: Vec<HostId> = (0..scenario.providers.len())
        .map(|n| net.add_host(server(n)))
        .collect();
    let addresses = (0..scenario.providers.len())
        .map(|n| net.lookup(&server(n)))
        .collect();
    let clients: Vec<HostId> = (0..scenario.load.clients)
        .map(|n| net.add_host(client(n)))
        .collect();
    // Hosts get ascending addresses, in the order in which they were added.
    let client_addresses = (0..scenario.load.clients)
        .map(|n| net.lookup(&client(n)))
        .collect();
    let flights = Rc::new(Flights::new(net.enter()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    let tasks = LocalSet::new();
    tasks.block_on(&runtime, async {
        let draws = RngStreams::new(seed);
        let faults = SeededFault::all(&scenario.faults, draws);
        let (recorder, arrivals) = heard(recorder, &faults);
        let world = Rc::new(World {
            recorder,
            tasks: Tasks::default(),
            // A frozen process does not read, so that its sender may have to wait.
            outbox: Outbox::new(arrivals.is_some()),
            arrivals,
            clients,
            network: RefCell::new(Network::new(scenario, &faults, addresses, client_addresses)),
            workload: Workload::new(&scenario.load, scenario.run.duration, seed),
            origin: tokio::time::Instant::now(),
            open: Open::default(),
        });
        let providers = Provider::all(scenario, draws);
        for (number, (server, provider)) in servers.into_iter().zip(providers).enumerate() {
            let id = ProviderId(number as u16);
            let hosted = ProviderHost::new(scenario, id, provider, draws);
            host::start(&world, server, id, hosted, &faults);
        }
        client_pause::start(&world, &faults);
        connect::enter(&world);
        load::start(&world, &world.clients, scenario, policy, seed);
        scheduler::run(&world, &flights).await;
    });
    // Tasks hold sockets, and sockets close into the network: it must be the last to go.
    drop(tasks);
    drop(runtime);
    drop(flights);
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

/// The host name of a client process.
fn client(number: u32) -> String {
    format!("client-{number}")
}

/// The host name of a provider inside the simulated network.
fn server(number: usize) -> String {
    format!("provider-{number}")
}

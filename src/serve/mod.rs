//! Serves a scenario's providers on real sockets, for clients in any language.
//!
//! One port each, and one clock for all: time 0 of the scenario is the first request, and from
//! there on it passes as the wall clock does. Reading requests and executing exchanges is in
//! `crate::host`, as for the simulated network.
//!
//! - `listener`: a port: accepts connections, and refuses them during an outage.
//! - `wire`: a connection's bytes; `context`: logs its requests and the provider's actions.
//! - `clock`: the time. [`tally`]: counts per provider.
//!
//! An operating system cannot drop packets for us, or refuse one connection and not another, so
//! faults are approximated:
//! - In a blackhole connections are accepted, and their bytes are lost.
//! - In an outage the port is closed, open connections are reset. A connection that the machine
//! - In an outage the port is closed, open connections are reset. A connection that the operating
//!   system refuses is not counted; each window of an outage is.
//! - Names and client processes are outside the server: faults of these do nothing, and
//!   [`Server::warnings`] lists them.

mod clock;
mod context;
mod listener;
pub(crate) mod tally;
mod wire;

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::task::LocalSet;

use crate::host::ProviderHost;
use crate::policy::ProviderId;
use crate::provider::Provider;
use crate::rng::RngStreams;
use crate::scenario::Scenario;
use crate::scenario::fault::{FaultKind, SeededFault};
use crate::scenario::workload::Workload;
use crate::trace::FaultId;
use crate::wire::Dialect;
use clock::Clock;
use listener::Listener;
use tally::Tally;

/// Providers behind open ports; no request is answered before [`Server::run`].
pub(crate) struct Server {
    scenario: Scenario,
    seed: u64,
    listeners: Vec<std::net::TcpListener>,
    addresses: Vec<SocketAddr>,
}

/// The address of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Served {
    /// The provider's name.
    pub name: String,
    /// Its dialect.
    pub dialect: Dialect,
    /// The model that answers.
    pub model: String,
    /// The base URL for its vendor's SDK.
    pub url: String,
}

/// The state that all connections share.
struct Shared {
    scenario: Scenario,
    workload: Workload,
    faults: Vec<SeededFault>,
    clock: Clock,
    tally: RefCell<Tally>,
    log: Box<dyn Fn(&str)>,
}

impl Server {
    /// Opens a port for each provider of `scenario`: that of `listen` and those above it, or free
    /// ones when it is 0.
    ///
    /// # Errors
    /// When an address is not available: the first one, and why.
    pub(crate) fn bind(
        scenario: &Scenario,
        seed: u64,
        listen: SocketAddr,
    ) -> Result<Self, (SocketAddr, io::Error)> {
        let (mut listeners, mut addresses) = (Vec::new(), Vec::new());
        for number in 0..scenario.providers.len() {
            let mut address = listen;
            if listen.port() > 0 {
                let port = usize::from(listen.port()) + number;
                let port = u16::try_from(port).map_err(|_| {
                    let message = "there are too few ports above it";
                    (
                        listen,
                        io::Error::new(io::ErrorKind::AddrNotAvailable, message),
                    )
                })?;
                address.set_port(port);
            }
            let bound = std::net::TcpListener::bind(address).and_then(|listener| {
                listener.set_nonblocking(true)?;
                addresses.push(listener.local_addr()?);
                Ok(listener)
            });
            listeners.push(bound.map_err(|error| (address, error))?);
        }
        Ok(Self {
            scenario: scenario.clone(),
            seed,
            listeners,
            addresses,
        })
    }

    /// The address of each provider, in the scenario's order.
    pub(crate) fn served(&self) -> Vec<Served> {
        let providers = self.scenario.providers.iter().zip(&self.addresses);
        let served = providers.map(|(provider, address)| Served {
            name: provider.name.clone(),
            dialect: provider.dialect,
            model: provider.model.clone(),
            url: format!("http://{address}{}", provider.dialect.base_path()),
        });
        served.collect()
    }

    /// The parts of the scenario that real sockets cannot do, one sentence each.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let faults = self.scenario.faults.iter();
        let warnings = faults.filter_map(|fault| {
            let why = match fault.inject {
                FaultKind::Dns => "the server does not resolve names",
                FaultKind::ClientPause => "client processes are outside of the server",
                _ => return None,
            };
            Some(format!("fault `{}` does nothing here: {why}", fault.name))
        });
        warnings.collect()
    }

    /// Serves until `end`, logs a line for each request to `log`, and returns the counts.
    ///
    /// # Errors
    /// When the machine has no sockets or timers left.
    pub(crate) async fn run(
        self,
        log: impl Fn(&str) + 'static,
        end: impl Future<Output = ()>,
    ) -> io::Result<Tally> {
        let tasks = LocalSet::new();
        let shared = tasks.run_until(self.serve(log, end)).await?;
        // Exchanges in progress are logged before the tally is taken.
        drop(tasks);
        let tally = shared.tally.take();
        Ok(tally)
    }

    async fn serve(
        self,
        log: impl Fn(&str) + 'static,
        end: impl Future<Output = ()>,
    ) -> io::Result<Rc<Shared>> {
        let draws = RngStreams::new(self.seed);
        let (load, run) = (&self.scenario.load, &self.scenario.run);
        let shared = Rc::new(Shared {
            workload: Workload::new(load, run.duration, self.seed),
            faults: SeededFault::all(&self.scenario.faults, draws),
            clock: Clock::default(),
            tally: RefCell::new(Tally::new(&self.scenario)),
            log: Box::new(log),
            scenario: self.scenario,
        });
        let providers = Provider::all(&shared.scenario, draws);
        let ids = (0..=u16::MAX).map(ProviderId);
        for ((id, provider), listener) in ids.zip(providers).zip(self.listeners) {
            let hosted = ProviderHost::new(&shared.scenario, id, provider, draws);
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let door = Listener::new(shared.clone(), id, hosted, listener.local_addr()?);
            tokio::task::spawn_local(Rc::new(door).keep(listener));
        }
        end.await;
        Ok(shared)
    }
}

impl Shared {
    fn fired(&self, fault: FaultId) {
        self.tally.borrow_mut().fired(fault);
    }

    /// Logs a line that begins with the time.
    fn tell(&self, id: ProviderId, what: &str) {
        let name = &self.scenario.providers[id.index()].name;
        (self.log)(&format!("{} {name} {what}", self.clock.now()));
    }
}

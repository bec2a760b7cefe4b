//! Serves a scenario's providers on real sockets, for clients in any language.
//!
//! One port each, and one clock for all: time 0 of the scenario is the first request, and from
//! there on it passes as the wall clock does. How requests are read and exchanges are played is
//! `crate::host`'s matter, and the same in the simulated network.
//!
//! - `door`: a port: who comes in, and who is turned away while an outage lasts.
//! - `wire`: a connection's bytes; `spot`: what its provider is asked and does, told line by line.
//! - `clock`: the time. [`tally`]: what the providers saw.
//!
//! An operating system does not let us drop packets, or refuse one connection and not another, so
//! this comes near, and no nearer:
//! - In a blackhole connections are accepted, and what comes and goes on them is lost.
//! - In an outage the port is closed, open connections are reset. A connection that the machine
//!   refuses by itself is not counted; each window of an outage is.
//! - `refused` resets a connection that has just been accepted.
//! - Names and client processes are not ours: faults of these do nothing, and [`Server::warnings`]
//!   says so.

mod clock;
mod context;
mod listener;
pub mod tally;
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

/// Providers behind ports that are open already; nobody is answered before [`Server::run`].
pub struct Server {
    scenario: Scenario,
    seed: u64,
    listeners: Vec<std::net::TcpListener>,
    addresses: Vec<SocketAddr>,
}

/// Where a provider can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The provider's name.
    pub name: String,
    /// How it speaks.
    pub dialect: Dialect,
    /// The model that answers.
    pub model: String,
    /// What its vendor's SDK takes as base URL.
    pub url: String,
}

/// What all connections share.
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
    /// The first address that cannot be had, and why.
    pub fn bind(
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
                    let message = "there are not so many ports above it";
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

    /// Where each provider can be asked, in the scenario's order.
    pub fn served(&self) -> Vec<Served> {
        let providers = self.scenario.providers.iter().zip(&self.addresses);
        let served = providers.map(|(provider, address)| Served {
            name: provider.name.clone(),
            dialect: provider.dialect,
            model: provider.model.clone(),
            url: format!("http://{address}{}", provider.dialect.base_path()),
        });
        served.collect()
    }

    /// What the scenario holds that cannot be played on real sockets, one sentence each.
    pub fn warnings(&self) -> Vec<String> {
        let faults = self.scenario.faults.iter();
        let warnings = faults.filter_map(|fault| {
            let why = match fault.inject {
                FaultKind::Dns => "names are resolved elsewhere",
                FaultKind::ClientPause => "client processes are not ours",
                _ => return None,
            };
            Some(format!("fault `{}` does nothing here: {why}", fault.name))
        });
        warnings.collect()
    }

    /// Answers until `end`, tells `log` a line for each request, and returns what the providers
    /// saw.
    ///
    /// # Errors
    /// When the machine has no sockets or timers to give.
    pub async fn run(
        self,
        log: impl Fn(&str) + 'static,
        end: impl Future<Output = ()>,
    ) -> io::Result<Tally> {
        let tasks = LocalSet::new();
        let shared = tasks.run_until(self.serve(log, end)).await?;
        // What is still under way is told before the tally is taken.
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

    /// Tells a line that begins with the time.
    fn tell(&self, id: ProviderId, what: &str) {
        let name = &self.scenario.providers[id.index()].name;
        (self.log)(&format!("{} {name} {what}", self.clock.now()));
    }
}

//! Serves a scenario's providers on real sockets, for clients in any language.
//!
//! One port each, and one clock for all: time 0 of the scenario is the first request to a model,
//! and from there on it passes as the wall clock does. Reading requests and executing exchanges is
//! in `crate::host`, as for the simulated network.
//!
//! - `listener`: a port: accepts connections, and refuses them during an outage.
//! - `wire`: a connection's bytes; `context`: logs its requests and the provider's actions.
//! - `paths`: answers to requests that are not to a model; `answer`: their form.
//! - `control`: the paths under `/__firedrill`, also on `control_port`; `state`: what they show.
//! - `clock`: the time. `switches`: faults as they are now. `calls`: which requests are attempts of
//!   one call. [`tally`]: counts per provider. [`journal`]: the last requests.
//!
//! An operating system cannot drop packets for us, or refuse one connection and not another, so
//! faults are approximated:
//! - In a blackhole connections are accepted, and their bytes are lost.
//! - In an outage the port is closed, and open connections are reset. A connection that the
//!   operating system refuses is not counted, unless it is reset instead (`--outage reset`); each
//!   window of an outage is.
//! - Names and client processes are outside the server: faults of these do nothing, and
//!   [`Server::warnings`] lists them.

mod answer;
mod calls;
mod clock;
mod context;
mod control;
mod control_port;
pub(crate) mod journal;
mod listener;
mod paths;
mod state;
mod switches;
pub(crate) mod tally;
mod wire;

use std::cell::{Cell, OnceCell, RefCell};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::LocalSet;

use crate::host::ProviderHost;
use crate::policy::ProviderId;
use crate::provider::Provider;
use crate::rng::RngStreams;
use crate::scenario::Scenario;
use crate::scenario::fault::FaultKind;
use crate::seeded::{SeededFault, Workload};
use crate::trace::FaultId;
use crate::wire::Dialect;
use calls::Calls;
use clock::Clock;
use journal::{End, Entry, Journal, Kind, Line};
use listener::Listener;
pub(crate) use listener::Refusal;
use switches::{Switch, Switched};
use tally::{NO_PREFIX, Tally, unserved};

/// Providers behind open ports; no request is answered before [`Server::run`].
pub(crate) struct Server {
    scenario: Scenario,
    listeners: Vec<std::net::TcpListener>,
    addresses: Vec<SocketAddr>,
    /// The last of both is the port of the control paths.
    options: Options,
}

/// How to serve.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// The first provider's address.
    pub listen: SocketAddr,
    /// The seed of all random draws.
    pub seed: u64,
    /// How long a request may take to arrive, from its first byte on.
    pub request_timeout: Duration,
    /// How connections are refused in an outage.
    pub refusal: Refusal,
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
    seed: u64,
    served: Vec<Served>,
    workload: Workload,
    /// In the scenario's order.
    faults: RefCell<Vec<Switched>>,
    /// The providers, in the scenario's order; set once.
    hosts: OnceCell<Vec<Rc<ProviderHost>>>,
    /// Whether the port of each is open.
    is_open: Vec<Cell<bool>>,
    clock: Clock,
    request_timeout: Duration,
    refusal: Refusal,
    tally: RefCell<Tally>,
    journal: RefCell<Journal>,
    calls: RefCell<Calls>,
    /// The time or a fault was changed by hand.
    changed: Notify,
    /// All was set back to the start.
    resets: Notify,
    reset_count: Cell<u64>,
    log: Box<dyn Fn(Line<'_>)>,
}

impl Server {
    /// Opens a port for each provider of `scenario` and one for the control paths: that of
    /// `options.listen` and those above it, or free ones when it is 0.
    ///
    /// # Errors
    /// When an address is not available: the first one, and why.
    pub(crate) fn bind(
        scenario: &Scenario,
        options: Options,
    ) -> Result<Self, (SocketAddr, io::Error)> {
        let listen = options.listen;
        let (mut listeners, mut addresses) = (Vec::new(), Vec::new());
        for number in 0..=scenario.providers.len() {
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
            listeners,
            addresses,
            options,
        })
    }

    /// The URL below which the control paths are, also when no provider's port is open.
    pub(crate) fn control_url(&self) -> String {
        let address = self.addresses.last().map(ToString::to_string);
        format!("http://{}/__firedrill", address.unwrap_or_default())
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
        let faults = faults.filter_map(|fault| {
            let why = unserved(fault)?;
            Some(format!("fault `{}` does nothing here: {why}", fault.name))
        });
        let caches = self.scenario.providers.iter().filter_map(|provider| {
            provider.cache?;
            Some(format!(
                "the cache of `{}` stays empty here: {NO_PREFIX}",
                provider.name
            ))
        });
        faults.chain(caches).collect()
    }

    /// Serves until `end`, logs a line for each request to `log`, and returns the counts.
    ///
    /// # Errors
    /// When the machine has no sockets or timers left.
    pub(crate) async fn run(
        self,
        log: impl Fn(Line<'_>) + 'static,
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
        log: impl Fn(Line<'_>) + 'static,
        end: impl Future<Output = ()>,
    ) -> io::Result<Rc<Shared>> {
        let draws = RngStreams::new(self.options.seed);
        let (listeners, shared) = self.share(Box::new(log));
        let shared = Rc::new(shared);
        let providers = Provider::all(&shared.scenario, draws);
        let ids = (0..=u16::MAX).map(ProviderId);
        let hosts = ids.zip(providers).map(|(id, provider)| {
            let hosted = ProviderHost::new(&shared.scenario, id, provider, draws);
            Rc::new(hosted)
        });
        let hosts = shared.hosts.get_or_init(|| hosts.collect());
        let mut places = (0..=u16::MAX).map(ProviderId).zip(hosts);
        for listener in listeners {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            match places.next() {
                Some((id, host)) => {
                    let address = listener.local_addr()?;
                    let port = Listener::new(shared.clone(), id, host.clone(), address);
                    tokio::task::spawn_local(Rc::new(port).keep(listener));
                }
                None => {
                    tokio::task::spawn_local(control_port::keep(shared.clone(), listener));
                }
            }
        }
        end.await;
        Ok(shared)
    }

    /// The ports, and the state of all connections at the start.
    fn share(self, log: Box<dyn Fn(Line<'_>)>) -> (Vec<std::net::TcpListener>, Shared) {
        let served = self.served();
        let Options {
            seed,
            request_timeout,
            refusal,
            ..
        } = self.options;
        let faults = SeededFault::all(&self.scenario.faults, RngStreams::new(seed));
        let (load, run) = (&self.scenario.load, &self.scenario.run);
        let shared = Shared {
            seed,
            workload: Workload::new(load, run.duration, seed),
            faults: RefCell::new(faults.into_iter().map(Switched::new).collect()),
            hosts: OnceCell::new(),
            is_open: vec![Cell::new(true); served.len()],
            served,
            clock: Clock::default(),
            request_timeout,
            refusal,
            tally: RefCell::new(Tally::new(&self.scenario)),
            journal: RefCell::default(),
            calls: RefCell::default(),
            changed: Notify::new(),
            resets: Notify::new(),
            reset_count: Cell::new(0),
            log,
            scenario: self.scenario,
        };
        (self.listeners, shared)
    }
}

impl Shared {
    /// Puts a switch of the fault in this place.
    fn switch(&self, place: usize, to: Switch) {
        let mut faults = self.faults.borrow_mut();
        faults[place].switch(to);
        self.tally.borrow_mut().switched();
        for host in self.hosts.get().into_iter().flatten() {
            host.replace_fault(&faults[place].fault);
        }
        self.changed.notify_waiters();
    }

    /// Sets everything back to the start.
    fn reset(&self) {
        self.clock.reset();
        let providers = Provider::all(&self.scenario, RngStreams::new(self.seed));
        let hosts = self.hosts.get().into_iter().flatten();
        for (host, provider) in hosts.zip(providers) {
            host.renew(provider);
        }
        for place in 0..self.scenario.faults.len() {
            self.switch(place, Switch::Auto);
        }
        self.tally.replace(Tally::new(&self.scenario));
        self.journal.take();
        self.calls.take();
        self.reset_count.set(self.reset_count.get() + 1);
        self.resets.notify_waiters();
        self.changed.notify_waiters();
    }

    /// The first fault of this kind at provider `id` of which this holds.
    fn find_fault(
        &self,
        id: ProviderId,
        kind: FaultKind,
        holds: impl Fn(&SeededFault) -> bool,
    ) -> Option<FaultId> {
        let faults = self.faults.borrow();
        let mut faults = faults.iter().map(|switched| &switched.fault);
        let found = faults.find(|drawn| {
            drawn.fault.inject == kind && drawn.fault.targets.contains(&id) && holds(drawn)
        });
        found.map(|drawn| drawn.id)
    }

    fn fired(&self, fault: FaultId) {
        self.tally.borrow_mut().fired(fault);
    }

    /// A connection to provider `id` is refused.
    fn refused(&self, id: ProviderId, fault: FaultId) {
        self.fired(fault);
        self.tally.borrow_mut().refused(id);
        self.note(Entry {
            time: self.clock.now(),
            provider: self.name(id).to_owned(),
            kind: Kind::Connection,
            faults: vec![self.scenario.faults[fault.index()].name.clone()],
            end: End::Refused,
            ..Entry::default()
        });
    }

    /// Adds an entry to the journal, and logs it.
    fn note(&self, entry: Entry) {
        let entry = self.journal.borrow_mut().add(entry);
        (self.log)(Line::Entry(&entry));
    }

    /// Logs an event.
    fn tell(&self, id: ProviderId, event: &str) {
        (self.log)(Line::Event {
            time: self.clock.now(),
            provider: self.name(id),
            event,
        });
    }

    fn name(&self, id: ProviderId) -> &str {
        &self.scenario.providers[id.index()].name
    }
}

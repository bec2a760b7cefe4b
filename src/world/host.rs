//! A fake provider behind a listener, and the effects of the network on its connections.
//!
//! Reading requests and executing exchanges is in `crate::host`, as on real sockets.

use std::rc::Rc;
use std::sync::Arc;

use super::World;
use super::listener::Listener;
use super::stream::SimulatedStream;
use super::task::spawn;
use super::tcp::Connection as TcpConnection;
use crate::host::connection::Connection;
use crate::host::request::Asked;
use crate::host::{HostEnv, ProviderHost};
use crate::policy::{CallId, ProviderId};
use crate::provider::{Action, Request};
use crate::scenario::fault::FaultKind;
use crate::seeded::{SeededFault, Tokens};
use crate::time::Instant;
use crate::trace::{EventKind, FaultId};

/// Starts provider `id`, with a task for each outage that it will have.
pub(super) fn start(
    world: &Rc<World>,
    listener: Listener,
    id: ProviderId,
    hosted: ProviderHost,
    faults: &[SeededFault],
) {
    let hosted = Rc::new(hosted);
    for drawn in faults {
        if drawn.fault.targets.contains(&id) && drawn.fault.inject == FaultKind::Outage {
            let outages = outages(world.clone(), id, hosted.clone(), drawn.clone());
            spawn(world, outages);
        }
    }
    spawn(world, accept(world.clone(), listener, hosted));
}

/// Serves the connections to a provider.
async fn accept(world: Rc<World>, mut listener: Listener, hosted: Rc<ProviderHost>) {
    loop {
        let stream = listener.accept().await;
        let env = SimulatedEnv {
            world: world.clone(),
            connection: stream.connection().clone(),
        };
        spawn(&world, env.serve(stream, hosted.clone()));
    }
}

/// Resets open connections whenever an outage begins.
async fn outages(world: Rc<World>, id: ProviderId, hosted: Rc<ProviderHost>, drawn: SeededFault) {
    let mut next = drawn.at_or_after(Instant::START);
    while let Some((start, end)) = next {
        tokio::time::sleep_until(world.moment(start)).await;
        world.network.borrow_mut().begin_outage(id, drawn.id);
        hosted.on_outage();
        next = end.and_then(|end| drawn.at_or_after(end));
    }
}

/// The environment of one connection in the simulated network.
struct SimulatedEnv {
    world: Rc<World>,
    connection: Arc<TcpConnection>,
}

impl SimulatedEnv {
    async fn serve(self, stream: SimulatedStream, hosted: Rc<ProviderHost>) {
        if !self.opens() {
            return;
        }
        let client = self.connection.id.client;
        let env = Connection::new(self, hosted, stream, client).serve().await;
        env.world.network.borrow_mut().closed(env.connection.id);
    }

    /// Whether the connection opens: during an outage it is reset.
    fn opens(&self) -> bool {
        let mut network = self.world.network.borrow_mut();
        let outage = network.outage(self.id(), self.world.now());
        match outage {
            Some(fault) => network.strike(&self.connection, fault),
            None => network.opened(&self.connection),
        }
        outage.is_none()
    }

    fn id(&self) -> ProviderId {
        self.connection.provider
    }
}

impl HostEnv for SimulatedEnv {
    type Stream = SimulatedStream;

    fn now(&self) -> Instant {
        self.world.now()
    }

    fn moment(&self, at: Instant) -> tokio::time::Instant {
        self.world.moment(at)
    }

    fn tokens(&self, call: CallId, asked: &Asked) -> Tokens {
        let tokens = self.world.workload.tokens(call);
        match asked.number {
            Some(_) => tokens,
            None => asked.counted(tokens.output),
        }
    }

    fn outages(&self) -> u64 {
        self.world.network.borrow().outages(self.id())
    }

    fn reset(&self, _: &mut SimulatedStream) {
        self.world.network.borrow_mut().reset(&self.connection);
    }

    fn fired(&self, fault: FaultId) {
        self.world.fired(fault);
    }

    fn began(&self, request: &Request) {
        if !request.is_known {
            return;
        }
        let exchanges = &self.world.open.exchanges;
        exchanges.set(exchanges.get() + 1);
    }

    fn acts(&self, request: &Request, action: &Action) {
        let call = request.is_known.then_some(request.call);
        let (provider, nth) = (self.id(), request.nth);
        self.world.record(match *action {
            Action::Fired(fault) => EventKind::Fired { fault, call },
            Action::Billed(bill) => EventKind::Billed {
                provider,
                call,
                nth,
                bill,
            },
            Action::Answered => EventKind::Answered {
                provider,
                call,
                nth,
            },
            Action::Write(_) | Action::Fin | Action::Rst | Action::Silence => return,
        });
    }

    fn ended(&self, request: &Request) {
        if !request.is_known {
            return;
        }
        let exchanges = &self.world.open.exchanges;
        exchanges.set(exchanges.get() - 1);
    }
}

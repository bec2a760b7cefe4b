//! A fake provider behind a simulated socket, and the effects of the network on its connections.
//!
//! Reading requests and executing exchanges is in `crate::host`, as on real sockets.

use std::net::Ipv4Addr;
use std::rc::Rc;

use turmoil_net::HostId;
use turmoil_net::shim::tokio::net::TcpListener;

use super::World;
use super::network::ConnId;
use super::stream::SmallReads;
use crate::host::connection::Connection;
use crate::host::request::Asked;
use crate::host::{HostEnv, ProviderHost};
use crate::policy::{CallId, ProviderId};
use crate::provider::{Action, Request};
use crate::scenario::fault::FaultKind;
use crate::seeded::{SeededFault, Tokens};
use crate::time::Instant;
use crate::trace::{EventKind, FaultId};

/// The port on which every provider listens.
pub(super) const PORT: u16 = 80;

/// Starts provider `id` on its host, with a task for each outage that it will have.
pub(super) fn start(
    world: &Rc<World>,
    host: HostId,
    id: ProviderId,
    hosted: ProviderHost,
    faults: &[SeededFault],
) {
    let hosted = Rc::new(hosted);
    for drawn in faults {
        if drawn.fault.targets.contains(&id) && drawn.fault.inject == FaultKind::Outage {
            let outages = outages(world.clone(), id, hosted.clone(), drawn.clone());
            world.tasks.spawn(host, outages);
        }
    }
    let tasks = world.tasks.clone();
    let world = world.clone();
    tasks.spawn(host, async move {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await;
        // The first to bind on a host of its own: nothing can be in the way.
        let listener =
            listener.unwrap_or_else(|error| panic!("a fresh host has no free port: {error}"));
        while let Ok((stream, client)) = listener.accept().await {
            let Ok(provider) = stream.local_addr() else {
                continue;
            };
            let env = SimulatedEnv {
                world: world.clone(),
                id,
                ends: ConnId { client, provider },
            };
            let serving = env.serve(
                SmallReads::new(stream, world.outbox.clone()),
                hosted.clone(),
            );
            world.tasks.spawn(host, serving);
        }
    });
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
    id: ProviderId,
    ends: ConnId,
}

impl SimulatedEnv {
    async fn serve(self, stream: SmallReads, hosted: Rc<ProviderHost>) {
        let outage = self
            .world
            .network
            .borrow()
            .outage(self.id, self.world.now());
        if let Some(fault) = outage {
            return self.world.network.borrow_mut().refuse(self.ends, fault);
        }
        self.world.network.borrow_mut().opened(self.ends);
        let client = self.client();
        let env = Connection::new(self, hosted, stream, client).serve().await;
        env.world.network.borrow_mut().closed(env.ends);
    }

    /// The number of the client process.
    fn client(&self) -> u32 {
        let address = self.ends.client.ip();
        self.world.network.borrow().client_at(address)
    }
}

impl HostEnv for SimulatedEnv {
    type Stream = SmallReads;

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
        self.world.network.borrow().outages(self.id)
    }

    fn reset(&self, _: &mut SmallReads) {
        self.world.network.borrow_mut().reset(self.ends);
    }

    fn fired(&self, fault: FaultId) {
        let call = None;
        self.world.record(EventKind::Fired { fault, call });
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
        let (provider, nth) = (self.id, request.nth);
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

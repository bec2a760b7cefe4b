//! Decides that a call arrives, and makes it with the real client.
//!
//! Arrivals are open-loop: they come when the workload says so, however the calls before them get
//! on. When they end, calls finish; what is still open when the drain is over ends unfinished.

use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use turmoil_net::HostId;

use super::connect::Simulated;
use super::freeze::Arrival;
use super::host::PORT;
use super::{World, server, task};
use crate::client::{Builder, Client, Provider, Request};
use crate::policy::CallId;
use crate::policy::config::Policy;
use crate::scenario::Scenario;

/// Starts the load: one generator, and a client process on each host.
pub(super) fn start(
    world: &Rc<World>,
    hosts: &[HostId],
    scenario: &Scenario,
    policy: &Policy,
    seed: u64,
) {
    // Every process hears the end of the drain.
    let closing: Rc<Notify> = Rc::default();
    let users = hosts.iter().map(|&host| User {
        world: world.clone(),
        host,
        client: client(world, scenario, policy, seed),
        deadline: scenario.load.deadline,
        closing: closing.clone(),
    });
    let users = users.collect();
    task::spawn(
        hosts[0],
        generate(world.clone(), users, closing, scenario.run.drain),
    );
}

/// A client process: the real client, on a host of its own, with state of its own.
fn client(world: &World, scenario: &Scenario, policy: &Policy, seed: u64) -> Client<Simulated> {
    let mut builder = Builder::new(Simulated)
        .policy(policy.clone())
        .recorder(world.recorder.clone())
        .seed(seed)
        .origin(world.origin);
    for (number, provider) in scenario.providers.iter().enumerate() {
        let dialect = provider.dialect;
        let url = format!("http://{}:{PORT}{}", server(number), dialect.base_path());
        let provider = Provider::new(&provider.name, url, &provider.model);
        builder = builder.provider(provider.dialect(dialect));
    }
    // Scenario files have unique names and at least one provider; addresses are ours.
    builder
        .build()
        .unwrap_or_else(|error| panic!("a checked scenario builds no client: {error}"))
}

async fn generate(world: Rc<World>, users: Vec<User>, closing: Rc<Notify>, drain: Duration) {
    for (number, at) in world.workload.arrivals().enumerate() {
        let moment = world.moment(at);
        if moment > tokio::time::Instant::now() {
            tokio::time::sleep_until(moment).await;
        }
        world.open.calls.set(world.open.calls.get() + 1);
        let user = users[number % users.len()].clone();
        task::spawn(user.host, user.call(CallId(number as u64)));
    }
    world.open.all_arrived.set(true);
    tokio::time::sleep(drain).await;
    world.open.drained.set(true);
    closing.notify_waiters();
}

/// Somebody who calls through one client process.
#[derive(Clone)]
struct User {
    world: Rc<World>,
    host: HostId,
    client: Client<Simulated>,
    deadline: Option<Duration>,
    closing: Rc<Notify>,
}

impl User {
    async fn call(self, id: CallId) {
        let _arrival = Arrival::of(&self.world, self.host, id);
        if !self.world.open.drained.get() {
            tokio::select! {
                biased;
                () = task::in_process(self.host, self.ask(id)) => {}
                () = self.closing.notified() => {}
            }
        }
        self.world.open.calls.set(self.world.open.calls.get() - 1);
    }

    async fn ask(&self, id: CallId) {
        let mut request = Request::user(FILLER).id(id.0);
        if let Some(deadline) = self.deadline {
            request = request.deadline(deadline);
        }
        if self.world.workload.is_streamed(id) {
            let mut answer = self.client.stream(&request);
            while let Some(Ok(_)) = answer.next().await {}
        } else {
            // What became of it is in the trace.
            drop(self.client.call(&request).await);
        }
    }
}

/// What every prompt says. Its tokens are counted by the call's number, not by its bytes.
const FILLER: &str =
    "Summarise the attached incident report in three sentences for the on-call engineer.";

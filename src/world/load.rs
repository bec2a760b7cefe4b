//! Generates the calls, and makes them with the real client.
//!
//! Arrivals are open-loop by default: they come when the workload says so, whether or not earlier
//! calls have ended. Users are a closed loop: each asks, waits for the end, thinks, and asks again.
//! In both, an impatient user may click again, which is a call of its own; the user waits for the
//! latest click, and the one before is abandoned, or goes on unread. When arrivals end, calls
//! finish; calls still open when the drain is over end unfinished.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;

use super::client_pause::Arrival;
use super::connect::Simulated;
use super::names::{PORT, server};
use super::task::spawn;
use super::{World, operate};
use crate::client::{Builder, Client, Provider, Request};
use crate::policy::CallId;
use crate::policy::config::Policy;
use crate::scenario::{self, Scenario};
use crate::time::Instant;

/// Starts the load: one generator, and the client processes.
pub(super) fn start(world: &Rc<World>, scenario: &Scenario, policy: &Policy, seed: u64) {
    // Every process is notified of the end of the drain.
    let closing: Rc<Notify> = Rc::default();
    let users = (0..world.clients).map(|number| User {
        world: world.clone(),
        number,
        client: client(world, number, scenario, policy, seed),
        closing: closing.clone(),
    });
    let users: Vec<User> = users.collect();
    for User { number, client, .. } in &users {
        operate::start(world, *number, client, scenario);
        if policy.health_check.is_some() {
            let (number, client) = (*number, client.clone());
            // It never ends, and is not waited for.
            let of = world.clone();
            spawn(world, async move {
                of.processes.in_process(number, client.run_checks()).await;
            });
        }
    }
    let calls = generate(world.clone(), users, closing, scenario.run.drain);
    spawn(world, calls);
}

/// A client process: the real client, with its own state.
fn client(
    world: &World,
    number: u32,
    scenario: &Scenario,
    policy: &Policy,
    seed: u64,
) -> Client<Simulated> {
    let mut builder = Builder::new(Simulated { client: number })
        .policy(policy.clone())
        .recorder(world.recorder.clone())
        .seed(seed)
        .bills_itself(false)
        .simulated()
        .origin(world.origin);
    for (number, provider) in scenario.providers.iter().enumerate() {
        builder = builder.provider(known(number, provider));
    }
    // Scenario files have unique names and at least one provider; addresses are generated here.
    builder
        .build()
        .unwrap_or_else(|error| panic!("a checked scenario builds no client: {error}"))
}

/// The client's configuration of the provider on the server of this number.
pub(crate) fn known(number: usize, provider: &scenario::Provider) -> Provider {
    let dialect = provider.dialect;
    let url = format!("http://{}:{PORT}{}", server(number), dialect.base_path());
    let mut known = Provider::new(&provider.name, url, &provider.model)
        .dialect(dialect)
        .price(provider.price.input, provider.price.output);
    if let Some(quality) = provider.quality {
        known = known.quality(quality);
    }
    if let Some(longest) = provider.context {
        known = known.context(longest);
    }
    provider.keys().fold(known, Provider::key)
}

async fn generate(world: Rc<World>, users: Vec<User>, closing: Rc<Notify>, drain: Duration) {
    match world.workload.users() {
        Some(all) => {
            for number in 0..all.count {
                let user = of(&users, &world, CallId(number));
                spawn(&world, user.live(number, all.count));
            }
            sleep_until(&world, world.workload.end()).await;
        }
        None => {
            for (number, at) in world.workload.arrivals().enumerate() {
                sleep_until(&world, at).await;
                let call = CallId(number as u64);
                let user = of(&users, &world, call);
                let open = OpenCall::new(&world);
                spawn(&world, user.ask(call, open));
            }
        }
    }
    world.open.all_arrived.set(true);
    tokio::time::sleep(drain).await;
    world.open.drained.set(true);
    closing.notify_waiters();
}

/// The user who makes `call`.
fn of(users: &[User], world: &World, call: CallId) -> User {
    users[world.workload.client(call) as usize % users.len()].clone()
}

async fn sleep_until(world: &World, at: Instant) {
    let moment = world.moment(at);
    if moment > tokio::time::Instant::now() {
        tokio::time::sleep_until(moment).await;
    }
}

/// A call in flight: the run does not end before it has ended.
struct OpenCall(Rc<World>);

impl OpenCall {
    fn new(world: &Rc<World>) -> Self {
        world.open.calls.set(world.open.calls.get() + 1);
        Self(world.clone())
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        let calls = &self.0.open.calls;
        calls.set(calls.get() - 1);
    }
}

/// A user of one client process.
#[derive(Clone)]
struct User {
    world: Rc<World>,
    /// The number of the process.
    number: u32,
    client: Client<Simulated>,
    closing: Rc<Notify>,
}

impl User {
    /// Thinks and asks until the arrivals end.
    async fn live(self, number: u64, count: u64) {
        let end = self.world.workload.end();
        for call in (number..).step_by(usize::try_from(count).unwrap_or(usize::MAX)) {
            let call = CallId(call);
            let at = self.world.now() + self.world.workload.think(call);
            if at >= end {
                return;
            }
            sleep_until(&self.world, at).await;
            // Timers resolve one millisecond: this may be later than planned.
            if self.world.now() >= end {
                return;
            }
            let open = OpenCall::new(&self.world);
            self.clone().ask(call, open).await;
        }
    }

    /// Asks one question, with the clicks that the user's impatience causes.
    async fn ask(self, first: CallId, open: OpenCall) {
        let Some(user_retry) = self.world.workload.user_retry() else {
            return self.click(first, open).await;
        };
        let mut call = first;
        let mut click: Pin<Box<dyn Future<Output = ()>>> =
            Box::pin(self.clone().click(first, open));
        loop {
            tokio::select! {
                biased;
                () = &mut click => return,
                () = tokio::time::sleep(user_retry.patience) => {}
            }
            let again = self.world.workload.clicked_again(call);
            let Some(again) = again.filter(|_| self.world.now() < self.world.workload.end()) else {
                return click.await;
            };
            call = again;
            let open = OpenCall::new(&self.world);
            let before = std::mem::replace(&mut click, Box::pin(self.clone().click(call, open)));
            if !user_retry.abandons {
                spawn(&self.world, before);
            }
        }
    }

    /// Makes one call, and waits for its end.
    async fn click(self, id: CallId, open: OpenCall) {
        let _arrival = Arrival::of(&self.world, self.number, id);
        if !self.world.open.drained.get() {
            tokio::select! {
                biased;
                () = self.world.processes.in_process(self.number, self.call(id)) => {}
                () = self.closing.notified() => {}
            }
        }
        drop(open);
    }

    async fn call(&self, id: CallId) {
        let workload = &self.world.workload;
        let tokens = workload.tokens(id);
        let mut request = Request::user(FILLER)
            .id(id.0)
            .priority(workload.priority(id).0)
            .prompt_tokens(tokens.input);
        if let Some(task) = workload.task(id) {
            request = request.task(task);
        }
        if let Some(session) = tokens.session() {
            request = request.session(session);
        }
        if let Some(deadline) = workload.deadline(id) {
            request = request.deadline(deadline);
        }
        if let Some(most) = workload.max_tokens(id) {
            request = request.max_tokens(most);
        }
        if workload.is_whole(id) {
            drop(self.client.buffered(&request).await);
        } else if workload.is_streamed(id) {
            let mut answer = self.client.stream(&request);
            while let Some(Ok(_)) = answer.next().await {}
        } else {
            // The result is in the trace.
            drop(self.client.call(&request).await);
        }
    }
}

/// The text of every prompt. Its tokens are drawn by the call's number, not counted by its bytes.
pub(crate) const FILLER: &str =
    "Summarise the attached incident report in three sentences for the on-call engineer.";

//! Runs one simulation without bytes: the same decisions and the same physics, over a queue of
//! events.
//!
//! The decision core, the fake providers, faults, load and recorder are the code that the simulated
//! network runs. There is no runtime, no socket, and no byte where a reader would find nothing in
//! it that is not known; so a run takes a fraction of the time.
//!
//! ```text
//! load -> Call::step(&mut fleet, now) -> attempt -> connection -> Provider -> what it writes
//!           ^                                                                   |
//!           +------- what the client's readers make of it <---------------------+
//! ```
//!
//! - `queue`: the events to come, and keys of what they concern.
//! - `load` makes the calls, `call` executes the core's steps, `attempt` waits for one exchange.
//! - `network`: connections, latency and what gets lost. This, and the order of what happens at one
//!   moment, is all that is written twice; a test holds it to the simulated network.
//! - `provider` executes exchanges; `described`: what a provider writes; `answer`: what the client
//!   makes of bytes, and `framing`: which of them are the body.
//! - `client`: what the calls of one client process share.

mod answer;
mod attempt;
mod call;
mod client;
mod described;
mod framing;
mod load;
mod network;
mod provider;
mod queue;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::policy::ProviderId;
use crate::policy::config::Policy;
use crate::provider::Provider;
use crate::rng::RngStreams;
use crate::scenario::Scenario;
use crate::scenario::fault::FaultKind;
use crate::seeded::{SeededFault, Workload};
use crate::time::Instant;
use crate::trace::{Event as Recorded, EventKind, Recorder};
use crate::world::Link;
use answer::Errors;
use call::Running;
use client::Process;
use load::Load;
use network::{Connection, Path};
use provider::{Outage, Played, Server};
use queue::{Event, Places, Queue};

pub(crate) use crate::world::FILLER;

/// Runs `scenario` under `policy` and `seed` to its end, and passes events to `recorder`. The
/// events depend on these three alone.
pub(crate) fn run(scenario: &Scenario, policy: &Policy, seed: u64, recorder: Arc<dyn Recorder>) {
    Model::new(scenario, policy, seed, recorder).run();
}

/// The state of a run.
struct Model<'a> {
    scenario: &'a Scenario,
    policy: &'a Policy,
    recorder: Arc<dyn Recorder>,
    /// What the recorder has not yet.
    unrecorded: Vec<Recorded>,
    /// Whether the recorder wants the reasons of decisions.
    explains: bool,
    draws: RngStreams,
    now: Instant,
    queue: Queue,
    /// What is told at once, before time goes on.
    told: VecDeque<Event>,
    workload: Workload,
    faults: Vec<SeededFault>,
    processes: Vec<Process>,
    servers: Vec<Server>,
    paths: Vec<Path>,
    connections: Places<Connection>,
    connections_made: u64,
    exchanges: Places<Played>,
    /// Exchanges of calls: health checks do not keep a run alive.
    open_exchanges: u64,
    calls: Places<Box<Running>>,
    /// Calls that have ended, whose memory is used again.
    #[expect(clippy::vec_box, reason = "the boxes are what is used again")]
    spare: Vec<Box<Running>>,
    outages: Vec<Outage>,
    load: Load,
    errors: Errors,
}

impl<'a> Model<'a> {
    fn new(
        scenario: &'a Scenario,
        policy: &'a Policy,
        seed: u64,
        recorder: Arc<dyn Recorder>,
    ) -> Self {
        let draws = RngStreams::new(seed);
        let faults = SeededFault::all(&scenario.faults, draws);
        let ids = (0..=u16::MAX).map(ProviderId);
        let providers = Provider::all(scenario, draws);
        let servers = ids.clone().zip(providers);
        let servers = servers.map(|(id, provider)| Server::new(scenario, id, provider, draws));
        let clients = scenario.load.clients as usize;
        let paths = ids
            .zip(&scenario.providers)
            .map(|(id, profile)| Path::new(Link::new(id, profile.one_way, &faults), clients));
        let processes = (0..clients).map(|_| Process::new(scenario, policy, draws));
        let workload = Workload::new(&scenario.load, scenario.run.duration, seed);
        Self {
            explains: recorder.wants_reasons(),
            servers: servers.collect(),
            paths: paths.collect(),
            processes: processes.collect(),
            load: Load::new(&workload),
            outages: outages(&faults),
            scenario,
            policy,
            recorder,
            unrecorded: Vec::with_capacity(MOST_UNRECORDED),
            draws,
            now: Instant::START,
            queue: Queue::default(),
            told: VecDeque::new(),
            workload,
            faults,
            connections: Places::default(),
            connections_made: 0,
            exchanges: Places::default(),
            open_exchanges: 0,
            calls: Places::default(),
            spare: Vec::new(),
            errors: Errors::default(),
        }
    }

    fn run(mut self) {
        self.begin();
        while !self.is_over()
            && let Some(event) = self.next()
        {
            self.happen(event);
        }
        self.recorder.record_all(&self.unrecorded);
    }

    fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.told.pop_front() {
            return Some(event);
        }
        let calls = &self.calls;
        let idle = |event| matches!(event, Event::Call(key) if calls.is_gone(key));
        let (at, event) = self.queue.next(idle)?;
        self.now = at;
        Some(event)
    }

    fn begin(&mut self) {
        for number in 0..self.outages.len() {
            self.set_outage(number, Instant::START);
        }
        self.begin_operations();
        self.begin_pauses();
        for client in 0..self.processes.len() as u32 {
            if self.policy.health_check.is_some() {
                self.told.push_back(Event::Checks(client));
            }
        }
        self.begin_load();
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrival => self.on_arrival(),
            Event::Begins(call) => self.ask_question(call, false),
            Event::Thought(call) => self.on_thought(call),
            Event::Impatient { question, clicks } => self.on_impatient(question, clicks),
            Event::AllArrived => self.on_all_arrived(),
            Event::Drained => self.on_drained(),
            Event::Call(key) => self.poll_call(key),
            Event::Checks(client) => self.poll_checks(client),
            Event::Opening(key) => self.on_opening(key),
            Event::Opened(key) => self.on_opened(key),
            Event::Request(key) => self.on_request(key),
            Event::Action(key) => self.play(key),
            Event::Arrived(key) => self.on_arrived(key),
            Event::Left(key) => self.on_left(key),
            Event::Close(key) => self.close_at_provider(key),
            Event::Outage(number) => self.on_outage(number),
            Event::Operation => self.on_operation(),
            Event::Freeze(number) => self.on_freeze(number),
            Event::Thaw(number) => self.on_thaw(number),
        }
    }

    /// Tells whoever waits that something may have happened, now.
    fn tell(&mut self, owner: attempt::Owner) {
        self.told.push_back(owner.event());
    }

    fn record(&mut self, kind: EventKind) {
        self.unrecorded.push(Recorded { at: self.now, kind });
        if self.unrecorded.len() == MOST_UNRECORDED {
            self.recorder.record_all(&self.unrecorded);
            self.unrecorded.clear();
        }
    }

    /// All calls have ended and all work is billed; or the time of the drain is up.
    fn is_over(&self) -> bool {
        self.load.is_over(self.open_exchanges)
    }
}

/// So many events are recorded at once.
const MOST_UNRECORDED: usize = 64;

/// The outages of all faults, at each of their targets.
fn outages(faults: &[SeededFault]) -> Vec<Outage> {
    let all = (0..)
        .zip(faults)
        .filter(|(_, drawn)| drawn.fault.inject == FaultKind::Outage);
    let each = all.flat_map(|(fault, drawn)| {
        let targets = drawn.fault.targets.iter();
        targets.map(move |&provider| Outage {
            provider,
            fault,
            end: None,
        })
    });
    each.collect()
}

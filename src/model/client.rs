//! What the calls of one client process share: its fleet, the calls that wait for capacity, its
//! health checks; and what operators and faults do to the process.

use std::collections::{BTreeMap, BTreeSet};

use super::Model;
use super::attempt::{Attempt, AttemptEvent, Demand, Owner};
use super::queue::{Event, Key};
use crate::host::opened;
use crate::policy::call::{FailureReason, Outcome, Start};
use crate::policy::call_context::Delivery;
use crate::policy::config::Policy;
use crate::policy::fleet::Fleet;
use crate::policy::keys::KeyId;
use crate::policy::{CallId, ProviderId};
use crate::rng::RngStreams;
use crate::scenario::Scenario;
use crate::scenario::fault::FaultKind;
use crate::seeded::AttemptInfo;
use crate::time::Instant;
use crate::trace::EventKind;
use crate::world::known;

/// One client process.
pub(super) struct Process {
    fleet: Fleet,
    /// The calls that wait for capacity, or were told of some before they did.
    waiting: BTreeMap<CallId, Waiting>,
    checks: Vec<(ProviderId, Attempt)>,
    /// When the health checks look again.
    next_check: Option<Instant>,
    /// How many faults freeze it.
    frozen: u32,
    /// What happened to it while it was frozen, in order.
    missed: Vec<Missed>,
    /// Calls that arrived while it was frozen, and that it has not yet seen.
    unseen: BTreeSet<CallId>,
}

enum Waiting {
    For(Key),
    Told,
}

/// What a frozen process does when it goes on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Missed {
    Event(Event),
    /// It begins a call.
    Begins {
        question: Key,
        call: CallId,
    },
    Operation,
}

impl Process {
    pub(super) fn new(scenario: &Scenario, policy: &Policy, draws: RngStreams) -> Self {
        let members = scenario.providers.iter().enumerate();
        let members = members.map(|(number, provider)| known(number, provider).member());
        Self {
            fleet: Fleet::new(policy.clone(), members.collect(), draws),
            waiting: BTreeMap::new(),
            checks: Vec::new(),
            next_check: None,
            frozen: 0,
            missed: Vec::new(),
            unseen: BTreeSet::new(),
        }
    }
}

impl Model<'_> {
    /// Asks the core, then records its news, and tells the calls that may go on.
    pub(super) fn decide<T>(&mut self, client: u32, ask: impl FnOnce(&mut Fleet) -> T) -> T {
        let process = &mut self.processes[client as usize];
        let fleet = &mut process.fleet;
        let said = ask(fleet);
        if !fleet.has_news() {
            return said;
        }
        let news = EventKind::news(fleet, self.explains);
        for call in fleet.take_woken() {
            if let Some(Waiting::For(key)) = process.waiting.insert(call, Waiting::Told) {
                self.told.push_back(Event::Call(key));
            }
        }
        for kind in news {
            self.record(kind);
        }
        said
    }

    /// Whether a call that waits for capacity was told of some; else it will be.
    pub(super) fn was_told(&mut self, client: u32, call: CallId, key: Key) -> bool {
        let waiting = &mut self.processes[client as usize].waiting;
        if let Some(Waiting::Told) = waiting.get(&call) {
            waiting.remove(&call);
            return true;
        }
        waiting.insert(call, Waiting::For(key));
        false
    }

    /// A call no longer waits.
    pub(super) fn no_longer_waits(&mut self, client: u32, call: CallId) {
        self.processes[client as usize].waiting.remove(&call);
    }

    /// Begins checks that are due, and looks after those in flight.
    pub(super) fn poll_checks(&mut self, client: u32) {
        if self.misses(client, Missed::Event(Event::Checks(client))) {
            return;
        }
        loop {
            let now = self.now;
            let timer = self.processes[client as usize].next_check;
            if timer.is_none_or(|at| at <= now) {
                while let Some(due) = self.decide(client, |fleet| fleet.due_check(now)) {
                    self.check(client, due);
                }
            }
            let ended = self.next_checked(client);
            if let Some((provider, passed)) = ended {
                self.decide(client, |fleet| fleet.on_check(provider, passed));
                self.record(EventKind::Checked { provider, passed });
                self.processes[client as usize].next_check = None;
                continue;
            }
            let next = self.decide(client, |fleet| fleet.next_check());
            let next = next.unwrap_or(now).max(now);
            let process = &mut self.processes[client as usize];
            if process.next_check != Some(next) {
                process.next_check = Some(next);
                self.queue.set(next, Event::Checks(client));
            }
            return;
        }
    }

    fn next_checked(&mut self, client: u32) -> Option<(ProviderId, bool)> {
        let mut checks = std::mem::take(&mut self.processes[client as usize].checks);
        let mut ended = None;
        for place in 0..checks.len() {
            let (provider, attempt) = &mut checks[place];
            let (provider, mut passed) = (*provider, None);
            while let Some(event) = self.poll_attempt(attempt) {
                if let AttemptEvent::Ended(result) = event {
                    passed = Some(result.is_ok());
                    break;
                }
            }
            if let Some(passed) = passed {
                checks.remove(place);
                ended = Some((provider, passed));
                break;
            }
        }
        self.processes[client as usize].checks = checks;
        ended
    }

    fn check(&mut self, client: u32, (provider, key): (ProviderId, KeyId)) {
        let Some(settings) = &self.policy.health_check else {
            return;
        };
        let start = Start::check(provider, key, settings.timeout);
        let attempt = Attempt::new(
            start,
            self.now,
            (client, Owner::Checks(client)),
            Demand {
                delivery: Delivery::Plain,
                max_tokens: Some(settings.max_tokens),
                tokens: None,
            },
            self.policy,
        );
        self.processes[client as usize]
            .checks
            .push((provider, attempt));
    }

    /// Sets what operators do.
    pub(super) fn begin_operations(&mut self) {
        for turn in self.scenario.turns() {
            self.queue.set(turn, Event::Operation);
        }
    }

    /// Operators act on every client process.
    pub(super) fn on_operation(&mut self) {
        for client in 0..self.processes.len() as u32 {
            self.operate(client);
        }
    }

    fn operate(&mut self, client: u32) {
        let now = self.now;
        if self.misses(client, Missed::Operation) {
            return;
        }
        let scenario = self.scenario;
        for id in (0..).map(ProviderId).take(scenario.providers.len()) {
            self.decide(client, |fleet| {
                fleet.isolate(id, scenario.is_isolated(id, now))
            });
        }
        let pinned = scenario.pinned(now);
        self.decide(client, |fleet| fleet.pin(pinned));
    }

    /// Whether the process is frozen; then it does this when it goes on.
    pub(super) fn misses(&mut self, client: u32, what: Missed) -> bool {
        let process = &mut self.processes[client as usize];
        let is_frozen = process.frozen > 0;
        if is_frozen {
            process.missed.push(what);
        }
        is_frozen
    }

    /// Whether the process of a call that has arrived is frozen: the arrival is recorded, and the
    /// call begins when the process goes on.
    pub(super) fn is_unseen(&mut self, client: u32, question: Key, call: CallId) -> bool {
        if !self.misses(client, Missed::Begins { question, call }) {
            return false;
        }
        self.processes[client as usize].unseen.insert(call);
        let streamed = self.workload.is_streamed(call);
        self.record(EventKind::Arrived { call, streamed });
        true
    }

    /// Whether the arrival of a call that begins is recorded already.
    pub(super) fn has_arrived(&mut self, client: u32, call: CallId) -> bool {
        self.processes[client as usize].unseen.remove(&call)
    }

    /// Calls that no process has seen end as unfinished.
    pub(super) fn forget_unseen(&mut self) {
        for client in 0..self.processes.len() as u32 {
            let unseen = &self.processes[client as usize].unseen;
            for call in Vec::from_iter(unseen.iter().copied()) {
                self.forget_unseen_call(client, call);
            }
        }
    }

    /// The caller drops a call that its process has not seen.
    pub(super) fn forget_unseen_call(&mut self, client: u32, call: CallId) {
        let process = &mut self.processes[client as usize];
        if process.unseen.remove(&call) {
            let is_it =
                |one: &Missed| matches!(one, Missed::Begins { call: id, .. } if *id == call);
            process.missed.retain(|one| !is_it(one));
            let outcome = Outcome::Failed(FailureReason::Unfinished);
            self.record(EventKind::Ended { call, outcome });
            self.load.ended();
        }
    }

    /// Sets the pauses of client processes.
    pub(super) fn begin_pauses(&mut self) {
        let pauses = self.faults.iter().enumerate();
        let pauses = pauses.filter(|(_, one)| one.fault.inject == FaultKind::ClientPause);
        for (number, drawn) in pauses {
            if let Some((start, end)) = drawn.at_or_after(Instant::START) {
                let freeze = Event::Freeze(self.load.pauses.len());
                self.load.pauses.push(Pause {
                    fault: number,
                    window: 0,
                    start,
                    end,
                    struck: Vec::new(),
                });
                self.queue.set(start, freeze);
            }
        }
    }

    /// A fault freezes the processes that it strikes.
    pub(super) fn on_freeze(&mut self, number: usize) {
        let Pause {
            fault,
            window,
            start,
            end,
            ..
        } = self.load.pauses[number];
        let drawn = &self.faults[fault];
        let id = drawn.id;
        let struck = (0..self.processes.len() as u32).filter(|&client| {
            let seen = opened(start, u64::from(client), client);
            drawn.applies(&AttemptInfo {
                nth: window,
                ..seen
            })
        });
        let struck: Vec<u32> = struck.collect();
        for &client in &struck {
            self.record(EventKind::Fired {
                fault: id,
                call: None,
            });
            self.processes[client as usize].frozen += 1;
        }
        self.load.pauses[number].struck = struck;
        if let Some(end) = end {
            self.queue.set(end, Event::Thaw(number));
        }
    }

    /// The processes go on, with what they missed.
    pub(super) fn on_thaw(&mut self, number: usize) {
        let pause = &mut self.load.pauses[number];
        let struck = std::mem::take(&mut pause.struck);
        if let Some(end) = pause.end
            && let Some((start, end)) = self.faults[pause.fault].at_or_after(end)
        {
            pause.window += 1;
            (pause.start, pause.end) = (start, end);
            self.queue.set(start, Event::Freeze(number));
        }
        for client in struck {
            let process = &mut self.processes[client as usize];
            process.frozen -= 1;
            if process.frozen == 0 {
                for missed in std::mem::take(&mut process.missed) {
                    self.catch_up(client, missed);
                }
            }
        }
    }

    fn catch_up(&mut self, client: u32, missed: Missed) {
        match missed {
            Missed::Event(event) => self.happen(event),
            Missed::Begins { question, call } => self.begin_call(question, client, call),
            Missed::Operation => self.operate(client),
        }
    }
}

/// The pauses that a fault causes.
pub(super) struct Pause {
    fault: usize,
    /// The number of its window.
    window: u32,
    start: Instant,
    end: Option<Instant>,
    /// The processes that are frozen.
    struck: Vec<u32>,
}

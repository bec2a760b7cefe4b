//! Generates the calls: arrivals that come when the workload says so, users that ask one question
//! after the other, and users that click again.

use super::Model;
use super::client::Pause;
use super::queue::{Event, Key, Places};
use crate::policy::CallId;
use crate::seeded::Workload;
use crate::time::Instant;

/// The calls to come, and those that are open.
pub(super) struct Load {
    arrivals: std::iter::Enumerate<Box<dyn Iterator<Item = Instant>>>,
    /// The call that arrives next.
    next: Option<CallId>,
    questions: Places<Question>,
    open: u64,
    all_arrived: bool,
    drained: bool,
    pub(super) pauses: Vec<Pause>,
}

/// A question that a user waits for.
#[derive(Clone, Copy, Debug)]
struct Question {
    client: u32,
    /// The latest click.
    id: CallId,
    /// How many came before it.
    clicks: u32,
    call: Option<Key>,
    /// Whether the user asks another one after it.
    goes_on: bool,
}

impl Load {
    pub(super) fn new(workload: &Workload) -> Self {
        Self {
            arrivals: workload.arrivals().enumerate(),
            next: None,
            questions: Places::default(),
            open: 0,
            all_arrived: false,
            drained: false,
            pauses: Vec::new(),
        }
    }

    /// Whether nothing more is to come that counts.
    pub(super) const fn is_over(&self, exchanges: u64) -> bool {
        self.all_arrived && self.open == 0 && (exchanges == 0 || self.drained)
    }

    /// A call has ended.
    pub(super) const fn ended(&mut self) {
        self.open -= 1;
    }
}

impl Model<'_> {
    pub(super) fn begin_load(&mut self) {
        let Some(users) = self.workload.users() else {
            return self.next_arrival();
        };
        for number in 0..users.count {
            self.think(CallId(number));
        }
        self.queue.set(self.workload.end(), Event::AllArrived);
    }

    /// Sets the next arrival, or ends them.
    fn next_arrival(&mut self) {
        match self.load.arrivals.next() {
            Some((number, at)) => {
                self.load.next = Some(CallId(number as u64));
                self.queue.set(at.max(self.now), Event::Arrival);
            }
            None => self.on_all_arrived(),
        }
    }

    pub(super) fn on_arrival(&mut self) {
        let Some(id) = self.load.next.take() else {
            return;
        };
        self.next_arrival();
        self.load.open += 1;
        self.queue.set_last(self.now, Event::Begins(id));
    }

    pub(super) fn on_all_arrived(&mut self) {
        self.load.all_arrived = true;
        let drain = self.scenario.run.drain;
        self.queue.set(self.now + drain, Event::Drained);
    }

    /// The time is up: what is open ends as unfinished.
    pub(super) fn on_drained(&mut self) {
        self.load.drained = true;
        let open: Vec<Key> = self.calls.keys().collect();
        for key in open {
            self.drop_call(key);
        }
        self.forget_unseen();
    }

    /// A user thinks before a question, unless there is no time left.
    fn think(&mut self, id: CallId) {
        let at = self.now + self.workload.think(id);
        if at < self.workload.end() {
            self.queue.set(at, Event::Thought(id));
        }
    }

    pub(super) fn on_thought(&mut self, id: CallId) {
        if self.now < self.workload.end() {
            self.load.open += 1;
            self.ask_question(id, true);
        }
    }

    /// A user asks a question, for the first time.
    pub(super) fn ask_question(&mut self, id: CallId, goes_on: bool) {
        let clients = self.processes.len() as u32;
        let client = self.workload.client(id) % clients.max(1);
        let question = self.load.questions.add(Question {
            client,
            id,
            clicks: 0,
            call: None,
            goes_on,
        });
        self.click(question, client, (id, 0));
    }

    fn click(&mut self, question: Key, client: u32, (id, clicks): (CallId, u32)) {
        if self.load.drained {
            return self.load.ended();
        }
        if let Some(user_retry) = self.workload.user_retry() {
            let at = self.now + user_retry.patience;
            self.queue.set(at, Event::Impatient { question, clicks });
        }
        if !self.is_unseen(client, question, id) {
            self.begin_call(question, client, id);
        }
    }

    /// A click has become a call.
    pub(super) fn ask_for(&mut self, question: Key, call: Key, id: CallId) {
        let asked = self.load.questions.get(question);
        if let Some(asked) = asked.filter(|asked| asked.id == id) {
            asked.call = Some(call);
        }
    }

    /// The user has waited for long since the latest of so many clicks: perhaps clicks again.
    pub(super) fn on_impatient(&mut self, question: Key, clicks: u32) {
        let now = self.now;
        let asked = self.load.questions.get(question);
        let Some(asked) = asked.filter(|asked| asked.clicks == clicks) else {
            return;
        };
        let id = asked.id;
        let again = self.workload.clicked_again(id);
        let Some(again) = again.filter(|_| now < self.workload.end()) else {
            return;
        };
        asked.id = again;
        asked.clicks += 1;
        let (client, call) = (asked.client, asked.call.take());
        let abandons = self.workload.user_retry().is_some_and(|one| one.abandons);
        match call {
            Some(call) if abandons => self.drop_call(call),
            Some(call) => self.detach(call),
            None if abandons => self.forget_unseen_call(client, id),
            None => {}
        }
        self.load.open += 1;
        self.click(question, client, (again, clicks + 1));
    }

    /// The call of a question has ended: the user goes on.
    pub(super) fn on_answered(&mut self, question: Key, call: Key) {
        let Some(&mut Question {
            id,
            call: current,
            goes_on,
            ..
        }) = self.load.questions.get(question)
        else {
            return;
        };
        if current != Some(call) {
            return;
        }
        self.load.questions.forget(question);
        if goes_on && let Some(users) = self.workload.users() {
            let first = self.workload.first_click(id);
            self.think(CallId(first.0 + users.count));
        }
    }
}

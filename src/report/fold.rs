//! Folds one run's events into its [`State`] as they come.
//!
//! What is kept is what may still change: calls that have not ended, and the windows that they hold
//! open. Memory grows with the calls in flight, not with the calls. How a call is counted is
//! `ledger`'s matter, how windows are judged [`super::windows`]'.

use std::collections::BTreeMap;

use super::cost::Tokens;
use super::ledger::OpenCall;
use super::state::{Scope, State};
use super::timeline::Timeline;
use super::windows::{Rules, WindowFold};
use crate::policy::call::{Ending, Outcome};
use crate::policy::{CallId, ProviderId, breaker};
use crate::scenario::Scenario;
use crate::time::Instant;
use crate::trace::{Bill, Event, FaultId, Kind};

/// Folds one run's events into its state; memory does not grow with the number of calls.
///
/// An event about a call that is not known (it never arrived, or has ended) is passed over; only
/// late bills are not, since providers bill work that nobody reads any more.
#[derive(Debug)]
pub struct Fold {
    state: State,
    rules: Rules,
    /// Windows of the whole run.
    run: WindowFold,
    /// Windows of the calls that arrived while a fault was at work, by fault.
    during: Vec<WindowFold>,
    open: BTreeMap<CallId, OpenCall>,
    /// The faults of calls that have ended and may still be billed.
    ended: BTreeMap<CallId, Vec<usize>>,
    /// The last moment that was told.
    now: Instant,
}

impl Fold {
    /// For one run of `scenario`.
    pub fn new(scenario: &Scenario) -> Self {
        let rules = Rules::new(scenario);
        let during = 0..scenario.faults.len();
        Self {
            state: empty_state(scenario, &rules),
            run: WindowFold::new(None, &rules),
            during: during
                .map(|fault| WindowFold::new(Some(fault), &rules))
                .collect(),
            rules,
            open: BTreeMap::new(),
            ended: BTreeMap::new(),
            now: Instant::START,
        }
    }

    /// Takes one event.
    pub fn on_event(&mut self, event: &Event) {
        self.now = self.now.max(event.at);
        match event.kind {
            Kind::Arrived { call, .. } => self.on_arrival(call, event.at),
            Kind::Started {
                call,
                attempt,
                provider,
                nth,
                cause,
                ..
            } => self.with(call, |open| open.on_start(attempt, provider, nth, cause)),
            Kind::FirstToken { call, .. } => self.with(call, |open| open.on_first_token(event.at)),
            Kind::Replied {
                call,
                attempt,
                failure,
                ..
            } => self.with(call, |open| open.on_reply(attempt, failure)),
            // Neither an answer nor a failure: that it was started is all there is to count.
            Kind::Cancelled { .. } => {}
            Kind::Ended { call, outcome } => self.on_end(call, outcome, event.at),
            Kind::Breaker { provider, to, .. } => self.on_breaker(provider, to, event.at),
            Kind::Billed {
                provider,
                call,
                nth,
                bill: Bill { input, output, .. },
            } => self.on_bill(provider, call, nth, Tokens { input, output }),
            Kind::Answered { .. } => {}
            Kind::Fired { fault } => self.on_fired(fault),
        }
    }

    /// Calls and windows that are held in memory right now.
    pub fn held(&self) -> usize {
        let during = self.during.iter().map(WindowFold::held).sum::<usize>();
        self.open.len() + self.ended.len() + self.run.held() + during
    }

    /// The run is over. Calls that have not ended are unfinished.
    pub fn finish(mut self) -> State {
        let open: Vec<CallId> = self.open.keys().copied().collect();
        for call in open {
            self.on_end(call, Outcome::Failed(Ending::Unfinished), self.now);
        }
        self.state.run.uptime = self.run.finish(&self.rules);
        for (scope, windows) in self.state.during.iter_mut().zip(self.during) {
            scope.uptime = windows.finish(&self.rules);
        }
        self.state
    }

    fn with(&mut self, call: CallId, tell: impl FnOnce(&mut OpenCall)) {
        if let Some(open) = self.open.get_mut(&call) {
            tell(open);
        }
    }

    fn on_arrival(&mut self, call: CallId, at: Instant) {
        if self.open.contains_key(&call) {
            return;
        }
        let at_work = |(place, fault): (usize, &crate::scenario::fault::Windows)| {
            fault.covers(at).then_some(place)
        };
        let faults: Vec<usize> = self
            .rules
            .faults
            .iter()
            .enumerate()
            .filter_map(at_work)
            .collect();
        self.run.on_arrival(&self.rules, at);
        for &fault in &faults {
            self.during[fault].on_arrival(&self.rules, at);
        }
        self.open.insert(call, OpenCall::new(at, faults));
    }

    fn on_end(&mut self, id: CallId, outcome: Outcome, at: Instant) {
        let Some(call) = self.open.remove(&id) else {
            return;
        };
        let failed = matches!(outcome, Outcome::Failed(_));
        self.state.timeline.add(call.arrived, failed);
        call.count_in(&mut self.state.run, outcome, at);
        self.run.on_end(&self.rules, call.arrived, failed);
        for &fault in &call.faults {
            call.count_in(&mut self.state.during[fault], outcome, at);
            self.during[fault].on_end(&self.rules, call.arrived, failed);
        }
        if !call.faults.is_empty() && call.may_be_billed_late(outcome) {
            self.ended.insert(id, call.faults);
            if self.ended.len() > ENDED_KEPT {
                self.ended.pop_first();
            }
        }
    }

    fn on_breaker(&mut self, provider: ProviderId, to: breaker::State, at: Instant) {
        let count = |scope: &mut Scope| {
            if let Some(tally) = scope.providers.get_mut(provider.index()) {
                tally.breaker.count(to);
            }
        };
        count(&mut self.state.run);
        for (scope, fault) in self.state.during.iter_mut().zip(&self.rules.faults) {
            if fault.covers(at) {
                count(scope);
            }
        }
    }

    fn on_bill(&mut self, provider: ProviderId, call: Option<CallId>, nth: u32, tokens: Tokens) {
        let mut faults: &[usize] = &[];
        if let Some(open) = call.and_then(|call| self.open.get_mut(&call)) {
            if open.on_bill(provider, nth, tokens) {
                return;
            }
            faults = &open.faults;
        } else if let Some(ended) = call.and_then(|call| self.ended.get(&call)) {
            faults = ended;
        }
        waste(&mut self.state.run, provider, tokens);
        for &fault in faults {
            waste(&mut self.state.during[fault], provider, tokens);
        }
    }

    fn on_fired(&mut self, fault: FaultId) {
        if let Some(fired) = self.state.fired.get_mut(fault.index()) {
            *fired += 1;
        }
    }
}

fn empty_state(scenario: &Scenario, rules: &Rules) -> State {
    let (providers, faults) = (scenario.providers.len(), scenario.faults.len());
    State {
        runs: 1,
        providers: scenario
            .providers
            .iter()
            .map(|provider| provider.name.clone())
            .collect(),
        faults: scenario
            .faults
            .iter()
            .map(|fault| fault.name.clone())
            .collect(),
        window_ns: rules.length(),
        fired: vec![0; faults],
        run: Scope::new(providers),
        during: vec![Scope::new(providers); faults],
        timeline: Timeline::new(scenario.run.duration),
    }
}

/// Billed and not delivered: nobody is there any more to take it.
fn waste(scope: &mut Scope, provider: ProviderId, tokens: Tokens) {
    if let Some(tally) = scope.providers.get_mut(provider.index()) {
        tally.billed += tokens;
        tally.wasted += tokens;
    }
}

/// How many ended calls are kept so that a late bill still counts in their faults' scopes; beyond,
/// it counts in the whole run only. Providers finish abandoned work within minutes.
const ENDED_KEPT: usize = 10_000;
